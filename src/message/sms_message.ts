// The mail that a gateway makes an SMS of: the shortest one that says everything, for what stands in it beside the
// text may be shown on the phone. The invariant: ASCII text is written as it is, in lines that any server takes.

import type { MessageSource } from "../base/message_source.ts";
import { joinOctets } from "../base/octets.ts";
import { formatDate } from "./date.ts";
import { addressHeader, fold, unstructured } from "./header.ts";
import { encodeText } from "./transfer_encoding.ts";

export interface SmsDraft {
  /** Without a name: gateways put it before the text. */
  readonly sender: string;
  /** `number@domain` each. */
  readonly recipients: readonly string[];
  /** Empty for none. */
  readonly subject: string;
  readonly text: string;
  readonly dateMs: number;
  readonly utcOffsetMinutes: number;
  /** With its angle brackets. */
  readonly messageId: string;
}

/** @throws {Failure} `message.invalid` when a value cannot stand in a header */
export function composeSms(draft: SmsDraft): MessageSource {
  const isAscii = /^[\n\r -~\t]*$/.test(draft.text);
  const { encoding, octets } = encodeText(draft.text);
  const header = [
    fold("Date", [formatDate(draft.dateMs, draft.utcOffsetMinutes)]),
    addressHeader("From", [{ address: draft.sender }]),
    addressHeader("To", draft.recipients.map((address) => ({ address }))),
    draft.subject === "" ? "" : unstructured("Subject", draft.subject),
    fold("Message-ID", [draft.messageId]),
    fold("MIME-Version", ["1.0"]),
    fold("Content-Type", ["text/plain;", `charset=${isAscii ? "us-ascii" : "utf-8"}`]),
    encoding === "7bit" ? "" : fold("Content-Transfer-Encoding", [encoding]),
  ].join("");
  const isEnded = octets.length > 0 && octets.at(-1) === 0x0a;
  const whole = joinOctets([
    new TextEncoder().encode(`${header}\r\n`),
    octets,
    new TextEncoder().encode(isEnded ? "" : "\r\n"),
  ]);
  const hasRawUtf8 = /[^ -~\r\n]/.test(header);
  return {
    sizeBytes: whole.length,
    needsEightBitMime: hasRawUtf8,
    needsSmtpUtf8: hasRawUtf8,
    async *chunks(): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(whole);
    },
  };
}
