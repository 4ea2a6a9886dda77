// `sendmail`: a finished message on standard input, in the manner of sendmail(8), for the many programs that call
// it so. The invariant: what such callers leave out is filled in, what they write is sent as they wrote it, and a
// mail that was taken is answered by silence.

import { Failure } from "../base/failure.ts";
import { type Mailbox, parseAddress } from "../message/address.ts";
import { addressHeader, fold, unstructured } from "../message/header.ts";
import { untilLoneDot } from "../message/lone_dot.ts";
import type { RawField } from "../message/raw_header.ts";
import { LONGEST_LINE } from "../message/raw_lines.ts";
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
import {
  type MissingFields,
  missingFields,
  noRecipient,
  type RawMail,
  recipientsOf,
} from "./raw_mail.ts";
import { deliver, dryRun } from "./send.ts";
import { parseSendmailOptions, type SendmailOptions } from "./sendmail_options.ts";

const NO_NAMES: LocalNames = new Map();

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
  const from = fieldsNamed(message, "from").length === 0
    ? [{ name: "From", text: addressHeader("From", [sender]) }]
    : [];
  const added = [...from, ...undisclosed(message), ...missing.added];
  const replaced = completedFields(message, { sender, names });
  const owned = stack.move();
  return {
    messageId: missing.messageId,
    message: finishRawMessage(message, { added, replaced }),
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

/** To, where the message shows nobody. */
function undisclosed(message: RawMessage): MissingFields["added"] {
  const isShown = ["to", "cc"].some((name) => fieldsNamed(message, name).length > 0);
  return isShown ? [] : [{ name: "To", text: fold("To", ["undisclosed-recipients:;"]) }];
}

/**
 * What goes in the place of fields that servers refuse, or would hand on to nobody who cannot take them: the sender
 * and recipients without a domain, and texts and names that are not ASCII.
 * @throws {Failure} `message.invalid` for a From field that cannot be helped
 */
function completedFields(
  message: RawMessage,
  at: { readonly sender: Mailbox; readonly names: LocalNames },
): ReadonlyMap<RawField, string> {
  const froms = fieldsNamed(message, "from");
  const [from] = froms;
  const name = froms.length === 1 && from !== undefined ? localMailbox(from.value) : undefined;
  const isLocal = name !== undefined && from !== undefined;
  if (froms.length > 0 && !isLocal) checkFrom(message, NO_NAMES);
  const found = new Map<RawField, string>();
  for (const field of message.fields) {
    const text = completed(field, { source: message.source, names: at.names });
    if (text !== undefined) found.set(field, text);
  }
  if (isLocal) {
    found.set(from, addressHeader(from.writtenName, [{ name, address: at.sender.address }]));
  }
  return found;
}

/** The name to show for `root (Cron Daemon)`, `Cron Daemon <root>` and `root`; undefined for an address. */
function localMailbox(value: string): string | undefined {
  if (value.includes("@")) return undefined;
  const [, before, comment] = /^([^<>@()]*)(?:<[^<>]*>|\(([^()]*)\))?$/.exec(value) ?? [];
  const name = (comment ?? before ?? "").trim().replace(/^"(.*)"$/, "$1");
  return name === "" ? localName(value.trim()) : name;
}

const ADDRESS_FIELDS = ["from", "sender", "reply-to", "to", "cc"];

/**
 * The field with addresses in the place of names, with encoded-words for what is not ASCII and in lines of a bearable
 * length, where it needs any of that.
 * @throws {Failure} `message.invalid` where no blank lets a long line be folded
 */
function completed(
  field: RawField,
  at: { readonly source: string; readonly names: LocalNames },
): string | undefined {
  const { hasLongLine, name, value, writtenName } = field;
  const isAscii = /^[\r\n\t -~]*$/.test(field.text);
  const isFit = isAscii && !hasLongLine;
  if (ADDRESS_FIELDS.includes(name)) {
    if (isFit && mailboxesIn(field, { ...at, names: NO_NAMES }) !== undefined) return undefined;
    const mailboxes = mailboxesIn(field, at) ?? [];
    if (mailboxes.length > 0) return addressHeader(writtenName, mailboxes);
  }
  const isText = name === "subject" || name === "comments" || name.startsWith("x-");
  if (!isFit && isText) return unstructured(writtenName, value);
  if (!hasLongLine) return undefined;
  const folded = fold(writtenName, value.split(" "));
  if (Math.max(...folded.split("\r\n").map((line) => line.length)) <= LONGEST_LINE) return folded;
  throw new Failure(
    "message.invalid",
    `${at.source}: line ${field.line}: ${writtenName} has more than ${LONGEST_LINE} octets on a line`,
    { remedy: "let the program that writes the message fold the field" },
  );
}

// A field that nobody is to be read from goes as it is.
function mailboxesIn(
  field: RawField,
  at: { readonly source: string; readonly names: LocalNames },
): readonly Mailbox[] | undefined {
  try {
    return mailboxesOf(field, { source: at.source, localNames: at.names });
  } catch (cause) {
    if (!(cause instanceof Failure)) throw cause;
    return undefined;
  }
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
