// A process of its own for the test of fifty: for each line on a connection to the test, which is the time that it is,
// it wants an access token of the vault as a mail does, and says it in a line.

import { TextLineStream } from "./line_stream.ts";
import { usableGrant } from "../../src/vault/access.ts";
import { Vault } from "../../src/vault/vault.ts";
import { testProfile, testSettings, testWorld } from "./fixtures.ts";

const { folder, port, tokenEndpoint } = JSON.parse(Deno.args[0] ?? "{}") as {
  readonly folder: string;
  readonly port: number;
  readonly tokenEndpoint: string;
};

async function main(): Promise<void> {
  const profile = testProfile({ oauth: { tokenEndpoint } });
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  for await (const line of connection.readable.pipeThrough(new TextLineStream())) {
    const world = testWorld({ nowMs: () => Number(line) });
    // As a process that starts now: with nothing in memory.
    const vault = new Vault(testSettings(folder), world);
    const grant = await usableGrant(profile, profile.oauth, { vault, world });
    await connection.write(new TextEncoder().encode(`${grant.accessToken}\n`));
  }
}

void main();
