// Which faults are planted, and since when. The invariant: a fault is active from the moment on at which as many
// messages were accepted after its planting as it says, until it is taken away.

import { Failure } from "../base/failure.ts";
import { nearest } from "../base/nearest.ts";
import { type Fault, type FaultName, FAULTS } from "./faults.ts";

export interface PlantedFault {
  readonly name: FaultName;
  /** Messages that must still be accepted before it is active. */
  readonly messagesLeft: number;
}

export interface FaultRequest {
  readonly name: FaultName;
  /** Messages that are accepted before the fault is active. */
  readonly after: number;
}

/**
 * Reads `NAME` or `NAME:after=N`.
 * @throws {Failure} `usage.invalid`
 */
export function parseFault(text: string): FaultRequest {
  const [, name = "", after] = /^([^:]*)(?::after=(\d{1,6}))?$/.exec(text) ?? [];
  const fault = faultNamed(name);
  if (fault !== undefined) return { name: fault.name, after: Number(after ?? 0) };
  const near = nearest(name, FAULTS.map((candidate) => candidate.name));
  const found = `fault "${text}"`;
  throw new Failure(
    "usage.invalid",
    faultNamed(text.split(":")[0] ?? "") === undefined
      ? `unknown ${found}`
      : `${found} must be NAME or NAME:after=N, N a number of messages`,
    {
      remedy: near === undefined
        ? "plantpost sandbox --list-faults lists them"
        : `did you mean "${near}"?`,
    },
  );
}

export class FaultPlan {
  readonly #planted = new Map<FaultName, number>();
  readonly #onActive: (fault: Fault) => void;

  /** `onActive` is called when a fault begins to work. */
  constructor(onActive: (fault: Fault) => void) {
    this.#onActive = onActive;
  }

  get planted(): readonly PlantedFault[] {
    return [...this.#planted].map(([name, messagesLeft]) => ({ name, messagesLeft }));
  }

  plant({ name, after }: FaultRequest): void {
    this.#planted.set(name, after);
    if (after === 0) this.#activate(name);
  }

  /** Takes one fault away, or all. */
  clear(name?: FaultName): void {
    if (name === undefined) this.#planted.clear();
    else this.#planted.delete(name);
  }

  isActive(name: FaultName): boolean {
    return this.#planted.get(name) === 0;
  }

  /** The same for a fault that works once: it is gone afterwards. */
  takeOnce(name: FaultName): boolean {
    return this.isActive(name) && this.#planted.delete(name);
  }

  /** A message was accepted. */
  countMessage(): void {
    for (const [name, left] of this.#planted) {
      if (left === 0) continue;
      this.#planted.set(name, left - 1);
      if (left === 1) this.#activate(name);
    }
  }

  #activate(name: FaultName): void {
    const fault = faultNamed(name);
    if (fault !== undefined) this.#onActive(fault);
  }
}

function faultNamed(name: string): (Fault & { readonly name: FaultName }) | undefined {
  return FAULTS.find((candidate) => candidate.name === name);
}
