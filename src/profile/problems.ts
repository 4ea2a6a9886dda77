// The errors of one profile file, gathered so that all are shown together, and how a value is shown in them.
// A value that may be secret never gets here: its reader passes `REDACTED` instead.

import { TomlDate } from "smol-toml";

export const REDACTED = "<redacted>";

const LONGEST_SHOWN = 80;

export class Problems {
  readonly #fileName: string;
  readonly #lines: string[] = [];

  constructor(fileName: string) {
    this.#fileName = fileName;
  }

  /** Adds `<file>: <path>: must <wanted>, found <found>`. */
  add(path: string, problem: { readonly must: string; readonly found: string }): void {
    this.#lines.push(`${this.#fileName}: ${path}: must ${problem.must}, found ${problem.found}`);
  }

  get count(): number {
    return this.#lines.length;
  }

  /** One line each, in the order found. */
  get text(): string {
    return this.#lines.join("\n");
  }
}

/** A path as TOML writes it: names with other than letters, digits, `_` and `-` are quoted. */
export function tomlPath(names: readonly string[]): string {
  return names.map((name) => /^[A-Za-z0-9_-]+$/.test(name) ? name : JSON.stringify(name)).join(".");
}

/** The value as it stands in the file, shortened. */
export function showValue(value: unknown): string {
  if (typeof value === "string") return shorten(JSON.stringify(withoutPassword(value)));
  if (value instanceof TomlDate) return value.toISOString();
  if (Array.isArray(value)) return value.length === 0 ? "[]" : "a list";
  if (typeof value === "object") return "a table";
  return String(value);
}

/** The same with its type, for a value of the wrong one. */
export function showTyped(value: unknown): string {
  const type = typeOf(value);
  return type === undefined ? showValue(value) : `${showValue(value)} (${type})`;
}

function typeOf(value: unknown): string | undefined {
  if (typeof value === "string") return "a string";
  if (typeof value === "bigint") return "an integer";
  if (typeof value === "number") return "a float";
  if (typeof value === "boolean") return "a boolean";
  if (value instanceof TomlDate) {
    if (value.isDate()) return "a date";
    return value.isTime() ? "a time" : "a date with a time";
  }
  return undefined;
}

function shorten(text: string): string {
  return text.length <= LONGEST_SHOWN ? text : `${text.slice(0, LONGEST_SHOWN)}...`;
}

/** A URL with user name and password in it, put into a key that is not secret. */
function withoutPassword(text: string): string {
  return text.replace(/\/\/[^/\s]*@/, `//${REDACTED}@`);
}
