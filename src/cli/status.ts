// `status`: what is stored, and until when it holds; asks nobody over the network, unless `--notify` has something to
// mail. The invariant: exit 0 means that a send would find a grant, 77 that a person must sign in.

import { EXIT, type Failure } from "../base/failure.ts";
import type { Profile } from "../profile/profile.ts";
import type { Context } from "./context.ts";
import type { Notified } from "./notify.ts";
import { failureJson, sayFailure } from "./output.ts";
import { look, type Status } from "./status_look.ts";
import { statusText } from "./status_text.ts";

export async function run(context: Context): Promise<number> {
  const profile = await context.profile();
  const list = context.flags.text("notify");
  // Whom nobody can reach is told at once, and not on the day on which there is something to tell.
  const recipients = list === undefined
    ? undefined
    : await (await import("./notify.ts")).notifyList(context, list);
  const looked = await look(context, profile);
  const { failure, endings } = looked;
  const status: Status = {
    ...looked.status,
    warnings: [...looked.status.warnings, ...await context.accessWarnings()],
  };
  const notified = recipients === undefined || failure !== undefined
    ? undefined
    : await (await import("./notify.ts")).notify(context, { profile, endings, to: recipients });
  await say(context, { profile, status, failure, notified });
  if (notified !== undefined && notified.exitCode !== EXIT.ok) return notified.exitCode;
  const isUsable = status.grant === undefined || status.grant === "usable";
  return isUsable ? EXIT.ok : failure?.exitCode ?? EXIT.loginNeeded;
}

async function say(
  context: Context,
  of: {
    readonly profile: Profile;
    readonly status: Status;
    readonly failure: Failure | undefined;
    readonly notified: Notified | undefined;
  },
): Promise<void> {
  const { profile, status, failure, notified } = of;
  const { file } = await context.settings();
  const told = notified?.told;
  const error = told !== undefined
    ? failureJson(told)
    : failure === undefined
    ? undefined
    : { code: failure.code, message: failure.message };
  context.result({
    ...status,
    ...(notified === undefined ? {} : { notified: notified.json }),
    ...(error === undefined ? {} : { error }),
  }, statusText(profile, { status, file, notified }));
  for (const warning of status.warnings) context.warn(warning);
  if (told === undefined) return;
  context.journal.failure(failureJson(told));
  if (!context.isJson) sayFailure(told, context.world.terminal);
}
