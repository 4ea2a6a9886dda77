// `status`: what is stored, and until when it holds; asks nobody over the network, unless `--notify` has something to
// mail. The invariant: exit 0 means that a send would find a grant, 77 that a person must sign in.

import { EXIT } from "../base/failure.ts";
import type { Context } from "./context.ts";
import { look, type Status } from "./status_look.ts";
import { statusText } from "./status_text.ts";

export async function run(context: Context): Promise<number> {
  const profile = await context.profile();
  const { failure, ...looked } = await look(context, profile);
  const status: Status = {
    ...looked.status,
    warnings: [...looked.status.warnings, ...await context.accessWarnings()],
  };
  context.result(
    failure === undefined
      ? status
      : { ...status, error: { code: failure.code, message: failure.message } },
    statusText(profile, { status, file: (await context.settings()).file }),
  );
  for (const warning of status.warnings) context.warn(warning);
  const isUsable = status.grant === undefined || status.grant === "usable";
  return isUsable ? EXIT.ok : failure?.exitCode ?? EXIT.loginNeeded;
}
