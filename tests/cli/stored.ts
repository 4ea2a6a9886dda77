// Puts into the vault of a desk what years of use would have left there.

import { parseSettings } from "../../src/profile/parse.ts";
import type { Profile } from "../../src/profile/profile.ts";
import {
  bindingOf,
  type Grant,
  type ProfileSecrets,
  secretsOf,
  withSecrets,
} from "../../src/vault/content.ts";
import { Vault } from "../../src/vault/vault.ts";
import { testWorld } from "../vault/fixtures.ts";
import type { Desk } from "./desk.ts";

/** Replaces secrets of the profile `plant`; a value of undefined forgets that one. */
export async function store(
  desk: Desk,
  secrets: (profile: Profile) => Parameters<typeof withSecrets>[2],
): Promise<void> {
  const { vault, profile } = await opened(desk);
  await vault.update((content, save) => save(withSecrets(content, profile.name, secrets(profile))));
}

/** What the vault holds of the profile `plant`. */
export async function stored(desk: Desk): Promise<ProfileSecrets> {
  const { vault, profile } = await opened(desk);
  return secretsOf(await vault.read(), profile.name);
}

/** A sign-in of today, that only the given times change. */
export function grantOf(profile: Profile, change: Partial<Grant> = {}): Grant {
  const nowMs = Date.parse("2026-11-24T08:00:00Z");
  return {
    binding: bindingOf(profile),
    account: profile.user,
    scope: "mail",
    accessToken: "access-token-0",
    accessTokenIssuedAtMs: nowMs,
    accessTokenExpiresAtMs: nowMs + 3_600_000,
    refreshToken: "refresh-token-0",
    refreshTokenIssuedAtMs: nowMs,
    refreshTokenLastUsedAtMs: nowMs,
    ...change,
  };
}

async function opened(desk: Desk): Promise<{ readonly vault: Vault; readonly profile: Profile }> {
  const world = testWorld({ nowMs: () => desk.nowMs });
  const { file } = desk;
  const settings = parseSettings(await Deno.readTextFile(file), { file, platform: world.platform });
  const profile = settings.profiles.get("plant");
  if (profile === undefined) throw new Error("the desk has no profile plant");
  return { vault: new Vault(settings, world), profile };
}
