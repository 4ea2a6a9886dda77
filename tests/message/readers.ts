// Other people's readers of messages, in one shape, so that a test can ask all of them the same.

import { type AddressObject, simpleParser } from "mailparser";
import { Buffer } from "node:buffer";
import PostalMime from "postal-mime";
import type { MessageSource } from "../../src/base/message_source.ts";
import { composeMessage, type MessageDraft } from "../../src/message/compose.ts";

export interface ReadMailbox {
  readonly name: string;
  readonly address: string;
}

export interface ReadMessage {
  readonly subject: string;
  readonly from: readonly ReadMailbox[];
  readonly to: readonly ReadMailbox[];
  /** With LF line ends and without those at the end. */
  readonly text: string;
  readonly html: string;
  readonly files: readonly { readonly name: string; readonly base64: string }[];
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
    text: normalText(mail.text),
    html: normalText(mail.html),
    files: mail.attachments.map(({ filename, content }) => ({
      name: filename ?? "",
      base64: String(content),
    })),
  };
}

export async function readWithMailparser(raw: Uint8Array): Promise<ReadMessage> {
  const mail = await simpleParser(Buffer.from(raw), {
    skipHtmlToText: true,
    skipTextToHtml: true,
    skipTextLinks: true,
    skipImageLinks: true,
  });
  return {
    subject: mail.subject ?? "",
    from: mailparserMailboxes(mail.from),
    to: mailparserMailboxes(mail.to),
    text: normalText(mail.text),
    html: normalText(mail.html === false ? undefined : mail.html),
    files: mail.attachments.map(({ filename, content }) => ({
      name: filename ?? "",
      base64: content.toString("base64"),
    })),
  };
}

function mailparserMailboxes(
  found: AddressObject | AddressObject[] | undefined,
): readonly ReadMailbox[] {
  return [found ?? []].flat().flatMap(({ value }) =>
    value.map(({ name, address = "" }) => ({ name, address }))
  );
}

/** With Python's `email`: all messages in one process, each by the default and by the old policy. */
export async function readWithPython(
  messages: readonly Uint8Array[],
): Promise<readonly { readonly default: ReadMessage; readonly compat32: ReadMessage }[]> {
  const child = new Deno.Command("python3", {
    args: ["-c", PYTHON_READER],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  const input = JSON.stringify(
    messages.map((octets) =>
      Array.from(octets, (octet) => octet.toString(16).padStart(2, "0")).join("")
    ),
  );
  const written = writer.write(new TextEncoder().encode(input)).then(() => writer.close());
  const [output] = await Promise.all([child.output(), written]);
  if (!output.success) throw new Error(new TextDecoder().decode(output.stderr));
  return JSON.parse(new TextDecoder().decode(output.stdout));
}

export function hasPython(): boolean {
  try {
    return new Deno.Command("python3", { args: ["--version"] }).outputSync().success;
  } catch {
    return false;
  }
}

export function normalText(text: string | undefined): string {
  return (text ?? "").replace(/\r\n?/g, "\n").replace(/\n+$/, "");
}

const PYTHON_READER = `
import base64, email, email.header, email.policy, email.utils, json, sys

def decoded(value):
    return str(email.header.make_header(email.header.decode_header(value))) if value else ""

def mailboxes(values):
    pairs = email.utils.getaddresses([str(value) for value in values])
    return [{"name": decoded(name), "address": address} for name, address in pairs if address]

def new_mailboxes(header):
    if header is None:
        return []
    return [{"name": one.display_name, "address": one.addr_spec} for one in header.addresses]

def read(raw, policy):
    mail = email.message_from_bytes(raw, policy=policy)
    is_new = policy is email.policy.default
    found = {"text": "", "html": "", "files": []}
    for part in mail.walk():
        if part.is_multipart():
            continue
        content = part.get_payload(decode=True)
        if part.get_content_disposition() == "attachment":
            found["files"].append({
                "name": part.get_filename(""),
                "base64": base64.b64encode(content).decode(),
            })
        else:
            text = content.decode(part.get_content_charset())
            text = text.replace("\\r\\n", "\\n")
            found[{"plain": "text"}.get(part.get_content_subtype(), "html")] = text.rstrip("\\n")
        if part.defects:
            raise ValueError(part.defects)
    if is_new:
        found["subject"] = str(mail["subject"] or "")
        found["from"] = new_mailboxes(mail["from"])
        found["to"] = new_mailboxes(mail["to"])
    else:
        found["subject"] = decoded("".join((mail["subject"] or "").splitlines()))
        found["from"] = mailboxes(mail.get_all("from", []))
        found["to"] = mailboxes(mail.get_all("to", []))
    return found

messages = [bytes.fromhex(text) for text in json.load(sys.stdin)]
print(json.dumps([
    {"default": read(raw, email.policy.default), "compat32": read(raw, email.policy.compat32)}
    for raw in messages
]))
`;
