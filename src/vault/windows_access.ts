// Access lists of files and folders on Windows, written and read as SDDL (Security Descriptor Definition
// Language, learn.microsoft.com/windows/win32/secauthz). The invariant: a guarded folder is born with its list,
// so that there is no moment in which others can look into it.

import { accountOfSid, type WindowsAccount } from "../base/windows_account.ts";
import { octetsOf, openWindowsLibrary, toWide } from "../base/windows_library.ts";
import { openWindowsMemory } from "../base/windows_memory.ts";

/** What an access list says, as far as a vault needs to know. */
export interface Access {
  readonly owner: WindowsAccount | undefined;
  /** Undefined where there is no list at all: then everybody may do everything. */
  readonly entries: readonly AccessEntry[] | undefined;
}

export interface AccessEntry {
  readonly account: WindowsAccount;
  readonly isAllowed: boolean;
  readonly canRead: boolean;
  readonly canWrite: boolean;
}

export const SYSTEM = "S-1-5-18";
export const ADMINISTRATORS = "S-1-5-32-544";

const SDDL_REVISION = 1;
const SE_FILE_OBJECT = 1;
const OWNER_AND_LIST = 0x1 | 0x4;
const ERROR_SUCCESS = 0;

const ADVAPI32 = {
  ConvertStringSecurityDescriptorToSecurityDescriptorW: {
    parameters: ["buffer", "u32", "buffer", "u64"],
    result: "i32",
  },
  ConvertSecurityDescriptorToStringSecurityDescriptorW: {
    parameters: ["u64", "u32", "u32", "buffer", "u64"],
    result: "i32",
  },
  GetNamedSecurityInfoW: {
    parameters: ["buffer", "i32", "u32", "u64", "u64", "u64", "u64", "buffer"],
    result: "u32",
  },
} as const satisfies Deno.ForeignLibraryInterface;

const KERNEL32 = {
  CreateDirectoryW: { parameters: ["buffer", "buffer"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

/** The list of a data folder: SYSTEM, administrators and the maker may do everything, the others may change files. */
export function guardedList(maker: string, others: readonly string[]): string {
  const full = [SYSTEM, ADMINISTRATORS, maker].map((sid) => `(A;OICI;FA;;;${sid})`);
  // Modify, as icacls calls it: everything but to change the list itself.
  const modify = others.map((sid) => `(A;OICI;0x1301bf;;;${sid})`);
  // The owner is named, because what an administrator makes belongs to all administrators otherwise.
  return `O:${maker}D:PAI${[...full, ...modify].join("")}`;
}

/** Makes a folder with this access list. False when Windows refuses, for example because it is there already. */
export function makeFolderWithList(path: string, sddl: string): boolean {
  using advapi32 = openWindowsLibrary("advapi32", ADVAPI32);
  using kernel32 = openWindowsLibrary("kernel32", KERNEL32);
  using memory = openWindowsMemory();
  const descriptor = new BigUint64Array(1);
  const isRead = advapi32.symbols.ConvertStringSecurityDescriptorToSecurityDescriptorW(
    octetsOf(toWide(sddl)),
    SDDL_REVISION,
    octetsOf(descriptor),
    0n,
  );
  if (isRead === 0) throw new Error(`Windows does not take the access list ${sddl}`);
  try {
    // SECURITY_ATTRIBUTES: its length, the address of the descriptor, whether handles are inherited.
    const attributes = BigUint64Array.of(24n, descriptor[0] ?? 0n, 0n);
    const name = octetsOf(toWide(verbatimPath(path)));
    return kernel32.symbols.CreateDirectoryW(name, octetsOf(attributes)) !== 0;
  } finally {
    memory.localFree(descriptor[0] ?? 0n);
  }
}

/** Who may do what with a file or folder. @throws {Error} when Windows does not say */
export function readAccess(path: string): Access {
  return parseAccess(readSddl(path), accountOfSid);
}

function readSddl(path: string): string {
  using advapi32 = openWindowsLibrary("advapi32", ADVAPI32);
  using memory = openWindowsMemory();
  const descriptor = new BigUint64Array(1);
  const error = advapi32.symbols.GetNamedSecurityInfoW(
    octetsOf(toWide(verbatimPath(path))),
    SE_FILE_OBJECT,
    OWNER_AND_LIST,
    0n,
    0n,
    0n,
    0n,
    octetsOf(descriptor),
  );
  if (error !== ERROR_SUCCESS) {
    throw new Error(`Windows does not show the access list (error ${error})`);
  }
  const address = descriptor[0] ?? 0n;
  try {
    const text = new BigUint64Array(1);
    const isShown = advapi32.symbols.ConvertSecurityDescriptorToStringSecurityDescriptorW(
      address,
      SDDL_REVISION,
      OWNER_AND_LIST,
      octetsOf(text),
      0n,
    );
    if (isShown === 0) throw new Error("Windows does not show the access list");
    const shown = text[0] ?? 0n;
    const sddl = memory.textAt(shown) ?? "";
    memory.localFree(shown);
    return sddl;
  } finally {
    memory.localFree(address);
  }
}

/** Reads SDDL; `lookUp` knows the accounts of SIDs and their abbreviations. */
export function parseAccess(
  sddl: string,
  lookUp: (sid: string) => WindowsAccount | undefined,
): Access {
  const [, owner] = /O:(S-1-[\d-]+|[A-Z]{2})/.exec(sddl) ?? [];
  const [, list] = /D:([^:]*?)(?=[OGS]:|$)/.exec(sddl) ?? [];
  const known = (sid: string): WindowsAccount => lookUp(sid) ?? { sid, name: sid };
  return {
    owner: owner === undefined ? undefined : known(owner),
    entries: list === undefined || list.includes("NO_ACCESS_CONTROL")
      ? undefined
      : [...list.matchAll(/\(([^)]*)\)/g)].flatMap(([, entry = ""]) => {
        const [type, , rights = "", , , sid = ""] = entry.split(";");
        // Others audit, or belong to directory services.
        if (type !== "A" && type !== "D") return [];
        const mask = maskOf(rights);
        return [{
          account: known(sid),
          isAllowed: type === "A",
          canRead: (mask & CAN_READ) !== 0,
          canWrite: (mask & CAN_WRITE) !== 0,
        }];
      }),
  };
}

/** GENERIC_ALL and GENERIC_READ, FILE_READ_DATA (of a folder: to list it). */
const CAN_READ = 0x10000000 | 0x80000000 | 0x1;
/** GENERIC_ALL and GENERIC_WRITE; to write, append, delete a child, delete, change the list or the owner. */
const CAN_WRITE = 0x10000000 | 0x40000000 | 0x2 | 0x4 | 0x40 | 0x10000 | 0x40000 | 0x80000;

/** The rights that SDDL abbreviates (winnt.h); directory rights stand for the bits that files use. */
const RIGHTS: Readonly<Record<string, number>> = {
  GA: 0x10000000,
  GR: 0x80000000,
  GW: 0x40000000,
  GX: 0x20000000,
  FA: 0x1f01ff,
  FR: 0x120089,
  FW: 0x120116,
  FX: 0x1200a0,
  CC: 0x1,
  DC: 0x2,
  LC: 0x4,
  SW: 0x8,
  RP: 0x10,
  WP: 0x20,
  DT: 0x40,
  LO: 0x80,
  CR: 0x100,
  SD: 0x10000,
  RC: 0x20000,
  WD: 0x40000,
  WO: 0x80000,
};

function maskOf(rights: string): number {
  if (/^\d|^0x/i.test(rights)) return Number(rights);
  return (rights.match(/../g) ?? []).reduce((mask, right) => mask | (RIGHTS[right] ?? 0), 0);
}

/** The form that knows no limit of 260 characters. */
function verbatimPath(path: string): string {
  if (path.startsWith("\\\\?\\")) return path;
  return path.startsWith("\\\\") ? `\\\\?\\UNC\\${path.slice(2)}` : `\\\\?\\${path}`;
}
