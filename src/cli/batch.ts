// `send --batch`: a mail for each line of JSON, and a line of JSON for each result, in their order. The invariants:
// a line without a result was not attempted; and a million lines take no more memory than ten.

import { EXIT, Failure } from "../base/failure.ts";
import { SteadySession } from "../outbox/steady_session.ts";
import type { Profile } from "../profile/profile.ts";
import type { NextMail } from "../smtp/client.ts";
import { readChunks } from "./attached_file.ts";
import { type BatchLine, batchLines } from "./batch_lines.ts";
import { LogInPortions } from "./batch_log.ts";
import { checkDefaults, keysOfMail, valuesOfLine, withDefaults } from "./batch_message.ts";
import { COMMANDS } from "./commands.ts";
import type { Context } from "./context.ts";
import { dryRunJson, endOf, keepResult, mailResult, messageText, openSessionFor } from "./mail.ts";
import { LinesAhead, type PreparedLine } from "./lines_ahead.ts";
import { mailFromFlags, type OwnedMail } from "./mail_from_flags.ts";
import { failureJson, jsonLine, NOTHING_SENT, tell } from "./output.ts";
import { remedyFacts } from "./remedy_facts.ts";

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
  await using lines = new LinesAhead(prepared());
  return await new Batch(context, { profile, session, log, lines }).run();

  // A generator: nothing of the next line is read before it is asked for.
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
  readonly lines: LinesAhead;
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
  async run(): Promise<number> {
    const { signal } = this.#context;
    const { lines, log } = this.#parts;
    for (;;) {
      if (lines.first === undefined) await log.during(unlessAborted(lines.untilReady(), signal));
      else await log.keepUp();
      const line = signal.aborted ? undefined : lines.take();
      if (line === undefined) return this.#end();
      this.#say(line.number, await this.#resultOf(line));
    }
  }

  async #resultOf({ mail: prepared, number }: PreparedLine): Promise<LineResult> {
    if (prepared instanceof Failure) return await this.#withoutMail(prepared, number);
    await using mail = prepared;
    if (this.#context.flags.has("dry-run")) return await this.#dryRun(mail, number);
    const { profile, session, lines } = this.#parts;
    const next = (): NextMail | undefined => {
      const following = lines.first?.mail;
      // While the server has this one others are composed.
      void lines.readOn();
      return following instanceof Failure || this.#context.signal.aborted ? undefined : following;
    };
    const startedMs = performance.now();
    const end = await session.send(mail.envelope, mail.message, { next })
      .catch((cause) => endOf(cause, this.#context.signal));
    const durationMs = performance.now() - startedMs;
    const { exitCode, json } = await mailResult(mail, { profile, end, durationMs });
    const result = { line: number, ...json };
    keepResult(this.#context.journal, { ...result, exitCode }, mail.envelope.recipients);
    return { exitCode, json: result };
  }

  async #withoutMail(failure: Failure, line: number): Promise<LineResult> {
    const { profile } = this.#parts;
    const told = await tell(failure, remedyFacts(profile));
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

/** Resolves early when the command is interrupted. */
async function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const abort = (): void => resolve();
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  try {
    await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** What is no failure is a bug, and no line's affair. */
function failureOf(cause: unknown): Failure {
  if (cause instanceof Failure) return cause;
  throw cause;
}
