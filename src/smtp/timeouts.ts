// How long the server may take for each turn, from the one figure of the profile, `smtp.timeout` (30 s). RFC 5321
// §4.5.3.2 gives minutes: greeting, MAIL and RCPT 5, DATA 2, a block of the message 3, its end 10. A plant's alarm
// cannot wait that long for a server that is not there, so the profile's time stands for the two minutes of DATA, and
// the others follow in the RFC's proportions, but for two. The invariant: no turn lasts longer than its time, however
// few octets keep coming.

export interface Timeouts {
  /** Greeting, EHLO, STARTTLS and AUTH: nothing was sent yet, so another try costs nothing and comes sooner. */
  readonly sessionMs: number;
  /** MAIL and RCPT, each: the server may look the addresses up. */
  readonly envelopeMs: number;
  readonly dataMs: number;
  /** For each `WRITE_BYTES` that the server takes. */
  readonly blockMs: number;
  /** For the reply to the message: giving up here leaves its fate unknown, so this is cut down least. */
  readonly messageMs: number;
}

export function timeoutsOf(timeoutMs: number): Timeouts {
  return {
    sessionMs: timeoutMs,
    envelopeMs: timeoutMs * 2.5,
    dataMs: timeoutMs,
    blockMs: timeoutMs * 1.5,
    messageMs: timeoutMs * 10,
  };
}
