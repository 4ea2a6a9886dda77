// The program from its arguments to its exit code. The invariant: whatever happens, one exit code of the
// contract comes out, a failure is said once, and with `--json` standard output holds exactly one value.

import { EXIT, Failure } from "../base/failure.ts";
import { nearest } from "../base/nearest.ts";
import { VERSION } from "../base/version.ts";
import type { World } from "../base/world.ts";
import type { RemedyFacts } from "../catalogue/remedy.ts";
import { type Command, COMMANDS, GLOBAL_FLAGS } from "./commands.ts";
import { Context } from "./context.ts";
import { parseFlags, parseLongFlags, splitCommand } from "./flags.ts";
import { failureJson, jsonLine, NOTHING_SENT, sayFailure, tell } from "./output.ts";
import { realWorld } from "./real_world.ts";

/** Runs the program and ends the process. */
export async function runProgram(args: readonly string[]): Promise<void> {
  const interruption = new AbortController();
  for (const [name, what] of ENDINGS[Deno.build.os === "windows" ? "windows" : "posix"]) {
    const end = (): void => {
      // A second Ctrl-C means it: something does not listen to the first.
      if (interruption.signal.aborted) Deno.exit(EXIT.interrupted);
      interruption.abort(new Failure("interrupted", `interrupted by ${what}`));
    };
    try {
      Deno.addSignalListener(name, end);
    } catch (cause) {
      // Deno before 2.8 does not know the closing of a window; the process then ends as if it was killed.
      if (!(cause instanceof TypeError)) throw cause;
    }
  }
  const { signal } = interruption;
  const command = isCalledSendmail() ? ["sendmail"] : [];
  Deno.exit(await run([...command, ...args], { world: realWorld(signal), signal }));
}

/** Whether it runs under the name of sendmail(8), by a link or as a copy, for programs that know only that one. */
function isCalledSendmail(): boolean {
  if (!Deno.build.standalone) return false;
  // A link's own name is nowhere else to be had; `Deno.execPath()` is where it leads to.
  const { process }: { readonly process?: { readonly argv0?: unknown } } = globalThis;
  const path = typeof process?.argv0 === "string" ? process.argv0 : Deno.execPath();
  return /(?:^|[\\/])sendmail(?:\.exe)?$/i.test(path);
}

/** What asks the program to end. Windows tells the closing of the window, logging off and shutting down as SIGHUP. */
const ENDINGS: Readonly<Record<"windows" | "posix", readonly (readonly [Deno.Signal, string])[]>> =
  {
    windows: [
      ["SIGINT", "Ctrl-C"],
      ["SIGBREAK", "Ctrl-Break"],
      ["SIGHUP", "the closing of its window"],
    ],
    posix: [["SIGINT", "Ctrl-C"], ["SIGTERM", "SIGTERM"]],
  };

/** Resolves to the exit code; everything said goes through `world.terminal`. */
export async function run(
  args: readonly string[],
  options: { readonly world: World; readonly signal: AbortSignal },
): Promise<number> {
  const { world, signal } = options;
  // Looked at before anything is parsed, so that a wrong command line gets its answer as JSON, too.
  const isJson = args.includes("--json");
  const split = splitCommand(args, GLOBAL_FLAGS);
  try {
    const command = split.command === undefined ? undefined : findCommand(split.command);
    const parse = command?.options === undefined ? parseFlags : parseLongFlags;
    const flags = parse(split.rest, [...(command?.flags ?? []), ...GLOBAL_FLAGS]);
    if (flags.has("version")) {
      world.terminal.out(
        isJson ? jsonLine({ version: VERSION }, world) : `plantpost ${VERSION}\n`,
      );
      return EXIT.ok;
    }
    if (flags.has("help") || command === undefined) {
      const { helpText } = await import("./help.ts");
      world.terminal.out(helpText(command));
      if (command === undefined && !flags.has("help")) {
        throw new Failure("usage.invalid", "a command is missing", {
          remedy: "start with: plantpost init",
        });
      }
      return EXIT.ok;
    }
    checkOperands(command, flags.positionals);
    return await runCommand(command, new Context(world, flags, signal));
  } catch (cause) {
    return (await sayEnd(cause, { world, signal, isJson, command: split.command })).exitCode;
  }
}

async function runCommand(command: Command, context: Context): Promise<number> {
  const { journal } = context;
  let exitCode: number;
  try {
    const { run: runIt } = await command.load();
    exitCode = await runIt(context);
  } catch (cause) {
    const { world, signal, isJson, addresses } = context;
    const end = await sayEnd(cause, { world, signal, isJson, addresses, command: command.name });
    journal.failure(end.fields);
    exitCode = end.exitCode;
  }
  await context.finished();
  const settings = context.loadedSettings;
  if (settings !== undefined && journal.entries.length > 0) {
    const { leavesTraces, writeLog } = await import("./log.ts");
    const isDryRun = context.flags.has("dry-run");
    const trouble = await writeLog({
      command: command.name,
      profile: context.profileName,
      exitCode,
      mayMakeFolder: leavesTraces({ command: command.name, isDryRun, exitCode }),
      journal,
    }, { settings, world: context.world });
    if (trouble !== undefined) context.note(`warning: ${trouble}`);
  }
  return exitCode;
}

/** What these print with `--json` is the result of a mail, even where it failed before there was one. */
const SENDING: ReadonlySet<string> = new Set(["send", "sendmail", "test"]);

interface End {
  readonly exitCode: number;
  /** What the log keeps of it. */
  readonly fields: Readonly<Record<string, unknown>>;
}

async function sayEnd(
  cause: unknown,
  to: {
    readonly world: World;
    readonly signal: AbortSignal;
    readonly isJson: boolean;
    readonly addresses?: RemedyFacts;
    readonly command: string | undefined;
  },
): Promise<End> {
  const { world, signal } = to;
  const failure = signal.aborted && signal.reason instanceof Failure ? signal.reason : cause;
  if (!(failure instanceof Failure)) return sayBug(failure, world);
  const told = await tell(failure, to.addresses);
  const fields = failureJson(told);
  const outcome = to.command !== undefined && SENDING.has(to.command) ? NOTHING_SENT : {};
  const isSaid = to.isJson && sayJson({ ...outcome, error: fields }, world);
  if (!isSaid) sayFailure(told, world.terminal);
  return { exitCode: failure.exitCode, fields };
}

// Where standard output takes nothing any more, that may be the very failure.
function sayJson(value: unknown, world: World): boolean {
  try {
    world.terminal.out(jsonLine(value, world));
    return true;
  } catch {
    return false;
  }
}

function findCommand(name: string): Command {
  const command = COMMANDS.find((candidate) => candidate.name === name);
  if (command !== undefined) return command;
  const near = nearest(name, COMMANDS.map((candidate) => candidate.name));
  throw new Failure("usage.invalid", `unknown command "${name}"`, {
    remedy: near === undefined ? "plantpost --help lists the commands" : `did you mean "${near}"?`,
  });
}

function checkOperands(command: Command, positionals: readonly string[]): void {
  const [action] = positionals;
  if (command.actions === undefined) {
    if (action === undefined || command.operandsAreFree === true) return;
    throw new Failure("usage.invalid", `${command.name} takes no argument, found "${action}"`, {
      remedy:
        `a text with blanks must stand in quotes; plantpost ${command.name} --help shows how it is used`,
    });
  }
  const usage = `use: plantpost ${command.name} ${command.operands ?? command.actions.join("|")}`;
  const isKnown = action !== undefined && command.actions.includes(action);
  const near = isKnown ? undefined : nearest(action ?? "", command.actions);
  const most = command.actionOperand === undefined ? 1 : 2;
  if (isKnown && positionals.length > most && command.actionOperand !== undefined) {
    throw new Failure(
      "usage.invalid",
      `${command.name} ${action}: wanted one ${command.actionOperand} at most, found "${
        positionals.slice(1).join(" ")
      }"`,
      { remedy: `${usage}; a name with blanks must stand in quotes` },
    );
  }
  if (!isKnown || positionals.length > most) {
    throw new Failure(
      "usage.invalid",
      `${command.name}: wanted ${command.actions.join(" or ")}, found ${
        positionals.length === 0 ? "nothing" : `"${positionals.join(" ")}"`
      }`,
      { remedy: near === undefined ? usage : `did you mean "plantpost ${command.name} ${near}"?` },
    );
  }
}

function sayBug(cause: unknown, world: World): End {
  const stack = cause instanceof Error ? cause.stack ?? cause.message : String(cause);
  world.terminal.err(`bug: ${stack}`);
  world.terminal.err("hint: this is a fault of plantpost itself; report it with these lines");
  return { exitCode: EXIT.bug, fields: { code: "bug", message: stack } };
}
