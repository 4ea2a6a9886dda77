// The lines of a batch, made mails before their turn comes, while the server has the one before. The invariant: they
// come in their order, and no more than two of them wait, however long the input is.

import type { Failure } from "../base/failure.ts";
import type { OwnedMail } from "./mail_from_flags.ts";

/** A line's mail; or why there is none. */
export interface PreparedLine {
  readonly number: number;
  readonly mail: OwnedMail | Failure;
}

/** The next one, whose envelope goes ahead, and the one whose envelope will go ahead of that. */
const MOST_AHEAD = 2;

export class LinesAhead implements AsyncDisposable {
  readonly #lines: AsyncGenerator<PreparedLine, void>;
  readonly #ready: PreparedLine[] = [];
  #reading: Promise<void> | undefined;
  #readingOn: Promise<void> | undefined;
  #end: { readonly trouble?: unknown } | undefined;

  constructor(lines: AsyncGenerator<PreparedLine, void>) {
    this.#lines = lines;
  }

  /** The line that `take()` will give, where it is ready. */
  get first(): PreparedLine | undefined {
    return this.#ready[0];
  }

  take(): PreparedLine | undefined {
    return this.#ready.shift();
  }

  /**
   * Resolves when a line is ready, or none will come.
   * @throws what reading them throws, behind the lines that could be read
   */
  async untilReady(): Promise<void> {
    while (this.#ready.length === 0 && this.#end === undefined) await this.#readOne();
    if (this.#ready.length === 0 && this.#end?.trouble !== undefined) throw this.#end.trouble;
  }

  /**
   * Prepares lines until enough of them are ready; never rejects. Where they trickle in there never are enough, and
   * whoever asks meanwhile waits for the same, lest those who wait become as many as the lines.
   */
  readOn(): Promise<void> {
    return this.#wantsMore ? this.#readingOn ??= this.#fill() : Promise.resolve();
  }

  /** Those that were not taken were not attempted. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const { mail } of this.#ready) {
      if (Symbol.asyncDispose in mail) await mail[Symbol.asyncDispose]();
    }
  }

  get #wantsMore(): boolean {
    return this.#ready.length < MOST_AHEAD && this.#end === undefined;
  }

  async #fill(): Promise<void> {
    while (this.#wantsMore) await this.#readOne();
    this.#readingOn = undefined;
  }

  #readOne(): Promise<void> {
    return this.#reading ??= this.#lines.next().then(
      ({ done, value }) => {
        this.#reading = undefined;
        if (done === true || value === undefined) this.#end = {};
        else this.#ready.push(value);
      },
      (trouble) => {
        this.#reading = undefined;
        this.#end = { trouble };
      },
    );
  }
}
