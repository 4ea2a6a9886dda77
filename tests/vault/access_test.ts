import assert from "node:assert/strict";
import { joinPath } from "../../src/base/paths.ts";

import { EMPTY_VAULT, secretsOf, withSecrets } from "../../src/vault/content.ts";
import { isFresh, newGrant } from "../../src/vault/grant.ts";
import { type TokenRequest, tokens } from "../oauth/token_server.ts";
import { until } from "../peers/wait.ts";
import { isFailure, PLATFORM, spawnChild, testGrant, testProfile } from "./fixtures.ts";
import { EXPIRED_MS, FRESH_MS, IN_MARGIN_MS, withGrant } from "./scene.ts";

const HOUR_MS = 3_600_000;

Deno.test("isFresh() renews in the last eleven minutes, or the last quarter of a short life", () => {
  const grant = testGrant(testProfile());
  assert.ok(isFresh(grant, 1_000_000));
  assert.ok(isFresh(grant, 3_939_999));
  assert.ok(!isFresh(grant, 3_940_000));
  assert.ok(!isFresh(grant, 4_600_000));
  const short = { ...grant, accessTokenExpiresAtMs: 1_060_000 };
  assert.ok(isFresh(short, 1_044_999));
  assert.ok(!isFresh(short, 1_045_000));
  // With the clock set back nobody knows how much of its life is over.
  assert.ok(!isFresh(grant, 999_999));
  const { accessTokenExpiresAtMs: _end, ...endless } = grant;
  assert.ok(isFresh(endless, 9e12));
});

Deno.test("isFresh() renews earlier by chance, by half of that at most, and draws no lot before", () => {
  const grant = testGrant(testProfile());
  const undrawn = (): number => assert.fail("a lot was drawn");
  assert.ok(isFresh(grant, 3_609_999, undrawn));
  assert.ok(isFresh(grant, 3_610_000, () => 0.99));
  assert.ok(!isFresh(grant, 3_610_001, () => 1));
  const lots = [0, 0.25, 0.5, 0.75];
  // The later it is, the more of forty PCs ask.
  const asking = [3_620_000, 3_700_000, 3_800_000, 3_900_000, 3_940_000].map((nowMs) =>
    lots.filter((lot) => !isFresh(grant, nowMs, () => lot)).length
  );
  assert.deepEqual(asking, [0, 1, 2, 3, 4]);
});

Deno.test("newGrant() keeps what the sign-in gave and leaves out what it did not", () => {
  const profile = testProfile();
  const full = newGrant(
    profile,
    { accessToken: "a", refreshToken: "r", expiresInSeconds: 60, scope: "granted", account: "x@y" },
    { nowMs: 5000, scope: "asked" },
  );
  assert.equal(full.accessTokenExpiresAtMs, 65_000);
  assert.equal(full.refreshTokenIssuedAtMs, 5000);
  assert.equal(full.scope, "granted");
  const bare = newGrant(profile, { accessToken: "a" }, { nowMs: 5000, scope: "asked" });
  assert.deepEqual(Object.keys(bare).sort(), [
    "accessToken",
    "accessTokenIssuedAtMs",
    "binding",
    "scope",
  ]);
  assert.equal(bare.scope, "asked");
});

Deno.test("usableGrant() gives a fresh token without asking anybody", async () => {
  await withGrant({ nowMs: FRESH_MS }, async ({ ask, server }) => {
    assert.equal((await ask()).accessToken, "access-token-0");
    assert.equal(server.requests.length, 0);
  });
});

Deno.test("usableGrant() refreshes an expired token and stores what came", async () => {
  await withGrant({ nowMs: EXPIRED_MS }, async ({ ask, server, stored, world }) => {
    const grant = await ask();
    assert.equal(grant.accessToken, "access-token-1");
    assert.equal(grant.accessTokenIssuedAtMs, EXPIRED_MS);
    assert.equal(grant.accessTokenExpiresAtMs, EXPIRED_MS + HOUR_MS);
    assert.equal(grant.refreshTokenLastUsedAtMs, EXPIRED_MS);
    // The answer carried no refresh token: the old one stays, with its age.
    assert.equal(grant.refreshToken, "refresh-token-0");
    assert.equal(grant.refreshTokenIssuedAtMs, 1_000_000);
    assert.deepEqual(await stored(), grant);
    const [request] = server.requests;
    assert.equal(request?.method, "POST");
    assert.match(request.contentType ?? "", /^application\/x-www-form-urlencoded/);
    assert.equal(request.authorization, null);
    assert.deepEqual(Object.fromEntries(request.fields), {
      grant_type: "refresh_token",
      refresh_token: "refresh-token-0",
      scope: "https://mail.example/SMTP.Send offline_access",
      client_id: "11111111-2222-3333-4444-555555555555",
    });
    for (const secret of ["access-token-0", "refresh-token-0", "access-token-1"]) {
      assert.ok(world.secrets.includes(secret), `${secret} is not kept secret`);
    }
    assert.equal((await ask()).accessToken, "access-token-1");
    assert.equal(server.requests.length, 1);
  });
});

Deno.test("usableGrant() sends the secret in the body or as HTTP Basic, whatever is in it", async () => {
  const secret = "a~b.c_d-e%f+g/h:é i&j=k";
  for (const clientAuth of ["post", "basic"] as const) {
    const oauth = { clientAuth, clientSecret: { from: "profile", value: secret } } as const;
    await withGrant({ nowMs: EXPIRED_MS, oauth }, async ({ ask, server, world }) => {
      await ask();
      const request = server.requests[0];
      assert.ok(request !== undefined);
      if (clientAuth === "post") {
        assert.equal(request.authorization, null);
        assert.equal(request.fields.get("client_secret"), secret);
        assert.equal(request.fields.get("client_id"), "11111111-2222-3333-4444-555555555555");
      } else {
        assert.equal(request.fields.get("client_secret"), null);
        // RFC 6749 §2.3.1: both are form-encoded before they are joined.
        const [id, value] = atob(request.authorization?.replace("Basic ", "") ?? "").split(":");
        assert.equal(new URLSearchParams(`id=${id}`).get("id"), testProfile().oauth.clientId);
        assert.equal(new URLSearchParams(`value=${value}`).get("value"), secret);
      }
      assert.ok(world.secrets.includes(secret));
    });
  }
});

Deno.test("usableGrant() takes the client secret from vault, environment or file", async () => {
  await withGrant({ nowMs: EXPIRED_MS }, async ({ ask, server, vault, profile, folder }) => {
    await vault.update(async (content, save) => {
      const binding = secretsOf(content, "plant").grant?.binding;
      assert.ok(binding !== undefined);
      const clientSecret = { binding, value: "from-the-vault", setAtMs: 1 };
      await save(withSecrets(content, "plant", { clientSecret }));
    });
    const path = joinPath(folder, "secret.txt", { platform: PLATFORM });
    await Deno.writeTextFile(path, "from-a-file\r\n");
    const sources = [
      { from: "vault" },
      { from: "env", name: "PLANTPOST_SECRET" },
      { from: "file", path },
    ] as const;
    for (const clientSecret of sources) {
      await ask({
        isForced: true,
        profile: { ...profile, oauth: { ...profile.oauth, clientSecret } },
      });
    }
    assert.deepEqual(
      server.requests.map((request) => request.fields.get("client_secret")),
      ["from-the-vault", "from-env", "from-a-file"],
    );
  });
});

Deno.test("usableGrant() says which client secret is missing and asks nobody", async () => {
  await withGrant({ nowMs: EXPIRED_MS }, async ({ ask, server, profile, folder }) => {
    const path = joinPath(folder, "none.txt", { platform: PLATFORM });
    const empty = joinPath(folder, "empty.txt", { platform: PLATFORM });
    await Deno.writeTextFile(empty, "\n");
    const cases = [
      [{ from: "env", name: "NOT_SET" }, "oauth.secret_missing", /NOT_SET is not set/],
      [{ from: "file", path }, "oauth.secret_missing", /none\.txt/],
      [{ from: "file", path: empty }, "oauth.secret_missing", /empty\.txt is empty/],
    ] as const;
    for (const [clientSecret, code, pattern] of cases) {
      const asked = ask({ profile: { ...profile, oauth: { ...profile.oauth, clientSecret } } });
      await assert.rejects(asked, isFailure(code, pattern), JSON.stringify(clientSecret));
    }
    // At Microsoft a GUID is never the secret; a provider of the plant's own may well issue one.
    const clientSecret = { from: "env", name: "SECRET_ID" } as const;
    const oauth = { ...profile.oauth, clientSecret };
    await assert.rejects(
      ask({ profile: { ...profile, provider: "microsoft365", oauth } }),
      isFailure("oauth.client_refused", /SECRET_ID: .*Secret ID/, /column Value/),
    );
    assert.equal(server.requests.length, 0);
  });
});

Deno.test("usableGrant() gets another token when a server refused this one, or when forced", async () => {
  await withGrant({ nowMs: FRESH_MS }, async ({ ask, server }) => {
    assert.equal((await ask({ refused: "access-token-0" })).accessToken, "access-token-1");
    // Somebody else's refusal of an older token costs nothing: the newer one is there.
    assert.equal((await ask({ refused: "access-token-0" })).accessToken, "access-token-1");
    assert.equal(server.requests.length, 1);
    await ask({ isForced: true });
    assert.equal(server.requests.length, 2);
  });
});

Deno.test("usableGrant() stores a rotated refresh token before anybody can use the access token", async () => {
  const rotated = (): Response => tokens({ refresh_token: "refresh-token-1" });
  await withGrant({ nowMs: EXPIRED_MS, answer: rotated }, async ({ ask, server, stored }) => {
    const grant = await ask();
    assert.equal(grant.refreshToken, "refresh-token-1");
    assert.equal(grant.refreshTokenIssuedAtMs, EXPIRED_MS);
    assert.deepEqual(await stored(), grant);
    await ask({ isForced: true });
    assert.equal(server.requests[1]?.fields.get("refresh_token"), "refresh-token-1");
  });
});

Deno.test("usableGrant() uses a token without a refresh token to its very end", async () => {
  await withGrant({ nowMs: IN_MARGIN_MS }, async ({ ask, vault, profile, server, clock }) => {
    const { refreshToken: _token, ...grant } = testGrant(profile);
    await vault.update(async (_, save) => await save(withSecrets(EMPTY_VAULT, "plant", { grant })));
    assert.equal((await ask()).accessToken, "access-token-0");
    clock.nowMs = EXPIRED_MS;
    await assert.rejects(ask(), isFailure("oauth.grant_expired", /offline_access/));
    assert.equal(server.requests.length, 0);
  });
});

Deno.test("usableGrant() asks nobody for a profile without a sign-in or with other settings", async () => {
  await withGrant({ nowMs: EXPIRED_MS }, async ({ ask, server, profile }) => {
    await assert.rejects(
      ask({ profile: { ...profile, name: "other" } }),
      isFailure("oauth.grant_missing", /profile "other"/, /plantpost login/),
    );
    const tokenEndpoint = `${profile.oauth.tokenEndpoint}/elsewhere`;
    await assert.rejects(
      ask({ profile: { ...profile, oauth: { ...profile.oauth, tokenEndpoint } } }),
      isFailure("vault.binding"),
    );
    assert.equal(server.requests.length, 0);
  });
});

Deno.test("usableGrant() of many processes at once refreshes exactly once", async () => {
  for (const count of [2, 10]) {
    let ready = 0;
    let current = "refresh-token-0";
    let wasReused = false;
    const answer = async (request: TokenRequest): Promise<Response> => {
      const given = request.fields.get("refresh_token");
      if (given === null) {
        ready++;
        return new Response("");
      }
      await until(() => ready === count, { what: "all processes", timeoutMs: 60_000 });
      // Rotation with reuse detection: whoever brings an old one loses the whole grant.
      wasReused ||= given !== current;
      if (wasReused) return Response.json({ error: "invalid_grant" }, { status: 400 });
      current = `refresh-token-${Number(given.split("-").at(-1)) + 1}`;
      return tokens({ refresh_token: current });
    };
    await withGrant({ nowMs: EXPIRED_MS, answer }, async ({ folder, server, profile, stored }) => {
      const { tokenEndpoint } = profile.oauth;
      const input = { folder, tokenEndpoint, readyUrl: tokenEndpoint };
      const children = Array.from(
        { length: count },
        () => spawnChild("./refreshing_child.ts", input),
      );
      for (const output of await Promise.all(children.map((child) => child.output()))) {
        assert.equal(output.code, 0, new TextDecoder().decode(output.stderr));
        assert.equal(new TextDecoder().decode(output.stdout), "access-token-1");
      }
      const refreshes = server.requests.filter((request) => request.fields.has("refresh_token"));
      assert.equal(refreshes.length, 1);
      assert.equal((await stored())?.refreshToken, "refresh-token-1");
    });
  }
});

Deno.test("usableGrant() asked many times at once in one process refreshes exactly once", async () => {
  await withGrant({ nowMs: EXPIRED_MS }, async ({ ask, server }) => {
    const grants = await Promise.all(Array.from({ length: 50 }, () => ask()));
    assert.ok(grants.every((grant) => grant.accessToken === "access-token-1"));
    assert.equal(server.requests.length, 1);
  });
});
