import assert from "node:assert/strict";
import { join } from "node:path";
import { Failure } from "../../src/base/failure.ts";
import { type Script, type ScriptedSmtp, startScriptedSmtp } from "../peers/scripted_smtp.ts";
import { until } from "../peers/wait.ts";
import { type Desk, type DeskOptions, openDesk, type Printed } from "./desk.ts";

const BATCH = ["send", "--batch", "-"];
const UTF8 = new TextEncoder();
const BOTH_WAYS = [[], ["PIPELINING"]]; // in lock-step, and each envelope ahead of its mail

Deno.test("send --batch sends a mail for each line over one connection, and tells each in its order", async () => {
  await using place = await openPlace();
  const lines = [1, 2, 3].map((n) =>
    JSON.stringify({ to: [`p${n}@example.com`], subject: `no. ${n}`, text: "x" })
  );
  for (const json of [[], ["--json"]]) {
    const before = place.server.messages.length;
    const { exitCode, stdout, stderr } = await place.batch(lines, json);
    assert.equal(exitCode, 0);
    assert.equal(stderr, "batch: 3 sent");
    const results = parsed(stdout);
    assert.deepEqual(results.map(({ line, outcome, accepted }) => ({ line, outcome, accepted })), [
      { line: 1, outcome: "sent", accepted: ["p1@example.com"] },
      { line: 2, outcome: "sent", accepted: ["p2@example.com"] },
      { line: 3, outcome: "sent", accepted: ["p3@example.com"] },
    ]);
    place.server.messages.slice(before).forEach((message, at) => {
      assert.match(message, new RegExp(`^Subject: no\\. ${at + 1}\\r$`, "m"));
      assert.ok(message.includes(String(results[at]?.messageId)), "its own Message-ID");
    });
  }
  assert.equal(place.count("EHLO"), 2);
  assert.equal((await place.batch([], ["--quiet"])).stderr, "");
});

for (const offers of BOTH_WAYS) {
  Deno.test(`send --batch lets a bad line fail alone, and ends with the first failing line's code [${offers}]`, async () => {
    await using place = await openPlace({
      offers,
      reply: (line) => /^RCPT.*<nobody/.test(line) ? "550 5.1.1 unknown" : undefined,
    });
    const { exitCode, stdout, stderr } = await place.batch([
      '{"to":"a@example.com"}',
      "",
      '{"to":"a@example.com","attach":"missing.pdf"}',
      "not JSON",
      '{"to":"nonsense"}',
      "{}",
      '{"to":"a@example.com","subject":"two\\nlines"}',
      '{"to":["a@example.com","nobody@example.com"]}',
      '{"to":["nobody@example.com"]}',
      '{"to":"last@example.com"}',
    ]);
    assert.deepEqual(
      parsed(stdout).map(({ line, outcome, error }) => [line, outcome, error?.code]),
      [
        [1, "sent", undefined],
        [3, "failed", "input.unreadable"],
        [4, "failed", "message.invalid"],
        [5, "failed", "usage.invalid"],
        [6, "failed", "usage.invalid"],
        [7, "failed", "message.invalid"],
        [8, "partial", undefined],
        [9, "failed", "smtp.recipient_refused"],
        [10, "sent", undefined],
      ],
    );
    assert.equal(exitCode, 66);
    assert.equal(stderr, "batch: 2 sent, 6 failed, 1 partial");
    assert.equal(place.count("EHLO"), 1);
    assert.equal(place.subjects().length, 3);
  });
}

Deno.test("send --batch ends with 67 when the first trouble is a recipient that was refused", async () => {
  await using place = await openPlace({
    reply: (line) => /^RCPT.*<nobody/.test(line) ? "550 5.1.1 unknown" : undefined,
  });
  const lines = ['{"to":["a@example.com","nobody@example.com"]}', "no JSON"];
  assert.equal((await place.batch(lines)).exitCode, 67);
});

Deno.test("send --batch takes another connection when the server ends one, and sends nothing twice", async () => {
  const ends: readonly (string | null)[] = [
    null,
    "421 4.7.0 too many messages in this connection",
    "451 4.7.1 only three messages per session",
  ];
  for (const offers of BOTH_WAYS) {
    for (const end of ends) {
      let mails = 0;
      await using place = await openPlace({
        offers,
        reply: (line) => line.startsWith("MAIL") && ++mails === 4 ? end : undefined,
      });
      const lines = numbered(6);
      const { exitCode, stdout } = await place.batch(lines);
      assert.deepEqual(
        parsed(stdout).map(({ outcome }) => outcome),
        Array(6).fill("sent"),
        `${end}`,
      );
      assert.equal(exitCode, 0);
      assert.deepEqual(place.subjects(), [1, 2, 3, 4, 5, 6].map(String));
      assert.equal(place.count("EHLO"), 2);
    }
  }
});

Deno.test("send --batch never sends again what the server may have taken, and goes on with the next line", async () => {
  for (const offers of BOTH_WAYS) {
    await using place = await openPlace({ offers, afterMessage: [undefined, null] });
    const { exitCode, stdout } = await place.batch(numbered(4));
    const outcomes = parsed(stdout).map(({ outcome }) => outcome);
    assert.deepEqual(outcomes, ["sent", "unknown", "sent", "sent"]);
    assert.deepEqual(place.subjects(), ["1", "2", "3", "4"]);
    assert.equal(exitCode, 74);
  }
});

Deno.test("send --batch bothers a server that loses every connection three times, whatever the number of lines", async () => {
  await using place = await openPlace({ offers: ["PIPELINING"], afterMessage: null });
  const { exitCode, stdout, stderr } = await place.batch(numbered(1000));
  const results = parsed(stdout);
  assert.deepEqual(results.map(({ line }) => line), numbered(1000).map((_, at) => at + 1));
  assert.deepEqual(results.slice(0, 3).map(({ outcome }) => outcome), Array(3).fill("unknown"));
  for (const { outcome, error } of results.slice(3)) {
    assert.deepEqual([outcome, error?.code, error?.retry], ["failed", "net.lost", "later"]);
    assert.match(error?.message ?? "", /^not tried, because .* 3 messages in a row/);
  }
  assert.equal(place.server.messages.length, 3);
  assert.equal(exitCode, 74);
  assert.equal(stderr, "batch: 3 unknown, 997 failed");
});

Deno.test("send --batch tries a server that is not there once, and fails every line with that", async () => {
  const place = await openPlace();
  await place.server[Symbol.asyncDispose]();
  await using desk = place.desk;
  const { exitCode, stdout } = await desk.run([...BATCH], { stdin: numbered(500).join("\n") });
  const results = parsed(stdout);
  assert.equal(results.length, 500);
  assert.deepEqual([...new Set(results.map(({ error }) => error?.code))], ["net.unreachable"]);
  assert.equal(exitCode, 75);
});

Deno.test("send --batch tells each result before it waits for another line", async () => {
  await using place = await openPlace();
  const out = join(place.desk.folder, "state", "plantpost.log");
  let logged = "";
  async function* stdin(): AsyncGenerator<Uint8Array> {
    yield UTF8.encode('{"to":"a@example.com","subject":"first"}\n');
    await until(() => place.server.messages.length === 1, { what: "the first mail" });
    // A trickle: the log tells of the first although the second may come days later.
    logged = await until(() => Deno.readTextFile(out).catch(() => undefined), { what: "the log" });
    yield UTF8.encode('{"to":"a@example.com","subject":"second"}');
  }
  const { exitCode, stdout } = await place.desk.run(BATCH, { stdin: stdin() });
  assert.deepEqual(parsed(stdout).map(({ line }) => line), [1, 2]);
  assert.equal(exitCode, 0);
  assert.equal(JSON.parse(logged).line, 1);
});

Deno.test("send --batch that is interrupted tells what became of the line under way, and tries no other", async () => {
  // A reply that does not end: the client waits for its last line.
  const cases = BOTH_WAYS.flatMap((offers) =>
    [
      { offers, afterMessage: "250-2.0.0 nearly", outcome: "unknown", mail: undefined },
      { offers, afterMessage: undefined, outcome: "failed", mail: "250-2.1.0 nearly" },
    ] as const
  );
  for (const { offers, afterMessage, outcome, mail } of cases) {
    let mails = 0;
    await using place = await openPlace({
      offers,
      afterMessage: [undefined, afterMessage],
      reply: (line) => line.startsWith("MAIL") && ++mails === 2 ? mail : undefined,
    });
    const ctrlC = new AbortController();
    const sending = place.desk.run(BATCH, {
      stdin: numbered(5).join("\n"),
      signal: ctrlC.signal,
    });
    await until(
      () => mail === undefined ? place.server.messages.length === 2 : mails === 2,
      { what: "the second mail" },
    );
    ctrlC.abort(new Failure("interrupted", "interrupted by Ctrl-C"));
    const { exitCode, stdout, stderr } = await sending;
    const results = parsed(stdout);
    assert.equal(place.subjects().length, outcome === "unknown" ? 2 : 1);
    assert.deepEqual(results.map((result) => result.outcome), ["sent", outcome]);
    if (outcome === "failed") assert.equal(results[1]?.error?.code, "interrupted");
    assert.equal(exitCode, 130);
    assert.match(stderr, /^error: interrupted by Ctrl-C: no line behind 2 was attempted$/m);
  }
});

Deno.test("send --batch that is interrupted while it waits for a line ends at once", async () => {
  await using place = await openPlace();
  const ctrlC = new AbortController();
  async function* stdin(): AsyncGenerator<Uint8Array> {
    yield UTF8.encode('{"to":"a@example.com"}\n');
    await until(() => place.server.messages.length === 1, { what: "the mail" });
    ctrlC.abort(new Failure("interrupted", "interrupted by Ctrl-C"));
    await new Promise(() => {});
  }
  const { exitCode, stdout } = await place.desk.run(BATCH, {
    stdin: stdin(),
    signal: ctrlC.signal,
  });
  assert.deepEqual(parsed(stdout).map(({ outcome }) => outcome), ["sent"]);
  assert.equal(exitCode, 130);
});

Deno.test("send --batch stops when nobody takes its results", async () => {
  await using place = await openPlace();
  const { exitCode, stderr } = await place.desk.run(BATCH, {
    stdin: numbered(5).join("\n"),
    takesNoOutput: true,
  });
  assert.equal(place.server.messages.length, 1);
  assert.match(
    stderr,
    /standard output takes nothing; the result was: \{"line":1,"outcome":"sent"/,
  );
  assert.equal(exitCode, 74);
});

Deno.test("send --batch takes flags beside it for every line that does not say otherwise", async () => {
  await using place = await openPlace();
  const { exitCode, stdout } = await place.batch(
    ['{"to":"a@example.com"}', '{"subject":"own","text":"own"}'],
    ["--to", "b@example.com", "--subject", "of all", "--text", "of all", "--from", "c@example.com"],
  );
  assert.equal(exitCode, 0, stdout);
  assert.deepEqual(
    place.server.messages.map((message) => [
      /^To: (.*)\r$/m.exec(message)?.[1],
      /^From: (.*)\r$/m.exec(message)?.[1],
      /^Subject: (.*)\r$/m.exec(message)?.[1],
      message.split("\r\n\r\n")[1]?.trim(),
    ]),
    [
      ["a@example.com", "c@example.com", "of all", "of all"],
      ["b@example.com", "c@example.com", "own", "own"],
    ],
  );
});

Deno.test("send --batch sends finished messages and short texts to phones as well", async () => {
  await using place = await openPlace();
  const file = join(place.desk.folder, "report.eml");
  await Deno.writeTextFile(file, "From: plant@example.com\r\nSubject: finished\r\n\r\nx\r\n");
  const { exitCode, stdout } = await place.batch([
    JSON.stringify({ raw: file, to: "a@example.com" }),
    JSON.stringify({ sms: "15551234567@sms.example.com", text: "pump 3 stopped" }),
    JSON.stringify({ raw: `${file}.missing`, to: "a@example.com" }),
    JSON.stringify({ raw: file, to: "b@example.com" }),
  ]);
  assert.deepEqual(
    parsed(stdout).map(({ outcome }) => outcome),
    ["sent", "sent", "failed", "sent"],
    stdout,
  );
  assert.equal(exitCode, 66);
  assert.deepEqual(place.subjects().filter((subject) => subject === "finished").length, 2);
  assert.match(place.server.messages[1] ?? "", /pump 3 stopped/);
});

Deno.test("send --batch refuses a flag beside it that cannot be meant for every line", async () => {
  await using place = await openPlace();
  const refusals: readonly (readonly [flags: readonly string[], says: RegExp])[] = [
    [["--text-file", "-"], /--text-file cannot be standard input for every line/],
    [["--message-id", "<1@example.com>"], /--batch and --message-id exclude each other/],
  ];
  for (const [flags, says] of refusals) {
    const { exitCode, stdout, stderr } = await place.batch(['{"to":"a@example.com"}'], flags);
    assert.deepEqual([exitCode, stdout], [64, ""]);
    assert.match(stderr, says);
  }
  assert.equal(place.server.commands.length, 0);
});

Deno.test("send --batch --dry-run prints each message and connects to nothing", async () => {
  await using place = await openPlace();
  const { exitCode, stdout } = await place.batch(
    ['{"to":"a@example.com","subject":"x"}', '{"to":"nonsense"}'],
    ["--dry-run"],
  );
  const [first, second] = parsed(stdout);
  assert.deepEqual([first?.line, first?.dryRun], [1, true]);
  assert.match(first?.message ?? "", /^Subject: x\r$/m);
  assert.deepEqual([second?.line, second?.error?.code], [2, "usage.invalid"]);
  assert.equal(exitCode, 64);
  assert.equal(place.server.commands.length, 0);
});

Deno.test("send --batch reads a file, and tells one that it cannot read", async () => {
  await using place = await openPlace();
  const file = join(place.desk.folder, "mails.jsonl");
  await Deno.writeTextFile(file, '\ufeff{"to":"a@example.com"}\r\n');
  assert.equal((await place.desk.run(["send", "--batch", file])).exitCode, 0);
  const missing = await place.desk.run(["send", "--batch", join(place.desk.folder, "no.jsonl")]);
  assert.equal(missing.exitCode, 66);
  assert.match(missing.stderr, /cannot read .*no\.jsonl/);
});

Deno.test("send --batch logs every line with its own exit code while it goes on, and a summary at the end", async () => {
  await using place = await openPlace();
  const file = join(place.desk.folder, "state", "plantpost.log");
  let early = 0;
  async function* stdin(): AsyncGenerator<Uint8Array> {
    yield UTF8.encode(`nonsense\n${numbered(600).join("\n")}\n`);
    early = (await Deno.readTextFile(file)).split("\n").length;
    yield UTF8.encode('{"to":"last@example.com"}');
  }
  assert.equal((await place.desk.run(BATCH, { stdin: stdin() })).exitCode, 65);
  assert.ok(early >= 100, `${early} lines in the log when 600 mails were sent: more than 500 wait`);
  const log = (await Deno.readTextFile(file)).trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(
    log.slice(0, -1).map(({ line }) => line),
    Array.from({ length: 602 }, (_, at) => at + 1),
  );
  const brief = log.map(({ level, event, outcome, exitCode }) => ({
    level,
    event,
    outcome,
    exitCode,
  }));
  assert.deepEqual(brief[0], { level: "error", event: "failure", outcome: "failed", exitCode: 65 });
  assert.deepEqual(brief[1], { level: "info", event: "result", outcome: "sent", exitCode: 0 });
  assert.deepEqual(log.at(-1).batch, { failed: 1, sent: 601 });
  assert.equal(log.at(-1).exitCode, 65);
});

interface Result {
  readonly line: number;
  readonly outcome: string;
  readonly accepted?: readonly string[];
  readonly messageId?: string;
  readonly dryRun?: boolean;
  readonly message?: string;
  readonly error?: { readonly code: string; readonly message: string; readonly retry: string };
}

interface Place extends AsyncDisposable {
  readonly desk: Desk;
  readonly server: ScriptedSmtp;
  /** How often a command was given. */
  count(verb: string): number;
  /** Of the messages that arrived. */
  subjects(): readonly (string | undefined)[];
  batch(lines: readonly string[], flags?: readonly string[]): Promise<Printed>;
}

async function openPlace(script: Script = {}): Promise<Place> {
  const server = startScriptedSmtp(script);
  const options: DeskOptions = { profile: profile(server.port) };
  const desk = await openDesk(options);
  return {
    desk,
    server,
    count: (verb) => server.commands.filter((line) => line.startsWith(verb)).length,
    // With PIPELINING this server says 354 for nobody's message, which the client then ends without a word in it.
    subjects: () =>
      server.messages.filter((message) => message.trim() !== "")
        .map((message) => /^Subject: (.*)\r$/m.exec(message)?.[1]),
    batch: (lines, flags = []) =>
      desk.run([...BATCH, ...flags], { stdin: `${lines.join("\n")}\n` }),
    async [Symbol.asyncDispose](): Promise<void> {
      await desk[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

function numbered(count: number): readonly string[] {
  return Array.from(
    { length: count },
    (_, at) => JSON.stringify({ to: "a@example.com", subject: `${at + 1}`, text: "x" }),
  );
}

function parsed(stdout: string): readonly Result[] {
  return stdout.split("\n").slice(0, -1).map((line) => JSON.parse(line));
}

function profile(port: number): string {
  return `[profiles.plant]
provider = "custom"
[profiles.plant.sender]
address = "plant@example.com"
[profiles.plant.smtp]
host = "127.0.0.1"
port = ${port}
tls = "none"
auth = "none"`;
}
