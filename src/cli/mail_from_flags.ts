// The mail that flags describe, of whichever kind: composed, finished by somebody else, or for a phone. The
// invariant: what only one kind needs is loaded for that kind only.

import { Failure } from "../base/failure.ts";
import type { Profile, Settings } from "../profile/profile.ts";
import type { Context } from "./context.ts";
import { outgoingFromFlags } from "./draft.ts";
import { finishedMail, type Mail } from "./mail.ts";

/** Disposed of when it is sent: a finished message may be kept in a file meanwhile. */
export type OwnedMail = Mail & AsyncDisposable;

/** @throws {Failure} `usage.invalid`, `message.invalid`, `message.too_big`, `input.unreadable`, `file.io` */
export async function mailFromFlags(
  context: Pick<Context, "flags" | "note" | "warn" | "world">,
  at: { readonly profile: Profile; readonly settings: Settings },
): Promise<OwnedMail> {
  const { flags } = context;
  if (flags.has("recipients-from-header") && !flags.has("raw")) {
    throw new Failure("usage.invalid", "send: --recipients-from-header is for --raw only", {
      remedy: "name the recipients with --to, --cc and --bcc",
    });
  }
  if (flags.has("sms")) {
    const { smsMailFromFlags } = await import("./sms_mail.ts");
    return owned(await smsMailFromFlags(context, at));
  }
  if (flags.has("raw")) {
    const { rawMailFromFlags } = await import("./raw_mail.ts");
    return await rawMailFromFlags(context, at);
  }
  const outgoing = await outgoingFromFlags(context, at);
  if (outgoing.envelope.recipients.some(mayBePhone)) {
    const { warnOfSmsGateways } = await import("./sms_mail.ts");
    warnOfSmsGateways(outgoing.envelope.recipients, context);
  }
  return owned(finishedMail(outgoing, context.world));
}

/** Whether the address looks like a number at a carrier's gateway. */
function mayBePhone(address: string): boolean {
  return /^\d{7,15}@/.test(address);
}

function owned(mail: Mail): OwnedMail {
  return { ...mail, [Symbol.asyncDispose]: () => Promise.resolve() };
}
