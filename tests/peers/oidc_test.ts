// The provider itself is held to what the end-to-end tests rely on, with another client than our own.

import assert from "node:assert/strict";
import * as oauth from "oauth4webapi";
import { type Oidc, SCOPE, startOidcProvider } from "./oidc.ts";

const ACCOUNT = "reports@example.com";
const REDIRECT_URI = "http://127.0.0.1:3017/";

Deno.test("startOidcProvider() signs a person in, rotates refresh tokens and revokes grants", async () => {
  const seen: string[][] = [];
  await using oidc = await startOidcProvider({
    clients: [{
      client_id: "plant",
      redirect_uris: [REDIRECT_URI],
      token_endpoint_auth_method: "none",
    }],
    onTokenRequest: (grantType, names) => seen.push([grantType, ...names]),
  });
  const { server, client, tokens } = await signInWithAnotherClient(oidc);
  const claims = oauth.getValidatedIdTokenClaims(tokens);
  assert.equal(claims?.["preferred_username"], ACCOUNT);
  assert.equal(tokens.scope, SCOPE);
  assert.ok(await oidc.isActive(tokens.access_token));

  const refresh = async (refreshToken: string): Promise<oauth.TokenEndpointResponse> =>
    await oauth.processRefreshTokenResponse(
      server,
      client,
      await oauth.refreshTokenGrantRequest(server, client, oauth.None(), refreshToken, {
        ...INSECURE,
        additionalParameters: { scope: SCOPE },
      }),
    );
  const second = await refresh(tokens.refresh_token ?? "");
  assert.notEqual(second.refresh_token, tokens.refresh_token);
  assert.equal(second.refresh_token, oidc.latestRefreshToken);
  assert.equal(oidc.tokenRequests.get("refresh_token"), 1);
  assert.deepEqual(seen[1], ["refresh_token", "scope", "refresh_token", "grant_type", "client_id"]);

  assert.equal(oidc.endAccessTokens(), 2);
  assert.equal(await oidc.isActive(second.access_token), false);
  const third = await refresh(second.refresh_token ?? "");
  assert.ok(await oidc.isActive(third.access_token));

  oidc.revoke();
  await assert.rejects(() => refresh(third.refresh_token ?? ""), { error: "invalid_grant" });
  assert.equal(await oidc.isActive(third.access_token), false);
  for (const secret of [tokens.access_token, third.refresh_token ?? "", third.access_token]) {
    assert.ok(oidc.secrets.has(secret));
  }
});

Deno.test("startOidcProvider() ends the grant when a refresh token is used twice", async () => {
  await using oidc = await startOidcProvider({
    clients: [{
      client_id: "plant",
      client_secret: "s3cret+/= of the plant",
      redirect_uris: [REDIRECT_URI],
      token_endpoint_auth_method: "client_secret_post",
    }],
  });
  const auth = oauth.ClientSecretPost("s3cret+/= of the plant");
  const { server, client, tokens } = await signInWithAnotherClient(oidc, auth);
  const refresh = async (): Promise<oauth.TokenEndpointResponse> =>
    await oauth.processRefreshTokenResponse(
      server,
      client,
      await oauth.refreshTokenGrantRequest(
        server,
        client,
        auth,
        tokens.refresh_token ?? "",
        INSECURE,
      ),
    );
  const second = await refresh();
  await assert.rejects(refresh, { error: "invalid_grant" });
  assert.equal(await oidc.isActive(second.access_token), false);
  assert.ok(oidc.secrets.has("s3cret+/= of the plant"));
});

Deno.test("startOidcProvider() lets a person type the code of the device flow", async () => {
  await using oidc = await startOidcProvider({
    clients: [{
      client_id: "plant",
      redirect_uris: [REDIRECT_URI],
      token_endpoint_auth_method: "none",
    }],
  });
  const server = serverOf(oidc);
  const client = { client_id: "plant" };
  const device = await oauth.processDeviceAuthorizationResponse(
    server,
    client,
    await oauth.deviceAuthorizationRequest(
      server,
      client,
      oauth.None(),
      { scope: SCOPE },
      INSECURE,
    ),
  );
  const page = await oidc.enterCode(device.verification_uri, {
    account: ACCOUNT,
    userCode: device.user_code,
  });
  assert.equal(page.status, 200);
  const tokens = await oauth.processDeviceCodeResponse(
    server,
    client,
    await oauth.deviceCodeGrantRequest(server, client, oauth.None(), device.device_code, INSECURE),
  );
  assert.ok(await oidc.isActive(tokens.access_token));
});

// Loopback is plain http here.
const INSECURE = { [oauth.allowInsecureRequests]: true } as const;

function serverOf(oidc: Oidc): oauth.AuthorizationServer {
  return {
    issuer: oidc.issuer,
    token_endpoint: oidc.tokenEndpoint,
    device_authorization_endpoint: oidc.deviceEndpoint,
  };
}

async function signInWithAnotherClient(
  oidc: Oidc,
  auth: oauth.ClientAuth = oauth.None(),
): Promise<{
  server: oauth.AuthorizationServer;
  client: oauth.Client;
  tokens: oauth.TokenEndpointResponse;
}> {
  const server = serverOf(oidc);
  const client = { client_id: "plant" };
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const arrived = Promise.withResolvers<URL>();
  await using listener = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen(): void {} },
    (request) => {
      arrived.resolve(new URL(request.url));
      return new Response("thank you");
    },
  );
  // Any port is right for a native application (RFC 8252 §7.3).
  const redirectUri = `http://127.0.0.1:${listener.addr.port}/`;
  const url = new URL(oidc.authorizationEndpoint);
  url.search = new URLSearchParams({
    client_id: client.client_id,
    response_type: "code",
    redirect_uri: redirectUri,
    scope: SCOPE,
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
  }).toString();
  const page = await oidc.signIn(url.href, { account: ACCOUNT });
  assert.deepEqual([page.status, page.text], [200, "thank you"]);
  const parameters = oauth.validateAuthResponse(server, client, await arrived.promise, state);
  const tokens = await oauth.processAuthorizationCodeResponse(
    server,
    client,
    await oauth.authorizationCodeGrantRequest(
      server,
      client,
      auth,
      parameters,
      redirectUri,
      verifier,
      INSECURE,
    ),
  );
  return { server, client, tokens };
}
