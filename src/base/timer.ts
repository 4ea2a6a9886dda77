// Timers that are seldom needed: what they guard mostly ends first. The invariant: one that was stopped calls nobody
// and holds nothing up.

export interface Timer {
  stop(): void;
}

/**
 * Calls `onEnd` once, after so long, unless it is stopped. Not `setTimeout`, with which Deno 2.9 loads Node's timers,
 * 2 MB; a stopped one is a small object until its time has come, so it is not for what happens a thousand times.
 */
export function startTimer(afterMs: number, onEnd: () => void): Timer {
  const signal = AbortSignal.timeout(afterMs);
  signal.addEventListener("abort", onEnd, { once: true });
  return { stop: () => signal.removeEventListener("abort", onEnd) };
}
