// Mails made up by fast-check: what stands in mails of plants, and what breaks writers and readers of messages. The
// invariant: a mail says itself what a reader must find in the message that is made of it.

import fc from "fast-check";
import { toBase64 } from "../../src/base/base64.ts";
import type { Mailbox } from "../../src/message/address.ts";
import type { Attachment, MessageDraft } from "../../src/message/compose.ts";
import { DRAFT, normalText, type ReadMailbox, type ReadMessage } from "./readers.ts";

interface MadeUpFile {
  readonly name: string;
  readonly octets: Uint8Array;
}

export interface MadeUpMail {
  readonly subject: string;
  readonly field: string;
  readonly from: Mailbox;
  readonly to: readonly Mailbox[];
  readonly cc: readonly Mailbox[];
  readonly replyTo: readonly Mailbox[];
  readonly text: string | undefined;
  readonly html: string | undefined;
  readonly inlineFiles: readonly MadeUpFile[];
  readonly files: readonly MadeUpFile[];
  readonly importance: "high" | "normal" | "low";
}

// Quotes, umlauts, signs beyond the BMP, half of such a sign, long words, and what looks like syntax.
const word = fc.oneof(
  fc.string({ minLength: 1, maxLength: 12 }),
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 }),
  fc.constantFrom(
    ...["Öl", "№3", "Müller,", "=?UTF-8?Q?x?=", "=?", "?=", '"', "\\", '\\"', ",", ";", ":"],
    ...["<b@x>", "b@x", "(c)", "(", ")", "😀", "👩‍🔧", "日本語", "a=b", "=41", "%41", "*", "'"],
    ...["e\u0301", "\u202Eabc", "\ud83d", "&amp;"],
  ),
  fc.integer({ min: 1, max: 140 }).map((length) => "x".repeat(length)),
).map((text) => text.replace(/[\p{Z}\p{Cc}\ufeff]/gu, "_"));

/** Words with one blank between them. */
export const line: fc.Arbitrary<string> = fc.array(word, { maxLength: 5 }).map((words) =>
  words.join(" ")
);

const body = fc.array(
  fc.oneof(
    line,
    fc.constantFrom("", ".", "..", ".\r\n", "From here", "--", "trailing ", "\ttab\t", "a=b"),
    fc.constantFrom("ö".repeat(200), "x".repeat(2000), "a\0b", "\x1a", "\f", "\x7f", "\u2028"),
  ),
  { maxLength: 5 },
).chain((lines) => fc.constantFrom("\n", "\r\n", "\r").map((end) => lines.join(end)));

const mailbox: fc.Arbitrary<Mailbox> = fc.record({
  name: line,
  address: fc.constantFrom(
    ...["a@contoso.com", "b.c+d@sub.contoso.com", "x@localhost", "o'neil@contoso.com"],
    ...["a@xn--mller-kva.de", "a=b@contoso.com", `${"l".repeat(64)}@contoso.com`],
  ),
});

const file: fc.Arbitrary<MadeUpFile> = fc.record({
  name: fc.tuple(line, fc.constantFrom(".pdf", ".xlsx", "")).map(([name, end]) => `f${name}${end}`),
  octets: fc.uint8Array({ maxLength: 300 }),
});

export const mails: fc.Arbitrary<MadeUpMail> = fc.record({
  subject: line,
  field: line,
  from: mailbox,
  to: fc.array(mailbox, { minLength: 1, maxLength: 3 }),
  cc: fc.array(mailbox, { maxLength: 1 }),
  replyTo: fc.array(mailbox, { maxLength: 1 }),
  text: fc.option(body, { nil: undefined }),
  html: fc.option(body.map((text) => `<p>${text}</p>`), { nil: undefined }),
  inlineFiles: fc.array(file, { maxLength: 2 }),
  files: fc.array(file, { maxLength: 2 }),
  importance: fc.constantFrom("high", "normal", "low"),
}).map((mail) => mail.html === undefined ? { ...mail, inlineFiles: [] } : mail);

export function draftOf(mail: MadeUpMail): MessageDraft {
  const { from, to, cc, replyTo, subject, importance, text, html } = mail;
  const { text: _, ...fixed } = DRAFT;
  return {
    ...fixed,
    ...{ from, to, cc, replyTo, subject, importance },
    ...(text === undefined ? {} : { text }),
    ...(html === undefined ? {} : { html }),
    inlineFiles: mail.inlineFiles.map((inline, index) => ({
      ...attachmentOf(inline),
      contentId: contentIdOf(index),
    })),
    attachments: mail.files.map(attachmentOf),
    extraFields: [{ name: "X-Plant", value: mail.field }],
    receiptTo: from,
  };
}

/** What every reader must find. */
export function asRead(mail: MadeUpMail): ReadMessage {
  const mailboxes = (list: readonly Mailbox[]): readonly ReadMailbox[] =>
    list.map(({ name = "", address }) => ({ name: onWire(name), address }));
  return {
    subject: onWire(mail.subject),
    field: onWire(mail.field),
    from: mailboxes([mail.from]),
    to: mailboxes(mail.to),
    cc: mailboxes(mail.cc),
    replyTo: mailboxes(mail.replyTo),
    text: normalText(onWire(mail.text ?? "")),
    html: normalText(onWire(mail.html ?? "")),
    files: [
      ...mail.inlineFiles.map((file, index) => fileAsRead(file, contentIdOf(index))),
      ...mail.files.map((file) => fileAsRead(file, "")),
    ],
  };
}

function fileAsRead(file: MadeUpFile, contentId: string): ReadMessage["files"][number] {
  return { name: onWire(file.name), base64: toBase64(file.octets), contentId };
}

function contentIdOf(index: number): string {
  return index === 0 ? "logo" : `image${index}.png@01DA0000.1234ABCD`;
}

// Half of a surrogate pair has no octets in UTF-8; the sign of replacement stands for it.
function onWire(text: string): string {
  return text.toWellFormed();
}

function attachmentOf({ name, octets }: MadeUpFile): Attachment {
  return {
    name,
    type: "application/octet-stream",
    sizeBytes: octets.length,
    open: () => inPieces(octets),
  };
}

/** The octets in pieces that no encoder's lines or chunks fit. */
export async function* inPieces(octets: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < octets.length; at += 100) yield await octets.subarray(at, at + 100);
}
