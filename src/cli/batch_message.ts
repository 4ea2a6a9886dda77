// A line of a batch as the flags of a mail: a JSON object with the names of the flags of `send` as keys. The
// invariant: a key that is not known is refused, as an unknown flag is, and a line never throws anything else than
// the failure of that line.

import { Failure } from "../base/failure.ts";
import { nearest } from "../base/nearest.ts";
import { mailOptions } from "./draft.ts";
import type { FlagDefinition, ParsedFlags } from "./flags.ts";

/** The values of a line, by the names of the flags; `null` is a switch that is off, whatever the flags say. */
export type LineValues = ReadonlyMap<string, readonly string[] | null>;

/** What decides on the kind of a mail, beside the options of all. */
const KINDS = ["sms", "raw", "recipients-from-header"];
const BESIDE_BATCH: ReadonlySet<string> = new Set(["batch", "dry-run"]);
/** What no two mails may have in common. */
const OF_ONE_MAIL: ReadonlySet<string> = new Set(["message-id"]);

/** The flags that may stand in a line, of all flags of `send`: those that belong to a mail. */
export function keysOfMail(flags: readonly FlagDefinition[]): readonly FlagDefinition[] {
  const everything = flagsOf(new Map(flags.map(({ name }) => [name, [""]])));
  const names = new Set([...Object.keys(mailOptions(everything)), ...KINDS]);
  return flags.filter(({ name }) => names.has(name));
}

/** @throws {Failure} `usage.invalid` for a flag beside `--batch` that cannot be meant for every mail */
export function checkDefaults(
  flags: ParsedFlags,
  of: { readonly keys: readonly FlagDefinition[]; readonly sendFlags: readonly FlagDefinition[] },
): void {
  const other = of.sendFlags.find((flag) =>
    flags.has(flag.name) && !BESIDE_BATCH.has(flag.name) &&
    (!of.keys.includes(flag) || OF_ONE_MAIL.has(flag.name))
  );
  if (other !== undefined) {
    throw new Failure("usage.invalid", `send: --batch and --${other.name} exclude each other`);
  }
  const input = of.keys.find((key) => isFile(key) && flags.texts(key.name).includes("-"));
  if (input === undefined) return;
  throw new Failure(
    "usage.invalid",
    `send: --${input.name} cannot be standard input for every line`,
    { remedy: "name a file, or write the text into the lines" },
  );
}

/** What a line says counts; a text of its own takes the place of any text that the flags bring. */
export function withDefaults(line: LineValues, defaults: ParsedFlags): ParsedFlags {
  if (!line.has("text") && !line.has("text-file")) return flagsOf(line, defaults);
  return flagsOf(new Map([["text", null], ["text-file", null], ...line]), defaults);
}

/** @throws {Failure} `message.invalid`, with all that is wrong with the line */
export function valuesOfLine(
  text: string,
  line: { readonly number: number; readonly keys: readonly FlagDefinition[] },
): LineValues {
  const refused = (problem: string, remedy?: string): Failure =>
    new Failure("message.invalid", `line ${line.number}: ${problem}`, {
      remedy: remedy ??
        'write one object a line: {"to":["anna@contoso.com"],"subject":"Report","text":"..."}',
    });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw refused(`is not JSON: ${cause instanceof Error ? cause.message : cause}`);
  }
  if (kindOf(value) !== "an object") throw refused(`must be an object, found ${kindOf(value)}`);
  const found = new Map<string, readonly string[] | null>();
  const problems: string[] = [];
  for (const [name, content] of Object.entries(value as Record<string, unknown>)) {
    const key = line.keys.find((candidate) => candidate.name === name);
    if (key === undefined) {
      const near = nearest(name, line.keys.map((candidate) => candidate.name));
      problems.push(
        `unknown key ${JSON.stringify(name)}${
          near === undefined ? "" : `, did you mean "${near}"?`
        }`,
      );
      continue;
    }
    const read = textsOf(key, content);
    if (typeof read === "string") problems.push(`${name}: ${read}`);
    else found.set(name, read);
  }
  if (problems.length === 0) return found;
  const names = line.keys.map(({ name }) => name).join(", ");
  throw refused(problems.join("; "), `keys are the flags of send: ${names}`);
}

/** The values as a flag would have brought them, `null` for a switch that is off; or what is wrong, in words. */
function textsOf(key: FlagDefinition, value: unknown): readonly string[] | string | null {
  if (key.kind === "switch") {
    if (typeof value !== "boolean") return `must be true or false, found ${kindOf(value)}`;
    return value ? [""] : null;
  }
  const isList = key.kind === "texts" && Array.isArray(value);
  const values: readonly unknown[] = isList ? value : [value];
  const wrong = values.find((one) => typeof one !== "string");
  if (wrong !== undefined || values.includes(undefined)) {
    const wanted = key.kind === "texts" ? "a text or a list of texts" : "a text";
    return `must be ${wanted}, found ${isList ? `a list with ${kindOf(wrong)}` : kindOf(wrong)}`;
  }
  const texts = values.filter((one) => typeof one === "string");
  if (isFile(key) && texts.includes("-")) {
    return 'must be a file, found "-", which is standard input';
  }
  return texts;
}

function isFile(key: FlagDefinition): boolean {
  return key.value?.startsWith("FILE") === true;
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  const kinds: Readonly<Record<string, string>> = {
    string: "a text",
    number: "a number",
    boolean: "true or false",
    object: "an object",
  };
  return kinds[typeof value] ?? typeof value;
}

function flagsOf(values: LineValues, defaults?: ParsedFlags): ParsedFlags {
  const texts = (name: string): readonly string[] | undefined =>
    values.has(name)
      ? values.get(name) ?? undefined
      : defaults?.has(name) === true
      ? defaults.texts(name)
      : undefined;
  return {
    has: (name) => texts(name) !== undefined,
    text: (name) => texts(name)?.[0],
    texts: (name) => texts(name) ?? [],
    positionals: [],
  };
}
