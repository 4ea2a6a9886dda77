// The PC's clock against the provider's: found, told, and never the reason why a token gets lost.

import assert from "node:assert/strict";
import { Failure } from "../../src/base/failure.ts";
import { clockWarning, skewOf, withClock } from "../../src/vault/clock.ts";
import { type TokenRequest, tokens } from "../oauth/token_server.ts";
import { isFailure } from "./fixtures.ts";
import { EXPIRED_MS, withGrant } from "./scene.ts";

const MINUTE_MS = 60_000;
const dated = (skewMs: number): { readonly headers: { readonly date: string } } => ({
  headers: { date: new Date(EXPIRED_MS - skewMs).toUTCString() },
});

Deno.test("skewOf() reads the provider's Date, and takes what an answer is under way for none", () => {
  const nowMs = Date.parse("2026-11-24T08:00:00Z");
  assert.equal(skewOf("Tue, 24 Nov 2026 07:50:00 GMT", nowMs), 10 * MINUTE_MS);
  assert.equal(skewOf("Tue, 24 Nov 2026 08:10:00 GMT", nowMs), -10 * MINUTE_MS);
  assert.equal(skewOf("Tue, 24 Nov 2026 07:59:31 GMT", nowMs), undefined);
  for (const none of [null, "", "yesterday"]) assert.equal(skewOf(none, nowMs), undefined);
});

Deno.test("clockWarning() begins beyond five minutes and says which way", () => {
  for (const skewMs of [undefined, 0, 5 * MINUTE_MS, -5 * MINUTE_MS]) {
    assert.equal(clockWarning(skewMs), undefined);
  }
  const told: readonly (readonly [number, string])[] = [
    [6 * MINUTE_MS, "this PC's clock is 6 minutes ahead of the provider's"],
    [-119 * MINUTE_MS, "this PC's clock is 119 minutes behind the provider's"],
    [240 * MINUTE_MS, "this PC's clock is 4 hours ahead of the provider's"],
    [-4320 * MINUTE_MS, "this PC's clock is 3 days behind the provider's"],
  ];
  for (const [skewMs, message] of told) {
    const warning = clockWarning(skewMs);
    assert.equal(warning?.code, "clock_wrong");
    assert.equal(warning.message, message);
    assert.match(warning.remedy, /^set the clock/);
  }
});

Deno.test("withClock() tells the clock where it explains the failure, and nowhere else", () => {
  const refused = (error: string, errorDescription: string): Failure =>
    new Failure("oauth.client_refused", "refused", {
      refusal: { kind: "oauth", error, errorDescription },
    });
  const explained: readonly (readonly [Failure, boolean])[] = [
    [
      refused("invalid_client", "AADSTS700024: the assertion is not within its valid time range"),
      false,
    ],
    [refused("invalid_request", "AADSTS50027: JWT token is invalid"), false],
    [
      refused("invalid_request", "AADSTS500133: Assertion is not within its valid time range"),
      false,
    ],
    [refused("invalid_client", "anything"), true],
    [new Failure("net.tls", "invalid peer certificate: Expired"), false],
    [new Failure("net.tls", "invalid peer certificate: NotValidYet"), false],
    [new Failure("net.tls", "invalid peer certificate: certificate not valid yet"), false],
  ];
  for (const [failure, hasCertificate] of explained) {
    const told = withClock(failure, { skewMs: 20 * MINUTE_MS, hasCertificate });
    assert.match(told.remedy ?? "", /20 minutes ahead of the provider's/);
    assert.equal(told.code, failure.code);
    assert.equal(told.refusal, failure.refusal);
    assert.equal(withClock(failure, { skewMs: MINUTE_MS, hasCertificate }), failure);
  }
  const others = [
    refused("invalid_client", "AADSTS7000222: expired"),
    refused("invalid_grant", "AADSTS700082: idle"),
    new Failure("net.tls", "invalid peer certificate: UnknownIssuer"),
    new Failure("net.timeout", "no answer"),
  ];
  for (const failure of others) {
    assert.equal(withClock(failure, { skewMs: 20 * MINUTE_MS, hasCertificate: false }), failure);
  }
});

Deno.test("usableGrant() keeps how wrong the clock is, from answers of every kind, until it is right", async () => {
  const answers = [
    tokens(),
    Response.json({ error: "invalid_client" }, { status: 401 }),
    Response.json({ error: "invalid_grant" }, { status: 400 }),
    new Response("", { status: 503 }),
  ];
  for (const answer of answers) {
    let first = true;
    const skewed = (_: TokenRequest): Response => {
      if (!first) return tokens();
      first = answer.status === 503;
      const copy = answer.clone();
      copy.headers.set("date", dated(8 * MINUTE_MS).headers.date);
      return copy;
    };
    await withGrant({ nowMs: EXPIRED_MS, answer: skewed }, async ({ ask, clock, stored }) => {
      await ask().catch(() => {});
      const { clockSkewMs = 0 } = await stored() ?? {};
      // What was waited between two answers comes on top.
      assert.ok(clockSkewMs >= 8 * MINUTE_MS && clockSkewMs < 9 * MINUTE_MS, `${clockSkewMs}`);
      first = false;
      clock.nowMs += 3_600_000;
      await ask();
      assert.equal((await stored())?.clockSkewMs, undefined);
    });
  }
});

Deno.test("usableGrant() names the clock when it refreshes with a credential that depends on it", async () => {
  const answer = (): Response =>
    Response.json(
      {
        error: "invalid_client",
        error_description: "AADSTS700024: Client assertion is not within its valid time range.",
      },
      { status: 401, ...dated(-30 * MINUTE_MS) },
    );
  await withGrant({ nowMs: EXPIRED_MS, answer }, async ({ ask }) => {
    await assert.rejects(
      ask(),
      isFailure("oauth.client_refused", /AADSTS700024/, /30 minutes behind the provider's/),
    );
  });
});

Deno.test("the end of a refresh token is kept where the provider tells it, and forgotten with the token", async () => {
  let answer = (): Response => tokens({ refresh_token_expires_in: 604_799 });
  await withGrant({ nowMs: EXPIRED_MS, answer: () => answer() }, async ({ ask, clock, stored }) => {
    await ask();
    const endMs = EXPIRED_MS + 604_799_000;
    assert.equal((await stored())?.refreshTokenExpiresAtMs, endMs);
    answer = () => tokens(); // the same token as before
    await ask({ isForced: true });
    assert.equal((await stored())?.refreshTokenExpiresAtMs, endMs);
    answer = () => tokens({ refresh_token: "r1", refresh_expires_in: 1800 });
    await ask({ isForced: true });
    assert.equal((await stored())?.refreshTokenExpiresAtMs, clock.nowMs + 1_800_000);
    for (const none of [0, -1, "", null, "never", {}]) {
      answer = () => tokens({ refresh_token: `r-${none}`, refresh_expires_in: none });
      await ask({ isForced: true });
      assert.equal((await stored())?.refreshTokenExpiresAtMs, undefined, JSON.stringify(none));
    }
  });
});
