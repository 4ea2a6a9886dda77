// Connections by Deno's own sockets, because the Node ones cost 45 ms at every start. The invariant: whatever goes
// wrong here is told as a `Failure` of the right kind, since "not sent" says nothing to the person who must open a
// firewall, or trust an authority.

import { Failure } from "../base/failure.ts";
import type { Proxy } from "../base/proxy.ts";
import { trustSystemRoots } from "../base/trust.ts";
import type { ByteStream } from "../base/world.ts";
import type { ServerAsked } from "./certificate_seen.ts";
import { DENO_DIALER, dial, isUnknown, wordsOf } from "./dial.ts";

export interface Target {
  readonly host: string;
  readonly port: number;
  readonly signal: AbortSignal;
  /** The way there; without it the way is direct. */
  readonly proxy?: Proxy;
}

/** A stream that knows the address this PC uses for it. */
export type LocalStream = ByteStream & { readonly localAddress: string };

export interface TlsOptions {
  /** The name that the certificate must be for. */
  readonly host: string;
  readonly port: number;
  /** PEM; trusted beside the built-in and the operating system's authorities. */
  readonly caCerts: readonly string[];
  readonly signal: AbortSignal;
}

/** Each rejects with the signal's reason when it is aborted. Closing a stream ends its waiting read. */
export interface Network {
  /** @throws {Failure} `net.unknown_host`, `net.unreachable` */
  connect(target: Target): Promise<LocalStream>;
  /** Connects and starts TLS at once. @throws {Failure} as the other two */
  connectTls(target: Target & { readonly caCerts: readonly string[] }): Promise<LocalStream>;
  /** Takes the stream over, and closes it on failure. @throws {Failure} `net.tls`, `net.lost` */
  startTls(stream: ByteStream, options: TlsOptions): Promise<LocalStream>;
  /** Adds what can be found out about a certificate that is not trusted; never rejects. Other failures come back. */
  explain?(failure: Failure, server: ServerAsked): Promise<Failure>;
}

/** The real network. */
export function denoNetwork(): Network {
  return {
    connect,
    connectTls: async ({ caCerts, ...target }) =>
      await startTls(await connect(target), { ...target, caCerts }),
    startTls,
    explain,
  };
}

async function explain(failure: Failure, server: ServerAsked): Promise<Failure> {
  if (failure.code !== "net.tls" || !/UnknownIssuer/.test(wordsOf(failure.cause))) return failure;
  const { withCertificateSeen } = await import("./certificate_seen.ts");
  return await withCertificateSeen(failure, server);
}

/** Deno's connection as a `LocalStream`; `startTls()` needs the connection itself back. */
class DenoStream implements LocalStream {
  readonly localAddress: string;
  #unread: Uint8Array = new Uint8Array(0);

  constructor(readonly conn: Deno.TcpConn | Deno.TlsConn) {
    this.localAddress = conn.localAddr.hostname;
  }

  get hasUnread(): boolean {
    return this.#unread.length > 0;
  }

  read(into: Uint8Array): Promise<number | null> {
    if (!this.hasUnread) return this.conn.read(into);
    const part = this.#unread.subarray(0, into.length);
    into.set(part);
    this.#unread = this.#unread.subarray(part.length);
    return Promise.resolve(part.length);
  }

  /** Takes back what was read and is for the next reader. */
  unread(octets: Uint8Array): void {
    this.#unread = octets;
  }

  write(bytes: Uint8Array): Promise<number> {
    return this.conn.write(bytes);
  }

  closeWrite(): Promise<void> {
    return this.conn.closeWrite();
  }

  close(): void {
    closeQuietly(this.conn);
  }
}

async function connect(target: Target): Promise<LocalStream> {
  const { proxy } = target;
  if (proxy === undefined) return await connectDirectly(target);
  const { openTunnel } = await import("./tunnel.ts");
  return await openTunnel({ proxy, target, connect: connectDirectly });
}

async function connectDirectly({ host, port, signal }: Target): Promise<DenoStream> {
  signal.throwIfAborted();
  try {
    const conn = await dial({ host, port, signal }, DENO_DIALER);
    if (signal.aborted) {
      closeQuietly(conn);
      throw signal.reason;
    }
    conn.setNoDelay(true);
    return new DenoStream(conn);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw connectFailure(error, { host, port });
  }
}

async function startTls(stream: ByteStream, options: TlsOptions): Promise<LocalStream> {
  const { host, port, caCerts, signal } = options;
  if (!(stream instanceof DenoStream) || !("setNoDelay" in stream.conn)) {
    throw new TypeError("startTls() wants a stream that connect() of the same network returned");
  }
  signal.throwIfAborted();
  if (stream.hasUnread) {
    stream.close();
    throw tlsFailure(new Error("it spoke before TLS began: InvalidContentType"), {
      host,
      port,
    });
  }
  trustSystemRoots();
  let conn: Deno.TcpConn | Deno.TlsConn = stream.conn;
  const abort = (): void => closeQuietly(conn);
  signal.addEventListener("abort", abort, { once: true });
  try {
    const tls = await Deno.startTls(stream.conn as Deno.TcpConn, {
      hostname: host,
      caCerts: [...caCerts],
    });
    conn = tls;
    signal.throwIfAborted();
    // Without this a refused certificate would come up as a failed read of the greeting.
    await tls.handshake();
    signal.throwIfAborted();
    return new DenoStream(tls);
  } catch (error) {
    closeQuietly(conn);
    if (signal.aborted) throw signal.reason;
    throw tlsFailure(error, { host, port });
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

function closeQuietly(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch {
    // Closed already, or taken over by TLS.
  }
}

interface Place {
  readonly host: string;
  readonly port: number;
}

/** What a failed connection attempt means. */
export function connectFailure(error: unknown, { host, port }: Place): Failure {
  if (error instanceof Failure) return error;
  const words = wordsOf(error);
  if (isUnknown(error)) {
    return new Failure("net.unknown_host", `cannot find the host ${host}: ${words}`, {
      remedy: "check smtp.host in the profile, and that this PC can resolve names (DNS)",
      cause: error,
    });
  }
  return new Failure("net.unreachable", `cannot reach ${host} port ${port}: ${words}`, {
    remedy: `check smtp.host and smtp.port in the profile, and have the firewall allow outbound ` +
      `connections to TCP port ${port}`,
    cause: error,
  });
}

const TLS_REASONS: readonly {
  readonly words: RegExp;
  readonly says: string;
  readonly remedy: string;
  /** Where the fault passes without anybody's doing here; otherwise a person must change something. */
  readonly retry?: "later";
}[] = [
  {
    words: /UnknownIssuer|CaUsedAsEndEntity|BadSignature/,
    says: "its certificate comes from an authority that is not trusted here",
    remedy:
      "if a proxy or virus scanner inspects TLS on this network, have it leave this host alone, or name its " +
      "authority's certificate in smtp.ca_file; do the same for a server with an authority of its own",
  },
  {
    words: /NotValidForName|not valid for (?:any names|name)/,
    says: "its certificate is for another name",
    remedy:
      "use the server's own name in smtp.host, not its address or an alias; if a proxy inspects TLS on this " +
      "network, have it leave this host alone, or name its authority in smtp.ca_file",
  },
  {
    words: /NotValidYet|not valid yet/,
    says: "its certificate is not valid yet",
    retry: "later",
    remedy:
      "check the clock of this PC; if it is right, the server's administrator or the owner of the proxy " +
      "that inspects TLS (see smtp.ca_file) must act",
  },
  {
    words: /expired/i,
    says: "its certificate has expired",
    retry: "later",
    remedy:
      "check the clock of this PC; if it is right, the server's administrator must renew the certificate " +
      "(or the owner of the proxy that inspects TLS, see smtp.ca_file)",
  },
  {
    words: /InvalidContentType|InvalidMessage|corrupt message/,
    says: "it does not speak TLS here",
    remedy:
      'set smtp.tls to "starttls" (port 587) or "implicit" (port 465), whichever the server wants here',
  },
];

/** What a failed handshake means. */
export function tlsFailure(error: unknown, { host, port }: Place): Failure {
  if (error instanceof Failure) return error;
  const words = wordsOf(error);
  const reason = TLS_REASONS.find((candidate) => candidate.words.test(words));
  if (reason !== undefined) {
    return new Failure(
      "net.tls",
      `cannot start TLS with ${host} port ${port}: ${reason.says} (${words})`,
      {
        remedy: reason.remedy,
        ...(reason.retry === undefined ? {} : { retry: reason.retry }),
        cause: error,
      },
    );
  }
  if (/eof|reset|aborted|broken pipe/i.test(words)) {
    return new Failure(
      "net.lost",
      `${host} port ${port} closed the connection while TLS started: ${words}`,
      {
        remedy:
          "if this happens every time, a firewall or TLS inspection stands in between (see smtp.ca_file)",
        cause: error,
      },
    );
  }
  return new Failure("net.tls", `cannot start TLS with ${host} port ${port}: ${words}`, {
    remedy: "if a proxy or virus scanner inspects TLS on this network, see smtp.ca_file",
    retry: "later",
    cause: error,
  });
}
