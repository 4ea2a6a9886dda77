// A profile that names an issuer: the token endpoint that was found is kept with the grant, asked for again only when
// it is gone, and the grant lives through the move.

import assert from "node:assert/strict";
import { secretsOf, withSecrets } from "../../src/vault/content.ts";
import { usableGrant } from "../../src/vault/access.ts";
import type { Grant } from "../../src/vault/content.ts";
import { isFailure, testGrant, testProfile, testWorld } from "./fixtures.ts";
import { memoryVault } from "./years/memory_vault.ts";
import { tokens } from "../oauth/token_server.ts";
import { EXPIRED_MS } from "./scene.ts";

const ISSUER = "https://login.example";

interface Issuer {
  /** Where its metadata says that the token endpoint is. */
  tokenPath: string;
  /** What others than that answer. */
  elsewhere: () => Response;
  isDown: boolean;
  readonly asked: string[];
}

async function withIssuer(
  stored: Partial<Grant>,
  body: (at: {
    readonly issuer: Issuer;
    readonly ask: () => Promise<Grant>;
    readonly grant: () => Grant | undefined;
  }) => Promise<void>,
): Promise<void> {
  const issuer: Issuer = {
    tokenPath: "/token",
    elsewhere: () => new Response("gone", { status: 404 }),
    isDown: false,
    asked: [],
  };
  const fetchIssuer: typeof fetch = (input) => {
    const { pathname } = new URL(String(input));
    issuer.asked.push(pathname);
    if (pathname === "/.well-known/openid-configuration") {
      const metadata = { issuer: ISSUER, token_endpoint: `${ISSUER}${issuer.tokenPath}` };
      return Promise.resolve(
        issuer.isDown ? new Response("", { status: 503 }) : Response.json(metadata),
      );
    }
    return Promise.resolve(pathname === issuer.tokenPath ? tokens() : issuer.elsewhere());
  };
  const { oauth: { tokenEndpoint: _none, ...oauth }, ...rest } = testProfile();
  const profile = { ...rest, oauth: { ...oauth, issuer: ISSUER } };
  const vault = memoryVault();
  const before = testGrant(profile, stored);
  vault.content = withSecrets(vault.content, profile.name, { grant: before });
  const world = testWorld({ nowMs: () => EXPIRED_MS, fetch: fetchIssuer });
  await body({
    issuer,
    ask: async () => await usableGrant(profile, profile.oauth, { vault, world }),
    grant: () => secretsOf(vault.content, profile.name).grant,
  });
}

const DISCOVERY = "/.well-known/openid-configuration";

Deno.test("a refresh takes the token endpoint that was found at the sign-in, and asks for no other", async () => {
  await withIssuer({ tokenEndpoint: `${ISSUER}/token` }, async ({ ask, grant, issuer }) => {
    await ask();
    assert.deepEqual(issuer.asked, ["/token"]);
    assert.equal(grant()?.tokenEndpoint, `${ISSUER}/token`);
  });
});

Deno.test("a refresh finds the token endpoint where the grant has none, and keeps it", async () => {
  await withIssuer({}, async ({ ask, grant, issuer }) => {
    await ask();
    assert.deepEqual(issuer.asked, [DISCOVERY, "/token"]);
    assert.equal(grant()?.tokenEndpoint, `${ISSUER}/token`);
  });
});

Deno.test("a token endpoint that answers 404 or 410 is looked up anew, and the refresh goes on", async () => {
  for (const status of [404, 410]) {
    await withIssuer({ tokenEndpoint: `${ISSUER}/old` }, async ({ ask, grant, issuer }) => {
      issuer.elsewhere = () => new Response("gone", { status });
      assert.equal((await ask()).accessToken, "access-token-1");
      assert.deepEqual(issuer.asked, ["/old", DISCOVERY, "/token"]);
      assert.equal(grant()?.tokenEndpoint, `${ISSUER}/token`);
    });
  }
});

Deno.test("a token endpoint that is gone costs no grant while the issuer is down, or knows no other", async () => {
  await withIssuer({ tokenEndpoint: `${ISSUER}/old` }, async ({ ask, grant, issuer }) => {
    issuer.isDown = true;
    await assert.rejects(
      ask(),
      isFailure("oauth.temporary", /openid-configuration answered HTTP 503/),
    );
    assert.equal(grant()?.refusedAtMs, undefined);
    assert.equal(grant()?.refreshToken, "refresh-token-0");
  });
  await withIssuer({ tokenEndpoint: `${ISSUER}/old` }, async ({ ask, issuer }) => {
    issuer.tokenPath = "/token";
    issuer.elsewhere = () => new Response("no", { status: 400 });
    await assert.rejects(ask(), isFailure("oauth.protocol", /HTTP 400/));
    assert.deepEqual(issuer.asked, ["/old"], "another answer says nothing of a move");
  });
});
