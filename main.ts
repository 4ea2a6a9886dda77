// The executable: builds the real world and hands over. The invariant: nothing is imported here that
// `--version` does not need, and a promise that never settles must not look like success.

import { VERSION } from "./src/base/version.ts";

Deno.exitCode = 70;
if (Deno.args.length === 1 && Deno.args[0] === "--version") {
  Deno.stdout.writeSync(new TextEncoder().encode(`plantpost ${VERSION}\n`));
  Deno.exitCode = 0;
} else {
  void import("./src/cli/run.ts").then(({ runProgram }) => runProgram(Deno.args));
}
