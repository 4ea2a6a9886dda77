// A process of its own for the vault's tests: writes to the vault of a folder until it has done its rounds or
// is killed. Every write puts one and the same number into two places far apart, so that a torn file shows.

import { Vault } from "../../src/vault/vault.ts";
import { testSettings, testWorld } from "./fixtures.ts";
import { nextCount } from "./counting.ts";

const { folder, rounds, group } = JSON.parse(Deno.args[0] ?? "{}") as {
  readonly folder: string;
  readonly rounds: number;
  readonly group?: string;
};
const settings = testSettings(folder, group === undefined ? {} : { vault: { group } });
const vault = new Vault(settings, testWorld());

async function main(): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    await vault.update(async (content, save) => {
      const next = nextCount(content);
      await save(next.content);
      await Deno.stdout.write(new TextEncoder().encode(`${next.count}\n`));
    });
  }
}

void main();
