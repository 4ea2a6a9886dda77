// Other people's readers of messages, in one shape, so that a test can ask all of them the same.

import { type AddressObject, simpleParser } from "mailparser";
import { Buffer } from "node:buffer";
import { domainToASCII } from "node:url";
import PostalMime, { decodeWords } from "postal-mime";
import type { MessageSource } from "../../src/base/message_source.ts";
import { composeMessage, type MessageDraft } from "../../src/message/compose.ts";

export interface ReadMailbox {
  readonly name: string;
  readonly address: string;
}

export interface ReadFile {
  readonly name: string;
  readonly base64: string;
  /** Without angle brackets; empty when there is none. */
  readonly contentId: string;
}

export interface ReadMessage {
  readonly subject: string;
  readonly from: readonly ReadMailbox[];
  readonly to: readonly ReadMailbox[];
  readonly cc: readonly ReadMailbox[];
  readonly replyTo: readonly ReadMailbox[];
  /** The value of X-Plant. */
  readonly field: string;
  /** With LF line ends and without those at the end. */
  readonly text: string;
  readonly html: string;
  /** In the order in which they stand in the message. */
  readonly files: readonly ReadFile[];
}

/** How often a property is tried; 2,000 times with PLANTPOST_SLOW=1. */
export const RUNS = { numRuns: Deno.env.get("PLANTPOST_SLOW") === "1" ? 2000 : 100 };

export const DRAFT: MessageDraft = {
  from: { name: "Plant Admin", address: "reports@contoso.com" },
  replyTo: [],
  to: [{ address: "anna@contoso.com" }],
  cc: [],
  subject: "Daily report",
  text: "All pumps run.\n",
  attachments: [],
  dateMs: Date.UTC(2026, 6, 27, 6, 5, 9),
  utcOffsetMinutes: 120,
  messageId: "<0123456789abcdef@contoso.com>",
  boundarySeed: "5eed5eed5eed",
};

export async function octetsOf(message: MessageSource): Promise<Uint8Array> {
  const octets = new Uint8Array(message.sizeBytes);
  let at = 0;
  for await (const chunk of message.chunks()) {
    octets.set(chunk, at);
    at += chunk.length;
  }
  if (at !== message.sizeBytes) throw new Error(`said ${message.sizeBytes} octets, gave ${at}`);
  return octets;
}

export async function rawText(draft: Partial<MessageDraft>): Promise<string> {
  return new TextDecoder().decode(await octetsOf(composeMessage({ ...DRAFT, ...draft })));
}

export async function readWithPostalMime(raw: Uint8Array): Promise<ReadMessage> {
  const mail = await PostalMime.parse(raw, { attachmentEncoding: "base64" });
  const mailboxes = (
    list: readonly { readonly name: string; readonly address?: string | undefined }[] | undefined,
  ): readonly ReadMailbox[] => (list ?? []).map(({ name, address = "" }) => ({ name, address }));
  return {
    subject: mail.subject ?? "",
    from: mailboxes(mail.from === undefined ? [] : [mail.from]),
    to: mailboxes(mail.to),
    cc: mailboxes(mail.cc),
    replyTo: mailboxes(mail.replyTo),
    field: decodeWords(mail.headers.find(({ key }) => key === "x-plant")?.value ?? ""),
    text: normalText(mail.text),
    html: normalText(mail.html),
    files: mail.attachments.map(({ filename, content, contentId = "" }) => ({
      name: filename ?? "",
      base64: String(content),
      contentId: contentId.slice(1, -1),
    })),
  };
}

export async function readWithMailparser(raw: Uint8Array): Promise<ReadMessage> {
  const mail = await simpleParser(Buffer.from(raw), {
    skipHtmlToText: true,
    skipTextToHtml: true,
    skipTextLinks: true,
    skipImageLinks: true,
    keepCidLinks: true,
  });
  return {
    subject: mail.subject ?? "",
    from: mailparserMailboxes(mail.from),
    to: mailparserMailboxes(mail.to),
    cc: mailparserMailboxes(mail.cc),
    replyTo: mailparserMailboxes(mail.replyTo),
    // It leaves the encoded-words of fields that it does not know to the program.
    field: decodeWords(String(mail.headers.get("x-plant") ?? "")),
    text: normalText(mail.text),
    html: normalText(mail.html === false ? undefined : mail.html),
    files: mail.attachments.map(({ filename, content, cid = "" }) => ({
      name: filename ?? "",
      base64: content.toString("base64"),
      contentId: cid,
    })),
  };
}

function mailparserMailboxes(
  found: AddressObject | AddressObject[] | undefined,
): readonly ReadMailbox[] {
  return [found ?? []].flat().flatMap(({ value }) =>
    value.map(({ name, address = "" }) => ({ name, address: withAsciiDomain(address) }))
  );
}

// mailparser shows A-labels as people write them.
function withAsciiDomain(address: string): string {
  const at = address.lastIndexOf("@") + 1;
  const domain = address.slice(at);
  return /^[ -~]*$/.test(domain) ? address : address.slice(0, at) + domainToASCII(domain);
}

export function normalText(text: string | undefined): string {
  return (text ?? "").replace(/\r\n?/g, "\n").replace(/\n+$/, "");
}
