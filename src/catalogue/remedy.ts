// The edge where a failure gets its remedy: the catalogue's, when the other side gave a code that stands there,
// else the failure's own, else what can be said of every failure of its kind. The invariant: the catalogue is loaded only when there is something to look up.

import type { Failure } from "../base/failure.ts";
import type { Entry, Who } from "./entry.ts";

/** What of the profile makes a remedy ready to be typed. */
export interface RemedyFacts {
  readonly user?: string;
  readonly sender?: string;
}

export interface Advice {
  readonly who?: Who;
  /** In order; none when nothing is known. */
  readonly steps: readonly string[];
}

/** A failure that carries a remedy beside a known refusal knows more than the catalogue: its own comes first. */
export async function adviceFor(failure: Failure, facts: RemedyFacts = {}): Promise<Advice> {
  const own = failure.remedy === undefined ? [] : [failure.remedy];
  if (failure.refusal !== undefined) {
    const { findEntry } = await import("./find.ts");
    const entry = findEntry(failure.refusal);
    if (entry !== undefined) return { who: entry.who, steps: [...own, ...stepsOf(entry, facts)] };
  }
  const { PLANTPOST } = await import("./plantpost.ts");
  const kind = PLANTPOST.find((entry) => entry.id === failure.code);
  if (kind === undefined) return { steps: own };
  return { who: kind.who, steps: own.length > 0 ? own : stepsOf(kind, facts) };
}

/** The same for the stored text of an earlier failure. */
export async function adviceForText(text: string, facts: RemedyFacts = {}): Promise<Advice> {
  const { explainText } = await import("./explain.ts");
  const entry = explainText(text).found[0]?.entry;
  return entry === undefined ? { steps: [] } : { who: entry.who, steps: stepsOf(entry, facts) };
}

/** The steps of an entry with the addresses in their places. */
export function stepsOf(entry: Entry, facts: RemedyFacts = {}): readonly string[] {
  const user = facts.user ?? "USER@DOMAIN";
  const sender = facts.sender ?? facts.user ?? "SENDER@DOMAIN";
  return entry.steps.map((step) =>
    step.replaceAll("{user}", () => user).replaceAll("{sender}", () => sender)
  );
}

/** The advice as lines: numbered when there is more than one step. */
export function adviceLines(steps: readonly string[]): readonly string[] {
  if (steps.length < 2) return steps.flatMap((step) => step.split("\n"));
  return steps.flatMap((step, at) =>
    step.split("\n").map((line, index) => index === 0 ? `${at + 1}. ${line}` : `   ${line}`)
  );
}
