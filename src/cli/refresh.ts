// `refresh`: the manual's button of that name; forces a new access token, and is safe to schedule.

import { EXIT } from "../base/failure.ts";
import { oauthOf } from "../outbox/submission.ts";
import { usableGrant } from "../vault/access.ts";
import { clockWarning } from "../vault/clock.ts";
import type { Context } from "./context.ts";

export async function run(context: Context): Promise<number> {
  const profile = await context.profile();
  const grant = await usableGrant(profile, oauthOf(profile), {
    vault: await context.vault(),
    world: await context.worldOf(profile),
    isForced: true,
    signal: context.signal,
    ...(context.transcript === undefined ? {} : { transcript: context.transcript }),
  });
  const warning = clockWarning(grant.clockSkewMs);
  if (warning !== undefined) context.warn(warning);
  const endMs = grant.accessTokenExpiresAtMs;
  const expiresAt = endMs === undefined ? undefined : new Date(endMs).toISOString();
  context.result(
    {
      profile: profile.name,
      ...(grant.account === undefined ? {} : { account: grant.account }),
      accessToken: expiresAt === undefined ? {} : { expiresAt },
      warnings: warning === undefined ? [] : [warning],
    },
    `new access token for profile "${profile.name}"` +
      `${expiresAt === undefined ? "" : `, good until ${expiresAt}`}\n`,
  );
  return EXIT.ok;
}
