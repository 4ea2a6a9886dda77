// The edge where a failure gets its remedy: the catalogue's, when the other side gave a code that stands there,
// else the failure's own, else what can be said of every failure of its kind. The invariant: the catalogue is loaded only when there is something to look up.

import type { Failure } from "../base/failure.ts";
import type { Entry, Who } from "./entry.ts";

/** What of the profile makes a remedy ready to be typed. */
export interface RemedyFacts {
  readonly user?: string;
  readonly sender?: string;
  readonly flow?: "code" | "device" | "app";
  readonly clientId?: string;
  /** What `Connect-ExchangeOnline` must be told of the cloud; absent for the worldwide one. */
  readonly exchangeEnvironment?: string;
}

export interface Advice {
  readonly who?: Who;
  /** In order; none when nothing is known. */
  readonly steps: readonly string[];
}

/** The step of a person who signs in. */
export const LOGIN = 'run "plantpost login" and sign in as {user}';

/** What shows that all is well again, whoever signs in. */
export const TEST = 'run "plantpost test"';

/** A failure that carries a remedy beside a known refusal knows more than the catalogue: its own comes first. */
export async function adviceFor(failure: Failure, facts: RemedyFacts = {}): Promise<Advice> {
  const own = failure.remedy === undefined ? [] : [failure.remedy];
  if (failure.refusal !== undefined) {
    const { findEntry } = await import("./find.ts");
    const entry = findEntry(failure.refusal);
    if (entry !== undefined) {
      return { who: whoOf(entry, facts), steps: [...own, ...stepsOf(entry, facts)] };
    }
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
  return entry === undefined
    ? { steps: [] }
    : { who: whoOf(entry, facts), steps: stepsOf(entry, facts) };
}

/** The steps of an entry with the facts in their places; where the flow is not known, those of every flow. */
export function stepsOf(entry: Entry, facts: RemedyFacts = {}): readonly string[] {
  const { steps, appSteps } = entry;
  // Where no person signs in, a mail that goes out is the proof.
  if (facts.flow === "app") {
    const own = (appSteps ?? steps).map((step) => step === LOGIN ? TEST : step);
    return filled(own, facts);
  }
  if (appSteps === undefined) return filled(steps, facts);
  const forApps = facts.flow === undefined ? appSteps.map((step) => `flow app: ${step}`) : [];
  return filled([...steps, ...forApps], facts);
}

/** Texts of the catalogue, with the facts in their places. */
export function filled(texts: readonly string[], facts: RemedyFacts = {}): readonly string[] {
  const { exchangeEnvironment } = facts;
  const values: Readonly<Record<string, string>> = {
    user: facts.user ?? "USER@DOMAIN",
    sender: facts.sender ?? facts.user ?? "SENDER@DOMAIN",
    clientId: facts.clientId ?? "CLIENT_ID",
    exchange: exchangeEnvironment === undefined
      ? ""
      : ` -ExchangeEnvironmentName ${exchangeEnvironment}`,
  };
  return texts.map((text) =>
    text.replaceAll(
      /\{(user|sender|clientId|exchange)\}/g,
      (written, name: string) => values[name] ?? written,
    )
  );
}

// Without a person there is nobody to sign in again: rights are an administrator's to give.
function whoOf(entry: Entry, facts: RemedyFacts): Who {
  return facts.flow === "app" && entry.appSteps !== undefined ? "administrator" : entry.who;
}

/** The advice as lines: numbered when there is more than one step. */
export function adviceLines(steps: readonly string[]): readonly string[] {
  if (steps.length < 2) return steps.flatMap((step) => step.split("\n"));
  return steps.flatMap((step, at) =>
    step.split("\n").map((line, index) => index === 0 ? `${at + 1}. ${line}` : `   ${line}`)
  );
}
