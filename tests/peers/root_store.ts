// A certificate authority in the root store of a Windows machine, as an administrator puts a company's there. Wine
// fills that store anew in each process, from the authorities of the Linux below it.

import { fromBase64 } from "../../src/base/base64.ts";
import { openWindowsLibrary, toWide } from "../../src/base/windows_library.ts";

const CERT_STORE_PROV_SYSTEM_W = 10n;
const CERT_SYSTEM_STORE_LOCAL_MACHINE = 0x20000;
const X509_ASN_ENCODING = 1;
const CERT_STORE_ADD_REPLACE_EXISTING = 3;

const CRYPT32 = {
  CertOpenStore: { parameters: ["u64", "u32", "u64", "u32", "buffer"], result: "u64" },
  CertAddEncodedCertificateToStore: {
    parameters: ["u64", "u32", "buffer", "u32", "u32", "buffer"],
    result: "i32",
  },
  CertFreeCertificateContext: { parameters: ["u64"], result: "i32" },
  CertDeleteCertificateFromStore: { parameters: ["u64"], result: "i32" },
  CertCloseStore: { parameters: ["u64", "u32"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

const BELOW_WINE = "Z:\\etc\\ssl\\certs\\ca-certificates.crt";

/** Trusts it until it is disposed of; undefined where this account is no administrator. */
export function trustRoot(pem: string): Disposable | undefined {
  const below = readIfThere(BELOW_WINE);
  if (below !== undefined) {
    Deno.writeTextFileSync(BELOW_WINE, `${below}${pem}\n`);
    return {
      [Symbol.dispose](): void {
        Deno.writeTextFileSync(BELOW_WINE, below);
      },
    };
  }
  const der = fromBase64(pem.replaceAll(/-----[^-]+-----|\s/g, "")) ?? new Uint8Array();
  if (!change(der, { keep: true })) return undefined;
  return {
    [Symbol.dispose](): void {
      change(der, { keep: false });
    },
  };
}

function readIfThere(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return undefined;
    throw cause;
  }
}

function change(der: Uint8Array<ArrayBuffer>, to: { readonly keep: boolean }): boolean {
  using crypt32 = openWindowsLibrary("crypt32", CRYPT32);
  const { symbols } = crypt32;
  const store = symbols.CertOpenStore(
    CERT_STORE_PROV_SYSTEM_W,
    0,
    0n,
    CERT_SYSTEM_STORE_LOCAL_MACHINE,
    new Uint8Array(toWide("ROOT").buffer),
  );
  if (store === 0n) return false;
  const context = new BigUint64Array(1);
  const isAdded = symbols.CertAddEncodedCertificateToStore(
    store,
    X509_ASN_ENCODING,
    der,
    der.length,
    CERT_STORE_ADD_REPLACE_EXISTING,
    new Uint8Array(context.buffer),
  ) !== 0;
  if (isAdded && to.keep) symbols.CertFreeCertificateContext(context[0] ?? 0n);
  if (isAdded && !to.keep) symbols.CertDeleteCertificateFromStore(context[0] ?? 0n);
  symbols.CertCloseStore(store, 0);
  return isAdded;
}
