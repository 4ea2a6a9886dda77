// The lines that tell of keys this release accepts and does not use. A value equal to the default changes
// nothing, so it is not worth a line: the example file with all its keys stays silent.

import { defaultValue, type FoundKey, type KeyValues, type Value } from "./key_values.ts";
import type { ProfileKey } from "./keys.ts";
import { showValue } from "./problems.ts";
import { providerValues } from "./provider_values.ts";
import { PROVIDERS } from "./providers.ts";
import { profileSection } from "./section.ts";

export interface UnusedOptions {
  readonly fileName: string;
}

/** One line for each key, in the order of the file. */
export function unusedKeys(all: KeyValues, options: UnusedOptions): readonly string[] {
  const defaults = providerDefaults(all);
  const lines: string[] = [];
  for (const [path, found] of all.found) {
    const unused = unusedPart(found);
    if (unused === undefined) continue;
    if (isSame(found.value, defaults.get(path) ?? defaultValue(found.key))) continue;
    lines.push(`${options.fileName}: ${path}: ${unused}is accepted but not used by this release`);
  }
  return lines;
}

/** What of the key is unused: empty for the whole key, the value where it is that; else undefined. */
function unusedPart({ key, value }: FoundKey): string | undefined {
  if (key.built === false) return "";
  const isUnbuilt = typeof value === "string" && key.unbuiltChoices?.includes(value) === true;
  return isUnbuilt ? `${showValue(value)} ` : undefined;
}

function providerDefaults(all: KeyValues): ReadonlyMap<string, Value> {
  const defaults = new Map<string, Value>();
  for (const name of all.profiles) {
    const profile = profileSection(all, name);
    const values = providerValues(profile);
    if (values === undefined) continue;
    const provider = PROVIDERS[values.provider];
    const rows: readonly (readonly [ProfileKey, Value | undefined])[] = [
      ["limits.messages_per_minute", provider.messagesPerMinute],
      ["limits.connections", provider.connections],
    ];
    for (const [key, value] of rows) {
      if (value !== undefined) defaults.set(profile.path(key), value);
    }
  }
  return defaults;
}

function isSame(one: Value | undefined, other: Value | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
