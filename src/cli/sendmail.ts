// `sendmail`: a finished message on standard input, in the manner of sendmail(8), for the many programs that call
// it so. The invariant: what such callers leave out is filled in, what they write is sent as they wrote it, and a
// mail that was taken is answered by silence.

import { Failure } from "../base/failure.ts";
import { type Mailbox, parseAddress } from "../message/address.ts";
import { addressHeader, fold } from "../message/header.ts";
import { untilLoneDot } from "../message/lone_dot.ts";
import type { RawField } from "../message/raw_header.ts";
import {
  checkFrom,
  fieldsNamed,
  finishRawMessage,
  type RawMessage,
  readRawMessage,
} from "../message/raw_message.ts";
import {
  localName,
  type LocalNames,
  mailboxesOf,
  withLocalNames,
} from "../message/raw_recipients.ts";
import type { Profile } from "../profile/profile.ts";
import type { DsnRequest } from "../smtp/client.ts";
import type { Context } from "./context.ts";
import { parseDsn } from "./delivery_options.ts";
import { distinct } from "./draft.ts";
import { held } from "./raw_input.ts";
import { missingFields, noRecipient, type RawMail, recipientsOf } from "./raw_mail.ts";
import { deliver, dryRun } from "./send.ts";
import { parseSendmailOptions, type SendmailOptions } from "./sendmail_options.ts";

const NO_NAMES: LocalNames = new Map();

type Field = { readonly name: string; readonly text: string };

export async function run(context: Context): Promise<number> {
  const options = parseSendmailOptions(context.flags.positionals);
  if (options.recipients.length === 0 && !options.readsRecipients) {
    throw new Failure("usage.invalid", "sendmail: there is no recipient", {
      remedy: "name them behind the options, or add -t to take those of the message",
    });
  }
  const { groups } = await context.settings();
  const profile = await context.profile();
  await using mail = await readMail(options, { context, profile, names: groups });
  if (context.flags.has("dry-run")) return await dryRun(context, mail);
  return await deliver(context, { profile, mail, isSilent: !options.isVerbose });
}

async function readMail(
  options: SendmailOptions,
  at: { readonly context: Context; readonly profile: Profile; readonly names: LocalNames },
): Promise<RawMail> {
  const { context, names, profile } = at;
  const operands = options.recipients.flatMap((list) => knownMailboxes(list, names));
  const sender = senderOf(options, profile);
  const reversePath = options.reversePath === "" ? "" : sender.address;
  await using stack = new AsyncDisposableStack();
  const typed = context.world.terminal.input();
  const input = stack.use(
    await held(options.endsAtDot ? untilLoneDot(typed) : typed, "standard input"),
  );
  const message = await readRawMessage(input, { isLenient: true });
  for (const warning of message.warnings) context.note(`warning: ${warning}`);
  const recipients = distinct([
    ...operands.map(({ address }) => address),
    ...(options.readsRecipients ? named(message, names) : []),
  ]);
  if (recipients.length === 0) throw noRecipient(message.source);
  const missing = missingFields(message, { ...context, senderAddress: sender.address });
  const fields = [
    ...fromField(message, sender),
    ...addressFields(message, names),
    ...missing.fields,
  ];
  const owned = stack.move();
  return {
    messageId: missing.messageId,
    message: finishRawMessage(message, { fields }),
    envelope: { reversePath, recipients, ...dsnOf(options, missing.messageId) },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Reports of delivery; those that fail come back without being asked for, and name the mail as they are told. */
function dsnOf(
  { dsn }: SendmailOptions,
  messageId: string,
): { readonly dsn?: DsnRequest } {
  const { notify, ret, envelopeId } = dsn;
  if (notify === undefined && ret === undefined && envelopeId === undefined) return {};
  const request = parseDsn([
    notify ?? "failure,delay",
    ...(ret === undefined ? [] : [`ret=${ret}`]),
  ]);
  return { dsn: { ...request, envelopeId: envelopeId ?? messageId } };
}

/** Who sends: by `-f` where that is an address, for `root` and the like means nothing beyond this PC. */
function senderOf({ reversePath = "", fullName }: SendmailOptions, { sender }: Profile): Mailbox {
  const address = reversePath.includes("@")
    ? parseAddress(reversePath.replace(/^<(.*)>$/, "$1"))
    : parseAddress(sender.address);
  const own = address.toLowerCase() === sender.address.toLowerCase() ? sender.name : undefined;
  const name = fullName ?? own;
  return name === undefined ? { address } : { name, address };
}

/** The From field that is to be written: where there is none, or its address has no domain. */
function fromField(message: RawMessage, sender: Mailbox): readonly Field[] {
  const found = fieldsNamed(message, "from");
  const [from] = found;
  if (from === undefined) return [{ name: "From", text: addressHeader("From", [sender]) }];
  const local = found.length === 1 ? localMailbox(from.value) : undefined;
  if (local === undefined) {
    checkFrom(message, NO_NAMES);
    return [];
  }
  const completed = { name: local, address: sender.address };
  return [{ name: "From", text: addressHeader(from.writtenName, [completed]) }];
}

/** The name to show for `root (Cron Daemon)`, `Cron Daemon <root>` and `root`; undefined for an address. */
function localMailbox(value: string): string | undefined {
  if (value.includes("@")) return undefined;
  const [, before, comment] = /^([^<>@()]*)(?:<[^<>]*>|\(([^()]*)\))?$/.exec(value) ?? [];
  const name = (comment ?? before ?? "").trim().replace(/^"(.*)"$/, "$1");
  return name === "" ? localName(value.trim()) : name;
}

/** To and Cc with addresses in the place of names; and To where the message names nobody. */
function addressFields(message: RawMessage, names: LocalNames): readonly Field[] {
  const shown = ["to", "cc"].flatMap((name) => fieldsNamed(message, name));
  if (shown.length === 0) {
    return [{ name: "To", text: fold("To", ["undisclosed-recipients:;"]) }];
  }
  return shown.flatMap((field) => completed(field, { source: message.source, names }));
}

function completed(
  field: RawField,
  at: { readonly source: string; readonly names: LocalNames },
): readonly Field[] {
  const read = (localNames: LocalNames): readonly Mailbox[] | undefined => {
    try {
      return mailboxesOf(field, { source: at.source, localNames });
    } catch (cause) {
      // A field that nobody is to be read from goes as it is.
      if (!(cause instanceof Failure)) throw cause;
      return undefined;
    }
  };
  if (read(NO_NAMES) !== undefined) return [];
  const mailboxes = read(at.names);
  return mailboxes === undefined
    ? []
    : [{ name: field.writtenName, text: addressHeader(field.writtenName, mailboxes) }];
}

function named(message: RawMessage, names: LocalNames): readonly string[] {
  try {
    return recipientsOf(message, names);
  } catch (cause) {
    throw withGroupsRemedy(cause);
  }
}

function knownMailboxes(list: string, names: LocalNames): readonly Mailbox[] {
  try {
    return withLocalNames(list, names);
  } catch (cause) {
    throw withGroupsRemedy(cause);
  }
}

function withGroupsRemedy(cause: unknown): unknown {
  const [, name] = cause instanceof Failure
    ? /address "([\w.+-]+)" has no @/.exec(cause.message) ?? []
    : [];
  if (name === undefined || !(cause instanceof Failure)) return cause;
  return new Failure(cause.code, cause.message, {
    remedy:
      "write it with its domain; or give the name addresses in the profile file: under [groups] a line such as\n" +
      `${/^[\w-]+$/.test(name) ? name : `"${name}"`} = ["anna@example.com"]`,
    cause,
  });
}
