// A process of its own for the test of fifty: for each line on standard input, which is the time that it is, it wants
// an access token of the vault as a mail does, and says it on a line of standard output.

import { TextLineStream } from "./line_stream.ts";
import { usableGrant } from "../../src/vault/access.ts";
import { Vault } from "../../src/vault/vault.ts";
import { testProfile, testSettings, testWorld } from "./fixtures.ts";

const { folder, tokenEndpoint } = JSON.parse(Deno.args[0] ?? "{}") as {
  readonly folder: string;
  readonly tokenEndpoint: string;
};

async function say(line: string): Promise<void> {
  await Deno.stdout.write(new TextEncoder().encode(`${line}\n`));
}

async function main(): Promise<void> {
  const profile = testProfile({ oauth: { tokenEndpoint } });
  await say("ready");
  for await (const line of Deno.stdin.readable.pipeThrough(new TextLineStream())) {
    const world = testWorld({ nowMs: () => Number(line) });
    // As a process that starts now: with nothing in memory.
    const vault = new Vault(testSettings(folder), world);
    const grant = await usableGrant(profile, profile.oauth, { vault, world });
    await say(grant.accessToken);
  }
}

void main();
