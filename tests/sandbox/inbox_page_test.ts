// The inbox in the browser's eyes: forms of its own page work, those of a message in its frame do not.

import assert from "node:assert/strict";
import { startSandbox } from "../../src/sandbox/sandbox.ts";

Deno.test("the inbox page plants faults and takes them away by its own form", async () => {
  await using sandbox = await startSandbox();
  const submit = async (
    fields: Readonly<Record<string, string>>,
    origin: string,
  ): Promise<number> => {
    const response = await fetch(`${sandbox.origin}/faults`, {
      method: "POST",
      redirect: "manual",
      headers: { origin },
      body: new URLSearchParams(fields),
    });
    await response.body?.cancel();
    return response.status;
  };
  assert.equal(await submit({ plant: "quota" }, "null"), 403, "a frame in a sandbox");
  assert.equal(
    await submit({ plant: "quota" }, "http://localhost:1"),
    403,
    "another program's page",
  );
  assert.deepEqual(sandbox.faults.planted, []);
  assert.equal(await submit({ plant: "quota" }, sandbox.origin), 303);
  assert.deepEqual(sandbox.faults.planted, [{ name: "quota", messagesLeft: 0 }]);
  const page = await (await fetch(`${sandbox.origin}/`)).text();
  assert.match(page, /quota, now/);
  assert.equal(await submit({ clear: "quota" }, sandbox.origin), 303);
  assert.deepEqual(sandbox.faults.planted, []);
  assert.equal(await submit({ plant: "nonsense" }, sandbox.origin), 400);
});

Deno.test("the device page refuses a code it does not know, and takes no for an answer", async () => {
  await using sandbox = await startSandbox();
  const base = `${sandbox.origin}/${sandbox.directory.tenantId}/oauth2/v2.0`;
  const client = { client_id: sandbox.directory.clientId };
  const scope = "https://outlook.office.com/SMTP.Send offline_access";
  const post = async (url: string, fields: Readonly<Record<string, string>>): Promise<Response> =>
    await fetch(url, { method: "POST", body: new URLSearchParams(fields) });
  const device = await (await post(`${base}/devicecode`, { ...client, scope })).json();
  assert.match(device.user_code, /^[A-Z]{9}$/);
  assert.equal(device.verification_uri, `${sandbox.origin}/devicelogin`);
  const poll = async (): Promise<string> =>
    (await (await post(`${base}/token`, {
      ...client,
      grant_type: "urn:ietf:params:oauth:grant-type:device_code",
      device_code: device.device_code,
    })).json()).error;
  assert.equal(await poll(), "authorization_pending");
  const typed = (user_code: string): Promise<Response> =>
    post(device.verification_uri, { user_code, abort: "1" });
  assert.match(await (await typed("AAAAAAAAA")).text(), /not known/);
  assert.match(await (await typed(device.user_code.toLowerCase())).text(), /You said no/);
  assert.equal(await poll(), "authorization_declined");
  assert.equal(await poll(), "bad_verification_code");
});
