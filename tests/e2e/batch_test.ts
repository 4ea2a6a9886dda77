// `send --batch` as a script sees it: lines on standard input or in a file, results on standard output while it goes
// on. Runs against the source and, with PLANTPOST_EXE, against the executable.

import assert from "node:assert/strict";
import { dovecotMissing } from "../peers/dovecot.ts";
import { mailProfile, startMailServers } from "../peers/mail_servers.ts";
import { type ScriptedSmtp, startScriptedSmtp } from "../peers/scripted_smtp.ts";
import { commandLine, Program } from "./program.ts";

const ACCOUNT = "reports@example.com";
const missing = dovecotMissing;

interface Bench extends AsyncDisposable {
  readonly program: Program;
  readonly server: ScriptedSmtp;
}

async function start(): Promise<Bench> {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(startScriptedSmtp());
  const program = stack.use(await Program.create());
  await program.write(
    "plantpost.toml",
    `[profiles.plant]
provider = "custom"
[profiles.plant.sender]
address = "plant@example.com"
[profiles.plant.smtp]
host = "127.0.0.1"
port = ${server.port}
tls = "none"
auth = "none"
`,
  );
  const owned = stack.move();
  return { program, server, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

Deno.test("send --batch sends 200 lines of a file over one connection, with their attachments", async () => {
  await using bench = await start();
  await bench.program.write("report.txt", "Boiler 3: 87 °C");
  const lines = Array.from({ length: 200 }, (_, at) => ({
    to: "anna@example.com",
    subject: `Störung ${at + 1}`,
    attach: "report.txt;name=Bericht.txt",
  }));
  const file = `\ufeff${lines.map((line) => JSON.stringify(line)).join("\r\n")}`;
  await bench.program.write("mails.jsonl", file);
  const { exitCode, stdout, stderr } = await bench.program.run(["send", "--batch", "mails.jsonl"]);
  assert.equal(stderr, "batch: 200 sent\n");
  assert.equal(exitCode, 0);
  const results = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(results.map(({ line }) => line), lines.map((_, at) => at + 1));
  assert.equal(new Set(results.map(({ messageId }) => messageId)).size, 200);
  assert.equal(bench.server.messages.length, 200);
  assert.match(bench.server.messages[199] ?? "", /filename="Bericht\.txt"/);
  assert.equal(bench.server.commands.filter((line) => line.startsWith("EHLO")).length, 1);
});

Deno.test({
  name: "send --batch - answers each line before it gets the next, and ends at Ctrl-C with 130",
  // To Windows a Ctrl-C goes by the console, not to a process.
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using bench = await start();
    const [executable, first] = commandLine();
    await using child = new Deno.Command(executable, {
      args: [...first, "send", "--batch", "-", "--to", "anna@example.com"],
      cwd: bench.program.folder,
      env: { PLANTPOST_CONFIG: "" },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const stderr = new Response(child.stderr).text();
    const writer = child.stdin.getWriter();
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    for (const line of [1, 2]) {
      await writer.write(new TextEncoder().encode(`{"subject":"${line}"}\n`));
      const { value = "" } = await reader.read();
      assert.equal(JSON.parse(value).line, line);
    }
    child.kill("SIGINT");
    assert.equal((await child.status).code, 130);
    assert.equal((await reader.read()).done, true);
    await writer.close().catch(() => {});
    assert.equal(
      await stderr,
      "batch: 2 sent\nerror: interrupted by Ctrl-C: no line behind 2 was attempted\n",
    );
  },
});

Deno.test({
  name:
    `send --batch signs in at Dovecot once for all lines, with BDAT and with DATA, and asks once for a grant that has ended${
      missing === undefined ? "" : ` (skipped: ${missing})`
    }`,
  ignore: missing !== undefined,
  fn: async () => {
    await using servers = await startMailServers({ method: "none", accessTokenSeconds: 3600 });
    await using program = await Program.create();
    await Deno.mkdir(program.path("keys"));
    const write = (smtp: string): Promise<string> =>
      program.write("plantpost.toml", mailProfile(servers, { user: ACCOUNT, smtp }));
    await write("");
    const login = program.start(["login", "--no-browser"]);
    const [url] = await login.untilStderr(/https?:\/\/\S+[?&]client_id=\S+/u);
    await servers.oidc.signIn(url, { account: ACCOUNT });
    assert.equal((await login.outcome).exitCode, 0);

    const lines = Array.from({ length: 40 }, (_, at) =>
      JSON.stringify({
        to: ["anna@example.com", `p${at}@example.com`],
        subject: `Störung ${at}`,
        text: `.\n..\nPumpe ${at}: läuft nicht\n.`,
      }));
    const batch = { stdin: lines.join("\n") };
    const wanted = lines.map((line) => JSON.parse(line).to);
    // With DATA the envelope of each mail goes out with the end of the one before.
    for (const [round, smtp] of ["", 'chunking = "never"'].entries()) {
      await write(smtp);
      const good = await program.run(["send", "--batch", "-"], batch);
      assert.equal(good.exitCode, 0, good.stdout);
      const arrived = await servers.sink.untilMessages(40 * (round + 1));
      assert.deepEqual(arrived.slice(40 * round).map(({ recipients }) => recipients), wanted);
      assert.equal(servers.sink.connectionCount, round + 1, "one session goes through Dovecot");
    }

    servers.oidc.revoke();
    servers.oidc.endAccessTokens();
    const before = servers.oidc.tokenRequests.get("refresh_token") ?? 0;
    const dead = await program.run(["send", "--batch", "-"], batch);
    assert.equal(dead.exitCode, 77);
    const results = dead.stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
    assert.deepEqual(
      results.map(({ line, error }) => [line, error.code]),
      lines.map((_, at) => [at + 1, "oauth.grant_expired"]),
    );
    assert.equal((servers.oidc.tokenRequests.get("refresh_token") ?? 0) - before, 1);
    assert.equal(servers.sink.messageCount, 80);
  },
});
