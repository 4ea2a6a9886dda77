// The time that the server has for a turn, watched by one timer for all turns of a connection: to set and clear one
// for each takes longer than a quick server takes to answer. The invariant: a turn that is over is never complained of.

import { startTimer, type Timer } from "../base/timer.ts";

const MAX_TIMER_MS = 2 ** 31 - 1;

/** Watches one turn at a time. */
export class TurnTimer {
  #turn: { readonly untilMs: number; readonly onLate: () => void } | undefined;
  #timer: Timer | undefined;
  #timerAtMs = Number.POSITIVE_INFINITY;

  /** `onLate` is called unless `end()` comes first. */
  begin(timeoutMs: number, onLate: () => void): void {
    const untilMs = performance.now() + timeoutMs;
    this.#turn = { untilMs, onLate };
    // A timer that is set already and comes too early looks again.
    if (this.#timerAtMs > untilMs) this.#setTimer(untilMs);
  }

  end(): void {
    this.#turn = undefined;
  }

  /** Leaves nothing behind that keeps the program from ending. */
  close(): void {
    this.end();
    this.#timer?.stop();
    this.#timerAtMs = Number.POSITIVE_INFINITY;
  }

  #setTimer(atMs: number): void {
    this.#timer?.stop();
    this.#timerAtMs = atMs;
    const afterMs = Math.min(Math.ceil(atMs - performance.now()), MAX_TIMER_MS);
    this.#timer = startTimer(afterMs, () => this.#look());
  }

  #look(): void {
    this.#timerAtMs = Number.POSITIVE_INFINITY;
    const turn = this.#turn;
    if (turn === undefined) return;
    if (performance.now() < turn.untilMs) return this.#setTimer(turn.untilMs);
    this.end();
    turn.onLate();
  }
}
