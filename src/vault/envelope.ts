// The sealed form of the vault: JSON with a header in the clear, AES-256-GCM (NIST SP 800-38D) over the
// content, the header authenticated with it. The invariant: nothing of the content is believed before the
// tag is checked, and a nonce is never used twice under one key (96 random bits, a few writes a day).

import { fromBase64, toBase64 } from "../base/base64.ts";
import { Failure } from "../base/failure.ts";

const FORMAT = "plantpost vault";
const VERSION = 1;

/**
 * How the key is found again. `keyId` tells a wrong key from a damaged file. With the DPAPI kinds `sealed` is the
 * key itself as Windows sealed it, and `salt` goes into its entropy; both are base64.
 */
export type KeyHeader =
  | {
    readonly kind: "dpapi-machine" | "dpapi-user";
    readonly keyId: string;
    readonly salt: string;
    readonly sealed: string;
  }
  | { readonly kind: "key-file"; readonly keyId: string }
  | {
    readonly kind: "passphrase";
    readonly keyId: string;
    readonly rounds: number;
    readonly salt: string;
  };

export interface Header {
  readonly key: KeyHeader;
  /** Grows by one with every write; the higher one of two copies is the newer. */
  readonly revision: number;
  /** Who wrote it, for the error on another PC. */
  readonly pc: string;
  readonly account: string;
}

export interface SealedVault {
  readonly header: Header;
  readonly nonce: Uint8Array<ArrayBuffer>;
  readonly ciphertext: Uint8Array<ArrayBuffer>;
}

export interface SealingKey {
  readonly key: CryptoKey;
  readonly header: KeyHeader;
}

/** The octets of the file for `content`. */
export async function sealVault(
  content: unknown,
  options: { readonly key: CryptoKey; readonly header: Header },
): Promise<Uint8Array> {
  const nonce = crypto.getRandomValues(new Uint8Array(12));
  const ciphertext = await crypto.subtle.encrypt(
    { name: "AES-GCM", iv: nonce, additionalData: authenticated(options.header) },
    options.key,
    new TextEncoder().encode(JSON.stringify(content)),
  );
  const file = {
    format: FORMAT,
    version: VERSION,
    header: options.header,
    nonce: toBase64(nonce),
    ciphertext: toBase64(new Uint8Array(ciphertext)),
  };
  return new TextEncoder().encode(JSON.stringify(file, null, 1) + "\n");
}

/**
 * Reads the outer form only; nothing in it is authenticated yet.
 * @throws {Failure} `vault.damaged`
 */
export function parseSealedVault(octets: Uint8Array, path: string): SealedVault {
  let file: unknown;
  try {
    file = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(octets));
  } catch (cause) {
    throw damaged(path, "it is not JSON", cause);
  }
  if (!isRecord(file) || file["format"] !== FORMAT) throw damaged(path, "it is not a vault");
  if (file["version"] !== VERSION) {
    throw new Failure(
      "vault.damaged",
      `cannot open the vault ${path}: its version is ${
        JSON.stringify(file["version"])
      }, this release reads ${VERSION}`,
      { remedy: "use the release of plantpost that wrote it, or a newer one" },
    );
  }
  const header = parseHeader(file["header"]);
  const nonce = octetsOf(file["nonce"]);
  const ciphertext = octetsOf(file["ciphertext"]);
  if (header === undefined || nonce?.length !== 12 || ciphertext === undefined) {
    throw damaged(path, "a part of it is missing");
  }
  return { header, nonce, ciphertext };
}

/**
 * The content, checked against the tag.
 * @throws {Failure} `vault.damaged`
 */
export async function openSealedVault(
  sealed: SealedVault,
  options: { readonly key: CryptoKey; readonly path: string },
): Promise<unknown> {
  try {
    const clear = await crypto.subtle.decrypt(
      { name: "AES-GCM", iv: sealed.nonce, additionalData: authenticated(sealed.header) },
      options.key,
      sealed.ciphertext,
    );
    return JSON.parse(new TextDecoder().decode(clear));
  } catch (cause) {
    throw damaged(
      options.path,
      "its seal is broken: something changed it after it was written",
      cause,
    );
  }
}

/** The way on where a vault cannot be opened any more. */
export function startAnew(vaultPath: string): string {
  return `to start anew here, move ${vaultPath} away, then run "plantpost secret set" and "plantpost login"`;
}

function damaged(path: string, why: string, cause?: unknown): Failure {
  return new Failure("vault.damaged", `cannot open the vault ${path}: ${why}`, {
    remedy:
      `put back a copy of ${path} from a backup of this PC; if there is none, move the file away ` +
      '(do not edit it), then run "plantpost secret set" and "plantpost login" again',
    cause,
  });
}

// Rebuilt field by field: the order of keys in the file does not count, and a foreign key is not accepted.
function parseHeader(value: unknown): Header | undefined {
  if (!isRecord(value) || !isRecord(value["key"])) return undefined;
  const { revision, pc, account } = value;
  if (typeof revision !== "number" || !Number.isSafeInteger(revision) || revision < 0) {
    return undefined;
  }
  if (typeof pc !== "string" || typeof account !== "string") return undefined;
  const key = parseKeyHeader(value["key"]);
  return key === undefined ? undefined : { key, revision, pc, account };
}

function parseKeyHeader(
  { kind, keyId, rounds, salt, sealed }: Record<string, unknown>,
): KeyHeader | undefined {
  if (typeof keyId !== "string") return undefined;
  if (kind === "key-file") return { kind, keyId };
  if (typeof salt !== "string") return undefined;
  if (kind === "passphrase") {
    return typeof rounds === "number" ? { kind, keyId, rounds, salt } : undefined;
  }
  if (kind !== "dpapi-machine" && kind !== "dpapi-user") return undefined;
  return typeof sealed === "string" ? { kind, keyId, salt, sealed } : undefined;
}

function authenticated(header: Header): Uint8Array<ArrayBuffer> {
  const { key, revision, pc, account } = header;
  return new TextEncoder().encode(
    JSON.stringify([FORMAT, VERSION, ...authenticatedKey(key), revision, pc, account]),
  );
}

function authenticatedKey(key: KeyHeader): readonly (string | number)[] {
  if (key.kind === "key-file") return [key.kind, key.keyId];
  return [key.kind, key.keyId, key.kind === "passphrase" ? key.rounds : key.sealed, key.salt];
}

function octetsOf(value: unknown): Uint8Array<ArrayBuffer> | undefined {
  return typeof value === "string" ? fromBase64(value) : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
