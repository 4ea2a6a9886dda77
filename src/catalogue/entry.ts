// One row of the catalogue: what a provider's or a server's code means, and how it is mended. The invariant:
// a remedy for somebody else's code is written here and nowhere else; commands and failures look it up.

import type { Retry } from "../base/failure.ts";

/** Whose code it is; `smtp` and `oauth` hold what every server and provider shares. */
export type Area = "microsoft" | "google" | "oauth" | "exchange" | "gmail" | "smtp" | "plantpost";

/**
 * Who must act. The user signs in and owns the account; the administrator has the rights in the tenant, in
 * Google Workspace or in Exchange; the operator runs plantpost on the PC.
 */
export type Who = "user" | "administrator" | "operator";

/** Where in the SMTP dialog a reply came, as far as the catalogue tells it apart. */
export type ReplyPhase = "auth" | "mail" | "rcpt" | "message";

/** What an SMTP reply must have; a field that is left out does not count. */
export interface ReplyPattern {
  readonly phase?: ReplyPhase;
  readonly codes?: readonly number[];
  /** Enhanced status codes; `x` stands for any figure: `4.7.5xx`. */
  readonly enhanced?: readonly string[];
  readonly text?: RegExp;
  /** For the rows that catch the rest: the first figure of the reply code. */
  readonly firstFigure?: 4 | 5;
}

/** What an OAuth error must have beside, or instead of, being named like the entry. */
export interface ErrorPattern {
  readonly error?: string;
  readonly suberror?: string;
  readonly text?: RegExp;
}

export interface Entry {
  /** Unique; for AADSTS numbers and OAuth errors their own name, else area and a word. */
  readonly id: string;
  /** Other codes with the same meaning and the same remedy. */
  readonly aliases?: readonly string[];
  readonly area: Area;
  /** Lower case, no final period. */
  readonly meaning: string;
  readonly who: Who;
  /** In order; `{user}`, `{sender}` and `{clientId}` stand for what the profile says. */
  readonly steps: readonly string[];
  /** The steps of an administrator where flow `app` signs in and no person does; they take the place of the others. */
  readonly appSteps?: readonly string[];
  readonly retry: Retry;
  readonly replies?: readonly ReplyPattern[];
  readonly errors?: readonly ErrorPattern[];
}
