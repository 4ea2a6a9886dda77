// What the flags of a message make of it, from the command line to the finished message.

import assert from "node:assert/strict";
import { Failure } from "../../src/base/failure.ts";
import { type MailOptions, outgoingFromOptions } from "../../src/cli/draft.ts";
import { composeMessage } from "../../src/message/compose.ts";
import { parseSettings, selectProfile } from "../../src/profile/parse.ts";
import { DRAFT, octetsOf } from "../message/readers.ts";
import { startScriptedSmtp } from "../peers/scripted_smtp.ts";
import { type Desk, openDesk, type Printed } from "./desk.ts";

const PROFILE = `[profiles.plant]
provider = "custom"
[profiles.plant.sender]
name = "Plant"
address = "plant@müller.de"
[profiles.plant.smtp]
host = "127.0.0.1"
port = 2525
tls = "none"
auth = "none"
[groups]
operators = ["anna@contoso.com", "bo@contoso.com"]
`;

const TO = ["--to", "a@contoso.com"];

Deno.test("send shows inline files in the HTML, and warns of those that only one side knows", async () => {
  await using desk = await openDesk({ profile: PROFILE });
  const logo = await file(desk, "logo.png", "png");
  const html = await file(
    desk,
    "a.html",
    '<img src="cid:logo"><p style="background:url(cid:lost@plant)">acid:rain</p>',
  );
  const { exitCode, stdout, stderr } = await dryRun(desk, [
    ...[...TO, "--text", "x", "--html-file", html],
    ...["--inline", `logo=${logo}`, "--inline", `spare.1=${logo};name=other.png;type=image/x-own`],
  ]);
  assert.equal(exitCode, 0, stderr);
  assert.match(
    stdout,
    /image\/png; name="logo\.png"\r\n.*inline; filename="logo\.png"\r\nContent-ID: <logo>\r\n/,
  );
  assert.match(
    stdout,
    /image\/x-own; name="other\.png"\r\n.*inline; filename="other\.png"\r\nContent-ID: <spare\.1>\r\n/,
  );
  assert.deepEqual(stderr.match(/^(?:warning|hint): .*$/gm), [
    "warning: the HTML shows cid:lost@plant, and no file has that content id: readers see a gap",
    "hint: add --inline lost@plant=FILE",
    `warning: the HTML does not show cid:spare.1: readers may not see ${logo}`,
    'hint: name it in the HTML, as in <img src="cid:spare.1">, or use --attach',
  ]);
});

Deno.test("send finds a content id however HTML and URLs write it, and warns without any inline file", async () => {
  await using desk = await openDesk({ profile: PROFILE });
  const logo = await file(desk, "logo.png", "png");
  for (
    const shown of [
      "<img src='cid:a@b'>",
      "<img src=cid:a@b>",
      '<IMG SRC = "CID:a%40b">',
      '<img src="cid:a&#64;b">',
      '<p style="background: url(&quot;cid:a@b&quot;)">',
      "<style>p { background: url( 'cid:a@b' ) }</style>",
    ]
  ) {
    const html = await file(desk, "a.html", shown);
    const { stderr } = await dryRun(desk, [...TO, "--html-file", html, "--inline", `a@b=${logo}`]);
    assert.doesNotMatch(stderr, /warning/, shown);
  }
  const html = await file(desk, "a.html", '<img src="cid:gone"> placid:water');
  const { stderr } = await dryRun(desk, [...TO, "--html-file", html]);
  assert.deepEqual(stderr.match(/cid:\w+/g), ["cid:gone"]);
});

const WRONG: readonly (readonly [args: readonly string[], exitCode: number, words: RegExp])[] = [
  [["--text", "x", "--inline", "logo=l.png"], 64, /--inline wants HTML that shows the file/],
  [["--html-file", "h", "--inline", "l.png"], 64, /wants CID=FILE\[;name=N\]\[;type=T\], found "l/],
  [["--html-file", "h", "--inline", "=l.png"], 64, /wants CID=FILE/],
  [["--html-file", "h", "--inline", "a="], 64, /wants CID=FILE/],
  [["--html-file", "h", "--inline", "a b=l.png"], 64, /"a b" is no content id/],
  [["--html-file", "h", "--inline", "<a>=l.png"], 64, /"<a>" is no content id/],
  [["--html-file", "h", "--inline", "a=l", "--inline", "a=m"], 64, /--inline names "a" twice/],
  [["--importance", "urgent"], 64, /wants high, normal or low, found "urgent"/],
  [["--header", "Subject: x"], 64, /header Subject has a flag of its own/],
  [["--header", "X-A: b\r\nBcc: spy@x.com"], 65, /header X-A: holds a line break/],
  [
    ["--to", "operatrs"],
    64,
    /"operatrs" is neither an address nor a group\s+hint: did you mean operators/,
  ],
  [["--from", "a@b, c@d"], 64, /--from wants one address/],
  [["--subject", "x\nBcc: spy@x.com"], 65, /Subject: holds a line break/],
  [["--to", "b@c\nBcc: spy@x.com"], 64, /holds a line break/],
  [["--reply-to", '"a\r" <b@c>'], 64, /holds a line break/],
  [["--from", "b@c\r\nX: y"], 64, /holds a line break/],
];

for (const [args, exitCode, words] of WRONG) {
  Deno.test(`send refuses ${JSON.stringify(args.join(" "))}`, async () => {
    await using desk = await openDesk({ profile: PROFILE });
    const printed = await dryRun(desk, [...TO, ...args]);
    assert.equal(printed.exitCode, exitCode, printed.stderr);
    assert.match(printed.stderr, words);
    assert.equal(printed.stdout, "");
  });
}

Deno.test("send refuses line breaks in the name and the type of a file", async () => {
  await using desk = await openDesk({ profile: PROFILE });
  const path = await file(desk, "f", "x");
  for (const end of [";name=a\r\nX: y", ";type=text/plain\r\nX: y", ";name=a\n", ";type=a/b\n"]) {
    const { exitCode, stdout } = await dryRun(desk, [...TO, "--attach", `${path}${end}`]);
    assert.ok(exitCode === 64 || exitCode === 65, `${exitCode}`);
    assert.equal(stdout, "");
  }
});

Deno.test("send writes importance, own fields and the request for a receipt", async () => {
  await using desk = await openDesk({ profile: PROFILE });
  const { stdout } = await dryRun(desk, [
    ...[...TO, "--text", "x", "--importance", "High", "--request-receipt"],
    ...["--header", "X-Plant: Öl 7", "--header", "X-Line: 2"],
  ]);
  assert.match(
    stdout,
    /\r\nImportance: high\r\nX-Priority: 1 \(Highest\)\r\n/,
  );
  assert.match(stdout, /\r\nDisposition-Notification-To: Plant <plant@xn--mller-kva\.de>\r\n/);
  assert.match(stdout, /\r\nX-Plant: =\?UTF-8\?B\?w5ZsIDc=\?=\r\nX-Line: 2\r\n/);
});

Deno.test("send takes groups beside addresses whose names hold commas", async () => {
  await using desk = await openDesk({ profile: PROFILE });
  const { stdout, stderr } = await dryRun(desk, [
    ...["--to", '"Doe, Jo" <jo@contoso.com>, operators (all, of them)', "--to", "a@contoso.com"],
    ...["--cc", "<x@contoso.com>,operators", "--text", "x"],
  ]);
  assert.match(
    stdout.replaceAll("\r\n ", " "),
    /^To: "Doe, Jo" <jo@contoso\.com>, anna@contoso\.com, bo@contoso\.com, a@contoso\.com\r$/m,
  );
  assert.match(
    stderr,
    /^recipients: jo@contoso\.com, anna@contoso\.com, bo@contoso\.com, a@contoso\.com, x@contoso\.com$/m,
  );
});

Deno.test("send writes domains as A-labels everywhere, so that none of them needs SMTPUTF8", async () => {
  await using desk = await openDesk({ profile: PROFILE });
  const args = ["--to", "Bö <bo@bücher.de>", "--reply-to", "x@bücher.de", "--request-receipt"];
  for (const from of [[], ["--from", "Other <other@müller.de>"]]) {
    const { stdout, stderr } = await dryRun(desk, [...args, ...from]);
    assert.match(stdout + stderr, /^[\t\r\n -~]+$/);
    assert.match(stderr, /^reverse-path: (?:plant|other)@xn--mller-kva\.de$/m);
    assert.match(stdout, /^Message-ID: <[0-9a-f]{32}@xn--mller-kva\.de>\r$/m);
    assert.match(stdout, /^From: (?:Plant|Other) <(?:plant|other)@xn--mller-kva\.de>\r$/m);
    assert.match(stdout, /^To: \S+ <bo@xn--bcher-kva\.de>\r$/m);
  }
});

Deno.test("send and test need SMTPUTF8 for what stands before the @ alone, and say so", async () => {
  await using server = startScriptedSmtp();
  const profile = PROFILE.replace("2525", String(server.port));
  await using desk = await openDesk({ profile });
  for (const command of [["test"], ["send", "--text", "Größe"]]) {
    const { exitCode, stderr } = await desk.run([...command, "--to", "Bö <bo@bücher.de>"]);
    assert.equal(exitCode, 0, stderr);
  }
  assert.deepEqual(server.commands.filter((line) => /^(?:MAIL|RCPT)/.test(line)), [
    ...["MAIL FROM:<plant@xn--mller-kva.de>", "RCPT TO:<bo@xn--bcher-kva.de>"],
    ...["MAIL FROM:<plant@xn--mller-kva.de>", "RCPT TO:<bo@xn--bcher-kva.de>"],
  ]);
  const { exitCode, stderr } = await desk.run(["send", "--to", "bö@bücher.de", "--text", "x"]);
  assert.equal(exitCode, 65);
  assert.match(
    stderr,
    /^error: address "bö@xn--bcher-kva\.de" has letters outside ASCII before the @, and 127\.0\.0\.1:\d+ does not offer SMTPUTF8$/m,
  );
  assert.match(stderr, /^hint: use another address of that mailbox, in ASCII; /m);
});

Deno.test("send takes HTML from standard input, 20 MB of it as well", async () => {
  await using desk = await openDesk({ profile: PROFILE });
  const stdin = "<p>Pump 3 läuft</p>\n".repeat(1_000_000);
  const { exitCode, stdout } = await dryRun(desk, [...TO, "--html-file", "-", "--json"], { stdin });
  assert.equal(exitCode, 0);
  const { bytes, message } = JSON.parse(stdout);
  assert.ok(bytes > 20_000_000 && message.length === bytes, bytes);
  assert.equal(message.split("l=C3=A4uft").length, 1_000_001);
});

Deno.test("send takes files of no octets, no text at all, and 10,000 recipients", async () => {
  await using desk = await openDesk({ profile: PROFILE });
  const empty = await file(desk, "empty.csv", "");
  const only = await dryRun(desk, [...TO, "--attach", empty]);
  assert.match(
    only.stdout,
    /filename="empty\.csv"\r\nContent-Transfer-Encoding: base64\r\n\r\n\r\n--=_/,
  );
  const nothing = await dryRun(desk, [...TO, "--text", ""]);
  assert.match(nothing.stdout, /Content-Transfer-Encoding: 7bit\r\n\r\n$/);
  const everybody = Array.from(
    { length: 10_000 },
    (_, index) => `"Doe, J" <j${index}@contoso.com>`,
  );
  const { exitCode, stdout } = await dryRun(desk, ["--to", everybody.join(","), "--json"]);
  assert.equal(exitCode, 0);
  const { recipients, message } = JSON.parse(stdout);
  assert.equal(recipients.length, 10_000);
  for (const line of message.split("\r\n")) assert.ok(line.length <= 78, line);
});

Deno.test("outgoingFromOptions() makes of a record what the flags make", async () => {
  await using desk = await openDesk({ profile: PROFILE });
  const path = await file(desk, "f.csv", "1;2");
  const options: MailOptions = {
    to: ["operators", "a@contoso.com"],
    subject: "Störung",
    text: "Pumpe 3",
    attach: [path],
    header: ["X-Plant: 7"],
    importance: "low",
    "request-receipt": true,
  };
  const settings = parseSettings(PROFILE, { file: "p.toml", platform: "linux" });
  const profile = selectProfile(settings, undefined);
  const context = {
    note: (line: string) => assert.fail(line),
    warn: (warning: { readonly message: string }) => assert.fail(warning.message),
    world: { platform: "linux" } as never, // no more of it is asked for here
  };
  const { parts, envelope } = await outgoingFromOptions(options, { context, profile, settings });
  assert.deepEqual(envelope.recipients, ["anna@contoso.com", "bo@contoso.com", "a@contoso.com"]);
  const { dateMs, utcOffsetMinutes, messageId, boundarySeed } = DRAFT;
  const fixed = { dateMs, utcOffsetMinutes, messageId, boundarySeed };
  const byRecord = new TextDecoder().decode(
    await octetsOf(composeMessage({ ...parts, ...fixed })),
  );
  const { stdout } = await dryRun(desk, [
    ...["--to", "operators", "--to", "a@contoso.com", "--subject", "Störung", "--text", "Pumpe 3"],
    ...["--attach", path, "--header", "X-Plant: 7", "--importance", "low", "--request-receipt"],
  ]);
  assert.equal(comparable(byRecord), comparable(stdout));
  await assert.rejects(
    outgoingFromOptions({ text: "x" }, { context, profile, settings }),
    (failure) => failure instanceof Failure && /there is no recipient/.test(failure.message),
  );
});

/** Without what is new in each message. */
function comparable(message: string): string {
  return message.replace(/^(?:Date|Message-ID): .*$/gm, "").replace(/(=_[a-z]+_)[0-9a-f]+/g, "$1");
}

async function dryRun(
  desk: Desk,
  args: readonly string[],
  options: Parameters<Desk["run"]>[1] = {},
): Promise<Printed> {
  return await desk.run(["send", "--dry-run", ...args], options);
}

async function file(desk: Desk, name: string, content: string): Promise<string> {
  const path = `${desk.folder}/${name}`;
  await Deno.writeTextFile(path, content);
  return path;
}
