// Which way a request to the provider goes: through the proxy of the profile, else of the environment, else of the
// system's settings, else directly. The invariant: a setting that cannot be read is a failure that names it, never a
// silent direct connection.

import { type Proxy, readProxy } from "../base/proxy.ts";
import type { World } from "../base/world.ts";
import { isExempt, isLoopback } from "./proxy_rules.ts";

export interface Route {
  /** Undefined where the way is direct. */
  readonly proxy?: Proxy;
  /** Why there is no proxy, to follow "no proxy was used:". */
  readonly whyDirect?: string;
  /** What went wrong while the way was looked for, for the transcript. */
  readonly remarks: readonly string[];
}

export interface RouteOptions {
  /** `oauth.proxy` of the profile. */
  readonly proxy?: string;
  readonly env: World["env"];
  readonly systemProxy?: World["systemProxy"];
}

/** @throws {Failure} `profile.invalid` for a proxy that is no URL */
export async function chooseRoute(target: URL, options: RouteOptions): Promise<Route> {
  if (options.proxy !== undefined) {
    return { proxy: readProxy(options.proxy, "oauth.proxy"), remarks: [] };
  }
  const route = fromEnvironment(target, options.env);
  if (route !== undefined) return route;
  if (isLoopback(target)) return { whyDirect: "the address is this PC's own", remarks: [] };
  if (options.systemProxy === undefined) return { whyDirect: "none is set", remarks: [] };
  const { proxy, source, remarks } = await options.systemProxy(target);
  return proxy === undefined
    ? { whyDirect: source, remarks }
    : { proxy: readProxy(proxy, source), remarks };
}

/** The variables that name proxies; the runtime has its own mind about them, and is to see none. */
export const PROXY_VARIABLES = [
  "HTTPS_PROXY",
  "https_proxy",
  "HTTP_PROXY",
  "http_proxy",
  "ALL_PROXY",
  "all_proxy",
  "NO_PROXY",
  "no_proxy",
] as const;

// The variable for the scheme first, as curl and most programs have it.
function fromEnvironment(target: URL, env: World["env"]): Route | undefined {
  const exempt = firstSet(["NO_PROXY", "no_proxy"], env);
  if (exempt !== undefined && isExempt(target, exempt.value)) {
    return { whyDirect: `${exempt.name} says so`, remarks: [] };
  }
  // A web server that starts a program turns a visitor's header "Proxy" into HTTP_PROXY (httpoxy).
  const forHttp = env("REQUEST_METHOD") === undefined ? ["HTTP_PROXY", "http_proxy"] : [];
  const forScheme = target.protocol === "https:" ? ["HTTPS_PROXY", "https_proxy"] : forHttp;
  const found = firstSet([...forScheme, "ALL_PROXY", "all_proxy"], env);
  return found && { proxy: readProxy(found.value, found.name), remarks: [] };
}

function firstSet(
  names: readonly string[],
  env: World["env"],
): { readonly name: string; readonly value: string } | undefined {
  for (const name of names) {
    const value = env(name)?.trim() ?? "";
    if (value !== "") return { name, value };
  }
  return undefined;
}
