// In which order the credentials of a profile are tried, and what becomes of them when the provider has taken one.

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { Failure } from "../../src/base/failure.ts";
import type { OauthProfile } from "../../src/profile/profile.ts";
import { certificateFacts } from "../../src/vault/client_certificate.ts";
import {
  bindingOf,
  EMPTY_VAULT,
  type ProfileSecrets,
  type StoredCertificate,
  type VaultContent,
  withSecrets,
} from "../../src/vault/content.ts";
import {
  afterUse,
  type Credential,
  credentialsOf,
  withCredential,
} from "../../src/vault/credential.ts";
import { thumbprintOf } from "../../src/vault/x509.ts";
import { isFailure, type OauthTestProfile, testProfile, testWorld } from "./fixtures.ts";

const PROFILE = testProfile({ oauth: { clientSecret: { from: "vault" } } });
const NOW_MS = Date.parse("2026-11-24T08:00:00Z");

const NEW = stored(1);
const ACCEPTED = { ...stored(2), acceptedAtMs: 5 };

function stored(madeAtMs: number): StoredCertificate {
  const text = Deno.readTextFileSync(path("pkcs8.pem"));
  const block = (label: string): string =>
    text.match(new RegExp(`BEGIN ${label}-----([^-]+)`))?.[1]?.replaceAll("\n", "") ?? "";
  return {
    binding: bindingOf(PROFILE),
    privateKey: block("PRIVATE KEY"),
    certificate: block("CERTIFICATE"),
    madeAtMs,
    expiresAtMs: NOW_MS + madeAtMs,
  };
}

const SECRET = { binding: bindingOf(PROFILE), value: "client-secret", setAtMs: 1 };

function vault(secrets: ProfileSecrets): VaultContent {
  return withSecrets(EMPTY_VAULT, PROFILE.name, secrets);
}

async function kinds(
  secrets: ProfileSecrets,
  oauth: Partial<OauthProfile> = {},
): Promise<readonly string[]> {
  const profile = with_(oauth);
  const from = { content: vault(secrets), world: testWorld() };
  const credentials = await credentialsOf(profile, profile.oauth, from);
  return credentials.map((one) => one.kind === "certificate" ? one.from : one.kind);
}

function with_(oauth: Partial<OauthProfile>): OauthTestProfile {
  return { ...PROFILE, oauth: { ...PROFILE.oauth, ...oauth } };
}

function path(name: string): string {
  return fileURLToPath(new URL(`./certificates/${name}`, import.meta.url));
}

Deno.test("credentialsOf() puts the newest certificate first, and what was used before behind it", async () => {
  const certificate = NEW;
  const previousCertificate = ACCEPTED;
  const clientSecret = SECRET;
  assert.deepEqual(await kinds({}), ["none"]);
  assert.deepEqual(await kinds({ clientSecret }), ["secret"]);
  assert.deepEqual(await kinds({ certificate, clientSecret }), ["certificate", "secret"]);
  assert.deepEqual(await kinds({ certificate, previousCertificate, clientSecret }), [
    "certificate",
    "previousCertificate",
    "secret",
  ]);
});

Deno.test("credentialsOf() lets a public client go on without anything until a certificate was taken", async () => {
  assert.deepEqual(await kinds({ certificate: NEW }), ["certificate", "none"]);
  assert.deepEqual(await kinds({ certificate: ACCEPTED }), ["certificate"]);
  assert.deepEqual(await kinds({ certificate: NEW, previousCertificate: ACCEPTED }), [
    "certificate",
    "previousCertificate",
  ]);
  assert.deepEqual(await kinds({ certificate: NEW }, { flow: "app" }), ["certificate"]);
});

Deno.test("credentialsOf() takes the file alone where the profile names one", async () => {
  const secrets = { certificate: NEW, clientSecret: SECRET };
  assert.deepEqual(await kinds(secrets, { certificateFile: path("pkcs8.pem") }), ["file"]);
  await assert.rejects(
    kinds(secrets, { certificateFile: path("encrypted.pem") }),
    isFailure("oauth.certificate", /passphrase of .+ is missing/, /secret set/),
  );
  const certificatePassphrase = { ...SECRET, value: "swordfish" };
  const certificateFile = path("encrypted.pem");
  assert.deepEqual(await kinds({ certificatePassphrase }, { certificateFile }), ["file"]);
});

Deno.test("credentialsOf() does without a secret whose source is gone, once there is a certificate", async () => {
  const clientSecret = { from: "env", name: "GONE" } as const;
  assert.deepEqual(await kinds({ certificate: ACCEPTED }, { clientSecret }), ["certificate"]);
  await assert.rejects(kinds({}, { clientSecret }), isFailure("oauth.secret_missing", /GONE/));
});

Deno.test("credentialsOf() hands a certificate out for its own client ID and endpoint only", async () => {
  const tokenEndpoint = "https://elsewhere.example/token";
  await assert.rejects(
    kinds({ certificate: NEW }, { tokenEndpoint }),
    isFailure("vault.binding", /the certificate of profile/, /cert new/),
  );
  await assert.rejects(
    kinds({ certificatePassphrase: SECRET }, {
      tokenEndpoint,
      certificateFile: path("encrypted.pem"),
    }),
    isFailure("vault.binding", /the passphrase of the certificate file/, /secret set/),
  );
});

Deno.test("credentialsOf() gives keys that sign and cannot be exported, and keeps their text out of all output", async () => {
  for (
    const [provider, name] of [["microsoft365", "RSA-PSS"], [
      "custom",
      "RSASSA-PKCS1-v1_5",
    ]] as const
  ) {
    const world = testWorld();
    const profile = { ...PROFILE, provider };
    const [credential] = await credentialsOf(profile, profile.oauth, {
      content: vault({ certificate: NEW }),
      world,
    });
    assert.ok(credential.kind === "certificate");
    const { privateKey, thumbprint } = credential.certificate;
    assert.equal(privateKey.algorithm.name, name);
    assert.equal(privateKey.extractable, false);
    assert.equal(
      thumbprint,
      await thumbprintOf(Uint8Array.from(atob(NEW.certificate), (one) => one.charCodeAt(0))),
    );
    assert.ok(world.secrets.includes(NEW.privateKey));
  }
});

Deno.test("afterUse() marks a newest certificate that was taken, and drops the one before", async () => {
  const before = vault({ certificate: NEW, previousCertificate: ACCEPTED, clientSecret: SECRET });
  const [first, second, third] = await credentialsOf(PROFILE, PROFILE.oauth, {
    content: before,
    world: testWorld(),
  });
  assert.ok(second !== undefined && third !== undefined);
  const use = (credential: Credential, content = before): VaultContent =>
    afterUse(content, PROFILE, { credential, nowMs: 77 });
  assert.equal(use(second), before);
  assert.equal(use(third), before);
  const after = use(first);
  assert.deepEqual(
    after,
    vault({ certificate: { ...NEW, acceptedAtMs: 77 }, clientSecret: SECRET }),
  );
  // A later use changes nothing, so nothing has to be written.
  assert.equal(use(first, after), after);
  // One that was made in between has not been tried.
  const other = vault({ certificate: { ...NEW, madeAtMs: 9 }, previousCertificate: ACCEPTED });
  assert.equal(use(first, other), other);
  assert.equal(use(first, EMPTY_VAULT), EMPTY_VAULT);
});

Deno.test("withCredential() goes on to the next only when the client was refused, and tells the first refusal", async () => {
  const credentials = [{ kind: "secret", value: "new" }, { kind: "none" }] as const;
  const refusal = new Failure("oauth.client_refused", "the first one");
  const tried: string[] = [];
  const taken = await withCredential(credentials, ({ kind }) => {
    tried.push(kind);
    return kind === "secret" ? Promise.reject(refusal) : Promise.resolve("tokens");
  });
  assert.deepEqual(tried, ["secret", "none"]);
  assert.deepEqual(taken, { result: "tokens", credential: { kind: "none" } });
  await assert.rejects(
    withCredential(
      credentials,
      ({ kind }) =>
        Promise.reject(kind === "secret" ? refusal : new Failure("oauth.client_refused", "later")),
    ),
    refusal,
  );
  for (const code of ["oauth.temporary", "oauth.grant_expired", "net.unreachable"] as const) {
    let count = 0;
    await assert.rejects(
      withCredential(credentials, () => {
        count++;
        return Promise.reject(new Failure(code, "another trouble"));
      }),
      isFailure(code, /another trouble/),
    );
    assert.equal(count, 1);
  }
});

Deno.test("certificateFacts() tells of the certificate that the provider takes now, or what is wrong with it", async () => {
  const facts = async (
    secrets: ProfileSecrets,
    oauth: Partial<OauthProfile> = {},
  ): Promise<unknown> => {
    const profile = with_(oauth);
    const from = { content: vault(secrets), world: testWorld() };
    return await certificateFacts(profile, profile.oauth, from);
  };
  assert.equal(await facts({ clientSecret: SECRET }), undefined);
  assert.deepEqual(await facts({ certificate: NEW }), {
    expiresAtMs: NOW_MS + 1,
    from: "certificate",
    isAccepted: false,
    waitsForUpload: true,
  });
  assert.deepEqual(await facts({ certificate: NEW, previousCertificate: ACCEPTED }), {
    expiresAtMs: NOW_MS + 2,
    from: "previousCertificate",
    isAccepted: true,
    waitsForUpload: true,
  });
  assert.deepEqual(await facts({ certificate: ACCEPTED }), {
    expiresAtMs: NOW_MS + 2,
    from: "certificate",
    isAccepted: true,
    waitsForUpload: false,
  });
  assert.deepEqual(await facts({}, { certificateFile: path("pkcs8.pem") }), {
    expiresAtMs: Date.parse("2126-10-31T17:42:37Z"),
    from: "file",
    isAccepted: true,
    waitsForUpload: false,
  });
  const failure = await facts({}, { certificateFile: path("no_key.pem") });
  assert.ok(failure instanceof Failure && failure.code === "oauth.certificate");
});
