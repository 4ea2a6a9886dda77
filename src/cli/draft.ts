// From the options of a mail, as flags or as a line of a batch, to a message draft and its envelope. The invariant:
// every file is looked at before anything is connected, and a wrong option is told before a missing file.

import { Failure } from "../base/failure.ts";
import { nearest } from "../base/nearest.ts";
import {
  type Mailbox,
  parseAddress,
  parseAddressList,
  splitAddressList,
} from "../message/address.ts";
import type { ExtraField, Importance, MessageDraft } from "../message/compose.ts";
import type { Profile, Settings } from "../profile/profile.ts";
import type { DsnRequest, Envelope } from "../smtp/client.ts";
import { openAttachment, parseWantedFile, type WantedFile } from "./attached_file.ts";
import type { Context } from "./context.ts";
import type { ParsedFlags } from "./flags.ts";
import { readText } from "./text_input.ts";

/** What a mail is to be, by the names of the flags of `send`. Nothing is checked yet but the types. */
export interface MailOptions {
  /** Comma lists of addresses and of names of groups; so are `cc`, `bcc` and `reply-to`. */
  readonly to?: readonly string[];
  readonly cc?: readonly string[];
  readonly bcc?: readonly string[];
  readonly "reply-to"?: readonly string[];
  readonly from?: string;
  readonly subject?: string;
  readonly text?: string;
  /** `-` is standard input, here and in `html-file`. */
  readonly "text-file"?: string;
  readonly "html-file"?: string;
  /** `FILE[;name=N][;type=T]` each. */
  readonly attach?: readonly string[];
  /** `CID=FILE[;name=N][;type=T]` each: what the HTML shows as `cid:CID`. */
  readonly inline?: readonly string[];
  /** `high`, `normal` or `low`. */
  readonly importance?: string;
  /** `Name: value` each. */
  readonly header?: readonly string[];
  readonly "request-receipt"?: boolean;
  /** Comma lists: `failure`, `delay`, `success` or `never`, and `ret=hdrs` or `ret=full`. */
  readonly dsn?: readonly string[];
  /** That of an earlier try of the same mail. */
  readonly "message-id"?: string;
}

/** Everything of a mail but its date and boundary, and mostly its Message-ID. */
export interface Outgoing {
  /** A new one where absent. */
  readonly messageId?: string;
  readonly parts: Omit<MessageDraft, "dateMs" | "utcOffsetMinutes" | "messageId" | "boundarySeed">;
  readonly envelope: Envelope;
}

export interface DraftOptions {
  readonly context: Pick<Context, "note" | "warn" | "world">;
  readonly profile: Profile;
  readonly settings: Settings;
}

/** @throws {Failure} `usage.invalid`, `message.invalid`, `input.unreadable` */
export async function outgoingFromFlags(
  context: Pick<Context, "flags" | "note" | "warn" | "world">,
  at: Omit<DraftOptions, "context">,
): Promise<Outgoing> {
  return await outgoingFromOptions(mailOptions(context.flags), { context, ...at });
}

/** The options that the flags hold; other flags are left to others. */
export function mailOptions(flags: ParsedFlags): MailOptions {
  const texts = (name: string): Record<string, readonly string[]> =>
    flags.has(name) ? { [name]: flags.texts(name) } : {};
  const text = (name: string): Record<string, string> => {
    const value = flags.text(name);
    return value === undefined ? {} : { [name]: value };
  };
  return {
    ...texts("to"),
    ...texts("cc"),
    ...texts("bcc"),
    ...texts("reply-to"),
    ...text("from"),
    ...text("subject"),
    ...text("text"),
    ...text("text-file"),
    ...text("html-file"),
    ...texts("attach"),
    ...texts("inline"),
    ...text("importance"),
    ...texts("header"),
    ...(flags.has("request-receipt") ? { "request-receipt": true } : {}),
    ...texts("dsn"),
    ...text("message-id"),
  };
}

/** @throws {Failure} `usage.invalid`, `message.invalid`, `input.unreadable` */
export async function outgoingFromOptions(
  options: MailOptions,
  at: DraftOptions,
): Promise<Outgoing> {
  const list = (lists: readonly string[] = []): readonly Mailbox[] => mailboxes(lists, at.settings);
  const [to, cc, bcc] = [list(options.to), list(options.cc), list(options.bcc)];
  const replyTo = list(options["reply-to"]);
  const recipients = distinct([...to, ...cc, ...bcc].map((mailbox) => mailbox.address));
  if (recipients.length === 0) {
    throw new Failure("usage.invalid", "send: there is no recipient", {
      remedy: "add --to ADDRESS (or --cc, --bcc)",
    });
  }
  refuseContradictions(options);
  const from = senderOf(options.from, at.profile);
  const importance = importanceOf(options.importance);
  const extraFields = await extraFieldsOf(options.header);
  const { dsn, messageId } = await deliveryOptions(options);
  const attachments = (options.attach ?? []).map(wantedAttachment);
  const { context } = at;
  const { "text-file": textFile, "html-file": htmlFile } = options;
  const inline = htmlFile === undefined ? undefined : await import("./inline_file.ts");
  const inlineFiles = inline?.parseInlineFiles(options.inline ?? []) ?? [];
  const text = textFile === undefined ? options.text : await readText(textFile, context);
  const html = htmlFile === undefined ? undefined : await readText(htmlFile, context);
  inline?.warnOfContentIds(html ?? "", { files: inlineFiles, context });
  return {
    parts: {
      from,
      to,
      cc,
      replyTo,
      subject: options.subject ?? "",
      ...(text === undefined ? {} : { text }),
      ...(html === undefined ? {} : { html }),
      inlineFiles: await inline?.openInlineFiles(inlineFiles, context) ?? [],
      attachments: await Promise.all(attachments.map((file) => openAttachment(file, context))),
      importance,
      ...(options["request-receipt"] === true ? { receiptTo: from } : {}),
      extraFields,
    },
    envelope: {
      reversePath: from.address,
      recipients,
      ...(dsn === undefined ? {} : { dsn }),
    },
    ...(messageId === undefined ? {} : { messageId }),
  };
}

/**
 * What the options say about following the mail.
 * @throws {Failure} `usage.invalid`
 */
export async function deliveryOptions(
  { dsn, "message-id": messageId }: MailOptions,
): Promise<{ readonly dsn?: DsnRequest; readonly messageId?: string }> {
  if (dsn === undefined && messageId === undefined) return {};
  const { parseDsn, parseMessageId } = await import("./delivery_options.ts");
  return {
    ...(dsn === undefined ? {} : { dsn: parseDsn(dsn) }),
    ...(messageId === undefined ? {} : { messageId: parseMessageId(messageId) }),
  };
}

function refuseContradictions(options: MailOptions): void {
  const { text, "text-file": textFile, "html-file": htmlFile, inline = [] } = options;
  if (text !== undefined && textFile !== undefined) {
    throw new Failure("usage.invalid", "send: --text and --text-file exclude each other");
  }
  if (textFile === "-" && htmlFile === "-") {
    throw new Failure(
      "usage.invalid",
      "send: --text-file and --html-file cannot both read standard input",
    );
  }
  if (inline.length > 0 && htmlFile === undefined) {
    throw new Failure("usage.invalid", "send: --inline wants HTML that shows the file", {
      remedy: 'add --html-file FILE with <img src="cid:...">, or use --attach',
    });
  }
}

function importanceOf(option = "normal"): Importance {
  const importance = option.toLowerCase();
  if (importance === "high" || importance === "normal" || importance === "low") return importance;
  throw new Failure(
    "usage.invalid",
    `send: --importance wants high, normal or low, found "${option}"`,
  );
}

async function extraFieldsOf(lines: readonly string[] = []): Promise<readonly ExtraField[]> {
  if (lines.length === 0) return [];
  return (await import("../message/extra_field.ts")).parseExtraFields(lines);
}

/**
 * The sender that `--from` names, or the profile's.
 * @throws {Failure} `usage.invalid`
 */
export function senderOf(option: string | undefined, { sender }: Profile): Mailbox {
  // The profile's address as headers and commands take it: with the domain in A-labels.
  if (option === undefined) return { ...sender, address: parseAddress(sender.address) };
  const [mailbox, ...others] = parseAddressList(option);
  if (mailbox !== undefined && others.length === 0) return mailbox;
  throw new Failure("usage.invalid", `send: --from wants one address, found "${option}"`);
}

/** Those of comma lists. A group's name has no @; a list may mix groups and addresses. */
export function mailboxes(lists: readonly string[], { groups }: Settings): readonly Mailbox[] {
  const ofOne = (element: string): readonly Mailbox[] => {
    const members = groups.get(element);
    if (members !== undefined) return members.flatMap(parseAddressList);
    const group = element.includes("@") ? undefined : nearest(element, [...groups.keys()]);
    if (group === undefined) return parseAddressList(element);
    throw new Failure("usage.invalid", `"${element}" is neither an address nor a group`, {
      remedy: `did you mean ${group}?`,
    });
  };
  return lists.flatMap(splitAddressList).flatMap(ofOne);
}

/** Each address once, the domain in any case. */
export function distinct(addresses: readonly string[]): readonly string[] {
  const seen = new Map(addresses.map((address) => {
    const at = address.lastIndexOf("@");
    return [address.slice(0, at) + address.slice(at).toLowerCase(), address];
  }));
  return [...seen.values()];
}

function wantedAttachment(text: string): WantedFile {
  const wanted = parseWantedFile(text);
  if (wanted !== undefined) return wanted;
  throw new Failure(
    "usage.invalid",
    `send: --attach wants FILE[;name=N][;type=T], found "${text}"`,
  );
}
