// The values of one profile, or of the tables that are no profile's, with the defaults of the key table
// filled in. A getter asks for one type of value: the table says which, so another one is a bug.

import { defaultValue, type KeyValues, type Value } from "./key_values.ts";
import { type GlobalKey, KEY_BY_PATH, type ProfileKey } from "./keys.ts";
import { tomlPath } from "./problems.ts";

export class Section<K extends string> {
  readonly #all: KeyValues;
  readonly #path: string;
  readonly #pattern: string;

  constructor(all: KeyValues, prefix: { readonly path: string; readonly pattern: string }) {
    this.#all = all;
    this.#path = prefix.path;
    this.#pattern = prefix.pattern;
  }

  /** The key's full path in the file, for messages. */
  path(key: K): string {
    return this.#path + key;
  }

  isSet(key: K): boolean {
    return this.#all.present.has(this.path(key));
  }

  /** Set to a value that was refused: rules that depend on it keep silent. */
  isBroken(key: K): boolean {
    return this.isSet(key) && this.#all.found.get(this.path(key))?.value === undefined;
  }

  /** The value of the file, else the default. */
  value(key: K): Value | undefined {
    const own = this.#all.found.get(this.path(key))?.value;
    if (own !== undefined) return own;
    const spec = KEY_BY_PATH.get(this.#pattern + key);
    return spec === undefined ? undefined : defaultValue(spec);
  }

  text(key: K): string | undefined {
    const value = this.value(key);
    return typeof value === "string" ? value : undefined;
  }

  number(key: K): number | undefined {
    const value = this.value(key);
    return typeof value === "number" ? value : undefined;
  }

  flag(key: K): boolean {
    return this.value(key) === true;
  }

  /** The value as one of the choices; undefined when it is not set and has no default. */
  choice<C extends string>(key: K, choices: readonly C[]): C | undefined {
    const value = this.value(key);
    return choices.find((choice) => choice === value);
  }
}

export function profileSection(all: KeyValues, name: string): Section<ProfileKey> {
  const path = `${tomlPath(["profiles", name])}.`;
  return new Section<ProfileKey>(all, { path, pattern: "profiles.*." });
}

export function globalSection(all: KeyValues): Section<GlobalKey> {
  return new Section<GlobalKey>(all, { path: "", pattern: "" });
}

/** For values that a default or an earlier rule guarantees. */
export function sure<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("a value that the rules guarantee is missing");
  return value;
}
