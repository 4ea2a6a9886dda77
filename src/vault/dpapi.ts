// Windows' Data Protection API (CryptProtectData, dpapi.h): seals a few octets with a key that Windows keeps.
// The invariant: `machine` lets every account of this PC open it, so whoever seals with it must guard the file
// by other means; `user` lets the sealing account alone.

import { openWindowsLibrary } from "../base/windows_library.ts";
import { openWindowsMemory, type WindowsMemory } from "../base/windows_memory.ts";

export type DpapiScope = "machine" | "user";

/** No window, whatever happens: a service has nobody to answer it. */
const CRYPTPROTECT_UI_FORBIDDEN = 0x1;
const CRYPTPROTECT_LOCAL_MACHINE = 0x4;

const CRYPT32 = {
  CryptProtectData: {
    parameters: ["buffer", "u64", "buffer", "u64", "u64", "u32", "buffer"],
    result: "i32",
  },
  CryptUnprotectData: {
    parameters: ["buffer", "u64", "buffer", "u64", "u64", "u32", "buffer"],
    result: "i32",
  },
} as const satisfies Deno.ForeignLibraryInterface;

/** The two calls of crypt32.dll, so that a test can watch them. */
export type Crypt32 = Deno.DynamicLibrary<typeof CRYPT32>["symbols"];

/** Opens crypt32.dll; hold it with `using`. */
export function openCrypt32(): Disposable & { readonly symbols: Crypt32 } {
  return openWindowsLibrary("crypt32", CRYPT32);
}

/**
 * Seals the octets. The same `entropy` is needed to open them: it ties the sealed octets to their place.
 * @throws {Error} when Windows refuses
 */
export function protectData(
  octets: Uint8Array,
  options: {
    readonly scope: DpapiScope;
    readonly entropy: Uint8Array;
    readonly crypt32: Crypt32;
  },
): Uint8Array<ArrayBuffer> {
  const { scope, entropy, crypt32 } = options;
  const flags = CRYPTPROTECT_UI_FORBIDDEN |
    (scope === "machine" ? CRYPTPROTECT_LOCAL_MACHINE : 0);
  const sealed = transform(
    { octets, entropy },
    (from, with_, into) => crypt32.CryptProtectData(from, 0n, with_, 0n, 0n, flags, into),
  );
  if (sealed === undefined) throw new Error("Windows does not seal (CryptProtectData failed)");
  return sealed;
}

/** Opens what `protectData` sealed; undefined when Windows refuses: another PC, account or entropy, or a change. */
export function unprotectData(
  sealed: Uint8Array,
  options: { readonly entropy: Uint8Array; readonly crypt32: Crypt32 },
): Uint8Array<ArrayBuffer> | undefined {
  const { entropy, crypt32 } = options;
  return transform(
    { octets: sealed, entropy },
    (from, with_, into) =>
      crypt32.CryptUnprotectData(from, 0n, with_, 0n, 0n, CRYPTPROTECT_UI_FORBIDDEN, into),
  );
}

type Blob = Uint8Array<ArrayBuffer>;

function transform(
  input: { readonly octets: Uint8Array; readonly entropy: Uint8Array },
  call: (from: Blob, with_: Blob, into: Blob) => number,
): Uint8Array<ArrayBuffer> | undefined {
  using memory = openWindowsMemory();
  const result = new Uint8Array(BLOB_BYTES);
  const [from, with_] = [blobOf(input.octets, memory), blobOf(input.entropy, memory)];
  if (call(from, with_, result) === 0) return undefined;
  const view = new DataView(result.buffer);
  const address = view.getBigUint64(8, true);
  const octets = memory.octetsAt(address, view.getUint32(0, true));
  memory.localFree(address);
  return octets;
}

/** DATA_BLOB on 64-bit Windows: the length as DWORD, four octets of padding, the address. */
const BLOB_BYTES = 16;

function blobOf(octets: Uint8Array, memory: WindowsMemory): Blob {
  const blob = new DataView(new ArrayBuffer(BLOB_BYTES));
  blob.setUint32(0, octets.length, true);
  blob.setBigUint64(8, memory.lend(octets.slice()), true);
  return new Uint8Array(blob.buffer);
}
