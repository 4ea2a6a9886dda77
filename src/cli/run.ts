// The program from its arguments to its exit code. The invariant: whatever happens, one exit code of the
// contract comes out, a failure is said once, and with `--json` standard output holds exactly one value.

import { EXIT, Failure } from "../base/failure.ts";
import { nearest } from "../base/nearest.ts";
import { VERSION } from "../base/version.ts";
import type { World } from "../base/world.ts";
import { type Command, COMMANDS, GLOBAL_FLAGS } from "./commands.ts";
import { Context } from "./context.ts";
import { parseFlags, splitCommand } from "./flags.ts";
import { failureJson, sayFailure } from "./output.ts";
import { realWorld } from "./real_world.ts";

/** Runs the program and ends the process. */
export async function runProgram(args: readonly string[]): Promise<void> {
  const interruption = new AbortController();
  Deno.addSignalListener("SIGINT", () => {
    // A second Ctrl-C means it: something does not listen to the first.
    if (interruption.signal.aborted) Deno.exit(EXIT.interrupted);
    interruption.abort(new Failure("interrupted", "interrupted by Ctrl-C"));
  });
  Deno.exit(await run(args, { world: realWorld(), signal: interruption.signal }));
}

/** Resolves to the exit code; everything said goes through `world.terminal`. */
export async function run(
  args: readonly string[],
  options: { readonly world: World; readonly signal: AbortSignal },
): Promise<number> {
  const { world, signal } = options;
  // Looked at before anything is parsed, so that a wrong command line gets its answer as JSON, too.
  const isJson = args.includes("--json");
  try {
    const split = splitCommand(args, GLOBAL_FLAGS);
    const command = split.command === undefined ? undefined : findCommand(split.command);
    const flags = parseFlags(split.rest, [...(command?.flags ?? []), ...GLOBAL_FLAGS]);
    if (flags.has("version")) {
      world.terminal.out(
        isJson ? `${JSON.stringify({ version: VERSION })}\n` : `plantpost ${VERSION}\n`,
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
    const { run: runCommand } = await command.load();
    return await runCommand(new Context(world, flags, signal));
  } catch (cause) {
    const failure = signal.aborted && signal.reason instanceof Failure ? signal.reason : cause;
    if (!(failure instanceof Failure)) return sayBug(failure, world);
    if (isJson) world.terminal.out(`${JSON.stringify({ error: failureJson(failure) })}\n`);
    else sayFailure(failure, world.terminal);
    return failure.exitCode;
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
  const [action, extra] = positionals;
  if (command.actions === undefined) {
    if (action === undefined) return;
    throw new Failure("usage.invalid", `${command.name} takes no argument, found "${action}"`, {
      remedy:
        `a text with blanks must stand in quotes; plantpost ${command.name} --help shows how it is used`,
    });
  }
  const usage = `use: plantpost ${command.name} ${command.actions.join("|")}`;
  if (action === undefined || !command.actions.includes(action) || extra !== undefined) {
    throw new Failure(
      "usage.invalid",
      `${command.name}: wanted ${command.actions.join(" or ")}, found ${
        positionals.length === 0 ? "nothing" : `"${positionals.join(" ")}"`
      }`,
      { remedy: usage },
    );
  }
}

function sayBug(cause: unknown, world: World): number {
  const stack = cause instanceof Error ? cause.stack ?? cause.message : String(cause);
  world.terminal.err(`bug: ${stack}`);
  world.terminal.err("hint: this is a fault of plantpost itself; report it with these lines");
  return EXIT.bug;
}
