// Many messages over few connections: one session, and another one when that has ended. The invariants: a message
// that may have been taken is never handed over again; and trouble that concerns every message is met a few times,
// not once for each.

import { Failure } from "../base/failure.ts";
import type { MessageSource } from "../base/message_source.ts";
import type { World } from "../base/world.ts";
import type { Envelope, SendOptions, SmtpSession, TransactionResult } from "../smtp/client.ts";

export interface SteadyOptions {
  /** Connects and signs in, with a token that is good now. */
  readonly open: () => Promise<SmtpSession>;
  readonly world: Pick<World, "nowMs" | "sleep">;
  readonly signal: AbortSignal;
}

/** Waits before a connection that worked once is given up. */
const REOPEN_WAITS_MS = [1_000, 5_000];

/** So many messages in a row whose connection fails, and the next ones would fare no better. */
const MOST_LOST_IN_A_ROW = 3;

/** For so long a failure of all holds without another try; a stream of messages that goes on for days recovers. */
const HOLDS_FOR_MS = 60_000;

/** A session that outlives its connections. The caller awaits each message before the next. */
export class SteadySession implements AsyncDisposable {
  readonly #options: SteadyOptions;
  #session: SmtpSession | undefined;
  #messagesOverIt = 0;
  #hasWorked = false;
  #lostInARow = 0;
  /** Whether the envelope of the next message may go ahead: until anything odd happens, which it might have caused. */
  #goesAhead = true;
  #ended: { readonly failure: Failure; readonly untilMs: number } | undefined;

  constructor(options: SteadyOptions) {
    this.#options = options;
  }

  /**
   * Sends one message. It is sent again, once and over a new connection, where the old one had served others before
   * and ended without having been given the whole message: after the server's idle time or its count of messages.
   * @throws {Failure} as `openSubmission()` and `SmtpSession.send()`
   */
  async send(
    envelope: Envelope,
    message: MessageSource,
    options: SendOptions = {},
  ): Promise<TransactionResult> {
    const next: SendOptions["next"] = () => {
      const mail = options.next?.();
      return this.#goesAhead ? mail : undefined;
    };
    for (;;) {
      const session = await this.#usable();
      const isFirst = this.#messagesOverIt++ === 0;
      try {
        const result = await session.send(envelope, message, { next });
        this.#lostInARow = 0;
        return result;
      } catch (error) {
        if (isLoss(error)) this.#goesAhead = false;
        if (!isFirst && endsWithItsConnection(error)) {
          this.#drop();
          continue;
        }
        this.#note(error);
        throw error;
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session?.[Symbol.asyncDispose]();
  }

  #drop(): void {
    this.#session?.close();
    this.#session = undefined;
  }

  async #usable(): Promise<SmtpSession> {
    if (this.#session !== undefined && !this.#session.isBroken) return this.#session;
    this.#drop();
    const { world } = this.#options;
    if (this.#ended !== undefined && world.nowMs() < this.#ended.untilMs) throw this.#ended.failure;
    const waits = this.#hasWorked && this.#ended === undefined ? [...REOPEN_WAITS_MS] : [];
    this.#session = await this.#opened(waits);
    this.#messagesOverIt = 0;
    this.#hasWorked = true;
    this.#ended = undefined;
    return this.#session;
  }

  async #opened(waits: number[]): Promise<SmtpSession> {
    const { open, signal, world } = this.#options;
    for (;;) {
      signal.throwIfAborted();
      try {
        return await open();
      } catch (error) {
        if (signal.aborted || !(error instanceof Failure)) throw error;
        const waitMs = error.retry === "later" ? waits.shift() : undefined;
        if (waitMs === undefined) {
          this.#end(error);
          throw error;
        }
        await world.sleep(waitMs, signal);
      }
    }
  }

  /** Takes note of what a message met that the next ones will meet as well. */
  #note(error: unknown): void {
    if (!(error instanceof Failure) || this.#options.signal.aborted) return;
    if (error.code === "smtp.auth_refused") return this.#end(error);
    if (!concernsConnection(error)) {
      this.#lostInARow = 0;
      return;
    }
    this.#lostInARow++;
    if (this.#lostInARow >= MOST_LOST_IN_A_ROW) this.#end(notTried(error));
  }

  #end(failure: Failure): void {
    this.#drop();
    this.#lostInARow = 0;
    this.#ended = { failure, untilMs: this.#options.world.nowMs() + HOLDS_FOR_MS };
  }
}

/** Whether the message was not taken, for a reason that a new connection does not have. */
function endsWithItsConnection(error: unknown): boolean {
  if (!(error instanceof Failure)) return false;
  // Neither comes up once the whole message was handed over: that is `smtp.outcome_unknown`.
  if (error.code === "net.lost" || error.code === "net.timeout") return true;
  // A sign-in that has run out meanwhile.
  if (error.code === "smtp.auth_refused") return true;
  const refusal = error.refusal?.kind === "smtp" ? error.refusal : undefined;
  if (refusal === undefined) return false;
  return refusal.replyCode === 421 ||
    (refusal.replyCode >= 450 && refusal.replyCode <= 452 && isCount(refusal.lines.join(" ")));
}

/** Servers end a connection after so many messages with 421, or say so with another code and leave the rest to us. */
function isCount(text: string): boolean {
  return /\b(?:messages?|mails?|transactions?)\b.*\b(?:per|in|on|for|over) (?:this |one |a |the )?(?:connection|session)\b/i
    .test(text);
}

function concernsConnection(failure: Failure): boolean {
  const { refusal } = failure;
  return isLoss(failure) || (refusal?.kind === "smtp" && refusal.replyCode === 421);
}

/** Whether the connection ended without a word of the server's that would explain it. */
function isLoss(error: unknown): boolean {
  if (!(error instanceof Failure)) return false;
  const { code } = error;
  return code === "smtp.outcome_unknown" || code === "smtp.protocol" || code.startsWith("net.");
}

function notTried(last: Failure): Failure {
  const code = last.code === "smtp.outcome_unknown" ? "net.lost" : last.code;
  return new Failure(
    code,
    `not tried, because the connection failed for ${MOST_LOST_IN_A_ROW} messages in a row: ${last.message}`,
    {
      retry: last.retry,
      ...(last.refusal === undefined ? {} : { refusal: last.refusal }),
      remedy:
        "nothing was sent: try again later; if it happens every time, see what the first of them met",
      cause: last,
    },
  );
}
