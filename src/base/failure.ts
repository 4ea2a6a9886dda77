// The one error class of the program. A `Failure` is something a person or a script can act on; anything
// else that is thrown is a bug, keeps its stack and exits 70. The invariant: a code is decided once, where
// the reply, the file or the token response is read, and its exit code and retry class follow from it.

/** When trying the same thing again can help. */
export type Retry = "later" | "after-login" | "never";

/** Exit codes after sysexits(3), and 130 for Ctrl-C. */
export const EXIT = {
  ok: 0,
  usage: 64,
  badMessage: 65,
  noInput: 66,
  recipientRefused: 67,
  unknownHost: 68,
  unavailable: 69,
  bug: 70,
  cannotCreate: 73,
  io: 74,
  tryLater: 75,
  protocol: 76,
  loginNeeded: 77,
  profile: 78,
  interrupted: 130,
} as const;

const CODES = {
  "usage.invalid": [EXIT.usage, "never"],
  "message.invalid": [EXIT.badMessage, "never"],
  "message.too_big": [EXIT.badMessage, "never"],
  "input.unreadable": [EXIT.noInput, "never"],
  "smtp.recipient_refused": [EXIT.recipientRefused, "never"],
  "net.unknown_host": [EXIT.unknownHost, "later"],
  "smtp.refused": [EXIT.unavailable, "never"],
  "file.cannot_create": [EXIT.cannotCreate, "never"],
  "oauth.port_in_use": [EXIT.cannotCreate, "never"],
  "file.io": [EXIT.io, "later"],
  "smtp.outcome_unknown": [EXIT.io, "later"],
  "net.unreachable": [EXIT.tryLater, "later"],
  "net.timeout": [EXIT.tryLater, "later"],
  "net.lost": [EXIT.tryLater, "later"],
  "smtp.temporary": [EXIT.tryLater, "later"],
  "oauth.temporary": [EXIT.tryLater, "later"],
  "vault.locked": [EXIT.tryLater, "later"],
  "net.tls": [EXIT.protocol, "never"],
  "smtp.protocol": [EXIT.protocol, "never"],
  "oauth.protocol": [EXIT.protocol, "never"],
  "smtp.auth_refused": [EXIT.loginNeeded, "after-login"],
  "oauth.grant_missing": [EXIT.loginNeeded, "after-login"],
  "oauth.grant_expired": [EXIT.loginNeeded, "after-login"],
  "oauth.consent_denied": [EXIT.loginNeeded, "after-login"],
  "oauth.client_refused": [EXIT.loginNeeded, "never"],
  "oauth.refused": [EXIT.loginNeeded, "never"],
  "oauth.sign_in_timeout": [EXIT.loginNeeded, "after-login"],
  "oauth.secret_missing": [EXIT.loginNeeded, "never"],
  "oauth.certificate": [EXIT.loginNeeded, "never"],
  "vault.sealed_elsewhere": [EXIT.loginNeeded, "never"],
  "vault.passphrase": [EXIT.loginNeeded, "never"],
  "vault.damaged": [EXIT.loginNeeded, "never"],
  "vault.binding": [EXIT.loginNeeded, "after-login"],
  "vault.place": [EXIT.profile, "never"],
  "profile.missing": [EXIT.profile, "never"],
  "profile.invalid": [EXIT.profile, "never"],
  "interrupted": [EXIT.interrupted, "later"],
} as const satisfies Record<string, readonly [number, Retry]>;

/** The closed set of failures, by area; each has one exit code and a usual retry class. */
export type FailureCode = keyof typeof CODES;

/** What an SMTP server said, kept whole. `lines` are the reply's texts without code and separator. */
export interface SmtpRefusal {
  readonly kind: "smtp";
  readonly command: string;
  readonly replyCode: number;
  readonly enhancedCode?: string;
  readonly lines: readonly string[];
}

/** What an authorization or token endpoint said, kept whole (RFC 6749 §5.2 and Microsoft's additions). */
export interface OauthRefusal {
  readonly kind: "oauth";
  readonly status?: number;
  readonly error: string;
  readonly errorDescription?: string;
  readonly errorUri?: string;
  readonly errorCodes?: readonly number[];
  readonly suberror?: string;
  readonly timestamp?: string;
  readonly traceId?: string;
  readonly correlationId?: string;
}

export type Refusal = SmtpRefusal | OauthRefusal;

export interface FailureDetail {
  /** An imperative sentence or several lines: what to do, and who must do it. */
  readonly remedy?: string;
  readonly retry?: Retry;
  /** The other side's own words. */
  readonly refusal?: Refusal;
  /** For so long the other side wants to be left alone. */
  readonly pauseMs?: number;
  readonly cause?: unknown;
}

/** Says what failed in lower case, without a final period; the remedy is kept apart from it. */
export class Failure extends Error {
  override readonly name = "Failure";
  readonly code: FailureCode;
  readonly remedy: string | undefined;
  readonly retry: Retry;
  readonly refusal: Refusal | undefined;
  readonly pauseMs: number | undefined;

  constructor(code: FailureCode, message: string, detail: FailureDetail = {}) {
    super(message, { cause: detail.cause });
    this.code = code;
    this.remedy = detail.remedy;
    this.retry = detail.retry ?? CODES[code][1];
    this.refusal = detail.refusal;
    this.pauseMs = detail.pauseMs;
  }

  get exitCode(): number {
    return CODES[this.code][0];
  }
}
