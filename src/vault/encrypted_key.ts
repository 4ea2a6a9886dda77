// Private keys that a passphrase protects, opened by `node-forge`: PKCS #8 (PBES2), the older PEM form with
// `DEK-Info`, and PKCS #12, that is PFX. The runtime's own cryptography knows no Triple-DES, in which Windows exports
// by default. The invariant: this module alone imports the package, and is itself loaded for an encrypted file only.

// The package's modules add themselves to one object; all of them together would bring TLS and HTTP along.
import forgeObject from "node-forge/lib/forge.js";
import "node-forge/lib/md5.js";
import "node-forge/lib/sha512.js";
import "node-forge/lib/pkcs12.js";

type Octets = Uint8Array<ArrayBuffer>;

/** Why it did not open; `unsupported` is an encryption that the package does not read. */
export type NotOpened = "wrong passphrase" | "unsupported" | "damaged";

export interface PfxContent {
  /** PKCS #8, DER. */
  readonly keys: readonly Octets[];
  /** X.509, DER. */
  readonly certificates: readonly Octets[];
}

/** The private key of a `BEGIN ENCRYPTED PRIVATE KEY` (RFC 5958 §3), as PKCS #8. */
export function openPkcs8(octets: Octets, passphrase: string): Octets | NotOpened {
  try {
    const asn1 = forge.asn1.fromDer(binaryOf(octets));
    const opened = forge.pki.decryptPrivateKeyInfo(asn1, utf8Binary(passphrase));
    return opened === null ? "wrong passphrase" : octetsOf(forge.asn1.toDer(opened).getBytes());
  } catch (cause) {
    return reasonOf(cause);
  }
}

/** What a PEM block with `Proc-Type: 4,ENCRYPTED` holds; `dekInfo` is the value of that field. */
export function openOldPem(
  octets: Octets,
  key: { readonly dekInfo: string; readonly passphrase: string },
): Octets | NotOpened {
  const [name = "", vector = ""] = key.dekInfo.split(",").map((part) => part.trim());
  const cipher = OLD_CIPHERS[name.toUpperCase()];
  if (cipher === undefined || !/^(?:[0-9A-Fa-f]{2}){8,}$/.test(vector)) return "unsupported";
  const iv = forge.util.hexToBytes(vector);
  const derived = forge.pbe.opensslDeriveBytes(
    utf8Binary(key.passphrase),
    iv.slice(0, 8),
    cipher.keyBytes,
  );
  const decipher = forge.cipher.createDecipher(cipher.name, derived);
  decipher.start({ iv });
  decipher.update(forge.util.createBuffer(binaryOf(octets)));
  return decipher.finish() ? octetsOf(decipher.output.getBytes()) : "wrong passphrase";
}

/** Keys and certificates of a PKCS #12 file (RFC 7292); an empty passphrase stands for none. */
export function openPfx(octets: Octets, passphrase: string): PfxContent | NotOpened {
  let asn1: ForgeAsn1;
  try {
    asn1 = forge.asn1.fromDer(binaryOf(octets));
  } catch {
    return "damaged";
  }
  try {
    return contentOf(forge.pkcs12.pkcs12FromAsn1(asn1, true, passphrase));
  } catch (cause) {
    const isAscii = utf8Binary(passphrase) === passphrase;
    if (isAscii || isWrongMac(cause)) return reasonOf(cause);
  }
  // The passphrase is right, for the sum over the whole agrees. It is taken as UTF-16 there and, with PBES2, as
  // UTF-8 for the parts within; the package knows one form for both, so the sum is left out now.
  try {
    const inner = { ...asn1, value: asn1.value.slice(0, 2) };
    return contentOf(forge.pkcs12.pkcs12FromAsn1(inner, true, utf8Binary(passphrase)));
  } catch (cause) {
    return reasonOf(cause);
  }
}

function contentOf(pfx: ForgePfx): PfxContent {
  const keys: Octets[] = [];
  const certificates: Octets[] = [];
  const take = (into: Octets[], asn1: ForgeAsn1 | undefined): void => {
    if (asn1 !== undefined) into.push(octetsOf(forge.asn1.toDer(asn1).getBytes()));
  };
  for (const bag of pfx.safeContents.flatMap(({ safeBags }) => safeBags)) {
    // What the package cannot interpret, such as an elliptic curve, it hands out as it is.
    if (bag.type === forge.pki.oids.certBag) {
      take(certificates, bag.cert ? forge.pki.certificateToAsn1(bag.cert) : bag.asn1);
    } else if (
      bag.type === forge.pki.oids.keyBag || bag.type === forge.pki.oids.pkcs8ShroudedKeyBag
    ) {
      take(
        keys,
        bag.key ? forge.pki.wrapRsaPrivateKey(forge.pki.privateKeyToAsn1(bag.key)) : bag.asn1,
      );
    }
  }
  return { keys, certificates };
}

function isWrongMac(cause: unknown): boolean {
  return cause instanceof Error && /MAC could not be verified/.test(cause.message);
}

// The package has no codes. A wrong passphrase shows as padding or structure that is none.
function reasonOf(cause: unknown): NotOpened {
  const words = cause instanceof Error ? cause.message : "";
  return /[Uu]nsupported/.test(words) && !/MAC could not/.test(words)
    ? "unsupported"
    : "wrong passphrase";
}

const OLD_CIPHERS: Readonly<Record<string, { readonly name: string; readonly keyBytes: number }>> =
  {
    "DES-EDE3-CBC": { name: "3DES-CBC", keyBytes: 24 },
    "AES-128-CBC": { name: "AES-CBC", keyBytes: 16 },
    "AES-192-CBC": { name: "AES-CBC", keyBytes: 24 },
    "AES-256-CBC": { name: "AES-CBC", keyBytes: 32 },
  };

/** The package has no types; as much of them as is used here. Its octets are strings of characters up to 255. */
interface Forge {
  readonly asn1: {
    fromDer(octets: string): ForgeAsn1;
    toDer(asn1: ForgeAsn1): { getBytes(): string };
  };
  readonly pki: {
    readonly oids: Readonly<Record<"certBag" | "keyBag" | "pkcs8ShroudedKeyBag", string>>;
    decryptPrivateKeyInfo(asn1: ForgeAsn1, password: string): ForgeAsn1 | null;
    certificateToAsn1(certificate: object): ForgeAsn1;
    privateKeyToAsn1(key: object): ForgeAsn1;
    wrapRsaPrivateKey(key: ForgeAsn1): ForgeAsn1;
  };
  readonly pkcs12: {
    pkcs12FromAsn1(asn1: ForgeAsn1, isStrict: boolean, password: string): ForgePfx;
  };
  readonly pbe: { opensslDeriveBytes(password: string, salt: string, bytes: number): string };
  readonly cipher: {
    createDecipher(name: string, key: string): {
      start(options: { readonly iv: string }): void;
      update(input: object): void;
      finish(): boolean;
      readonly output: { getBytes(): string };
    };
  };
  readonly util: { createBuffer(octets: string): object; hexToBytes(hex: string): string };
}

interface ForgeAsn1 {
  readonly value: string | readonly ForgeAsn1[];
}

interface ForgePfx {
  readonly safeContents: readonly {
    readonly safeBags: readonly {
      readonly type: string;
      readonly key?: object | null;
      readonly cert?: object | null;
      readonly asn1?: ForgeAsn1;
    }[];
  }[];
}

const forge: Forge = forgeObject;

function binaryOf(octets: Octets): string {
  let binary = "";
  for (let at = 0; at < octets.length; at += 8192) {
    binary += String.fromCharCode(...octets.subarray(at, at + 8192));
  }
  return binary;
}

function octetsOf(binary: string): Octets {
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

function utf8Binary(text: string): string {
  return binaryOf(new TextEncoder().encode(text));
}
