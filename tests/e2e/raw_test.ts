// `send --raw` and `send --sms` as a script sees them: what reaches the server, the JSON and the exit code.

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { simpleParser } from "mailparser";
import { startBench } from "./kept_octets.ts";
import { commandLine } from "./program.ts";

const MESSAGE =
  "From: Line 4 <line4@example.com>\nTo: anna@example.com\nBCC: secret@example.com\n" +
  "Message-ID: <own@line4>\nSubject: Report\n\nPump 3\n.\nstopped\r.. twice\n";

Deno.test("send --raw sends the file as it is, to those whom the flags name", async () => {
  await using bench = await startBench();
  const { program, received } = bench;
  await program.write("mail.eml", MESSAGE);
  const { exitCode, stdout, stderr } = await program.run([
    ...["send", "--raw", "mail.eml", "--to", "operators", "--bcc", "carl@example.com", "--json"],
  ]);
  assert.equal(exitCode, 0, stderr);
  const result = JSON.parse(stdout);
  assert.equal(result.messageId, "<own@line4>");
  assert.equal(result.outcome, "sent");
  const [mail] = received;
  assert.ok(mail !== undefined);
  assert.equal(mail.reversePath, "plant@example.com");
  assert.deepEqual(mail.recipients, ["anna@example.com", "bo@example.com", "carl@example.com"]);
  assert.match(
    new TextDecoder().decode(mail.raw),
    /^From: Line 4 <line4@example\.com>\r\nTo: anna@example\.com\r\nMessage-ID: <own@line4>\r\nSubject: Report\r\nDate: [^\r]*\r\n\r\nPump 3\r\n\.\r\nstopped\r\n\.\. twice\r\n$/,
  );
  assert.equal(result.bytes, mail.raw.length);
});

Deno.test("send --raw takes standard input and the recipients of the header, groups and Resent as well", async () => {
  await using bench = await startBench();
  const args = ["send", "--raw", "-", "--recipients-from-header", "--from", "bounces@example.com"];
  const resent =
    "Resent-To: x@example.com\nResent-Bcc: y@example.com\nResent-To: old@example.com\n";
  const cases: readonly (readonly [input: string, recipients: readonly string[]])[] = [
    [MESSAGE, ["anna@example.com", "secret@example.com"]],
    [resent + MESSAGE, ["x@example.com", "y@example.com"]],
    [
      'From: a@b.c\nTo: Shift (early): operators, "Carl, C." <c@example.com>;\nCc: undisclosed:;\n\n',
      ["anna@example.com", "bo@example.com", "c@example.com"],
    ],
  ];
  for (const [stdin, recipients] of cases) {
    const { exitCode, stderr } = await bench.program.run(args, { stdin });
    assert.equal(exitCode, 0, stderr);
    const mail = bench.received.at(-1);
    assert.deepEqual(mail?.recipients, recipients);
    assert.equal(mail?.reversePath, "bounces@example.com");
    assert.doesNotMatch(new TextDecoder().decode(mail?.raw), /^bcc:|secret|y@/im);
  }
});

Deno.test("send --raw keeps eight-bit octets, and what a reader makes of them", async () => {
  await using bench = await startBench();
  const latin1 = "Kessel l\xe4uft \xff\x80";
  const message = "From: a@b.c\nTo: c@d.e\nSubject: \xc3\x96l\nMIME-Version: 1.0\n" +
    `Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: 8bit\n\n${latin1}\n`;
  const octets = Uint8Array.from(message, (character) => character.charCodeAt(0));
  const args = ["send", "--raw", "-", "--recipients-from-header"];
  const { exitCode, stderr } = await bench.program.run(args, { stdin: octets });
  assert.equal(exitCode, 0, stderr);
  const [mail] = bench.received;
  assert.ok(mail !== undefined);
  assert.ok(Buffer.from(mail.raw).includes(Buffer.from(latin1, "latin1")));
  const read = await simpleParser(Buffer.from(mail.raw));
  assert.equal(read.subject, "\u00d6l");
  assert.match(read.text ?? "", /^Kessel l\u00e4uft/);
  const [executable, first] = commandLine();
  await Deno.writeFile(bench.program.path("mail.eml"), mail.raw);
  const printed = await new Deno.Command(executable, {
    args: [...first, "send", "--raw", "mail.eml", "--to", "c@d.e", "--dry-run"],
    cwd: bench.program.folder,
  }).output();
  assert.deepEqual(Buffer.from(printed.stdout), Buffer.from(mail.raw));
  const dry = await bench.program.run([...args, "--dry-run", "--json"], { stdin: octets });
  assert.equal(JSON.parse(dry.stdout).bytes, mail.raw.length);
});

const WRONG: readonly (readonly [exitCode: number, message: RegExp, args: readonly string[]])[] = [
  [64, /there is no recipient\nhint: .*--recipients-from-header/, ["--raw", "mail.eml"]],
  [64, /--raw and --subject exclude each other/, [
    ...["--raw", "mail.eml", "--to", "a@b.c", "--subject", "x"],
  ]],
  [64, /--raw and --attach exclude/, ["--raw", "-", "--to", "a@b.c", "--attach", "mail.eml"]],
  [66, /cannot read none\.eml/, ["--raw", "none.eml", "--to", "a@b.c"]],
  [65, /nobody\.eml: names no recipient/, ["--raw", "nobody.eml", "--recipients-from-header"]],
  [65, /two\.eml: has 2 From fields, on lines 1, 3\nhint: /, ["--raw", "two.eml", "--to", "a@b.c"]],
  [65, /text\.eml: line 1 is no header field/, ["--raw", "text.eml", "--to", "a@b.c"]],
  [65, /bad\.eml: line 2: To: address "anna" has no @/, [
    ...["--raw", "bad.eml", "--recipients-from-header"],
  ]],
  [64, /--recipients-from-header is for --raw only/, [
    ...["--recipients-from-header", "--to", "a@b.c", "--text", "x"],
  ]],
  [64, /--sms and --to exclude/, ["--sms", "5551234567@x.org", "--to", "a@b.c", "--text", "x"]],
  [64, /--sms and --raw exclude/, ["--sms", "5551234567@x.org", "--raw", "mail.eml"]],
  [64, /--sms and --html-file exclude/, ["--sms", "5551234567@x.org", "--html-file", "x"]],
  [64, /wants NUMBER@GATEWAY/, ["--sms", "5551234567", "--text", "x"]],
  [64, /"plantt" is no gateway, wanted its domain or one of: plant, old, att/, [
    ...["--sms", "5551234567@plantt", "--text", "x"],
  ]],
  [64, /holds "x", wanted digits/, ["--sms", "555x@plant", "--text", "x"]],
  [64, /has 9 digits, wanted 10/, ["--sms", "555-123-456@verizon", "--text", "x"]],
  [64, /there is no text/, ["--sms", "5551234567@plant", "--text", " "]],
  [64, /AT&T was shut down on 17 June 2025\nhint: /, ["--sms", "5551234567@att", "--text", "x"]],
  [64, /T-Mobile has lost messages/, ["--sms", "5551234567@old", "--text", "x"]],
  [65, /have 141 characters, Verizon takes at most 140/, [
    ...["--sms", "5551234567@vtext.com", "--text", "x".repeat(124)],
  ]],
  [65, /has 1531 characters in GSM 7-bit, wanted at most 1530/, [
    ...["--sms", "5551234567@plant", "--text", "x".repeat(1531)],
  ]],
];

const GATEWAYS = `[sms.gateways]
plant = "sms.example.com"
old = "tmomail.net"
`;

Deno.test("send refuses wrong use of --raw and --sms before it connects", async () => {
  await using bench = await startBench(GATEWAYS);
  const { program } = bench;
  await program.write("mail.eml", MESSAGE);
  await program.write("nobody.eml", "From: a@b.c\n\nx");
  await program.write("two.eml", "From: a@b.c\nTo: x@y.z\nFrom: d@e.f\n\nx");
  await program.write("text.eml", "Pump 3 stopped\n");
  await program.write("bad.eml", "From: a@b.c\nTo: anna\n\nx");
  for (const [wanted, message, args] of WRONG) {
    const { exitCode, stdout, stderr } = await program.run(["send", ...args]);
    assert.match(stderr, message);
    assert.equal(exitCode, wanted, `${args.join(" ")}: ${stderr}`);
    assert.equal(stdout, "");
  }
  assert.deepEqual(bench.received, []);
});

Deno.test("send --sms writes the plainest mail, to numbers without their separators", async () => {
  await using bench = await startBench(GATEWAYS);
  const { exitCode, stderr } = await bench.program.run([
    ...["send", "--sms", "+49 (170) 123-4567@plant, 5551234567@sms.example.org"],
    ...["--text", "Pump 3 stopped"],
  ]);
  assert.equal(exitCode, 0, stderr);
  assert.equal(stderr, "");
  const [mail] = bench.received;
  assert.deepEqual(mail?.recipients, [
    "491701234567@sms.example.com",
    "5551234567@sms.example.org",
  ]);
  const text = new TextDecoder().decode(mail?.raw);
  assert.match(text, /\r\nFrom: plant@example\.com\r\n/);
  assert.match(text, /\r\nContent-Type: text\/plain; charset=us-ascii\r\n\r\nPump 3 stopped\r\n$/);
  assert.doesNotMatch(text, /Subject|Encoding|Auto-Submitted/);
});

Deno.test("send --sms warns of several parts, of foreign characters and of a dying gateway", async () => {
  await using bench = await startBench(GATEWAYS);
  const run = async (target: string, text: string): Promise<string> => {
    const { exitCode, stderr } = await bench.program.run(["send", "--sms", target, "--text", text]);
    assert.equal(exitCode, 0, stderr);
    return stderr;
  };
  assert.match(
    await run("5551234567@plant", "x".repeat(161)),
    /^warning: the text has 161 characters in GSM 7-bit: 2 text messages.*\nhint: shorten it to 160/,
  );
  assert.match(
    await run("5551234567@plant", "\u201c".repeat(71)),
    /^warning: the text has 71 characters in UCS-2, for "\u201c" is not of the GSM alphabet: 2 text/,
  );
  assert.match(
    await run("1-555-123-4567@verizon, 5551234568@vtext.com", "x"),
    /^warning: the SMS gateway of Verizon ends on 31 March 2027.*\nhint: send through an SMS provider.*\n$/,
  );
  assert.deepEqual(
    bench.received.at(-1)?.recipients,
    ["5551234567@vtext.com", "5551234568@vtext.com"],
  );
  const plain = await bench.program.run(["send", "--to", "5551234567@txt.att.net", "--text", "x"]);
  assert.match(plain.stderr, /^warning: the SMS gateway of AT&T was shut down on 17 June 2025/);
  assert.equal(plain.exitCode, 0);
});
