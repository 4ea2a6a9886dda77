import assert from "node:assert/strict";
import {
  bindingOf,
  boundClientSecret,
  boundGrant,
  boundSmtpPassword,
  EMPTY_VAULT,
  type Secret,
  secretsOf,
  type VaultContent,
  withSecrets,
} from "../../src/vault/content.ts";
import { isFailure, testGrant, testProfile } from "./fixtures.ts";

const PROFILE = testProfile();
const SECRET: Secret = { binding: bindingOf(PROFILE), value: "client-secret", setAtMs: 1 };
const FULL = withSecrets(EMPTY_VAULT, "plant", {
  grant: testGrant(PROFILE),
  clientSecret: SECRET,
  smtpPassword: SECRET,
});

Deno.test("boundGrant() and its siblings give out what was stored for these settings", () => {
  assert.equal(boundGrant(FULL, PROFILE)?.accessToken, "access-token-0");
  assert.equal(boundClientSecret(FULL, PROFILE)?.value, "client-secret");
  assert.equal(boundSmtpPassword(FULL, PROFILE)?.value, "client-secret");
  assert.equal(boundGrant(EMPTY_VAULT, PROFILE), undefined);
  assert.equal(boundGrant(FULL, testProfile({ name: "other" })), undefined);
});

Deno.test("boundGrant() and its siblings give out nothing once one of the bound settings changed", () => {
  const changes = [
    { key: "oauth\\.client_id", profile: testProfile({ oauth: { clientId: "changed" } }) },
    {
      key: "oauth\\.token_endpoint",
      profile: testProfile({ oauth: { tokenEndpoint: "https://changed/" } }),
    },
    { key: "smtp\\.host", profile: testProfile({ smtpHost: "changed.example" }) },
  ];
  for (const { key, profile } of changes) {
    const words = [
      new RegExp(`stored for ${key} ".+", but the profile now says ".*changed`),
      /it is not sent there/,
      /find out who edited the profile file/,
    ];
    assert.throws(
      () => boundGrant(FULL, profile),
      isFailure("vault.binding", ...words, /the sign-in of profile "plant"/, /plantpost login/),
    );
    assert.throws(
      () => boundClientSecret(FULL, profile),
      isFailure("vault.binding", ...words, /the client secret/, /plantpost secret set/),
    );
    assert.throws(
      () => boundSmtpPassword(FULL, profile),
      isFailure("vault.binding", ...words, /the SMTP password/, /plantpost secret set/),
    );
  }
});

Deno.test("boundGrant() names no token when the binding is wrong", () => {
  assert.throws(
    () => boundGrant(FULL, testProfile({ smtpHost: "evil.example" })),
    (failure: Error) => !/access-token|refresh-token/.test(`${failure.message} ${failure.stack}`),
  );
});

Deno.test("withSecrets() replaces, forgets and leaves the other profiles alone", () => {
  const two = withSecrets(FULL, "other", { clientSecret: SECRET });
  assert.deepEqual(Object.keys(two.profiles).sort(), ["other", "plant"]);
  const less = withSecrets(two, "plant", { grant: undefined });
  assert.deepEqual(Object.keys(secretsOf(less, "plant")).sort(), ["clientSecret", "smtpPassword"]);
  assert.deepEqual(secretsOf(less, "other"), { clientSecret: SECRET });
  const gone = withSecrets(less, "plant", { clientSecret: undefined, smtpPassword: undefined });
  assert.deepEqual(Object.keys(gone.profiles), ["other"]);
  assert.equal(FULL.profiles["plant"]?.grant?.accessToken, "access-token-0", "the old one changed");
});

Deno.test("withSecrets() and secretsOf() know profiles with the names of built-in properties", () => {
  for (const name of ["constructor", "__proto__", "toString", "hasOwnProperty"]) {
    assert.deepEqual(secretsOf(FULL, name), {}, name);
    const named = withSecrets(FULL, name, { clientSecret: { ...SECRET, value: name } });
    const stored = JSON.parse(JSON.stringify(named)) as VaultContent;
    assert.equal(secretsOf(stored, name).clientSecret?.value, name);
    assert.equal(boundClientSecret(stored, testProfile({ name }))?.value, name);
    assert.equal(secretsOf(stored, "plant").clientSecret?.value, "client-secret");
    assert.deepEqual(secretsOf(withSecrets(stored, name, { clientSecret: undefined }), name), {});
  }
  assert.equal(({} as { clientSecret?: unknown }).clientSecret, undefined);
});
