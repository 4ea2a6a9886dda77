// `send`: one mail, one result; `--batch` has a file of its own. The invariant: the result says how the mail ended
// even where the command was interrupted, or its output is not taken.

import { EXIT } from "../base/failure.ts";
import type { Profile } from "../profile/profile.ts";
import type { RejectedRecipient, SmtpSession } from "../smtp/client.ts";
import type { Context } from "./context.ts";
import { type Outgoing, outgoingFromFlags } from "./draft.ts";
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
import { jsonLine, sayFailure } from "./output.ts";

export async function run(context: Context): Promise<number> {
  if (context.flags.has("batch")) {
    const { runBatch } = await import("./batch.ts");
    return await runBatch(context);
  }
  const settings = await context.settings();
  const profile = await context.profile();
  const outgoing = await outgoingFromFlags(context, { profile, settings });
  if (context.flags.has("dry-run")) {
    return await dryRun(context, finishedMail(outgoing, context.world));
  }
  return await sendMail(context, profile, outgoing);
}

/** Sends a mail and says its result; resolves to the exit code. */
export async function sendMail(
  context: Context,
  profile: Profile,
  outgoing: Outgoing,
): Promise<number> {
  const startedMs = performance.now();
  const mail = finishedMail(outgoing, context.world);
  const end = await transact().catch((cause) => endOf(cause, context.signal));
  const durationMs = performance.now() - startedMs;
  return report(context, mail, await mailResult(mail, { profile, end, durationMs }));

  async function transact(): ReturnType<SmtpSession["send"]> {
    await using session = await openSessionFor(context, profile);
    return await session.send(mail.envelope, mail.message);
  }
}

function report(context: Context, mail: Mail, result: MailResult): number {
  const { exitCode, json, accepted, rejected, told } = result;
  keepResult(context.journal, json, mail.envelope.recipients);
  if (told === undefined) {
    context.print(json, `${json.outcome} ${mail.messageId} to ${accepted.join(", ")}\n`);
    for (const recipient of rejected) context.note(refusedLine(recipient));
  } else if (context.isJson) {
    context.print(json, "");
  } else {
    sayFailure(told, context.world.terminal);
    for (const recipient of rejected) context.world.terminal.err(refusedLine(recipient));
  }
  return exitCode;
}

async function dryRun(context: Context, mail: Mail): Promise<number> {
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
  for await (const text of messageText(mail.message)) terminal.out(text);
  return EXIT.ok;
}

function refusedLine(recipient: RejectedRecipient): string {
  return `refused: ${recipient.address}: ${recipient.reply}`;
}
