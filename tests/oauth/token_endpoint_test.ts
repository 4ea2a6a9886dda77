import assert from "node:assert/strict";
import {
  accountOf,
  interpretTokens,
  type OauthClient,
  redeemCode,
  refreshTokens,
} from "../../src/oauth/token_endpoint.ts";
import { isFailure } from "../vault/fixtures.ts";
import { startTokenServer, tokens } from "./token_server.ts";

const CLIENT: OauthClient = {
  clientId: "the-client",
  clientAuth: "post",
  tokenEndpoint: "https://login.example/token",
  scope: "mail.send offline_access",
};
const DOING = { doing: "refresh the access token" };

Deno.test("redeemCode() sends code, verifier and redirect URI, and a secret only if there is one", async () => {
  await using server = startTokenServer(() => tokens({ refresh_token: "refresh-token-1" }));
  const grant = {
    code: "the+code/with odd",
    redirectUri: "http://localhost:3017/",
    codeVerifier: "v".repeat(43),
  };
  const client = { ...CLIENT, tokenEndpoint: server.endpoint };
  const got = await redeemCode(client, grant, { fetch, timeoutMs: 10_000 });
  assert.deepEqual(got, {
    accessToken: "access-token-1",
    expiresInSeconds: 3600,
    refreshToken: "refresh-token-1",
  });
  await redeemCode({ ...client, clientSecret: "s~1" }, grant, { fetch, timeoutMs: 10_000 });
  const fields = server.requests.map((request) => Object.fromEntries(request.fields));
  const wanted = {
    grant_type: "authorization_code",
    code: grant.code,
    redirect_uri: grant.redirectUri,
    code_verifier: grant.codeVerifier,
    client_id: "the-client",
    scope: CLIENT.scope,
  };
  assert.deepEqual(fields, [wanted, { ...wanted, client_secret: "s~1" }]);
  assert.ok(server.requests.every((request) => request.authorization === null));
});

Deno.test("refreshTokens() does not follow a redirect with its secrets", async () => {
  await using trap = startTokenServer(() => tokens());
  for (const status of [301, 302, 307, 308]) {
    await using server = startTokenServer(() =>
      new Response(null, { status, headers: { location: trap.endpoint } })
    );
    await assert.rejects(
      refreshTokens({ ...CLIENT, tokenEndpoint: server.endpoint }, "refresh-token-0", {
        fetch,
        timeoutMs: 10_000,
      }),
      isFailure("oauth.protocol", new RegExp(`answered HTTP ${status}`), /oauth\.token_endpoint/),
    );
  }
  assert.equal(trap.requests.length, 0);
});

Deno.test("refreshTokens() gives up after its time, also in the middle of the body", async () => {
  for (const isBodyBegun of [false, true]) {
    const over = Promise.withResolvers<void>();
    await using server = startTokenServer(async () => {
      if (!isBodyBegun) await over.promise;
      const body = new ReadableStream({
        async pull(controller): Promise<void> {
          controller.enqueue(new TextEncoder().encode("{"));
          await over.promise;
          controller.close();
        },
      });
      return new Response(body);
    });
    try {
      await assert.rejects(
        refreshTokens({ ...CLIENT, tokenEndpoint: server.endpoint }, "r", {
          fetch,
          timeoutMs: 150,
        }),
        isFailure(
          "net.timeout",
          /no answer from 127\.0\.0\.1:\d+ within 0\.15 seconds/,
          /HTTPS_PROXY/,
        ),
      );
    } finally {
      over.resolve();
    }
  }
});

Deno.test("refreshTokens() ends with the reason of its signal", async () => {
  const over = Promise.withResolvers<void>();
  const interruption = new AbortController();
  await using server = startTokenServer(async () => {
    interruption.abort(new Error("Ctrl-C"));
    await over.promise;
    return tokens();
  });
  const client = { ...CLIENT, tokenEndpoint: server.endpoint };
  const options = { fetch, timeoutMs: 60_000, signal: interruption.signal };
  try {
    await assert.rejects(refreshTokens(client, "r", options), /^Error: Ctrl-C$/);
  } finally {
    over.resolve();
  }
});

Deno.test("refreshTokens() tells the failures of the network apart", async () => {
  const cases = [
    [
      "dns error: failed to lookup address information: Name or service not known",
      "net.unknown_host",
    ],
    ["dns error: No such host is known. (os error 11001)", "net.unknown_host"],
    ["invalid peer certificate: UnknownIssuer", "net.tls"],
    ["received fatal alert: HandshakeFailure", "net.tls"],
    ["tls handshake eof", "net.unreachable"],
    ["connection reset by peer (os error 104)", "net.unreachable"],
    ["tcp connect error: Connection refused (os error 111)", "net.unreachable"],
    ["tunnel error: unsuccessful", "net.unreachable"],
  ] as const;
  for (const [words, code] of cases) {
    const outer = new TypeError(
      "error sending request for url (https://login.example/token): client error (Connect)",
      { cause: new Error(words) },
    );
    await assert.rejects(
      refreshTokens(CLIENT, "r", { fetch: () => Promise.reject(outer), timeoutMs: 1000 }),
      isFailure(code, /login\.example:443: /, new RegExp(words.replaceAll(/[()]/g, "\\$&"))),
      words,
    );
  }
});

Deno.test("interpretTokens() reads a good answer, whatever its content type says", async () => {
  const body = { token_type: "bearer", access_token: "a", expires_in: "3599", scope: "s" };
  const response = new Response(JSON.stringify(body), {
    headers: { "content-type": "text/plain" },
  });
  assert.deepEqual(await interpretTokens(CLIENT, response, DOING), {
    accessToken: "a",
    expiresInSeconds: 3599,
    scope: "s",
  });
});

Deno.test("interpretTokens() refuses a 200 that holds no tokens", async () => {
  const bodies: readonly unknown[] = [
    {},
    { token_type: "Bearer" },
    { access_token: "a", token_type: "mac" },
    { access_token: "a", token_type: 7 },
    { access_token: "", token_type: "Bearer" },
  ];
  for (const body of bodies) {
    await assert.rejects(
      interpretTokens(CLIENT, Response.json(body), DOING),
      isFailure(
        "oauth.protocol",
        /cannot refresh the access token: https:\/\/login\.example\/token/,
      ),
      JSON.stringify(body),
    );
  }
});

Deno.test("interpretTokens() keeps a rotated refresh token beside odd values of other fields", async () => {
  for (const odd of [{}, { expires_in: -1 }, { expires_in: "soon" }, { scope: ["mail"] }]) {
    const body = { access_token: "a", refresh_token: "rotated", ...odd };
    const tokens = await interpretTokens(CLIENT, Response.json(body), DOING);
    assert.deepEqual(tokens, { accessToken: "a", refreshToken: "rotated" });
  }
});

Deno.test("interpretTokens() refuses what is no JSON object and says what came", async () => {
  const cases: readonly (readonly [BodyInit, string])[] = [
    ["<html>Please sign in to the proxy</html>", "text/html"],
    ["", ""],
    ["[]", "application/json"],
    ["null", "application/json"],
    ['"text"', "application/json"],
    ["{", "application/json"],
  ];
  for (const [body, type] of cases) {
    for (const status of [200, 400, 403]) {
      const headers = { "content-type": type };
      await assert.rejects(
        interpretTokens(CLIENT, new Response(body, { status, headers }), DOING),
        (failure: Error) =>
          isFailure("oauth.protocol", new RegExp(`HTTP ${status} \\(`), /no token response/)(
            failure,
          ) &&
          !failure.message.includes("Please"),
      );
    }
    await assert.rejects(
      interpretTokens(CLIENT, new Response(body, { status: 502 }), DOING),
      isFailure("oauth.temporary", /HTTP 502/, /nothing is lost/),
    );
  }
});

Deno.test("interpretTokens() takes an error in a 200 for what it is", async () => {
  await assert.rejects(
    interpretTokens(CLIENT, Response.json({ error: "invalid_grant", access_token: "a" }), DOING),
    isFailure("oauth.grant_expired", /invalid_grant/),
  );
});

Deno.test("interpretTokens() keeps the words of a 401 with a challenge header", async () => {
  const response = Response.json(
    {
      error: "invalid_client",
      error_description: "AADSTS7000215: Invalid client secret provided.",
    },
    { status: 401, headers: { "www-authenticate": 'Basic realm="x", Bearer error="y"' } },
  );
  await assert.rejects(
    interpretTokens(CLIENT, response, DOING),
    isFailure("oauth.client_refused", /AADSTS7000215: Invalid client secret/),
  );
});

Deno.test("the transcript of an exchange shows no secret", async () => {
  const secrets = {
    refreshToken: "refresh-token-old-secret",
    clientSecret: "client-secret-value",
    code: "authorization-code-secret",
    codeVerifier: "verifier-".padEnd(43, "v"),
    access_token: "access-token-new-secret",
    refresh_token: "refresh-token-new-secret",
    id_token: "id-token-secret",
    added_tomorrow: "unknown-member-secret",
  };
  const lines: string[] = [];
  const options = {
    fetch,
    timeoutMs: 10_000,
    transcript: (direction: string, line: string) => void lines.push(`${direction} ${line}`),
  };
  for (const clientAuth of ["post", "basic"] as const) {
    await using server = startTokenServer((_, count) => {
      const { access_token, refresh_token, id_token, added_tomorrow } = secrets;
      if (count === 3) {
        return Response.json({ error: "invalid_grant", error_description: "gone\nfor good" }, {
          status: 400,
        });
      }
      if (count === 4) return new Response(`<p>${access_token}</p>`, { status: 500 });
      return tokens({ access_token, refresh_token, id_token, added_tomorrow });
    });
    const { clientSecret } = secrets;
    const client = { ...CLIENT, clientAuth, clientSecret, tokenEndpoint: server.endpoint };
    const grant = { ...secrets, redirectUri: "http://localhost/" };
    await redeemCode(client, grant, options);
    await refreshTokens(client, secrets.refreshToken, options);
    for (const code of ["oauth.grant_expired", "oauth.temporary"]) {
      await assert.rejects(refreshTokens(client, secrets.refreshToken, options), isFailure(code));
    }
  }
  assert.equal(lines.length, 16);
  const whole = lines.join("\n");
  for (const secret of Object.values(secrets)) assert.ok(!whole.includes(secret), secret);
  assert.match(whole, /C POST http:\S+ .*grant_type=refresh_token/);
  assert.match(whole, /refresh_token=<redacted>/);
  assert.match(whole, /S HTTP 200 .*expires_in=3600/);
  assert.match(whole, /S HTTP 400 error=invalid_grant error_description=gone for good/);
  assert.match(whole, /S HTTP 500 <\d+ characters that are no JSON object>/);
});

Deno.test("accountOf() finds the account in an ID token, and nothing in anything else", () => {
  const idToken = (claims: unknown): string => {
    const octets = new TextEncoder().encode(JSON.stringify(claims));
    return `e30.${btoa(String.fromCharCode(...octets)).replaceAll("=", "")}.signature`;
  };
  assert.equal(
    accountOf(idToken({ preferred_username: "ä@x.example", email: "b@x" })),
    "ä@x.example",
  );
  assert.equal(accountOf(idToken({ preferred_username: "", upn: "u@x" })), "u@x");
  assert.equal(accountOf(idToken({ email: "e@x" })), "e@x");
  // What it says goes to the terminal.
  assert.equal(accountOf(idToken({ email: "e\u001b[2J\n@x" })), "e\ufffd[2J\ufffd@x");
  const nothing = [
    idToken({ sub: "1" }),
    idToken([]),
    idToken(null),
    "",
    "a",
    "a.b.c",
    "a.%.c",
    7,
    null,
  ];
  for (const token of nothing) assert.equal(accountOf(token), undefined, String(token));
});

Deno.test("interpretTokens() keeps a rotated refresh token beside an empty error and an empty token type", async () => {
  const answer = { access_token: "a", refresh_token: "r", token_type: "", error: "" };
  assert.deepEqual(await interpretTokens(CLIENT, Response.json(answer), DOING), {
    accessToken: "a",
    refreshToken: "r",
  });
});
