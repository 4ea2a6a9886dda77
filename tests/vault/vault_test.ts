import assert from "node:assert/strict";
import { Failure } from "../../src/base/failure.ts";
import { joinPath } from "../../src/base/paths.ts";
import { EMPTY_VAULT, type VaultContent } from "../../src/vault/content.ts";
import { parseSealedVault } from "../../src/vault/envelope.ts";
import { Vault } from "../../src/vault/vault.ts";
import { countIn, nextCount } from "./counting.ts";
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

const IS_WINDOWS = Deno.build.os === "windows";
const SOME: VaultContent = { profiles: { plant: { grant: testGrant(testProfile()) } } };
const OTHER: VaultContent = {
  profiles: { plant: { grant: testGrant(testProfile(), { accessToken: "other" }) } },
};

Deno.test("read() of a vault that does not exist is empty and makes nothing on the disk", async () => {
  await withFolder(async (folder) => {
    assert.deepEqual(await vaultIn(folder).read(), EMPTY_VAULT);
    assert.deepEqual(await namesIn(folder), []);
  });
});

Deno.test("update() stores what read() finds, in this process and a new one", async () => {
  await withFolder(async (folder) => {
    const vault = vaultIn(folder);
    const result = await vault.update(async (content, save) => {
      assert.deepEqual(content, EMPTY_VAULT);
      await save(SOME);
      return "returned";
    });
    assert.equal(result, "returned");
    assert.deepEqual(await vault.read(), SOME);
    assert.deepEqual(await vaultIn(folder).read(), SOME);
    assert.deepEqual(await namesIn(at(folder, "data")), ["vault.json", "vault.lock"]);
  });
});

Deno.test({
  name: "update() makes folder, lock and file for the account alone",
  ignore: IS_WINDOWS, // Windows has access lists instead of modes
  fn: async () => {
    await withFolder(async (folder) => {
      await store(folder, SOME);
      assert.equal(await modeOf(at(folder, "data")), 0o700);
      assert.equal(await modeOf(at(folder, "data/vault.json")), 0o600);
      assert.equal(await modeOf(at(folder, "data/vault.lock")), 0o600);
      await store(folder, OTHER);
      assert.equal(await modeOf(at(folder, "data/vault.json")), 0o600);
    });
  },
});

Deno.test("update() without save, or with a change that throws, leaves the old file as it is", async () => {
  await withFolder(async (folder) => {
    await store(folder, SOME);
    const before = await Deno.readFile(at(folder, "data/vault.json"));
    const vault = vaultIn(folder);
    await vault.update(() => Promise.resolve());
    await assert.rejects(
      vault.update(() => Promise.reject(new Error("the change failed"))),
      /the change failed/,
    );
    assert.deepEqual(await Deno.readFile(at(folder, "data/vault.json")), before);
    assert.deepEqual(await namesIn(at(folder, "data")), ["vault.json", "vault.lock"]);
    await vault.update(async (_, save) => await save(OTHER));
    assert.deepEqual(await vault.read(), OTHER, "a failed change blocks the next one");
  });
});

Deno.test("update() and read() refuse a damaged vault and never overwrite it", async () => {
  await withFolder(async (folder) => {
    await store(folder, SOME);
    const path = at(folder, "data/vault.json");
    const whole = await Deno.readFile(path);
    for (const damage of [new Uint8Array(), whole.slice(0, 100), flipped(whole)]) {
      await Deno.writeFile(path, damage);
      const vault = vaultIn(folder);
      await assert.rejects(vault.read(), isFailure("vault.damaged", /vault\.json/, /backup/));
      await assert.rejects(
        vault.update(async (_, save) => await save(OTHER)),
        isFailure("vault.damaged"),
      );
      assert.deepEqual(await Deno.readFile(path), damage);
    }
  });
});

Deno.test("update() does not make a second key where the vault's own is gone", async () => {
  await withFolder(async (folder) => {
    await store(folder, SOME);
    await Deno.remove(at(folder, "keys/vault.key"));
    await assert.rejects(
      vaultIn(folder).update(async (_, save) => await save(OTHER)),
      isFailure("vault.sealed_elsewhere", /PC "PANEL-7" by "anna"/),
    );
    assert.deepEqual(await namesIn(at(folder, "keys")), []);
  });
});

Deno.test("update() recovers a newer whole vault that a killed writer left beside", async () => {
  await withFolder(async (folder) => {
    const path = at(folder, "data/vault.json");
    await store(folder, SOME);
    const old = await Deno.readFile(path);
    await store(folder, OTHER);
    await Deno.rename(path, `${path}.new`);
    await Deno.writeFile(path, old);
    const vault = vaultIn(folder);
    assert.deepEqual(await vault.read(), SOME);
    await vault.update((content) => {
      assert.deepEqual(content, OTHER);
      return Promise.resolve();
    });
    assert.deepEqual(await vaultIn(folder).read(), OTHER);
    assert.deepEqual(await namesIn(at(folder, "data")), ["vault.json", "vault.lock"]);
  });
});

Deno.test("update() recovers the very first vault, too", async () => {
  await withFolder(async (folder) => {
    const path = at(folder, "data/vault.json");
    await store(folder, SOME);
    await Deno.rename(path, `${path}.new`);
    await vaultIn(folder).update((content) => {
      assert.deepEqual(content, SOME);
      return Promise.resolve();
    });
    assert.deepEqual(await vaultIn(folder).read(), SOME);
  });
});

Deno.test("update() ignores a copy beside that is older, broken or only reserved space", async () => {
  await withFolder(async (folder) => {
    const path = at(folder, "data/vault.json");
    await store(folder, SOME);
    const old = await Deno.readFile(path);
    await store(folder, OTHER);
    const newer = parseSealedVault(await Deno.readFile(path), path);
    const forged = new TextDecoder().decode(old).replace(/"revision": \d+/, '"revision": 99');
    assert.ok(newer.header.revision === 2 && forged.includes("99"));
    const leftovers = [
      old,
      await Deno.readFile(path),
      new Uint8Array(),
      crypto.getRandomValues(new Uint8Array(65_536)),
      new TextEncoder().encode(forged),
      old.slice(0, 50),
    ];
    for (const leftover of leftovers) {
      await Deno.writeFile(`${path}.new`, leftover);
      await vaultIn(folder).update((content) => {
        assert.deepEqual(content, OTHER);
        return Promise.resolve();
      });
      assert.deepEqual(await vaultIn(folder).read(), OTHER);
      assert.deepEqual(await namesIn(at(folder, "data")), ["vault.json", "vault.lock"]);
    }
  });
});

// Swallowing every failure while recovering made a new key and wrote over the only copy of the sign-in.
Deno.test("update() keeps a newer copy beside that it has no key for", async () => {
  await withFolder(async (folder) => {
    const path = at(folder, "data/vault.json");
    await store(folder, SOME);
    await Deno.rename(path, `${path}.new`);
    await Deno.rename(at(folder, "keys/vault.key"), at(folder, "away.key"));
    await assert.rejects(
      vaultIn(folder).update(async (_, save) => await save(OTHER)),
      isFailure("vault.sealed_elsewhere"),
    );
    await Deno.rename(at(folder, "away.key"), at(folder, "keys/vault.key"));
    await vaultIn(folder).update(() => Promise.resolve());
    assert.deepEqual(await vaultIn(folder).read(), SOME);
  });
});

// Each waiting file lock took a thread of the runtime's pool until none was left for the holder to write with.
Deno.test("update() takes any number of turns at once in one process", async () => {
  await withFolder(async (folder) => {
    const vault = vaultIn(folder);
    const turns = Array.from(
      { length: 80 },
      () => vault.update(async (content, save) => await save(nextCount(content).content)),
    );
    await Promise.all(turns);
    assert.equal(countIn(await vault.read()), 80);
  });
});

Deno.test("update() says what to do when the folder cannot be made", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(at(folder, "data"), "a file where a folder is wanted");
    await assert.rejects(
      vaultIn(folder).update(() => Promise.resolve()),
      (failure) => failure instanceof Failure && failure.remedy !== undefined,
    );
  });
});

Deno.test("read() says what is the matter when the file cannot be read", async () => {
  await withFolder(async (folder) => {
    await Deno.mkdir(at(folder, "data/vault.json"), { recursive: true });
    await assert.rejects(vaultIn(folder).read(), isFailure("file.io", /cannot read the vault/));
  });
});

Deno.test("update() asks for the passphrase of a vault once and seals with it again", async () => {
  await withFolder(async (folder) => {
    const settings = testSettings(folder, { vault: { key: "passphrase" } });
    const first = testWorld({ answers: ["correct horse", "correct horse"] });
    const vault = new Vault(settings, first);
    await vault.update(async (_, save) => await save(SOME));
    await vault.update(async (_, save) => await save(OTHER));
    assert.deepEqual(await vault.read(), OTHER);
    assert.equal(first.questions.length, 2);
    const later = testWorld({ env: { PLANTPOST_PASSPHRASE: "correct horse" } });
    assert.deepEqual(await new Vault(settings, later).read(), OTHER);
    await assert.rejects(
      new Vault(settings, testWorld({ answers: ["wrong horse"] })).read(),
      isFailure("vault.passphrase"),
    );
    assert.deepEqual(await namesIn(folder), ["data"], "a passphrase needs no key file");
  });
});

function vaultIn(folder: string): Vault {
  return new Vault(testSettings(folder), testWorld());
}

async function store(folder: string, content: VaultContent): Promise<void> {
  await vaultIn(folder).update(async (_, save) => await save(content));
}

function at(folder: string, path: string): string {
  return joinPath(folder, path, { platform: PLATFORM });
}

function flipped(octets: Uint8Array): Uint8Array {
  const text = new TextDecoder().decode(octets);
  return new TextEncoder().encode(text.replace(/"pc": "PANEL-7"/, '"pc": "PANEL-8"'));
}

async function modeOf(path: string): Promise<number> {
  return ((await Deno.stat(path)).mode ?? 0) & 0o777;
}
