// Asks a proxy once more for the way to the provider, after a request through it has failed: the runtime does not
// tell what it answered, nor which side of it failed. Nothing but CONNECT is said (RFC 9110 §9.3.6). The invariant: the
// question ends within its time, whatever the proxy does.

import { toBase64 } from "../base/base64.ts";
import { writeAll } from "../base/octets.ts";
import type { Proxy } from "../base/proxy.ts";
import { portOf } from "./proxy_rules.ts";

export type ProxyAnswer =
  | { readonly kind: "unknown-host" | "unreachable" | "untrusted"; readonly words: string }
  /** No connection to the proxy itself came about in time. */
  | { readonly kind: "no-connection"; readonly timeoutMs: number }
  /** It took the connection and said nothing in time. */
  | { readonly kind: "silent" }
  | { readonly kind: "closed" }
  /** What answers does not speak HTTP. */
  | { readonly kind: "strange" }
  | {
    readonly kind: "refused";
    readonly statusCode: number;
    /** Code and reason as they came: `403 Forbidden`. */
    readonly status: string;
    /** What it offers to sign in with: `Basic`, `NTLM`, `Negotiate`. */
    readonly schemes: readonly string[];
  }
  /** The way is open; or it was not asked for, because the request had not asked in this manner either. */
  | { readonly kind: "open" };

export interface ProbeOptions {
  readonly certificates: readonly string[];
  readonly timeoutMs: number;
}

const LONGEST_HEAD = 16_384;

export async function askProxy(
  proxy: Proxy,
  target: URL,
  { certificates, timeoutMs }: ProbeOptions,
): Promise<ProxyAnswer> {
  const signal = AbortSignal.timeout(timeoutMs);
  let conn: Deno.TcpConn | Deno.TlsConn;
  try {
    conn = await Deno.connect({ hostname: proxy.host, port: proxy.port, signal });
  } catch (cause) {
    if (signal.aborted) return { kind: "no-connection", timeoutMs };
    const words = wordsOf(cause);
    const isUnknown = /failed to lookup|os error 1100[1-4]\b|no such host/i.test(words);
    return { kind: isUnknown ? "unknown-host" : "unreachable", words };
  }
  const close = (): void => closeQuietly(conn);
  signal.addEventListener("abort", close, { once: true });
  try {
    if (proxy.scheme.startsWith("socks")) return { kind: "open" };
    // Plain HTTP, which the profile permits to this PC alone, is handed over without CONNECT.
    if (target.protocol === "http:") return { kind: "open" };
    if (proxy.scheme === "https") {
      try {
        const caCerts = [...certificates];
        const tls = await Deno.startTls(conn as Deno.TcpConn, { hostname: proxy.host, caCerts });
        conn = tls;
        await tls.handshake();
      } catch (cause) {
        return signal.aborted ? { kind: "silent" } : { kind: "untrusted", words: wordsOf(cause) };
      }
    }
    await writeAll(conn, new TextEncoder().encode(question(proxy, target)));
    const head = await readHead(conn);
    return signal.aborted ? { kind: "silent" } : read(head);
  } catch {
    return { kind: signal.aborted ? "silent" : "closed" };
  } finally {
    signal.removeEventListener("abort", close);
    close();
  }
}

function question(proxy: Proxy, target: URL): string {
  const place = `${target.hostname}:${portOf(target)}`;
  const { credentials } = proxy;
  const lines = [`CONNECT ${place} HTTP/1.1`, `Host: ${place}`];
  if (credentials !== undefined) {
    const pair = new TextEncoder().encode(`${credentials.username}:${credentials.password}`);
    lines.push(`Proxy-Authorization: Basic ${toBase64(pair)}`);
  }
  return `${lines.join("\r\n")}\r\n\r\n`;
}

/** What comes up to the empty line, or as much of it as there is. */
async function readHead(conn: Deno.Conn): Promise<string> {
  const octets = new Uint8Array(LONGEST_HEAD);
  let length = 0;
  let head = "";
  while (length < octets.length && !head.includes("\r\n\r\n")) {
    const count = await conn.read(octets.subarray(length));
    if (count === null) break;
    length += count;
    head = new TextDecoder("latin1").decode(octets.subarray(0, length));
  }
  return head;
}

function read(head: string): ProxyAnswer {
  const [, status, code] = /^HTTP\/\d(?:\.\d)? ((\d{3})[^\r\n]*)/.exec(head) ?? [];
  if (status === undefined) return { kind: head === "" ? "closed" : "strange" };
  const statusCode = Number(code);
  if (statusCode >= 200 && statusCode < 300) return { kind: "open" };
  const schemes = [...head.matchAll(/^proxy-authenticate: *([\w-]+)/gim)].map((one) =>
    one[1] ?? ""
  );
  // The reason is free text from outside.
  const shown = status.replaceAll(/[^\x20-\x7E]/g, "?").trim().slice(0, 80);
  return { kind: "refused", statusCode, status: shown, schemes: [...new Set(schemes)] };
}

function wordsOf(cause: unknown): string {
  const words = cause instanceof Error ? cause.message : String(cause);
  return words.replaceAll(/\s+/g, " ").replace(/\.$/, "").trim();
}

function closeQuietly(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch {
    // Closed already, or taken over by TLS.
  }
}
