// What a refusing reply means: by phase, reply code, enhanced status code and text, in a table that is read from
// the top. The invariant: the first figure of a reply is only a hint. Exchange and Gmail answer 5xx to quotas that
// pass by themselves, and 4xx to missing permissions that never do.

import { Failure, type FailureCode, type Retry, type SmtpRefusal } from "../base/failure.ts";
import { type Reply, replyText } from "./reply.ts";

/** Where in the dialog the reply came. `message` is the reply to the finished message, by DATA or BDAT. */
export type Phase =
  | "greeting"
  | "ehlo"
  | "starttls"
  | "auth"
  | "mail"
  | "rcpt"
  | "data"
  | "message"
  | "rset";

export interface ReplyClass {
  readonly code: FailureCode;
  readonly retry: Retry;
}

interface Row extends ReplyClass {
  readonly phase?: Phase;
  /** Reply code and, where there is one, enhanced status code: `550 5.7.60`, `421`. */
  readonly status: RegExp;
  readonly text?: RegExp;
}

const ROWS: readonly Row[] = [
  // A connection on which no new transaction can begin says nothing about the message that was to come.
  { phase: "rset", status: /^5/, code: "smtp.temporary", retry: "later" },
  // Quotas and rates that pass, despite their 5xx.
  {
    status: /^5/,
    text: /SubmissionQuotaExceeded|submission quota exceeded/i,
    code: "smtp.temporary",
    retry: "later",
  },
  { status: /^550 5\.4\.5$/, code: "smtp.temporary", retry: "later" },
  {
    status: /^550 5\.7\.1$/,
    text: /daily .*(?:limit|quota) exceeded/i,
    code: "smtp.temporary",
    retry: "later",
  },
  { status: /^5\d\d 5\.7\.23[23]$/, code: "smtp.temporary", retry: "later" },
  { status: /^5\d\d 5\.2\.12[12]$/, code: "smtp.temporary", retry: "later" },
  {
    status: /^554 5\.2\.0$/,
    text: /Exception[^ ]*Transient|Transient[^ ]*Exception/,
    code: "smtp.temporary",
    retry: "later",
  },
  { status: /^550 5\.2\.1$/, text: /rate|too quickly/i, code: "smtp.temporary", retry: "later" },
  // RFC 5321 §4.5.3.1.10: an older standard had 552 where 452 is meant.
  {
    phase: "rcpt",
    status: /^552/,
    text: /too many recipients/i,
    code: "smtp.temporary",
    retry: "later",
  },
  // Permissions that nobody gave, despite their 4xx.
  {
    status: /^430 4\.2\.0$/,
    text: /logon failure|LogonFailed/i,
    code: "smtp.refused",
    retry: "never",
  },
  { status: /^454 (?:4\.5\.0|5\.5\.1)$/, code: "smtp.refused", retry: "never" },
  // Sign-in. A new one changes nothing where the server takes no token, or wants TLS first.
  { status: /^535 (?:5\.7\.139|5\.5\.4)$/, code: "smtp.auth_refused", retry: "never" },
  { status: /^530/, text: /STARTTLS/i, code: "smtp.auth_refused", retry: "never" },
  { status: /^550 5\.7\.30$/, code: "smtp.auth_refused", retry: "never" },
  { status: /^53[045]\b/, code: "smtp.auth_refused", retry: "after-login" },
  { phase: "auth", status: /^5/, code: "smtp.auth_refused", retry: "never" },
  // Size.
  { status: /^552 5\.(?:3\.4|2\.3)$/, code: "message.too_big", retry: "never" },
  { phase: "mail", status: /^552$/, code: "message.too_big", retry: "never" },
  { status: /^552$/, text: /size/i, code: "message.too_big", retry: "never" },
  // Everything else goes by its first figure.
  { status: /^4/, code: "smtp.temporary", retry: "later" },
  { phase: "rcpt", status: /^5/, code: "smtp.recipient_refused", retry: "never" },
  { status: /^5/, code: "smtp.refused", retry: "never" },
];

/** Classifies a 4xx or 5xx reply; any other code where it does not belong is a fault of the server. */
export function classifyReply(phase: Phase, reply: Reply): ReplyClass {
  const status = reply.enhancedCode === undefined
    ? `${reply.code}`
    : `${reply.code} ${reply.enhancedCode}`;
  const row = ROWS.find((candidate) =>
    (candidate.phase === undefined || candidate.phase === phase) &&
    candidate.status.test(status) &&
    (candidate.text === undefined || candidate.text.test(reply.text))
  );
  return row === undefined
    ? { code: "smtp.protocol", retry: "never" }
    : { code: row.code, retry: row.retry };
}

/** The server's own words, kept whole. */
export function refusalOf(reply: Reply, command: string): SmtpRefusal {
  const { code: replyCode, enhancedCode, lines } = reply;
  return enhancedCode === undefined
    ? { kind: "smtp", command, replyCode, lines }
    : { kind: "smtp", command, replyCode, enhancedCode, lines };
}

export interface RefusalContext {
  readonly phase: Phase;
  /** The command without its secrets. */
  readonly command: string;
  /** What was refused, in words: `the sender <a@x>`. */
  readonly what: string;
  /** Host and port. */
  readonly server: string;
  readonly cause?: unknown;
}

/** The failure for a reply that refuses, or that does not belong where it came. */
export function refusalFailure(reply: Reply, context: RefusalContext): Failure {
  const { code, retry } = classifyReply(context.phase, reply);
  const words = replyText(reply);
  const message = code === "smtp.protocol"
    ? `${context.server} answered ${context.command} with an unexpected "${words}"`
    : `${context.server} refused ${context.what}${retry === "later" ? " for now" : ""}: ${words}`;
  return new Failure(code, message, {
    retry,
    refusal: refusalOf(reply, context.command),
    ...(context.cause === undefined ? {} : { cause: context.cause }),
  });
}
