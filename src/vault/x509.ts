// X.509 certificates (RFC 5280): what the program must know of one, the digests by which others name it, and the
// making of a self-signed one. The invariant: the octets of a certificate are kept as they came, because the
// provider knows it by their digest.

import { toBase64 } from "../base/base64.ts";
import * as der from "../base/der.ts";
import { DER_TAG, partsOf, readElement, timeOf } from "../base/der_reader.ts";
import { toHex } from "../base/octets.ts";

export interface X509 {
  readonly der: Uint8Array<ArrayBuffer>;
  readonly startsAtMs: number;
  readonly expiresAtMs: number;
  /** SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array<ArrayBuffer>;
}

/** Undefined where the octets are no certificate. */
export function readX509(octets: Uint8Array<ArrayBuffer>): X509 | undefined {
  const [body, algorithm, signature] = partsOf(readElement(octets));
  const all = partsOf(body);
  // The version stands in front under a tag of its own; it may be missing (version 1).
  const [serial, , , validity, , publicKey] = all[0]?.tag === 0xa0 ? all.slice(1) : all;
  const [start, end] = partsOf(validity).map(timeOf);
  if (
    algorithm?.tag !== DER_TAG.sequence || signature?.tag !== 0x03 ||
    serial?.tag !== DER_TAG.integer || publicKey?.tag !== DER_TAG.sequence ||
    start === undefined || end === undefined
  ) return undefined;
  return { der: octets, startsAtMs: start, expiresAtMs: end, publicKey: publicKey.whole };
}

/** SHA-256, base64url without padding: the `x5t#S256` of a JWT (RFC 7515 §4.1.8). */
export async function thumbprintOf(certificate: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", certificate));
  return toBase64(digest).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** As Windows and the portal show it: upper-case hexadecimal digits. The portal's is the SHA-1 one. */
export async function shownThumbprint(
  certificate: Uint8Array<ArrayBuffer>,
  algorithm: "SHA-1" | "SHA-256",
): Promise<string> {
  return toHex(new Uint8Array(await crypto.subtle.digest(algorithm, certificate))).toUpperCase();
}

export interface NewCertificate {
  /** PKCS #8, DER. */
  readonly privateKey: Uint8Array<ArrayBuffer>;
  readonly certificate: Uint8Array<ArrayBuffer>;
}

/** An RSA key of 3072 bits, and a version 3 certificate that it signed itself. */
export async function makeSelfSigned(
  about: { readonly commonName: string; readonly startsAtMs: number; readonly expiresAtMs: number },
): Promise<NewCertificate> {
  const { privateKey, publicKey } = await crypto.subtle.generateKey(
    {
      name: "RSASSA-PKCS1-v1_5",
      hash: "SHA-256",
      modulusLength: 3072,
      publicExponent: Uint8Array.of(1, 0, 1),
    },
    true,
    ["sign", "verify"],
  );
  const algorithm = der.sequence(der.objectId(SHA256_WITH_RSA), der.nothing());
  const name = der.sequence(
    der.set(der.sequence(der.objectId(COMMON_NAME), der.utf8String(about.commonName))),
  );
  const serial = crypto.getRandomValues(new Uint8Array(16));
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  const body = der.sequence(
    der.context(0, der.integer(Uint8Array.of(2))), // version 3
    der.integer(serial),
    algorithm,
    name,
    der.sequence(der.certificateTime(about.startsAtMs), der.certificateTime(about.expiresAtMs)),
    name,
    new Uint8Array(await crypto.subtle.exportKey("spki", publicKey)),
    der.context(
      3,
      der.sequence(
        critical(BASIC_CONSTRAINTS, der.sequence()),
        critical(KEY_USAGE, der.bitString(Uint8Array.of(0x80), 7)), // digitalSignature
      ),
    ),
  );
  const signature = await crypto.subtle.sign("RSASSA-PKCS1-v1_5", privateKey, body);
  return {
    privateKey: new Uint8Array(await crypto.subtle.exportKey("pkcs8", privateKey)),
    certificate: der.sequence(body, algorithm, der.bitString(new Uint8Array(signature))),
  };
}

/** The octets as PEM (RFC 7468), which Windows opens as a `.cer` file. */
export function pemOf(label: string, octets: Uint8Array): string {
  const lines = toBase64(octets).match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}

const SHA256_WITH_RSA = "1.2.840.113549.1.1.11";
const COMMON_NAME = "2.5.4.3";
const BASIC_CONSTRAINTS = "2.5.29.19";
const KEY_USAGE = "2.5.29.15";

function critical(id: string, value: Uint8Array): der.Der {
  return der.sequence(der.objectId(id), der.boolean(true), der.octetString(value));
}
