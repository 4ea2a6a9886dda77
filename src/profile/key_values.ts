// The tree of a profile file against the key table: unknown keys, types, formats and ranges, one key at a
// time. What is left are values by path, already converted: durations in milliseconds, sizes in octets.

import { TomlDate } from "smol-toml";
import { nearest } from "../base/nearest.ts";
import { parseDuration, parseSize } from "../base/units.ts";
import { wantedFormat } from "./formats.ts";
import { type Key, KEY_BY_PATH } from "./keys.ts";
import { type Problems, REDACTED, showTyped, showValue, tomlPath } from "./problems.ts";

export type Value =
  | string
  | number
  | boolean
  | readonly string[]
  | Readonly<Record<string, string>>;

export interface FoundKey {
  readonly key: Key;
  /** The last part of the path as it stands in the file, without quotes. */
  readonly name: string;
  /** Undefined when the value was refused. */
  readonly value: Value | undefined;
}

export interface KeyValues {
  /** Known keys by their path in the file, such as `profiles.plant.smtp.port`. */
  readonly found: ReadonlyMap<string, FoundKey>;
  /** Keys and tables that the file has, valid or not. */
  readonly present: ReadonlySet<string>;
  /** Names of profiles in the order of the file. */
  readonly profiles: readonly string[];
}

/** Reads every key; each error goes to `problems`, and its key then has no value. */
export function readKeys(tree: object, problems: Problems): KeyValues {
  const tables = new Set<string>();
  for (const path of KEY_BY_PATH.keys()) {
    for (let end = path.indexOf("."); end > 0; end = path.indexOf(".", end + 1)) {
      tables.add(path.slice(0, end));
    }
  }
  const found = new Map<string, FoundKey>();
  const present = new Set<string>();
  const profiles: string[] = [];

  function walk(table: object, at: { readonly names: readonly string[]; pattern: string }): void {
    for (const [name, value] of Object.entries(table)) {
      const names = [...at.names, name];
      const path = tomlPath(names);
      const exact = at.pattern === "" ? name : `${at.pattern}.${name}`;
      const isFree = KEY_BY_PATH.has(`${at.pattern}.*`) || tables.has(`${at.pattern}.*`);
      const pattern = isFree ? `${at.pattern}.*` : exact;
      const key = KEY_BY_PATH.get(pattern);
      if (key === undefined && !tables.has(pattern)) {
        problems.add(path, unknownKey(name, { ...at, tables }));
        continue;
      }
      present.add(path);
      if (isFree && !isFreeName(name)) {
        problems.add(path, {
          must: "have a name of letters, digits, points, underscores, hyphens",
          found: showValue(name),
        });
      }
      if (key !== undefined) {
        const read = readValue(value, key);
        found.set(path, { key, name, value: read.value });
        if (read.problem !== undefined) problems.add(path, read.problem);
      } else if (isTable(value)) {
        if (pattern === "profiles.*") profiles.push(name);
        walk(value, { names, pattern });
      } else {
        problems.add(path, { must: "be a table", found: showTyped(value) });
      }
    }
  }

  walk(tree, { names: [], pattern: "" });
  return { found, present, profiles };
}

/** The default of a key as a converted value; undefined where the table has none. */
export function defaultValue(key: Key): Value | undefined {
  if (typeof key.default !== "string") return key.default;
  if (key.type === "duration") return parseDuration(key.default);
  return key.type === "size" ? parseSize(key.default) : key.default;
}

interface Problem {
  readonly must: string;
  readonly found: string;
}

type Read =
  | { readonly value: Value; readonly problem?: undefined }
  | { readonly problem: Problem; readonly value?: undefined };

function readValue(value: unknown, key: Key): Read {
  switch (key.type) {
    case "text":
      return readText(value, key);
    case "integer":
      return readInteger(value, key);
    case "switch":
      return typeof value === "boolean"
        ? { value }
        : wrong(value, { key, wanted: "true or false" });
    case "duration":
      return readQuantity(value, { key, parse: parseDuration });
    case "size":
      return readQuantity(value, { key, parse: parseSize });
    case "date":
      return readDate(value, key);
    case "texts":
      return readTexts(value, key);
    case "rewrites":
      return readRewrites(value, key);
  }
}

function readText(value: unknown, key: Key): Read {
  if (key.choices !== undefined) {
    const wanted = `one of ${key.choices.map((choice) => `"${choice}"`).join(", ")}`;
    const isChoice = typeof value === "string" && key.choices.includes(value);
    return isChoice ? { value } : wrong(value, { key, wanted });
  }
  if (typeof value !== "string") return wrong(value, { key, wanted: "a string" });
  const wanted = wantedFormat(value, key.format ?? "line");
  return wanted === undefined ? { value } : wrong(value, { key, wanted });
}

function readInteger(value: unknown, key: Key): Read {
  const [least = 0, most = 0] = key.range ?? [];
  const number = typeof value === "bigint" ? Number(value) : Number.NaN;
  if (number >= Number(least) && number <= Number(most)) return { value: number };
  return wrong(value, { key, wanted: `an integer from ${least} to ${most}` });
}

function readQuantity(
  value: unknown,
  how: { readonly key: Key; readonly parse: (text: string) => number | undefined },
): Read {
  const [least = "", most = ""] = how.key.range ?? [];
  const quantity = typeof value === "string" ? how.parse(value) : undefined;
  const isInRange = quantity !== undefined && quantity >= (how.parse(String(least)) ?? 0) &&
    quantity <= (how.parse(String(most)) ?? 0);
  if (isInRange) return { value: quantity };
  const [noun, units] = how.key.type === "size"
    ? ["a size", "B, KB, MB, GB"]
    : ["a duration", "ms, s, m, h, d"];
  const wanted = `${noun} from "${least}" to "${most}" (a whole number and a unit: ${units})`;
  return wrong(value, { key: how.key, wanted });
}

function readDate(value: unknown, key: Key): Read {
  if (value instanceof TomlDate && value.isDate()) return { value: value.toISOString() };
  return wrong(value, { key, wanted: "a date without time and quotes, such as 2027-05-01" });
}

function readTexts(value: unknown, key: Key): Read {
  if (!Array.isArray(value)) return wrong(value, { key, wanted: "a list of strings" });
  const isOptional = key.path === "vault.accounts";
  if (value.length === 0 && !isOptional) {
    return wrong(value, { key, wanted: "a list that is not empty" });
  }
  const texts: string[] = [];
  for (const entry of value) {
    if (typeof entry !== "string") return wrong(entry, { key, wanted: "a list of strings" });
    const wanted = wantedFormat(entry, key.format ?? "line");
    if (wanted !== undefined) {
      return wrong(entry, { key, wanted: `a list in which each is ${wanted}` });
    }
    texts.push(entry);
  }
  return { value: texts };
}

function readRewrites(value: unknown, key: Key): Read {
  const wanted = `"keep", "sender" or a table of addresses such as { "a@plant" = "b@contoso.com" }`;
  if (typeof value === "string" && key.choices?.includes(value) === true) return { value };
  if (!isTable(value)) return wrong(value, { key, wanted });
  const rewrites: Record<string, string> = {};
  for (const [from, to] of Object.entries(value)) {
    const isRewrite = typeof to === "string" && wantedFormat(from, "address") === undefined &&
      wantedFormat(to, "address") === undefined;
    if (!isRewrite) return wrong(typeof to === "string" ? `${from} = ${to}` : to, { key, wanted });
    rewrites[from] = to;
  }
  return { value: rewrites };
}

function wrong(value: unknown, how: { readonly key: Key; readonly wanted: string }): Read {
  const isWantedType = typeof value === "string" &&
    !["integer", "switch", "date"].includes(how.key.type);
  const shown = isWantedType ? showValue(value) : showTyped(value);
  const found = how.key.secret === true ? REDACTED : shown;
  return { problem: { must: `be ${how.wanted}`, found } };
}

function unknownKey(
  name: string,
  at: {
    readonly names: readonly string[];
    readonly pattern: string;
    readonly tables: ReadonlySet<string>;
  },
): Problem {
  const found = showValue(name);
  const prefix = at.pattern === "" ? "" : `${at.pattern}.`;
  const all = [...KEY_BY_PATH.keys(), ...at.tables];
  const named = all.filter((path) => path.endsWith(`.${name}`));
  const inProfile = named.find((path) =>
    path.startsWith("profiles.") && at.names[0] === "profiles"
  );
  if (inProfile !== undefined) return misplaced(inProfile, at);
  const here = new Set(
    all.filter((path) => path.startsWith(prefix))
      .map((path) => path.slice(prefix.length).split(".")[0] ?? ""),
  );
  const meant = nearest(name, here);
  if (meant !== undefined) {
    return { must: "be a known key", found: `${found}: did you mean "${meant}"?` };
  }
  const elsewhere = named[0];
  if (elsewhere !== undefined) return misplaced(elsewhere, at);
  return { must: `be a known key (here: ${[...here].join(", ")})`, found };
}

/** A key or table that exists at another place. */
function misplaced(
  pattern: string,
  at: { readonly names: readonly string[]; readonly tables: ReadonlySet<string> },
): Problem {
  const profile = at.names[0] === "profiles" ? at.names[1] ?? "NAME" : "NAME";
  const parts = pattern.split(".").map((part) => part === "*" ? profile : part);
  const isTableName = at.tables.has(pattern);
  const table = tomlPath(isTableName ? parts : parts.slice(0, -1));
  return {
    must: isTableName ? `be the table [${table}]` : `stand in the table [${table}]`,
    found: "it elsewhere",
  };
}

function isFreeName(name: string): boolean {
  return wantedFormat(name, "name") === undefined;
}

function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    !(value instanceof Date);
}
