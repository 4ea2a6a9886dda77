// How the executable runs, and what it may do, as flags of `deno compile` and `deno run`: one place for the
// executables, the script form, the tests that run the bundle under the same flags, and the page for IT. The
// invariant: nothing is permitted by name of kind alone that can be named one by one; programs and libraries are
// full paths.

import { WINDOWS_LIBRARIES } from "../src/base/windows_library.ts";
import { BROWSER_PROGRAMS } from "../src/oauth/browser.ts";

export type Platform = keyof typeof BROWSER_PROGRAMS;

/**
 * Garbage is collected before there is much of it: a batch of 50,000 mails then takes 84 MB instead of 141, at the
 * same speed. And not before there is as much: one mail is sent by then, and takes 1.2 MB less for want of a collection.
 */
export const V8_FLAGS = "--v8-flags=--max-semi-space-size=2,--min-semi-space-size=2";

/** The least that works: hosts, files and variables are the profile's to name, programs and libraries are not. */
export function permissions(platform: Platform): readonly string[] {
  const libraries = platform === "windows" ? Object.values(WINDOWS_LIBRARIES) : [];
  return [
    "--no-prompt",
    "--allow-net",
    "--allow-read",
    "--allow-write",
    "--allow-env",
    "--allow-sys=hostname,uid,statfs",
    `--allow-run=${BROWSER_PROGRAMS[platform]}`,
    ...(libraries.length === 0 ? [] : [`--allow-ffi=${libraries.join(",")}`]),
    // By itself the runtime would load code from seven public hosts.
    "--deny-import",
  ];
}

export const PLATFORMS: readonly Platform[] = ["windows", "darwin", "linux"];

export function isPlatform(name: string): name is Platform {
  return Object.hasOwn(BROWSER_PROGRAMS, name);
}
