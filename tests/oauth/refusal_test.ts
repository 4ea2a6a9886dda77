import assert from "node:assert/strict";
import {
  Failure,
  type FailureCode,
  type OauthRefusal,
  type Retry,
} from "../../src/base/failure.ts";
import { aadstsCode, refusedAuthorization, refusedToken } from "../../src/oauth/refusal.ts";

// The form of Microsoft's answers, with numbers of our own.
const DESCRIPTION =
  "AADSTS7000222: The provided client secret keys for app '11111111-2222-3333-4444-555555555555' are expired.\r\n" +
  "Trace ID: aaaaaaaa-0000-0000-0000-000000000001\r\nCorrelation ID: bbbbbbbb-0000-0000-0000-000000000002\r\n" +
  "Timestamp: 2026-05-01 10:00:00Z";

Deno.test("refusedToken() keeps everything that Microsoft says", () => {
  const failure = refused({
    status: 401,
    body: {
      error: "invalid_client",
      error_description: DESCRIPTION,
      error_codes: [7000222, "no number"],
      timestamp: "2026-05-01 10:00:00Z",
      trace_id: "aaaaaaaa-0000-0000-0000-000000000001",
      correlation_id: "bbbbbbbb-0000-0000-0000-000000000002",
      error_uri: "https://login.example/error?code=7000222",
      suberror: "bad_token",
    },
  });
  assert.deepEqual(failure.refusal, {
    kind: "oauth",
    status: 401,
    error: "invalid_client",
    errorDescription: DESCRIPTION,
    errorCodes: [7000222],
    timestamp: "2026-05-01 10:00:00Z",
    traceId: "aaaaaaaa-0000-0000-0000-000000000001",
    correlationId: "bbbbbbbb-0000-0000-0000-000000000002",
    errorUri: "https://login.example/error?code=7000222",
    suberror: "bad_token",
  });
  assert.equal(
    failure.message,
    "failed to refresh the access token: the provider answered invalid_client: AADSTS7000222: The provided " +
      "client secret keys for app '11111111-2222-3333-4444-555555555555' are expired.",
  );
  assert.equal(failure.remedy, undefined, "the catalogue knows it");
});

Deno.test("refusedToken() names the number that only error_codes holds", () => {
  const named = refused({ status: 400, body: { error: "invalid_request", error_codes: [50011] } });
  assert.match(named.message, /answered invalid_request \(AADSTS50011\)$/);
  const google = refused({
    status: 400,
    body: { error: "invalid_grant", error_subtype: "invalid_rapt" },
  });
  assert.equal(google.refusal?.kind === "oauth" && google.refusal.suberror, "invalid_rapt");
});

Deno.test("refusedToken() lets only status and error decide about a retry", () => {
  const cases: readonly (readonly [number, string, FailureCode, Retry])[] = [
    [400, "invalid_grant", "oauth.grant_expired", "after-login"],
    [400, "interaction_required", "oauth.grant_expired", "after-login"],
    [400, "consent_required", "oauth.grant_expired", "after-login"],
    [400, "login_required", "oauth.grant_expired", "after-login"],
    [401, "invalid_client", "oauth.client_refused", "never"],
    [400, "unauthorized_client", "oauth.client_refused", "never"],
    [403, "access_denied", "oauth.consent_denied", "after-login"],
    [400, "invalid_scope", "oauth.refused", "never"],
    [400, "something_new", "oauth.refused", "never"],
    [400, "constructor", "oauth.refused", "never"],
    [400, "temporarily_unavailable", "oauth.temporary", "later"],
    [400, "server_error", "oauth.temporary", "later"],
    [429, "invalid_grant", "oauth.temporary", "later"],
    [500, "invalid_client", "oauth.temporary", "later"],
    [503, "anything", "oauth.temporary", "later"],
  ];
  for (const [status, error, code, retry] of cases) {
    // A number that would say the opposite must not be listened to.
    const failure = refused({ status, body: { error, error_codes: [700082] } });
    assert.equal(failure.code, code, `${status} ${error}`);
    assert.equal(failure.retry, retry, `${status} ${error}`);
  }
});

Deno.test("refusedToken() passes on when to come back, with and without JSON", () => {
  const when: readonly (readonly [string, RegExp])[] = [
    ["120", /try again after 120 seconds$/],
    ["Wed, 21 Oct 2026 07:28:00 GMT", /try again after Wed, 21 Oct 2026 07:28:00 GMT$/],
  ];
  for (const body of [undefined, { error: "temporarily_unavailable" }]) {
    for (const [retryAfter, pattern] of when) {
      const failure = refused({ status: 503, retryAfter, body });
      assert.equal(failure.code, "oauth.temporary");
      assert.match(failure.remedy ?? "", pattern);
    }
  }
  const page = refused({ status: 503, body: undefined });
  assert.match(page.remedy ?? "", /try again in a few minutes$/);
});

Deno.test("refusedToken() takes an error of another type for no token response", () => {
  for (const error of ["", 7, null, { code: 400 }, ["invalid_grant"]]) {
    const failure = refused({ status: 400, body: { error } });
    assert.equal(failure.code, "oauth.protocol", JSON.stringify(error));
    assert.match(failure.message, /HTTP 400 \(application\/json\), which is no token response/);
  }
});

Deno.test("refusedAuthorization() reads the parameters that came to the redirect URI", () => {
  const failure = refusedAuthorization(
    new URLSearchParams({
      error: "access_denied",
      error_subcode: "cancel",
      state: "s",
      error_description: "AADSTS65004: User declined to consent.\r\nTrace ID: x",
    }),
  );
  assert.equal(failure.code, "oauth.consent_denied");
  assert.equal(
    failure.message,
    "failed to sign in: the provider answered access_denied: AADSTS65004: User declined to consent.",
  );
  assert.equal(refusedAuthorization(new URLSearchParams({ state: "s" })).code, "oauth.refused");
});

Deno.test("aadstsCode() prefers the number in the text and invents none", () => {
  const refusal = (change: Partial<OauthRefusal>): OauthRefusal => ({
    kind: "oauth",
    error: "e",
    ...change,
  });
  const both = refusal({ errorDescription: "AADSTS50011: x", errorCodes: [1] });
  assert.equal(aadstsCode(both), "AADSTS50011");
  assert.equal(aadstsCode(refusal({ errorCodes: [700016, 2] })), "AADSTS700016");
  assert.equal(aadstsCode(refusal({ errorDescription: "Bad Request" })), undefined);
});

function refused(
  answer: {
    readonly status: number;
    readonly body: Readonly<Record<string, unknown>> | undefined;
    readonly retryAfter?: string | null;
  },
): Failure {
  return refusedToken({
    doing: "refresh the access token",
    endpoint: "https://login.example/token",
    retryAfter: null,
    contentType: "application/json",
    ...answer,
  });
}
