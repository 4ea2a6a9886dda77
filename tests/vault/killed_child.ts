// A process of its own that refreshes without end, until it is killed. A refusal ends it, and is told on
// standard output as one line of JSON.

import { Failure } from "../../src/base/failure.ts";
import { usableGrant } from "../../src/vault/access.ts";
import { Vault } from "../../src/vault/vault.ts";
import { testProfile, testSettings, testWorld } from "./fixtures.ts";

const { folder, tokenEndpoint } = JSON.parse(Deno.args[0] ?? "{}") as {
  readonly folder: string;
  readonly tokenEndpoint: string;
};

async function main(): Promise<void> {
  const world = testWorld();
  const vault = new Vault(testSettings(folder), world);
  const profile = testProfile({ oauth: { tokenEndpoint } });
  try {
    while (true) await usableGrant(profile, profile.oauth, { vault, world, isForced: true });
  } catch (failure) {
    if (!(failure instanceof Failure)) throw failure;
    const { code, message } = failure;
    await Deno.stdout.write(new TextEncoder().encode(`${JSON.stringify({ code, message })}\n`));
  }
}

void main();
