// The vault between processes: nothing is lost, and a kill at any moment leaves a vault that opens.

import assert from "node:assert/strict";
import { joinPath } from "../../src/base/paths.ts";
import { Vault } from "../../src/vault/vault.ts";
import { countIn } from "./counting.ts";
import { PLATFORM, spawnChild, testSettings, testWorld, withFolder } from "./fixtures.ts";
import { CAN_PLAY_ACCOUNTS, playOtherAccounts } from "./other_account.ts";

const KILL_ROUNDS = 40;

Deno.test("update() of eight processes at once loses no update", async () => {
  await withFolder(async (folder) => {
    const children = Array.from(
      { length: 8 },
      () => spawnChild("./counting_child.ts", { folder, rounds: 10 }),
    );
    for (const output of await Promise.all(children.map((child) => child.output()))) {
      assert.equal(output.code, 0, new TextDecoder().decode(output.stderr));
    }
    assert.equal(countIn(await new Vault(testSettings(folder), testWorld()).read()), 80);
  });
});

Deno.test("update() killed at a random moment leaves the last or the next-to-last content", async () => {
  await withFolder(async (folder) => {
    const vault = new Vault(testSettings(folder), testWorld());
    let known = 0;
    for (let round = 0; round < KILL_ROUNDS; round++) {
      const child = spawnChild("./counting_child.ts", { folder, rounds: 1_000_000 });
      const spoken = readNumbers(child.stdout);
      await spoken.first;
      const until = performance.now() + Math.random() * 20;
      while (performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 0));
      child.kill("SIGKILL");
      await child.status;
      await child.stderr.cancel();
      const acknowledged = await spoken.last;
      // A reader takes no lock and recovers nothing: it sees the last or the one before.
      const seen = countIn(await vault.read());
      assert.ok(seen >= acknowledged && seen <= acknowledged + 1, `${seen} after ${acknowledged}`);
      const recovered = await vault.update((content) => Promise.resolve(countIn(content)));
      assert.ok(
        recovered >= seen && recovered <= acknowledged + 1,
        `${recovered} after ${acknowledged}`,
      );
      assert.ok(recovered > known, "a round counted nothing");
      known = recovered;
    }
  });
});

Deno.test({
  name: "update() of two accounts of one group share a vault under the umask 022",
  ignore: !CAN_PLAY_ACCOUNTS, // only root on Linux may change user and group
  fn: async () => {
    await withFolder(async (folder) => {
      const group = await anyGroup();
      const accounts = await playOtherAccounts(folder);
      const counts: number[] = [];
      for (const uid of [12001, 12002, 12001]) {
        const input = { folder, rounds: 1, group: group.name };
        const { code, stdout, stderr } = await accounts.count({ uid, gid: group.gid }, input);
        assert.equal(code, 0, stderr);
        counts.push(Number(stdout));
      }
      assert.deepEqual(counts, [1, 2, 3]);
      const data = await Deno.stat(joinPath(folder, "data", { platform: PLATFORM }));
      assert.equal((data.mode ?? 0) & 0o7777, 0o2770);
      for (const name of ["vault.json", "vault.lock"]) {
        const info = await Deno.stat(joinPath(folder, `data/${name}`, { platform: PLATFORM }));
        assert.equal((info.mode ?? 0) & 0o777, 0o660, name);
        assert.equal(info.gid, group.gid, name);
      }
    });
  },
});

// A group whose number is not root's; every Linux has several.
async function anyGroup(): Promise<{ readonly name: string; readonly gid: number }> {
  for (const line of (await Deno.readTextFile("/etc/group")).split("\n")) {
    const [name, , gid] = line.split(":");
    if (name === "users" && gid !== undefined) return { name, gid: Number(gid) };
  }
  throw new Error('this system has no group "users"');
}

function readNumbers(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
): { readonly first: Promise<void>; readonly last: Promise<number> } {
  const { promise: first, resolve } = Promise.withResolvers<void>();
  async function read(): Promise<number> {
    let text = "";
    for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      if (text.includes("\n")) resolve();
    }
    resolve();
    return Number(text.slice(0, text.lastIndexOf("\n")).split("\n").at(-1));
  }
  return { first, last: read() };
}
