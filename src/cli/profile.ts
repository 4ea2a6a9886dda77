// `profile export --seal` and `profile import`: which of the two, and whether its flags fit. The invariant: what
// one of them does not know is refused, so that no flag is believed to do something that it does not.

import { Failure } from "../base/failure.ts";
import type { Context } from "./context.ts";

const FLAGS = { export: ["seal", "with-sign-in"], import: ["replace"] } as const;

export async function run(context: Context): Promise<number> {
  const { flags } = context;
  const action = flags.positionals[0] === "export" ? "export" : "import";
  const other = action === "export" ? "import" : "export";
  const foreign = FLAGS[other].find((flag) => flags.has(flag));
  if (foreign !== undefined) {
    throw new Failure("usage.invalid", `profile ${action} takes no --${foreign}`, {
      remedy: `that is a flag of: plantpost profile ${other}`,
    });
  }
  const command = action === "export"
    ? await import("./profile_export.ts")
    : await import("./profile_import.ts");
  return await command.run(context);
}
