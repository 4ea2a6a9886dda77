// `oauth.certificate_file`: private key and certificate in one file, PEM or PFX (PKCS #12), by content and not by name.
// The invariant: what comes out belongs together, and whatever is wrong with the file is said in its own words, which
// never quote it.

import { fromBase64 } from "../base/base64.ts";
import { DER_TAG, partsOf, readElements } from "../base/der_reader.ts";
import { reason } from "../base/durable_file.ts";
import { Failure } from "../base/failure.ts";
import { heldRemedy, isHeld, patiently } from "../base/held_file.ts";
import type { NotOpened } from "./encrypted_key.ts";
import {
  asPkcs8,
  belongTogether,
  importSigningKey,
  LEAST_RSA_BITS,
  rsaBits,
} from "./private_key.ts";
import { readX509, type X509 } from "./x509.ts";

type Octets = Uint8Array<ArrayBuffer>;

export interface KeyAndCertificate {
  /** PKCS #8, DER. */
  readonly privateKey: Octets;
  readonly certificate: X509;
}

interface Found {
  readonly keys: readonly Octets[];
  readonly certificates: readonly Octets[];
}

interface From {
  readonly path: string;
  readonly passphrase: string | undefined;
}

/**
 * Reads the file.
 * @throws {Failure} `oauth.certificate`
 */
export async function readCertificateFile(
  path: string,
  passphrase: string | undefined,
): Promise<KeyAndCertificate> {
  const octets = await readFile(path);
  const from = { path, passphrase };
  const text = pemText(octets);
  const found = text === undefined ? await readPfx(octets, from) : await readPem(text, from);
  return await pick(found, path);
}

/** False where the file is there and encrypted, and with another passphrase than this one. */
export async function opensWith(path: string, passphrase: string): Promise<boolean> {
  try {
    await readCertificateFile(path, passphrase);
  } catch (failure) {
    return !(failure instanceof Failure && failure.cause === WRONG_PASSPHRASE);
  }
  return true;
}

/** The key, and of the certificates the one that belongs to it: others are those that signed it. */
async function pick(found: Found, path: string): Promise<KeyAndCertificate> {
  const certificates = found.certificates.flatMap((octets) => readX509(octets) ?? []);
  if (certificates.length === 0) {
    throw trouble(`${path} holds no certificate`, [
      found.certificates.length === 0
        ? "put the certificate (-----BEGIN CERTIFICATE-----) into the same file as the key"
        : "export the certificate anew: what the file has in its place is none",
    ]);
  }
  if (found.keys.length === 0) throw trouble(`${path} holds no private key`, KEY_REMEDY);
  let isUsable = false;
  for (const privateKey of found.keys) {
    const key = await importSigningKey(privateKey, "RSASSA-PKCS1-v1_5");
    if (key === undefined) continue;
    isUsable = true;
    for (const certificate of certificates) {
      if (!await belongTogether(privateKey, certificate.publicKey)) continue;
      const bits = rsaBits(key);
      if (bits === undefined || bits >= LEAST_RSA_BITS) return { privateKey, certificate };
      throw trouble(
        `the RSA key in ${path} has ${bits} bits, and providers want ${LEAST_RSA_BITS} at least`,
        [CERT_NEW],
      );
    }
  }
  if (!isUsable) {
    throw trouble(
      `the private key in ${path} is of a kind that is not used here: RSA, or an elliptic curve P-256 or P-384, is wanted`,
      [CERT_NEW],
    );
  }
  throw trouble(`the private key in ${path} does not belong to the certificate in it`, [
    "put key and certificate of one pair into the file; both are made together",
  ]);
}

async function readFile(path: string): Promise<Octets> {
  try {
    return await patiently(() => Deno.readFile(path));
  } catch (cause) {
    throw new Failure(
      "oauth.certificate",
      `cannot read the certificate: ${path}: ${reason(cause)}`,
      {
        remedy: isHeld(cause)
          ? heldRemedy(path)
          : "check oauth.certificate_file, and let the account that runs plantpost read the file",
        cause,
      },
    );
  }
}

/** The text of a PEM file, also as PowerShell's `>` writes it; undefined for other octets. */
function pemText(octets: Octets): string | undefined {
  const isWide = octets[0] === 0xff && octets[1] === 0xfe;
  const text = new TextDecoder(isWide ? "utf-16le" : "utf-8").decode(octets);
  return text.includes("-----BEGIN ") ? text : undefined;
}

async function readPem(text: string, from: From): Promise<Found> {
  const keys: Octets[] = [];
  const certificates: Octets[] = [];
  for (const [, label = "", body = ""] of text.matchAll(BLOCK)) {
    const isCertificate = label === "CERTIFICATE" || label === "X509 CERTIFICATE";
    if (!isCertificate && !KEY_LABELS.has(label)) continue; // EC PARAMETERS, requests and the like
    // Fields such as DEK-Info stand in front of the base64, with a colon.
    const lines = body.split(/\r\n?|\n/).map((line) => line.trim());
    const octets = fromBase64(lines.filter((line) => !line.includes(":")).join(""));
    if (octets === undefined) {
      throw trouble(`${label} in ${from.path} is damaged: it is no base64`, [
        "copy or export the file anew",
      ]);
    }
    if (isCertificate) certificates.push(octets);
    else keys.push(await openKey({ label, octets, dekInfo: field(lines, "DEK-Info") }, from));
  }
  return { keys, certificates };
}

async function openKey(
  block: { readonly label: string; readonly octets: Octets; readonly dekInfo: string | undefined },
  from: From,
): Promise<Octets> {
  const { label, octets, dekInfo } = block;
  const isEncrypted = label === "ENCRYPTED PRIVATE KEY" || dekInfo !== undefined;
  if (!isEncrypted) {
    const key = asPkcs8(label, octets);
    if (key !== undefined) return key;
    throw trouble(`the private key in ${from.path} is damaged`, ["copy or export the file anew"]);
  }
  const { passphrase, path } = from;
  if (passphrase === undefined) throw passphraseMissing(path);
  const { openOldPem, openPkcs8 } = await import("./encrypted_key.ts");
  const opened = dekInfo === undefined
    ? openPkcs8(octets, passphrase)
    : openOldPem(octets, { dekInfo, passphrase });
  if (typeof opened === "string") throw notOpened(opened, path);
  // Of the older form a wrong passphrase shows in what comes out only.
  const key = asPkcs8(dekInfo === undefined ? "PRIVATE KEY" : label, opened);
  if (key === undefined) throw notOpened("wrong passphrase", path);
  return key;
}

async function readPfx(octets: Octets, from: From): Promise<Found> {
  const { passphrase, path } = from;
  const kind = kindOf(octets);
  if (kind !== "PFX") {
    throw trouble(`${path} is ${kind}`, kind === NEITHER ? [WANTED] : [...KEY_REMEDY, WANTED]);
  }
  const { openPfx } = await import("./encrypted_key.ts");
  const content = openPfx(octets, passphrase ?? "");
  if (typeof content !== "string") return content;
  if (content === "wrong passphrase" && passphrase === undefined) throw passphraseMissing(path);
  throw notOpened(content, path);
}

const NEITHER = "neither PEM nor PFX";

/** What DER says of itself in its first elements. */
function kindOf(octets: Octets): string {
  if (readX509(octets) !== undefined) {
    return "a certificate alone, in DER form, without its private key";
  }
  // A PFX may have lengths that DER has not, so it is known by its first octets.
  const [outer] = octets[0] === DER_TAG.sequence ? readElements(octets) ?? [] : [];
  const [first, second] = partsOf(outer);
  if (first?.tag === DER_TAG.objectId) return "a certificate list (PKCS #7) without a private key";
  if (first?.tag === DER_TAG.integer && first.content[0] === 0 && second !== undefined) {
    return "a private key alone, in DER form, without its certificate";
  }
  const isPfx = outer === undefined
    ? octets[0] === DER_TAG.sequence && octets[1] === 0x80
    : first?.tag === DER_TAG.integer && first.content[0] === 3;
  return isPfx ? "PFX" : NEITHER;
}

function field(lines: readonly string[], name: string): string | undefined {
  const line = lines.find((candidate) => candidate.startsWith(`${name}:`));
  return line?.slice(name.length + 1).trim();
}

function passphraseMissing(path: string): Failure {
  return trouble(`the passphrase of ${path} is missing`, [
    'run "plantpost secret set" and type the passphrase of the file',
  ]);
}

function notOpened(why: NotOpened, path: string): Failure {
  if (why === WRONG_PASSPHRASE) {
    return new Failure("oauth.certificate", `the stored passphrase does not open ${path}`, {
      remedy: 'run "plantpost secret set" and type the passphrase of this very file',
      cause: WRONG_PASSPHRASE,
    });
  }
  if (why === "damaged") {
    return trouble(`${path} is damaged`, ["copy or export the file anew"]);
  }
  return trouble(`${path} is encrypted in a way that is not read here`, [
    "export it anew with AES-256, or as PEM: openssl pkcs12 -in FILE -out plantpost.pem",
  ]);
}

function trouble(message: string, steps: readonly string[]): Failure {
  return new Failure("oauth.certificate", message, { remedy: steps.join("\n") });
}

const WRONG_PASSPHRASE: NotOpened = "wrong passphrase";

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----([^-]*(?:-(?!----)[^-]*)*)-----END \1-----/g;
const KEY_LABELS: ReadonlySet<string> = new Set([
  "PRIVATE KEY",
  "ENCRYPTED PRIVATE KEY",
  "RSA PRIVATE KEY",
  "EC PRIVATE KEY",
]);
const WANTED =
  "name a file with key and certificate: PEM, or PFX as Windows exports it with the private key";
const CERT_NEW = 'make a new pair: remove oauth.certificate_file and run "plantpost cert new"';
const KEY_REMEDY = [
  "put the private key (-----BEGIN PRIVATE KEY-----) beside the certificate, or export it with the private key (PFX)",
];
