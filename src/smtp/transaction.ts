// One mail transaction: MAIL, RCPT and the message by BDAT or DATA (RFC 5321 §3.3, RFC 2920, RFC 3030), in as few
// turns as the server's extensions allow; where another mail follows, its MAIL, RCPT and DATA go out with the end of
// this one (RFC 2920 §3.1), but nothing of its message. The invariant: a message is completed only when all its octets,
// and no others, were handed over; and once its last octet went out, a missing reply means that its fate is not known.

import { Failure } from "../base/failure.ts";
import type { MessageSource } from "../base/message_source.ts";
import { bdatCommand } from "./command.ts";
import { type Connection, WRITE_BYTES } from "./connection.ts";
import { DotStuffing } from "./dot_stuffing.ts";
import { EnvelopeExchange, type EnvelopeOptions, type TransactionResult } from "./envelope.ts";
import { type Reply, replyText } from "./reply.ts";
import { refusalFailure } from "./reply_class.ts";

export interface TransactionOptions extends EnvelopeOptions {
  readonly usesChunking: boolean;
  /** Whether the server was heard of so recently that the message may go out before its next reply. */
  readonly isFresh: boolean;
}

/** Messages up to this size are sent in one piece, with BDAT in one flight with their envelope. */
export const SMALL_MESSAGE_BYTES = 128 * 1024;

const CHUNK_BYTES = 1024 * 1024;

/** Chunks on their way without a reply. */
const CHUNKS_AHEAD = 4;

/** Called once, when the last octets of a message are about to go out; the transaction after it goes ahead. */
export type Following = () => Transaction | undefined;

/** One message in one transaction. */
export class Transaction {
  readonly #connection: Connection;
  readonly #options: TransactionOptions;
  readonly #envelope: EnvelopeExchange;
  #isAhead = false;
  #following: Following | undefined;
  #next: Transaction | undefined;

  /** @throws {Failure} `message.too_big`, `message.invalid` for what the server is known not to take */
  constructor(connection: Connection, options: TransactionOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#envelope = new EnvelopeExchange(connection, options);
  }

  get message(): MessageSource {
    return this.#options.message;
  }

  /** Whether its envelope can go out with the end of the message before. */
  get canGoAhead(): boolean {
    return this.#isPipelined;
  }

  /** Replies to what went ahead. */
  get repliesDue(): number {
    return this.#isAhead ? this.#envelope.commandCount + 1 : 0;
  }

  /** Collects what comes before the message; `run()` reads the replies. */
  goAhead(): void {
    this.#isAhead = true;
    this.#envelope.putAll();
    this.#connection.putLine("DATA");
  }

  /**
   * Sends the message.
   * @throws {Failure} `smtp.refused`, `smtp.temporary` and the other classes of a reply; `smtp.outcome_unknown`;
   * those of the message source and the connection
   */
  async run(following?: Following): Promise<TransactionResult> {
    this.#following = following;
    this.#connection.assertInStep(this.repliesDue);
    const { message, usesChunking } = this.#options;
    const isSmall = message.sizeBytes <= SMALL_MESSAGE_BYTES;
    const reply = isSmall
      ? await (usesChunking ? this.#smallByBdat() : this.#byData({ isSmall }))
      : await (usesChunking ? this.#largeByBdat() : this.#byData({ isSmall }));
    return {
      accepted: this.#envelope.accepted,
      rejected: this.#envelope.rejected,
      ...(reply === undefined ? {} : { reply: replyText(reply) }),
    };
  }

  get #isPipelined(): boolean {
    return this.#options.extensions.offersPipelining && this.#envelope.fitsOneFlight;
  }

  async #smallByBdat(): Promise<Reply | undefined> {
    const { isFresh, isResetDue, message } = this.#options;
    const connection = this.#connection;
    const envelope = this.#envelope;
    // Not behind RSET: where that is refused, the message must not be on its way already.
    const isOneFlight = this.#isPipelined && isFresh && !isResetDue;
    if (isOneFlight) envelope.putAll();
    else if (!await envelope.exchange()) return undefined;
    connection.putLine(bdatCommand(message.sizeBytes, true));
    await this.#collect((piece) => connection.putBytes(piece));
    this.#noteMessage();
    await this.#handOver();
    const reply = await this.#afterHandOver(async () => {
      if (isOneFlight) await envelope.readReplies();
      return await this.#messageReply();
    });
    return this.#acceptedMessage(reply, "BDAT");
  }

  async #largeByBdat(): Promise<Reply | undefined> {
    const { extensions, message } = this.#options;
    const connection = this.#connection;
    if (!await this.#envelope.exchange()) return undefined;
    this.#noteMessage();
    const ahead = extensions.offersPipelining ? CHUNKS_AHEAD : 0;
    let sent = 0;
    let chunkRest = 0;
    let unanswered = 0;
    for await (const piece of this.#pieces()) {
      for (let rest = piece; rest.length > 0;) {
        if (chunkRest === 0) {
          if (sent > 0) await connection.flush();
          if (unanswered > ahead) await this.#chunkReply(--unanswered);
          chunkRest = Math.min(CHUNK_BYTES, message.sizeBytes - sent);
          const isLast = sent + chunkRest === message.sizeBytes;
          connection.putLine(bdatCommand(chunkRest, isLast));
          if (!isLast) unanswered++;
        }
        const part = rest.subarray(0, chunkRest);
        connection.putBytes(part);
        sent += part.length;
        chunkRest -= part.length;
        rest = rest.subarray(part.length);
      }
      // The last octets wait until the source has confirmed that they are the last.
      if (connection.pendingBytes >= WRITE_BYTES && sent < message.sizeBytes) {
        await connection.flush();
      }
    }
    await this.#handOver();
    const reply = await this.#afterHandOver(async () => {
      // Replies after the refused one are read as well, so that the next transaction starts in step.
      let refused: Reply | undefined;
      for (; unanswered > 0; unanswered--) {
        const chunk = await this.#messageReply();
        if (chunk.code !== 250) refused ??= chunk;
      }
      const last = await this.#messageReply();
      return refused ?? last;
    });
    return this.#acceptedMessage(reply, "BDAT");
  }

  async #chunkReply(othersUnanswered: number): Promise<void> {
    const reply = await this.#messageReply();
    if (reply.code === 250) return;
    for (let i = 0; i < othersUnanswered; i++) await this.#messageReply();
    throw this.#messageRefusal(reply, "BDAT");
  }

  async #byData({ isSmall }: { isSmall: boolean }): Promise<Reply | undefined> {
    const connection = this.#connection;
    const envelope = this.#envelope;
    if (!this.#isAhead) {
      if (this.#isPipelined) envelope.putAll();
      else if (!await envelope.exchange()) return undefined;
      connection.putLine("DATA");
    }
    const commandBytes = connection.pendingBytes;
    const stuffing = new DotStuffing();
    if (isSmall) {
      const write = (part: Uint8Array): void => connection.putBytes(part);
      await this.#collect((piece) => stuffing.push(piece, write));
      connection.putBytes(stuffing.end());
    }
    await connection.flush(commandBytes);
    if (this.#isPipelined) await envelope.readReplies();
    const go = await connection.readReply(connection.timeouts.dataMs);
    if (!await this.#mayGoAhead(go)) return undefined;
    this.#noteMessage();
    if (!isSmall) await this.#stream(stuffing);
    await this.#handOver();
    const reply = await this.#afterHandOver(() => this.#messageReply());
    return this.#acceptedMessage(reply, "DATA");
  }

  async #mayGoAhead(go: Reply): Promise<boolean> {
    const connection = this.#connection;
    if (this.#envelope.isWanted) {
      if (go.code === 354) {
        connection.assertInStep();
        return true;
      }
      connection.unput();
      throw this.#refused(go, { phase: "data", command: "DATA" });
    }
    connection.unput();
    const { mailRefusal } = this.#envelope;
    if (go.code === 354) {
      // Where MAIL came amiss behind the message before, the empty one could be for its recipients.
      if (this.#isAhead && mailRefusal !== undefined) throw this.#leftAfter(mailRefusal);
      // Nor may those get an empty one whom the server took although it refused the sender.
      if (mailRefusal !== undefined && this.#envelope.accepted.length > 0) {
        connection.drop(mailRefusal);
        throw mailRefusal;
      }
      // RFC 2920 §3.1: the server waits for a message that is for nobody; an empty one ends the wait.
      connection.putLine(".");
      await connection.flush();
      await this.#messageReply();
    }
    if (mailRefusal !== undefined) throw mailRefusal;
    return false;
  }

  #leftAfter(mailRefusal: Failure): Failure {
    const failure = new Failure(
      "net.lost",
      `${this.#connection.server} was left, because it waits for a message whose sender it refused`,
      { cause: mailRefusal },
    );
    this.#connection.drop(failure);
    return failure;
  }

  async #stream(stuffing: DotStuffing): Promise<void> {
    const connection = this.#connection;
    const write = (part: Uint8Array): void => connection.putBytes(part);
    for await (const piece of this.#pieces()) {
      if (connection.pendingBytes >= WRITE_BYTES) await connection.flush();
      stuffing.push(piece, write);
    }
    connection.putBytes(stuffing.end());
  }

  #messageReply(): Promise<Reply> {
    return this.#connection.readReply(this.#connection.timeouts.messageMs);
  }

  #acceptedMessage(reply: Reply | undefined, command: string): Reply | undefined {
    if (this.#envelope.mailRefusal !== undefined) throw this.#envelope.mailRefusal;
    if (!this.#envelope.isWanted || reply === undefined) return undefined;
    if (reply.code === 250) {
      this.#assertLast();
      return reply;
    }
    const refusal = this.#messageRefusal(reply, command);
    // Neither yes nor no.
    throw refusal.code === "smtp.protocol" ? this.#outcomeUnknown(refusal) : refusal;
  }

  // With a reply too many nobody knows which of them was the message's.
  #assertLast(): void {
    try {
      this.#connection.assertInStep(this.#next?.repliesDue);
    } catch (error) {
      // A server that shuts down has answered before.
      if (error instanceof Failure && error.code === "smtp.temporary") return;
      throw this.#outcomeUnknown(error);
    }
  }

  #messageRefusal(reply: Reply, command: string): Failure {
    return this.#refused(reply, { phase: "message", command });
  }

  #refused(reply: Reply, context: { phase: "data" | "message"; command: string }): Failure {
    const failure = refusalFailure(reply, {
      ...context,
      what: "the message",
      server: this.#connection.server,
    });
    if (failure.code === "smtp.protocol") this.#connection.drop(failure);
    return failure;
  }

  #noteMessage(): void {
    this.#connection.note("C", `<${this.#options.message.sizeBytes} octets of message>`);
  }

  /** Collects a small message behind the commands; where that fails, it can never be completed. */
  async #collect(put: (piece: Uint8Array) => void): Promise<void> {
    const { message } = this.#options;
    try {
      let total = 0;
      for await (const piece of message.chunks()) {
        total += piece.length;
        if (total > message.sizeBytes) break;
        put(piece);
      }
      assertSize(message, total);
    } catch (error) {
      this.#connection.unput();
      // The server waits for a message already.
      if (this.#isAhead) this.#connection.drop(error);
      throw error;
    }
  }

  /** The message in pieces of a bearable size; where its source fails, it can never be completed. */
  async *#pieces(): AsyncGenerator<Uint8Array, void> {
    const { message } = this.#options;
    try {
      let total = 0;
      for await (const piece of message.chunks()) {
        total += piece.length;
        if (total > message.sizeBytes) break;
        for (let start = 0; start < piece.length; start += WRITE_BYTES) {
          yield piece.subarray(start, start + WRITE_BYTES);
        }
      }
      assertSize(message, total);
    } catch (error) {
      this.#connection.drop(error);
      throw error;
    }
  }

  /** Writes the last octets of the message, and what goes ahead of the next one. */
  async #handOver(): Promise<void> {
    this.#next = this.#following?.();
    this.#next?.goAhead();
    try {
      await this.#connection.flush();
    } catch (error) {
      // A write that failed did not hand over its end. One that was given up may still do so later.
      const isLost = error instanceof Failure && error.code === "net.lost";
      if (isLost && this.#next === undefined) throw error;
      throw this.#outcomeUnknown(error);
    }
  }

  async #afterHandOver(read: () => Promise<Reply>): Promise<Reply | undefined> {
    try {
      return await read();
    } catch (error) {
      // What does not belong where it came leaves open what the server made of all that followed.
      const isOdd = error instanceof Failure && error.code === "smtp.protocol";
      if (error instanceof Failure && error.refusal !== undefined && !isOdd) throw error;
      const { isRefused, mailRefusal } = this.#envelope;
      if (isRefused && mailRefusal?.code !== "smtp.protocol") return undefined;
      throw this.#outcomeUnknown(error);
    }
  }

  #outcomeUnknown(error: unknown): Failure {
    const words = error instanceof Error ? error.message : String(error);
    return new Failure(
      "smtp.outcome_unknown",
      `${this.#connection.server} was given the whole message and did not say whether it took it: ${words}`,
      { cause: error },
    );
  }
}

function assertSize(message: MessageSource, total: number): void {
  if (total === message.sizeBytes) return;
  const found = total > message.sizeBytes ? "more" : `${total}`;
  throw new Failure(
    "input.unreadable",
    `message changed while it was sent: wanted ${message.sizeBytes} octets, found ${found}`,
  );
}
