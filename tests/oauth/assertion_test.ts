// The assertion on the wire, taken apart and verified by another implementation.

import assert from "node:assert/strict";
import { constants, generateKeyPairSync, verify } from "node:crypto";
import { Buffer } from "node:buffer";
import {
  type ClientCertificate,
  type OauthClient,
  refreshTokens,
} from "../../src/oauth/token_endpoint.ts";
import { importSigningKey, type RsaPadding } from "../../src/vault/private_key.ts";
import { startTokenServer, type TokenRequest, tokens } from "./token_server.ts";

const THUMBPRINT = "oTx3OEbbJGeVZ3sbx1EjRHnyGeH4mk1Yx8p4xVfnUbc";

interface Assertion {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims:
    & Readonly<Record<string, unknown>>
    & { readonly [Name in "exp" | "iat" | "nbf"]: number };
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
}

function read(request: TokenRequest | undefined): Assertion {
  const [header = "", claims = "", signature = ""] = (request?.fields.get("client_assertion") ?? "")
    .split(".");
  const json = (part: string): Assertion["claims"] =>
    JSON.parse(Buffer.from(part, "base64url").toString());
  return {
    header: json(header),
    claims: json(claims),
    signed: new TextEncoder().encode(`${header}.${claims}`),
    signature: new Uint8Array(Buffer.from(signature, "base64url")),
  };
}

async function keyOf(der: Uint8Array, padding: RsaPadding): Promise<CryptoKey> {
  const key = await importSigningKey(Uint8Array.from(der), padding);
  assert.ok(key !== undefined);
  return key;
}

function pairOf(kind: "rsa" | "ec"): {
  readonly publicKey: ReturnType<typeof generateKeyPairSync>["publicKey"];
  readonly der: Uint8Array;
} {
  const { publicKey, privateKey } = kind === "rsa"
    ? generateKeyPairSync("rsa", { modulusLength: 2048 })
    : generateKeyPairSync("ec", { namedCurve: "P-256" });
  return { publicKey, der: privateKey.export({ type: "pkcs8", format: "der" }) };
}

async function ask(
  certificate: ClientCertificate,
  more: Partial<OauthClient> = {},
): Promise<{ readonly requests: readonly TokenRequest[]; readonly endpoint: string }> {
  await using server = startTokenServer(() => tokens());
  const client: OauthClient = {
    clientId: "the-client",
    clientAuth: "basic",
    clientSecret: "not to be sent beside it",
    tokenEndpoint: server.endpoint,
    scope: "mail.send",
    certificate,
    ...more,
  };
  await refreshTokens(client, "refresh-token-0", { fetch, timeoutMs: 10_000 });
  await refreshTokens(client, "refresh-token-0", { fetch, timeoutMs: 10_000 });
  return { requests: server.requests, endpoint: server.endpoint };
}

Deno.test("an assertion has the header, claims and signature that RFC 7523 and Microsoft want, and is new each time", async () => {
  const { publicKey, der } = pairOf("rsa");
  const rows = [["RSA-PSS", "PS256"], ["RSASSA-PKCS1-v1_5", "RS256"]] as const;
  for (const [padding, alg] of rows) {
    const privateKey = await keyOf(der, padding);
    const before = Math.floor(Date.now() / 1000);
    const { requests, endpoint } = await ask({ privateKey, thumbprint: THUMBPRINT });
    const after = Math.ceil(Date.now() / 1000);
    const [one, other] = [read(requests[0]), read(requests[1])];
    const { exp, iat, nbf, jti, ...named } = one.claims;
    assert.deepEqual(one.header, { alg, typ: "JWT", "x5t#S256": THUMBPRINT });
    assert.deepEqual(named, { aud: endpoint, iss: "the-client", sub: "the-client" });
    assert.ok(nbf === iat && iat >= before - 60 && iat <= after - 60);
    assert.equal(exp - iat, 360);
    assert.ok(typeof jti === "string" && jti.length >= 20 && jti !== other.claims["jti"]);
    assert.ok(
      verify("sha256", one.signed, {
        key: publicKey,
        ...(alg === "PS256"
          ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }
          : { padding: constants.RSA_PKCS1_PADDING }),
      }, one.signature),
    );
    for (const { fields, authorization } of requests) {
      assert.equal(authorization, null);
      assert.deepEqual([...fields.keys()].sort(), [
        "client_assertion",
        "client_assertion_type",
        "client_id",
        "grant_type",
        "refresh_token",
        "scope",
      ]);
      assert.equal(
        fields.get("client_assertion_type"),
        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      );
    }
  }
});

Deno.test("an assertion is ES256 with a key on P-256, and for the issuer where that is known", async () => {
  const { der } = pairOf("ec");
  const privateKey = await keyOf(der, "RSA-PSS");
  const audience = "https://login.example.com";
  const { requests } = await ask({ privateKey, thumbprint: THUMBPRINT, audience });
  const { header, claims, signature } = read(requests[0]);
  assert.equal(header["alg"], "ES256");
  assert.equal(claims["aud"], audience);
  assert.equal(signature.length, 64);
});

Deno.test("an assertion is dated by the provider's clock where its difference is known", async () => {
  const { der } = pairOf("ec");
  const certificate = { privateKey: await keyOf(der, "RSA-PSS"), thumbprint: THUMBPRINT };
  for (const skewHours of [-20, 20]) {
    const clockSkewMs = skewHours * 3_600_000;
    const before = Math.floor(Date.now() / 1000);
    const { requests } = await ask(certificate, { clockSkewMs });
    const after = Math.ceil(Date.now() / 1000);
    const { iat } = read(requests[0]).claims;
    const wanted = before - 60 - skewHours * 3600;
    assert.ok(iat >= wanted && iat <= wanted + after - before, `${iat} for ${wanted}`);
  }
});

Deno.test("an assertion is in no transcript", async () => {
  const { der } = pairOf("ec");
  const lines: string[] = [];
  await using server = startTokenServer(() => tokens());
  await refreshTokens(
    {
      clientId: "the-client",
      clientAuth: "post",
      tokenEndpoint: server.endpoint,
      scope: "mail.send",
      certificate: { privateKey: await keyOf(der, "RSA-PSS"), thumbprint: THUMBPRINT },
    },
    "refresh-token-0",
    { fetch, timeoutMs: 10_000, transcript: (_direction, line) => lines.push(line) },
  );
  const assertion = server.requests[0]?.fields.get("client_assertion") ?? "";
  assert.equal(assertion.split(".").length, 3);
  const text = lines.join("\n");
  assert.match(text, /client_assertion=<redacted>/);
  for (const part of assertion.split(".")) assert.ok(!text.includes(part));
});
