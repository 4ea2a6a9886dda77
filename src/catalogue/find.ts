// The whole catalogue, and how a refusal finds its entry. The invariant: the most telling part of a refusal
// wins, a number before a sentence, and a sentence before the name of the error.

import type { OauthRefusal, Refusal, SmtpRefusal } from "../base/failure.ts";
import type { Entry, ErrorPattern, ReplyPattern, ReplyPhase } from "./entry.ts";
import { EXCHANGE_LIMITS } from "./exchange_limits.ts";
import { EXCHANGE_SENDING } from "./exchange_sending.ts";
import { EXCHANGE_SIGN_IN } from "./exchange_sign_in.ts";
import { GMAIL } from "./gmail.ts";
import { GOOGLE } from "./google.ts";
import { MICROSOFT_CREDENTIALS } from "./microsoft_credentials.ts";
import { MICROSOFT_REQUESTS } from "./microsoft_requests.ts";
import { MICROSOFT_SESSIONS } from "./microsoft_sessions.ts";
import { MICROSOFT_TENANTS } from "./microsoft_tenants.ts";
import { MICROSOFT_USERS } from "./microsoft_users.ts";
import { OAUTH } from "./oauth.ts";
import { PLANTPOST } from "./plantpost.ts";
import { SMTP } from "./smtp.ts";

export const ENTRIES: readonly Entry[] = [
  ...MICROSOFT_CREDENTIALS,
  ...MICROSOFT_REQUESTS,
  ...MICROSOFT_TENANTS,
  ...MICROSOFT_USERS,
  ...MICROSOFT_SESSIONS,
  ...GOOGLE,
  ...OAUTH,
  ...EXCHANGE_SIGN_IN,
  ...EXCHANGE_SENDING,
  ...EXCHANGE_LIMITS,
  ...GMAIL,
  ...SMTP,
  ...PLANTPOST,
];

const BY_ID: ReadonlyMap<string, Entry> = new Map(
  ENTRIES.flatMap((entry) =>
    [entry.id, ...entry.aliases ?? []].map((id) => [id.toLowerCase(), entry] as const)
  ),
);

/** The entry of an id or alias, whatever its case. */
export function entryOf(id: string): Entry | undefined {
  return BY_ID.get(id.toLowerCase());
}

/** Every id and alias, as it is written. */
export function allIds(): readonly string[] {
  return ENTRIES.flatMap((entry) => [entry.id, ...entry.aliases ?? []]);
}

/** What the catalogue knows about a refusal; undefined when that is nothing. */
export function findEntry(refusal: Refusal): Entry | undefined {
  return refusal.kind === "smtp" ? findReply(replyOf(refusal)) : findError(refusal);
}

/** A reply as the patterns see it. */
export interface SeenReply {
  /** Missing where only an enhanced status code was quoted. */
  readonly code?: number;
  readonly enhanced?: string;
  readonly text: string;
  readonly phase?: ReplyPhase;
}

/** The entry whose pattern says most about the reply; of equals the first. */
export function findReply(reply: SeenReply): Entry | undefined {
  let best: Entry | undefined;
  let highest = -1;
  for (const entry of ENTRIES) {
    for (const pattern of entry.replies ?? []) {
      const weight = weightOf(pattern);
      if (weight <= highest || !fits(pattern, reply)) continue;
      best = entry;
      highest = weight;
    }
  }
  return best;
}

/** Whether an enhanced status code is the pattern's, in which `x` stands for any figure. */
export function isEnhanced(pattern: string, enhanced: string): boolean {
  return pattern === enhanced ||
    (pattern.includes("x") && pattern.length === enhanced.length &&
      [...pattern].every((figure, at) => figure === "x" || figure === enhanced[at]));
}

/** The first entry that a sentence of a provider belongs to. */
export function findSentence(error: string | undefined, text: string): Entry | undefined {
  return ENTRIES.find((entry) =>
    entry.errors?.some((pattern) =>
      pattern.text?.test(text) === true && (pattern.error === undefined || pattern.error === error)
    )
  );
}

function findError(refusal: OauthRefusal): Entry | undefined {
  const { error, suberror, errorDescription = "" } = refusal;
  const inText = [...errorDescription.matchAll(/AADSTS(\d{5,8})/g)].map((match) => match[1] ?? "");
  for (const number of [...inText, ...refusal.errorCodes ?? []]) {
    const entry = entryOf(`AADSTS${number}`);
    if (entry !== undefined) return entry;
  }
  const bySuberror = suberror === undefined
    ? undefined
    : ENTRIES.find((entry) => entry.errors?.some((pattern) => isSuberror(pattern, suberror)));
  const found = bySuberror ?? findSentence(error, errorDescription) ?? errorEntry(error);
  if (found !== undefined) return found;
  const isServersTrouble = refusal.status !== undefined &&
    (refusal.status === 429 || refusal.status >= 500);
  return isServersTrouble ? entryOf("temporarily_unavailable") : undefined;
}

function isSuberror(pattern: ErrorPattern, suberror: string): boolean {
  return pattern.suberror === suberror;
}

// The name of an error is the provider's to choose, and must not reach plantpost's own rows.
function errorEntry(error: string): Entry | undefined {
  const entry = entryOf(error);
  return entry?.area === "oauth" || entry?.area === "google" ? entry : undefined;
}

function replyOf(refusal: SmtpRefusal): SeenReply {
  const phase = PHASES[refusal.command.split(" ", 1)[0]?.toUpperCase() ?? ""];
  return {
    code: refusal.replyCode,
    text: refusal.lines.join(" "),
    ...(refusal.enhancedCode === undefined ? {} : { enhanced: refusal.enhancedCode }),
    ...(phase === undefined ? {} : { phase }),
  };
}

const PHASES: Readonly<Record<string, ReplyPhase>> = {
  AUTH: "auth",
  MAIL: "mail",
  RCPT: "rcpt",
  DATA: "message",
  BDAT: "message",
};

function weightOf(pattern: ReplyPattern): number {
  return (pattern.text === undefined ? 0 : 8) + (weightOfEnhanced(pattern.enhanced)) +
    (pattern.codes === undefined ? 0 : 2) + (pattern.phase === undefined ? 0 : 1);
}

// One that names every figure says more than one with an `x`.
function weightOfEnhanced(enhanced: readonly string[] | undefined): number {
  if (enhanced === undefined) return 0;
  return enhanced.some((code) => code.includes("x")) ? 3.5 : 4;
}

function fits(pattern: ReplyPattern, reply: SeenReply): boolean {
  const { enhanced } = reply;
  const firstFigure = (reply.code === undefined ? enhanced : String(reply.code))?.[0];
  return (reply.code === undefined || (pattern.codes?.includes(reply.code) ?? true)) &&
    (pattern.firstFigure === undefined || String(pattern.firstFigure) === firstFigure) &&
    (pattern.enhanced === undefined ? reply.code !== undefined || pattern.text !== undefined : (
      enhanced !== undefined && pattern.enhanced.some((code) => isEnhanced(code, enhanced))
    )) &&
    (pattern.phase === undefined || pattern.phase === reply.phase) &&
    (pattern.text?.test(reply.text) ?? true);
}
