// SOCKS5 (RFC 1928) with user name and password (RFC 1929) as a dialog without a socket. The invariant: the proxy is
// given the mail server's name, not its address, for often only the proxy's side of the firewall can resolve it.

import { Failure } from "../base/failure.ts";
import { joinOctets } from "../base/octets.ts";
import type { Proxy } from "../base/proxy.ts";
import {
  allowRemedy,
  type Goal,
  type Hop,
  placeName,
  type ProxyDialog,
  proxyName,
} from "./proxy_dialog.ts";

const VERSION = 5;
const NO_SIGN_IN = 0;
const PASSWORD = 2;
const CONNECT = 1;
const [IPV4, NAME, IPV6] = [1, 3, 4];

/** RFC 1928 §6. */
const REASONS: Readonly<Record<number, string>> = {
  1: "general failure",
  2: "not allowed by its rules",
  3: "network unreachable",
  4: "host unreachable",
  5: "connection refused",
  6: "time to live expired",
  7: "it does not know the command",
  8: "it does not know this kind of address",
};

/** @throws {Failure} `net.unreachable` where the proxy refuses, or speaks no SOCKS5; `profile.invalid` */
export function* socks5(proxy: Proxy, target: Goal): ProxyDialog {
  const hop = { proxy, target };
  const methods = proxy.credentials === undefined ? [NO_SIGN_IN] : [NO_SIGN_IN, PASSWORD];
  const chosen = yield {
    say: new Uint8Array([VERSION, methods.length, ...methods]),
    answerBytes: fixed(2),
  };
  if (chosen[0] !== VERSION) throw strange(hop);
  if (chosen[1] === PASSWORD && proxy.credentials !== undefined) {
    const verdict = yield { say: signIn(proxy), answerBytes: fixed(2) };
    if (verdict[1] !== 0) throw wantsSignIn("does not take the", hop);
  } else if (chosen[1] !== NO_SIGN_IN) {
    throw wantsSignIn(proxy.credentials === undefined ? "wants a" : "does not take a", hop);
  }
  const answer = yield { say: request(target), answerBytes: replyBytes };
  if (answer[0] !== VERSION) throw strange(hop);
  if (answer[1] !== 0) throw refused(answer[1] ?? 0, hop);
}

// What is no SOCKS server may say less than is waited for; its first octet tells it.
function fixed(count: number): (received: Uint8Array) => number {
  return (received) => {
    if (received.length === 0) return 0;
    if (received[0] !== VERSION && received[0] !== 1) return received.length;
    return received.length < count ? 0 : count;
  };
}

function replyBytes(received: Uint8Array): number {
  if (received.length > 0 && received[0] !== VERSION) return received.length;
  // RFC 1928 §6: a refusal may come without the address.
  if (received.length >= 2 && received[1] !== 0) return received.length;
  if (received.length < 5) return 0;
  const address = { [IPV4]: 4, [IPV6]: 16, [NAME]: 1 + (received[4] ?? 0) }[received[3] ?? 0] ?? 4;
  const count = 4 + address + 2;
  return received.length < count ? 0 : count;
}

/** @throws {Failure} `profile.invalid` for what RFC 1929 has no room for */
function signIn(proxy: Proxy): Uint8Array {
  const { username = "", password = "" } = proxy.credentials ?? {};
  const parts = [username, password].map((text) => new TextEncoder().encode(text));
  if (parts.some((part) => part.length > 255)) {
    throw new Failure(
      "profile.invalid",
      `${proxy.source}: user name and password of a SOCKS5 proxy must have at most 255 octets each`,
    );
  }
  const [name, secret] = parts.map((part) => joinOctets([new Uint8Array([part.length]), part]));
  return joinOctets([new Uint8Array([1]), name ?? new Uint8Array(1), secret ?? new Uint8Array(1)]);
}

function request({ host, port }: Goal): Uint8Array {
  return joinOctets([
    new Uint8Array([VERSION, CONNECT, 0]),
    addressOctets(host),
    new Uint8Array([port >> 8, port & 0xff]),
  ]);
}

function addressOctets(host: string): Uint8Array {
  if (/^\d+\.\d+\.\d+\.\d+$/.test(host)) {
    return new Uint8Array([IPV4, ...host.split(".").map(Number)]);
  }
  if (host.includes(":")) return new Uint8Array([IPV6, ...ipv6Octets(host)]);
  const name = new TextEncoder().encode(host).subarray(0, 255);
  return joinOctets([new Uint8Array([NAME, name.length]), name]);
}

function ipv6Octets(host: string): readonly number[] {
  // The URL's form of it: at most one `::`, and no IPv4 at its end.
  const normal = URL.parse(`http://[${host}]/`)?.hostname.slice(1, -1) ?? "::";
  const [head = "", tail = ""] = normal.split("::");
  const groups = (text: string): number[] =>
    text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16));
  const [front, back] = [groups(head), groups(tail)];
  const middle = new Array<number>(8 - front.length - back.length).fill(0);
  return [...front, ...middle, ...back].flatMap((group) => [group >> 8, group & 0xff]);
}

function strange({ proxy, target }: Hop): Failure {
  return new Failure(
    "net.unreachable",
    `${proxyName(proxy)} does not speak SOCKS5: no way to ${placeName(target)}`,
    { remedy: `check host, port and scheme of the proxy in ${proxy.source}` },
  );
}

function wantsSignIn(verb: string, { proxy, target }: Hop): Failure {
  return new Failure(
    "net.unreachable",
    `${proxyName(proxy)} ${verb} user name and password for ${placeName(target)}`,
    {
      remedy:
        `write user name and password into the proxy's URL, socks5://USER:PASSWORD@${proxy.host}:` +
        `${proxy.port}, in ${proxy.source}, or correct them; or have whoever runs the proxy let this PC through ` +
        "without",
    },
  );
}

function refused(code: number, hop: Hop): Failure {
  const { proxy, target } = hop;
  const place = placeName(target);
  const passes = [1, 3, 4, 5, 6].includes(code);
  return new Failure(
    "net.unreachable",
    `${proxyName(proxy)} opened no way to ${place}: ${
      REASONS[code] ?? "reason"
    } (SOCKS5 reply ${code})`,
    {
      remedy: passes
        ? `check smtp.host and smtp.port; if they are right, ${allowRemedy(hop)}`
        : allowRemedy(hop),
    },
  );
}
