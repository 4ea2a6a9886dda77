// The log of a batch, written while it goes on. The invariant: what waits to be written is bounded, and what slowly
// trickles in is in the file a second later.

import { EXIT } from "../base/failure.ts";
import type { Profile, Settings } from "../profile/profile.ts";
import type { Context } from "./context.ts";
import { leavesTraces, writeLog } from "./log.ts";

const AFTER_MS = 1_000;
const AFTER_ENTRIES = 500;

/** Takes the entries of the journal from time to time; the last ones are left to the end of the command. */
export class LogInPortions implements AsyncDisposable {
  readonly #context: Context;
  readonly #at: { readonly settings: Settings; readonly profile: Profile };
  #writing: Promise<void> = Promise.resolve();
  #writtenMs = performance.now();
  #hasFailed = false;

  constructor(context: Context, at: { readonly settings: Settings; readonly profile: Profile }) {
    this.#context = context;
    this.#at = at;
  }

  /** Writes what is due. */
  async keepUp(): Promise<void> {
    const { length } = this.#context.journal.entries;
    if (length === 0) return;
    const isDue = performance.now() - this.#writtenMs > AFTER_MS;
    if (isDue || length >= AFTER_ENTRIES) await this.#write();
  }

  /** Awaits the work; what is due meanwhile is written. */
  async during<T>(work: Promise<T>): Promise<T> {
    await this.keepUp();
    if (this.#context.journal.entries.length === 0) return await work;
    const timer = setTimeout(() => void this.#write(), AFTER_MS);
    try {
      return await work;
    } finally {
      clearTimeout(timer);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writing;
  }

  #write(): Promise<void> {
    this.#writtenMs = performance.now();
    const entries = this.#context.journal.take();
    if (entries.length > 0) this.#writing = this.#writing.then(() => this.#append(entries));
    return this.#writing;
  }

  async #append(entries: ReturnType<Context["journal"]["take"]>): Promise<void> {
    const { flags, world } = this.#context;
    const { settings, profile } = this.#at;
    const run = { command: "send", isDryRun: flags.has("dry-run"), exitCode: EXIT.ok };
    const trouble = await writeLog({
      ...run,
      profile: profile.name,
      mayMakeFolder: leavesTraces(run),
      journal: { entries },
    }, { settings, world });
    // Once: what the next portions meet is the same.
    if (trouble !== undefined && !this.#hasFailed) this.#context.note(`warning: ${trouble}`);
    this.#hasFailed ||= trouble !== undefined;
  }
}
