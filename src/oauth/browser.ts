// Which program opens an address in the person's browser. No shell is involved on any system: an address
// with `&` or `%` in it stays one argument. Full paths, because the executable is permitted to run these and
// nothing else, and so that no program of the same name in another folder is started.

import type { World } from "../base/world.ts";

/** The one program that `.ci/compile.ts` permits the executable of each platform to run. */
export const BROWSER_PROGRAMS = {
  windows: "C:\\Windows\\System32\\rundll32.exe",
  darwin: "/usr/bin/open",
  linux: "/usr/bin/xdg-open",
} as const satisfies Record<World["platform"], string>;

export function browserCommand(
  url: string,
  platform: World["platform"],
): { readonly program: string; readonly args: readonly string[] } {
  const program = BROWSER_PROGRAMS[platform];
  return { program, args: platform === "windows" ? ["url.dll,FileProtocolHandler", url] : [url] };
}
