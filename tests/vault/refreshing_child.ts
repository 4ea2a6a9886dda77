// A process of its own for the tests of the refresh: says that it is there, then wants an access token.

import type { VaultSettings } from "../../src/profile/profile.ts";
import { usableGrant } from "../../src/vault/access.ts";
import { Vault } from "../../src/vault/vault.ts";
import { testProfile, testSettings, testWorld } from "./fixtures.ts";

const { folder, tokenEndpoint, readyUrl, vault: change } = JSON.parse(Deno.args[0] ?? "{}") as {
  readonly folder: string;
  readonly tokenEndpoint: string;
  readonly readyUrl: string;
  readonly vault?: Partial<VaultSettings>;
};

async function main(): Promise<void> {
  const world = testWorld();
  const vault = new Vault(
    testSettings(folder, change === undefined ? {} : { vault: change }),
    world,
  );
  const profile = testProfile({ oauth: { tokenEndpoint } });
  await (await fetch(readyUrl, { method: "POST" })).text();
  const grant = await usableGrant(profile, profile.oauth, { vault, world });
  await Deno.stdout.write(new TextEncoder().encode(grant.accessToken));
}

void main();
