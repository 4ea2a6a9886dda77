// What a script sees of `send`: the JSON, the exit code and what reached the server, for every kind of end.
// Runs against the source and, with PLANTPOST_EXE, against the executable.

import assert from "node:assert/strict";
import { freePort } from "../peers/free_port.ts";
import { type Script, type ScriptedSmtp, startScriptedSmtp } from "../peers/scripted_smtp.ts";
import { until } from "../peers/wait.ts";
import { Program } from "./program.ts";

interface Bench extends AsyncDisposable {
  readonly program: Program;
  readonly server: ScriptedSmtp;
}

async function start(script: Script = {}, more = ""): Promise<Bench> {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(startScriptedSmtp(script));
  const program = stack.use(await Program.create());
  await program.write("plantpost.toml", profile(server.port, more));
  const owned = stack.move();
  return { program, server, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function profile(port: number, more = ""): string {
  return `[profiles.plant]
provider = "custom"
[profiles.plant.sender]
name = "Plant Öl"
address = "plant@example.com"
[profiles.plant.smtp]
host = "127.0.0.1"
port = ${port}
tls = "none"
auth = "none"
timeout = "5s"
${more}
[groups]
operators = ["anna@example.com", "bo@example.com"]
`;
}

Deno.test("send says sent with the server's reply, and QUIT to the server", async () => {
  await using bench = await start();
  const { exitCode, stdout, stderr } = await bench.program.run([
    ...["send", "--json", "--to", "anna@example.com", "--bcc", "secret@example.com"],
    ...["--subject", "Störung Öl", "--text", "Pumpe 3 – Übertemperatur"],
  ]);
  assert.equal(stderr, "");
  assert.equal(exitCode, 0);
  const result = JSON.parse(stdout);
  assert.deepEqual(Object.keys(result), [
    ...[
      "outcome",
      "messageId",
      "transport",
      "accepted",
      "rejected",
      "reply",
      "bytes",
      "durationMs",
    ],
  ]);
  assert.equal(result.outcome, "sent");
  assert.match(result.messageId, /^<[^@\s]+@example\.com>$/);
  assert.equal(result.reply, "250 2.0.0 kept as 1");
  assert.deepEqual(result.accepted, ["anna@example.com", "secret@example.com"]);
  assert.deepEqual(result.rejected, []);
  await until(() => bench.server.commands.includes("QUIT"), { what: "QUIT" });
  assert.ok(bench.server.commands.includes("RCPT TO:<secret@example.com>"));
  const [message = ""] = bench.server.messages;
  assert.equal(new TextEncoder().encode(message).length, result.bytes);
  assert.ok(!/bcc|secret/i.test(message), "the hidden recipient shows in the message");
});

Deno.test("send expands groups and takes the body from standard input, UTF-16 as well", async () => {
  await using bench = await start();
  const text = "Kessel läuft\r\n";
  const utf16 = new Uint8Array([
    0xff,
    0xfe,
    ...new Uint8Array(Uint16Array.from(text, (c) => c.charCodeAt(0)).buffer),
  ]);
  const { exitCode, stdout } = await bench.program.run(
    ["send", "--to", "operators, carl@example.com", "--subject", "x", "--text-file", "-"],
    { stdin: utf16 },
  );
  assert.equal(exitCode, 0);
  assert.match(stdout, /^sent <.*> to anna@example.com, bo@example.com, carl@example.com\n$/);
  assert.match(bench.server.messages[0] ?? "", /Kessel l=C3=A4uft/);
});

Deno.test("send reports who got it and who did not, and exits 67", async () => {
  await using bench = await start({
    reply: (command) => command.includes("bo@") ? "550 5.1.1 no such user" : undefined,
  });
  const { exitCode, stdout } = await bench.program.run([
    "send",
    "--json",
    "--to",
    "operators",
    "--text",
    "x",
  ]);
  assert.equal(exitCode, 67);
  const result = JSON.parse(stdout);
  assert.equal(result.outcome, "partial");
  assert.deepEqual(result.accepted, ["anna@example.com"]);
  assert.deepEqual(result.rejected, [{
    address: "bo@example.com",
    reply: "550 5.1.1 no such user",
  }]);
});

interface End {
  readonly name: string;
  readonly script: Script;
  readonly exitCode: number;
  readonly outcome: "failed" | "unknown";
  readonly code: string;
  readonly retry: string;
  readonly message: RegExp;
}

const ENDS: readonly End[] = [
  {
    name: "no recipient accepted",
    script: {
      reply: (command) => command.startsWith("RCPT") ? "550 5.1.1 no such user" : undefined,
    },
    exitCode: 67,
    outcome: "failed",
    code: "smtp.recipient_refused",
    retry: "never",
    message: /550 5\.1\.1 no such user/,
  },
  {
    name: "all recipients put off",
    script: { reply: (command) => command.startsWith("RCPT") ? "450 4.2.1 too fast" : undefined },
    exitCode: 75,
    outcome: "failed",
    code: "smtp.temporary",
    retry: "later",
    message: /450 4\.2\.1 too fast/,
  },
  {
    name: "sender refused for good",
    script: {
      reply: (command) =>
        command.startsWith("MAIL") ? "550 5.7.60 may not send as this sender" : undefined,
    },
    exitCode: 69,
    outcome: "failed",
    code: "smtp.refused",
    retry: "never",
    message: /550 5\.7\.60 may not send as this sender/,
  },
  {
    name: "message refused for good",
    script: { afterMessage: "554 5.6.0 not this one" },
    exitCode: 69,
    outcome: "failed",
    code: "smtp.refused",
    retry: "never",
    message: /554 5\.6\.0 not this one/,
  },
  {
    name: "throttled",
    script: { afterMessage: "432 4.3.2 Concurrent connections limit exceeded" },
    exitCode: 75,
    outcome: "failed",
    code: "smtp.temporary",
    retry: "later",
    message: /432 4\.3\.2/,
  },
  {
    name: "acknowledgement lost after the last octet",
    script: { afterMessage: null },
    exitCode: 74,
    outcome: "unknown",
    code: "smtp.outcome_unknown",
    retry: "later",
    message: /./,
  },
  {
    name: "connection lost before the message",
    script: { reply: (command) => command.startsWith("MAIL") ? null : undefined },
    exitCode: 75,
    outcome: "failed",
    code: "net.lost",
    retry: "later",
    message: /./,
  },
  {
    name: "message over the server's size limit",
    script: { offers: ["SIZE 100"] },
    exitCode: 65,
    outcome: "failed",
    code: "message.too_big",
    retry: "never",
    message: /100/,
  },
];

for (const end of ENDS) {
  Deno.test(`send exits ${end.exitCode}: ${end.name}`, async () => {
    await using bench = await start(end.script);
    const { exitCode, stdout } = await bench.program.run([
      "send",
      "--json",
      "--to",
      "anna@example.com",
      "--text",
      "x",
    ]);
    const { outcome, error, messageId, accepted } = JSON.parse(stdout);
    assert.equal(outcome, end.outcome);
    assert.equal(error.code, end.code);
    assert.equal(error.retry, end.retry);
    assert.match(error.message, end.message);
    assert.match(messageId, /^<.*>$/);
    assert.deepEqual(accepted, []);
    assert.equal(exitCode, end.exitCode);
    const expected = end.outcome === "unknown" || end.script.afterMessage !== undefined ? 1 : 0;
    assert.equal(bench.server.messages.length, expected);
  });
}

Deno.test("send exits 75 where nobody listens, and names host and port", async () => {
  await using program = await Program.create();
  const port = freePort();
  await program.write("plantpost.toml", profile(port));
  const { exitCode, stdout, stderr } = await program.run([
    "send",
    "--to",
    "a@example.com",
    "--text",
    "x",
  ]);
  assert.equal(exitCode, 75);
  assert.equal(stdout, "");
  assert.match(stderr, new RegExp(`^error: .*127\\.0\\.0\\.1.*${port}`));
  assert.match(stderr, /\nhint: /);
});

Deno.test("send exits 76 where STARTTLS is not offered, or bytes stand behind its reply", async () => {
  for (
    const script of [
      {},
      {
        offers: ["STARTTLS"],
        reply: (command: string) => command === "STARTTLS" ? "220 go\r\n250 injected" : undefined,
      },
    ]
  ) {
    await using server = startScriptedSmtp(script);
    await using program = await Program.create();
    await program.write(
      "plantpost.toml",
      profile(server.port).replace('tls = "none"', 'tls = "starttls"'),
    );
    const { exitCode, stderr } = await program.run([
      "send",
      "--to",
      "a@example.com",
      "--text",
      "x",
    ]);
    assert.equal(exitCode, 76, stderr);
    assert.match(stderr, /^error: /);
    assert.equal(server.messages.length, 0);
  }
});

const WRONG: readonly (readonly [exitCode: number, message: RegExp, args: readonly string[]])[] = [
  [64, /there is no recipient/, ["--text", "x"]],
  [64, /unknown flag --subjet\nhint: did you mean --subject\?/, ["--to", "a@b.c", "--subjet", "x"]],
  [64, /send takes no argument, found "report"/, ["--to", "a@b.c", "--subject", "Daily", "report"]],
  [64, /not an address/, ["--to", "not an address"]],
  [64, /--text and --text-file exclude each other/, [
    "--to",
    "a@b.c",
    "--text",
    "x",
    "--text-file",
    "-",
  ]],
  [64, /--subject is given twice/, ["--to", "a@b.c", "--subject", "x", "--subject", "y"]],
  [64, /--to wants a value/, ["--to"]],
  [64, /a@b\.c/, ["--to", "a@b.c", "--from", "a@b.c, d@e.f"]],
  [65, /[Ss]ubject/, ["--to", "a@b.c", "--subject", "x\r\nBcc: thief@example.com"]],
  [64, /./, ["--to", "a@b.c\r\nBcc: thief@example.com"]],
  [66, /missing\.xlsx/, ["--to", "a@b.c", "--attach", "missing.xlsx"]],
  [66, /missing\.txt/, ["--to", "a@b.c", "--text-file", "missing.txt"]],
];

Deno.test("send refuses wrong use and missing files before it connects", async () => {
  await using bench = await start();
  for (const [wanted, message, args] of WRONG) {
    const { exitCode, stdout, stderr } = await bench.program.run(["send", ...args]);
    assert.equal(exitCode, wanted, `${args.join(" ")}: ${stderr}`);
    assert.match(stderr, message);
    assert.equal(stdout, "");
  }
  assert.deepEqual(bench.server.commands, []);
});

Deno.test("send --dry-run prints the message and sends nothing", async () => {
  await using bench = await start();
  await bench.program.write("list 3.csv", "a;b\r\n");
  const args = [
    "send",
    "--dry-run",
    "--to",
    "Anna Öl <anna@example.com>",
    "--bcc",
    "secret@example.com",
  ];
  const { exitCode, stdout, stderr } = await bench.program.run([
    ...args,
    ...[
      "--subject",
      "x",
      "--text",
      "y",
      "--attach",
      "list 3.csv;name=Übersicht №3.csv;type=text/csv",
    ],
  ]);
  assert.equal(exitCode, 0);
  assert.match(stdout, /^Date: .*\r\nFrom: =\?UTF-8\?.* <plant@example\.com>\r\nTo: /);
  assert.match(stdout, /Content-Type: text\/csv;/);
  assert.match(stdout, /filename\*=UTF-8''%C3%9Cbersicht%20%E2%84%963\.csv/);
  assert.ok(!stdout.includes("secret@"));
  assert.match(stderr, /recipients: anna@example\.com, secret@example\.com/);
  const asJson = await bench.program.run([...args, "--text", "y", "--json"]);
  const result = JSON.parse(asJson.stdout);
  assert.equal(result.dryRun, true);
  assert.equal(new TextEncoder().encode(result.message).length, result.bytes);
  assert.deepEqual(bench.server.commands, []);
});

Deno.test("send --json that fails before anything was sent says so in the shape of a result", async () => {
  await using bench = await start();
  for (
    const args of [["--to", "nobody"], ["--to", "a@b.c", "--attach", "none.pdf"], ["--subjet", "x"]]
  ) {
    const { exitCode, stdout } = await bench.program.run(["send", "--json", ...args]);
    const result = JSON.parse(stdout);
    assert.notEqual(exitCode, 0);
    assert.equal(result.outcome, "failed");
    assert.deepEqual(result.accepted, []);
    assert.equal(typeof result.error.message, "string");
  }
  assert.deepEqual(bench.server.commands, []);
});
