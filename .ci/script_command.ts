// The commands of the script form: plantpost without an executable of its own, run by a Deno that IT has installed.
// The invariants: the same permissions as the executable's, and nothing that Deno would do beside running it, such
// as looking for updates or keeping compiled code.

import { permissions, type Platform, V8_FLAGS } from "./permissions.ts";

export interface ScriptCommand {
  readonly name: string;
  readonly text: string;
}

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
        `deno run ${flags} "%~dp0main.js" %*`,
        "",
      ].join("\r\n"),
    };
  }
  return {
    name: platform === "linux" ? "plantpost" : "plantpost-macos",
    text: [
      "#!/bin/sh",
      `DENO_NO_UPDATE_CHECK=1 exec deno run ${flags} "$(dirname -- "$0")/main.js" "$@"`,
      "",
    ].join("\n"),
  };
}
