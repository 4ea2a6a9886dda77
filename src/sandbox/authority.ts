// A certificate authority that lives as long as the sandbox, and server certificates below it (RFC 5280, ECDSA on
// P-256). The invariant: the authority's key never leaves this module, so whoever trusts its certificate trusts
// nothing but what was made here; the sandbox asks for the names of loopback alone.

import { toBase64 } from "../base/base64.ts";
import * as der from "../base/der.ts";

export interface ServerCertificate {
  /** PEM. */
  readonly cert: string;
  /** PKCS #8 as PEM. */
  readonly key: string;
}

export interface Authority {
  /** PEM. */
  readonly certificate: string;
  /** A certificate for localhost, 127.0.0.1, ::1 and the host named, if any, good from `fromMs` to `untilMs`. */
  issue(validity: Validity, host?: string): Promise<ServerCertificate>;
}

export interface Validity {
  readonly fromMs: number;
  readonly untilMs: number;
}

const ECDSA_WITH_SHA256 = "1.2.840.10045.4.3.2";
const COMMON_NAME = "2.5.4.3";
const BASIC_CONSTRAINTS = "2.5.29.19";
const KEY_USAGE = "2.5.29.15";
const EXTENDED_KEY_USAGE = "2.5.29.37";
const SUBJECT_ALT_NAME = "2.5.29.17";
const SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
const DAY_MS = 86_400_000;

/** Valid from a day ago, for clocks that are wrong, and for 30 days. */
export function usualValidity(nowMs: number): Validity {
  return { fromMs: nowMs - DAY_MS, untilMs: nowMs + 30 * DAY_MS };
}

export async function makeAuthority(nowMs: number): Promise<Authority> {
  const keys = await newKeys();
  const name = nameOf("plantpost sandbox authority");
  const long = { fromMs: nowMs - 400 * DAY_MS, untilMs: nowMs + 30 * DAY_MS };
  const certificate = await sign({
    issuer: name,
    subject: name,
    validity: long,
    publicKey: keys.publicKey,
    extensions: [
      extension(BASIC_CONSTRAINTS, { isCritical: true, value: der.sequence(der.boolean(true)) }),
      // keyCertSign and cRLSign.
      extension(KEY_USAGE, { isCritical: true, value: der.bitString(Uint8Array.of(0x06), 1) }),
    ],
  }, keys.privateKey);
  return {
    certificate: pem("CERTIFICATE", certificate),
    async issue(validity: Validity, host?: string): Promise<ServerCertificate> {
      const leaf = await newKeys();
      const signed = await sign({
        issuer: name,
        subject: nameOf("localhost"),
        validity,
        publicKey: leaf.publicKey,
        extensions: [
          extension(BASIC_CONSTRAINTS, { isCritical: true, value: der.sequence() }),
          // digitalSignature.
          extension(KEY_USAGE, { isCritical: true, value: der.bitString(Uint8Array.of(0x80), 7) }),
          extension(EXTENDED_KEY_USAGE, { value: der.sequence(der.objectId(SERVER_AUTH)) }),
          extension(SUBJECT_ALT_NAME, { value: namesOf(host) }),
        ],
      }, keys.privateKey);
      const key = new Uint8Array(await crypto.subtle.exportKey("pkcs8", leaf.privateKey));
      return { cert: pem("CERTIFICATE", signed), key: pem("PRIVATE KEY", key) };
    },
  };
}

interface Unsigned {
  readonly issuer: der.Der;
  readonly subject: der.Der;
  readonly validity: Validity;
  readonly publicKey: CryptoKey;
  readonly extensions: readonly der.Der[];
}

async function sign(unsigned: Unsigned, key: CryptoKey): Promise<der.Der> {
  const algorithm = der.sequence(der.objectId(ECDSA_WITH_SHA256));
  const serial = crypto.getRandomValues(new Uint8Array(16));
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  const { fromMs, untilMs } = unsigned.validity;
  const body = der.sequence(
    der.context(0, der.integer(Uint8Array.of(2))), // version 3
    der.integer(serial),
    algorithm,
    unsigned.issuer,
    der.sequence(der.utcTime(fromMs), der.utcTime(untilMs)),
    unsigned.subject,
    new Uint8Array(await crypto.subtle.exportKey("spki", unsigned.publicKey)),
    der.context(3, der.sequence(...unsigned.extensions)),
  );
  // WebCrypto gives the two numbers side by side, X.509 wants them as DER (RFC 3279 §2.2.3).
  const raw = new Uint8Array(
    await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, key, body),
  );
  const half = raw.length / 2;
  const signature = der.sequence(
    der.integer(raw.subarray(0, half)),
    der.integer(raw.subarray(half)),
  );
  return der.sequence(body, algorithm, der.bitString(signature));
}

async function newKeys(): Promise<CryptoKeyPair> {
  return await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign"]);
}

function nameOf(commonName: string): der.Der {
  return der.sequence(
    der.set(der.sequence(der.objectId(COMMON_NAME), der.utf8String(commonName))),
  );
}

function extension(
  id: string,
  content: { readonly isCritical?: boolean; readonly value: Uint8Array },
): der.Der {
  const critical = content.isCritical === true ? [der.boolean(true)] : [];
  return der.sequence(der.objectId(id), ...critical, der.octetString(content.value));
}

function namesOf(host: string | undefined): der.Der {
  const ipv6 = new Uint8Array(16);
  ipv6[15] = 1;
  const names = host === undefined ? ["localhost"] : ["localhost", host];
  return der.sequence(
    ...names.map((name) => der.context(2, new TextEncoder().encode(name), true)),
    der.context(7, Uint8Array.of(127, 0, 0, 1), true),
    der.context(7, ipv6, true),
  );
}

function pem(label: string, octets: Uint8Array): string {
  const lines = toBase64(octets).match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
