// A file held the way virus scanners and backup programs do: opened by Windows without sharing, so that nobody
// else may read, write, rename or remove it until it is let go; or with sharing for reading alone. On Windows only.

import { openWindowsLibrary, toWide } from "../../src/base/windows_library.ts";

const GENERIC_READ = 0x80000000;
const FILE_SHARE_READ = 1;
const OPEN_EXISTING = 3;
const INVALID_HANDLE = 0xffff_ffff_ffff_ffffn;

/** Holds the file until it is disposed of. */
export function holdFile(path: string, { canBeRead = false } = {}): Disposable {
  const kernel32 = openWindowsLibrary("kernel32", {
    CreateFileW: {
      parameters: ["buffer", "u32", "u32", "pointer", "u32", "u32", "pointer"],
      result: "u64",
    },
    CloseHandle: { parameters: ["u64"], result: "i32" },
  });
  const name = new Uint8Array(toWide(path).buffer);
  const sharing = canBeRead ? FILE_SHARE_READ : 0;
  const handle = kernel32.symbols.CreateFileW(
    name,
    GENERIC_READ,
    sharing,
    null,
    OPEN_EXISTING,
    0,
    null,
  );
  if (handle === INVALID_HANDLE) {
    kernel32[Symbol.dispose]();
    throw new Error(`cannot hold ${path}`);
  }
  return {
    [Symbol.dispose](): void {
      kernel32.symbols.CloseHandle(handle);
      kernel32[Symbol.dispose]();
    },
  };
}
