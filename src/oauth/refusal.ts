// Refusals of the authorization and token endpoints (RFC 6749 §4.1.2.1, §5.2) as failures. What can be retried
// follows from status and `error`; a number can only say that what looks final passes by itself, never the reverse.
// Numbers and sentences choose the remedy, in the catalogue.

import { Failure, type FailureCode, type OauthRefusal, type Retry } from "../base/failure.ts";

/** An answer of the token endpoint, or of the device endpoint, that does not hold what was asked for. */
export interface RefusedToken {
  /** For the message: `refresh the access token`, `sign in`. */
  readonly doing: string;
  readonly endpoint: string;
  /** What was asked for, and the profile's key of the endpoint; a token response unless told. */
  readonly wanted?: { readonly answer: string; readonly key: string };
  readonly status: number;
  readonly retryAfter: string | null;
  /** The provider's clock, against which a date in `retryAfter` is read. */
  readonly date?: string | null;
  readonly contentType: string;
  /** Undefined when the body is no JSON object. */
  readonly body: Readonly<Record<string, unknown>> | undefined;
}

export function refusedToken(answer: RefusedToken): Failure {
  const refusal = readRefusal(answer.body, answer.status);
  if (refusal === undefined) return unreadableAnswer(answer);
  return refused(refusal, answer);
}

/** The failure for an error that came back to the redirect URI. */
export function refusedAuthorization(parameters: URLSearchParams): Failure {
  const refusal = readRefusal(Object.fromEntries(parameters), undefined) ??
    { kind: "oauth" as const, error: "unknown" };
  return refused(refusal, { doing: "sign in", retryAfter: null });
}

/** `AADSTS7000222` and the like from a refusal; undefined where the provider gave no number. */
export function aadstsCode(refusal: OauthRefusal): string | undefined {
  const inText = /AADSTS(\d{5,8})/.exec(refusal.errorDescription ?? "")?.[1];
  const number = inText ?? refusal.errorCodes?.[0];
  return number === undefined ? undefined : `AADSTS${number}`;
}

type Told = Pick<RefusedToken, "doing" | "retryAfter" | "date">;

function refused(refusal: OauthRefusal, at: Told): Failure {
  const [code, retry] = classify(refusal);
  const aadsts = aadstsCode(refusal);
  const name = aadsts === undefined || refusal.errorDescription?.includes(aadsts) === true
    ? refusal.error
    : `${refusal.error} (${aadsts})`;
  const words = refusal.errorDescription === undefined
    ? ""
    : `: ${firstLine(refusal.errorDescription)}`;
  const isToldWhen = code === "oauth.temporary" && at.retryAfter !== null;
  const pauseMs = code === "oauth.temporary" ? pauseOf(at) ?? ownPauseOf(refusal) : undefined;
  return new Failure(code, `failed to ${at.doing}: the provider answered ${name}${words}`, {
    ...(isToldWhen ? { remedy: `nothing is lost: try again ${whenAgain(at.retryAfter)}` } : {}),
    retry,
    refusal,
    ...(pauseMs === undefined ? {} : { pauseMs }),
  });
}

function classify(refusal: OauthRefusal): readonly [FailureCode, Retry] {
  const isServersTrouble = refusal.status !== undefined &&
    (refusal.status === 429 || refusal.status >= 500);
  if (isServersTrouble || TRANSIENT.has(refusal.error)) return ["oauth.temporary", "later"];
  if (numbersOf(refusal).some((number) => PASSING.has(number) || SLOWLY_PASSING.has(number))) {
    return ["oauth.temporary", "later"];
  }
  if (SIGN_IN_AGAIN.has(refusal.error)) return ["oauth.grant_expired", "after-login"];
  if (DECLINED.has(refusal.error)) return ["oauth.consent_denied", "after-login"];
  if (refusal.error === "expired_token") return ["oauth.sign_in_timeout", "after-login"];
  if (refusal.error === "bad_verification_code") return ["oauth.refused", "after-login"];
  if (refusal.error === "invalid_client" || refusal.error === "unauthorized_client") {
    return ["oauth.client_refused", "never"];
  }
  return ["oauth.refused", "never"];
}

// The second one is Microsoft's word for it in the device flow.
const DECLINED = new Set(["access_denied", "authorization_declined"]);
const TRANSIENT = new Set([
  "temporarily_unavailable",
  "server_error",
  // Google's own
  "internal_failure",
  "rateLimitExceeded",
]);
/** Microsoft's numbers for faults that pass by themselves, whatever `error` they come with. */
const PASSING: ReadonlySet<number> = new Set([
  90033,
  90006,
  90090,
  90024,
  90012,
  50033,
  50087,
  40010,
  70012,
  50000,
  90036,
]);
/** The same for what takes minutes: too many requests, calls, wrong passwords, a loop; out of the logon hours. */
const SLOWLY_PASSING: ReadonlySet<number> = new Set([90055, 50088, 50053, 50196, 80012]);
const SLOW_PAUSE_MS = 300_000;
const SIGN_IN_AGAIN = new Set([
  "invalid_grant",
  "interaction_required",
  "consent_required",
  "login_required",
]);

// A proxy's or firewall's page, an empty answer, a redirect.
function unreadableAnswer(answer: RefusedToken): Failure {
  const { answer: wanted, key } = answer.wanted ??
    { answer: "token response", key: "oauth.token_endpoint" };
  const type = answer.contentType === "" ? "no content type" : answer.contentType;
  const message =
    `failed to ${answer.doing}: ${answer.endpoint} answered HTTP ${answer.status} (${type}), ` +
    `which is no ${wanted}`;
  if (answer.status === 429 || answer.status >= 500) {
    const pauseMs = pauseOf(answer);
    return new Failure("oauth.temporary", message, {
      remedy: `nothing is lost: try again ${whenAgain(answer.retryAfter)}`,
      ...(pauseMs === undefined ? {} : { pauseMs }),
    });
  }
  return new Failure("oauth.protocol", message, {
    remedy:
      `check ${key} in the profile; a proxy that wants a password, or a firewall, may have answered in its place`,
  });
}

// Retry-After is a number of seconds or a date (RFC 9110 §10.2.3).
function whenAgain(retryAfter: string | null): string {
  if (retryAfter === null) return "in a few minutes";
  return /^\d+$/.test(retryAfter) ? `after ${retryAfter} seconds` : `after ${retryAfter}`;
}

// A date is the provider's, and so is the clock that it is compared with: this PC's may be wrong.
function pauseOf({ retryAfter, date }: Told): number | undefined {
  const text = retryAfter?.trim() ?? "";
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const pauseMs = Date.parse(text) - Date.parse(date ?? "");
  return pauseMs > 0 ? pauseMs : undefined;
}

function ownPauseOf(refusal: OauthRefusal): number | undefined {
  return numbersOf(refusal).some((number) => SLOWLY_PASSING.has(number))
    ? SLOW_PAUSE_MS
    : undefined;
}

function numbersOf(refusal: OauthRefusal): readonly number[] {
  const inText = [...(refusal.errorDescription ?? "").matchAll(/AADSTS(\d{5,8})/g)];
  return [...inText.map((match) => Number(match[1])), ...refusal.errorCodes ?? []];
}

function readRefusal(
  body: Readonly<Record<string, unknown>> | undefined,
  status: number | undefined,
): OauthRefusal | undefined {
  const error = body?.["error"];
  if (body === undefined || typeof error !== "string" || error === "") return undefined;
  const codes = body["error_codes"];
  return {
    kind: "oauth",
    error,
    ...(status === undefined ? {} : { status }),
    ...optionalText(body, "error_description", "errorDescription"),
    ...optionalText(body, "error_uri", "errorUri"),
    // Google's name for it is the second one.
    ...optionalText(body, "error_subtype", "suberror"),
    ...optionalText(body, "suberror", "suberror"),
    ...optionalText(body, "timestamp", "timestamp"),
    ...optionalText(body, "trace_id", "traceId"),
    ...optionalText(body, "correlation_id", "correlationId"),
    ...(Array.isArray(codes)
      ? { errorCodes: codes.filter((item) => typeof item === "number") }
      : {}),
  };
}

function optionalText<Key extends string>(
  body: Readonly<Record<string, unknown>>,
  wireName: string,
  key: Key,
): { readonly [Name in Key]?: string } {
  const value = body[wireName];
  return typeof value === "string" ? { [key]: value } as { readonly [Name in Key]?: string } : {};
}

// Microsoft puts trace ID, correlation ID and timestamp on lines of their own behind the sentence.
function firstLine(text: string): string {
  return text.split(/\r?\n/, 1)[0] ?? text;
}
