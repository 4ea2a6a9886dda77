// CONNECT (RFC 9110 §9.3.6) as a dialog without a socket. The invariant: what the proxy says is text from outside,
// cut short and without control characters before anybody sees it; a password goes to the proxy and nowhere else.

import { toBase64 } from "../base/base64.ts";
import { Failure } from "../base/failure.ts";
import type { Proxy } from "../base/proxy.ts";
import {
  allowRemedy,
  type Goal,
  type Hop,
  placeName,
  type ProxyDialog,
  proxyName,
} from "./proxy_dialog.ts";

/** @throws {Failure} `net.unreachable` where the proxy refuses, or speaks no HTTP */
export function* httpConnect(proxy: Proxy, target: Goal): ProxyDialog {
  const answer = yield {
    say: new TextEncoder().encode(request(proxy, target)),
    answerBytes: headBytes,
  };
  const head = new TextDecoder("latin1").decode(answer);
  const [, status, code] = /^HTTP\/\d(?:\.\d)? ((\d{3})[^\r\n]*)/.exec(head) ?? [];
  if (status === undefined || code === undefined) {
    throw new Failure(
      "net.unreachable",
      `${proxyName(proxy)} does not speak HTTP: no way to ${placeName(target)}`,
      { remedy: `check host, port and scheme of the proxy in ${proxy.source}` },
    );
  }
  if (code.startsWith("2")) return;
  throw refused({ status: shown(status), code, head }, { proxy, target });
}

function request(proxy: Proxy, target: Goal): string {
  const place = placeName(target);
  const lines = [`CONNECT ${place} HTTP/1.1`, `Host: ${place}`];
  if (proxy.credentials !== undefined) {
    const { username, password } = proxy.credentials;
    const pair = new TextEncoder().encode(`${username}:${password}`);
    lines.push(`Proxy-Authorization: Basic ${toBase64(pair)}`);
  }
  return `${lines.join("\r\n")}\r\n\r\n`;
}

/** Up to the empty line; an answer that cannot become one of HTTP ends at once, for it may have no such line. */
function headBytes(received: Uint8Array): number {
  const text = new TextDecoder("latin1").decode(received);
  if (!"HTTP/".startsWith(text.slice(0, 5))) return received.length;
  const end = text.indexOf("\r\n\r\n");
  return end < 0 ? 0 : end + 4;
}

interface Refusal {
  readonly status: string;
  readonly code: string;
  readonly head: string;
}

function refused({ status, code, head }: Refusal, hop: Hop): Failure {
  const { proxy, target } = hop;
  const [named, place] = [proxyName(proxy), placeName(target)];
  if (code === "407") {
    const schemes = [...head.matchAll(/^proxy-authenticate: *([\w-]+)/gim)].map((one) => one[1]);
    const offers = schemes.length === 0 ? "" : ` and offers ${[...new Set(schemes)].join(", ")}`;
    const wants = proxy.credentials === undefined ? "wants a" : "does not take the";
    return new Failure(
      "net.unreachable",
      `${named} ${wants} user name and password for ${place}: it answered HTTP ${status}${offers}`,
      {
        remedy: `have whoever runs the proxy let this PC reach ${place} without a password\n` +
          `or write them into the proxy's URL, http://USER:PASSWORD@${proxy.host}:${proxy.port}, in ` +
          `${proxy.source}; plantpost cannot sign in to a proxy with NTLM or Kerberos: where it must be, run a ` +
          `local proxy that does, such as Px or Cntlm, and name that one in ${proxy.source}`,
      },
    );
  }
  return new Failure(
    "net.unreachable",
    `${named} refused the way to ${place}: it answered HTTP ${status}`,
    {
      remedy: code.startsWith("5")
        ? `try again; if it stays, have whoever runs the proxy look why it does not reach ${place}: many proxies ` +
          "reach the web's ports only"
        : allowRemedy(hop),
    },
  );
}

function shown(status: string): string {
  return status.replaceAll(/[^\x20-\x7E]/g, "?").trim().slice(0, 80);
}
