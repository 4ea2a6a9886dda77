// A message from its parts (RFC 5322, RFC 2045 to 2049, RFC 2387). Everything but the files is laid out at once; those
// are read and encoded while the message is sent. The invariant: the size is known before any of them is opened.

import { Failure } from "../base/failure.ts";
import type { MessageSource } from "../base/message_source.ts";
import { toHex } from "../base/octets.ts";
import { asciiDomain, type Mailbox } from "./address.ts";
import { formatDate } from "./date.ts";
import { addressHeader, fieldName, fold, oneLine, unstructured } from "./header.ts";
import { checkedMediaType } from "./media_type.ts";
import { encodedWordParameter, extendedParameter, parameterField } from "./parameter.ts";
import { type Attachment, gathered, lengthOf, merged, type Piece } from "./pieces.ts";
import { encodeText } from "./transfer_encoding.ts";

export type { Attachment } from "./pieces.ts";

/** A file that the HTML shows as `cid:` and its content id. */
export interface InlineFile extends Attachment {
  /** Without angle brackets. */
  readonly contentId: string;
}

export interface ExtraField {
  readonly name: string;
  readonly value: string;
}

export type Importance = "high" | "normal" | "low";

export interface MessageDraft {
  readonly from: Mailbox;
  readonly replyTo: readonly Mailbox[];
  readonly to: readonly Mailbox[];
  readonly cc: readonly Mailbox[];
  readonly subject: string;
  readonly text?: string;
  readonly html?: string;
  /** Only beside HTML. */
  readonly inlineFiles?: readonly InlineFile[];
  readonly attachments: readonly Attachment[];
  readonly importance?: Importance;
  /** Who gets the receipt that the reader's program may send (RFC 8098). */
  readonly receiptTo?: Mailbox;
  /** Fields that nothing else here makes. */
  readonly extraFields?: readonly ExtraField[];
  readonly dateMs: number;
  /** Minutes to add to UTC to get the local time that the Date field shows. */
  readonly utcOffsetMinutes: number;
  /** With its angle brackets. */
  readonly messageId: string;
  /** Letters and digits, random and never used before: no text may hold it by chance. */
  readonly boundarySeed: string;
}

/**
 * The finished message.
 * @throws {Failure} `message.invalid` when a value cannot stand in a header, `usage.invalid` for a media type
 */
export function composeMessage(draft: MessageDraft): MessageSource {
  const { head, body } = wholeEntity(draft);
  const header = messageHeader(draft) + head;
  const pieces = merged([`${header}\r\n`, ...body]);
  const sizeBytes = pieces.reduce((sum, piece) => sum + lengthOf(piece), 0);
  // Bodies are always encoded, so only a local part outside ASCII puts such octets into the message.
  const hasRawUtf8 = /[^ -~\r\n]/.test(header);
  return {
    sizeBytes,
    needsEightBitMime: hasRawUtf8,
    needsSmtpUtf8: hasRawUtf8,
    chunks: () => gathered(pieces),
  };
}

/** `<random@domain of the sender>`, unique as long as the random octets are. */
export function newMessageId(random: Uint8Array, senderAddress: string): string {
  const domain = asciiDomain(senderAddress.slice(senderAddress.lastIndexOf("@") + 1));
  return `<${toHex(random)}@${domain ?? "localhost"}>`;
}

/** A MIME entity: its Content fields, each with its line end, and what follows the empty line. */
interface Entity {
  readonly head: string;
  readonly body: readonly Piece[];
}

function messageHeader(draft: MessageDraft): string {
  const mailboxes = (name: string, list: readonly Mailbox[]): string =>
    list.length === 0 ? "" : addressHeader(name, list);
  const isUndisclosed = draft.to.length === 0 && draft.cc.length === 0;
  return [
    fold("Date", [formatDate(draft.dateMs, draft.utcOffsetMinutes)]),
    addressHeader("From", [draft.from]),
    isUndisclosed ? fold("To", ["undisclosed-recipients:;"]) : mailboxes("To", draft.to),
    mailboxes("Cc", draft.cc),
    mailboxes("Reply-To", draft.replyTo),
    unstructured("Subject", draft.subject),
    fold("Message-ID", [oneLine(draft.messageId, "Message-ID")]),
    fold("Auto-Submitted", ["auto-generated"]),
    ...importanceFields(draft.importance),
    mailboxes(
      "Disposition-Notification-To",
      draft.receiptTo === undefined ? [] : [draft.receiptTo],
    ),
    ...(draft.extraFields ?? []).map(({ name, value }) => unstructured(fieldName(name), value)),
    fold("MIME-Version", ["1.0"]),
  ].join("");
}

// Importance is RFC 2156's and Outlook's; X-Priority is what the others read. X-MSMail-Priority says the same, and spam
// filters hold it against mail that no Outlook has written.
function importanceFields(importance: Importance = "normal"): readonly string[] {
  if (importance === "normal") return [];
  const isHigh = importance === "high";
  return [
    fold("Importance", [importance]),
    fold("X-Priority", isHigh ? ["1", "(Highest)"] : ["5", "(Lowest)"]),
  ];
}

function wholeEntity(draft: MessageDraft): Entity {
  const readable = readableEntity(draft);
  if (draft.attachments.length > 0) {
    const files = draft.attachments.map((file) => fileEntity(file));
    return multipart("mixed", { parts: [readable, ...files], seed: draft.boundarySeed });
  }
  const last = readable.body.at(-1);
  // A text without a line end at its end still needs one to be a message.
  const isEnded = last === undefined || endsWithLineEnd(last);
  return isEnded ? readable : { ...readable, body: [...readable.body, "\r\n"] };
}

function readableEntity(draft: MessageDraft): Entity {
  const { text, html, inlineFiles = [], boundarySeed: seed } = draft;
  if (html === undefined) {
    if (inlineFiles.length === 0) return textEntity("plain", text ?? "");
    throw new Failure("message.invalid", "inline files want HTML that shows them");
  }
  const shown = htmlEntity(html, { inlineFiles, seed });
  if (text === undefined) return shown;
  return multipart("alternative", { parts: [textEntity("plain", text), shown], seed });
}

function htmlEntity(
  html: string,
  beside: { readonly inlineFiles: readonly InlineFile[]; readonly seed: string },
): Entity {
  const { inlineFiles, seed } = beside;
  const root = textEntity("html", html);
  if (inlineFiles.length === 0) return root;
  const files = inlineFiles.map((file) => fileEntity(file, file.contentId));
  return multipart("related", { parts: [root, ...files], seed, parameters: ['type="text/html"'] });
}

function textEntity(subtype: "plain" | "html", text: string): Entity {
  const { encoding, octets } = encodeText(text);
  return {
    head: fold("Content-Type", [`text/${subtype};`, "charset=utf-8"]) +
      fold("Content-Transfer-Encoding", [encoding]),
    body: [octets],
  };
}

/** A file as an attachment; with a content id as one that the HTML shows. */
function fileEntity(file: Attachment, contentId?: string): Entity {
  const name = oneLine(file.name, "attachment name");
  const value = checkedMediaType(file.type);
  return {
    head: parameterField("Content-Type", {
      value,
      parameters: [encodedWordParameter("name", name)],
    }) + parameterField("Content-Disposition", {
      value: contentId === undefined ? "attachment" : "inline",
      parameters: [extendedParameter("filename", name)],
    }) + (contentId === undefined ? "" : fold("Content-ID", [`<${checkedContentId(contentId)}>`])) +
      fold("Content-Transfer-Encoding", ["base64"]),
    body: [file],
  };
}

// What stands between the angle brackets; whether the HTML can name it is asked where it is given.
function checkedContentId(contentId: string): string {
  if (/^[!-;=?-~]{1,200}$/.test(contentId)) return contentId;
  throw new Failure("message.invalid", `content id ${JSON.stringify(contentId)} is not valid`);
}

function multipart(
  subtype: "mixed" | "alternative" | "related",
  options: {
    readonly parts: readonly Entity[];
    readonly seed: string;
    readonly parameters?: readonly string[];
  },
): Entity {
  // `=_` occurs neither in base64 nor in quoted-printable (RFC 2045 §6.7).
  const boundary = `=_${subtype}_${options.seed}`;
  const body: Piece[] = [];
  for (const part of options.parts) {
    body.push(`--${boundary}\r\n${part.head}\r\n`, ...part.body, "\r\n");
  }
  body.push(`--${boundary}--\r\n`);
  return {
    head: parameterField("Content-Type", {
      value: `multipart/${subtype}`,
      parameters: [...(options.parameters ?? []), `boundary="${boundary}"`].map((one) => [one]),
    }),
    body,
  };
}

function endsWithLineEnd(piece: Piece): boolean {
  if (typeof piece === "string") return piece.endsWith("\r\n");
  return !(piece instanceof Uint8Array) || piece.length === 0 || piece.at(-1) === 0x0a;
}
