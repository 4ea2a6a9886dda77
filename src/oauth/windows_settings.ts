// What Windows' three places for proxy settings say about an address, in one order: the account's script, its
// fixed proxies, the machine's (`netsh winhttp`), then what the network itself tells (WPAD). The invariants: what
// somebody has set comes before what the network is asked; a place that fails leaves a remark and never the last word.

import type { SystemProxy } from "../base/world.ts";
import { isBypassed, proxyInList } from "./proxy_rules.ts";

/** "Internet options", as the account has them. */
export interface AccountSettings {
  /** Switched on in most accounts, also where no network answers. */
  readonly isAutomatic: boolean;
  /** Address of a script (PAC). */
  readonly script?: string;
  readonly proxies?: string;
  readonly exceptions?: string;
}

export interface FixedSettings {
  readonly proxies?: string;
  readonly exceptions?: string;
}

/** Each rejects with an `Error` whose message says why there is no answer. */
export interface WindowsSources {
  readonly account: () => Promise<AccountSettings>;
  readonly machine: () => Promise<FixedSettings>;
  /** Resolves to a list of proxies, or undefined for a direct connection; without a script the network tells which. */
  readonly askScript: (target: URL, script?: string) => Promise<string | undefined>;
}

export async function proxyOfWindows(target: URL, sources: WindowsSources): Promise<SystemProxy> {
  const remarks: string[] = [];
  async function attempt<Answer>(
    what: string,
    ask: () => Promise<Answer>,
  ): Promise<Answer | undefined> {
    try {
      return await ask();
    } catch (cause) {
      remarks.push(`${what}: ${cause instanceof Error ? cause.message : String(cause)}`);
      return undefined;
    }
  }
  async function ofScript(source: string, script?: string): Promise<SystemProxy | undefined> {
    const answer = await attempt(source, async () => ({
      list: await sources.askScript(target, script),
    }));
    if (answer === undefined) return undefined;
    const proxy = proxyInList(target, answer.list ?? "");
    return proxy === undefined
      ? { source: `${source} says so`, remarks }
      : { proxy, source, remarks };
  }

  const account = await attempt("Windows settings", sources.account);
  if (account?.script !== undefined) {
    const found = await ofScript(`Windows' proxy script ${shown(account.script)}`, account.script);
    if (found !== undefined) return found;
  }
  const fixed = ofFixed(target, account, "Windows settings");
  if (fixed !== undefined) return { ...fixed, remarks };
  const machine = await attempt("netsh winhttp", sources.machine);
  const ofMachine = ofFixed(target, machine, "netsh winhttp");
  if (ofMachine !== undefined) return { ...ofMachine, remarks };
  if (account?.isAutomatic === true && account.script === undefined) {
    const found = await ofScript("Windows' automatic detection (WPAD)");
    if (found !== undefined) return found;
  }
  return { source: "Windows has none set", remarks };
}

/** Undefined where the settings say nothing. */
function ofFixed(
  target: URL,
  settings: FixedSettings | undefined,
  source: string,
): Omit<SystemProxy, "remarks"> | undefined {
  if (settings?.proxies === undefined) return undefined;
  if (isBypassed(target, settings.exceptions ?? "")) {
    return { source: `an exception in ${source} names the host` };
  }
  const proxy = proxyInList(target, settings.proxies);
  return proxy === undefined ? { source: `${source} have none for https` } : { proxy, source };
}

// The address may hold a password, and parameters that are nobody's business.
function shown(script: string): string {
  const url = URL.parse(script);
  return url === null ? "" : `${url.protocol}//${url.host}${url.pathname}`;
}
