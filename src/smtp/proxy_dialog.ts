// What the dialogs with proxies have in common: how they are written down without a socket, and how a failure names the
// way. The invariant: of a proxy only its URL without user name and password and the setting that names it are shown.

import type { Proxy } from "../base/proxy.ts";

/** One turn: what is said, and how many of the octets that come are the answer; 0 where more must come. */
export interface Turn {
  readonly say: Uint8Array;
  readonly answerBytes: (received: Uint8Array) => number;
}

/** Gets each answer in return for a turn; ends where the way is open. Throws a `Failure` where it is refused. */
export type ProxyDialog = Generator<Turn, void, Uint8Array>;

/** Where the way leads. */
export interface Goal {
  readonly host: string;
  readonly port: number;
}

export interface Hop {
  readonly proxy: Proxy;
  readonly target: Goal;
}

/** As it stands in messages. */
export function proxyName(proxy: Proxy): string {
  return `the proxy ${proxy.url} (${proxy.source})`;
}

/** Host and port, the host of IPv6 in brackets. */
export function placeName({ host, port }: Goal): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** Who must act, in one sentence that can follow another. */
export function allowRemedy({ proxy, target }: Hop): string {
  const what = proxy.scheme === "http" ? "CONNECT" : "connections";
  return `have whoever runs the proxy allow ${what} to ${
    placeName(target)
  } from this PC: most company proxies let ` +
    `port 443 pass and refuse mail's ports, 587 and 465\nor have the firewall let this PC reach ` +
    `${placeName(target)} directly, and take ${proxy.source} out of the profile`;
}
