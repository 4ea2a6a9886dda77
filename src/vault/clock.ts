// This PC's clock beside the provider's, by the `Date` header of its answers (RFC 9110 §6.6.1). The invariant: a
// difference is told, and never taken into account where tokens are stored: their times are this PC's own.

import { Failure } from "../base/failure.ts";

/** What certificates, TLS and signed requests bear without harm. */
const BEARABLE_SKEW_MS = 300_000;
/** The header counts seconds, and an answer is some time under way. */
const NOTABLE_SKEW_MS = 30_000;

export interface ClockWarning {
  readonly code: "clock_wrong";
  readonly message: string;
  readonly remedy: string;
}

/** This PC's clock minus the provider's; undefined where the two agree, or the header is no date. */
export function skewOf(dateHeader: string | null, nowMs: number): number | undefined {
  const dateMs = dateHeader === null ? Number.NaN : Date.parse(dateHeader);
  const skewMs = nowMs - dateMs;
  return Math.abs(skewMs) >= NOTABLE_SKEW_MS ? skewMs : undefined;
}

/** The warning for a clock that is wrong by more than five minutes. */
export function clockWarning(skewMs: number | undefined): ClockWarning | undefined {
  if (skewMs === undefined || Math.abs(skewMs) <= BEARABLE_SKEW_MS) return undefined;
  const side = skewMs > 0 ? "ahead of" : "behind";
  return {
    code: "clock_wrong",
    message: `this PC's clock is ${spanOf(Math.abs(skewMs))} ${side} the provider's`,
    remedy: "set the clock, the date and the time zone of this PC right, and let it keep them by " +
      "NTP (Windows: Settings > Time & language > Date & time > Sync now)",
  };
}

/** The failure with the clock in its remedy, where a wrong clock explains it. */
export function withClock(
  failure: Failure,
  at: { readonly skewMs: number | undefined; readonly hasCertificate: boolean },
): Failure {
  const warning = clockWarning(at.skewMs);
  if (warning === undefined || !isExplained(failure, at.hasCertificate)) return failure;
  const remedy = `${warning.remedy}: ${warning.message}, and that explains this refusal`;
  return new Failure(failure.code, failure.message, {
    remedy: failure.remedy === undefined ? remedy : `${remedy}\n${failure.remedy}`,
    retry: failure.retry,
    ...(failure.refusal === undefined ? {} : { refusal: failure.refusal }),
    cause: failure.cause,
  });
}

// A signed request that is not valid yet, or no longer; a server's certificate that seems to be neither.
function isExplained({ code, message, refusal }: Failure, hasCertificate: boolean): boolean {
  if (code === "net.tls") return /expired|not ?(?:yet )?valid|notvalidyet/i.test(message);
  if (refusal?.kind !== "oauth") return false;
  if (hasCertificate && refusal.error === "invalid_client") return true;
  const text = `${refusal.errorDescription ?? ""} ${(refusal.errorCodes ?? []).join(" ")}`;
  return /\b(?:AADSTS)?(?:700024|50027|500133)\b/.test(text);
}

function spanOf(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  if (minutes < 120) return `${minutes} minutes`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} hours` : `${Math.round(hours / 24)} days`;
}
