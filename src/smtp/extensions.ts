// What a server offers in its EHLO reply (RFC 5321 §4.1.1.1 and the extensions named at each field). A greeting is
// forgotten as a whole when TLS starts (RFC 3207 §4.2), so this is a value made anew from each reply.

import type { Reply } from "./reply.ts";

export interface Extensions {
  /** Whether the server knows EHLO at all. */
  readonly isExtended: boolean;
  /** RFC 3207. */
  readonly offersStartTls: boolean;
  /** RFC 2920. */
  readonly offersPipelining: boolean;
  /** BDAT, RFC 3030. */
  readonly offersChunking: boolean;
  /** RFC 6152. */
  readonly offersEightBitMime: boolean;
  /** RFC 6531. */
  readonly offersSmtpUtf8: boolean;
  /** RFC 3461. */
  readonly offersDsn: boolean;
  /** RFC 1870. */
  readonly offersSize: boolean;
  /** The largest message in octets; undefined where the server names no limit. */
  readonly maxMessageBytes: number | undefined;
  /** SASL mechanisms in upper case, RFC 4954; empty where AUTH is not offered. */
  readonly authMechanisms: readonly string[];
}

/** Of a server that knows HELO only. */
export function noExtensions(): Extensions {
  return { ...readExtensions({ code: 250, lines: [], text: "" }), isExtended: false };
}

/** Reads the reply to EHLO, whose first line is the server's name. */
export function readExtensions(reply: Reply): Extensions {
  const keywords = new Map<string, string>();
  const mechanisms = new Set<string>();
  for (const line of reply.lines.slice(1)) {
    // `AUTH=LOGIN` beside `AUTH LOGIN` is the spelling that Outlook Express wanted, and servers still send it.
    const match = /^\s*([A-Za-z0-9][A-Za-z0-9-]*)(?:[ \t=]+(.*))?$/.exec(line);
    const keyword = match?.[1]?.toUpperCase();
    if (keyword === undefined) continue;
    const value = (match?.[2] ?? "").trim();
    if (keyword === "AUTH") {
      for (const name of value.toUpperCase().split(/\s+/)) if (name !== "") mechanisms.add(name);
    }
    if (!keywords.has(keyword)) keywords.set(keyword, value);
  }
  const size = keywords.get("SIZE");
  return {
    isExtended: true,
    offersStartTls: keywords.has("STARTTLS"),
    offersPipelining: keywords.has("PIPELINING"),
    offersChunking: keywords.has("CHUNKING"),
    offersEightBitMime: keywords.has("8BITMIME"),
    offersSmtpUtf8: keywords.has("SMTPUTF8"),
    offersDsn: keywords.has("DSN"),
    offersSize: size !== undefined,
    maxMessageBytes: size !== undefined && /^\d{1,15}$/.test(size) && Number(size) > 0
      ? Number(size)
      : undefined,
    authMechanisms: [...mechanisms],
  };
}
