// A proxy that tunnels (CONNECT, RFC 9110 §9.3.6), on loopback, and does what real ones do to a program: let it pass,
// refuse, want a password, close, say nothing. The invariant: every name leads to this PC, so that an endpoint
// under a name that no DNS knows is reached through the proxy and in no other way.

import { toBase64 } from "../../src/base/base64.ts";

export type ProxyConduct =
  | { readonly kind: "pass" }
  /** Answers with this status line, such as "403 Forbidden", and what it offers to sign in with. */
  | { readonly kind: "refuse"; readonly status: string; readonly challenges?: readonly string[] }
  /** Lets only those pass who show `user:password` (HTTP Basic, RFC 7617). */
  | { readonly kind: "basic"; readonly credentials: string }
  | { readonly kind: "close" }
  | { readonly kind: "stall" }
  /** Is no proxy at all: says this and waits. */
  | { readonly kind: "greet"; readonly greeting: string };

export interface ConnectProxy extends AsyncDisposable {
  readonly port: number;
  readonly conduct: ProxyConduct;
  /** `host:port` of each tunnel asked for, in order. */
  readonly targets: readonly string[];
  /** The `Proxy-Authorization` of each, empty where there was none. */
  readonly authorizations: readonly string[];
}

export interface ConnectProxyOptions {
  readonly conduct?: ProxyConduct;
  /** An https:// proxy. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

export function startConnectProxy(options: ConnectProxyOptions = {}): ConnectProxy {
  const conduct = options.conduct ?? { kind: "pass" };
  const place = { hostname: "127.0.0.1", port: 0 };
  const listener = options.tls === undefined
    ? Deno.listen(place)
    : Deno.listenTls({ ...place, ...options.tls });
  const open = new Set<Deno.Conn>();
  const targets: string[] = [];
  const authorizations: string[] = [];

  async function serve(client: Deno.Conn): Promise<void> {
    open.add(client);
    try {
      if (conduct.kind === "greet") {
        await client.write(new TextEncoder().encode(conduct.greeting));
      }
      const head = await readHead(client);
      const target = /^CONNECT (\S+) HTTP\/1\.1\r\n/.exec(head)?.[1];
      if (target === undefined) return await say(client, "405 Method Not Allowed");
      targets.push(target);
      const authorization = /^proxy-authorization: (.*)$/im.exec(head)?.[1]?.trim() ?? "";
      authorizations.push(authorization);
      if (conduct.kind === "close" || conduct.kind === "greet") return;
      if (conduct.kind === "stall") return void await client.read(new Uint8Array(1));
      if (conduct.kind === "refuse") {
        const lines = (conduct.challenges ?? []).map((name) => `Proxy-Authenticate: ${name}\r\n`);
        return await say(client, conduct.status, lines.join(""));
      }
      if (conduct.kind === "basic" && authorization !== basic(conduct.credentials)) {
        const challenge = 'Proxy-Authenticate: Basic realm="plant"\r\n';
        return await say(client, "407 Proxy Authentication Required", challenge);
      }
      await tunnel(client, Number(target.slice(target.lastIndexOf(":") + 1)));
    } finally {
      open.delete(client);
      close(client);
    }
  }

  async function tunnel(client: Deno.Conn, port: number): Promise<void> {
    using server = await Deno.connect({ hostname: "127.0.0.1", port });
    open.add(server);
    await client.write(new TextEncoder().encode("HTTP/1.1 200 Connection established\r\n\r\n"));
    await Promise.allSettled([pump(client, server), pump(server, client)]);
    open.delete(server);
  }

  const serving = (async (): Promise<void> => {
    for await (const client of listener) void serve(client).catch(() => {});
  })();
  return {
    port: (listener.addr as Deno.NetAddr).port,
    conduct,
    targets,
    authorizations,
    async [Symbol.asyncDispose](): Promise<void> {
      listener.close();
      for (const conn of open) close(conn);
      await serving.catch(() => {});
    },
  };
}

function basic(credentials: string): string {
  return `Basic ${toBase64(new TextEncoder().encode(credentials))}`;
}

async function readHead(conn: Deno.Conn): Promise<string> {
  const octets = new Uint8Array(16_384);
  let length = 0;
  while (length < octets.length) {
    const count = await conn.read(octets.subarray(length));
    if (count === null) break;
    length += count;
    const head = new TextDecoder("latin1").decode(octets.subarray(0, length));
    if (head.includes("\r\n\r\n")) return head;
  }
  return "";
}

async function say(conn: Deno.Conn, status: string, headers = ""): Promise<void> {
  const answer = `HTTP/1.1 ${status}\r\n${headers}Content-Length: 0\r\nConnection: close\r\n\r\n`;
  await conn.write(new TextEncoder().encode(answer));
}

async function pump(from: Deno.Conn, to: Deno.Conn): Promise<void> {
  const octets = new Uint8Array(16_384);
  for (;;) {
    const count = await from.read(octets);
    if (count === null) break;
    let written = 0;
    while (written < count) written += await to.write(octets.subarray(written, count));
  }
  await to.closeWrite();
}

function close(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch {
    // Closed already, by the other side of the tunnel.
  }
}
