// The one thing that passes between the message writer and the SMTP client.

/** A finished RFC 5322 message: CRLF line ends only, no line over 998 octets, ends with CRLF, not dot-stuffed. */
export interface MessageSource {
  /** Exact number of octets that `chunks()` yields. */
  readonly sizeBytes: number;
  /** Whether any octet is above 127, so that 8BITMIME is needed (RFC 6152). */
  readonly needsEightBitMime: boolean;
  /** Whether a header holds raw UTF-8, so that SMTPUTF8 is needed (RFC 6531). */
  readonly needsSmtpUtf8: boolean;
  /**
   * The octets from the start, in chunks that stay valid only until the next one is asked for. May be called
   * again: a second attempt sends the same message.
   * @throws {Failure} `input.unreadable` when a file cannot be read any more or changed its size
   */
  chunks(): AsyncIterable<Uint8Array>;
}
