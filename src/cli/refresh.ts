// `refresh`: the manual's button of that name; forces a new access token, and is safe to schedule.

import { EXIT } from "../base/failure.ts";
import { oauthOf } from "../outbox/submission.ts";
import { usableGrant } from "../vault/access.ts";
import type { Context } from "./context.ts";

export async function run(context: Context): Promise<number> {
  const profile = await context.profile();
  const grant = await usableGrant(profile, oauthOf(profile), {
    vault: await context.vault(),
    world: await context.worldOf(profile),
    isForced: true,
    ...(context.transcript === undefined ? {} : { transcript: context.transcript }),
  });
  const endMs = grant.accessTokenExpiresAtMs;
  const expiresAt = endMs === undefined ? undefined : new Date(endMs).toISOString();
  context.result(
    {
      profile: profile.name,
      ...(grant.account === undefined ? {} : { account: grant.account }),
      accessToken: expiresAt === undefined ? {} : { expiresAt },
    },
    `new access token for profile "${profile.name}"` +
      `${expiresAt === undefined ? "" : `, good until ${expiresAt}`}\n`,
  );
  return EXIT.ok;
}
