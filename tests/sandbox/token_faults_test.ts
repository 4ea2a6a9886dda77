// Every fault of the token endpoint, met by the real program: at the sign-in, at `refresh`, and when a mail is sent.

import assert from "node:assert/strict";
import { FAULTS } from "../../src/sandbox/faults.ts";
import {
  assertDone,
  assertFailure,
  type Expected,
  type FaultName,
  openScene,
  planted,
  type Scene,
} from "./scene.ts";

const REFUSED: { readonly [Name in FaultName]?: Expected } = {
  "secret-expired": { message: /AADSTS7000222: The provided client secret keys/, remedy: /secret/ },
  "secret-wrong": { message: /AADSTS7000215/, remedy: /Value|Secret ID/ },
  "secret-missing": { message: /AADSTS7000218/, remedy: /secret set/ },
  "secret-not-wanted": { message: /AADSTS700025:/, remedy: /secret clear/ },
  "client-certificate-unknown": {
    message: /AADSTS700027: The certificate .* is not registered/,
    remedy: /\.cer file/,
  },
  "client-certificate-expired": { message: /key used is expired/, remedy: /cert new/ },
  "client-clock-wrong": { message: /AADSTS700024/, remedy: /date, time and time zone/ },
  "consent-missing": { message: /AADSTS65001/, remedy: /consent|accept/i },
  "grant-revoked": { message: /AADSTS50173/, remedy: /login/, retry: "after-login" },
  "grant-idle": { message: /AADSTS700082/, remedy: /login/, retry: "after-login" },
  "mfa-needed": { message: /AADSTS50076/, remedy: /login/, retry: "after-login" },
  "conditional-access": { message: /AADSTS53003/, remedy: /admin|polic/i },
  "token-throttled": { message: /AADSTS90055/, remedy: /17 seconds/, retry: "later" },
  "token-down": { message: /HTTP 503/, retry: "later" },
  "token-slow": { message: /no answer from localhost:\d+ within 30 seconds/, retry: "later" },
  "bad-token-answer": { message: /HTTP 200 \(text\/html\)/, remedy: /proxy/, retry: "never" },
};

const OTHERS: { readonly [Name in FaultName]?: (scene: Scene) => Promise<void> } = {
  "wrong-audience": async (scene) => {
    assertDone(await scene.login());
    assertFailure(await scene.send(), "wrong-audience", {
      message: /535 5\.7\.3/,
      remedy: /Graph/,
      outcome: "failed",
    });
  },
  "no-refresh-token": async (scene) => {
    const login = await scene.login();
    assertDone(login);
    const codes = JSON.parse(login.stdout).warnings.map(({ code }: { code: string }) => code);
    assert.deepEqual(codes, ["no_refresh_token"]);
    assertFailure(await scene.program.run(["refresh", "--json"]), "no-refresh-token", {
      message: /no refresh token/,
      remedy: /offline_access/,
    });
    scene.sandbox.clear();
    assertDone(await scene.login());
  },
};

Deno.test("every fault of the token endpoint reads as the catalogue of faults says", async (t) => {
  const faults = FAULTS.filter(({ where }) => where === "token" || where === "refresh");
  const untested = faults.filter(({ name }) => (REFUSED[name] ?? OTHERS[name]) === undefined);
  assert.deepEqual(untested, []);
  // It takes half a minute of waiting, beside the others.
  await using patient = await openScene();
  assertDone(await patient.login());
  patient.sandbox.plant("token-slow");
  const slow = patient.program.run(["refresh", "--json"]);

  await using scene = await openScene();
  assertDone(await scene.login());
  for (const { name, where } of faults) {
    await t.step(name, async () => {
      const expected = REFUSED[name];
      if (name === "token-slow") return assertFailure(await slow, name, REFUSED[name] ?? fail());
      // What the fault before has left is told again, and for a while without asking.
      assertDone(await scene.login());
      using _ = planted(scene, name);
      if (expected === undefined) await OTHERS[name]?.(scene);
      else {
        assertFailure(await scene.program.run(["refresh", "--json"]), name, expected);
        // The planted fault ends the access token, so that the next mail meets it as well; a provider that wants to be
        // left alone is.
        const { remedy = /./ } = expected;
        const told = name === "token-throttled" ? /again after 20\d\d-.*Z/ : remedy;
        assertFailure(await scene.send(), name, { ...expected, remedy: told, outcome: "failed" });
        if (where === "token") assertFailure(await scene.login(), name, expected);
      }
    });
  }
  await t.step("afterwards all is well again", async () => {
    assertDone(await scene.login());
    assertDone(await scene.send());
  });
});

function fail(): never {
  throw new Error("the table has no such row");
}

Deno.test("an app with a client secret is told when it is missing, wrong or expired", async () => {
  await using scene = await openScene({ clientSecret: "sandbox~right-secret-of-the-app" });
  assertFailure(await scene.login(), "secret-missing", { message: /AADSTS7000218/ });
  const set = (stdin: string) => scene.program.run(["secret", "set"], { stdin });
  assertDone(await set("sandbox~wrong-secret-of-the-app"));
  assertFailure(await scene.login(), "secret-wrong", { message: /AADSTS7000215/ });
  assertDone(await set("sandbox~right-secret-of-the-app"));
  assertDone(await scene.login());
  scene.sandbox.plant("secret-expired", { after: 1 });
  assertDone(await scene.send());
  assertFailure(await scene.send(), "secret-expired", { message: /AADSTS7000222/ });
});
