// The device flow on a clock that stands still until somebody waits: when each question is asked is known to the
// millisecond.

import assert from "node:assert/strict";
import { Failure } from "../../src/base/failure.ts";
import {
  authorizeDevice,
  awaitApproval,
  type DeviceAuthorization,
} from "../../src/oauth/device_authorization.ts";
import type { OauthClient, Tokens } from "../../src/oauth/token_endpoint.ts";
import { tokens } from "./token_server.ts";

const START_MS = Date.parse("2026-11-24T08:00:00Z");
const CLIENT: OauthClient = {
  clientId: "plant",
  clientAuth: "post",
  tokenEndpoint: "https://login.example/token",
  scope: "smtp offline_access",
};
const DEVICE_ENDPOINT = "https://login.example/device";
const DEVICE: DeviceAuthorization = {
  deviceCode: "device-code-1",
  userCode: "ABCD-EFGH",
  verificationUri: "https://login.example/link",
  expiresAtMs: START_MS + 900_000,
  intervalMs: 5000,
};

type Answer = Response | Error;

interface Provider {
  readonly options: Parameters<typeof awaitApproval>[2];
  /** Seconds after the start at which it was asked. */
  readonly askedAt: readonly number[];
  readonly forms: readonly URLSearchParams[];
  readonly headers: readonly Headers[];
  readonly transcript: readonly string[];
}

/** Gives the answers in their order, the last one for ever. */
function provider(
  answers: readonly (() => Answer)[],
  more: { readonly signal?: AbortSignal; readonly onSleep?: () => void } = {},
): Provider {
  let nowMs = START_MS;
  const [askedAt, forms, headers, transcript]: [number[], URLSearchParams[], Headers[], string[]] =
    [
      [],
      [],
      [],
      [],
    ];
  return {
    askedAt,
    forms,
    headers,
    transcript,
    options: {
      timeoutMs: 30_000,
      nowMs: () => nowMs,
      sleep: (ms, signal) => {
        nowMs += ms;
        more.onSleep?.();
        return signal?.aborted === true ? Promise.reject(signal.reason) : Promise.resolve();
      },
      fetch: (_url, init) => {
        const answer = answers[Math.min(askedAt.length, answers.length - 1)]?.();
        askedAt.push((nowMs - START_MS) / 1000);
        forms.push(new URLSearchParams(String(init?.body)));
        headers.push(new Headers(init?.headers));
        return answer instanceof Response ? Promise.resolve(answer) : Promise.reject(answer);
      },
      transcript: (direction, line) => transcript.push(`${direction} ${line}`),
      ...(more.signal === undefined ? {} : { signal: more.signal }),
    },
  };
}

function refused(
  error: string,
  more: Readonly<Record<string, unknown>> = {},
  status = 400,
): () => Response {
  return () => Response.json({ error, ...more }, { status });
}

const PENDING = refused("authorization_pending");
const SLOW_DOWN = refused("slow_down");
const GRANTED = (): Response => tokens({ refresh_token: "refresh-token-1" });
const NO_NETWORK = (): Error => new TypeError("error sending request: connection reset");
const status = (code: number, headers: Readonly<Record<string, string>> = {}) => (): Response =>
  new Response("<h1>trouble</h1>", {
    status: code,
    headers: { "content-type": "text/html", ...headers },
  });

async function failureOf(promise: Promise<unknown>): Promise<Failure> {
  const cause = await promise.then(() => assert.fail("it did not fail"), (reason) => reason);
  assert.ok(cause instanceof Failure, String(cause));
  return cause;
}

Deno.test("awaitApproval() asks at the interval until the person has approved", async () => {
  const at = provider([PENDING, PENDING, GRANTED]);
  const given: Tokens = await awaitApproval(CLIENT, { ...DEVICE, intervalMs: 7000 }, at.options);
  assert.equal(given.accessToken, "access-token-1");
  assert.equal(given.refreshToken, "refresh-token-1");
  assert.deepEqual(at.askedAt, [7, 14, 21]);
  assert.deepEqual(Object.fromEntries(at.forms[0] ?? []), {
    grant_type: "urn:ietf:params:oauth:grant-type:device_code",
    device_code: "device-code-1",
    client_id: "plant",
  });
});

Deno.test("awaitApproval() adds five seconds for good at each slow_down, whatever its status", async () => {
  const at = provider([
    PENDING,
    SLOW_DOWN,
    PENDING,
    refused("slow_down", {}, 429),
    refused("authorization_pending", {}, 428),
    GRANTED,
  ]);
  await awaitApproval(CLIENT, DEVICE, at.options);
  assert.deepEqual(at.askedAt, [5, 10, 20, 30, 45, 60]);
});

Deno.test("awaitApproval() goes on through a network that fails and a provider in trouble, more and more rarely", async () => {
  const at = provider([
    PENDING,
    NO_NETWORK,
    status(503),
    NO_NETWORK,
    NO_NETWORK,
    NO_NETWORK,
    PENDING,
    refused("temporarily_unavailable", {}, 429),
    GRANTED,
  ]);
  await awaitApproval(CLIENT, DEVICE, at.options);
  // 10, 20, 40 and from then on 60 seconds; an answer brings the interval back.
  assert.deepEqual(at.askedAt, [5, 10, 20, 40, 80, 140, 200, 205, 215]);
});

Deno.test("awaitApproval() waits as long as Retry-After says, in seconds or as a date", async () => {
  const until = new Date(START_MS + 300_000).toUTCString();
  const at = provider([
    status(429, { "retry-after": "120" }),
    status(503, { "retry-after": until, date: new Date(START_MS + 125_000).toUTCString() }),
    status(503, { "retry-after": "soon" }),
    GRANTED,
  ]);
  await awaitApproval(CLIENT, DEVICE, at.options);
  assert.deepEqual(at.askedAt.slice(0, 3), [5, 125, 300]);
  assert.ok((at.askedAt[3] ?? 0) > 300);
});

Deno.test("awaitApproval() ends when the code's life is over, with a last question at its end", async () => {
  const at = provider([PENDING]);
  const failure = await failureOf(
    awaitApproval(CLIENT, { ...DEVICE, expiresAtMs: START_MS + 20_000 }, at.options),
  );
  assert.equal(failure.code, "oauth.sign_in_timeout");
  assert.equal(failure.exitCode, 77);
  assert.match(failure.message, /the code ran out before it was entered and approved/);
  assert.match(failure.remedy ?? "", /login --device/);
  assert.deepEqual(at.askedAt, [5, 10, 15, 20]);

  const long = provider([NO_NETWORK, NO_NETWORK, NO_NETWORK, NO_NETWORK, GRANTED]);
  await awaitApproval(CLIENT, { ...DEVICE, expiresAtMs: START_MS + 100_000 }, long.options);
  assert.deepEqual(long.askedAt, [5, 15, 35, 75, 100]);
});

Deno.test("awaitApproval() tells of the network where that kept it from asking to the end", async () => {
  const at = provider([NO_NETWORK]);
  const failure = await failureOf(awaitApproval(CLIENT, DEVICE, at.options));
  assert.equal(failure.code, "oauth.sign_in_timeout");
  assert.match(failure.message, /ran out while the provider could not be asked: .*login\.example/);
  assert.match(failure.remedy ?? "", /\n.*login --device/);
  assert.equal(at.askedAt.at(-1), 900);
});

const ENDINGS: readonly (readonly [
  error: string,
  description: string,
  code: string,
  retry: string,
])[] = [
  ["access_denied", "the user said no", "oauth.consent_denied", "after-login"],
  ["authorization_declined", "AADSTS65004: User declined", "oauth.consent_denied", "after-login"],
  [
    "expired_token",
    "AADSTS70020: This device code has expired",
    "oauth.sign_in_timeout",
    "after-login",
  ],
  [
    "bad_verification_code",
    "AADSTS70018: Invalid verification code",
    "oauth.refused",
    "after-login",
  ],
  [
    "invalid_client",
    "AADSTS7000218: The request body must contain",
    "oauth.client_refused",
    "never",
  ],
  ["invalid_grant", "AADSTS53003: Access has been blocked", "oauth.grant_expired", "after-login"],
  ["something_new", "nobody knows", "oauth.refused", "never"],
];

for (const [error, description, code, retry] of ENDINGS) {
  Deno.test(`awaitApproval() ends at once with the provider's own words: ${error}`, async () => {
    const at = provider([
      PENDING,
      refused(error, { error_description: `${description}\r\nTrace ID: 1f` }),
    ]);
    const failure = await failureOf(awaitApproval(CLIENT, DEVICE, at.options));
    assert.deepEqual([failure.code, failure.retry, failure.exitCode], [code, retry, 77]);
    assert.equal(
      failure.message,
      `failed to sign in: the provider answered ${error}: ${description}`,
    );
    assert.ok(failure.refusal?.kind === "oauth" && failure.refusal.error === error);
    assert.deepEqual(at.askedAt, [5, 10]);
  });
}

Deno.test("awaitApproval() ends with the signal's reason, while it waits and while it asks", async () => {
  const reason = new Failure("interrupted", "interrupted by Ctrl-C");
  const waiting = new AbortController();
  const first = provider([PENDING], {
    signal: waiting.signal,
    onSleep: () => waiting.abort(reason),
  });
  assert.equal(await failureOf(awaitApproval(CLIENT, DEVICE, first.options)), reason);
  assert.deepEqual(first.askedAt, []);

  const asking = new AbortController();
  const second = provider([() => {
    asking.abort(reason);
    return NO_NETWORK();
  }], { signal: asking.signal });
  assert.equal(await failureOf(awaitApproval(CLIENT, DEVICE, second.options)), reason);
  assert.deepEqual(second.askedAt, [5]);
});

Deno.test("authorizeDevice() asks with scope and client, and reads what comes back", async () => {
  const at = provider([() =>
    Response.json({
      device_code: "device-code-2",
      user_code: "WDJB-MJHT",
      verification_uri: "https://login.example/link",
      verification_uri_complete: "https://login.example/link?user_code=WDJB-MJHT",
      expires_in: 600,
      interval: 3,
    })]);
  assert.deepEqual(await authorizeDevice(CLIENT, DEVICE_ENDPOINT, at.options), {
    deviceCode: "device-code-2",
    userCode: "WDJB-MJHT",
    verificationUri: "https://login.example/link",
    verificationUriComplete: "https://login.example/link?user_code=WDJB-MJHT",
    expiresAtMs: START_MS + 600_000,
    intervalMs: 3000,
  });
  assert.deepEqual(Object.fromEntries(at.forms[0] ?? []), {
    scope: "smtp offline_access",
    client_id: "plant",
  });
  const shown = at.transcript.join("\n");
  assert.match(
    shown,
    /C POST https:\/\/login\.example\/device scope=smtp offline_access client_id=plant/,
  );
  assert.match(shown, /verification_uri=https:\/\/login\.example\/link .*interval=3/);
  assert.doesNotMatch(shown, /device-code-2|WDJB/);
});

Deno.test("authorizeDevice() sends the client secret as the profile says", async () => {
  const good = (): Response =>
    Response.json({
      device_code: "d",
      user_code: "u",
      verification_uri: "https://x",
      expires_in: 9,
    });
  const post = provider([good]);
  await authorizeDevice({ ...CLIENT, clientSecret: "s%1" }, DEVICE_ENDPOINT, post.options);
  assert.equal(post.forms[0]?.get("client_secret"), "s%1");
  const basic = provider([good]);
  await authorizeDevice(
    { ...CLIENT, clientSecret: "s%1", clientAuth: "basic" },
    DEVICE_ENDPOINT,
    basic.options,
  );
  assert.equal(basic.headers[0]?.get("authorization"), `Basic ${btoa("plant:s%251")}`);
});

Deno.test("authorizeDevice() waits five seconds where no usable interval is given", async () => {
  for (
    const [interval, expected] of [[undefined, 5000], [0, 5000], ["x", 5000], ["8", 8000], [
      1e12,
      86_400_000,
    ]]
  ) {
    const at = provider([() =>
      Response.json({
        device_code: "d",
        user_code: "u",
        verification_uri: "https://x",
        expires_in: interval === 1e12 ? 1e12 : "900",
        interval,
      })]);
    const { intervalMs } = await authorizeDevice(CLIENT, DEVICE_ENDPOINT, at.options);
    assert.equal(intervalMs, expected, String(interval));
  }
});

Deno.test("authorizeDevice() keeps the provider's words, and names the key of an endpoint that is none", async () => {
  const words = { error_description: "AADSTS700016: Application was not found" };
  const refusal = await failureOf(
    authorizeDevice(
      CLIENT,
      DEVICE_ENDPOINT,
      provider([refused("unauthorized_client", words)]).options,
    ),
  );
  assert.equal(refusal.code, "oauth.client_refused");
  assert.equal(
    refusal.message,
    "failed to get a code for the sign-in: the provider answered unauthorized_client: AADSTS700016: Application " +
      "was not found",
  );
  const page = await failureOf(
    authorizeDevice(CLIENT, DEVICE_ENDPOINT, provider([status(404)]).options),
  );
  assert.equal(page.code, "oauth.protocol");
  assert.match(
    page.message,
    /device answered HTTP 404 \(text\/html\), which is no device authorization response$/,
  );
  assert.match(page.remedy ?? "", /^check oauth\.device_endpoint/);
  const busy = await failureOf(
    authorizeDevice(CLIENT, DEVICE_ENDPOINT, provider([status(503)]).options),
  );
  assert.deepEqual([busy.code, busy.exitCode], ["oauth.temporary", 75]);
  const half = await failureOf(
    authorizeDevice(
      CLIENT,
      DEVICE_ENDPOINT,
      provider([() => Response.json({ user_code: "u" })]).options,
    ),
  );
  assert.equal(half.code, "oauth.protocol");
  assert.match(half.message, /device_code/);
});
