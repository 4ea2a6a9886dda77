// The certificates that the sandbox's app registration knows, as "Certificates & secrets" of the portal keeps them:
// the public half only. The invariant: what is in here was read as a certificate with an RSA key, the only kind whose
// signatures Entra takes (RS256 and PS256).

import { fromBase64 } from "../base/base64.ts";
import { objectIdOf, partsOf, readElement } from "../base/der_reader.ts";
import { readX509, shownThumbprint, thumbprintOf, type X509 } from "../vault/x509.ts";

export interface AppCertificate extends X509 {
  /** As the JWT's `x5t#S256` gives it. */
  readonly thumbprint: string;
  /** As the portal shows it. */
  readonly shown: string;
}

/** Why a file was not taken. */
export interface NoCertificate {
  readonly problem: string;
}

/** More than any certificate has. */
export const MAX_CERTIFICATE_BYTES = 65_536;
const RSA_ENCRYPTION = "1.2.840.113549.1.1.1";

export class AppCertificates {
  readonly #known = new Map<string, AppCertificate>();

  get list(): readonly AppCertificate[] {
    return [...this.#known.values()];
  }

  find(thumbprint: string): AppCertificate | undefined {
    return this.#known.get(thumbprint);
  }

  /** Takes a file of DER or PEM. */
  async add(file: Uint8Array<ArrayBuffer>): Promise<AppCertificate | NoCertificate> {
    const text = new TextDecoder().decode(file);
    if (/-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/.test(text)) {
      return { problem: "that file holds a private key, which must not leave its PC" };
    }
    const [, body] = /-----BEGIN CERTIFICATE-----([^-]+)-----END/.exec(text) ?? [];
    const octets = body === undefined ? file : fromBase64(body.replaceAll(/\s/g, ""));
    const read = octets === undefined ? undefined : readX509(octets);
    if (read === undefined) return { problem: "that file is no certificate" };
    const [algorithm] = partsOf(readElement(read.publicKey));
    if (objectIdOf(partsOf(algorithm)[0]) !== RSA_ENCRYPTION) {
      return { problem: "the key of that certificate is not an RSA key" };
    }
    const [thumbprint, shown] = await Promise.all([
      thumbprintOf(read.der),
      shownThumbprint(read.der, "SHA-1"),
    ]);
    const certificate = { ...read, thumbprint, shown };
    this.#known.set(certificate.thumbprint, certificate);
    return certificate;
  }
}
