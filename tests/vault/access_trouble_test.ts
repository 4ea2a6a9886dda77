// The refresh when provider, network, clock or disk are in trouble: nothing that is stored gets lost.

import assert from "node:assert/strict";
import type { Grant } from "../../src/vault/content.ts";
import { type TokenRequest, tokens } from "../oauth/token_server.ts";
import { isFailure } from "./fixtures.ts";
import { EXPIRED_MS, IN_MARGIN_MS, withGrant } from "./scene.ts";

Deno.test("usableGrant() takes what a careless provider leaves empty as not given", async () => {
  const careless = (): Response =>
    tokens({ refresh_token: "", scope: null, expires_in: null, id_token: null });
  await withGrant({ nowMs: EXPIRED_MS, answer: careless }, async ({ ask }) => {
    const grant = await ask();
    assert.equal(grant.refreshToken, "refresh-token-0");
    assert.equal(grant.scope, "s");
    assert.equal(grant.accessTokenExpiresAtMs, undefined);
  });
});

Deno.test("usableGrant() keeps the refresh token whatever stands in the ID token", async () => {
  const claims = (payload: unknown): string => `e30.${btoa(JSON.stringify(payload))}.`;
  const idTokens = [
    claims({ iat: 1, exp: 2, nbf: 9e12, iss: "https://elsewhere", email: "who@x.example" }),
    claims({ iat: "yesterday", exp: null, aud: [], preferred_username: "who@x.example" }),
    claims([]),
    "no.JWT",
    "",
    7,
  ];
  for (const idToken of idTokens) {
    const answer = (): Response => tokens({ refresh_token: "refresh-token-1", id_token: idToken });
    await withGrant({ nowMs: EXPIRED_MS, answer }, async ({ ask, stored }) => {
      const { account } = await ask();
      assert.ok(account === undefined || account === "who@x.example", account);
      assert.equal((await stored())?.refreshToken, "refresh-token-1");
    });
  }
});

Deno.test("usableGrant() refreshes after the clock was set back, once", async () => {
  await withGrant({ nowMs: 500_000 }, async ({ ask, server }) => {
    assert.equal((await ask()).accessToken, "access-token-1");
    await ask();
    assert.equal(server.requests.length, 1);
  });
});

Deno.test("usableGrant() keeps the grant and uses the still valid token while the provider is in trouble", async () => {
  const troubles: readonly ((request: TokenRequest) => Response)[] = [
    () => new Response("", { status: 500 }),
    () =>
      new Response("<html>Service unavailable</html>", {
        status: 503,
        headers: { "content-type": "text/html" },
      }),
    () => Response.json({ error: "invalid_grant" }, { status: 503 }),
    () => Response.json({ error: "temporarily_unavailable" }, { status: 400 }),
    () => new Response("slow down", { status: 429 }),
  ];
  for (const answer of troubles) {
    await withGrant({ nowMs: IN_MARGIN_MS, answer }, async ({ ask, server, stored, clock }) => {
      const before = await stored();
      assert.equal((await ask()).accessToken, "access-token-0");
      assert.equal(server.requests.length, 1);
      assert.deepEqual(await stored(), before);
      assert.deepEqual(clock.waitsMs, [], "a mail waited though its token was good");
      await assert.rejects(
        ask({ isForced: true }),
        isFailure("oauth.temporary"),
      );
      await assert.rejects(ask({ refused: "access-token-0" }), isFailure("oauth.temporary"));
      clock.nowMs = EXPIRED_MS;
      await assert.rejects(ask(), isFailure("oauth.temporary"));
      assert.deepEqual(withoutPause(await stored()), before);
    });
  }
});

Deno.test("usableGrant() does the same when the network fails, in the middle of an answer as well", async () => {
  for (const where of ["nobody", "reset", "body"] as const) {
    await using broken = breakingServer(where);
    const tokenEndpoint = broken.endpoint;
    await withGrant(
      { nowMs: IN_MARGIN_MS, oauth: { tokenEndpoint } },
      async ({ ask, stored, clock }) => {
        const before = await stored();
        assert.equal((await ask()).accessToken, "access-token-0");
        clock.nowMs = EXPIRED_MS;
        await assert.rejects(
          ask(),
          isFailure("net.unreachable", /cannot reach 127\.0\.0\.1/),
          where,
        );
        assert.deepEqual(withoutPause(await stored()), before);
      },
    );
  }
});

Deno.test("usableGrant() marks a grant that was refused, keeps its tokens, and unmarks it on success", async () => {
  let isRefusing = true;
  const answer = (): Response =>
    isRefusing
      ? Response.json(
        { error: "invalid_grant", error_description: "AADSTS700082: expired by inactivity" },
        { status: 400 },
      )
      : tokens();
  await withGrant({ nowMs: EXPIRED_MS, answer }, async ({ ask, stored, clock }) => {
    await assert.rejects(ask(), isFailure("oauth.grant_expired", /AADSTS700082/));
    const marked = await stored();
    assert.equal(marked?.refusedAtMs, EXPIRED_MS);
    assert.match(marked.refusedWith ?? "", /AADSTS700082/);
    assert.equal(marked.refreshToken, "refresh-token-0");
    assert.equal(marked.accessToken, "access-token-0");
    isRefusing = false;
    clock.nowMs += 600_000;
    await ask();
    const healed = await stored();
    assert.equal(healed?.refusedAtMs, undefined);
    assert.equal(healed?.refusedWith, undefined);
  });
});

Deno.test("usableGrant() changes nothing when the client is refused", async () => {
  const answer = (): Response =>
    Response.json(
      { error: "invalid_client", error_description: "AADSTS7000222: expired keys" },
      { status: 401, headers: { "www-authenticate": "Basic" } },
    );
  await withGrant({ nowMs: EXPIRED_MS, answer }, async ({ ask, stored }) => {
    const before = await stored();
    await assert.rejects(
      ask(),
      isFailure("oauth.client_refused", /AADSTS7000222/),
    );
    assert.deepEqual(await stored(), before);
  });
});

Deno.test("usableGrant() keeps the new tokens beside where the old file cannot be replaced", async () => {
  let path = "";
  // The rename fails when a folder stands in the way; the vault comes back when it is gone.
  const answer = async (): Promise<Response> => {
    await Deno.rename(path, `${path}.away`);
    await Deno.mkdir(path);
    return tokens({ refresh_token: "refresh-token-1" });
  };
  await withGrant({ nowMs: EXPIRED_MS, answer }, async ({ ask, vault, stored }) => {
    path = vault.path;
    await assert.rejects(ask(), isFailure("file.io", /cannot write .*vault\.json/));
    await Deno.remove(path);
    await Deno.rename(`${path}.away`, path);
    assert.equal((await stored())?.refreshToken, "refresh-token-0");
    assert.equal((await ask()).refreshToken, "refresh-token-1");
  });
});

/** All but what says that nobody need ask again in the next moments. */
function withoutPause(grant: Grant | undefined): Partial<Grant> {
  const { askAgainAtMs, askAgainWith, refusal: _refusal, ...others } = grant ?? {};
  assert.ok(askAgainAtMs !== undefined && askAgainWith !== undefined);
  return others;
}

// Not there at all, gone without a word, or gone in the middle of the body.
function breakingServer(
  where: "nobody" | "reset" | "body",
): AsyncDisposable & { readonly endpoint: string } {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const endpoint = `http://127.0.0.1:${listener.addr.port}/token`;
  if (where === "nobody") listener.close();
  async function serve(): Promise<void> {
    for await (const connection of listener) {
      await connection.read(new Uint8Array(4096));
      const head =
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{";
      if (where === "body") await connection.write(new TextEncoder().encode(head));
      connection.close();
    }
  }
  const done = where === "nobody" ? Promise.resolve() : serve();
  return {
    endpoint,
    async [Symbol.asyncDispose](): Promise<void> {
      if (where !== "nobody") listener.close();
      await done;
    },
  };
}
