// How a failure reads, for a person and as JSON. The invariant: what failed and what to do stay two things.

import type { Failure } from "../base/failure.ts";
import type { Terminal } from "../base/world.ts";

/** The `error` object of the contract; `refusal` carries the other side's own words. */
export function failureJson(failure: Failure): Readonly<Record<string, unknown>> {
  return {
    code: failure.code,
    message: failure.message,
    ...(failure.remedy === undefined ? {} : { remedy: failure.remedy }),
    retry: failure.retry,
    ...(failure.refusal === undefined ? {} : { refusal: failure.refusal }),
  };
}

export function sayFailure(failure: Failure, terminal: Terminal): void {
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
  if (failure.remedy === undefined) return;
  const [first, ...more] = failure.remedy.split("\n");
  terminal.err(`hint: ${first}`);
  for (const line of more) terminal.err(`      ${line}`);
}
