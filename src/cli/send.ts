// `send`: one mail, one result. The invariant: `sent` is said only with the server's own acceptance in hand;
// when it got lost after the last octet the outcome is `unknown`, and never anything better.

import { EXIT, Failure } from "../base/failure.ts";
import type { MessageSource } from "../base/message_source.ts";
import { toHex } from "../base/octets.ts";
import { composeMessage, newMessageId } from "../message/compose.ts";
import { openSubmission } from "../outbox/submission.ts";
import type { Profile } from "../profile/profile.ts";
import type { Envelope, RejectedRecipient, TransactionResult } from "../smtp/client.ts";
import { denoNetwork } from "../smtp/network.ts";
import type { Context } from "./context.ts";
import { type Outgoing, outgoingFromFlags } from "./draft.ts";
import { failureJson, jsonLine, sayFailure, tell } from "./output.ts";

interface Mail {
  readonly messageId: string;
  readonly message: MessageSource;
  readonly envelope: Envelope;
}

export async function run(context: Context): Promise<number> {
  const settings = await context.settings();
  const profile = await context.profile();
  const outgoing = await outgoingFromFlags(context, { profile, settings });
  if (context.flags.has("dry-run")) return await dryRun(context, finished(outgoing, context));
  return await sendMail(context, profile, outgoing);
}

/** Sends a mail and says its result; resolves to the exit code. */
export async function sendMail(
  context: Context,
  profile: Profile,
  outgoing: Outgoing,
): Promise<number> {
  const startedMs = performance.now();
  const mail = finished(outgoing, context);
  try {
    const transaction = await transact(context, { profile, mail });
    const durationMs = performance.now() - startedMs;
    return await report(context, { profile, mail, transaction, durationMs });
  } catch (cause) {
    // Whoever interrupts after the last octet must still hear that the mail may have gone.
    const isInterrupted = context.signal.aborted && context.signal.reason instanceof Failure &&
      !(cause instanceof Failure && cause.code === "smtp.outcome_unknown");
    const failure = isInterrupted ? context.signal.reason : cause;
    if (!(failure instanceof Failure)) throw failure;
    const durationMs = performance.now() - startedMs;
    return await reportFailure(context, { profile, mail, failure, durationMs });
  }
}

async function transact(
  context: Context,
  at: { readonly profile: Profile; readonly mail: Mail },
): Promise<TransactionResult> {
  await using session = await openSubmission(at.profile, {
    vault: await context.vault(),
    world: context.world,
    network: denoNetwork(),
    signal: context.signal,
    ...(context.transcript === undefined ? {} : { transcript: context.transcript }),
  });
  return await session.send(at.mail.envelope, at.mail.message);
}

function finished(outgoing: Outgoing, context: Context): Mail {
  const { world } = context;
  const dateMs = world.nowMs();
  const messageId = newMessageId(world.randomBytes(16), outgoing.parts.from.address);
  const message = composeMessage({
    ...outgoing.parts,
    dateMs,
    utcOffsetMinutes: world.utcOffsetMinutes(dateMs),
    messageId,
    boundarySeed: toHex(world.randomBytes(12)),
  });
  return { messageId, message, envelope: outgoing.envelope };
}

async function report(
  context: Context,
  at: {
    readonly profile: Profile;
    readonly mail: Mail;
    readonly transaction: TransactionResult;
    readonly durationMs: number;
  },
): Promise<number> {
  const { accepted, rejected, reply } = at.transaction;
  if (accepted.length === 0) {
    return await reportFailure(context, { ...at, failure: nobodyAccepted(rejected), rejected });
  }
  const outcome = rejected.length === 0 ? "sent" : "partial";
  context.result({
    outcome,
    messageId: at.mail.messageId,
    transport: "smtp",
    accepted,
    rejected: rejected.map(briefly),
    ...(reply === undefined ? {} : { reply }),
    bytes: at.mail.message.sizeBytes,
    durationMs: Math.round(at.durationMs),
  }, `${outcome} ${at.mail.messageId} to ${accepted.join(", ")}\n`);
  for (const recipient of rejected) context.note(refusedLine(recipient));
  return rejected.length === 0 ? EXIT.ok : EXIT.recipientRefused;
}

async function reportFailure(
  context: Context,
  at: {
    readonly profile: Profile;
    readonly mail: Mail;
    readonly failure: Failure;
    readonly durationMs: number;
    readonly rejected?: readonly RejectedRecipient[];
  },
): Promise<number> {
  const { failure, mail, profile, rejected = [] } = at;
  const result = {
    outcome: failure.code === "smtp.outcome_unknown" ? "unknown" : "failed",
    messageId: mail.messageId,
    transport: "smtp",
    accepted: [],
    rejected: rejected.map(briefly),
    bytes: mail.message.sizeBytes,
    durationMs: Math.round(at.durationMs),
  };
  const told = await tell(failure, { user: profile.user, sender: mail.envelope.reversePath });
  const error = failureJson(told);
  context.journal.failure({ ...result, recipients: mail.envelope.recipients, ...error });
  if (context.isJson) {
    context.print({ ...result, error }, "");
  } else {
    sayFailure(told, context.world.terminal);
    for (const recipient of rejected) context.world.terminal.err(refusedLine(recipient));
  }
  return failure.exitCode;
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

async function dryRun(context: Context, mail: Mail): Promise<number> {
  const parts: string[] = [];
  const decoder = new TextDecoder();
  const result = {
    dryRun: true,
    messageId: mail.messageId,
    reversePath: mail.envelope.reversePath,
    recipients: mail.envelope.recipients,
    bytes: mail.message.sizeBytes,
  };
  context.journal.result(result); // without the message, which is as large as its attachments
  if (context.isJson) {
    for await (const chunk of mail.message.chunks()) {
      parts.push(decoder.decode(chunk, { stream: true }));
    }
    context.world.terminal.out(jsonLine({ ...result, message: parts.join("") }, context.world));
    return EXIT.ok;
  }
  context.note(`reverse-path: ${mail.envelope.reversePath}`);
  context.note(`recipients: ${mail.envelope.recipients.join(", ")}`);
  for await (const chunk of mail.message.chunks()) {
    context.world.terminal.out(decoder.decode(chunk, { stream: true }));
  }
  return EXIT.ok;
}

function briefly(
  recipient: RejectedRecipient,
): { readonly address: string; readonly reply: string } {
  return { address: recipient.address, reply: recipient.reply };
}

function refusedLine(recipient: RejectedRecipient): string {
  return `refused: ${recipient.address}: ${recipient.reply}`;
}
