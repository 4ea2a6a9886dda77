// How a failure reads, for a person and as JSON. The invariant: what failed, who must act and what to do stay
// three things, and nothing that the other side said is lost.

import type { Failure } from "../base/failure.ts";
import type { Terminal, World } from "../base/world.ts";
import { asciiJson } from "../base/ascii_json.ts";
import { type Advice, adviceFor, adviceLines, type RemedyFacts } from "../catalogue/remedy.ts";

/** A failure, and what is to be done about it. */
export interface Told {
  readonly failure: Failure;
  readonly advice: Advice;
}

/** The result of a mail that did not get as far as a server. */
export const NOTHING_SENT = { outcome: "failed", transport: "smtp", accepted: [], rejected: [] };

/** Looks the remedy up; `facts` put the profile's addresses into it. */
export async function tell(failure: Failure, facts?: RemedyFacts): Promise<Told> {
  return { failure, advice: await adviceFor(failure, facts) };
}

/** The `error` object of the contract; `refusal` carries the other side's own words. */
export function failureJson({ failure, advice }: Told): Readonly<Record<string, unknown>> {
  const remedy = adviceLines(advice.steps);
  return {
    code: failure.code,
    message: failure.message,
    ...(advice.who === undefined ? {} : { who: advice.who }),
    ...(remedy.length === 0 ? {} : { remedy: remedy.join("\n") }),
    retry: failure.retry,
    ...(failure.refusal === undefined ? {} : { refusal: failure.refusal }),
  };
}

/**
 * One JSON value on a line. On Windows with escapes for what is not ASCII: PowerShell and cmd read a program's
 * output in the code page of the console (437, 850, 1252 …), and an address with ü must come through all of them.
 */
export function jsonLine(value: unknown, on: Pick<World, "platform">): string {
  const json = JSON.stringify(value);
  return `${on.platform === "windows" ? asciiJson(json) : json}\n`;
}

export function sayFailure({ failure, advice }: Told, terminal: Terminal): void {
  for (const line of failure.message.split("\n")) terminal.err(`error: ${line}`);
  const { refusal } = failure;
  if (refusal?.kind === "oauth") {
    const ids = [
      ["trace", refusal.traceId],
      ["correlation", refusal.correlationId],
      ["time", refusal.timestamp],
    ].filter(([, id]) => id !== undefined).map(([name, id]) => `${name} ${id}`);
    if (ids.length > 0) terminal.err(`for the administrator: ${ids.join(", ")}`);
  }
  // Of a failure on this PC, the person who reads it is the one to act.
  if (advice.who !== undefined && refusal !== undefined) terminal.err(`who: ${advice.who}`);
  const [first, ...more] = adviceLines(advice.steps);
  if (first === undefined) return;
  terminal.err(`hint: ${first}`);
  for (const line of more) terminal.err(`      ${line}`);
}
