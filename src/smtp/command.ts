// SMTP commands as lines without their CRLF (RFC 5321 §4.1, RFC 1870, RFC 3030, RFC 3461, RFC 4954, RFC 6152, RFC 6531).
// The invariant: whatever comes from outside into a line cannot end it, nor begin another parameter in it.

import { Failure } from "../base/failure.ts";

/** Octets of a command line with its CRLF, which extensions of MAIL and RCPT may exceed (RFC 5321 §4.5.3.1.4). */
export const MAX_COMMAND_LINE_BYTES = 512;

/** @throws {Failure} `message.invalid` for a control character or a blank */
export function ehloCommand(clientName: string): string {
  return `EHLO ${word(clientName, "EHLO argument")}`;
}

/** For servers without extensions. @throws {Failure} as `ehloCommand()` */
export function heloCommand(clientName: string): string {
  return `HELO ${word(clientName, "HELO argument")}`;
}

/**
 * The address literal that stands for this PC (RFC 5321 §4.1.3). A PC's own name is often not fully qualified, or
 * holds a `_`, and is refused for that; its address never is.
 */
export function addressLiteral(localAddress: string): string {
  const address = localAddress.replace(/%.*$/, "");
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return `[${mapped}]`;
  if (address.includes(":")) return `[IPv6:${address}]`;
  return address === "" ? "[127.0.0.1]" : `[${address}]`;
}

export interface MailParameters {
  /** Octets of the message (RFC 1870). */
  readonly sizeBytes?: number | undefined;
  readonly isEightBitMime?: boolean;
  readonly isSmtpUtf8?: boolean;
  /** What a report of the message's fate holds of it, and by what it names it (RFC 3461 §4.3, §4.4). */
  readonly dsn?: { readonly ret?: "full" | "hdrs"; readonly envelopeId?: string };
}

export type DsnNotify = "success" | "failure" | "delay" | "never";

/** RFC 3461 §4.4 and §4.2. */
const MAX_ENVELOPE_ID_LENGTH = 100;
const MAX_ORIGINAL_RECIPIENT_LENGTH = 500;

/**
 * MAIL FROM; an empty reverse-path is `<>`.
 * @throws {Failure} `message.invalid` for an address that would break the line
 */
export function mailCommand(reversePath: string, parameters: MailParameters = {}): string {
  let line = `MAIL FROM:<${path(reversePath, "sender")}>`;
  if (parameters.sizeBytes !== undefined) line += ` SIZE=${parameters.sizeBytes}`;
  if (parameters.isEightBitMime === true) line += " BODY=8BITMIME";
  if (parameters.isSmtpUtf8 === true) line += " SMTPUTF8";
  const { ret, envelopeId } = parameters.dsn ?? {};
  if (ret !== undefined) line += ` RET=${ret.toUpperCase()}`;
  const id = envelopeId === undefined ? undefined : xtext(envelopeId);
  // One that is too long is left out, for half of it would name nothing.
  if (id !== undefined && id !== "" && id.length <= MAX_ENVELOPE_ID_LENGTH) line += ` ENVID=${id}`;
  return line;
}

/**
 * RCPT TO; with `notify`, when the server is to report what became of the mail.
 * @throws {Failure} `message.invalid` for an empty address, or one that would break the line
 */
export function rcptCommand(recipient: string, notify: readonly DsnNotify[] = []): string {
  if (recipient === "") throw new Failure("message.invalid", "recipient: must not be empty");
  const line = `RCPT TO:<${path(recipient, "recipient")}>`;
  if (notify.length === 0) return line;
  const original = xtext(recipient);
  const isNamed = original !== undefined && original.length <= MAX_ORIGINAL_RECIPIENT_LENGTH;
  return `${line} NOTIFY=${notify.join(",").toUpperCase()}` +
    (isNamed ? ` ORCPT=rfc822;${original}` : "");
}

/** RFC 3461 §4; undefined for what it cannot carry, which is anything but printable ASCII. */
export function xtext(text: string): string | undefined {
  if (!/^[\x21-\x7e]*$/.test(text)) return undefined;
  return text.replace(
    /[+=]/g,
    (char) => `+${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** AUTH with or without its initial response, which is base64 already; an empty one is `=` (RFC 4954 §4). */
export function authCommand(mechanism: string, initialResponse?: string): string {
  const line = `AUTH ${word(mechanism, "AUTH mechanism")}`;
  if (initialResponse === undefined) return line;
  return `${line} ${initialResponse === "" ? "=" : word(initialResponse, "initial response")}`;
}

/** The head of a chunk of the message (RFC 3030 §2). */
export function bdatCommand(sizeBytes: number, isLast: boolean): string {
  return isLast ? `BDAT ${sizeBytes} LAST` : `BDAT ${sizeBytes}`;
}

/** Whether an address can only be used with SMTPUTF8. */
export function needsSmtpUtf8(address: string): boolean {
  for (let i = 0; i < address.length; i++) if (address.charCodeAt(i) > 0x7e) return true;
  return false;
}

function word(text: string, what: string): string {
  if (text === "" || hasControl(text) || text.includes(" ")) {
    throw new Failure("message.invalid", `${what}: must be one word without control characters`);
  }
  return text;
}

function path(address: string, what: string): string {
  if (hasControl(address)) {
    throw new Failure(
      "message.invalid",
      `${what}: must not hold a line break or control character`,
    );
  }
  const bare = address.startsWith('"') ? address.replace(/^"(?:[^"\\]|\\.)*"/, "") : address;
  if (/[\s<>]/.test(bare)) {
    throw new Failure(
      "message.invalid",
      `${what}: must be an address without blanks and angle brackets, found "${address}"`,
    );
  }
  return address;
}

function hasControl(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x20 || (unit >= 0x7f && unit < 0xa0)) return true;
  }
  return false;
}
