// The log as an engineer finds it: what each command leaves there, and what never gets in.

import assert from "node:assert/strict";
import { join } from "node:path";
import { Redactor } from "../../src/base/redact.ts";
import { parseSettings } from "../../src/profile/parse.ts";
import { Journal } from "../../src/cli/journal.ts";
import { logLines, writeLog } from "../../src/cli/log.ts";
import { freePort } from "../peers/free_port.ts";
import { type Script, type ScriptedSmtp, startScriptedSmtp } from "../peers/scripted_smtp.ts";
import { PLATFORM } from "../vault/fixtures.ts";
import { type Desk, openDesk } from "./desk.ts";
import { startFakeProvider } from "./fake_provider.ts";

type Line = Readonly<Record<string, unknown>>;

const CLIENT_SECRET = "very~secret.Value-1_of+the/plant";
const SENT = ["send", "--to", "anna@example.com,bo@example.com", "--subject", "x"];

Deno.test("send leaves one line with its result, its recipients and the server's reply", async () => {
  await using bench = await openBench();
  assert.equal((await bench.desk.run([...SENT, "--quiet"])).exitCode, 0);
  const [line, ...more] = await readLog(bench.desk);
  assert.deepEqual(more, []);
  const { messageId, bytes, durationMs, ...rest } = line ?? {};
  assert.match(String(messageId), /^<.+@example\.com>$/);
  assert.ok(Number(bytes) > 100 && Number(durationMs) >= 0);
  assert.deepEqual(rest, {
    time: "2026-11-24T08:00:00.000Z",
    level: "info",
    command: "send",
    profile: "plant",
    pid: Deno.pid,
    event: "result",
    outcome: "sent",
    transport: "smtp",
    accepted: ["anna@example.com", "bo@example.com"],
    rejected: [],
    reply: "250 2.0.0 kept as 1",
    exitCode: 0,
  });
});

Deno.test("send leaves a partial delivery as a warning, and a failed one as an error with its remedy", async () => {
  await using partial = await openBench({
    reply: (line) => /^RCPT.*<bo/.test(line) ? "550 5.1.1 unknown" : undefined,
  });
  assert.equal((await partial.desk.run(SENT)).exitCode, 67);
  const [half] = await readLog(partial.desk);
  assert.deepEqual([half?.["level"], half?.["outcome"], half?.["exitCode"]], [
    "warn",
    "partial",
    67,
  ]);
  assert.deepEqual(half?.["rejected"], [{ address: "bo@example.com", reply: "550 5.1.1 unknown" }]);

  for (const json of [[], ["--json"]]) {
    await using bench = await openBench({
      reply: (line) => /^MAIL/.test(line) ? "451 4.3.0 later" : undefined,
    });
    const { exitCode, stdout } = await bench.desk.run([...SENT, ...json]);
    assert.equal(exitCode, 75);
    const lines = await readLog(bench.desk);
    assert.equal(lines.length, 1);
    const line = lines[0] ?? {};
    assert.deepEqual(
      [line["level"], line["event"], line["outcome"], line["code"], line["exitCode"]],
      ["error", "failure", "failed", "smtp.temporary", 75],
    );
    assert.match(String(line["message"]), /451 4\.3\.0 later/);
    assert.deepEqual(line["recipients"], ["anna@example.com", "bo@example.com"]);
    assert.equal((line["refusal"] as { readonly replyCode: number }).replyCode, 451);
    if (json.length > 0) {
      const { error } = JSON.parse(stdout) as { readonly error: Line };
      assert.deepEqual(error["refusal"], line["refusal"]);
    }
  }
});

Deno.test("log.level chooses what is kept; debug has the protocol without --verbose on the screen", async () => {
  for (const [level, count] of [["error", 0], ["warn", 0], ["info", 1]] as const) {
    await using bench = await openBench({}, `[log]\nlevel = "${level}"`);
    assert.equal((await bench.desk.run([...SENT, "--verbose"])).exitCode, 0);
    assert.equal((await readLog(bench.desk)).length, count, level);
  }
  await using bench = await openBench({}, '[log]\nlevel = "debug"');
  const { stderr } = await bench.desk.run(SENT);
  assert.equal(stderr, "");
  const lines = await readLog(bench.desk);
  const said = lines.filter(({ event }) => event === "protocol").map(({ direction, line }) =>
    `${direction}: ${line}`
  );
  assert.ok(said.includes("C: MAIL FROM:<plant@example.com>"), said.join("\n"));
  assert.ok(said.includes("S: 250 2.0.0 kept as 1"), said.join("\n"));
  assert.equal(lines.at(-1)?.["event"], "result");
});

Deno.test("every command of a sign-in's life is in the log, and no secret of it", async () => {
  await using provider = startFakeProvider();
  await using desk = await openDesk({
    profile: `[profiles.plant]
provider = "custom"
user = "reports@example.com"
[profiles.plant.oauth]
client_id = "plant"
redirect_uri = "http://localhost:${freePort()}/"
authorization_endpoint = "${provider.authorizationEndpoint}"
token_endpoint = "${provider.tokenEndpoint}"
[profiles.plant.smtp]
host = "127.0.0.1"
port = ${freePort()}
[log]
file = 'logs/plant.log'
level = "debug"`,
  });
  await desk.run(["secret", "set"], { stdin: CLIENT_SECRET });
  provider.account = "other@example.com";
  let page: Promise<unknown> = Promise.resolve();
  await desk.run(["login"], {
    openBrowser: (url): Promise<void> => {
      page = provider.signIn(url).then((response) => response.text());
      return Promise.resolve();
    },
  });
  await page;
  desk.nowMs += 1000;
  await desk.run(["refresh"]);
  await desk.run(["send", "--to", "anna@example.com"]); // nobody listens there
  provider.answers.push(
    Response.json({
      error: "invalid_client",
      error_description: `AADSTS7000222: the keys are expired, not ${CLIENT_SECRET}`,
      error_codes: [7000222],
      trace_id: "trace-1",
      correlation_id: "correlation-2",
    }, { status: 401 }),
  );
  await desk.run(["refresh", "--json"]);
  await desk.run(["status"]);
  await desk.run(["reset", "--secret", "--yes"]);

  const text = await Deno.readTextFile(join(desk.folder, "logs", "plant.log"));
  for (const secret of [...provider.secrets, CLIENT_SECRET]) {
    for (const form of [secret, encodeURIComponent(secret), btoa(secret)]) {
      assert.ok(!text.includes(form), `the log holds ${form}`);
    }
  }
  const lines = parse(text);
  assert.deepEqual(
    lines.filter(({ event }) => event === "result" || event === "failure").map((line) =>
      `${line["command"]} ${line["event"]} ${line["exitCode"]}`
    ),
    [
      "secret result 0",
      "login result 0",
      "refresh result 0",
      "send failure 75",
      "refresh failure 77",
      "status result 0",
      "reset result 0",
    ],
  );
  const warning = lines.find(({ event }) => event === "warning");
  assert.equal(warning?.["level"], "warn");
  assert.match(String(warning?.["message"]), /^other@example\.com has signed in/);
  assert.match(String(warning?.["remedy"]), /login --force/);
  const refused = lines.find((line) => line["exitCode"] === 77) ?? {};
  assert.deepEqual([refused["code"], refused["level"]], ["oauth.client_refused", "error"]);
  assert.match(String(refused["remedy"]), /New client secret/);
  const { kind, error, errorCodes, traceId, correlationId, errorDescription } =
    refused["refusal"] as Line;
  assert.deepEqual([kind, error, errorCodes], ["oauth", "invalid_client", [7000222]]);
  assert.deepEqual([traceId, correlationId], ["trace-1", "correlation-2"]);
  assert.equal(errorDescription, "AADSTS7000222: the keys are expired, not <redacted>");
  assert.ok(lines.some(({ event, line }) => event === "protocol" && /POST /.test(String(line))));
});

Deno.test("status, --dry-run and wrong use make no folder for the log, and write where there is one", async () => {
  await using bench = await openBench();
  const { desk } = bench;
  const state = join(desk.folder, "state");
  assert.equal((await desk.run(["status"])).exitCode, 0);
  assert.equal((await desk.run([...SENT, "--dry-run"])).exitCode, 0);
  assert.equal((await desk.run(["send"])).exitCode, 64);
  assert.equal((await desk.run(["status", "--profile", "other"])).exitCode, 64);
  await assert.rejects(Deno.stat(state), Deno.errors.NotFound);
  assert.equal((await desk.run(SENT)).exitCode, 0);
  const folder = await Deno.stat(state);
  if (Deno.build.os !== "windows") assert.equal((folder.mode ?? 0) & 0o777, 0o700);

  assert.equal((await desk.run(["status"])).exitCode, 0);
  const { stdout } = await desk.run([...SENT, "--dry-run", "--json", "--text", "the body"]);
  assert.equal(JSON.parse(stdout).dryRun, true);
  assert.equal((await desk.run(["send"])).exitCode, 64);
  const lines = await readLog(desk);
  assert.deepEqual(lines.map((line) => line["exitCode"]), [0, 0, 0, 64]);
  assert.ok(!JSON.stringify(lines[2]).includes("the body"), "the log holds the message");
});

Deno.test("a wrong profile file logs nothing", async () => {
  await using bench = await openBench({}, 'colour = "red"');
  assert.equal((await bench.desk.run(SENT)).exitCode, 78);
  await assert.rejects(Deno.stat(join(bench.desk.folder, "state")), Deno.errors.NotFound);
});

Deno.test("a log that cannot be written is one warning, and changes neither result nor exit code", async () => {
  // A folder in the log's place refuses everybody, root included.
  await using bench = await openBench({}, "[log]\nfile = 'occupied'");
  await Deno.mkdir(join(bench.desk.folder, "occupied"));
  const { exitCode, stdout, stderr } = await bench.desk.run([...SENT, "--json"]);
  assert.equal(exitCode, 0);
  assert.equal(JSON.parse(stdout).outcome, "sent");
  assert.match(stderr, /^warning: cannot write the log .*occupied: .+$/);
  assert.equal((await bench.desk.run([...SENT, "--quiet"])).stderr, "");
});

Deno.test("a full disk under the log is one warning", {
  ignore: Deno.build.os !== "linux", // only Linux has /dev/full
}, async () => {
  await using bench = await openBench({}, "[log]\nfile = '/dev/full'");
  const { exitCode, stderr } = await bench.desk.run(SENT);
  assert.equal(exitCode, 0);
  assert.match(stderr, /^warning: cannot write the log \/dev\/full: no space left on device.*$/i);
});

Deno.test("Ctrl-C is in the log, and a fault of plantpost itself with its stack", async () => {
  await using bench = await openBench();
  assert.equal((await bench.desk.run(["reset"], { answers: ["no"] })).exitCode, 130);
  const noBytes = 5 as unknown as Uint8Array;
  assert.equal((await bench.desk.run(["secret", "set"], { stdin: noBytes })).exitCode, 70);
  const [ended, broken] = await readLog(bench.desk);
  assert.deepEqual([ended?.["code"], ended?.["exitCode"]], ["interrupted", 130]);
  assert.deepEqual([broken?.["code"], broken?.["exitCode"]], ["bug", 70]);
  assert.match(String(broken?.["message"]), /TypeError: .*\n {4}at /);
});

Deno.test("Journal keeps warnings with who must act and the steps of the remedy, and no other line", () => {
  const journal = new Journal(() => 0);
  const lines = ["waiting …", "warning: w1", "warning: w2: x", "who: administrator", "hint: 1. a"];
  for (const line of [...lines, "      2. b", "refused: a@x: 550", ""]) journal.note(line);
  journal.result({ grant: "usable" });
  journal.note("hint: of nothing");
  assert.deepEqual(journal.entries.map(({ event, fields }) => ({ event, ...fields })), [
    { event: "warning", message: "w1" },
    { event: "warning", message: "w2: x", who: "administrator", remedy: "1. a\n2. b" },
    { event: "result", grant: "usable" },
  ]);
});

Deno.test("logLines() gives whole JSON whatever a secret tears, and lets nothing act on a terminal", () => {
  const journal = new Journal(() => 0);
  const redactor = new Redactor();
  redactor.add('hunter2"}');
  redactor.add("hunter2\\");
  journal.result({
    reply: 'said hunter2"} and hunter2\\n and \x1b[31m\x9b31m\u2028',
    long: "é".repeat(10_000),
    time: "never",
  });
  const [text = "", ...more] = logLines({
    command: "send",
    profile: undefined,
    exitCode: 0,
    mayMakeFolder: false,
    journal,
  }, { level: "info", redact: (text) => redactor.redact(text) });
  assert.deepEqual(more, []);
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(text.trimEnd(), /[\x00-\x1f\x7f-\x9f\u2028]/);
  const line = JSON.parse(text) as Line;
  assert.equal(line["time"], "1970-01-01T00:00:00.000Z");
  assert.equal(line["reply"], "said <redacted> and <redacted>n and \x1b[31m\x9b31m\u2028");
  assert.match(String(line["long"]), /^é{8192}… \(10000 characters\)$/);
});

Deno.test("writeLog() rotates as the profile says", async () => {
  await using bench = await openBench({}, '[log]\nmax_size = "1KB"\nkeep = 2');
  for (let count = 0; count < 12; count++) {
    assert.equal((await bench.desk.run(SENT)).exitCode, 0);
  }
  const names: string[] = [];
  for await (const { name } of Deno.readDir(join(bench.desk.folder, "state"))) names.push(name);
  assert.deepEqual(names.sort(), [
    "plantpost.log",
    "plantpost.log.1",
    "plantpost.log.2",
    "plantpost.log.lock",
  ]);
});

Deno.test("writeLog() shares the file with the vault's group", {
  ignore: Deno.build.os === "windows", // which has access lists instead
}, async () => {
  await using bench = await openBench();
  const text = `${profile(1)}\n[vault]\ngroup = "plant"\n`;
  const settings = parseSettings(text, { file: bench.desk.file, platform: PLATFORM });
  const journal = new Journal(() => 0);
  journal.result({});
  const run = { command: "send", profile: "plant", exitCode: 0, mayMakeFolder: true, journal };
  const world = { platform: PLATFORM, redact: (shown: string): string => shown };
  assert.equal(await writeLog(run, { settings, world }), undefined);
  assert.equal(((await Deno.stat(settings.log.file)).mode ?? 0) & 0o777, 0o660);
});

interface Bench extends AsyncDisposable {
  readonly desk: Desk;
  readonly server: ScriptedSmtp;
}

async function openBench(script: Script = {}, more = ""): Promise<Bench> {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(startScriptedSmtp(script));
  const desk = stack.use(await openDesk({ profile: `${profile(server.port)}\n${more}` }));
  const owned = stack.move();
  return { desk, server, [Symbol.asyncDispose]: () => owned.disposeAsync() };
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

async function readLog(desk: Desk, folder = "state"): Promise<readonly Line[]> {
  const path = join(desk.folder, folder, "plantpost.log");
  return parse(
    await Deno.readTextFile(path).catch((cause) => {
      if (cause instanceof Deno.errors.NotFound) return "";
      throw cause;
    }),
  );
}

function parse(text: string): readonly Line[] {
  return text.split("\n").slice(0, -1).map((line) => JSON.parse(line) as Line);
}
