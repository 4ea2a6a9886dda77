// Which way a request to the provider goes: through the proxy of the profile, else of the environment, else of the
// system's settings, else directly. The invariants: a setting that cannot be read is a failure that names it, never a
// silent direct connection; user name and password are kept apart from everything that is shown.

import { Failure } from "../base/failure.ts";
import type { World } from "../base/world.ts";
import { isExempt, isLoopback } from "./proxy_rules.ts";

const DEFAULT_PORTS = { http: 80, https: 443, socks5: 1080, socks5h: 1080 } as const;

export interface Proxy {
  readonly scheme: keyof typeof DEFAULT_PORTS;
  /** Without the brackets of an IPv6 address. */
  readonly host: string;
  readonly port: number;
  /** `scheme://host:port`, fit to be shown. */
  readonly url: string;
  readonly credentials?: { readonly username: string; readonly password: string };
  /** The setting that names it: `oauth.proxy`, `HTTPS_PROXY`, `Windows settings`. */
  readonly source: string;
}

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

/**
 * Reads `host:port` or a URL with user name and password or without.
 * @throws {Failure} `profile.invalid`; the value, which may hold a password, is not in it
 */
export function readProxy(text: string, source: string): Proxy {
  const url = URL.parse(text.includes("://") ? text : `http://${text}`);
  const scheme = url?.protocol.slice(0, -1) ?? "";
  const isGood = url !== null && isScheme(scheme) && url.hostname !== "" && url.port !== "0" &&
    ["", "/"].includes(url.pathname) && url.search === "" && url.hash === "";
  if (!isGood) {
    throw new Failure(
      "profile.invalid",
      `${source}: must be a proxy such as http://proxy:8080, found <redacted>`,
      {
        remedy: `correct ${source}; in a user name or password write every sign but letters and ` +
          "digits as in a URL: @ is %40, : is %3A, / is %2F, # is %23",
      },
    );
  }
  const port = Number(url.port) || DEFAULT_PORTS[scheme];
  const host = url.hostname.toLowerCase();
  const isSigned = url.username !== "" || url.password !== "";
  return {
    scheme,
    host: host.replaceAll(/[[\]]/g, ""),
    port,
    url: `${scheme}://${host}:${port}`,
    ...(isSigned
      ? { credentials: { username: decode(url.username), password: decode(url.password) } }
      : {}),
    source,
  };
}

function isScheme(scheme: string): scheme is keyof typeof DEFAULT_PORTS {
  return Object.hasOwn(DEFAULT_PORTS, scheme);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a percent sign that stands for itself
  }
}
