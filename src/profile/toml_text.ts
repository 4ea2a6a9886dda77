// TOML text to a tree of values (smol-toml), and what a person sees when it is not TOML: line, column, the
// source line and a caret. The invariant: a line is shown whole only when its key is known and not secret,
// for a broken line may be the one with the client secret, misspelt key and all.

import { parse, TomlError } from "smol-toml";
import { Failure } from "../base/failure.ts";
import { type Key, KEYS } from "./keys.ts";
import { REDACTED } from "./problems.ts";

/**
 * The tree of a profile file; integers are bigints, so that 587 and 587.0 stay different.
 * @throws {Failure} `profile.invalid`
 */
export function parseToml(text: string, file: { name: string; path: string }): object {
  const source = text.startsWith("\uFEFF") ? text.slice(1) : text;
  const lines = source.split(/\r?\n/);
  try {
    const tree = parse(source, { integersAsBigInt: true });
    const wrongDay = dayOutsideCalendar(lines);
    if (wrongDay !== undefined) throw syntaxFailure(wrongDay, { ...file, lines });
    return tree;
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    // The cause is left behind: its message quotes the source.
    const reason = /^Invalid TOML document: (.*)$/m.exec(cause.message)?.[1] ?? "not valid TOML";
    throw syntaxFailure({ line: cause.line, column: cause.column, reason }, { ...file, lines });
  }
}

// The library takes February 30 for March 2, as JavaScript does; RFC 3339 §5.7 has no such day.
function dayOutsideCalendar(lines: readonly string[]): SyntaxFault | undefined {
  for (const [index, line] of lines.entries()) {
    const [, before = "", day = ""] = /^([^"'#=]*=\s*)(\d{4}-\d\d-\d\d)(?![\w-])/.exec(line) ?? [];
    const date = new Date(day);
    // A line of a longer text may say anything.
    if (Number.isNaN(date.getTime()) || date.toISOString().startsWith(day)) continue;
    return { line: index + 1, column: before.length + 1, reason: `${day}, which no calendar has` };
  }
  return undefined;
}

interface SyntaxFault {
  readonly line: number;
  readonly column: number;
  readonly reason: string;
}

function syntaxFailure(
  error: SyntaxFault,
  file: { readonly name: string; readonly path: string; readonly lines: readonly string[] },
): Failure {
  const { reason } = error;
  const { shown, isWhole } = showLine(file.lines, error.line - 1);
  const gutter = `${error.line} | `;
  const isCaretTrue = isWhole || error.column <= shown.indexOf(REDACTED) + 1;
  const caret = isCaretTrue ? `\n${" ".repeat(gutter.length + error.column - 1)}^` : "";
  const place = `line ${error.line}, column ${error.column}`;
  return new Failure(
    "profile.invalid",
    `${file.name}: ${place}: must be valid TOML, found: ${reason}\n${gutter}${shown}${caret}`,
    {
      remedy: /escape/i.test(reason)
        ? `write Windows paths in single quotes, such as 'C:\\plant\\ca.pem', and correct ${file.path}`
        : `correct line ${error.line} of ${file.path}`,
    },
  );
}

interface ShownLine {
  readonly shown: string;
  readonly isWhole: boolean;
}

function showLine(lines: readonly string[], at: number): ShownLine {
  const line = (lines[at] ?? "").replaceAll("\t", " ");
  if (isShowable(lines, at)) return { shown: line, isWhole: true };
  const assignment = line.indexOf("=");
  if (assignment < 0) return { shown: REDACTED, isWhole: false };
  return { shown: `${line.slice(0, assignment + 1)} ${REDACTED}`, isWhole: false };
}

function isShowable(lines: readonly string[], at: number): boolean {
  const before = lines.slice(0, at).join("\n");
  // An odd number of delimiters: the line may lie inside a string of several lines.
  const isInString = ['"""', "'''"].some((quotes) => before.split(quotes).length % 2 === 0);
  if (isInString) return false;
  let owner = at;
  while (owner > 0 && !isKeyOrHeader(lines[owner] ?? "")) owner--;
  const region = lines.slice(owner, at + 1).join("\n");
  if (/secret|passw|token|proxy/i.test(region)) return false;
  if (isHeader(lines[owner] ?? "")) return true;
  // A name begins where none is going on: else a line of 100,000 letters would be looked through as many times.
  const names = /(?<![A-Za-z0-9_-])([A-Za-z0-9_-]+)["']?\s*=/g;
  const leaves = [...region.matchAll(names)].map((match) => match[1] ?? "");
  return leaves.length > 0 &&
    (leaves.every(isPlainLeaf) || isInFreeTable(lines.slice(0, owner)));
}

function isKeyOrHeader(line: string): boolean {
  return isHeader(line) || /^\s*[A-Za-z0-9_."'-][A-Za-z0-9_."' -]*=/.test(line);
}

function isHeader(line: string): boolean {
  return /^\s*\[[^"'=]*$/.test(line);
}

/** Whether a key of this last name is known and no key of that name is secret. */
function isPlainLeaf(leaf: string): boolean {
  const keys: readonly Key[] = KEYS;
  const named = keys.filter((key) => key.path.endsWith(`.${leaf}`) || key.path === leaf);
  return named.length > 0 && named.every((key) => key.secret !== true);
}

/** Whether the lines end in a table whose keys the author names, and none of which is secret. */
function isInFreeTable(lines: readonly string[]): boolean {
  const header = lines.findLast(isHeader) ?? "";
  return /^\s*\[\s*(?:groups|sms\s*\.\s*gateways)\s*\]/.test(header);
}
