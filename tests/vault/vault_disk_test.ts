// The vault on disks that are full, read-only or elsewhere.

import assert from "node:assert/strict";
import { joinPath } from "../../src/base/paths.ts";
import { EMPTY_VAULT, type VaultContent } from "../../src/vault/content.ts";
import { checkPlace } from "../../src/vault/place.ts";
import { Vault } from "../../src/vault/vault.ts";
import {
  isFailure,
  namesIn,
  PLATFORM,
  testGrant,
  testProfile,
  testSettings,
  testWorld,
  withFolder,
} from "./fixtures.ts";
import { CAN_MOUNT, fill, mountDisk, setWritable } from "./mounts.ts";
import { CAN_PLAY_ACCOUNTS, playOtherAccounts } from "./other_account.ts";

const SOME: VaultContent = { profiles: { plant: { grant: testGrant(testProfile()) } } };

Deno.test({
  name: "update() on a full disk fails before the change runs, and reading goes on",
  ignore: !CAN_MOUNT,
  fn: async () => {
    await withMount({ options: "size=512k" }, async ({ settings, data }) => {
      const vault = new Vault(settings, testWorld());
      await vault.update(async (_, save) => await save(SOME));
      await fill(joinPath(data, "ballast", { platform: PLATFORM }));
      let hasRun = false;
      const update = vault.update(() => {
        hasRun = true;
        return Promise.resolve();
      });
      await assert.rejects(
        update,
        isFailure("file.io", /reserve space for .*vault\.json/, /free some space/),
      );
      assert.ok(!hasRun, "a provider would have been asked without room for its answer");
      assert.deepEqual(await vault.read(), SOME);
      assert.deepEqual(await namesIn(data), ["ballast", "vault.json", "vault.lock"]);
      await Deno.remove(joinPath(data, "ballast", { platform: PLATFORM }));
      await vault.update(async (_, save) => await save(EMPTY_VAULT));
      assert.deepEqual(await vault.read(), EMPTY_VAULT);
    });
  },
});

Deno.test({
  name: "update() can save on a disk that fills up while the provider is being asked",
  ignore: !CAN_MOUNT,
  fn: async () => {
    await withMount({ options: "size=640k" }, async ({ settings, data }) => {
      const vault = new Vault(settings, testWorld());
      await vault.update(async (_, save) => {
        await fill(joinPath(data, "ballast", { platform: PLATFORM }));
        await save(SOME);
      });
      assert.deepEqual(await vault.read(), SOME);
    });
  },
});

Deno.test({
  name: "update() on a read-only disk fails before the change runs, and reading goes on",
  ignore: !CAN_MOUNT,
  fn: async () => {
    await withMount({ options: "size=1m" }, async ({ settings, data }) => {
      await new Vault(settings, testWorld()).update(async (_, save) => await save(SOME));
      await setWritable(data, false);
      const vault = new Vault(settings, testWorld());
      assert.deepEqual(await vault.read(), SOME);
      await assert.rejects(
        vault.update(() => Promise.reject(new Error("the change ran"))),
        isFailure("file.io", /vault\.lock: read-only/, /right to write/),
      );
    });
  },
});

Deno.test({
  name: "update() on a full disk that takes no folder either says what to free",
  ignore: !CAN_MOUNT,
  fn: async () => {
    await withMount({ options: "size=64k,nr_inodes=1" }, async ({ settings, data }) => {
      const at = (name: string): string => joinPath(data, name, { platform: PLATFORM });
      const inside = { ...settings, dataDir: at("data") };
      await assert.rejects(
        new Vault(inside, testWorld()).update(() => Promise.resolve()),
        isFailure("file.cannot_create", /cannot create the folder .*data: no space/, /free some/),
      );
      assert.deepEqual(await namesIn(data), []);
    });
    await withMount({ options: "size=1m,nr_inodes=2" }, async ({ settings, data }) => {
      const keyFile = joinPath(data, "keys/vault.key", { platform: PLATFORM });
      const inside = { ...settings, vault: { ...settings.vault, keyFile } };
      await assert.rejects(
        new Vault(inside, testWorld()).update(() => Promise.resolve()),
        isFailure("file.cannot_create", /cannot create the folder of .*vault\.key/, /free some/),
      );
      assert.deepEqual(await namesIn(data), ["vault.lock"]);
    });
  },
});

Deno.test({
  name: "update() in a folder without the right to write says so",
  ignore: !CAN_PLAY_ACCOUNTS, // root may write everywhere, so another account has to try
  fn: async () => {
    await withFolder(async (folder) => {
      const accounts = await playOtherAccounts(folder);
      await Deno.mkdir(testSettings(folder).dataDir, { mode: 0o755 });
      const { code, stdout, stderr } = await accounts.count({ uid: 12001, gid: 12001 }, {
        folder,
        rounds: 1,
      });
      assert.notEqual(code, 0);
      assert.equal(stdout, "", "the change ran");
      assert.match(stderr, /Failure: cannot open .*vault\.lock: permission denied/);
    });
  },
});

Deno.test("checkPlace() takes a local folder", async () => {
  await withFolder(async (folder) => {
    await checkPlace(folder, PLATFORM);
    assert.deepEqual(await namesIn(folder), [], "looking leaves something behind");
  });
});

Deno.test({
  name: "checkPlace() refuses the folder of a share by its real name",
  ignore: Deno.build.os !== "linux", // there a folder may be called like a share
  fn: async () => {
    await withFolder(async (folder) => {
      // Where the operating system knows no real path, the name as it is decides.
      for (const share of ["\\\\server\\plant", "\\\\?\\UNC\\server\\plant"]) {
        await assert.rejects(
          checkPlace(share, "windows"),
          isFailure("vault.place", /network share \(\\\\server\\plant\)/, /local disk/),
        );
      }
      for (const local of ["C:\\plant", "\\\\?\\C:\\plant", "\\\\.\\R:\\plant", folder]) {
        await checkPlace(local, "windows");
      }
    });
  },
});

async function withMount(
  { options }: { readonly options: string },
  body: (
    at: { readonly settings: ReturnType<typeof testSettings>; readonly data: string },
  ) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    const settings = testSettings(folder);
    await using _disk = await mountDisk(settings.dataDir, options);
    await body({ settings, data: settings.dataDir });
  });
}
