// The text of a profile file, cut at its table headers, so that one profile can be taken out, put in or
// exchanged while every other line stays as somebody wrote it. Cutting is done by the look of lines; the
// invariant: a caller parses what comes out and compares it with what was meant, and believes nothing else.

import { parse } from "smol-toml";
import { tomlPath } from "./problems.ts";

/** The names of a table or key, from the root of the file. */
export type Path = readonly string[];

/** A table as the parser gives it. */
export type Tree = Readonly<Record<string, unknown>>;

interface Statement {
  readonly kind: "gap" | "header" | "pair";
  /** With its line end. */
  readonly text: string;
  /** As written there: a pair's is relative to its table. Empty for a gap, which is a comment or blank line. */
  readonly path: Path;
}

interface Block {
  /** Empty for what stands above the first header. */
  readonly path: Path;
  readonly statements: readonly Statement[];
}

/** The tables below `path` as text, in the order of the file. */
export function tablesOf(text: string, path: Path): string {
  return blocksOf(text).filter((block) => isBelow(block.path, path)).map(textOf).join("");
}

/**
 * The text without the tables and keys that `isGone` says yes to. A table takes its comments along, also those
 * directly above its header; a key leaves the comments above it.
 */
export function withoutPaths(text: string, isGone: (path: Path) => boolean): string {
  return blocksOf(text).filter(({ path }) => path.length === 0 || !isGone(path))
    .map(({ path, statements }) =>
      statements.filter(({ kind, path: own }) => kind !== "pair" || !isGone([...path, ...own]))
        .map((statement) => statement.text).join("")
    ).join("");
}

/**
 * The text with `tables` (lines that end in LF) in the place of what is below `path`, or at the end where there
 * is nothing. The new lines end as those of the text do.
 */
export function withTables(
  text: string,
  change: { readonly path: Path; readonly tables: string },
): string {
  const lineEnd = /\r?\n/.exec(text)?.[0] ?? "\n";
  const tables = change.tables.trim().replaceAll("\n", lineEnd) + lineEnd;
  const blocks = blocksOf(text);
  const isOwn = ({ path }: Block): boolean => isBelow(path, change.path);
  const from = blocks.findIndex(isOwn);
  if (from < 0) return apart(withoutOwn(blocks), lineEnd) + tables;
  const rest = blocks.slice(from).findIndex((block) => !isOwn(block));
  const to = rest < 0 ? blocks.length : from + rest;
  const old = blocks.slice(from, to).map(textOf).join("");
  const blankLines = old.slice(old.trimEnd().length).replace(/^[^\n]*\n?/, "");
  const after = withoutOwn(blocks.slice(to));
  // A comment that ends the new tables must not become one of the table behind them.
  const isComment = /(?:^|\n)[ \t]*#[^\n]*\n$/.test(tables);
  const gap = blankLines === "" && isComment && after !== "" ? lineEnd : blankLines;
  return withoutOwn(blocks.slice(0, from)) + tables + gap + after;

  // Its further blocks, and dotted keys of tables above it.
  function withoutOwn(part: readonly Block[]): string {
    return withoutPaths(part.map(textOf).join(""), (path) => isBelow(path, change.path));
  }
}

/** Where two trees differ, as a file writes the paths; empty when they mean the same. */
export function differences(one: unknown, other: unknown): readonly string[] {
  return compare([], { one, other }).map(tomlPath);
}

export function isTable(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !isList(value) && !(value instanceof Date);
}

/** Whether `path` is `ancestor` or below it. */
export function isBelow(path: Path, ancestor: Path): boolean {
  return ancestor.every((name, at) => path[at] === name);
}

function compare(
  path: Path,
  { one, other }: { readonly one: unknown; readonly other: unknown },
): readonly Path[] {
  if (isTable(one) && isTable(other)) {
    const names = new Set([...Object.keys(one), ...Object.keys(other)]);
    return [...names].flatMap((name) =>
      compare([...path, name], { one: ownValue(one, name), other: ownValue(other, name) })
    );
  }
  const isSame = isList(one) && isList(other)
    ? one.length === other.length && one.every((item, at) => isAlike(item, other[at]))
    : comparable(one) === comparable(other);
  return isSame ? [] : [path];
}

function isAlike(one: unknown, other: unknown): boolean {
  return compare([], { one, other }).length === 0;
}

// Comments directly above a header speak of its table; anything above a blank line belongs to the table before.
function blocksOf(text: string): readonly Block[] {
  const blocks: Block[] = [];
  let statements: Statement[] = [];
  let path: Path = [];
  for (const statement of statementsOf(text)) {
    if (statement.kind === "header") {
      const isComment = ({ kind, text }: Statement): boolean =>
        kind === "gap" && text.trim() !== "";
      const last = statements.findLastIndex((above) => !isComment(above));
      const above = statements.splice(last + 1);
      if (statements.length > 0) blocks.push({ path, statements });
      statements = above;
      path = statement.path;
    }
    statements.push(statement);
  }
  if (statements.length > 0) blocks.push({ path, statements });
  return blocks;
}

function statementsOf(text: string): readonly Statement[] {
  const statements: Statement[] = [];
  const start = /[ \t]*([^ \t]?)/y;
  for (let at = 0; at < text.length;) {
    start.lastIndex = at;
    const first = start.exec(text)?.[1] ?? "";
    const isGap = ["", "#", "\r", "\n"].includes(first);
    const end = isGap || first === "[" ? lineEndAfter(text, at) : valueEndAfter(text, at);
    const part = text.slice(at, end);
    const kind = isGap ? "gap" : first === "[" ? "header" : "pair";
    statements.push({ kind, text: part, path: isGap ? [] : pathIn(part) });
    at = end;
  }
  return statements;
}

function lineEndAfter(text: string, from: number): number {
  const end = text.indexOf("\n", from);
  return end < 0 ? text.length : end + 1;
}

/** Strings of all four kinds, comments, and brackets: what a line end may lie in without ending a value. */
const TOKEN =
  /"""[^]*?(?<!\\)(?:\\\\)*"{3,5}|'''[^]*?'{3,5}|"(?:\\.|[^"\\\n])*"|'[^'\n]*'|#[^\n]*|[[{\]}\n]/g;

function valueEndAfter(text: string, from: number): number {
  let depth = 0;
  const token = new RegExp(TOKEN);
  token.lastIndex = from;
  for (let match = token.exec(text); match !== null; match = token.exec(text)) {
    const [found] = match;
    if (found === "[" || found === "{") depth++;
    else if (found === "]" || found === "}") depth--;
    else if (found === "\n" && depth <= 0) return token.lastIndex;
  }
  return text.length;
}

// Of one header or pair alone, the names are those of the only path that leads into its tree.
function pathIn(part: string): Path {
  const path: string[] = [];
  let tree: unknown;
  try {
    tree = parse(part);
  } catch {
    return []; // cut wrongly; the caller sees it
  }
  while (isTable(tree)) {
    const [name, ...others] = Object.keys(tree);
    if (name === undefined || others.length > 0) break;
    path.push(name);
    tree = ownValue(tree, name);
  }
  return path;
}

function textOf(block: Block): string {
  return block.statements.map(({ text }) => text).join("");
}

function apart(text: string, lineEnd: string): string {
  if (/^\s*$/.test(text)) return text;
  if (!text.endsWith("\n")) return text + lineEnd + lineEnd;
  return /\n\r?\n$/.test(text) ? text : text + lineEnd;
}

function comparable(value: unknown): unknown {
  return value instanceof Date ? `date ${value.toISOString()}` : value;
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

function ownValue(table: Tree, name: string): unknown {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
