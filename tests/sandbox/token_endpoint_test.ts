// The sandbox's identity provider over HTTP: what Entra refuses it refuses, in Entra's shape.

import assert from "node:assert/strict";
import { codeChallenge } from "../../src/oauth/authorization_request.ts";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";

const SCOPE = "https://outlook.office.com/SMTP.Send offline_access openid profile";
const VERIFIER = "a-verifier-of-forty-three-characters-0123456789";
const REDIRECT_URI = "http://localhost:3017/";

type Fields = Readonly<Record<string, string>>;

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

async function ask(sandbox: Sandbox, fields: Fields, tenant?: string): Promise<Answer> {
  const name = tenant ?? sandbox.directory.tenantId;
  const response = await fetch(`${sandbox.origin}/${name}/oauth2/v2.0/token`, {
    method: "POST",
    body: new URLSearchParams({ client_id: sandbox.directory.clientId, ...fields }),
  });
  return { status: response.status, body: await response.json() };
}

async function authorize(sandbox: Sandbox, more: Fields = {}): Promise<Response> {
  const url = new URL(
    `${sandbox.origin}/${sandbox.directory.tenantId}/oauth2/v2.0/authorize`,
  );
  url.search = new URLSearchParams({
    response_type: "code",
    client_id: sandbox.directory.clientId,
    redirect_uri: REDIRECT_URI,
    scope: SCOPE,
    state: "the-state",
    code_challenge: await codeChallenge(VERIFIER),
    code_challenge_method: "S256",
    ...more,
  }).toString();
  return await fetch(url, {
    method: "POST",
    redirect: "manual",
    body: new URLSearchParams({ account: sandbox.directory.account }),
  });
}

async function newCode(sandbox: Sandbox, more: Fields = {}): Promise<URLSearchParams> {
  const response = await authorize(sandbox, more);
  await response.body?.cancel();
  return new URL(response.headers.get("location") ?? "").searchParams;
}

async function redemption(sandbox: Sandbox, more: Fields = {}): Promise<Fields> {
  return {
    grant_type: "authorization_code",
    code: (await newCode(sandbox)).get("code") ?? "",
    redirect_uri: REDIRECT_URI,
    code_verifier: VERIFIER,
    ...more,
  };
}

function assertRefused(answer: Answer, number: number, error: string): void {
  assert.deepEqual(answer.body["error_codes"], [number], JSON.stringify(answer.body));
  assert.equal(answer.body["error"], error);
  assert.equal(answer.status, error === "invalid_client" && number !== 500112 ? 401 : 400);
}

Deno.test("an error has Entra's shape", async () => {
  await using sandbox = await startSandbox({ nowMs: () => Date.parse("2026-11-24T08:00:00.5Z") });
  const { body } = await ask(sandbox, { grant_type: "refresh_token" });
  const { trace_id: trace, correlation_id: correlation } = body;
  assert.deepEqual(body, {
    error: "invalid_request",
    error_description:
      "AADSTS900144: The request body must contain the following parameter: 'scope'.\r\n" +
      `Trace ID: ${trace}\r\nCorrelation ID: ${correlation}\r\nTimestamp: 2026-11-24 08:00:00Z`,
    error_codes: [900144],
    timestamp: "2026-11-24 08:00:00Z",
    trace_id: trace,
    correlation_id: correlation,
    error_uri: "https://login.microsoftonline.com/error?code=900144",
  });
  assert.match(`${trace}`, /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
});

Deno.test("a code is good once, for its verifier and its redirect URI", async () => {
  await using sandbox = await startSandbox();
  const fields = await redemption(sandbox);
  assertRefused(
    await ask(sandbox, { ...fields, code_verifier: "wrong" }),
    501481,
    "invalid_grant",
  );
  const elsewhere = { ...fields, redirect_uri: "http://localhost:3018/" };
  assertRefused(await ask(sandbox, elsewhere), 500112, "invalid_client");
  const { status, body } = await ask(sandbox, fields);
  assert.equal(status, 200);
  assert.equal(body["token_type"], "Bearer");
  assert.equal(body["scope"], "https://outlook.office.com/SMTP.Send openid profile");
  assertRefused(await ask(sandbox, fields), 54005, "invalid_grant");
  assertRefused(await ask(sandbox, { ...fields, code: "made up" }), 9002313, "invalid_request");
});

Deno.test("a code ends after ten minutes", async () => {
  let nowMs = Date.parse("2026-11-24T08:00:00Z");
  await using sandbox = await startSandbox({ nowMs: () => nowMs });
  const fields = await redemption(sandbox);
  nowMs += 600_000;
  assertRefused(await ask(sandbox, fields), 70008, "invalid_grant");
});

Deno.test("without offline_access there is no refresh token, without openid no ID token", async () => {
  await using sandbox = await startSandbox();
  const scope = "https://outlook.office.com/SMTP.Send";
  const code = (await newCode(sandbox, { scope })).get("code") ?? "";
  const { body } = await ask(sandbox, await redemption(sandbox, { code, scope }));
  assert.deepEqual(Object.keys(body).sort(), [
    "access_token",
    "expires_in",
    "ext_expires_in",
    "scope",
    "token_type",
  ]);
});

Deno.test("a used refresh token ends the sign-in where reuse is detected", async () => {
  await using sandbox = await startSandbox({ detectsReuse: true });
  const { body } = await ask(sandbox, await redemption(sandbox));
  const refresh = (token: unknown): Promise<Answer> =>
    ask(sandbox, { grant_type: "refresh_token", refresh_token: `${token}`, scope: SCOPE });
  const second = await refresh(body["refresh_token"]);
  assert.equal(second.status, 200);
  assertRefused(await refresh(body["refresh_token"]), 70000, "invalid_grant");
  assertRefused(await refresh(second.body["refresh_token"]), 9002313, "invalid_request");
});

Deno.test("scopes of two resources, unknown ones, and none are refused", async () => {
  await using sandbox = await startSandbox();
  const wrong = async (scope: string, number: number, error: string): Promise<void> => {
    const back = await newCode(sandbox, { scope });
    assert.match(back.get("error_description") ?? "", new RegExp(`^AADSTS${number}: `));
    assert.equal(back.get("error"), error);
    assert.equal(back.get("state"), "the-state");
  };
  await wrong("https://outlook.office.com/SMTP.Send User.Read", 28000, "invalid_request");
  await wrong("https://outlook.office.com/SMTP.Sent", 70011, "invalid_scope");
  await wrong("", 70011, "invalid_scope");
});

Deno.test("the sign-in page goes back to registered addresses only, on any port of loopback", async () => {
  await using sandbox = await startSandbox();
  const status = async (redirect_uri: string): Promise<number> => {
    const response = await authorize(sandbox, { redirect_uri });
    assert.equal(response.status === 302, response.headers.has("location"));
    await response.body?.cancel();
    return response.status;
  };
  assert.equal(await status("http://localhost:49152/"), 302);
  for (
    const other of [
      "http://localhost:3017/Callback",
      "http://127.0.0.1:3017/",
      "https://localhost:3017/",
      "http://localhost:3017/?x=1",
      "http://localhost.evil.example:3017/",
      "",
    ]
  ) {
    assert.equal(await status(other), 400, other);
  }
});

Deno.test("a challenge must be S256, and the response type code", async () => {
  await using sandbox = await startSandbox();
  const plain = await newCode(sandbox, { code_challenge_method: "plain" });
  assert.match(plain.get("error_description") ?? "", /^AADSTS501491/);
  const token = await newCode(sandbox, { response_type: "token" });
  assert.equal(token.get("error"), "unsupported_response_type");
});

Deno.test("client and tenant are checked, and the secret by the kind of client", async () => {
  await using open = await startSandbox();
  const fields = { grant_type: "refresh_token", scope: SCOPE };
  assertRefused(await ask(open, { ...fields, client_secret: "x" }), 700025, "invalid_client");
  assertRefused(await ask(open, { ...fields, client_id: "other" }), 700016, "unauthorized_client");
  assertRefused(await ask(open, fields, "other.example"), 90002, "invalid_request");
  assertRefused(await ask(open, { grant_type: "password" }), 70003, "unsupported_grant_type");
  await using closed = await startSandbox({ clientSecret: "right" });
  assertRefused(await ask(closed, fields), 7000218, "invalid_client");
  assertRefused(await ask(closed, { ...fields, client_secret: "x" }), 7000215, "invalid_client");
  const app = { grant_type: "client_credentials", client_secret: "right" };
  const wrongScope = await ask(closed, { ...app, scope: SCOPE });
  assertRefused(wrongScope, 1002012, "invalid_scope");
  const { status, body } = await ask(closed, {
    ...app,
    scope: "https://outlook.office365.com/.default",
  });
  assert.equal(status, 200);
  assert.equal(body["refresh_token"], undefined);
});

Deno.test("GET is refused at the token endpoint, and names other than loopback everywhere", async () => {
  await using sandbox = await startSandbox();
  const get = await fetch(`${sandbox.origin}/${sandbox.directory.tenantId}/oauth2/v2.0/token`);
  assert.deepEqual((await get.json()).error_codes, [900561]);
  const rebound = await statusFor(sandbox, "evil.example");
  assert.match(rebound, /^HTTP\/1\.1 421 /);
});

/** The status line for a request that names this server otherwise, as DNS rebinding does. */
async function statusFor(sandbox: Sandbox, host: string): Promise<string> {
  using conn = await Deno.connect({
    hostname: "127.0.0.1",
    port: Number(new URL(sandbox.origin).port),
  });
  await conn.write(
    new TextEncoder().encode(
      `GET /inbox.json HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
    ),
  );
  return await new Response(conn.readable).text();
}
