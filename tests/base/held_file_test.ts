// Files that another program holds: `patiently()` by itself everywhere, and files held as virus scanners hold them
// on Windows.

import assert from "node:assert/strict";
import { createDurably, reserveReplacement } from "../../src/base/durable_file.ts";
import { Failure } from "../../src/base/failure.ts";
import { isHeld, patiently } from "../../src/base/held_file.ts";
import { appendLines } from "../../src/base/log_file.ts";
import { EMPTY_VAULT } from "../../src/vault/content.ts";
import { Vault } from "../../src/vault/vault.ts";
import { holdFile } from "../peers/held_file.ts";
import { testSettings, testWorld, withFolder } from "../vault/fixtures.ts";

const IS_WINDOWS = Deno.build.os === "windows";

Deno.test("patiently() calls again while the failure may pass, and no longer", async () => {
  const passing = new Error("held");
  let calls = 0;
  const answer = await patiently(() => {
    calls++;
    return calls < 4 ? Promise.reject(passing) : Promise.resolve("done");
  }, (cause) => cause === passing);
  assert.deepEqual([answer, calls], ["done", 4]);

  calls = 0;
  const other = new Error("of another kind");
  await assert.rejects(
    patiently(() => {
      calls++;
      return Promise.reject(other);
    }, (cause) => cause === passing),
    other,
  );
  assert.equal(calls, 1);
});

Deno.test("isHeld() knows Windows' words on Windows alone", () => {
  const held = new Error("Sharing violation. (os error 32): open 'C:\\x'");
  const locked = new Error("another process has locked a portion of the file. (os error 33)");
  assert.equal(isHeld(held), IS_WINDOWS); // elsewhere 32 is a broken pipe
  assert.equal(isHeld(locked), IS_WINDOWS);
  assert.equal(isHeld(new Error("Access is denied. (os error 5)")), false);
  assert.equal(isHeld(new Error("The handle is invalid. (os error 321)")), false);
  assert.equal(isHeld("os error 32"), false);
});

/** Lets go at the `after`th try of `call`, which it passes on. */
function lettingGo<Call extends (...args: never[]) => unknown>(
  call: Call,
  at: { readonly after: number; readonly held: Disposable },
): { readonly call: Call; readonly tries: () => number } {
  let tries = 0;
  const watched = ((...args: Parameters<Call>) => {
    if (++tries === at.after) at.held[Symbol.dispose]();
    return call(...args);
  }) as Call;
  return { call: watched, tries: () => tries };
}

for (const which of ["new", "old"] as const) {
  Deno.test({
    name: `a file is replaced although a virus scanner holds the ${which} one for a moment`,
    ignore: !IS_WINDOWS, // elsewhere nobody can hold a file
    fn: async () => {
      await withFolder(async (folder) => {
        const path = `${folder}\\vault.json`;
        await createDurably(path, new TextEncoder().encode("old"), { mode: 0o600 });
        const renaming: { tries?: () => number } = {};
        const fileSystem = {
          open: Deno.open,
          remove: Deno.remove,
          link: Deno.link,
          rename: async (from: string | URL, to: string | URL): Promise<void> => {
            if (renaming.tries === undefined) {
              const held = holdFile(which === "new" ? `${path}.new` : path);
              const { call, tries } = lettingGo(Deno.rename, { after: 3, held });
              renaming.tries = tries;
              fileSystem.rename = call;
            }
            await fileSystem.rename(from, to);
          },
        };
        await using room = await reserveReplacement(path, { bytes: 100, mode: 0o600, fileSystem });
        await room.commit(new TextEncoder().encode("new"));
        assert.equal(await Deno.readTextFile(path), "new");
        assert.equal(renaming.tries?.(), 3);
      });
    },
  });
}

Deno.test({
  name: "a file that stays held is told as such, with what to do, and is not harmed",
  ignore: !IS_WINDOWS, // elsewhere nobody can hold a file
  fn: async () => {
    await withFolder(async (folder) => {
      const path = `${folder}\\vault.json`;
      await createDurably(path, new TextEncoder().encode("old"), { mode: 0o600 });
      {
        using _held = holdFile(`${path}`);
        const vault = new Vault(testSettings(folder, { dataDir: folder }), testWorld());
        await assert.rejects(vault.read(), (failure) => {
          assert.ok(failure instanceof Failure);
          assert.match(failure.message, /cannot read the vault .*os error 32/);
          assert.match(failure.remedy ?? "", /close the program that has .*vault\.json open/);
          return true;
        });
      }
      assert.equal(await Deno.readTextFile(path), "old");
    });
  },
});

Deno.test({
  name: "a vault that a killed writer left is recovered although a scanner reads the old one",
  ignore: !IS_WINDOWS, // elsewhere nobody can hold a file
  fn: async () => {
    await withFolder(async (folder) => {
      const settings = testSettings(folder, { vault: { key: "auto" } });
      const vault = new Vault(settings, testWorld());
      await vault.update((_, save) => save(EMPTY_VAULT));
      const old = await Deno.readFile(vault.path);
      const newer = { profiles: { plant: {} } };
      await vault.update((_, save) => save(newer));
      await Deno.rename(vault.path, `${vault.path}.new`);
      await Deno.writeFile(vault.path, old);
      const held = holdFile(vault.path, { canBeRead: true });
      const recovery = new Vault(settings, testWorld()).update((content) => {
        assert.deepEqual(content, newer);
        return Promise.resolve();
      });
      await assert.rejects(Deno.remove(vault.path)); // nobody may, and neither may the recovery
      held[Symbol.dispose]();
      await recovery;
      assert.deepEqual(await new Vault(settings, testWorld()).read(), newer);
    });
  },
});

Deno.test({
  name: "the vault and the log wait for a scanner to let go",
  ignore: !IS_WINDOWS, // elsewhere nobody can hold a file
  fn: async () => {
    await withFolder(async (folder) => {
      const settings = testSettings(folder, { vault: { key: "auto" } });
      await new Vault(settings, testWorld()).update((_, save) => save(EMPTY_VAULT));
      const vault = new Vault(settings, testWorld());
      const held = holdFile(vault.path);
      const reading = vault.read();
      await assert.rejects(Deno.readFile(vault.path), /os error 32/); // it has failed once
      held[Symbol.dispose]();
      assert.deepEqual(await reading, EMPTY_VAULT);

      const path = `${folder}\\plantpost.log`;
      await Deno.writeTextFile(path, "first\n");
      const heldLog = holdFile(path);
      let tries = 0;
      const openSync: typeof Deno.openSync = (...args) => {
        if (++tries === 2) heldLog[Symbol.dispose]();
        return Deno.openSync(...args);
      };
      await appendLines(["second\n"], {
        path,
        maxBytes: 1000,
        keep: 1,
        mode: 0o600,
        fileSystem: { ...Deno, openSync },
      });
      assert.equal(await Deno.readTextFile(path), "first\nsecond\n");
      assert.equal(tries, 2);
    });
  },
});
