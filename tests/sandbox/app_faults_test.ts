// Flow app against the sandbox with the real program: a mail without any person, and every fault that only an app
// meets.

import assert from "node:assert/strict";
import { FAULTS } from "../../src/sandbox/faults.ts";
import { assertDone, assertFailure, type Expected, type FaultName, openScene } from "./scene.ts";

const LINES = /New-ServicePrincipal -AppId [\w-]{36} -ObjectId/;
const RIGHT = /Add-MailboxPermission -Identity "reports@contoso\.example" -User/;

const REFUSED: { readonly [Name in FaultName]?: Expected } = {
  "app-secret-missing": { message: /AADSTS7000216/, remedy: /plantpost secret set/ },
  "app-wrong-scope": { message: /AADSTS1002012/, remedy: /office365\.com\/\.default/ },
  "app-wrong-tenant": { message: /AADSTS9001023/, remedy: /Directory \(tenant\) ID/ },
  "app-consent-missing": { message: /535 5\.7\.3/, remedy: /SMTP\.SendAsApp/ },
  "service-principal-missing": { message: /535 5\.7\.3/, remedy: LINES },
  "mailbox-permission-missing": {
    message: /430 4\.2\.0 STOREDRV.*LogonFailed/,
    remedy: RIGHT,
    retry: "never",
  },
};

Deno.test("every fault that an app meets reads as the catalogue of faults says", async (t) => {
  const faults = FAULTS.filter(({ where }) => where === "app");
  assert.deepEqual(faults.filter(({ name }) => REFUSED[name] === undefined), []);
  await using scene = await openScene();
  const send = () => scene.send(["--profile", "app"]);
  assertDone(await send());
  for (const { name } of faults) {
    await t.step(name, async () => {
      scene.sandbox.plant(name);
      const expected = REFUSED[name];
      assert.ok(expected);
      assertFailure(await send(), name, { ...expected, outcome: "failed" });
      scene.sandbox.clear();
    });
  }
  await t.step("afterwards all is well again", async () => {
    assertDone(await send());
    assert.equal((await scene.sandbox.messages()).length, 2);
  });
});
