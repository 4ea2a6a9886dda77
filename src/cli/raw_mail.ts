// `send --raw`: a finished message, and who gets it. The invariant: the header says who wrote it and the flags say
// what goes into the envelope; the only fields that change are Bcc, and a Date and a Message-ID that are missing.

import { Failure } from "../base/failure.ts";
import type { World } from "../base/world.ts";
import { newMessageId } from "../message/compose.ts";
import { formatDate } from "../message/date.ts";
import { fold } from "../message/header.ts";
import {
  checkFrom,
  fieldsNamed,
  finishRawMessage,
  messageIdOf,
  type RawMessage,
  readRawMessage,
} from "../message/raw_message.ts";
import { type LocalNames, mailboxesOf, recipientFields } from "../message/raw_recipients.ts";
import type { Profile, Settings } from "../profile/profile.ts";
import type { Context } from "./context.ts";
import { deliveryOptions, distinct, mailboxes, mailOptions, senderOf } from "./draft.ts";
import { type Mail, withEnvelopeId } from "./mail.ts";
import { openRawInput } from "./raw_input.ts";

/** Options of a mail that mean something beside `--raw`. */
const KEPT = ["to", "cc", "bcc", "from", "dsn"];

/** A mail whose message lies in a file or is kept somewhere until it is disposed of. */
export type RawMail = Mail & AsyncDisposable;

/** @throws {Failure} `usage.invalid`, `message.invalid`, `input.unreadable`, `file.io` */
export async function rawMailFromFlags(
  context: Pick<Context, "flags" | "note" | "world">,
  at: { readonly profile: Profile; readonly settings: Settings },
): Promise<RawMail> {
  const { flags } = context;
  const options = mailOptions(flags);
  refuseOthers(Object.keys(options));
  const listed = [options.to, options.cc, options.bcc].flatMap((lists) =>
    mailboxes(lists ?? [], at.settings)
  );
  const readsHeader = flags.has("recipients-from-header");
  if (listed.length === 0 && !readsHeader) {
    throw new Failure("usage.invalid", "send: there is no recipient", {
      remedy:
        "add --to ADDRESS (or --cc, --bcc), or --recipients-from-header to take those of the message",
    });
  }
  const reversePath = senderOf(options.from, at.profile).address;
  const { dsn } = await deliveryOptions(options);
  await using stack = new AsyncDisposableStack();
  const input = stack.use(await openRawInput(flags.text("raw") ?? "", context));
  const message = await readRawMessage(input, { isLenient: false });
  for (const warning of message.warnings) context.note(`warning: ${warning}`);
  const localNames = at.settings.groups;
  checkFrom(message, localNames);
  const recipients = distinct([
    ...listed.map(({ address }) => address),
    ...(readsHeader ? recipientsOf(message, localNames) : []),
  ]);
  if (recipients.length === 0) throw noRecipient(message.source);
  const { messageId, added } = missingFields(message, { ...context, senderAddress: reversePath });
  const owned = stack.move();
  return {
    messageId,
    message: finishRawMessage(message, { added }),
    envelope: withEnvelopeId(
      { reversePath, recipients, ...(dsn === undefined ? {} : { dsn }) },
      messageId,
    ),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/**
 * The addresses that the header names.
 * @throws {Failure} `message.invalid`
 */
export function recipientsOf(message: RawMessage, localNames: LocalNames): readonly string[] {
  const { fields, source } = message;
  return recipientFields(fields).flatMap((field) =>
    mailboxesOf(field, { source, localNames }).map(({ address }) => address)
  );
}

export function noRecipient(source: string): Failure {
  return new Failure("message.invalid", `${source}: names no recipient in To, Cc and Bcc`, {
    remedy:
      "add a field such as To: anna@example.com to its header, or name the recipients beside it",
  });
}

export interface MissingFields {
  /** That of the message, or the new one. */
  readonly messageId: string;
  readonly added: readonly { readonly name: string; readonly text: string }[];
}

/** The Date and the Message-ID, where the message has none. */
export function missingFields(
  message: RawMessage,
  at: {
    readonly world: Pick<World, "nowMs" | "utcOffsetMinutes" | "randomBytes">;
    readonly senderAddress: string;
  },
): MissingFields {
  const { world } = at;
  const nowMs = world.nowMs();
  const own = messageIdOf(message);
  const messageId = own ?? newMessageId(world.randomBytes(16), at.senderAddress);
  const date = formatDate(nowMs, world.utcOffsetMinutes(nowMs));
  return {
    messageId,
    added: [
      ...(fieldsNamed(message, "date").length > 0 ? [] : [field("Date", date)]),
      ...(own === undefined ? [field("Message-ID", messageId)] : []),
    ],
  };
}

function field(name: string, value: string): { readonly name: string; readonly text: string } {
  return { name, text: fold(name, [value]) };
}

function refuseOthers(given: readonly string[]): void {
  const other = given.find((name) => !KEPT.includes(name));
  if (other === undefined) return;
  throw new Failure("usage.invalid", `send: --raw and --${other} exclude each other`, {
    remedy: "the file of --raw is the whole message: put it there, or leave --raw out",
  });
}
