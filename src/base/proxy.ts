// A proxy as a setting names it. The invariants: a setting that cannot be read is a failure that names it and shows
// nothing of it; user name and password are kept apart from everything that is shown.

import { Failure } from "./failure.ts";

const DEFAULT_PORTS = { http: 80, https: 443, socks5: 1080, socks5h: 1080 } as const;

export interface Proxy {
  readonly scheme: keyof typeof DEFAULT_PORTS;
  /** Without the brackets of an IPv6 address. */
  readonly host: string;
  readonly port: number;
  /** `scheme://host:port`, fit to be shown. */
  readonly url: string;
  readonly credentials?: { readonly username: string; readonly password: string };
  /** The setting that names it: `oauth.proxy`, `smtp.proxy`, `HTTPS_PROXY`, `Windows settings`. */
  readonly source: string;
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
