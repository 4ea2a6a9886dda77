// Sets a folder's access list, as somebody does who opens it to others. On Windows only.

import { openWindowsLibrary, toWide } from "../../src/base/windows_library.ts";

const SDDL_REVISION = 1;
const DACL_SECURITY_INFORMATION = 0x4;

export function setAccessList(path: string, sddl: string): void {
  using advapi32 = openWindowsLibrary("advapi32", {
    ConvertStringSecurityDescriptorToSecurityDescriptorW: {
      parameters: ["buffer", "u32", "buffer", "pointer"],
      result: "i32",
    },
    SetFileSecurityW: { parameters: ["buffer", "u32", "u64"], result: "i32" },
  });
  const { symbols } = advapi32;
  const descriptor = new BigUint64Array(1); // freed with the process
  const text = new Uint8Array(toWide(sddl).buffer);
  const isRead = symbols.ConvertStringSecurityDescriptorToSecurityDescriptorW(
    text,
    SDDL_REVISION,
    new Uint8Array(descriptor.buffer),
    null,
  );
  const name = new Uint8Array(toWide(path).buffer);
  const isSet = isRead !== 0 &&
    symbols.SetFileSecurityW(name, DACL_SECURITY_INFORMATION, descriptor[0] ?? 0n) !== 0;
  if (!isSet) throw new Error(`cannot set the access list of ${path}`);
}
