// Windows' own proxy settings, through WinHTTP. The invariants: what Windows allocates is given back by GlobalFree; a
// call that may go out to the network runs beside the program and has a time limit, and its buffers and library
// live until it has come back, however late.

import type { SystemProxy } from "../base/world.ts";
import { openWindowsLibrary, toWide } from "../base/windows_library.ts";
import { openWindowsMemory } from "../base/windows_memory.ts";
import { type AccountSettings, type FixedSettings, proxyOfWindows } from "./windows_settings.ts";

/** A script comes from a server in the house. */
const SCRIPT_TIMEOUT_MS = 5000;
/** To find one, DHCP and DNS are asked; most networks have none and keep silent. */
const DETECTION_TIMEOUT_MS = 3000;

/** Never rejects: what fails is a remark. */
export async function windowsProxy(target: URL): Promise<SystemProxy> {
  return await proxyOfWindows(target, {
    account: () => Promise.try(readAccount),
    machine: () => Promise.try(readMachine),
    askScript,
  });
}

// WINHTTP_CURRENT_USER_IE_PROXY_CONFIG: BOOL, then three strings from offset 8.
function readAccount(): AccountSettings {
  using library = openWindowsLibrary("winhttp", {
    WinHttpGetIEProxyConfigForCurrentUser: { parameters: ["buffer"], result: "i32" },
  });
  const config = new Uint8Array(32);
  if (library.symbols.WinHttpGetIEProxyConfigForCurrentUser(config) === 0) {
    throw new Error("Windows does not give them");
  }
  const [script, proxies, exceptions] = [8, 16, 24].map((at) => takeText(config, at));
  return {
    isAutomatic: config[0] !== 0,
    ...(script === undefined ? {} : { script }),
    ...fixedSettings(proxies, exceptions),
  };
}

function readMachine(): FixedSettings {
  using library = openWindowsLibrary("winhttp", {
    WinHttpGetDefaultProxyConfiguration: { parameters: ["buffer"], result: "i32" },
  });
  const info = new Uint8Array(24);
  if (library.symbols.WinHttpGetDefaultProxyConfiguration(info) === 0) {
    throw new Error("Windows does not give it");
  }
  return takeProxyInfo(info);
}

const ACCESS_NO_PROXY = 1;
const ACCESS_NAMED_PROXY = 3;
const AUTO_DETECT = 1;
const CONFIG_URL = 2;
const BY_DHCP_AND_DNS = 3;

async function askScript(target: URL, script?: string): Promise<string | undefined> {
  const timeoutMs = script === undefined ? DETECTION_TIMEOUT_MS : SCRIPT_TIMEOUT_MS;
  const answer = runScript(target, { script, timeoutMs });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    const words = `no answer within ${timeoutMs / 1000} seconds`;
    timer = setTimeout(() => reject(new Error(words)), timeoutMs);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
    answer.catch(() => {}); // one that is late, and has no listener any more
  }
}

async function runScript(
  target: URL,
  { script, timeoutMs }: { readonly script: string | undefined; readonly timeoutMs: number },
): Promise<string | undefined> {
  using library = openWindowsLibrary("winhttp", {
    WinHttpOpen: { parameters: ["buffer", "u32", "pointer", "pointer", "u32"], result: "pointer" },
    WinHttpSetTimeouts: { parameters: ["pointer", "i32", "i32", "i32", "i32"], result: "i32" },
    WinHttpGetProxyForUrl: {
      parameters: ["pointer", "buffer", "buffer", "buffer"],
      result: "i32",
      nonblocking: true,
    },
    WinHttpCloseHandle: { parameters: ["pointer"], result: "i32" },
  });
  const { symbols } = library;
  const session = symbols.WinHttpOpen(toWide("plantpost"), ACCESS_NO_PROXY, null, null, 0);
  if (session === null) throw new Error("Windows cannot ask it");
  try {
    symbols.WinHttpSetTimeouts(session, timeoutMs, timeoutMs, timeoutMs, timeoutMs);
    // WINHTTP_AUTOPROXY_OPTIONS: two flags, the script's address at offset 8, the rest zero.
    using memory = openWindowsMemory();
    const options = new Uint8Array(32);
    const view = new DataView(options.buffer);
    view.setUint32(0, script === undefined ? AUTO_DETECT : CONFIG_URL, true);
    if (script === undefined) view.setUint32(4, BY_DHCP_AND_DNS, true);
    else view.setBigUint64(8, memory.lend(new Uint8Array(toWide(script).buffer)), true);
    // Path and parameters are not the script's business.
    const url = toWide(`${target.origin}/`);
    const info = new Uint8Array(24);
    const held = [options, url];
    const isDone = await symbols.WinHttpGetProxyForUrl(session, url, options, info);
    held.length = 0; // until here nothing that Windows reads was collected
    if (isDone === 0) throw new Error("no answer");
    return takeProxyInfo(info).proxies;
  } finally {
    symbols.WinHttpCloseHandle(session);
  }
}

// WINHTTP_PROXY_INFO: the kind, then proxies and exceptions from offset 8.
function takeProxyInfo(info: Uint8Array<ArrayBuffer>): FixedSettings {
  const kind = new DataView(info.buffer).getUint32(0, true);
  const settings = fixedSettings(takeText(info, 8), takeText(info, 16));
  return kind === ACCESS_NAMED_PROXY ? settings : {};
}

function fixedSettings(proxies: string | undefined, exceptions: string | undefined): FixedSettings {
  return {
    ...(proxies === undefined ? {} : { proxies }),
    ...(exceptions === undefined ? {} : { exceptions }),
  };
}

/** The text whose address lies in the structure, and gives its memory back; undefined for none and for an empty one. */
function takeText(structure: Uint8Array<ArrayBuffer>, at: number): string | undefined {
  using memory = openWindowsMemory();
  const address = new DataView(structure.buffer).getBigUint64(at, true);
  const text = memory.textAt(address)?.trim();
  memory.globalFree(address);
  return text === "" ? undefined : text;
}
