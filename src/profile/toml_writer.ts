// Values back to TOML 1.0, for the few texts that cannot be cut out of a file. (The parser's package could write, too,
// but the bundler would load that with every command.) The invariant: what is written parses to the same values.

import { tomlPath } from "./problems.ts";
import { isTable, type Path, type Tree } from "./toml_blocks.ts";

/** Tables under headers of their own; LF line ends. Integers of the tree are bigints, so a number is a float. */
export function writeToml(tree: Tree): string {
  return tablesIn(tree, []).join("\n");
}

function tablesIn(table: Tree, path: Path): readonly string[] {
  const entries = Object.entries(table);
  const lines = entries.filter(([, value]) => !isTable(value))
    .map(([name, value]) => `${tomlPath([name])} = ${written(value)}\n`);
  const below = entries.flatMap(([name, value]) =>
    isTable(value) ? tablesIn(value, [...path, name]) : []
  );
  // A table of tables only is there by their headers.
  if (lines.length === 0 && (below.length > 0 || path.length === 0)) return below;
  const header = path.length === 0 ? "" : `[${tomlPath(path)}]\n`;
  return [header + lines.join(""), ...below];
}

function written(value: unknown): string {
  if (typeof value === "string") return quoted(value);
  if (typeof value === "number") return float(value);
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return `[${value.map(written).join(", ")}]`;
  if (!isTable(value)) return String(value);
  const pairs = Object.entries(value).map(([name, item]) =>
    `${tomlPath([name])} = ${written(item)}`
  );
  return pairs.length === 0 ? "{}" : `{ ${pairs.join(", ")} }`;
}

function float(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (Object.is(value, -0)) return "-0.0";
  const text = String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

// JSON's escapes are among TOML's, which wants DEL escaped as well.
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll("\x7F", "\\u007F");
}
