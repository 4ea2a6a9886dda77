// `send`: one mail, one result; `--batch` has a file of its own. The invariant: the result says how the mail ended
// even where the command was interrupted, or its output is not taken.

import { EXIT } from "../base/failure.ts";
import type { Profile } from "../profile/profile.ts";
import type { RejectedRecipient, SmtpSession } from "../smtp/client.ts";
import type { Context } from "./context.ts";
import type { Outgoing } from "./draft.ts";
import {
  dryRunJson,
  endOf,
  finishedMail,
  keepResult,
  type Mail,
  type MailResult,
  mailResult,
  messageText,
  openSessionFor,
} from "./mail.ts";
import { mailFromFlags } from "./mail_from_flags.ts";
import { jsonLine, sayFailure } from "./output.ts";

export async function run(context: Context): Promise<number> {
  if (context.flags.has("batch")) {
    const { runBatch } = await import("./batch.ts");
    return await runBatch(context);
  }
  const settings = await context.settings();
  const profile = await context.profile();
  await using mail = await mailFromFlags(context, { profile, settings });
  if (context.flags.has("dry-run")) return await dryRun(context, mail);
  return await deliver(context, { profile, mail });
}

/** Sends a mail and says its result; resolves to the exit code. */
export async function sendMail(
  context: Context,
  profile: Profile,
  outgoing: Outgoing,
): Promise<number> {
  return await deliver(context, { profile, mail: finishedMail(outgoing, context.world) });
}

/** The same for a mail that is finished; a silent one says in text only what went wrong. */
export async function deliver(
  context: Context,
  of: { readonly profile: Profile; readonly mail: Mail; readonly isSilent?: boolean },
): Promise<number> {
  const { profile, mail, isSilent = false } = of;
  const startedMs = performance.now();
  const end = await transact().catch((cause) => endOf(cause, context.signal));
  const durationMs = performance.now() - startedMs;
  const result = await mailResult(mail, { profile, end, durationMs });
  return report(context, { mail, result, isSilent });

  async function transact(): ReturnType<SmtpSession["send"]> {
    await using session = await openSessionFor(context, profile);
    return await session.send(mail.envelope, mail.message);
  }
}

function report(
  context: Context,
  of: { readonly mail: Mail; readonly result: MailResult; readonly isSilent: boolean },
): number {
  const { mail, result, isSilent } = of;
  const { exitCode, json, accepted, rejected, told } = result;
  keepResult(context.journal, json, mail.envelope.recipients);
  if (told === undefined) {
    const text = `${json.outcome} ${mail.messageId} to ${accepted.join(", ")}\n`;
    context.print(json, isSilent ? "" : text);
    for (const recipient of rejected) context.note(refusedLine(recipient));
  } else if (context.isJson) {
    context.print(json, "");
  } else {
    sayFailure(told, context.world.terminal);
    for (const recipient of rejected) context.world.terminal.err(refusedLine(recipient));
  }
  return exitCode;
}

/** Prints the mail as it would go. */
export async function dryRun(context: Context, mail: Mail): Promise<number> {
  const { terminal } = context.world;
  const result = dryRunJson(mail);
  context.journal.result(result); // without the message, which is as large as its attachments
  if (context.isJson) {
    const message = (await Array.fromAsync(messageText(mail.message))).join("");
    terminal.out(jsonLine({ ...result, message }, context.world));
    return EXIT.ok;
  }
  context.note(`reverse-path: ${mail.envelope.reversePath}`);
  context.note(`recipients: ${mail.envelope.recipients.join(", ")}`);
  if (mail.message.needsEightBitMime) {
    for await (const octets of mail.message.chunks()) terminal.outOctets(octets);
  } else {
    for await (const text of messageText(mail.message)) terminal.out(text);
  }
  return EXIT.ok;
}

function refusedLine(recipient: RejectedRecipient): string {
  return `refused: ${recipient.address}: ${recipient.reply}`;
}
