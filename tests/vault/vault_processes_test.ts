// The vault between processes: of many writers at once nobody's work is lost. Killed ones are in `kill_test.ts`.

import assert from "node:assert/strict";
import { joinPath } from "../../src/base/paths.ts";
import { Vault } from "../../src/vault/vault.ts";
import { countIn } from "./counting.ts";
import { PLATFORM, spawnChild, testSettings, testWorld, withFolder } from "./fixtures.ts";
import { CAN_PLAY_ACCOUNTS, playOtherAccounts } from "./other_account.ts";

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
