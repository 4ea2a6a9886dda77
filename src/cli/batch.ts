// `send --batch`: a mail for each line of JSON, and a line of JSON for each result, in their order. The invariants:
// a line without a result was not attempted; and a million lines take no more memory than ten.

import { EXIT, Failure } from "../base/failure.ts";
import { SteadySession } from "../outbox/steady_session.ts";
import type { Profile } from "../profile/profile.ts";
import { readChunks } from "./attached_file.ts";
import { type BatchLine, batchLines } from "./batch_lines.ts";
import { LogInPortions } from "./batch_log.ts";
import { checkDefaults, keysOfMail, valuesOfLine, withDefaults } from "./batch_message.ts";
import { COMMANDS } from "./commands.ts";
import type { Context } from "./context.ts";
import { dryRunJson, endOf, keepResult, mailResult, messageText, openSessionFor } from "./mail.ts";
import { mailFromFlags, type OwnedMail } from "./mail_from_flags.ts";
import { failureJson, jsonLine, NOTHING_SENT, tell } from "./output.ts";

/** A line's mail; or why there is none. */
interface PreparedLine {
  readonly number: number;
  readonly mail: OwnedMail | Failure;
}

interface LineResult {
  readonly exitCode: number;
  readonly json: Readonly<Record<string, unknown>>;
}

/** Resolves to the exit code: the one of the first line that failed, or 130 when it was interrupted. */
export async function runBatch(context: Context): Promise<number> {
  const { flags, signal, world } = context;
  const sendFlags = COMMANDS.find(({ name }) => name === "send")?.flags ?? [];
  const keys = keysOfMail(sendFlags);
  checkDefaults(flags, { keys, sendFlags });
  const settings = await context.settings();
  const profile = await context.profile();
  const saying: Pick<Context, "note" | "warn" | "world"> = {
    world,
    note: (line) => context.note(line),
    warn: (warning) => context.warn(warning),
  };
  const path = flags.text("batch") ?? "-";
  const input = path === "-" ? world.terminal.input() : readChunks(path);
  await using session = new SteadySession({
    open: () => openSessionFor(context, profile),
    world,
    signal,
  });
  await using log = new LogInPortions(context, { settings, profile });
  return await new Batch(context, { profile, session, log }).run(prepared());

  // A generator: nothing of the next line but one is read before it is asked for.
  async function* prepared(): AsyncGenerator<PreparedLine, void> {
    for await (const line of batchLines(input)) {
      yield { number: line.number, mail: await prepare(line).catch(failureOf) };
    }
  }

  async function prepare({ number, text }: BatchLine): Promise<OwnedMail> {
    if (text instanceof Failure) throw text;
    const lineFlags = withDefaults(valuesOfLine(text, { number, keys }), flags);
    return await mailFromFlags({ ...saying, flags: lineFlags }, { profile, settings });
  }
}

interface BatchParts {
  readonly profile: Profile;
  readonly session: SteadySession;
  readonly log: LogInPortions;
}

class Batch {
  readonly #context: Context;
  readonly #parts: BatchParts;
  /** Lines by outcome. */
  readonly #counts = new Map<string, number>();
  #lastLine = 0;
  #exitCode: number = EXIT.ok;

  constructor(context: Context, parts: BatchParts) {
    this.#context = context;
    this.#parts = parts;
  }

  /** @throws {Failure} `input.unreadable`; `file.io` where the results are not taken */
  async run(lines: AsyncGenerator<PreparedLine, void>): Promise<number> {
    const { signal } = this.#context;
    const { log } = this.#parts;
    let next = lines.next();
    while (!signal.aborted) {
      const line = await log.during(unlessAborted(next, signal));
      if (line === undefined || line.done === true) break;
      const result = this.#resultOf(line.value);
      // While the server has this one the next is composed; where that cannot be read, it is told in its turn.
      next = lines.next();
      next.catch(() => {});
      this.#say(line.value.number, await result);
    }
    return this.#end();
  }

  async #resultOf({ mail: prepared, number }: PreparedLine): Promise<LineResult> {
    if (prepared instanceof Failure) return await this.#withoutMail(prepared, number);
    await using mail = prepared;
    if (this.#context.flags.has("dry-run")) return await this.#dryRun(mail, number);
    const { profile, session } = this.#parts;
    const startedMs = performance.now();
    const end = await session.send(mail.envelope, mail.message)
      .catch((cause) => endOf(cause, this.#context.signal));
    const durationMs = performance.now() - startedMs;
    const { exitCode, json } = await mailResult(mail, { profile, end, durationMs });
    const result = { line: number, ...json };
    keepResult(this.#context.journal, { ...result, exitCode }, mail.envelope.recipients);
    return { exitCode, json: result };
  }

  async #withoutMail(failure: Failure, line: number): Promise<LineResult> {
    const { profile } = this.#parts;
    const told = await tell(failure, { user: profile.user, sender: profile.sender.address });
    const json = { line, ...NOTHING_SENT, error: failureJson(told) };
    const { exitCode } = failure;
    keepResult(this.#context.journal, { ...json, exitCode });
    return { exitCode, json };
  }

  async #dryRun(mail: OwnedMail, line: number): Promise<LineResult> {
    try {
      const message = (await Array.fromAsync(messageText(mail.message))).join("");
      return { exitCode: EXIT.ok, json: { line, ...dryRunJson(mail), message } };
    } catch (cause) {
      return await this.#withoutMail(failureOf(cause), line);
    }
  }

  #say(line: number, { exitCode, json }: LineResult): void {
    const { world } = this.#context;
    this.#lastLine = line;
    if (this.#exitCode === EXIT.ok) this.#exitCode = exitCode;
    const { outcome = "printed" } = json;
    this.#counts.set(String(outcome), (this.#counts.get(String(outcome)) ?? 0) + 1);
    const text = jsonLine(json, world);
    try {
      world.terminal.out(text);
    } catch (cause) {
      // More mails whose fate nobody hears of help nobody; this one's is told where it still can be.
      world.terminal.err(
        `warning: standard output takes nothing; the result was: ${text.trimEnd()}`,
      );
      throw cause;
    }
  }

  #end(): number {
    const { signal, journal, world } = this.#context;
    const counts = Object.fromEntries(this.#counts);
    const words = Object.entries(counts).map(([outcome, count]) => `${count} ${outcome}`);
    this.#context.note(`batch: ${words.length === 0 ? "no line" : words.join(", ")}`);
    if (!signal.aborted) {
      journal.result({ batch: counts });
      return this.#exitCode;
    }
    const { code, exitCode, message } = failureOf(signal.reason);
    const told = `${message}: no line behind ${this.#lastLine} was attempted`;
    world.terminal.err(`error: ${told}`);
    journal.failure({ batch: counts, code, message: told });
    return exitCode;
  }
}

/** Undefined when the command was interrupted first. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const abort = (): void => resolve(undefined);
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** What is no failure is a bug, and no line's affair. */
function failureOf(cause: unknown): Failure {
  if (cause instanceof Failure) return cause;
  throw cause;
}
