// Memory behind an address, for Windows' structures that hold addresses. The invariant: nothing here needs more than
// the permission for the libraries themselves. Deno's own pointer functions want that for every library there is,
// which the executable does not have. What may have held a secret is wiped before it goes back.

import { openWindowsLibrary } from "./windows_library.ts";

const KERNEL32 = {
  lstrlenW: { parameters: ["u64"], result: "i32" },
  copyOut: { name: "RtlMoveMemory", parameters: ["buffer", "u64", "usize"], result: "void" },
  copyIn: { name: "RtlMoveMemory", parameters: ["u64", "buffer", "usize"], result: "void" },
  LocalAlloc: { parameters: ["u32", "usize"], result: "u64" },
  LocalSize: { parameters: ["u64"], result: "usize" },
  LocalFree: { parameters: ["u64"], result: "u64" },
  GlobalFree: { parameters: ["u64"], result: "u64" },
} as const satisfies Deno.ForeignLibraryInterface;

const FIXED = 0;

export interface WindowsMemory extends Disposable {
  /** The text, UTF-16 closed by a zero; undefined for the address 0. */
  textAt(address: bigint): string | undefined;
  octetsAt(address: bigint, length: number): Uint8Array<ArrayBuffer>;
  /** Copies the octets to an address that holds them until the disposal. */
  lend(octets: Uint8Array<ArrayBuffer>): bigint;
  /** Gives back what Windows has allocated with GlobalAlloc; does nothing for the address 0. */
  globalFree(address: bigint): void;
  /** The same for LocalAlloc; wiped. */
  localFree(address: bigint): void;
}

/** Hold it with `using`. */
export function openWindowsMemory(): WindowsMemory {
  const kernel32 = openWindowsLibrary("kernel32", KERNEL32);
  const { symbols } = kernel32;
  const lent: bigint[] = [];
  function octetsAt(address: bigint, length: number): Uint8Array<ArrayBuffer> {
    const octets = new Uint8Array(length);
    if (length > 0) symbols.copyOut(octets, address, BigInt(length));
    return octets;
  }
  function wipeAndFree(address: bigint): void {
    if (address === 0n) return;
    const length = symbols.LocalSize(address);
    symbols.copyIn(address, new Uint8Array(Number(length)), length);
    symbols.LocalFree(address);
  }
  return {
    octetsAt,
    textAt(address): string | undefined {
      if (address === 0n) return undefined;
      const octets = octetsAt(address, symbols.lstrlenW(address) * 2);
      return new TextDecoder("utf-16le", { ignoreBOM: true }).decode(octets);
    },
    lend(octets): bigint {
      const address = symbols.LocalAlloc(FIXED, BigInt(octets.length));
      if (address === 0n) throw new Error("Windows gives no memory");
      lent.push(address);
      symbols.copyIn(address, octets, BigInt(octets.length));
      return address;
    },
    globalFree(address): void {
      if (address !== 0n) symbols.GlobalFree(address);
    },
    localFree: wipeAndFree,
    [Symbol.dispose](): void {
      for (const address of lent.splice(0)) wipeAndFree(address);
      kernel32[Symbol.dispose]();
    },
  };
}
