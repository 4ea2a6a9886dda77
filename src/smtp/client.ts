// A submission session (RFC 6409): connect, TLS, EHLO, AUTH, then any number of messages. The invariant: nothing
// that signs in, and no message, goes over a connection that is not what the profile asked for; where STARTTLS is
// wanted there is no way past it.

import { Failure } from "../base/failure.ts";
import type { MessageSource } from "../base/message_source.ts";
import type { Proxy } from "../base/proxy.ts";
import { startTimer } from "../base/timer.ts";
import type { ByteStream } from "../base/world.ts";
import { authenticate, type Credentials, withoutExtensions } from "./authentication.ts";
import { addressLiteral, ehloCommand, heloCommand } from "./command.ts";
import { Connection } from "./connection.ts";
import { type Extensions, noExtensions, readExtensions } from "./extensions.ts";
import type { LocalStream, Network } from "./network.ts";
import type { Reply } from "./reply.ts";
import { type Phase, refusalFailure } from "./reply_class.ts";
import type { Envelope, TransactionResult } from "./envelope.ts";
import { Transaction } from "./transaction.ts";

export type { Credentials } from "./authentication.ts";
export type { DsnRequest, Envelope, RejectedRecipient, TransactionResult } from "./envelope.ts";

export interface SessionOptions {
  readonly host: string;
  readonly port: number;
  readonly tls: "starttls" | "implicit" | "none";
  /** For the connection and for TLS; that of each turn follows from it (`timeouts.ts`). */
  readonly timeoutMs: number;
  /** PEM; trusted beside the built-in and the operating system's authorities. */
  readonly caCerts: readonly string[];
  readonly network: Network;
  /** The way to the server; without it the way is direct. */
  readonly proxy?: Proxy;
  /** Called when AUTH is due; a token refresh that was started earlier goes on meanwhile. */
  readonly credentials: () => Promise<Credentials>;
  readonly initialResponse: "auto" | "always" | "never";
  /** `never` also keeps the envelope of the next message from going ahead. */
  readonly chunking: "auto" | "never";
  /** Gets every line of the dialog without its secrets, and `*` lines about the connection. */
  readonly transcript?: (direction: "C" | "S" | "*", line: string) => void;
  /** Called with the server's name for the first message that asks for reports where it offers none. */
  readonly onWithoutDsn?: (server: string) => void;
  /** Aborting ends the session; a message whose last octet is out then has an unknown outcome. */
  readonly signal: AbortSignal;
}

/** The mail that the caller sends next. */
export interface NextMail {
  readonly envelope: Envelope;
  readonly message: MessageSource;
}

export interface SendOptions {
  /**
   * Called when the last octets of the message are about to go out; from then on the server is at work. The envelope
   * of the mail that it returns may go out with them (RFC 2920 §3.1); the next call of `send()` must be for that mail.
   */
  readonly next?: () => NextMail | undefined;
}

export interface SmtpSession extends AsyncDisposable {
  /** What the server offers, as of the last EHLO. */
  readonly extensions: Extensions;
  /** Whether a fault, a time-out or the server ended the session, so that another one is needed. */
  readonly isBroken: boolean;
  /**
   * Sends one message; the caller awaits it before the next.
   * @throws {Failure} `smtp.refused`, `smtp.temporary`, `smtp.auth_refused`, `smtp.outcome_unknown`,
   * `message.too_big`, `message.invalid`, `smtp.protocol`, `net.lost`, `net.timeout`, and those of the source
   */
  send(
    envelope: Envelope,
    message: MessageSource,
    options?: SendOptions,
  ): Promise<TransactionResult>;
  /** Says QUIT and closes, without waiting for the answer. */
  close(): void;
}

/** A server that was quiet for longer may have hung up; the message then waits for the replies to its envelope. */
const FRESH_MS = 5_000;

/**
 * Opens a session that is ready to send.
 * @throws {Failure} `net.unknown_host`, `net.unreachable`, `net.timeout`, `net.lost`, `net.tls`, `smtp.protocol`,
 * `smtp.auth_refused`, `smtp.temporary`, `smtp.refused`, and those of `credentials`; the signal's reason
 */
export async function openSession(options: SessionOptions): Promise<SmtpSession> {
  try {
    return await open(options);
  } catch (error) {
    const { host, port, tls, proxy, signal, network } = options;
    if (!(error instanceof Failure) || tls === "none" || signal.aborted) throw error;
    const way = proxy === undefined ? {} : { proxy };
    throw await network.explain?.(error, { host, port, tls, signal, ...way }) ?? error;
  }
}

async function open(options: SessionOptions): Promise<SmtpSession> {
  const { network, host, port, caCerts, tls, proxy } = options;
  const place = { host, port, ...(proxy === undefined ? {} : { proxy }) };
  const stream = await timed(options, {
    doing: "connect to",
    work: (signal) =>
      tls === "implicit"
        ? network.connectTls({ ...place, caCerts, signal })
        : network.connect({ ...place, signal }),
  });
  const connection = new Connection(stream, options);
  try {
    const way = proxy === undefined ? "" : ` through ${proxy.url} (${proxy.source})`;
    const inTls = tls === "implicit" ? ", TLS" : "";
    connection.note("*", `connected to ${connection.server}${way}${inTls}`);
    await expect(connection, { code: 220, phase: "greeting", command: "", what: "the connection" });
    const clientName = addressLiteral(stream.localAddress);
    let extensions = await greet(connection, clientName);
    if (tls === "starttls") {
      await startTls(connection, { options, extensions });
      // RFC 3207 §4.2: whatever was said before TLS is forgotten.
      extensions = await greet(connection, clientName);
    }
    const credentials = await unlessAborted(options.signal, options.credentials());
    if (credentials.kind !== "none") {
      const { initialResponse } = options;
      await authenticate(connection, { host, port, initialResponse, extensions, credentials });
    }
    return new Session(connection, { ...options, extensions });
  } catch (error) {
    await connection.close();
    throw error;
  }
}

class Session implements SmtpSession {
  readonly extensions: Extensions;
  readonly #connection: Connection;
  #usesChunking: boolean;
  /**
   * Only where there is no CHUNKING. With BDAT it gains nothing: envelope and message make one flight anyway, and two
   * messages under way would be two of unknown fate when the connection is lost. Servers that offer both are spared it
   * with DATA as well: Dovecot 2.3 takes the message and dies of the RCPT behind it before it says so.
   */
  readonly #goesAhead: boolean;
  #isResetDue = false;
  #onWithoutDsn: SessionOptions["onWithoutDsn"];
  #lastHeardMs = performance.now();
  /** Its envelope is out, and DATA: the server waits for this message and no other. */
  #ahead: Transaction | undefined;
  #closing: Promise<void> | undefined;

  constructor(
    connection: Connection,
    options: Pick<SessionOptions, "chunking" | "onWithoutDsn"> & { extensions: Extensions },
  ) {
    this.#connection = connection;
    this.extensions = options.extensions;
    this.#onWithoutDsn = options.onWithoutDsn;
    const { offersChunking } = options.extensions;
    this.#usesChunking = options.chunking === "auto" && offersChunking;
    this.#goesAhead = options.chunking === "auto" && !offersChunking;
  }

  get isBroken(): boolean {
    return this.#connection.isBroken;
  }

  async send(
    envelope: Envelope,
    message: MessageSource,
    { next }: SendOptions = {},
  ): Promise<TransactionResult> {
    const mail = { envelope, message };
    const ahead = this.#ahead;
    this.#ahead = undefined;
    if (ahead !== undefined && ahead.message !== message) this.#leave();
    try {
      return await this.#run(ahead ?? this.#transactionOf(mail), next);
    } catch (error) {
      if (this.isBroken) throw error;
      if (this.#usesChunking && isChunkingFault(error)) this.#usesChunking = false;
      else if (ahead === undefined || !isOutOfOrder(error)) throw error;
      return await this.#run(this.#transactionOf(mail), next);
    }
  }

  close(): void {
    if (this.#ahead !== undefined) this.#leave();
    this.#closing ??= this.#connection.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    await this.#closing;
  }

  async #run(transaction: Transaction, next: SendOptions["next"]): Promise<TransactionResult> {
    this.#isResetDue = true;
    const result = await transaction.run(() => this.#goAhead(next?.()));
    this.#isResetDue = result.reply === undefined;
    this.#lastHeardMs = performance.now();
    return result;
  }

  #transactionOf({ envelope, message }: NextMail, isResetDue = this.#isResetDue): Transaction {
    if (envelope.dsn !== undefined && !this.extensions.offersDsn) {
      this.#onWithoutDsn?.(this.#connection.server);
      this.#onWithoutDsn = undefined;
    }
    return new Transaction(this.#connection, {
      envelope,
      message,
      extensions: this.extensions,
      usesChunking: this.#usesChunking,
      isResetDue,
      isFresh: performance.now() - this.#lastHeardMs < FRESH_MS,
    });
  }

  /** The transaction of the next mail where it goes ahead. */
  #goAhead(mail: NextMail | undefined): Transaction | undefined {
    if (mail === undefined || !this.#goesAhead) return undefined;
    try {
      // The end of a message leaves nothing to reset, whatever the server makes of it (RFC 5321 §4.1.1.4).
      const transaction = this.#transactionOf(mail, false);
      if (transaction.canGoAhead) this.#ahead = transaction;
    } catch (error) {
      // What keeps it from being sent is told in its turn.
      if (!(error instanceof Failure)) throw error;
    }
    return this.#ahead;
  }

  /** What the server would take for the message that it waits for must not be sent any more. */
  #leave(): void {
    const { server } = this.#connection;
    this.#connection.drop(new Failure("net.lost", `${server} was left before the next message`));
  }
}

/** What some servers say of MAIL behind a message that they refused. */
function isOutOfOrder(error: unknown): boolean {
  if (!(error instanceof Failure) || error.refusal?.kind !== "smtp") return false;
  return error.refusal.replyCode === 503 && error.refusal.command.startsWith("MAIL");
}

/**
 * Some Exchange hosts count the first chunk as one header and find it too long; others list CHUNKING and then do
 * not know the command. The same message goes through with DATA.
 */
function isChunkingFault(error: unknown): boolean {
  if (!(error instanceof Failure) || error.refusal?.kind !== "smtp") return false;
  const { command, replyCode, enhancedCode, lines } = error.refusal;
  if (command !== "BDAT") return false;
  if (replyCode === 500 || replyCode === 502) return true;
  return replyCode === 552 && enhancedCode === "5.3.4" && /header size/i.test(lines.join(" "));
}

interface Expectation {
  readonly code: number;
  readonly phase: Phase;
  readonly command: string;
  readonly what: string;
}

async function expect(connection: Connection, expectation: Expectation): Promise<Reply> {
  const { code, ...context } = expectation;
  const reply = await connection.readReply();
  if (reply.code === code) return reply;
  throw refusalFailure(reply, { ...context, server: connection.server });
}

async function greet(connection: Connection, clientName: string): Promise<Extensions> {
  const what = `the greeting of ${clientName}`;
  const [ehlo, helo] = [ehloCommand(clientName), heloCommand(clientName)];
  connection.assertInStep();
  connection.putLine(ehlo);
  await connection.flush();
  const reply = await connection.readReply();
  if (reply.code === 250) return readExtensions(reply);
  const context = { phase: "ehlo", what } as const;
  // RFC 5321 §3.2: what does not know EHLO is greeted the old way, and has no extensions.
  if (reply.code !== 500 && reply.code !== 502) {
    throw refusalFailure(reply, { ...context, command: ehlo, server: connection.server });
  }
  connection.putLine(helo);
  await connection.flush();
  await expect(connection, { ...context, code: 250, command: helo });
  return noExtensions();
}

async function startTls(
  connection: Connection,
  { options, extensions }: { options: SessionOptions; extensions: Extensions },
): Promise<void> {
  const { host, port, caCerts, network } = options;
  if (!extensions.isExtended) throw withoutExtensions(connection, "STARTTLS");
  if (!extensions.offersStartTls) {
    throw new Failure("smtp.protocol", `${connection.server} does not offer STARTTLS`, {
      remedy:
        'set smtp.tls to "implicit" if the server wants TLS from the start (port 465); a firewall or virus ' +
        "scanner that inspects mail may also hide STARTTLS: nothing is sent without it",
    });
  }
  connection.putLine("STARTTLS");
  await connection.flush();
  await expect(connection, {
    code: 220,
    phase: "starttls",
    command: "STARTTLS",
    what: "to start TLS",
  });
  await connection.upgrade((stream: ByteStream) =>
    timed(options, {
      doing: "start TLS with",
      work: (signal) => network.startTls(stream, { host, port, caCerts, signal }),
    })
  );
  connection.note("*", "TLS");
}

async function timed(
  { host, port, signal, timeoutMs }: SessionOptions,
  { doing, work }: {
    doing: "connect to" | "start TLS with";
    work: (signal: AbortSignal) => Promise<LocalStream>;
  },
): Promise<LocalStream> {
  signal.throwIfAborted();
  const controller = new AbortController();
  const abort = (): void => controller.abort(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  const timer = startTimer(timeoutMs, () => {
    controller.abort(
      new Failure(
        "net.timeout",
        `cannot ${doing} ${host} port ${port} within ${Math.round(timeoutMs / 100) / 10} s`,
        {
          remedy: doing === "connect to"
            ? `check smtp.host and smtp.port in the profile, and have the firewall allow outbound connections to ` +
              `TCP port ${port}`
            : "try again; if it happens every time, a firewall or TLS inspection stands in between (see smtp.ca_file)",
        },
      ),
    );
  });
  try {
    return await work(controller.signal);
  } finally {
    timer.stop();
    signal.removeEventListener("abort", abort);
  }
}

async function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
