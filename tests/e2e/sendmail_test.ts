// `sendmail` as the many programs call it that know sendmail(8) only: cron, PHP, git, mail(1), mutt; and, with
// PLANTPOST_EXE, the executable under that name.

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { simpleParser } from "mailparser";
import { type Bench, startBench } from "./kept_octets.ts";
import { commandLine } from "./program.ts";

const CRON = `From: root (Cron Daemon)
To: root
Subject: Cron <root@panel> run-parts /etc/cron.hourly
MIME-Version: 1.0
Content-Type: text/plain; charset=UTF-8
Content-Transfer-Encoding: 8bit
X-Cron-Env: <SHELL=/bin/sh>

Störung
.
`;

const ROOT = 'root = ["it@example.com", "shift@example.com"]\n';

interface Case {
  readonly name: string;
  readonly args: readonly string[];
  readonly stdin: string;
  readonly reversePath?: string;
  readonly recipients: readonly string[];
  readonly from: string;
  readonly message: RegExp;
}

const CASES: readonly Case[] = [
  {
    name: "Debian's cron: no sender, a local recipient, a line with a dot",
    args: ["-i", "-FCronDaemon", "-B8BITMIME", "-oem", "root"],
    stdin: CRON,
    recipients: ["it@example.com", "shift@example.com"],
    from: '"Cron Daemon" <plant@example.com>',
    message:
      /^From: Cron Daemon <plant@example\.com>\r\nTo: it@example\.com, shift@example\.com\r\nSubject: Cron <root@panel> [^]*\r\n\r\nStörung\r\n\.\r\n$/,
  },
  {
    name: "cronie: recipients of the header, a local sender",
    args: ["-FCronDaemon", "-i", "-odi", "-oem", "-oi", "-t", "-f", "root"],
    stdin: CRON,
    recipients: ["it@example.com", "shift@example.com"],
    from: '"Cron Daemon" <plant@example.com>',
    message: /\r\nDate: .*\r\nMessage-ID: <[0-9a-f]+@example\.com>\r\n\r\n/,
  },
  {
    name: "PHP: a From of its own and Bcc",
    args: ["-t", "-i", "-fbounces@example.com"],
    stdin:
      "To: a@example.com\r\nSubject: x\r\nFrom: web@example.com\r\nBcc: b@example.com\r\n\r\nHi\r\n",
    reversePath: "bounces@example.com",
    recipients: ["a@example.com", "b@example.com"],
    from: "web@example.com",
    message:
      /^To: a@example\.com\r\nSubject: x\r\nFrom: web@example\.com\r\nDate: [^]*\r\n\r\nHi\r\n$/,
  },
  {
    name: "echo: no header at all, and nobody shown",
    args: ["a@example.com,", "b@example.com"],
    stdin: "pump 3 stopped\n",
    recipients: ["a@example.com", "b@example.com"],
    from: '"Plant" <plant@example.com>',
    message:
      /^From: Plant <plant@example\.com>\r\nTo: undisclosed-recipients:;\r\nDate: [^]*\r\n\r\npump 3 stopped\r\n$/,
  },
  {
    name: "a line with a dot ends the message, a long one is broken, the sender has a name",
    args: ["-F", "Line 4", "-f", "<>", "a@example.com"],
    stdin: `Subject: x\n\n${"y".repeat(2000)}\n.\nnot this\n`,
    reversePath: "",
    recipients: ["a@example.com"],
    from: '"Line 4" <plant@example.com>',
    message: /\r\n\r\ny{995}\r\n y+\r\n y+\r\n$/,
  },
  {
    name: "fields of Resent, and a byte order mark",
    args: ["-t"],
    stdin: "\ufeffResent-To: a@example.com\nFrom: me@example.com\nTo: b@example.com\n\nx",
    recipients: ["a@example.com"],
    from: "me@example.com",
    message: /^Resent-To: a@example\.com\r\nFrom: me@example\.com\r\nTo: b@example\.com\r\n/,
  },
];

Deno.test("sendmail sends what its callers give it, and is silent", async (test) => {
  await using bench = await startBench(ROOT);
  for (const one of CASES) {
    await test.step(one.name, async () => {
      const { exitCode, stdout, stderr } = await bench.program.run(
        ["sendmail", "--profile", "plant", ...one.args],
        { stdin: one.stdin },
      );
      assert.deepEqual([exitCode, stdout], [0, ""], stderr);
      const mail = bench.received.at(-1);
      assert.ok(mail !== undefined);
      assert.deepEqual(mail.recipients, one.recipients);
      assert.equal(mail.reversePath, one.reversePath ?? "plant@example.com");
      assert.match(new TextDecoder().decode(mail.raw), one.message);
      const read = await simpleParser(Buffer.from(mail.raw));
      assert.equal(read.from?.text, one.from);
    });
  }
});

Deno.test("sendmail tells wrong use with exit code 64, a bad message with 65, and sends nothing", async () => {
  await using bench = await startBench();
  const wrong: readonly (readonly [exitCode: number, message: RegExp, args: readonly string[]])[] =
    [
      [64, /sendmail: there is no recipient\nhint: .*-t/, []],
      [64, /unknown option -z/, ["-z", "a@b.c"]],
      [64, /-bs is not for this sendmail/, ["-bs"]],
      [64, /unknown flag --jsom\nhint: did you mean --json/, ["--jsom", "a@b.c"]],
      [64, /"root" has no @.*\nhint: .*\n +root = \["anna@example\.com"\]/, ["root"]],
      [65, /line 2: To: address "root" has no @/, ["-t"]],
      [65, /has 2 From fields, on lines 1, 3/, ["a@b.c"]],
    ];
  for (const [wanted, message, args] of wrong) {
    const stdin = `From: a@b.c\nTo: root\n${
      wanted === 65 && args[0] !== "-t" ? "From: d@e.f\n" : ""
    }\nx`;
    const { exitCode, stderr } = await bench.program.run(["sendmail", ...args], { stdin });
    assert.match(stderr, message);
    assert.equal(exitCode, wanted, stderr);
  }
  assert.deepEqual(bench.received, []);
});

Deno.test("sendmail encodes a header in UTF-8 or Windows-1252, so that every server takes it", async () => {
  await using bench = await startBench(ROOT);
  const header = "From: Linie Öl <line4@example.com>\nTo: Jürgen <a@example.com>, root\n" +
    "Subject: Störung am\n Kessel\nX-Ort: Süd\nReceived: from äöü\n\n";
  const latin1 = Uint8Array.from(
    `${header.replace(/^Received.*\n/m, "")}x`,
    (character) => character.charCodeAt(0),
  );
  for (const stdin of [`${header.replace("äöü", "here")}x`, latin1]) {
    const { exitCode, stderr } = await bench.program.run(["sendmail", "-t"], { stdin });
    assert.deepEqual([exitCode, stderr], [0, ""]);
    const mail = bench.received.at(-1);
    const text = new TextDecoder().decode(mail?.raw);
    assert.match(text, /^[\r\n -~]*$/);
    assert.deepEqual(mail?.recipients, ["a@example.com", "it@example.com", "shift@example.com"]);
    const read = await simpleParser(Buffer.from(mail?.raw ?? ""));
    assert.equal(read.subject, "Störung am Kessel");
    assert.deepEqual(read.from?.value, [{ name: "Linie Öl", address: "line4@example.com" }]);
    assert.equal([read.to ?? []].flat()[0]?.value[0]?.name, "Jürgen");
    assert.match(text, /^X-Ort: =\?UTF-8\?/m);
  }
});

Deno.test("sendmail folds header lines that are too long, and refuses what cannot be folded", async () => {
  await using bench = await startBench();
  const many = Array.from({ length: 60 }, (_, at) => `reader-${at}@example.com`);
  const stdin = `To: ${many.join(",")}\nSubject: ${"word ".repeat(250)}\n` +
    `References: ${"<0123456789@example.com> ".repeat(50)}\n\nx`;
  const { exitCode, stderr } = await bench.program.run(["sendmail", "-t"], { stdin });
  assert.deepEqual([exitCode, stderr], [0, ""]);
  const [mail] = bench.received;
  assert.deepEqual(mail?.recipients, many);
  const lines = new TextDecoder().decode(mail?.raw).split("\r\n");
  assert.ok(lines.every((line) => line.length <= 78), lines.join("\n"));
  const read = await simpleParser(Buffer.from(mail?.raw ?? ""));
  assert.equal(read.subject, "word ".repeat(250).trim());
  assert.equal(read.references?.length, 50);
  const long = await bench.program.run(["sendmail", "a@example.com"], {
    stdin: `To: a@example.com\nReferences: <${"x".repeat(1000)}@b.c>\n\nx`,
  });
  assert.match(long.stderr, /line 2: References has more than 998 octets on a line\nhint: /);
  assert.equal(long.exitCode, 65);
});

Deno.test("sendmail prints its result with --json and -v, and the message with --dry-run", async () => {
  await using bench = await startBench();
  const stdin = "Subject: x\n\ny\n";
  const json = await bench.program.run(["--json", "sendmail", "a@example.com"], { stdin });
  assert.deepEqual(JSON.parse(json.stdout).accepted, ["a@example.com"]);
  const verbose = await bench.program.run(["sendmail", "-v", "a@example.com"], { stdin });
  assert.match(verbose.stdout, /^sent <.*> to a@example\.com\n$/);
  assert.equal(bench.received.length, 2);
  const dry = await bench.program.run(["sendmail", "--dry-run", "a@example.com"], { stdin });
  assert.match(dry.stdout, /^Subject: x\r\nFrom: Plant <plant@example\.com>\r\n/);
  const failed = await bench.program.run(["sendmail", "--json", "-z"], { stdin });
  assert.equal(JSON.parse(failed.stdout).outcome, "failed");
  assert.equal(bench.received.length, 2);
});

const PYTHON = `
import email.message, email.policy, smtplib, subprocess, sys
mail = email.message.EmailMessage(policy=email.policy.SMTPUTF8 if sys.argv[1] == "utf8" else email.policy.default)
mail["From"] = "Linie 4 – Öl <line4@example.com>"
mail["To"] = "Anna Öl <anna@example.com>"
mail["Bcc"] = "secret@example.com"
mail["Subject"] = "Störung №3"
mail.set_content("Kessel läuft.\\n.\\nEnde\\n", cte="8bit")
mail.add_attachment(bytes(range(256)) * 300, maintype="application", subtype="octet-stream", filename="log.bin")
subprocess.run(sys.argv[2:] + ["sendmail", "-t", "-oi"], input=bytes(mail), check=True)
`;

const python = isInstalled(Deno.build.os === "windows" ? "python" : "python3", ["--version"]);

Deno.test({
  name: `sendmail sends what Python's email writes${python ? "" : " (skipped: no Python)"}`,
  ignore: !python,
  fn: async () => {
    await using bench = await startBench();
    const [executable, first] = commandLine();
    for (const policy of ["ascii", "utf8"]) {
      await succeed(Deno.build.os === "windows" ? "python" : "python3", bench, {
        args: ["-c", PYTHON, policy, executable, ...first],
      });
      const mail = bench.received.at(-1);
      assert.deepEqual(mail?.recipients, ["anna@example.com", "secret@example.com"]);
      const octets = mail?.raw ?? new Uint8Array();
      const read = await simpleParser(Buffer.from(octets));
      assert.equal(read.subject, "Störung №3");
      assert.equal(read.text, "Kessel läuft.\n.\nEnde\n");
      assert.equal(read.attachments[0]?.size, 76_800);
      assert.equal(read.headers.has("bcc"), false);
    }
  },
});

interface Caller {
  readonly program: string;
  readonly args: (sendmail: string) => readonly string[];
}

const CALLERS: readonly Caller[] = [
  {
    program: "s-nail",
    args: (sendmail) => [
      ...[
        "-:/",
        "-S",
        "nosave",
        "-S",
        `mta=${sendmail}`,
        "-S",
        "from=line4@example.com",
        "-s",
        "Störung",
      ],
      ...["-b", "secret@example.com", "anna@example.com"],
    ],
  },
  {
    program: "mutt",
    args: (sendmail) => [
      ...[
        "-n",
        "-F",
        "/dev/null",
        "-e",
        `set sendmail="${sendmail} -oem -oi"`,
        "-e",
        "set copy=no",
      ],
      ...["-e", "set from=line4@example.com", "-e", "set use_envelope_from=yes"],
      ...["-s", "Störung", "-b", "secret@example.com", "--", "anna@example.com"],
    ],
  },
];

for (const { program, args } of CALLERS) {
  const isThere = Deno.build.os !== "windows" && isInstalled(program, ["-v"], ["--version"]);
  Deno.test({
    name: `sendmail sends what ${program} hands to it${isThere ? "" : ` (skipped: no ${program})`}`,
    ignore: !isThere,
    fn: async () => {
      await using bench = await startBench();
      await succeed(program, bench, {
        args: args(await linkNamedSendmail(bench)),
        stdin: "Pumpe 3 läuft nicht\n.\nEnde\n",
      });
      const [mail] = bench.received;
      assert.deepEqual(
        [...mail?.recipients ?? []].sort(),
        ["anna@example.com", "secret@example.com"],
      );
      const read = await simpleParser(Buffer.from(mail?.raw ?? ""));
      assert.equal(read.subject, "Störung");
      assert.equal(read.text?.trimEnd(), "Pumpe 3 läuft nicht\n.\nEnde");
      assert.equal(read.from?.value[0]?.address, "line4@example.com");
      assert.equal(read.headers.has("bcc"), false);
    },
  });
}

const executable = Deno.env.get("PLANTPOST_EXE") ?? "";
if (executable !== "") {
  Deno.test("the executable under the name of sendmail is sendmail, by a link, a hard link and as a copy", async () => {
    await using bench = await startBench();
    const { program } = bench;
    const ending = Deno.build.os === "windows" ? ".exe" : "";
    const ways: Readonly<Record<string, (path: string) => Promise<void>>> = {
      copy: (path) => Deno.copyFile(executable, path),
      hard: (path) => Deno.link(program.path(`copy/sendmail${ending}`), path),
      ...(Deno.build.os === "windows" ? {} : { soft: (path) => Deno.symlink(executable, path) }),
    };
    for (const [name, make] of Object.entries(ways)) {
      await Deno.mkdir(program.path(name));
      const path = program.path(`${name}/sendmail${ending}`);
      await make(path);
      await succeed(path, bench, { args: ["-i", "a@example.com"], stdin: "x\n.\ny\n" });
      assert.match(
        new TextDecoder().decode(bench.received.at(-1)?.raw),
        /\r\nx\r\n\.\r\ny\r\n$/,
      );
    }
    assert.equal(bench.received.length, Object.keys(ways).length);
  });
}

/** A program of that name, as its callers have it in their settings. */
async function linkNamedSendmail(bench: Bench): Promise<string> {
  // Some callers split the path at blanks.
  const folder = await Deno.makeTempDir({ prefix: "plantpost-sendmail-" });
  bench.defer(() => Deno.remove(folder, { recursive: true }));
  const path = join(folder, "sendmail");
  if (executable !== "") await Deno.symlink(executable, path);
  else {
    const [deno, first] = commandLine();
    const words = [deno, ...first, "sendmail"].map((word) => `'${word}'`).join(" ");
    await Deno.writeTextFile(path, `#!/bin/sh\nexec ${words} "$@"\n`, { mode: 0o755 });
  }
  return path;
}

async function succeed(
  program: string,
  bench: Bench,
  options: { readonly args: readonly string[]; readonly stdin?: string },
): Promise<void> {
  const child = new Deno.Command(program, {
    args: [...options.args],
    cwd: bench.program.folder,
    env: {
      PLANTPOST_CONFIG: bench.program.path("plantpost.toml"),
      LC_ALL: "C.UTF-8",
    },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  const fed = writer.write(new TextEncoder().encode(options.stdin ?? ""))
    .then(() => writer.close()).catch(() => {});
  const { code, stdout, stderr } = await child.output();
  await fed;
  const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  assert.deepEqual([code, said], [0, ""], said);
}

function isInstalled(program: string, ...ways: readonly (readonly string[])[]): boolean {
  return ways.some((args) => {
    try {
      return new Deno.Command(program, {
        args: [...args],
        stdin: "null",
        stdout: "null",
        stderr: "null",
      }).outputSync().success;
    } catch {
      return false;
    }
  });
}
