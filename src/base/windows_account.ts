// Accounts as Windows knows them: by security identifiers (SIDs), which hold in every language, and by names
// such as `CONTOSO\svc-plant`, which people read. Called on Windows only.

import { fromWide, openWindowsLibrary, toWide } from "./windows_library.ts";

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
/** The pseudo handle of GetCurrentProcess, which is no pointer to anything. */
const CURRENT_PROCESS = 0xffff_ffff_ffff_ffffn;

const ADVAPI32 = {
  OpenProcessToken: { parameters: ["u64", "u32", "buffer"], result: "i32" },
  GetTokenInformation: {
    parameters: ["u64", "i32", "buffer", "u32", "buffer"],
    result: "i32",
  },
  LookupAccountNameW: {
    parameters: ["pointer", "buffer", "buffer", "buffer", "buffer", "buffer", "buffer"],
    result: "i32",
  },
  LookupAccountSidW: {
    parameters: ["pointer", "pointer", "buffer", "buffer", "buffer", "buffer", "buffer"],
    result: "i32",
  },
  ConvertSidToStringSidW: { parameters: ["pointer", "buffer"], result: "i32" },
  ConvertStringSidToSidW: { parameters: ["buffer", "buffer"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

const KERNEL32 = {
  CloseHandle: { parameters: ["u64"], result: "i32" },
  LocalFree: { parameters: ["pointer"], result: "pointer" },
} as const satisfies Deno.ForeignLibraryInterface;

type Advapi32 = Deno.DynamicLibrary<typeof ADVAPI32>["symbols"];
type Kernel32 = Deno.DynamicLibrary<typeof KERNEL32>["symbols"];

interface Libraries {
  readonly advapi32: Advapi32;
  readonly kernel32: Kernel32;
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
      const size = octetsOf(user).length;
      const isTold = advapi32.GetTokenInformation(
        token[0] ?? 0n,
        TOKEN_USER,
        octetsOf(user),
        size,
        new Uint8Array(4),
      );
      if (isTold === 0) throw new Error("Windows does not tell this process's account");
      const account = accountOf(Deno.UnsafePointer.create(user[0] ?? 0n), libraries);
      user.fill(0n); // `user` holds the SID until here
      return account;
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
    const found = new BigUint64Array(16);
    const isFound = libraries.advapi32.LookupAccountNameW(
      null,
      octetsOf(toWide(written)),
      octetsOf(found),
      length(octetsOf(found).length),
      octetsOf(new Uint16Array(LONGEST_NAME)),
      length(LONGEST_NAME),
      new Uint8Array(4),
    );
    if (isFound === 0) return undefined;
    const account = accountOf(Deno.UnsafePointer.of(octetsOf(found)), libraries);
    found.fill(0n); // `found` holds the SID until here
    return account;
  });
}

/** The account of a SID, or of its two-letter abbreviation in SDDL; undefined when it is neither. */
export function accountOfSid(sid: string): WindowsAccount | undefined {
  return withLibraries((libraries) => accountOfText(sid, libraries));
}

/** Longer than any domain or account name (UNLEN is 256). */
const LONGEST_NAME = 512;

function accountOfText(sid: string, libraries: Libraries): WindowsAccount | undefined {
  const address = new BigUint64Array(1);
  if (libraries.advapi32.ConvertStringSidToSidW(octetsOf(toWide(sid)), octetsOf(address)) === 0) {
    return undefined;
  }
  const pointer = Deno.UnsafePointer.create(address[0] ?? 0n);
  try {
    return accountOf(pointer, libraries);
  } finally {
    libraries.kernel32.LocalFree(pointer);
  }
}

function accountOf(sid: Deno.PointerValue, libraries: Libraries): WindowsAccount {
  const { advapi32, kernel32 } = libraries;
  const address = new BigUint64Array(1);
  if (advapi32.ConvertSidToStringSidW(sid, octetsOf(address)) === 0) {
    throw new Error("Windows does not show an account's SID");
  }
  const shown = Deno.UnsafePointer.create(address[0] ?? 0n);
  const text = fromWide(shown) ?? "";
  kernel32.LocalFree(shown);
  const [name, domain] = [new Uint16Array(LONGEST_NAME), new Uint16Array(LONGEST_NAME)];
  const isNamed = advapi32.LookupAccountSidW(
    null,
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
  return call({ advapi32: advapi32.symbols, kernel32: kernel32.symbols });
}

function textOf(units: Uint16Array): string {
  return String.fromCharCode(...units.subarray(0, units.indexOf(0)));
}

function length(value: number): Uint8Array<ArrayBuffer> {
  return octetsOf(Uint32Array.of(value));
}

function octetsOf(
  array: Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | BigUint64Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  return new Uint8Array(array.buffer);
}
