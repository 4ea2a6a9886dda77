// The proxy settings of Windows, as "Internet options" and `netsh winhttp` write them to the registry, lent for a test.
// The invariant: what was there before is put back, whatever happens in between.

const BRANCH = String.raw`Software\Microsoft\Windows\CurrentVersion\Internet Settings`;

export interface LentSettings {
  readonly proxies?: string;
  readonly exceptions?: string;
  /** Address of a script (PAC). */
  readonly script?: string;
}

/** True where a test may change them: in Wine and on build machines, but not on somebody's own PC. */
export function mayLendSettings(): boolean {
  if (Deno.build.os !== "windows") return false;
  return Deno.env.get("CI") !== undefined || isWine();
}

export async function lendAccountSettings(settings: LentSettings): Promise<AsyncDisposable> {
  const { proxies = "", exceptions = "", script = "" } = settings;
  const flags = 1 + (proxies === "" ? 0 : 2) + (script === "" ? 0 : 4);
  return await lend([
    [`HKCU\\${BRANCH}\\Connections`, "DefaultConnectionSettings", "REG_BINARY", [
      blob(0x46, { flags, texts: [proxies, exceptions, script] }),
    ]],
    [`HKCU\\${BRANCH}`, "ProxyEnable", "REG_DWORD", [proxies === "" ? "0" : "1"]],
    [`HKCU\\${BRANCH}`, "ProxyServer", "REG_SZ", proxies === "" ? [] : [proxies]],
    [`HKCU\\${BRANCH}`, "ProxyOverride", "REG_SZ", exceptions === "" ? [] : [exceptions]],
    [`HKCU\\${BRANCH}`, "AutoConfigURL", "REG_SZ", script === "" ? [] : [script]],
  ]);
}

export async function lendMachineSettings(proxies: string): Promise<AsyncDisposable> {
  return await lend([
    [`HKLM\\${BRANCH}\\Connections`, "WinHttpSettings", "REG_BINARY", [
      blob(0x18, { flags: 3, texts: [proxies, ""] }),
    ]],
  ]);
}

/** Key, name, type, and the value or none. */
type Entry = readonly [key: string, name: string, type: string, value: readonly string[]];

async function lend(entries: readonly Entry[]): Promise<AsyncDisposable> {
  const before: Entry[] = [];
  for (const [key, name, type] of entries) before.push(await readEntry(key, { name, type }));
  const giveBack = async (): Promise<void> => {
    for (const entry of before) await writeEntry(entry);
  };
  try {
    for (const entry of entries) await writeEntry(entry);
  } catch (cause) {
    await giveBack();
    throw cause;
  }
  return { [Symbol.asyncDispose]: giveBack };
}

async function readEntry(
  key: string,
  { name, type }: { readonly name: string; readonly type: string },
): Promise<Entry> {
  const { isDone, stdout } = await reg(["query", key, "/v", name]);
  const line = new RegExp(`^ +${name} +(REG_\\w+) +(.*?)\\r?$`, "m").exec(stdout);
  if (!isDone || line === null) return [key, name, type, []];
  return [key, name, line[1] ?? type, [line[2] ?? ""]];
}

async function writeEntry([key, name, type, [value]]: Entry): Promise<void> {
  if (value === undefined) {
    await reg(["delete", key, "/v", name, "/f"]); // fails where there is none, which is as good
    return;
  }
  const { isDone, stdout } = await reg(["add", key, "/v", name, "/t", type, "/d", value, "/f"]);
  if (!isDone) throw new Error(`reg add ${key} /v ${name}: ${stdout}`);
}

async function reg(
  args: readonly string[],
): Promise<{ readonly isDone: boolean; readonly stdout: string }> {
  const { success, stdout } = await new Deno.Command("C:\\Windows\\System32\\reg.exe", {
    args: [...args],
    stdin: "null",
  }).output();
  return { isDone: success, stdout: new TextDecoder().decode(stdout) };
}

/** Kind, a counter, flags, then each text behind its length, as hexadecimal digits. */
function blob(
  kind: number,
  { flags, texts }: { readonly flags: number; readonly texts: readonly string[] },
): string {
  const number = (value: number): string => {
    const octets = new Uint8Array(4);
    new DataView(octets.buffer).setUint32(0, value, true);
    return octets.toHex();
  };
  const parts = texts.map((text) => number(text.length) + new TextEncoder().encode(text).toHex());
  return [number(kind), number(0), number(flags), ...parts, "00".repeat(32)].join("");
}

function isWine(): boolean {
  try {
    return Deno.statSync("C:\\Windows\\System32\\winecfg.exe").isFile;
  } catch {
    return false;
  }
}
