// A message from its parts (RFC 5322, RFC 2045 to 2049). Everything but the attachments is laid out at once; those
// are read and encoded while the message is sent. The invariant: the size is known before any of them is opened.

import { Failure } from "../base/failure.ts";
import type { MessageSource } from "../base/message_source.ts";
import { toHex } from "../base/octets.ts";
import { asciiDomain, type Mailbox } from "./address.ts";
import { formatDate } from "./date.ts";
import { addressHeader, fold, oneLine, unstructured } from "./header.ts";
import { checkedMediaType } from "./media_type.ts";
import { encodedWordParameter, extendedParameter, parameterField } from "./parameter.ts";
import { base64Length, encodeBase64, encodeText } from "./transfer_encoding.ts";

const CHUNK_BYTES = 65_536;
const UTF8 = new TextEncoder();

export interface Attachment {
  /** The file name that the reader sees, without a path. */
  readonly name: string;
  /** The media type, without parameters. */
  readonly type: string;
  readonly sizeBytes: number;
  /** The octets from the start; called once for each time that the message is sent. */
  open(): AsyncIterable<Uint8Array>;
}

export interface MessageDraft {
  readonly from: Mailbox;
  readonly replyTo: readonly Mailbox[];
  readonly to: readonly Mailbox[];
  readonly cc: readonly Mailbox[];
  readonly subject: string;
  readonly text?: string;
  readonly html?: string;
  readonly attachments: readonly Attachment[];
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

/** Text that is written as it is, octets, or a file that is read and encoded on the way. */
type Piece = string | Uint8Array | Attachment;

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
    fold("MIME-Version", ["1.0"]),
  ].join("");
}

function wholeEntity(draft: MessageDraft): Entity {
  const readable = readableEntity(draft);
  if (draft.attachments.length > 0) {
    const files = draft.attachments.map(attachmentEntity);
    return multipart("mixed", [readable, ...files], draft.boundarySeed);
  }
  const last = readable.body.at(-1);
  // A text without a line end at its end still needs one to be a message.
  const isEnded = last === undefined || endsWithLineEnd(last);
  return isEnded ? readable : { ...readable, body: [...readable.body, "\r\n"] };
}

function readableEntity(draft: MessageDraft): Entity {
  const { text, html } = draft;
  if (html === undefined) return textEntity("plain", text ?? "");
  const htmlEntity = textEntity("html", html);
  if (text === undefined) return htmlEntity;
  return multipart("alternative", [textEntity("plain", text), htmlEntity], draft.boundarySeed);
}

function textEntity(subtype: "plain" | "html", text: string): Entity {
  const { encoding, octets } = encodeText(text);
  return {
    head: fold("Content-Type", [`text/${subtype};`, "charset=utf-8"]) +
      fold("Content-Transfer-Encoding", [encoding]),
    body: [octets],
  };
}

function attachmentEntity(attachment: Attachment): Entity {
  const name = oneLine(attachment.name, "attachment name");
  const value = checkedMediaType(attachment.type);
  return {
    head: parameterField("Content-Type", {
      value,
      parameters: [encodedWordParameter("name", name)],
    }) + parameterField("Content-Disposition", {
      value: "attachment",
      parameters: [extendedParameter("filename", name)],
    }) + fold("Content-Transfer-Encoding", ["base64"]),
    body: [attachment],
  };
}

function multipart(
  subtype: "mixed" | "alternative",
  parts: readonly Entity[],
  seed: string,
): Entity {
  // `=_` occurs neither in base64 nor in quoted-printable (RFC 2045 §6.7).
  const boundary = `=_${subtype}_${seed}`;
  const body: Piece[] = [];
  for (const part of parts) {
    body.push(`--${boundary}\r\n${part.head}\r\n`, ...part.body, "\r\n");
  }
  body.push(`--${boundary}--\r\n`);
  return {
    head: parameterField("Content-Type", {
      value: `multipart/${subtype}`,
      parameters: [[`boundary="${boundary}"`]],
    }),
    body,
  };
}

function endsWithLineEnd(piece: Piece): boolean {
  if (typeof piece === "string") return piece.endsWith("\r\n");
  return !(piece instanceof Uint8Array) || piece.length === 0 || piece.at(-1) === 0x0a;
}

/** The pieces as octets and attachments, neighbouring texts made one. */
function merged(pieces: readonly Piece[]): readonly (Uint8Array | Attachment)[] {
  const found: (Uint8Array | Attachment)[] = [];
  let text = "";
  for (const piece of pieces) {
    if (typeof piece === "string") {
      text += piece;
      continue;
    }
    if (text !== "") found.push(UTF8.encode(text));
    text = "";
    found.push(piece);
  }
  if (text !== "") found.push(UTF8.encode(text));
  return found;
}

function lengthOf(piece: Uint8Array | Attachment): number {
  return piece instanceof Uint8Array ? piece.length : base64Length(piece.sizeBytes);
}

/** All octets in chunks that are as large as the buffer, or as the encoder makes them. */
async function* gathered(
  pieces: readonly (Uint8Array | Attachment)[],
): AsyncGenerator<Uint8Array> {
  const size = pieces.reduce((sum, piece) => sum + lengthOf(piece), 0);
  const buffer = new Uint8Array(Math.min(CHUNK_BYTES, size));
  let filled = 0;
  for await (const chunk of chunksOf(pieces)) {
    if (filled + chunk.length > buffer.length) {
      if (filled > 0) yield buffer.subarray(0, filled);
      filled = 0;
    }
    buffer.set(chunk, filled);
    filled += chunk.length;
  }
  if (filled > 0) yield buffer.subarray(0, filled);
}

/** The octets of all pieces, never more than `CHUNK_BYTES` at once. */
async function* chunksOf(
  pieces: readonly (Uint8Array | Attachment)[],
): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) {
    if (!(piece instanceof Uint8Array)) {
      yield* encodeBase64(readWhole(piece));
      continue;
    }
    for (let at = 0; at < piece.length; at += CHUNK_BYTES) {
      yield piece.subarray(at, at + CHUNK_BYTES);
    }
  }
}

// The size went to the server before the first octet: another one would make a broken message.
async function* readWhole(attachment: Attachment): AsyncGenerator<Uint8Array> {
  let octets = 0;
  for await (const piece of attachment.open()) {
    octets += piece.length;
    if (octets > attachment.sizeBytes) break;
    yield piece;
  }
  if (octets === attachment.sizeBytes) return;
  const found = octets > attachment.sizeBytes ? "more" : `only ${octets}`;
  throw new Failure(
    "input.unreadable",
    `attachment "${attachment.name}" changed while it was sent: it had ${attachment.sizeBytes} octets, ` +
      `now there are ${found}`,
    { remedy: "send it when nothing writes to it any more, or attach a copy" },
  );
}
