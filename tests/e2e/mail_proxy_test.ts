// `smtp.proxy` as the program meets it: mail through a proxy that lets pass, and what a script and a person see of one
// that does not. Runs against the source and, with PLANTPOST_EXE, against the executable.

import assert from "node:assert/strict";
import { type ConnectProxy, type ProxyConduct, startConnectProxy } from "../peers/connect_proxy.ts";
import { type ScriptedSmtp, startScriptedSmtp } from "../peers/scripted_smtp.ts";
import { Program } from "./program.ts";

interface Bench extends AsyncDisposable {
  readonly program: Program;
  readonly server: ScriptedSmtp;
  readonly proxy: ConnectProxy;
}

async function start(conduct: ProxyConduct, credentials = ""): Promise<Bench> {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(startScriptedSmtp());
  const proxy = stack.use(startConnectProxy({ conduct }));
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
proxy = "http://${credentials}127.0.0.1:${proxy.port}"
[log]
level = "debug"
`,
  );
  const owned = stack.move();
  return { program, server, proxy, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

const SEND = ["send", "--to", "anna@example.com", "--text", "x", "--json"];

Deno.test("send goes through smtp.proxy, loopback or not, and its password shows nowhere", async () => {
  await using bench = await start(
    { kind: "basic", credentials: "CONTOSO\\svc:geheim-99 %" },
    "CONTOSO%5Csvc:geheim-99%20%25@",
  );
  // What the environment says is for the sign-in, not for mail.
  const env = { HTTPS_PROXY: "http://127.0.0.1:9", NO_PROXY: "*" };
  const { exitCode, stdout, stderr } = await bench.program.run([...SEND, "--verbose"], { env });
  assert.equal(exitCode, 0, stderr);
  assert.equal(JSON.parse(stdout).outcome, "sent");
  assert.ok(!/warning/.test(stderr), stderr);
  const way =
    `connected to 127.0.0.1:${bench.server.port} through http://127.0.0.1:${bench.proxy.port} (smtp.proxy)`;
  assert.ok(stderr.includes(way), stderr);
  assert.deepEqual(bench.proxy.targets, [`127.0.0.1:${bench.server.port}`]);
  assert.equal(bench.server.messages.length, 1);
  for (const [name, text] of await bench.program.everythingWritten()) {
    assert.equal(text.includes("geheim-99"), name.endsWith("plantpost.toml"), name);
  }
});

Deno.test("send tells a proxy that refuses mail's port: later, exit 75, and who must act", async () => {
  await using bench = await start({ kind: "refuse", status: "403 Forbidden" });
  const { exitCode, stdout } = await bench.program.run(SEND);
  assert.equal(exitCode, 75);
  const { outcome, error } = JSON.parse(stdout);
  assert.equal(outcome, "failed");
  assert.equal(`${error.code} ${error.retry}`, "net.unreachable later");
  const target = `127.0.0.1:${bench.server.port}`;
  for (const words of [`http://127.0.0.1:${bench.proxy.port}`, "smtp.proxy", target, "HTTP 403"]) {
    assert.ok(error.message.includes(words), `${words} in ${error.message}`);
  }
  assert.match(error.remedy, /whoever runs the proxy .*587/);
  assert.deepEqual(bench.server.commands, []);
});
