// The envelope of a transaction: MAIL and RCPT, with the parameters that extensions add (RFC 5321 §3.3, RFC 1870,
// RFC 2920, RFC 3461, RFC 6152, RFC 6531), and who was accepted. The invariant: each command that went out has its reply read
// in its order, so that the dialog stays in step whatever is refused.

import { Failure, type Retry, type SmtpRefusal } from "../base/failure.ts";
import type { MessageSource } from "../base/message_source.ts";
import { type DsnNotify, mailCommand, needsSmtpUtf8, rcptCommand } from "./command.ts";
import type { Connection } from "./connection.ts";
import type { Extensions } from "./extensions.ts";
import { type Reply, replyText } from "./reply.ts";
import { classifyReply, refusalFailure, refusalOf } from "./reply_class.ts";

export interface Envelope {
  /** Empty for `<>`. */
  readonly reversePath: string;
  readonly recipients: readonly string[];
  /** Asked for where the server offers it; elsewhere the message goes without. */
  readonly dsn?: DsnRequest;
}

/** When the servers on the way are to report what became of the message, and how (RFC 3461). */
export interface DsnRequest {
  /** `never` stands alone. */
  readonly notify: readonly DsnNotify[];
  /** Whether a report brings back the whole message or its headers. */
  readonly ret?: "full" | "hdrs";
  /** What a report names the message by. */
  readonly envelopeId?: string;
}

export interface RejectedRecipient {
  readonly address: string;
  readonly reply: string;
  readonly refusal: SmtpRefusal;
  readonly retry: Retry;
}

export interface TransactionResult {
  readonly accepted: readonly string[];
  readonly rejected: readonly RejectedRecipient[];
  /** The reply to the message; absent when no recipient was accepted and so nothing was sent. */
  readonly reply?: string;
}

export interface EnvelopeOptions {
  readonly envelope: Envelope;
  readonly message: MessageSource;
  readonly extensions: Extensions;
  /** Whether the transaction before this one was left unfinished. */
  readonly isResetDue: boolean;
}

/** RCPT commands in one flight, so that neither side's buffers fill up with nobody reading. */
const RECIPIENTS_AT_ONCE = 200;

/** One envelope and what became of it. */
export class EnvelopeExchange {
  readonly accepted: string[] = [];
  readonly rejected: RejectedRecipient[] = [];
  readonly #connection: Connection;
  readonly #options: EnvelopeOptions;
  readonly #mailLine: string;
  readonly #rcptLines: readonly string[];
  #mailRefusal: Failure | undefined;

  /** @throws {Failure} `message.invalid`, `message.too_big` for what the server is known not to take */
  constructor(connection: Connection, options: EnvelopeOptions) {
    this.#connection = connection;
    this.#options = options;
    const { envelope, extensions, message } = options;
    if (envelope.recipients.length === 0) {
      throw new Failure("message.invalid", "recipients: must not be empty");
    }
    const isSmtpUtf8 = checkedForUtf8(options, connection.server);
    if (message.needsEightBitMime && !extensions.offersEightBitMime) {
      throw new Failure(
        "message.invalid",
        `message holds octets above 127, and ${connection.server} does not offer 8BITMIME`,
        { remedy: "encode the message as quoted-printable or base64" },
      );
    }
    const limit = extensions.maxMessageBytes;
    if (limit !== undefined && message.sizeBytes > limit) {
      throw new Failure(
        "message.too_big",
        `message has ${message.sizeBytes} octets, ${connection.server} takes at most ${limit}`,
        { remedy: "send fewer or smaller attachments" },
      );
    }
    const dsn = extensions.offersDsn ? envelope.dsn : undefined;
    this.#mailLine = mailCommand(envelope.reversePath, {
      sizeBytes: extensions.offersSize ? message.sizeBytes : undefined,
      isEightBitMime: message.needsEightBitMime ||
        (isSmtpUtf8 && extensions.offersEightBitMime),
      isSmtpUtf8,
      ...(dsn === undefined ? {} : { dsn }),
    });
    this.#rcptLines = envelope.recipients.map((address) => rcptCommand(address, dsn?.notify));
  }

  /** Why MAIL was refused. */
  get mailRefusal(): Failure | undefined {
    return this.#mailRefusal;
  }

  /** Whether anybody is to get the message, as far as replies were read. */
  get isWanted(): boolean {
    return this.#mailRefusal === undefined && this.accepted.length > 0;
  }

  /** Whether it is known that nobody will get the message. */
  get isRefused(): boolean {
    return this.#mailRefusal !== undefined || this.rejected.length === this.#rcptLines.length;
  }

  get fitsOneFlight(): boolean {
    return this.#rcptLines.length <= RECIPIENTS_AT_ONCE;
  }

  /** Commands, and so replies, of `putAll()`. */
  get commandCount(): number {
    return (this.#options.isResetDue ? 2 : 1) + this.#rcptLines.length;
  }

  /** Collects all commands for one flight. */
  putAll(): void {
    if (this.#options.isResetDue) this.#connection.putLine("RSET");
    this.#connection.putLine(this.#mailLine);
    for (const line of this.#rcptLines) this.#connection.putLine(line);
  }

  /** Reads the replies to what `putAll()` collected; refusals are kept, not thrown. */
  async readReplies(): Promise<void> {
    if (this.#options.isResetDue) await this.#resetReply();
    await this.#mailReply();
    for (let i = 0; i < this.#rcptLines.length; i++) await this.#rcptReply(i);
  }

  /**
   * Sends the envelope on its own and says whether anybody is to get the message.
   * @throws {Failure} the refusal of MAIL
   */
  async exchange(): Promise<boolean> {
    const connection = this.#connection;
    const isPipelined = this.#options.extensions.offersPipelining;
    if (this.#options.isResetDue) {
      connection.putLine("RSET");
      if (!isPipelined) await connection.flush().then(() => this.#resetReply());
    }
    connection.putLine(this.#mailLine);
    if (!isPipelined) {
      await connection.flush();
      await this.#mailReply();
      if (this.#mailRefusal !== undefined) throw this.#mailRefusal;
    }
    const atOnce = isPipelined ? RECIPIENTS_AT_ONCE : 1;
    for (let first = 0; first < this.#rcptLines.length; first += atOnce) {
      const lines = this.#rcptLines.slice(first, first + atOnce);
      for (const line of lines) connection.putLine(line);
      await connection.flush();
      if (isPipelined && first === 0) {
        if (this.#options.isResetDue) await this.#resetReply();
        await this.#mailReply();
      }
      for (let i = 0; i < lines.length; i++) await this.#rcptReply(first + i);
      if (this.#mailRefusal !== undefined) throw this.#mailRefusal;
    }
    connection.assertInStep();
    return this.accepted.length > 0;
  }

  async #resetReply(): Promise<void> {
    const reply = await this.#connection.readReply();
    if (reply.code === 250) return;
    const failure = this.#refused(reply, {
      phase: "rset",
      command: "RSET",
      what: "a new transaction",
    });
    this.#connection.drop(failure);
    throw failure;
  }

  async #mailReply(): Promise<void> {
    const reply = await this.#reply();
    if (reply.code === 250) return;
    const { reversePath } = this.#options.envelope;
    this.#mailRefusal = this.#refused(reply, {
      phase: "mail",
      command: this.#mailLine,
      what: `the sender <${reversePath}>`,
    });
  }

  async #rcptReply(index: number): Promise<void> {
    const reply = await this.#reply();
    const address = this.#options.envelope.recipients[index] ?? "";
    // 251 and 252: it will be forwarded, or cannot be checked; both take the message (RFC 5321 §3.3).
    if (reply.code >= 250 && reply.code <= 252) {
      this.accepted.push(address);
      return;
    }
    const { code, retry } = classifyReply("rcpt", reply);
    if (code === "smtp.protocol") {
      throw this.#connection.protocolFailure(`answered RCPT with "${replyText(reply)}"`);
    }
    const refusal = refusalOf(reply, this.#rcptLines[index] ?? "");
    this.rejected.push({ address, reply: replyText(reply), refusal, retry });
  }

  #reply(): Promise<Reply> {
    return this.#connection.readReply(this.#connection.timeouts.envelopeMs);
  }

  #refused(
    reply: Reply,
    context: { phase: "mail" | "rset"; command: string; what: string },
  ): Failure {
    const failure = refusalFailure(reply, {
      ...context,
      server: this.#connection.server,
    });
    if (failure.code === "smtp.protocol") this.#connection.drop(failure);
    return failure;
  }
}

/** Whether SMTPUTF8 must be asked for; refuses what the server cannot take. */
function checkedForUtf8(options: EnvelopeOptions, server: string): boolean {
  const { envelope, extensions, message } = options;
  const address = [envelope.reversePath, ...envelope.recipients].find(needsSmtpUtf8);
  if (address === undefined && !message.needsSmtpUtf8) return false;
  if (extensions.offersSmtpUtf8) return true;
  const [what, remedy] = address === undefined
    ? ["message has a header in raw UTF-8", "use addresses and headers in ASCII, or another server"]
    : [
      `address "${address}" has letters outside ASCII before the @`,
      "use another address of that mailbox, in ASCII; names and subjects may hold any letters",
    ];
  throw new Failure(
    "message.invalid",
    `${what}, and ${server} does not offer SMTPUTF8`,
    { remedy },
  );
}
