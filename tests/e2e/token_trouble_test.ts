// What a token says of itself, through the real program: `status` shows it, and a mail that is refused for it comes back
// with the cause and the exact fix in front of all guesses.

import assert from "node:assert/strict";
import { openScene } from "../sandbox/scene.ts";

Deno.test("pain 5: a token for Microsoft Graph shows in status, and a refused mail says how to get the right one", async () => {
  await using scene = await openScene();
  scene.sandbox.plant("wrong-audience");
  assert.equal((await scene.login()).exitCode, 0);
  const sent = await scene.send();
  assert.equal(sent.exitCode, 77, sent.stdout);
  const { error } = JSON.parse(sent.stdout);
  assert.equal(error.refusal.enhancedCode, "5.7.3");
  assert.match(
    error.remedy,
    /^1\. the token is for Microsoft Graph, not for mail: .*; take oauth\.scope out of the profile, or set it to "https:\/\/outlook\.office\.com\/SMTP\.Send offline_access", then run "plantpost login"\n2\. /,
  );
  const status = await scene.program.run(["status", "--json"]);
  const { accessToken } = JSON.parse(status.stdout);
  assert.match(accessToken.audience, /graph\.microsoft\.com|00000003-0000-0000-c000-000000000000/);
});

Deno.test("a good token shows whom it is for, what it permits and whose it is", async () => {
  await using scene = await openScene();
  assert.equal((await scene.login()).exitCode, 0);
  const { stdout, exitCode } = await scene.program.run(["status", "--json"]);
  assert.equal(exitCode, 0, stdout);
  const { accessToken, account } = JSON.parse(stdout);
  assert.match(accessToken.audience, /^https:\/\/outlook\.office/);
  assert.deepEqual(accessToken.scopes, ["SMTP.Send"]);
  assert.equal(accessToken.account, account);
});
