import assert from "node:assert/strict";
import { fromBase64 } from "../../src/base/base64.ts";
import {
  type Header,
  type KeyHeader,
  openSealedVault,
  parseSealedVault,
  sealVault,
} from "../../src/vault/envelope.ts";
import { isFailure } from "./fixtures.ts";

const CONTENT = { profiles: { plant: { note: "Größe" } } };
const KEY_FILE: KeyHeader = { kind: "key-file", keyId: "0123456789abcdef" };
const PASSPHRASE: KeyHeader = {
  kind: "passphrase",
  keyId: "0123456789abcdef",
  rounds: 600_000,
  salt: "AAECAwQFBgcICQoLDA0ODw==",
};

Deno.test("openSealedVault() gives back what sealVault() was given, with either kind of key", async () => {
  for (const kind of [KEY_FILE, PASSPHRASE]) {
    const { octets, key, header } = await sealed(kind);
    const parsed = parseSealedVault(octets, "v");
    assert.deepEqual(parsed.header, header);
    assert.deepEqual(await openSealedVault(parsed, { key, path: "v" }), CONTENT);
  }
});

Deno.test("sealVault() shows nothing of the content and never uses a nonce twice", async () => {
  const { octets, key, header } = await sealed();
  assert.ok(!new TextDecoder().decode(octets).includes("note"));
  const nonces = new Set<string>();
  for (let round = 0; round < 50; round++) {
    nonces.add(String(parseSealedVault(await sealVault({}, { key, header }), "v").nonce));
  }
  assert.equal(nonces.size, 50);
});

Deno.test("openSealedVault() refuses a change of any octet of nonce and ciphertext", async () => {
  const { octets, key } = await sealed();
  const good = parseSealedVault(octets, "v");
  for (const part of ["nonce", "ciphertext"] as const) {
    for (let at = 0; at < good[part].length; at++) {
      const changed = good[part].slice();
      changed[at] = (changed[at] ?? 0) ^ 0x01;
      await assert.rejects(
        openSealedVault({ ...good, [part]: changed }, { key, path: "v" }),
        isFailure("vault.damaged", /seal is broken/, /do not edit it/),
        `${part} ${at}`,
      );
    }
  }
});

Deno.test("parseSealedVault() and openSealedVault() refuse a change of any octet of the file", async () => {
  const { octets, key } = await sealed(PASSPHRASE);
  const good = parseSealedVault(octets, "v");
  let harmless = 0;
  for (let at = 0; at < octets.length; at++) {
    for (const bit of [0x01, 0x20]) {
      const changed = octets.slice();
      changed[at] = (changed[at] ?? 0) ^ bit;
      try {
        const parsed = parseSealedVault(changed, "v");
        // Padding bits of base64 mean nothing; everything that has a meaning must break the seal.
        assert.deepEqual(await openSealedVault(parsed, { key, path: "v" }), CONTENT);
        assert.deepEqual(parsed, good);
        harmless++;
      } catch (failure) {
        if (failure instanceof assert.AssertionError) throw failure;
        isFailure("vault.damaged")(failure);
      }
    }
  }
  assert.ok(harmless <= 4, `${harmless} changes went unnoticed`);
});

Deno.test("openSealedVault() refuses a header that was changed to a well-formed other one", async () => {
  const { octets, key } = await sealed(PASSPHRASE);
  const changes: readonly ((file: Editable) => void)[] = [
    (file) => file.header["revision"] = 8,
    (file) => file.header["pc"] = "PANEL-8",
    (file) => file.header["account"] = "bo",
    (file) => file.header["key"] = { ...PASSPHRASE, rounds: 600_001 },
    (file) => file.header["key"] = { ...PASSPHRASE, salt: "AAECAwQFBgcICQoLDA0OEA==" },
    (file) => file.header["key"] = { ...PASSPHRASE, keyId: "fedcba9876543210" },
    (file) => file.header["key"] = KEY_FILE,
  ];
  for (const change of changes) {
    const parsed = parseSealedVault(edited(octets, change), "v");
    await assert.rejects(openSealedVault(parsed, { key, path: "v" }), isFailure("vault.damaged"));
  }
});

Deno.test("openSealedVault() does not care for the order of keys, nor for keys it does not know", async () => {
  const { octets, key, header } = await sealed(PASSPHRASE);
  const file = JSON.parse(new TextDecoder().decode(octets));
  const reversed = {
    ...backwards(file),
    header: { later: "addition", ...backwards(file.header), key: backwards(file.header.key) },
    comment: "hello",
  };
  const parsed = parseSealedVault(new TextEncoder().encode(JSON.stringify(reversed)), "v");
  assert.deepEqual(parsed.header, header);
  assert.deepEqual(await openSealedVault(parsed, { key, path: "v" }), CONTENT);
});

Deno.test("parseSealedVault() tells a vault of a later release from a damaged one", async () => {
  const { octets } = await sealed();
  const later = edited(octets, (file) => file.version = 2);
  assert.throws(
    () => parseSealedVault(later, "data/vault.json"),
    isFailure(
      "vault.damaged",
      /data\/vault\.json: its version is 2, this release reads 1/,
      /newer/,
    ),
  );
});

Deno.test("parseSealedVault() refuses what is no vault", async () => {
  const { octets } = await sealed(PASSPHRASE);
  const whole = new TextDecoder().decode(octets);
  const bad: readonly (string | Uint8Array)[] = [
    "",
    " ",
    "not JSON",
    "null",
    "[]",
    "7",
    "{}",
    '{"format":"something else","version":1}',
    whole.slice(0, -20),
    new Uint8Array([0xff, 0xfe, 0x00]),
    new Uint8Array(4096),
    edited(octets, (file) => delete file["version"]),
    edited(octets, (file) => delete file["nonce"]),
    edited(octets, (file) => delete file["ciphertext"]),
    edited(octets, (file) => file.nonce = "AAAA"),
    edited(octets, (file) => file.nonce = "*".repeat(16)),
    edited(octets, (file) => file.ciphertext = 7),
    edited(octets, (file) => file.header["key"] = null),
    edited(octets, (file) => file.header["key"] = { kind: "rot13", keyId: "x" }),
    edited(octets, (file) => file.header["key"] = { ...PASSPHRASE, rounds: "600000" }),
    edited(octets, (file) => file.header["revision"] = -1),
    edited(octets, (file) => file.header["revision"] = 1.5),
    edited(octets, (file) => file.header["pc"] = 7),
  ];
  for (const content of bad) {
    const file = typeof content === "string" ? new TextEncoder().encode(content) : content;
    assert.throws(() => parseSealedVault(file, "v"), isFailure("vault.damaged"), String(content));
  }
});

interface Editable extends Record<string, unknown> {
  version: unknown;
  nonce: unknown;
  ciphertext: unknown;
  readonly header: Record<string, unknown>;
}

function edited(octets: Uint8Array, change: (file: Editable) => void): Uint8Array {
  const file = JSON.parse(new TextDecoder().decode(octets)) as Editable;
  change(file);
  return new TextEncoder().encode(JSON.stringify(file));
}

function backwards(record: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).reverse());
}

async function sealed(
  kind: KeyHeader = KEY_FILE,
): Promise<{ octets: Uint8Array; key: CryptoKey; header: Header }> {
  const raw = fromBase64("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
  assert.ok(raw !== undefined);
  const key = await crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]);
  const header: Header = { key: kind, revision: 7, pc: "PANEL-7", account: "anna" };
  return { octets: await sealVault(CONTENT, { key, header }), key, header };
}
