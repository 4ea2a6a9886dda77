// The sandbox's mail server on sockets. Deno cannot upgrade an accepted connection to TLS (and `node:tls` cannot on
// Deno 2.4), so after the 220 to STARTTLS the octets are handed on, as they are, to a TLS listener of our own on
// loopback. The invariant: nothing but loopback is bound, and closing ends every connection.

import { writeAll } from "../base/octets.ts";
import {
  type Authority,
  makeAuthority,
  type ServerCertificate,
  usualValidity,
} from "./authority.ts";
import { bindLoopback } from "./loopback.ts";
import { type SmtpRules, SmtpSession, type SmtpStep } from "./smtp_session.ts";

export interface SmtpServerOptions {
  /** 0 for any free port. */
  readonly port: number;
  readonly rules: SmtpRules;
  readonly authority: Authority;
  readonly nowMs: () => number;
}

export interface SmtpServer extends AsyncDisposable {
  readonly port: number;
}

type CertificateKind = "good" | "untrusted" | "expired";

const DAY_MS = 86_400_000;

/** @throws {Failure} `file.cannot_create` when the port is taken */
export async function startSmtpServer(options: SmtpServerOptions): Promise<SmtpServer> {
  const server = new Server(options);
  await server.start();
  return server;
}

class Server implements SmtpServer {
  readonly #options: SmtpServerOptions;
  readonly #connections = new Set<Deno.Conn>();
  readonly #listeners: Deno.Listener[] = [];
  readonly #tlsPorts = new Map<CertificateKind, Promise<number>>();
  readonly #tasks = new Set<Promise<void>>();
  #port = 0;
  #isClosed = false;

  constructor(options: SmtpServerOptions) {
    this.#options = options;
  }

  get port(): number {
    return this.#port;
  }

  async start(): Promise<void> {
    const { bound, port } = bindLoopback<Deno.TcpListener>(this.#options.port, {
      bind: (at) => Deno.listen({ transport: "tcp", ...at }),
      portOf: (listener) => listener.addr.port,
      close: (listener) => listener.close(),
    });
    this.#port = port;
    for (const listener of bound) this.#serve(listener, (conn) => this.#frontDoor(conn));
    // Made now, so that the first mail does not wait for it.
    await this.#tlsPort("good");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    for (const listener of this.#listeners) listener.close();
    for (const conn of this.#connections) close(conn);
    while (this.#tasks.size > 0) await Promise.all(this.#tasks);
  }

  #serve(listener: Deno.Listener, answer: (conn: Deno.Conn) => Promise<void>): void {
    this.#listeners.push(listener);
    this.#track(async () => {
      for (;;) {
        let conn: Deno.Conn;
        try {
          conn = await listener.accept();
        } catch (cause) {
          if (this.#isClosed || cause instanceof Deno.errors.BadResource) return;
          continue; // one client that went away in the middle of its coming
        }
        this.#track(() => this.#hold(conn, answer));
      }
    });
  }

  async #hold(conn: Deno.Conn, answer: (conn: Deno.Conn) => Promise<void>): Promise<void> {
    this.#connections.add(conn);
    try {
      await answer(conn);
    } catch {
      // The client has gone, or does not trust the certificate: there is nobody to tell.
    } finally {
      this.#connections.delete(conn);
      close(conn);
    }
  }

  #track(work: () => Promise<void>): void {
    const task = work().finally(() => this.#tasks.delete(task));
    this.#tasks.add(task);
  }

  async #frontDoor(conn: Deno.Conn): Promise<void> {
    if (isTcp(conn)) conn.setNoDelay(true);
    const session = new SmtpSession(this.#options.rules, { isSecure: false });
    const end = await converse(conn, session, session.greeting(this.#options.nowMs()));
    if (end !== "tls") return;
    const port = await this.#tlsPort(this.#certificateKind());
    const inner = await Deno.connect({ hostname: "127.0.0.1", port });
    inner.setNoDelay(true);
    this.#connections.add(inner);
    try {
      // The client may end its half first and still wait for a reply; when the session ends, all is said.
      void pass(conn, inner);
      await pass(inner, conn);
    } finally {
      this.#connections.delete(inner);
      close(inner);
    }
  }

  async #behindTls(conn: Deno.Conn): Promise<void> {
    const session = new SmtpSession(this.#options.rules, { isSecure: true });
    await converse(conn, session, { reply: "", next: "read" });
  }

  #certificateKind(): CertificateKind {
    const { isActive } = this.#options.rules;
    if (isActive("certificate-untrusted")) return "untrusted";
    return isActive("certificate-expired") ? "expired" : "good";
  }

  #tlsPort(kind: CertificateKind): Promise<number> {
    const known = this.#tlsPorts.get(kind);
    if (known !== undefined) return known;
    const made = this.#listenTls(kind);
    this.#tlsPorts.set(kind, made);
    return made;
  }

  async #listenTls(kind: CertificateKind): Promise<number> {
    const { cert, key } = await this.#certificate(kind);
    const listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
    this.#serve(listener, (conn) => this.#behindTls(conn));
    return listener.addr.port;
  }

  async #certificate(kind: CertificateKind): Promise<ServerCertificate> {
    const { authority, nowMs } = this.#options;
    const now = nowMs();
    if (kind === "expired") {
      return await authority.issue({ fromMs: now - 90 * DAY_MS, untilMs: now - DAY_MS });
    }
    if (kind === "good") return await authority.issue(usualValidity(now));
    return await (await makeAuthority(now)).issue(usualValidity(now));
  }
}

/** Leads a session until the connection ends or changes to TLS. */
async function converse(
  conn: Deno.Conn,
  session: SmtpSession,
  first: SmtpStep,
): Promise<SmtpStep["next"]> {
  const buffer = new Uint8Array(65_536);
  for (let step = first;;) {
    if (step.reply !== "") await writeAll(conn, new TextEncoder().encode(step.reply));
    if (step.next === "close") await conn.closeWrite();
    if (step.next !== "read") return step.next;
    const count = await conn.read(buffer);
    if (count === null) return "close";
    step = session.feed(buffer.subarray(0, count));
  }
}

/** Passes octets on until the first side ends or fails. */
async function pass(from: Deno.Conn, to: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(65_536);
  try {
    for (;;) {
      const count = await from.read(buffer);
      if (count === null) break;
      await writeAll(to, buffer.subarray(0, count));
    }
    await to.closeWrite();
  } catch {
    // One of the two has gone; both are closed then.
  }
}

function isTcp(conn: Deno.Conn): conn is Deno.TcpConn {
  return "setNoDelay" in conn;
}

function close(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch {
    // It was closed from the other side of the house.
  }
}
