// Accounts as Windows knows them: by security identifiers (SIDs), which hold in every language, and by names
// such as `CONTOSO\svc-plant`, which people read. Called on Windows only.

import { octetsOf, openWindowsLibrary, toWide } from "./windows_library.ts";
import { openWindowsMemory, type WindowsMemory } from "./windows_memory.ts";

export interface WindowsAccount {
  /** Such as `S-1-5-21-…-1001`. */
  readonly sid: string;
  /** `DOMAIN\name`; the SID where Windows has no name for it. */
  readonly name: string;
}

/** Their names differ from language to language, and an English profile must work on a German panel. */
const WELL_KNOWN: Readonly<Record<string, string>> = {
  "system": "S-1-5-18",
  "localsystem": "S-1-5-18",
  "local service": "S-1-5-19",
  "localservice": "S-1-5-19",
  "network service": "S-1-5-20",
  "networkservice": "S-1-5-20",
  "administrators": "S-1-5-32-544",
  "users": "S-1-5-32-545",
};

const TOKEN_QUERY = 0x8;
const TOKEN_USER = 1;
const SID_IN_TOKEN_USER = 16;
/** A SID tells at its second octet how many numbers of four octets follow its first eight. */
const LONGEST_SID_BYTES = 68;
/** The pseudo handle of GetCurrentProcess, which is no pointer to anything. */
const CURRENT_PROCESS = 0xffff_ffff_ffff_ffffn;

const ADVAPI32 = {
  OpenProcessToken: { parameters: ["u64", "u32", "buffer"], result: "i32" },
  GetTokenInformation: {
    parameters: ["u64", "i32", "buffer", "u32", "buffer"],
    result: "i32",
  },
  LookupAccountNameW: {
    parameters: ["u64", "buffer", "buffer", "buffer", "buffer", "buffer", "buffer"],
    result: "i32",
  },
  LookupAccountSidW: {
    parameters: ["u64", "buffer", "buffer", "buffer", "buffer", "buffer", "buffer"],
    result: "i32",
  },
  ConvertSidToStringSidW: { parameters: ["buffer", "buffer"], result: "i32" },
  ConvertStringSidToSidW: { parameters: ["buffer", "buffer"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

const KERNEL32 = {
  CloseHandle: { parameters: ["u64"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

type Advapi32 = Deno.DynamicLibrary<typeof ADVAPI32>["symbols"];
type Kernel32 = Deno.DynamicLibrary<typeof KERNEL32>["symbols"];

interface Libraries {
  readonly advapi32: Advapi32;
  readonly kernel32: Kernel32;
  readonly memory: WindowsMemory;
}

/** The account that this process runs under. @throws {Error} when Windows does not say */
export function currentAccount(): WindowsAccount {
  return withLibraries((libraries) => {
    const { advapi32, kernel32 } = libraries;
    const token = new BigUint64Array(1);
    if (advapi32.OpenProcessToken(CURRENT_PROCESS, TOKEN_QUERY, octetsOf(token)) === 0) {
      throw new Error("Windows does not tell this process's account");
    }
    try {
      // TOKEN_USER: the address of the SID, its attributes, then the SID itself.
      const user = new BigUint64Array(32);
      const isTold = advapi32.GetTokenInformation(
        token[0] ?? 0n,
        TOKEN_USER,
        octetsOf(user),
        user.byteLength,
        new Uint8Array(4),
      );
      if (isTold === 0) throw new Error("Windows does not tell this process's account");
      return accountOf(octetsOf(user).subarray(SID_IN_TOKEN_USER), libraries);
    } finally {
      kernel32.CloseHandle(token[0] ?? 0n);
    }
  });
}

/** The account or group of a name or SID as people write it; undefined when this PC does not know it. */
export function findAccount(written: string): WindowsAccount | undefined {
  return withLibraries((libraries) => {
    const sid = WELL_KNOWN[written.replace(/^(?:NT AUTHORITY|BUILTIN)\\/i, "").toLowerCase()] ??
      written;
    if (/^S-1-[\d-]+$/i.test(sid)) return accountOfText(sid, libraries);
    const found = new Uint8Array(LONGEST_SID_BYTES);
    const isFound = libraries.advapi32.LookupAccountNameW(
      0n,
      octetsOf(toWide(written)),
      found,
      length(found.length),
      octetsOf(new Uint16Array(LONGEST_NAME)),
      length(LONGEST_NAME),
      new Uint8Array(4),
    );
    return isFound === 0 ? undefined : accountOf(found, libraries);
  });
}

/** The account of a SID, or of its two-letter abbreviation in SDDL; undefined when it is neither. */
export function accountOfSid(sid: string): WindowsAccount | undefined {
  return withLibraries((libraries) => accountOfText(sid, libraries));
}

/** Longer than any domain or account name (UNLEN is 256). */
const LONGEST_NAME = 512;

function accountOfText(sid: string, libraries: Libraries): WindowsAccount | undefined {
  const { advapi32, memory } = libraries;
  const pointer = new BigUint64Array(1);
  if (advapi32.ConvertStringSidToSidW(octetsOf(toWide(sid)), octetsOf(pointer)) === 0) {
    return undefined;
  }
  const address = pointer[0] ?? 0n;
  const [, numbers = 0] = memory.octetsAt(address, 2);
  const octets = memory.octetsAt(address, 8 + 4 * numbers);
  memory.localFree(address);
  return accountOf(octets, libraries);
}

function accountOf(sid: Uint8Array<ArrayBuffer>, libraries: Libraries): WindowsAccount {
  const { advapi32, memory } = libraries;
  const pointer = new BigUint64Array(1);
  if (advapi32.ConvertSidToStringSidW(sid, octetsOf(pointer)) === 0) {
    throw new Error("Windows does not show an account's SID");
  }
  const shown = pointer[0] ?? 0n;
  const text = memory.textAt(shown) ?? "";
  memory.localFree(shown);
  const [name, domain] = [new Uint16Array(LONGEST_NAME), new Uint16Array(LONGEST_NAME)];
  const isNamed = advapi32.LookupAccountSidW(
    0n,
    sid,
    octetsOf(name),
    length(LONGEST_NAME),
    octetsOf(domain),
    length(LONGEST_NAME),
    new Uint8Array(4),
  );
  if (isNamed === 0) return { sid: text, name: text };
  const [account, of] = [textOf(name), textOf(domain)];
  return { sid: text, name: of === "" ? account : `${of}\\${account}` };
}

function withLibraries<Result>(call: (libraries: Libraries) => Result): Result {
  using advapi32 = openWindowsLibrary("advapi32", ADVAPI32);
  using kernel32 = openWindowsLibrary("kernel32", KERNEL32);
  using memory = openWindowsMemory();
  return call({ advapi32: advapi32.symbols, kernel32: kernel32.symbols, memory });
}

function textOf(units: Uint16Array): string {
  return String.fromCharCode(...units.subarray(0, units.indexOf(0)));
}

function length(value: number): Uint8Array<ArrayBuffer> {
  return octetsOf(Uint32Array.of(value));
}
