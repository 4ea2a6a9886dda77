// One profile as text on its way from one profile file to another, with its comments. The invariant: what a text
// means is compared with what was meant before it is handed out; where cutting at headers does not do (inline
// tables, dotted keys), the text is written anew from the values.

import { parse } from "smol-toml";
import { Failure } from "../base/failure.ts";
import {
  differences,
  isBelow,
  isTable,
  type Path,
  tablesOf,
  type Tree,
  withoutPaths,
  withTables,
} from "./toml_blocks.ts";
import { parseToml } from "./toml_text.ts";
import { writeToml } from "./toml_writer.ts";

export interface CarriedText {
  /** The profile's own tables. */
  readonly tables: string;
  /** A whole file: the profile and everything that is no profile's. */
  readonly file: string;
}

/**
 * The text of one profile, with LF line ends.
 * @param options.drops keys of the profile that stay behind, such as `oauth.client_secret`
 */
export function carriedText(
  text: string,
  options: { readonly name: string; readonly drops: readonly string[] },
): CarriedText {
  const source = withoutMark(text).replaceAll("\r\n", "\n");
  const own: Path = ["profiles", options.name];
  const drops = options.drops.map((key) => [...own, ...key.split(".")]);
  const isDropped = (path: Path): boolean => drops.some((drop) => isBelow(path, drop));
  const isOthers = (path: Path): boolean =>
    path.length > 1 && path[0] === "profiles" && !isBelow(path, own);
  const tree = treeOf(source);
  const isOtherDefault = tree["default_profile"] !== options.name;
  const isForeign = (path: Path): boolean => !isBelow(path, own) && !isBelow(own, path);
  return {
    tables: verified(tablesOf(withoutPaths(source, isDropped), own), {
      meant: without(tree, (path) => isForeign(path) || isDropped(path)),
    }),
    file: cut((path) =>
      isDropped(path) || isOthers(path) || (isOtherDefault && path[0] === "default_profile")
    ),
  };

  function cut(isGone: (path: Path) => boolean): string {
    return verified(withoutPaths(source, isGone), { meant: without(tree, isGone) });
  }
}

export interface MergedText {
  /** The profile as it was there; `same` values need no writing. */
  readonly was: "missing" | "same" | "other";
  /** Keys that differ, below the profile. */
  readonly differing: readonly string[];
  /** The target's text with the carried profile in it. */
  readonly text: string;
}

/**
 * The text of a profile file with the carried tables in it: in the place of the profile of that name, or at the
 * end. Line ends and byte order mark stay those of the file.
 * @throws {Failure} `profile.invalid` when the file is no TOML, or written so that no table can be put in
 */
export function mergedText(
  text: string,
  carried: {
    readonly name: string;
    readonly tables: string;
    readonly file: { readonly name: string; readonly path: string };
  },
): MergedText {
  const { name, file } = carried;
  const path: Path = ["profiles", name];
  const source = withoutMark(text);
  const mark = text.slice(0, text.length - source.length);
  const before = parseToml(source, file) as Tree;
  const wanted = valueAt(treeOf(carried.tables), path);
  const found = valueAt(before, path);
  const differing = found === undefined ? [] : differences(found, wanted);
  if (found !== undefined && differing.length === 0) return { was: "same", differing, text };
  const meant = withValue(before, { path, value: wanted });
  const written = writeToml(withValue({}, { path, value: wanted }));
  for (const tables of [carried.tables, written]) {
    const merged = withTables(source, { path, tables });
    if (!means(merged, meant)) continue;
    return { was: found === undefined ? "missing" : "other", differing, text: mark + merged };
  }
  throw new Failure(
    "profile.invalid",
    `${file.path} is written so that no profile can be put in without writing all of it anew`,
    {
      remedy:
        "write the profiles there as tables such as [profiles.plant], or import into another " +
        "file with --config FILE",
    },
  );
}

/** The tree of a text that is known to be TOML. */
function treeOf(text: string): Tree {
  return parse(text, { integersAsBigInt: true });
}

function verified(text: string, against: { readonly meant: Tree }): string {
  const tidy = `${text.trim()}\n`;
  return means(tidy, against.meant) ? tidy : writeToml(against.meant);
}

function means(text: string, meant: Tree): boolean {
  try {
    return differences(treeOf(text), meant).length === 0;
  } catch {
    return false; // not even TOML
  }
}

function without(tree: Tree, isGone: (path: Path) => boolean): Tree {
  return walk(tree, []);

  function walk(table: Tree, at: Path): Tree {
    const kept: [string, unknown][] = [];
    for (const [name, value] of Object.entries(table)) {
      const path = [...at, name];
      if (!isGone(path)) kept.push([name, isTable(value) ? walk(value, path) : value]);
    }
    return Object.fromEntries(kept);
  }
}

function withValue(
  tree: Tree,
  change: { readonly path: Path; readonly value: unknown },
): Tree {
  const [name, ...rest] = change.path;
  if (name === undefined) return tree;
  const below = valueAt(tree, [name]);
  const value = rest.length === 0
    ? change.value
    : withValue(isTable(below) ? below : {}, { path: rest, value: change.value });
  const others = Object.entries(tree).filter(([other]) => other !== name);
  return Object.fromEntries([...others, [name, value]]);
}

function valueAt(tree: unknown, path: Path): unknown {
  const [name, ...rest] = path;
  if (name === undefined) return tree;
  return isTable(tree) && Object.hasOwn(tree, name) ? valueAt(tree[name], rest) : undefined;
}

function withoutMark(text: string): string {
  return text.startsWith("\uFEFF") ? text.slice(1) : text;
}
