// Patience with a provider in trouble: how often it is asked, how long a mail waits, what is stored of it, and what
// never is.

import assert from "node:assert/strict";
import { Failure } from "../../src/base/failure.ts";
import { Vault } from "../../src/vault/vault.ts";
import { nextWaitMs } from "../../src/vault/renewal.ts";
import { type TokenRequest, tokens } from "../oauth/token_server.ts";
import { isFailure, testSettings } from "./fixtures.ts";
import { EXPIRED_MS, IN_MARGIN_MS, withGrant } from "./scene.ts";

const HOUR_MS = 3_600_000;

function refusal(error: string, description: string, status = 400): Response {
  return Response.json({ error, error_description: description }, { status });
}

Deno.test("pains 19: a short fault of the provider is waited out, and costs neither the mail nor the sign-in", async () => {
  const faults: readonly (() => Response)[] = [
    () => new Response("", { status: 500 }),
    () => new Response("<html>", { status: 502, headers: { "content-type": "text/html" } }),
    () => new Response("", { status: 503, headers: { "retry-after": "2" } }),
    () => new Response("", { status: 504 }),
    () => refusal("temporarily_unavailable", "AADSTS90033: a transient error has occurred"),
    // The number is right even where the name of the error is not.
    () => refusal("invalid_grant", "AADSTS90033: a transient error has occurred"),
    () => refusal("invalid_request", "AADSTS90024: RequestBudgetExceededError"),
  ];
  for (const fault of faults) {
    const answer = (_: TokenRequest, count = ++asked): Response => count < 3 ? fault() : tokens();
    let asked = 0;
    await withGrant({ nowMs: EXPIRED_MS, answer: (request) => answer(request) }, async (scene) => {
      assert.equal((await scene.ask()).accessToken, "access-token-1");
      assert.equal(scene.server.requests.length, 3);
      assert.equal(scene.clock.waitsMs.length, 2);
      const stored = await scene.stored();
      assert.equal(stored?.askAgainAtMs, undefined);
      assert.equal(stored?.refusedAtMs, undefined);
    });
  }
});

Deno.test("usableGrant() asks less and less often, gives up after five seconds, and refresh after ten", async () => {
  const answer = (): Response => new Response("", { status: 503 });
  for (const isForced of [false, true]) {
    await withGrant({ nowMs: EXPIRED_MS, answer }, async ({ ask, clock, server }) => {
      await assert.rejects(ask({ isForced }), isFailure("oauth.temporary", /HTTP 503/));
      const most = isForced ? 10_000 : 5_000;
      const sum = clock.waitsMs.reduce((all, one) => all + one, 0);
      assert.ok(sum <= most, `${sum}`);
      // The next wait would have been at most 6 seconds, and did not fit.
      assert.ok(sum > most - 6_000 && clock.waitsMs.length >= 2, `${clock.waitsMs}`);
      assert.equal(server.requests.length, clock.waitsMs.length + 1);
    });
  }
});

Deno.test("nextWaitMs() doubles to a limit, by chance between half and one and a half of it", () => {
  const waits = (random: number): readonly number[] =>
    [0, 1, 2, 3, 4, 9].map((count) => nextWaitMs(count, { pauseMs: undefined, random }));
  assert.deepEqual(waits(0), [250, 500, 1000, 2000, 2000, 2000]);
  assert.deepEqual(waits(0.5), [500, 1000, 2000, 4000, 4000, 4000]);
  assert.deepEqual(waits(1), [750, 1500, 3000, 6000, 6000, 6000]);
  // Never sooner than the provider wants, and not all at once then.
  assert.equal(nextWaitMs(5, { pauseMs: 2000, random: 0 }), 2000);
  assert.equal(nextWaitMs(5, { pauseMs: 2000, random: 0.5 }), 2250);
});

Deno.test("a Retry-After beyond the patience is stored, and told to the next without asking", async () => {
  let isDown = true;
  const answer = (): Response =>
    isDown
      ? Response.json(
        { error: "temporarily_unavailable", error_description: "AADSTS90055: busy" },
        {
          status: 429,
          headers: { "retry-after": "120" },
        },
      )
      : tokens();
  await withGrant({ nowMs: EXPIRED_MS, answer }, async ({ ask, clock, server, stored }) => {
    await assert.rejects(ask(), isFailure("oauth.temporary", /AADSTS90055: busy/, /120 seconds/));
    assert.deepEqual(clock.waitsMs, [], "there is no use in waiting less than it wants");
    assert.equal((await stored())?.askAgainAtMs, EXPIRED_MS + 120_000);
    const told = await ask().catch((thrown: unknown) => thrown);
    assert.ok(told instanceof Failure);
    assert.equal(told.exitCode, 75);
    assert.match(told.message, /AADSTS90055: busy \(.*from 1970-01-01T01:25:20\.000Z on/);
    assert.match(told.remedy ?? "", /after 1970-01-01T01:25:20\.000Z/);
    assert.equal(told.refusal?.kind === "oauth" && told.refusal.status, 429);
    assert.equal(server.requests.length, 1);
    // A person, or the task scheduler, asks all the same.
    await assert.rejects(ask({ isForced: true }), isFailure("oauth.temporary"));
    assert.equal(server.requests.length, 2);
    isDown = false;
    clock.nowMs = EXPIRED_MS + 240_000;
    await ask();
    const healed = await stored();
    assert.equal(healed?.askAgainAtMs, undefined);
    assert.equal(healed?.askAgainWith, undefined);
    assert.equal(healed?.refusal, undefined);
  });
});

Deno.test("a Retry-After that is a date is read by the provider's own clock", async () => {
  // This PC is two hours ahead of the provider.
  const date = new Date(EXPIRED_MS - 2 * HOUR_MS).toUTCString();
  const until = new Date(EXPIRED_MS - 2 * HOUR_MS + 300_000).toUTCString();
  const answer = (): Response =>
    new Response("", { status: 503, headers: { date, "retry-after": until } });
  await withGrant({ nowMs: EXPIRED_MS, answer }, async ({ ask, stored }) => {
    await assert.rejects(ask(), isFailure("oauth.temporary"));
    assert.equal((await stored())?.askAgainAtMs, EXPIRED_MS + 300_000);
  });
});

Deno.test("a provider's absurd Retry-After, or a clock that was set back, holds nobody up for over an hour", async () => {
  let headers: Record<string, string> = { "retry-after": "99999999" };
  const answer = (): Response => new Response("", { status: 503, headers });
  await withGrant({ nowMs: EXPIRED_MS, answer }, async ({ ask, clock, server, stored }) => {
    await assert.rejects(ask(), isFailure("oauth.temporary"));
    assert.equal((await stored())?.askAgainAtMs, EXPIRED_MS + HOUR_MS);
    clock.nowMs = EXPIRED_MS - 1000; // now it is more than an hour away
    headers = {};
    await assert.rejects(ask(), isFailure("oauth.temporary"));
    assert.ok(server.requests.length > 1);
  });
});

Deno.test("of many that wait for a provider that is down one asks, and the others hear of it", async () => {
  const answer = (): Response => new Response("", { status: 503 });
  await withGrant({ nowMs: EXPIRED_MS, answer }, async ({ ask, clock, server }) => {
    const failures = await Promise.all(
      Array.from({ length: 20 }, () => ask().catch((thrown: unknown) => thrown)),
    );
    assert.ok(
      failures.every((failure) => failure instanceof Failure && failure.exitCode === 75),
    );
    assert.equal(server.requests.length, clock.waitsMs.length + 1, "more than one has asked");
    assert.ok(clock.nowMs - EXPIRED_MS <= 5_500, "they waited one after the other");
  });
});

Deno.test("Ctrl-C ends the waiting at once, and lets a request under way end", async () => {
  const interrupted = new Failure("interrupted", "interrupted by Ctrl-C");
  const down = (): Response => {
    stop.abort(interrupted);
    return new Response("", { status: 503 });
  };
  let stop = new AbortController();
  await withGrant({ nowMs: EXPIRED_MS, answer: down }, async ({ ask, server, stored }) => {
    const before = await stored();
    await assert.rejects(ask({ signal: stop.signal }), isFailure("interrupted"));
    assert.equal(server.requests.length, 1);
    assert.deepEqual(await stored(), before);
    await assert.rejects(ask({ signal: stop.signal }), isFailure("interrupted"));
    assert.equal(server.requests.length, 1, "it asked though it was interrupted before");
  });
  stop = new AbortController();
  const rotated = (): Response => {
    stop.abort(interrupted);
    return tokens({ refresh_token: "refresh-token-1" });
  };
  await withGrant({ nowMs: EXPIRED_MS, answer: rotated }, async ({ ask, stored }) => {
    await ask({ signal: stop.signal });
    assert.equal((await stored())?.refreshToken, "refresh-token-1");
  });
});

Deno.test("nobody waits for a provider when the mail server cannot be reached", async () => {
  const inVain = new AbortController();
  const answer = (): Response => {
    inVain.abort(new Failure("net.unreachable", "the mail server"));
    return new Response("", { status: 503 });
  };
  await withGrant({ nowMs: EXPIRED_MS, answer }, async ({ ask, server }) => {
    await assert.rejects(ask({ inVain: inVain.signal }), isFailure("oauth.temporary"));
    assert.equal(server.requests.length, 1);
  });
});

Deno.test("a mail does not wait for a renewal ahead of need, which goes on and is stored", async () => {
  const [asked, answered] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const answer = async (): Promise<Response> => {
    asked.resolve();
    await answered.promise;
    return tokens({ refresh_token: "refresh-token-1" });
  };
  const sleep = (): Promise<void> => asked.promise;
  await withGrant({ nowMs: IN_MARGIN_MS, answer, sleep }, async ({ ask, stored }) => {
    const later: Promise<unknown>[] = [];
    const grant = await ask({ finishLater: (work) => void later.push(work) });
    assert.equal(grant.accessToken, "access-token-0", "it waited");
    assert.equal(later.length, 1);
    answered.resolve();
    await Promise.all(later);
    assert.equal((await stored())?.refreshToken, "refresh-token-1");
  });
});

Deno.test("a dead sign-in is not asked for at every mail, and the clock cannot lock it out", async () => {
  const answer = (): Response => refusal("invalid_grant", "AADSTS50173: revoked");
  await withGrant({ nowMs: EXPIRED_MS, answer }, async ({ ask, clock, server }) => {
    await assert.rejects(ask(), isFailure("oauth.grant_expired", /AADSTS50173/));
    for (const afterMs of [1, 60_000, 599_999]) {
      clock.nowMs = EXPIRED_MS + afterMs;
      const told = await ask().catch((thrown: unknown) => thrown);
      assert.ok(told instanceof Failure);
      assert.equal(told.exitCode, 77);
      assert.match(
        told.message,
        /AADSTS50173: revoked \(that was at 1970-01-01T01:23:20\.000Z; .* from 1970-01-01T01:33:20\.000Z on, or at once by "plantpost refresh"\)$/,
      );
      assert.equal(told.refusal?.kind, "oauth", "the catalogue finds no remedy");
    }
    assert.equal(server.requests.length, 1);
    await assert.rejects(ask({ isForced: true }), isFailure("oauth.grant_expired"));
    assert.equal(server.requests.length, 2);
    clock.nowMs = EXPIRED_MS + 2 * HOUR_MS;
    await assert.rejects(ask(), isFailure("oauth.grant_expired"));
    assert.equal(server.requests.length, 3);
    clock.nowMs = EXPIRED_MS;
    await assert.rejects(ask(), isFailure("oauth.grant_expired"));
    assert.equal(server.requests.length, 4, "a refusal of the future holds nothing");
  });
});

Deno.test("pains 14: a token that dies early keeps its tokens, its date and the provider's reason", async () => {
  const codes = ["AADSTS70043", "AADSTS50076", "AADSTS50078", "AADSTS50173", "AADSTS53003"];
  for (const code of codes) {
    const answer = (): Response => refusal("invalid_grant", `${code}: the words of the provider`);
    await withGrant({ nowMs: EXPIRED_MS, answer }, async ({ ask, stored }) => {
      const before = await stored();
      await assert.rejects(ask(), isFailure("oauth.grant_expired", new RegExp(code)));
      const { refusedAtMs, refusedWith, refusal: said, ...kept } = await stored() ?? {};
      assert.equal(refusedAtMs, EXPIRED_MS);
      assert.match(refusedWith ?? "", new RegExp(`${code}: the words of the provider`));
      assert.equal(said?.kind === "oauth" && said.error, "invalid_grant");
      assert.deepEqual(kept, before);
    });
  }
});

Deno.test("pains 4: the refresh token of every answer is the one of the next request", async () => {
  let count = 0;
  const answer = (): Response => tokens({ refresh_token: `refresh-token-${++count}` });
  await withGrant({ nowMs: EXPIRED_MS, answer }, async ({ ask, clock, server, stored }) => {
    for (let day = 0; day < 100; day++) {
      clock.nowMs += 24 * HOUR_MS;
      await ask();
    }
    const sent = server.requests.map((request) => request.fields.get("refresh_token"));
    assert.deepEqual(sent, Array.from({ length: 100 }, (_, at) => `refresh-token-${at}`));
    assert.equal((await stored())?.refreshToken, "refresh-token-100");
    assert.equal((await stored())?.refreshTokenLastUsedAtMs, clock.nowMs);
  });
});

Deno.test("a mail does not wait for another process that renews ahead of need", async () => {
  const sleep = (): Promise<void> => Promise.resolve();
  await withGrant({ nowMs: IN_MARGIN_MS, sleep }, async ({ ask, folder, server, world }) => {
    const [locked, done] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const other = new Vault(testSettings(folder), world).update(async () => {
      locked.resolve();
      await done.promise;
    });
    await locked.promise;
    const later: Promise<unknown>[] = [];
    const grant = await ask({ finishLater: (work) => void later.push(work) });
    assert.equal(grant.accessToken, "access-token-0");
    await Promise.all(later); // they end although the vault is still held
    done.resolve();
    await other;
    assert.equal(server.requests.length, 0);
  });
});
