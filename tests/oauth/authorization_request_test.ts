import assert from "node:assert/strict";
import { authorizationRequest, codeChallenge } from "../../src/oauth/authorization_request.ts";

const CLIENT = {
  authorizationEndpoint: "https://login.example/authorize",
  clientId: "the client & its id",
  redirectUri: "http://localhost:3017/back here?x=1",
  scope: "https://mail.example/SMTP.Send offline_access",
  extras: {},
};
const WORLD = { randomBytes: (count: number) => crypto.getRandomValues(new Uint8Array(count)) };

Deno.test("codeChallenge() agrees with RFC 7636 appendix B", async () => {
  const challenge = await codeChallenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
  assert.equal(challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
});

Deno.test("authorizationRequest() makes the verifier of RFC 7636 appendix B from its octets", async () => {
  // deno-fmt-ignore
  const octets = Uint8Array.of(
    116, 24, 223, 180, 151, 153, 224, 37, 79, 250, 96, 125, 216, 173, 187, 186,
    22, 212, 37, 77, 105, 214, 191, 240, 91, 88, 5, 88, 83, 132, 141, 121,
  );
  const request = await authorizationRequest(CLIENT, {
    randomBytes: (count) => count === 32 ? octets.slice() : new Uint8Array(count),
  });
  assert.equal(request.codeVerifier, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
  assert.equal(
    new URL(request.url).searchParams.get("code_challenge"),
    "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
  );
});

Deno.test("authorizationRequest() sends every parameter once and the verifier not at all", async () => {
  const request = await authorizationRequest(CLIENT, WORLD);
  const parameters = new URL(request.url).searchParams;
  assert.deepEqual(Object.fromEntries(parameters), {
    response_type: "code",
    client_id: CLIENT.clientId,
    redirect_uri: CLIENT.redirectUri,
    scope: CLIENT.scope,
    state: request.state,
    code_challenge: await codeChallenge(request.codeVerifier),
    code_challenge_method: "S256",
  });
  assert.match(request.codeVerifier, /^[A-Za-z0-9_-]{43}$/);
  assert.match(request.state, /^[A-Za-z0-9_-]{22}$/);
  assert.ok(!request.url.includes(request.codeVerifier));
  assert.ok(!request.url.includes("+"), "some sign-in pages read + as itself");
});

Deno.test("authorizationRequest() is a fresh one every time", async () => {
  const requests = await Promise.all(
    Array.from({ length: 20 }, () => authorizationRequest(CLIENT, WORLD)),
  );
  assert.equal(new Set(requests.map((request) => request.state)).size, 20);
  assert.equal(new Set(requests.map((request) => request.codeVerifier)).size, 20);
});

Deno.test("authorizationRequest() keeps the query that the endpoint has already", async () => {
  const authorizationEndpoint = "https://login.example/authorize?p=b2c_1_mail&plus=a%2Bb&scope=old";
  const { url } = await authorizationRequest({ ...CLIENT, authorizationEndpoint }, WORLD);
  const { searchParams } = new URL(url);
  assert.equal(searchParams.get("p"), "b2c_1_mail");
  assert.equal(searchParams.get("plus"), "a+b");
  assert.deepEqual(searchParams.getAll("scope"), [CLIENT.scope]);
});

Deno.test("authorizationRequest() lets the provider's extras have the last word", async () => {
  const extras = { access_type: "offline", prompt: "consent", response_type: "code id_token" };
  const { url } = await authorizationRequest({ ...CLIENT, extras }, WORLD);
  const { searchParams } = new URL(url);
  assert.equal(searchParams.get("access_type"), "offline");
  assert.equal(searchParams.get("prompt"), "consent");
  assert.deepEqual(searchParams.getAll("response_type"), ["code id_token"]);
});
