import assert from "node:assert/strict";
import { Failure } from "../../src/base/failure.ts";
import { startScriptedSmtp } from "../peers/scripted_smtp.ts";
import { until } from "../peers/wait.ts";
import { openDesk } from "./desk.ts";

Deno.test("send that is interrupted after the last octet says that the mail may have gone", async () => {
  // A reply that does not end: the client waits for its last line.
  await using server = startScriptedSmtp({ afterMessage: "250-2.0.0 nearly" });
  await using desk = await openDesk({
    profile: profile(server.port),
  });
  const ctrlC = new AbortController();
  const sending = desk.run(["send", "--to", "a@example.com", "--text", "x", "--json"], {
    signal: ctrlC.signal,
  });
  await until(() => server.messages.length === 1, { what: "the message" });
  ctrlC.abort(new Failure("interrupted", "interrupted by Ctrl-C"));
  const { exitCode, stdout } = await sending;
  assert.equal(JSON.parse(stdout).outcome, "unknown");
  assert.equal(exitCode, 74);
});

Deno.test("send keeps its exit code when standard output takes nothing, and tells the result elsewhere", async () => {
  for (const [afterMessage, wanted, words] of ENDS) {
    await using server = startScriptedSmtp({ afterMessage });
    await using desk = await openDesk({ profile: profile(server.port) });
    for (const format of [[], ["--json"]]) {
      const args = ["send", "--to", "a@example.com", "--text", "x", ...format];
      const { exitCode, stderr } = await desk.run(args, { takesNoOutput: true });
      assert.equal(exitCode, wanted, stderr);
      assert.match(stderr, words);
    }
  }
});

const ENDS: readonly (readonly [reply: string, exitCode: number, words: RegExp])[] = [
  ["250 2.0.0 kept", 0, /standard output takes nothing; the result was: .*sent/],
  ["554 5.6.0 not this one", 69, /554 5\.6\.0 not this one/],
];

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
