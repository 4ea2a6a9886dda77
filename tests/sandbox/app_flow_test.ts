// Flow app and certificates at the sandbox, as other people's clients ask for them: client credentials with a secret
// and with a signed assertion, and what Entra refuses about both.

import assert from "node:assert/strict";
import * as oauth from "oauth4webapi";
import * as openid from "openid-client";
import { fromBase64 } from "../../src/base/base64.ts";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";
import { makeSelfSigned, pemOf, shownThumbprint, thumbprintOf } from "../../src/vault/x509.ts";

const APP_SCOPE = "https://outlook.office365.com/.default";
const DAY_MS = 86_400_000;

type Claims = Readonly<Record<string, unknown>>;

interface Certificate {
  readonly key: CryptoKey;
  readonly thumbprint: string;
  readonly der: Uint8Array<ArrayBuffer>;
}

Deno.test("openid-client gets an app its token by the secret: for Exchange, with the role, and nothing to refresh", async () => {
  await using sandbox = await startSandbox();
  const config = await discover(sandbox, openid.ClientSecretPost(sandbox.directory.clientSecret));
  const tokens = await openid.clientCredentialsGrant(config, { scope: APP_SCOPE });
  assert.equal(tokens.refresh_token, undefined);
  assert.equal(tokens.id_token, undefined);
  const claims = claimsOf(tokens.access_token);
  assert.equal(claims["aud"], "https://outlook.office365.com");
  assert.deepEqual(claims["roles"], ["SMTP.SendAsApp"]);
  assert.equal(claims["appid"], sandbox.directory.clientId);
  assert.equal(claims["upn"], undefined);
  assert.equal(Number(claims["exp"]) - Number(claims["iat"]), tokens.expires_in);
});

Deno.test("openid-client gets an app its token by an uploaded certificate, RS256 and PS256", async () => {
  await using sandbox = await startSandbox();
  for (const algorithm of ["RSASSA-PKCS1-v1_5", "RSA-PSS"]) {
    const certificate = await newCertificate({ algorithm });
    assert.equal((await upload(sandbox, certificate.der)).status, 200);
    const config = await discover(sandbox, signing(certificate));
    const tokens = await openid.clientCredentialsGrant(config, { scope: APP_SCOPE });
    assert.deepEqual(claimsOf(tokens.access_token)["roles"], ["SMTP.SendAsApp"]);
  }
});

Deno.test("where a person signs in the platform decides: a certificate is wanted by Web, and refused by Mobile", async () => {
  const certificate = await newCertificate();
  for (const platform of ["web", "mobile"] as const) {
    await using sandbox = await startSandbox({ platform });
    await upload(sandbox, certificate.der);
    const config = await discover(sandbox, signing(certificate));
    const refused = await codesOf(
      openid.refreshTokenGrant(config, "a token that is none", { scope: APP_SCOPE }),
    );
    assert.deepEqual(refused, [platform === "web" ? 9002313 : 700025]);
  }
});

Deno.test("an assertion that Entra refuses is refused with Entra's number", async (t) => {
  const [mine, other, ended] = await Promise.all([
    newCertificate(),
    newCertificate(),
    newCertificate({ startsAtMs: Date.now() - 800 * DAY_MS, expiresAtMs: Date.now() - DAY_MS }),
  ]);
  await using sandbox = await startSandbox();
  for (const { der } of [mine, ended]) await upload(sandbox, der);
  const hour = 3600;
  const cases: Readonly<Record<string, readonly [number, Certificate, Change]>> = {
    "not uploaded": [700027, other, () => {}],
    "another key than the certificate's": [700027, { ...mine, key: other.key }, () => {}],
    "its certificate has ended": [700027, ended, () => {}],
    "expired": [700024, mine, (_, claims) => {
      claims["exp"] = Number(claims["iat"]) - hour;
    }],
    "not valid yet": [700024, mine, (_, claims) => {
      claims["nbf"] = Number(claims["iat"]) + hour;
    }],
    "for another server": [700023, mine, (_, claims) => {
      claims["aud"] = "https://login.example.com/";
    }],
    "of another app": [700021, mine, (_, claims) => {
      claims["iss"] = "00000000-0000-0000-0000-000000000000";
    }],
    "about another app": [700021, mine, (_, claims) => {
      claims["sub"] = "00000000-0000-0000-0000-000000000000";
    }],
    "no thumbprint": [50027, mine, (header) => {
      delete header["x5t#S256"];
    }],
    "no end": [50027, mine, (_, claims) => {
      delete claims["exp"];
    }],
  };
  for (const [name, [number, certificate, change]] of Object.entries(cases)) {
    await t.step(name, async () => {
      const config = await discover(sandbox, signing(certificate, change));
      const grant = openid.clientCredentialsGrant(config, { scope: APP_SCOPE });
      assert.deepEqual(await codesOf(grant), [number]);
    });
  }
  await t.step("the token endpoint as audience is as good as the issuer", async () => {
    const endpoint = `${sandbox.origin}/${sandbox.directory.tenantId}/oauth2/v2.0/token`;
    const config = await discover(
      sandbox,
      signing(mine, (_, claims) => {
        claims["aud"] = endpoint;
      }),
    );
    await openid.clientCredentialsGrant(config, { scope: APP_SCOPE });
  });
});

Deno.test("what is no signed JWT at all is malformed, and its type must be named", async () => {
  await using sandbox = await startSandbox();
  const type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
  const wrong = ["", "a.b", "a.b.c", "e30.e30.e30.e30", `${btoa('{"alg":"none"}')}.e30.`, "é.é.é"];
  for (const client_assertion of wrong) {
    const answer = await ask(sandbox, { client_assertion, client_assertion_type: type });
    assert.deepEqual(answer["error_codes"], [50027], client_assertion);
  }
  const untyped = await ask(sandbox, { client_assertion: "a.b.c" });
  assert.deepEqual(untyped["error_codes"], [900144]);
});

Deno.test("flow app wants its own tenant, a proof, and .default of one resource that exists", async () => {
  await using sandbox = await startSandbox();
  const secret = { client_secret: sandbox.directory.clientSecret };
  const numbers = async (fields: Readonly<Record<string, string>>, tenant?: string) =>
    (await ask(sandbox, { scope: APP_SCOPE, ...fields }, tenant))["error_codes"];
  assert.equal(await numbers(secret), undefined);
  for (const tenant of ["common", "organizations", "consumers"]) {
    assert.deepEqual(await numbers(secret, tenant), [9001023], tenant);
  }
  assert.deepEqual(await numbers({}), [7000216]);
  assert.deepEqual(await numbers({ client_secret: "wrong" }), [7000215]);
  const scopes: readonly (readonly [string, number])[] = [
    ["", 1002012],
    ["https://outlook.office365.com/SMTP.SendAsApp", 1002012],
    ["https://outlook.office.com/SMTP.Send offline_access", 1002012],
    [`${APP_SCOPE} offline_access`, 70011],
    [`${APP_SCOPE} https://graph.microsoft.com/.default`, 70011],
    ["https://outlook.example.com/.default", 500011],
  ];
  for (const [scope, number] of scopes) {
    assert.deepEqual(await numbers({ ...secret, scope }), [number], scope);
  }
});

Deno.test("a token of Microsoft Graph, of another account or of no permission names that in its claims", async () => {
  await using sandbox = await startSandbox();
  const secret = { client_secret: sandbox.directory.clientSecret };
  const graph = await ask(sandbox, { ...secret, scope: "https://graph.microsoft.com/.default" });
  assert.equal(claimsOf(String(graph["access_token"]))["aud"], "https://graph.microsoft.com");
  sandbox.plant("wrong-audience");
  const planted = await ask(sandbox, { ...secret, scope: APP_SCOPE });
  assert.equal(claimsOf(String(planted["access_token"]))["aud"], "https://graph.microsoft.com");
  sandbox.clear();
  sandbox.plant("app-consent-missing");
  const bare = await ask(sandbox, { ...secret, scope: APP_SCOPE });
  const claims = claimsOf(String(bare["access_token"]));
  assert.deepEqual([claims["aud"], claims["roles"]], ["https://outlook.office365.com", undefined]);
});

Deno.test("the page of the app registration takes certificates, and nothing else", async () => {
  await using sandbox = await startSandbox();
  const { der } = await newCertificate();
  const submit = async (
    file: BlobPart,
    origin = sandbox.origin,
  ): Promise<{ readonly status: number; readonly text: string }> => {
    const body = new FormData();
    body.append("certificate", new File([file], "plantpost.cer"));
    const response = await fetch(`${sandbox.origin}/app`, {
      method: "POST",
      redirect: "manual",
      headers: { origin },
      body,
    });
    return { status: response.status, text: await response.text() };
  };
  assert.equal((await submit(der, "http://localhost:1")).status, 403);
  for (const wrong of ["", "not a certificate", der.slice(0, 200), new Uint8Array(70_000)]) {
    assert.equal((await submit(wrong)).status, 400);
  }
  const key = await submit("-----BEGIN PRIVATE KEY-----\nMC4=\n-----END PRIVATE KEY-----\n");
  assert.deepEqual([key.status, /private key/.test(key.text)], [400, true]);
  const curve = await ellipticCertificate();
  assert.match((await submit(curve)).text, /not an RSA key/);
  assert.deepEqual(sandbox.directory.certificates.list, []);
  assert.equal((await submit(pemOf("CERTIFICATE", der))).status, 303);
  const page = await (await fetch(`${sandbox.origin}/app`)).text();
  assert.ok(page.includes(await shownThumbprint(der, "SHA-1")), "as the portal shows it");
  assert.ok(page.includes(sandbox.directory.clientId));
});

type Change = (
  header: Record<string, oauth.JsonValue | undefined>,
  claims: Record<string, oauth.JsonValue | undefined>,
) => void;

/** Signs as the reference demands: `x5t#S256` in the header, the issuer as audience. */
function signing(certificate: Certificate, change: Change = () => {}): openid.ClientAuth {
  return openid.PrivateKeyJwt(certificate.key, {
    [oauth.modifyAssertion]: (header, claims) => {
      header["x5t#S256"] = certificate.thumbprint;
      change(header, claims);
    },
  });
}

async function newCertificate(
  options: {
    readonly algorithm?: string;
    readonly startsAtMs?: number;
    readonly expiresAtMs?: number;
  } = {},
): Promise<Certificate> {
  const { privateKey, certificate: der } = await makeSelfSigned({
    commonName: "plantpost",
    startsAtMs: options.startsAtMs ?? Date.now() - DAY_MS,
    expiresAtMs: options.expiresAtMs ?? Date.now() + 365 * DAY_MS,
  });
  const key = await crypto.subtle.importKey(
    "pkcs8",
    privateKey,
    { name: options.algorithm ?? "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
    false,
    ["sign"],
  );
  return { key, thumbprint: await thumbprintOf(der), der };
}

/** The certificate of the sandbox's own authority has a key on P-256. */
async function ellipticCertificate(): Promise<Uint8Array<ArrayBuffer>> {
  await using sandbox = await startSandbox();
  const body = sandbox.caCertificate.replaceAll(/-----[^-]+-----|\s/g, "");
  return fromBase64(body) ?? new Uint8Array();
}

async function upload(sandbox: Sandbox, der: Uint8Array<ArrayBuffer>): Promise<Response> {
  const response = await fetch(`${sandbox.origin}/app`, { method: "POST", body: der });
  await response.body?.cancel();
  return response;
}

async function discover(
  sandbox: Sandbox,
  authentication: openid.ClientAuth,
): Promise<openid.Configuration> {
  return await openid.discovery(
    new URL(`${sandbox.origin}/${sandbox.directory.tenantId}/v2.0`),
    sandbox.directory.clientId,
    undefined,
    authentication,
    { execute: [openid.allowInsecureRequests] },
  );
}

/** The numbers of the error that the library met. */
async function codesOf(grant: Promise<unknown>): Promise<unknown> {
  try {
    await grant;
  } catch (failure) {
    if (failure instanceof oauth.ResponseBodyError) return failure.cause["error_codes"];
    throw failure;
  }
  return "no error";
}

async function ask(
  sandbox: Sandbox,
  fields: Readonly<Record<string, string>>,
  tenant?: string,
): Promise<Claims> {
  const { directory, origin } = sandbox;
  const response = await fetch(`${origin}/${tenant ?? directory.tenantId}/oauth2/v2.0/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "client_credentials",
      client_id: directory.clientId,
      ...fields,
    }),
  });
  return await response.json();
}

/** What a JWT says, unverified. */
function claimsOf(token: string): Claims {
  const octets = fromBase64(token.split(".")[1] ?? "");
  return JSON.parse(new TextDecoder().decode(octets));
}
