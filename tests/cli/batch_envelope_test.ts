// A batch against a server whose replies to an envelope contradict each other. Whatever it says, nobody gets a mail
// that nobody wrote.

import assert from "node:assert/strict";
import { startScriptedSmtp } from "../peers/scripted_smtp.ts";
import { openDesk } from "./desk.ts";

Deno.test("send --batch ends no empty mail for recipients that the server took though it refused the sender", async () => {
  let mails = 0;
  await using server = startScriptedSmtp({
    offers: ["PIPELINING"],
    reply: (line) => line.startsWith("MAIL") && ++mails === 1 ? "550 5.7.1 not you" : undefined,
  });
  await using desk = await openDesk({
    profile: `[profiles.plant]
provider = "custom"
sender.address = "plant@example.com"
[profiles.plant.smtp]
host = "127.0.0.1"
port = ${server.port}
tls = "none"
auth = "none"
`,
  });
  const lines = [1, 2].map((n) => JSON.stringify({ to: "a@example.com", subject: `no. ${n}` }));
  const { stdout } = await desk.run(["send", "--batch", "-"], { stdin: lines.join("\n") });
  const results = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(
    results.map(({ outcome, error }) => [outcome, error?.code, error?.refusal?.lines]),
    [["failed", "smtp.refused", ["5.7.1 not you"]], ["sent", undefined, undefined]],
  );
  const subjects = server.messages.map((message) => /^Subject: (.*)\r$/m.exec(message)?.[1]);
  assert.deepEqual(subjects, ["no. 2"]);
});
