// Every fault of the sign-in page, met by the real program and by the person in the browser.

import assert from "node:assert/strict";
import { listenForRedirect } from "../../src/oauth/redirect_listener.ts";
import { Failure } from "../../src/base/failure.ts";
import { FAULTS } from "../../src/sandbox/faults.ts";
import { freePort } from "../peers/free_port.ts";
import {
  assertDone,
  assertFailure,
  exitCodeOf,
  type FaultName,
  openScene,
  planted,
  type Scene,
} from "./scene.ts";

/** What the person sees instead of the permissions; the program hears nothing of it. */
const SHOWN: { readonly [Name in FaultName]?: RegExp } = {
  "app-unknown": /AADSTS700016: Application with identifier/,
  "redirect-mismatch": /AADSTS50011: The redirect URI/,
  "tenant-unknown": /AADSTS90002: Tenant/,
};

const OTHERS: { readonly [Name in FaultName]?: (scene: Scene) => Promise<void> } = {
  "consent-declined": async (scene) => {
    assertFailure(await scene.login(), "consent-declined", {
      message: /access_denied.*AADSTS65004/,
      remedy: /accept/i,
      retry: "after-login",
    });
  },
  "admin-consent": async (scene) => {
    assertFailure(await scene.login(), "admin-consent", {
      message: /access_denied.*AADSTS90094/,
      remedy: /admin/i,
    });
  },
  "wrong-account": async (scene) => {
    const login = await scene.login();
    assertDone(login);
    const { account, warnings } = JSON.parse(login.stdout);
    assert.equal(account, "someone.else@contoso.example");
    assert.equal(warnings[0].code, "account_mismatch");
    assertFailure(await scene.send(), "wrong-account", {
      message: /535 5\.7\.3/,
      remedy: /sign/i,
      outcome: "failed",
    });
  },
};

Deno.test("every fault of the sign-in page reads as the catalogue of faults says", async (t) => {
  const names = FAULTS.filter(({ where }) => where === "sign-in").map(({ name }) => name);
  assert.deepEqual(names.filter((name) => (SHOWN[name] ?? OTHERS[name]) === undefined), []);
  await using scene = await openScene();
  for (const name of names) {
    await t.step(name, async () => {
      using _ = planted(scene, name);
      const shown = SHOWN[name];
      if (shown === undefined) await OTHERS[name]?.(scene);
      else {
        const page = await fetch(addressOf(scene));
        assert.equal(page.status, 400);
        assert.match(await page.text(), shown);
        await assertLateAnswer(name);
      }
    });
  }
  await t.step("afterwards all is well again", async () => assertDone(await scene.login()));
});

Deno.test("a person who presses Cancel has declined", async () => {
  await using scene = await openScene();
  const { running, url } = await scene.startLogin();
  const page = await scene.sandbox.signIn(url, { accepts: false });
  assert.match(await page.text(), /The sign-in failed/);
  assertFailure(await running.outcome, "consent-declined", {
    message: /AADSTS65004: User declined/,
  });
});

/** What `login` asks to be opened; the program itself would wait for ten minutes. */
function addressOf(scene: Scene): string {
  const address = new URL(
    `${scene.sandbox.origin}/${scene.sandbox.directory.tenantId}/oauth2/v2.0/authorize`,
  );
  address.search = new URLSearchParams({
    response_type: "code",
    client_id: scene.sandbox.directory.clientId,
    redirect_uri: scene.sandbox.directory.redirectUri,
    scope: "https://outlook.office.com/SMTP.Send offline_access",
  }).toString();
  return address.href;
}

/** What the program says when those ten minutes are over: the same words after a tenth of a second. */
async function assertLateAnswer(name: FaultName): Promise<void> {
  await using listener = listenForRedirect(`http://localhost:${freePort()}/`, "state");
  await assert.rejects(listener.receive({ timeoutMs: 100 }), (failure) => {
    assert.ok(failure instanceof Failure);
    assert.equal(failure.exitCode, exitCodeOf(name));
    assert.match(failure.message, /no sign-in came back/);
    assert.match(failure.remedy ?? "", /plantpost explain/);
    return true;
  });
}
