// A mail that is ready to go, the session for it, and what became of it: the result object of the contract. The
// invariant: `sent` is said only with the server's own acceptance in hand; when it got lost after the last octet the
// outcome is `unknown`, and never anything better.

import { EXIT, Failure } from "../base/failure.ts";
import type { MessageSource } from "../base/message_source.ts";
import { toHex } from "../base/octets.ts";
import type { World } from "../base/world.ts";
import { composeMessage, newMessageId } from "../message/compose.ts";
import { openSubmission } from "../outbox/submission.ts";
import type { Profile } from "../profile/profile.ts";
import type {
  Envelope,
  RejectedRecipient,
  SmtpSession,
  TransactionResult,
} from "../smtp/client.ts";
import { denoNetwork } from "../smtp/network.ts";
import type { Context } from "./context.ts";
import type { Outgoing } from "./draft.ts";
import type { Journal } from "./journal.ts";
import { failureJson, NOTHING_SENT, tell, type Told } from "./output.ts";
import { remedyFacts } from "./remedy_facts.ts";

export interface Mail {
  readonly messageId: string;
  readonly message: MessageSource;
  readonly envelope: Envelope;
}

/** @throws {Failure} `message.invalid`, `usage.invalid` */
export function finishedMail(
  outgoing: Outgoing,
  world: Pick<World, "nowMs" | "utcOffsetMinutes" | "randomBytes">,
): Mail {
  const dateMs = world.nowMs();
  const messageId = outgoing.messageId ??
    newMessageId(world.randomBytes(16), outgoing.parts.from.address);
  const message = composeMessage({
    ...outgoing.parts,
    dateMs,
    utcOffsetMinutes: world.utcOffsetMinutes(dateMs),
    messageId,
    boundarySeed: toHex(world.randomBytes(12)),
  });
  return { messageId, message, envelope: withEnvelopeId(outgoing.envelope, messageId) };
}

/** Has reports of delivery name the mail by its Message-ID. */
export function withEnvelopeId(envelope: Envelope, messageId: string): Envelope {
  const { dsn } = envelope;
  return dsn === undefined ? envelope : { ...envelope, dsn: { ...dsn, envelopeId: messageId } };
}

/**
 * A session as the profile wants it.
 * @throws {Failure} as `openSubmission()`
 */
export async function openSessionFor(context: Context, profile: Profile): Promise<SmtpSession> {
  return await openSubmission(profile, {
    vault: await context.vault(),
    world: context.world,
    network: denoNetwork(),
    signal: context.signal,
    finishLater: (work) => context.finishLater(work),
    onWithoutDsn: (server) =>
      context.warn({
        code: "send.without_dsn",
        message: `${server} does not offer reports of delivery (DSN): the mail goes without --dsn`,
        remedy: "leave --dsn out; mail that cannot be delivered comes back to the sender even so",
      }),
    ...(context.transcript === undefined ? {} : { transcript: context.transcript }),
  });
}

export interface MailResult {
  readonly exitCode: number;
  /** As `--json` prints it. */
  readonly json: Readonly<Record<string, unknown>> & { readonly outcome: string };
  readonly accepted: readonly string[];
  readonly rejected: readonly RejectedRecipient[];
  /** Where no server is known to have taken the mail. */
  readonly told?: Told;
}

/** What the server said of a mail, or why it did not get that far. */
export async function mailResult(
  mail: Mail,
  of: {
    readonly profile: Profile;
    readonly end: TransactionResult | Failure;
    readonly durationMs: number;
  },
): Promise<MailResult> {
  const { end, profile } = of;
  const durationMs = Math.round(of.durationMs);
  const bytes = mail.message.sizeBytes;
  const { messageId } = mail;
  if (!(end instanceof Failure) && end.accepted.length > 0) {
    const { accepted, rejected, reply } = end;
    const outcome = rejected.length === 0 ? "sent" : "partial";
    return {
      exitCode: rejected.length === 0 ? EXIT.ok : EXIT.recipientRefused,
      json: {
        outcome,
        messageId,
        transport: "smtp",
        accepted,
        rejected: rejected.map(briefly),
        ...(reply === undefined ? {} : { reply }),
        bytes,
        durationMs,
      },
      accepted,
      rejected,
    };
  }
  const rejected = end instanceof Failure ? [] : end.rejected;
  const failure = end instanceof Failure ? end : nobodyAccepted(rejected);
  const told = await tell(failure, remedyFacts(profile, mail.envelope.reversePath));
  return {
    exitCode: failure.exitCode,
    json: {
      ...NOTHING_SENT,
      outcome: failure.code === "smtp.outcome_unknown" ? "unknown" : NOTHING_SENT.outcome,
      messageId,
      rejected: rejected.map(briefly),
      bytes,
      durationMs,
      error: failureJson(told),
    },
    accepted: [],
    rejected,
    told,
  };
}

/** Leaves a result for the log; a failure with the recipients it was for. */
export function keepResult(
  journal: Journal,
  json: Readonly<Record<string, unknown>>,
  recipients: readonly string[] = [],
): void {
  const { error, ...result } = json;
  if (typeof error !== "object") journal.result(result);
  else journal.failure({ ...result, ...(recipients.length > 0 ? { recipients } : {}), ...error });
}

/** The failure to tell of a mail that ended with `cause`. */
export function endOf(cause: unknown, signal: AbortSignal): Failure {
  // Whoever interrupts after the last octet must still hear that the mail may have gone.
  const isUnknown = cause instanceof Failure && cause.code === "smtp.outcome_unknown";
  const failure = signal.aborted && signal.reason instanceof Failure && !isUnknown
    ? signal.reason
    : cause;
  if (failure instanceof Failure) return failure;
  throw failure;
}

/** What `--dry-run` tells of a mail beside the message itself. */
export function dryRunJson(mail: Mail): Readonly<Record<string, unknown>> {
  return {
    dryRun: true,
    messageId: mail.messageId,
    reversePath: mail.envelope.reversePath,
    recipients: mail.envelope.recipients,
    bytes: mail.message.sizeBytes,
  };
}

/** The message as text, piece by piece. */
export async function* messageText(message: MessageSource): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  for await (const chunk of message.chunks()) yield decoder.decode(chunk, { stream: true });
}

function nobodyAccepted(rejected: readonly RejectedRecipient[]): Failure {
  // One recipient that may be taken later makes the whole worth another try; the others fail again then.
  const temporary = rejected.find((recipient) => recipient.retry === "later");
  const telling = temporary ?? rejected[0];
  return new Failure(
    temporary === undefined ? "smtp.recipient_refused" : "smtp.temporary",
    `the server accepted no recipient${telling === undefined ? "" : `: ${telling.reply}`}`,
    {
      ...(temporary === undefined
        ? {}
        : { remedy: "nothing was sent and nothing stored: try again later" }),
      ...(telling === undefined ? {} : { refusal: telling.refusal }),
    },
  );
}

function briefly(
  recipient: RejectedRecipient,
): { readonly address: string; readonly reply: string } {
  return { address: recipient.address, reply: recipient.reply };
}
