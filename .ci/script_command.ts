// The commands of the script form: plantpost without an executable of its own, run by a Deno that IT has installed.
// The invariants: the same permissions as the executable's, and nothing that Deno would do beside running it, such
// as looking for updates, keeping compiled code, or reading modules of other commands.

import { permissions, type Platform, V8_FLAGS } from "./permissions.ts";

export interface ScriptCommand {
  readonly name: string;
  readonly text: string;
}

/**
 * For what runs the bundle: a module is read when it is imported, as in the executable, not with the first one. A
 * send takes 1.4 MB less, and `--version` 5 ms. A variable, because a Deno without it does not mind.
 */
export const LAZY_IMPORTS = "DENO_UNSTABLE_LAZY_DYNAMIC_IMPORTS";

export function scriptCommand(platform: Platform): ScriptCommand {
  const asCompiled = ["--quiet", "--no-config", "--no-lock", "--no-code-cache", V8_FLAGS];
  const flags = [...asCompiled, ...permissions(platform)].join(" ");
  if (platform === "windows") {
    return {
      name: "plantpost.cmd",
      text: [
        "@echo off",
        "setlocal",
        "set DENO_NO_UPDATE_CHECK=1",
        `set ${LAZY_IMPORTS}=1`,
        `deno run ${flags} "%~dp0main.js" %*`,
        "",
      ].join("\r\n"),
    };
  }
  return {
    name: platform === "linux" ? "plantpost" : "plantpost-macos",
    text: [
      "#!/bin/sh",
      `DENO_NO_UPDATE_CHECK=1 ${LAZY_IMPORTS}=1 exec deno run ${flags} "$(dirname -- "$0")/main.js" "$@"`,
      "",
    ].join("\n"),
  };
}
