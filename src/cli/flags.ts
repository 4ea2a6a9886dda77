// The command line, parsed against a table of flags: `--name value`, `--name=value`, repeatable texts, `--`.
// The invariant: what is not in the table is refused with the nearest name; nothing is guessed.

import { Failure } from "../base/failure.ts";
import { nearest } from "../base/nearest.ts";

export interface FlagDefinition {
  readonly name: string;
  /** `switch` takes no value, `text` one, `texts` one each time it is given. */
  readonly kind: "switch" | "text" | "texts";
  /** What the help shows for the value, such as `FILE`. */
  readonly value?: string;
  readonly about: string;
}

export interface ParsedFlags {
  has(name: string): boolean;
  text(name: string): string | undefined;
  texts(name: string): readonly string[];
  readonly positionals: readonly string[];
}

/**
 * @throws {Failure} `usage.invalid` for an unknown flag, a missing value, or a single-valued flag given twice
 */
export function parseFlags(
  args: readonly string[],
  definitions: readonly FlagDefinition[],
): ParsedFlags {
  const found = new Map<string, string[]>();
  const positionals: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? "";
    if (arg === "--") {
      positionals.push(...args.slice(at + 1));
      break;
    }
    if (!arg.startsWith("-") || arg === "-") {
      positionals.push(arg);
      continue;
    }
    const { definition, attached } = lookUp(arg, definitions);
    const values = found.get(definition.name) ?? [];
    found.set(definition.name, values);
    if (definition.kind === "switch") {
      if (attached !== undefined) {
        throw refused(`--${definition.name} takes no value, found "${attached}"`);
      }
      values.push("");
      continue;
    }
    const next = attached ?? args[++at];
    if (next === undefined) {
      throw refused(`--${definition.name} wants a value: ${definition.value ?? "text"}`);
    }
    if (attached === undefined && isKnownFlag(next, definitions)) {
      throw refused(
        `--${definition.name} wants a value, found the flag ${next}`,
        `where that is the value, write --${definition.name}=${next}`,
      );
    }
    if (definition.kind === "text" && values.length > 0) {
      throw refused(`--${definition.name} is given twice`);
    }
    values.push(next);
  }
  return {
    has: (name) => found.has(name),
    text: (name) => found.get(name)?.[0],
    texts: (name) => found.get(name) ?? [],
    positionals,
  };
}

/**
 * The same for a command that reads single letters by itself: takes the long flags out, up to `--`, and leaves
 * everything else to it in its order, `--` included.
 * @throws {Failure} `usage.invalid`
 */
export function parseLongFlags(
  args: readonly string[],
  definitions: readonly FlagDefinition[],
): ParsedFlags {
  const long: string[] = [];
  const others: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? "";
    if (arg === "--") {
      others.push(...args.slice(at));
      break;
    }
    if (!arg.startsWith("--")) {
      others.push(arg);
      continue;
    }
    long.push(arg);
    const { definition, attached } = lookUp(arg, definitions);
    const value = args[at + 1];
    if (definition.kind !== "switch" && attached === undefined && value !== undefined) {
      long.push(value);
      at++;
    }
  }
  return { ...parseFlags(long, definitions), positionals: others };
}

/** Splits the arguments at the command's name; flags of the global table may stand before it. */
export function splitCommand(
  args: readonly string[],
  globals: readonly FlagDefinition[],
): { readonly command: string | undefined; readonly rest: readonly string[] } {
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? "";
    if (arg === "--") break;
    if (!arg.startsWith("-")) {
      return { command: arg, rest: [...args.slice(0, at), ...args.slice(at + 1)] };
    }
    const isFollowedByValue = globals.some((flag) =>
      flag.kind !== "switch" && arg === `--${flag.name}`
    );
    if (isFollowedByValue) at++;
  }
  return { command: undefined, rest: args };
}

// A value forgotten is more likely than one that reads like a flag, and a mail to "--json" helps nobody.
function isKnownFlag(text: string, definitions: readonly FlagDefinition[]): boolean {
  return definitions.some(({ name }) => text === `--${name}` || text.startsWith(`--${name}=`));
}

function lookUp(
  arg: string,
  definitions: readonly FlagDefinition[],
): { readonly definition: FlagDefinition; readonly attached: string | undefined } {
  const equals = arg.indexOf("=");
  const written = equals < 0 ? arg : arg.slice(0, equals);
  const name = written === "-h" ? "help" : written.replace(/^--/, "");
  const definition = definitions.find((candidate) => candidate.name === name);
  if (definition !== undefined && (written.startsWith("--") || written === "-h")) {
    return { definition, attached: equals < 0 ? undefined : arg.slice(equals + 1) };
  }
  const near = nearest(name.replace(/^-/, ""), definitions.map((candidate) => candidate.name));
  throw refused(
    `unknown flag ${written}`,
    near === undefined ? "--help lists the flags of the command" : `did you mean --${near}?`,
  );
}

function refused(message: string, remedy = "--help shows how the command is used"): Failure {
  return new Failure("usage.invalid", message, { remedy });
}
