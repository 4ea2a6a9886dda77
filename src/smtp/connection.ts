// Lines and octets over one stream, in lock-step with the server. Output is collected and written in few, large
// pieces; input is read only while a reply is due, since TLS cannot start while a read is pending. The invariant:
// after a fault, a time-out or an abort the two sides may disagree about who speaks, so nothing more is sent.

import { Failure } from "../base/failure.ts";
import { writeAll } from "../base/octets.ts";
import { startTimer } from "../base/timer.ts";
import type { ByteStream } from "../base/world.ts";
import { type Reply, ReplyParser, replyText } from "./reply.ts";
import { type Timeouts, timeoutsOf } from "./timeouts.ts";
import { TurnTimer } from "./turn_timer.ts";

/** Collected output is written when it reaches this many octets. */
export const WRITE_BYTES = 64 * 1024;

const CLOSE_TIMEOUT_MS = 1_000;
const LOST_REMEDY =
  "nothing was sent: try again; if it happens every time, a firewall or virus scanner on the way " +
  "cuts the connection";

export interface ConnectionOptions {
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly transcript?: (direction: "C" | "S" | "*", line: string) => void;
}

/** One connection. Its owner awaits each call before the next one. */
export class Connection {
  /** Host and port, for messages. */
  readonly server: string;
  readonly timeouts: Timeouts;
  readonly #options: ConnectionOptions;
  readonly #encoder = new TextEncoder();
  readonly #input = new Uint8Array(8 * 1024);
  readonly #timer = new TurnTimer();
  #stream: ByteStream;
  #parser: ReplyParser;
  #inputStart = 0;
  #inputEnd = 0;
  /** Replies that have come and are not asked for yet. */
  readonly #early: Reply[] = [];
  #output = new Uint8Array(4 * 1024);
  #outputBytes = 0;
  #isClosed = false;
  #fault: { readonly reason: unknown } | undefined;
  #abandonWait: ((reason: unknown) => void) | undefined;
  #secrets: readonly string[] = [];
  readonly #onAbort = (): void => {
    this.#fail(this.#options.signal.reason);
  };

  constructor(stream: ByteStream, options: ConnectionOptions) {
    this.#stream = stream;
    this.#options = options;
    this.server = `${options.host}:${options.port}`;
    this.#parser = new ReplyParser(this.server);
    this.timeouts = timeoutsOf(options.timeoutMs);
    options.signal.addEventListener("abort", this.#onAbort, { once: true });
    if (options.signal.aborted) this.#onAbort();
  }

  /** Whether a fault ended the dialog. */
  get isBroken(): boolean {
    return this.#fault !== undefined || this.#isClosed;
  }

  /** Octets collected and not yet written. */
  get pendingBytes(): number {
    return this.#outputBytes;
  }

  /** Whether the server sent more than was read. */
  get hasUnreadInput(): boolean {
    return this.#early.length > 0 || this.#parser.isInsideReply ||
      this.#inputStart < this.#inputEnd;
  }

  /** What must not appear in the transcript and in replies, even where the server repeats it. */
  hide(secrets: readonly string[]): void {
    this.#secrets = secrets.filter((secret) => secret !== "");
  }

  /** Collects a line; `shown` stands for it in the transcript. */
  putLine(line: string, shown: string = line): void {
    // A code unit of UTF-16 needs at most three octets.
    this.#reserve(line.length * 3 + 2);
    const { written } = this.#encoder.encodeInto(line, this.#output.subarray(this.#outputBytes));
    this.#outputBytes += written;
    this.#output[this.#outputBytes++] = 0x0d;
    this.#output[this.#outputBytes++] = 0x0a;
    this.#options.transcript?.("C", shown);
  }

  /** Collects octets of a message. */
  putBytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#output.set(bytes, this.#outputBytes);
    this.#outputBytes += bytes.length;
  }

  /** Notes in the transcript what stands for the octets of a message, or what happened. */
  note(direction: "C" | "*", line: string): void {
    this.#options.transcript?.(direction, line);
  }

  /** Forgets collected output from `length` on. */
  unput(length = 0): void {
    this.#outputBytes = Math.min(this.#outputBytes, length);
  }

  /**
   * Writes what is collected, or its first `length` octets; each block of it has its time.
   * @throws {Failure} `net.lost`, `net.timeout`; the signal's reason when it was aborted
   */
  async flush(length: number = this.#outputBytes): Promise<void> {
    this.#assertUsable();
    for (let start = 0; start < length; start += WRITE_BYTES) {
      const block = this.#output.subarray(start, Math.min(length, start + WRITE_BYTES));
      await this.#within(
        this.timeouts.blockMs,
        "took no more data",
        () => writeAll(this.#stream, block),
      );
    }
    this.#output.copyWithin(0, length, this.#outputBytes);
    this.#outputBytes -= length;
  }

  /**
   * The next reply. Its whole length must arrive within the time, however the server spreads it.
   * @throws {Failure} `net.lost`, `net.timeout`, `smtp.protocol`; the signal's reason when it was aborted
   */
  async readReply(timeoutMs: number = this.timeouts.sessionMs): Promise<Reply> {
    this.#assertUsable();
    const reply = this.#early.shift() ?? this.#parse() ??
      await this.#within(timeoutMs, "did not answer", () => this.#readUntilReply());
    return this.#seen(reply);
  }

  /**
   * To be called where so many replies are due and no more: one beyond them was not asked for, and every later one
   * would be taken for the answer to another command.
   * @throws {Failure} `smtp.protocol`; `smtp.temporary` where the server said that it ends the connection
   */
  assertInStep(due = 0): void {
    if (!this.hasUnreadInput || this.#fault !== undefined) return;
    for (let reply = this.#parse(); reply !== undefined; reply = this.#parse()) {
      this.#early.push(reply);
    }
    const beyond = this.#early[due];
    const isPart = this.#parser.isInsideReply && this.#early.length === due;
    if (beyond === undefined && !isPart) return;
    // A 421 may come at any time.
    const words = beyond === undefined ? "part of a reply" : `"${replyText(this.#seen(beyond))}"`;
    throw this.protocolFailure(`sent ${words} that answers nothing`);
  }

  /**
   * Hands the stream over and goes on with the one that comes back, within the usual time.
   * @throws {Failure} whatever `upgrade` throws; `smtp.protocol` when plaintext waits to be taken for TLS
   */
  async upgrade(upgrade: (stream: ByteStream) => Promise<ByteStream>): Promise<void> {
    this.#assertUsable();
    if (this.hasUnreadInput) {
      throw this.protocolFailure(
        "sent more than its reply to STARTTLS, which is how mail is hijacked",
      );
    }
    try {
      this.#stream = await upgrade(this.#stream);
      this.#parser = new ReplyParser(this.server);
    } catch (error) {
      this.#fail(error);
      throw error;
    }
  }

  /** Ends the dialog because the server broke it; the failure is for the caller to throw. */
  protocolFailure(what: string): Failure {
    const failure = new Failure("smtp.protocol", `${this.server} ${what}`, {
      remedy:
        "check smtp.host and smtp.port; if they are right, something between this PC and the server changes " +
        "the connection: have the network's administrator look for mail inspection, or try another network",
    });
    this.#fail(failure);
    return failure;
  }

  /** Ends the dialog without a word, so that whatever was begun is never completed. */
  drop(reason: unknown): void {
    this.#fail(reason);
  }

  /** Says QUIT where that is still possible, and closes without waiting for the answer. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    const isPolite = this.#fault === undefined;
    this.#isClosed = true;
    this.#timer.close();
    this.#options.signal.removeEventListener("abort", this.#onAbort);
    if (!isPolite) return;
    this.#options.transcript?.("C", "QUIT");
    const timer = startTimer(CLOSE_TIMEOUT_MS, () => this.#stream.close());
    try {
      await writeAll(this.#stream, this.#encoder.encode("QUIT\r\n"));
      // A TLS connection that is closed at once drops what it has not encrypted yet (Deno 2.4).
      await this.#stream.closeWrite();
    } catch {
      // The server is gone; there is nobody left to say goodbye to.
    } finally {
      timer.stop();
      this.#stream.close();
    }
  }

  #assertUsable(): void {
    if (this.#fault !== undefined) throw this.#fault.reason;
    if (this.#isClosed) throw new Failure("net.lost", `connection to ${this.server} is closed`);
  }

  #fail(reason: unknown): void {
    if (this.#fault !== undefined || this.#isClosed) return;
    this.#fault = { reason };
    this.#timer.close();
    this.#options.signal.removeEventListener("abort", this.#onAbort);
    const words = reason instanceof Error ? reason.message : String(reason);
    this.#options.transcript?.("*", `closed: ${words}`);
    this.#stream.close();
    this.#abandonWait?.(reason);
  }

  async #within<T>(timeoutMs: number, complaint: string, work: () => Promise<T>): Promise<T> {
    this.#timer.begin(timeoutMs, () => {
      const seconds = Math.round(timeoutMs / 100) / 10;
      this.#fail(new Failure("net.timeout", `${this.server} ${complaint} within ${seconds} s`));
    });
    try {
      return await this.#unlessAbandoned(work());
    } catch (error) {
      const reason = error instanceof Failure || this.#fault !== undefined
        ? error
        : this.#lost(error);
      this.#fail(reason);
      throw this.#fault?.reason ?? reason;
    } finally {
      this.#timer.end();
    }
  }

  // Not every stream ends a waiting write when it is closed, so the wait is given up on its own.
  #unlessAbandoned<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#abandonWait = reject;
      work.then(resolve, reject);
    });
  }

  #lost(error: unknown): Failure {
    const words = error instanceof Error ? error.message : String(error);
    return new Failure("net.lost", `connection to ${this.server} was lost: ${words}`, {
      remedy: LOST_REMEDY,
      cause: error,
    });
  }

  async #readUntilReply(): Promise<Reply> {
    while (true) {
      const count = await this.#stream.read(this.#input);
      if (this.#fault !== undefined) throw this.#fault.reason;
      if (count === null) {
        throw new Failure("net.lost", `${this.server} closed the connection without an answer`, {
          remedy: LOST_REMEDY,
        });
      }
      this.#inputStart = 0;
      this.#inputEnd = count;
      const reply = this.#parse();
      if (reply !== undefined) return reply;
    }
  }

  #parse(): Reply | undefined {
    if (this.#inputStart === this.#inputEnd) return undefined;
    try {
      this.#inputStart = this.#parser.feed(this.#input, this.#inputStart, this.#inputEnd);
    } catch (error) {
      this.#fail(error);
      throw error;
    }
    return this.#parser.take();
  }

  #seen(reply: Reply): Reply {
    const shown = this.#secrets.length === 0 ? reply : withoutSecrets(reply, this.#secrets);
    const transcript = this.#options.transcript;
    if (transcript !== undefined) {
      shown.lines.forEach((line, i) =>
        transcript("S", `${shown.code}${i < shown.lines.length - 1 ? "-" : " "}${line}`.trimEnd())
      );
    }
    if (reply.code !== 421) return shown;
    // RFC 5321 §3.8: 421 may come at any time, and the server closes behind it.
    const failure = new Failure(
      "smtp.temporary",
      `${this.server} ends the connection for now: ${replyText(shown)}`,
      {
        refusal: {
          kind: "smtp",
          command: "",
          replyCode: 421,
          ...(shown.enhancedCode === undefined ? {} : { enhancedCode: shown.enhancedCode }),
          lines: shown.lines,
        },
      },
    );
    this.#fail(failure);
    throw failure;
  }

  #reserve(bytes: number): void {
    const wanted = this.#outputBytes + bytes;
    if (wanted <= this.#output.length) return;
    const larger = new Uint8Array(Math.max(wanted, this.#output.length * 2));
    larger.set(this.#output.subarray(0, this.#outputBytes));
    this.#output = larger;
  }
}

// A server that did not understand a line may repeat it, whole or cut off; any long word that is part of a secret,
// or holds one, is taken out.
function withoutSecrets(reply: Reply, secrets: readonly string[]): Reply {
  const clean = (text: string): string =>
    secrets.reduce((kept, secret) => kept.replaceAll(secret, "<redacted>"), text)
      .replace(
        /[A-Za-z0-9+/=._~-]{12,}/g,
        (word) => secrets.some((secret) => secret.includes(word)) ? "<redacted>" : word,
      );
  return { ...reply, lines: reply.lines.map(clean), text: clean(reply.text) };
}
