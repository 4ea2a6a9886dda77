// Flow `app`: nobody signs in, and the token is fetched where there is none. What holds for a refresh holds here.

import assert from "node:assert/strict";
import { Failure } from "../../src/base/failure.ts";
import type { OauthProfile } from "../../src/profile/profile.ts";
import { EMPTY_VAULT, secretsOf, withSecrets } from "../../src/vault/content.ts";
import { type TokenRequest, tokens } from "../oauth/token_server.ts";
import { isFailure, testGrant } from "./fixtures.ts";
import { EXPIRED_MS, FRESH_MS, type Scene, withGrant } from "./scene.ts";

const APP: Partial<OauthProfile> = {
  flow: "app",
  clientSecret: { from: "profile", value: "the~secret" },
  scope: "https://outlook.office365.com/.default",
};

/** The scene of an app that has no token yet. */
async function withApp(
  setting: Parameters<typeof withGrant>[0],
  body: (scene: Scene) => Promise<void>,
): Promise<void> {
  await withGrant({ ...setting, oauth: { ...APP, ...setting.oauth } }, async (scene) => {
    await scene.vault.update(async (_, save) => await save(EMPTY_VAULT));
    await body(scene);
  });
}

Deno.test("an app's token is fetched when there is none, kept without refresh token, and fetched again", async () => {
  const answer = (_: TokenRequest): Response =>
    tokens({ access_token: `app-token-${++count}`, refresh_token: "none to keep" });
  let count = 0;
  await withApp({ nowMs: FRESH_MS, answer }, async ({ ask, clock, server, stored, world }) => {
    const grant = await ask();
    assert.equal(grant.accessToken, "app-token-1");
    assert.equal(grant.scope, "https://outlook.office365.com/.default");
    assert.equal(grant.refreshToken, undefined);
    assert.deepEqual(await stored(), grant);
    assert.ok(world.secrets.includes("app-token-1"));
    assert.deepEqual(Object.fromEntries(server.requests[0]?.fields ?? []), {
      grant_type: "client_credentials",
      scope: "https://outlook.office365.com/.default",
      client_id: "11111111-2222-3333-4444-555555555555",
      client_secret: "the~secret",
    });
    assert.equal((await ask()).accessToken, "app-token-1");
    assert.equal((await ask({ isForced: true })).accessToken, "app-token-2");
    clock.nowMs += 3_600_000;
    assert.equal((await ask()).accessToken, "app-token-3");
    assert.equal((await ask({ refused: "app-token-3" })).accessToken, "app-token-4");
    assert.equal(server.requests.length, 4);
  });
});

Deno.test("an app without a scope sends none", async () => {
  await withApp({ nowMs: FRESH_MS, oauth: { scope: "" } }, async ({ ask, server }) => {
    await ask();
    assert.equal(server.requests[0]?.fields.has("scope"), false);
  });
});

Deno.test("an app with nothing to prove itself says how it gets something, and asks nobody", async () => {
  const oauth = { clientSecret: { from: "vault" } } as const;
  await withApp({ nowMs: FRESH_MS, oauth }, async ({ ask, server }) => {
    await assert.rejects(
      ask(),
      isFailure(
        "oauth.secret_missing",
        /neither a certificate nor a client secret/,
        /plantpost cert new.*plantpost secret set/,
      ),
    );
    assert.equal(server.requests.length, 0);
  });
});

Deno.test("an app takes neither a person's token nor one for other settings, and overwrites both", async () => {
  await withApp({ nowMs: FRESH_MS }, async ({ ask, profile, stored, vault }) => {
    const persons = testGrant(profile);
    const others = testGrant({ ...profile, smtp: { ...profile.smtp, host: "smtp.elsewhere" } });
    for (const grant of [persons, others]) {
      await vault.update(async (content, save) =>
        await save(withSecrets(content, profile.name, { grant }))
      );
      assert.equal((await ask()).accessToken, "access-token-1");
      assert.equal((await stored())?.refreshToken, undefined);
      assert.deepEqual((await stored())?.binding.smtpHost, profile.smtp.host);
    }
  });
});

Deno.test("fifty that want an app's first token at once fetch exactly one", async () => {
  await withApp({ nowMs: FRESH_MS }, async ({ ask, server }) => {
    const grants = await Promise.all(Array.from({ length: 50 }, () => ask()));
    assert.ok(grants.every(({ accessToken }) => accessToken === "access-token-1"));
    assert.equal(server.requests.length, 1);
  });
});

Deno.test("an app's refused credential, and a provider that is down, end with their own codes", async () => {
  let answer = (): Response =>
    Response.json({ error: "invalid_client", error_description: "AADSTS7000222: expired" }, {
      status: 401,
    });
  await withApp({ nowMs: EXPIRED_MS, answer: () => answer() }, async ({ ask, clock, vault }) => {
    const endOf = async (options: Parameters<typeof ask>[0]): Promise<number | undefined> => {
      const failure = await ask(options).catch((thrown: unknown) => thrown);
      return failure instanceof Failure ? failure.exitCode : undefined;
    };
    for (const isForced of [false, true]) assert.equal(await endOf({ isForced }), 77);
    answer = () => new Response("", { status: 503 });
    for (const isForced of [false, true]) assert.equal(await endOf({ isForced }), 75);
    assert.deepEqual(secretsOf(await vault.read(), "plant"), {});
    answer = () => tokens();
    assert.equal(await endOf({}), undefined);
    clock.nowMs += 3_600_000;
    answer = () => new Response("", { status: 503 });
    assert.equal(await endOf({}), 75);
    assert.equal(secretsOf(await vault.read(), "plant").grant?.accessToken, "access-token-1");
  });
});
