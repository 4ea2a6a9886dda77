// Private keys that sign the assertion of a certificate credential, in the forms in which files hold them. The
// invariant: inside the program a key is PKCS #8, and as soon as it is only used it cannot be exported any more.

import * as der from "../base/der.ts";
import { type DerElement, objectIdOf, partsOf, readElement } from "../base/der_reader.ts";

type Octets = Uint8Array<ArrayBuffer>;

/** PS256 for Microsoft, RS256 for others; with an elliptic curve its own. */
export type RsaPadding = "RSA-PSS" | "RSASSA-PKCS1-v1_5";

export const LEAST_RSA_BITS = 2048;

/** The key as PKCS #8, by the label of its PEM block; undefined where it is none. */
export function asPkcs8(label: string, octets: Octets): Octets | undefined {
  const parts = partsOf(readElement(octets));
  if (label === "PRIVATE KEY") return parts.length >= 3 ? octets : undefined;
  if (label === "RSA PRIVATE KEY") {
    return parts.length < 9 ? undefined : wrapped(octets, [der.objectId(RSA), der.nothing()]);
  }
  // ECPrivateKey (RFC 5915 §3) names its curve under a tag of its own.
  const [curve] = partsOf(parts.find(({ tag }) => tag === 0xa0));
  return curve === undefined
    ? undefined
    : wrapped(octets, [der.objectId(ELLIPTIC_CURVE), curve.whole]);
}

/** Undefined where the runtime cannot sign with such a key. */
export async function importSigningKey(
  pkcs8: Octets,
  padding: RsaPadding,
): Promise<CryptoKey | undefined> {
  const [, algorithm] = partsOf(readElement(pkcs8));
  return await importKey("pkcs8", pkcs8, { algorithm, padding });
}

/** Whether the certificate's public key verifies what the private key signs. */
export async function belongTogether(pkcs8: Octets, publicKey: Octets): Promise<boolean> {
  const padding = "RSASSA-PKCS1-v1_5";
  const [algorithm] = partsOf(readElement(publicKey));
  const own = await importSigningKey(pkcs8, padding);
  const other = await importKey("spki", publicKey, { algorithm, padding });
  if (own === undefined || other === undefined) return false;
  if (own.algorithm.name !== other.algorithm.name) return false;
  const how = { name: own.algorithm.name, hash: "SHA-256" };
  const sample = new TextEncoder().encode("whose key is this?");
  try {
    return await crypto.subtle.verify(
      how,
      other,
      await crypto.subtle.sign(how, own, sample),
      sample,
    );
  } catch {
    return false; // keys of different curves
  }
}

/** The bits of an RSA key; undefined for another kind. */
export function rsaBits(key: CryptoKey): number | undefined {
  const { modulusLength } = key.algorithm as Partial<RsaHashedKeyAlgorithm>;
  return modulusLength;
}

async function importKey(
  format: "pkcs8" | "spki",
  octets: Octets,
  how: { readonly algorithm: DerElement | undefined; readonly padding: RsaPadding },
): Promise<CryptoKey | undefined> {
  const [kind, parameter] = partsOf(how.algorithm).map(objectIdOf);
  const namedCurve = CURVES[parameter ?? ""];
  const algorithm = kind === RSA
    ? { name: how.padding, hash: "SHA-256" }
    : kind === ELLIPTIC_CURVE && namedCurve !== undefined
    ? { name: "ECDSA", namedCurve }
    : undefined;
  if (algorithm === undefined) return undefined;
  try {
    const use: KeyUsage = format === "pkcs8" ? "sign" : "verify";
    return await crypto.subtle.importKey(format, octets, algorithm, false, [use]);
  } catch {
    return undefined;
  }
}

function wrapped(key: Octets, algorithm: readonly Uint8Array[]): Octets {
  return der.sequence(
    der.integer(Uint8Array.of(0)),
    der.sequence(...algorithm),
    der.octetString(key),
  );
}

const RSA = "1.2.840.113549.1.1.1";
const ELLIPTIC_CURVE = "1.2.840.10045.2.1";
const CURVES: Readonly<Record<string, string>> = {
  "1.2.840.10045.3.1.7": "P-256",
  "1.3.132.0.34": "P-384",
};
