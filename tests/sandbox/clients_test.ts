// The sandbox in the eyes of other people's clients: oauth4webapi and openid-client sign in; msmtp, curl and nodemailer
// send with its tokens, over STARTTLS with its authority's certificate.

import assert from "node:assert/strict";
import { createTransport } from "nodemailer";
import * as oauth from "oauth4webapi";
import * as openid from "openid-client";
import { fromBase64 } from "../../src/base/base64.ts";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";

const SCOPE = "https://outlook.office.com/SMTP.Send offline_access openid profile";
const ACCOUNT = "reports@contoso.example";
const REDIRECT_URI = "http://localhost:3017/";

Deno.test("openid-client finds the sandbox, signs in, refreshes, and believes its ID token", async () => {
  await using sandbox = await startSandbox();
  const { tokens, config } = await signInByOpenid(sandbox);
  assert.equal(tokens.claims()?.["preferred_username"], ACCOUNT);
  assert.equal(tokens.claims()?.["tid"], sandbox.directory.tenantId);
  assert.equal(tokens.expires_in, 4500);
  const renewed = await openid.refreshTokenGrant(config, tokens.refresh_token ?? "", {
    scope: SCOPE,
  });
  assert.notEqual(renewed.refresh_token, tokens.refresh_token);
  assert.notEqual(renewed.access_token, tokens.access_token);
  // As at Entra, the old one is not ended by its use.
  await openid.refreshTokenGrant(config, tokens.refresh_token ?? "", { scope: SCOPE });
});

Deno.test("openid-client's device flow ends when the code was typed", async () => {
  await using sandbox = await startSandbox();
  const config = await discover(sandbox);
  const device = await openid.initiateDeviceAuthorization(config, { scope: SCOPE });
  const tokens = openid.pollDeviceAuthorizationGrant(config, device);
  const page = await fetch(device.verification_uri, {
    method: "POST",
    body: new URLSearchParams({ user_code: device.user_code, account: ACCOUNT, accept: "1" }),
  });
  assert.match(await page.text(), /You have signed in/);
  assert.equal(claimsOf((await tokens).access_token)["upn"], ACCOUNT);
});

Deno.test("oauth4webapi signs in as a confidential client with its secret in the Basic header", async () => {
  const clientSecret = "sand~box %secret+of=the&app";
  await using sandbox = await startSandbox({ clientSecret });
  const insecure = { [oauth.allowInsecureRequests]: true };
  const issuer = new URL(`${sandbox.origin}/${sandbox.directory.tenantId}/v2.0`);
  const server = await oauth.processDiscoveryResponse(
    issuer,
    await oauth.discoveryRequest(issuer, insecure),
  );
  const client = { client_id: sandbox.directory.clientId };
  const verifier = oauth.generateRandomCodeVerifier();
  const url = new URL(server.authorization_endpoint ?? "");
  url.search = new URLSearchParams({
    response_type: "code",
    client_id: client.client_id,
    redirect_uri: REDIRECT_URI,
    scope: SCOPE,
    state: "the-state",
    nonce: "the-nonce",
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
  }).toString();
  const back = oauth.validateAuthResponse(server, client, await cameBack(url), "the-state");
  const response = await oauth.authorizationCodeGrantRequest(
    server,
    client,
    oauth.ClientSecretBasic(clientSecret),
    back,
    REDIRECT_URI,
    verifier,
    insecure,
  );
  const tokens = await oauth.processAuthorizationCodeResponse(server, client, response, {
    expectedNonce: "the-nonce",
    requireIdToken: true,
  });
  assert.equal(oauth.getValidatedIdTokenClaims(tokens)?.["preferred_username"], ACCOUNT);
});

Deno.test("an access token is a JWT as Entra's is, and opaque for a personal account", async () => {
  await using work = await startSandbox();
  const { access_token: token, expires_in: life } = (await signInByOpenid(work)).tokens;
  const claims = claimsOf(token);
  assert.equal(claims["aud"], "https://outlook.office.com");
  assert.deepEqual([claims["scp"], claims["upn"]], ["SMTP.Send", ACCOUNT]);
  assert.equal(Number(claims["exp"]) - Number(claims["iat"]), life);
  // AUTH must take its two steps, as with Microsoft's.
  assert.ok(token.length > 1500, `${token.length}`);
  await using home = await startSandbox({ account: "reports@outlook.com" });
  const opaque = (await signInByOpenid(home, "reports@outlook.com")).tokens.access_token;
  assert.match(opaque, /^EwB[\w-]{1500,}$/);
});

Deno.test("nodemailer sends through the sandbox with its token", async () => {
  await using sandbox = await startSandbox();
  const { tokens } = await signInByOpenid(sandbox);
  const transport = createTransport({
    host: "localhost",
    port: sandbox.smtpPort,
    requireTLS: true,
    tls: { ca: sandbox.caCertificate },
    auth: { type: "OAuth2", user: ACCOUNT, accessToken: tokens.access_token },
  });
  try {
    const sent = await transport.sendMail({
      from: ACCOUNT,
      to: "anna@contoso.example",
      subject: "from nodemailer",
      text: "x",
      attachments: [{ filename: "a.bin", content: "0123456789" }],
    });
    assert.match(sent.response, /^250 2\.0\.0 OK <.+> \[Hostname=SANDBOX\.PROD\.OUTLOOK\.COM\]$/);
  } finally {
    transport.close();
  }
  const [message] = await sandbox.messages();
  assert.equal(message?.content.subject, "from nodemailer");
  assert.equal(message?.content.attachments[0]?.filename, "a.bin");
});

for (const client of ["curl", "msmtp"] as const) {
  const isMissing = !isInstalled(client);
  const name = `${client} sends through the sandbox with its token`;
  Deno.test({
    name: isMissing ? `${name} (skipped: ${client} is not installed)` : name,
    ignore: isMissing,
    fn: () => sendsThrough(client),
  });
}

/** What a JWT says, unverified. */
function claimsOf(token: string): Readonly<Record<string, unknown>> {
  const octets = fromBase64(token.split(".")[1] ?? "");
  return JSON.parse(new TextDecoder().decode(octets));
}

async function sendsThrough(client: "curl" | "msmtp"): Promise<void> {
  await using sandbox = await startSandbox();
  const { tokens } = await signInByOpenid(sandbox);
  const folder = await Deno.makeTempDir({ prefix: "plantpost-client-" });
  try {
    await Deno.writeTextFile(`${folder}/ca.pem`, sandbox.caCertificate);
    await Deno.writeTextFile(`${folder}/mail`, mailOf(client));
    await run(client, { sandbox, folder, token: tokens.access_token });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  const [message] = await sandbox.messages();
  assert.equal(message?.content.subject, `from ${client}`);
  assert.deepEqual(message.recipients, ["anna@contoso.example"]);
}

async function run(
  client: "curl" | "msmtp",
  at: { readonly sandbox: Sandbox; readonly folder: string; readonly token: string },
): Promise<void> {
  const { sandbox, folder, token } = at;
  const ends = { from: ACCOUNT, to: "anna@contoso.example" };
  const curl = [
    ...["--silent", "--show-error", "--ssl-reqd", "--cacert", `${folder}/ca.pem`],
    ...["--url", `smtp://localhost:${sandbox.smtpPort}`, "--user", ACCOUNT],
    ...["--oauth2-bearer", token, "--login-options", "AUTH=XOAUTH2"],
    ...["--mail-from", ends.from, "--mail-rcpt", ends.to, "--upload-file", `${folder}/mail`],
  ];
  await Deno.writeTextFile(`${folder}/token`, token);
  const msmtp = [
    ...["--host=localhost", `--port=${sandbox.smtpPort}`, "--tls=on", "--tls-starttls=on"],
    ...[`--tls-trust-file=${folder}/ca.pem`, "--auth=xoauth2", `--user=${ACCOUNT}`],
    ...[`--passwordeval=cat ${folder}/token`, `--from=${ends.from}`, ends.to],
  ];
  const isFed = client === "msmtp";
  const child = new Deno.Command(client, {
    args: isFed ? msmtp : curl,
    stdin: isFed ? "piped" : "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  if (isFed) {
    const writer = child.stdin.getWriter();
    await writer.write(await Deno.readFile(`${folder}/mail`));
    await writer.close();
  }
  const { success, stderr, stdout } = await child.output();
  assert.ok(success, new TextDecoder().decode(stderr) + new TextDecoder().decode(stdout));
}

function mailOf(client: string): string {
  return `From: <${ACCOUNT}>\r\nTo: anna@contoso.example\r\nSubject: from ${client}\r\n\r\nx\r\n.y\r\n`;
}

async function discover(sandbox: Sandbox): Promise<openid.Configuration> {
  return await openid.discovery(
    new URL(`${sandbox.origin}/${sandbox.directory.tenantId}/v2.0`),
    sandbox.directory.clientId,
    undefined,
    openid.None(),
    { execute: [openid.allowInsecureRequests] },
  );
}

async function signInByOpenid(sandbox: Sandbox, account = ACCOUNT): Promise<{
  readonly config: openid.Configuration;
  readonly tokens: openid.TokenEndpointResponse & openid.TokenEndpointResponseHelpers;
}> {
  const config = await discover(sandbox);
  const pkceCodeVerifier = openid.randomPKCECodeVerifier();
  const expectedState = openid.randomState();
  const url = openid.buildAuthorizationUrl(config, {
    redirect_uri: REDIRECT_URI,
    scope: SCOPE,
    state: expectedState,
    code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: "S256",
  });
  const back = await cameBack(url, account);
  const tokens = await openid.authorizationCodeGrant(config, back, {
    pkceCodeVerifier,
    expectedState,
  });
  return { config, tokens };
}

/** Presses Accept; the address that the browser would go to. */
async function cameBack(url: URL, account = ACCOUNT): Promise<URL> {
  const response = await fetch(url, {
    method: "POST",
    redirect: "manual",
    body: new URLSearchParams({ account, accept: "1" }),
  });
  await response.body?.cancel();
  assert.equal(response.status, 302);
  return new URL(response.headers.get("location") ?? "");
}

function isInstalled(program: string): boolean {
  try {
    return new Deno.Command(program, { args: ["--version"] }).outputSync().success;
  } catch {
    return false;
  }
}
