import assert from "node:assert/strict";
import { joinPath } from "../../src/base/paths.ts";
import type { VaultSettings } from "../../src/profile/profile.ts";
import type { Header } from "../../src/vault/envelope.ts";
import { groupId } from "../../src/vault/group.ts";
import { keyFilePath, type KeyRequest, sealingKey } from "../../src/vault/key.ts";
import { isFailure, namesIn, PLATFORM, testWorld, withFolder } from "./fixtures.ts";

const IS_WINDOWS = Deno.build.os === "windows";
const AUTO: VaultSettings = { key: "auto", accounts: [] };

Deno.test("keyFilePath() knows the default place of every platform", () => {
  const path = (world: Parameters<typeof testWorld>[0]): string =>
    keyFilePath(AUTO, testWorld(world));
  const home = { HOME: "/home/anna" };
  assert.equal(path({ platform: "linux", isRoot: true }), "/var/lib/plantpost/vault.key");
  assert.equal(
    path({ platform: "linux", env: home }),
    "/home/anna/.local/state/plantpost/vault.key",
  );
  assert.equal(
    path({ platform: "linux", env: { ...home, XDG_STATE_HOME: "/srv/state" } }),
    "/srv/state/plantpost/vault.key",
  );
  // A relative value is void by the specification; it would mean another key in every working folder.
  assert.equal(
    path({ platform: "linux", env: { ...home, XDG_STATE_HOME: "state" } }),
    "/home/anna/.local/state/plantpost/vault.key",
  );
  assert.equal(
    path({ platform: "darwin", env: { HOME: "/Users/anna" } }),
    "/Users/anna/Library/Application Support/plantpost/vault.key",
  );
  assert.equal(
    path({ platform: "windows", env: { LOCALAPPDATA: "C:\\Users\\anna\\AppData\\Local" } }),
    "C:\\Users\\anna\\AppData\\Local\\plantpost\\vault.key",
  );
  assert.equal(path({ platform: "windows" }), "C:\\ProgramData\\plantpost\\vault.key");
  assert.equal(keyFilePath({ ...AUTO, keyFile: "/x/y.key" }, testWorld()), "/x/y.key");
});

Deno.test("sealingKey() makes a key file once and finds it again", async () => {
  await withFolder(async (folder) => {
    const request = keyFileRequest(folder);
    const made = await sealingKey(request, testWorld());
    const again = await sealingKey(
      { ...request, header: headerOf(made.header.keyId) },
      testWorld(),
    );
    assert.deepEqual(again.header, made.header);
    assert.deepEqual(await namesIn(at(folder, "keys")), ["vault.key"]);
    const text = await Deno.readTextFile(at(folder, "keys/vault.key"));
    assert.match(text, /^plantpost-vault-key-v1 [A-Za-z0-9+/]{43}=\n$/);
  });
});

Deno.test({
  name: "sealingKey() makes the key file with mode 0600 in a folder of mode 0700",
  ignore: IS_WINDOWS, // Windows has access lists instead of modes
  fn: async () => {
    await withFolder(async (folder) => {
      await sealingKey(keyFileRequest(folder), testWorld());
      assert.equal(await modeOf(at(folder, "keys/vault.key")), 0o600);
      assert.equal(await modeOf(at(folder, "keys")), 0o700);
    });
  },
});

Deno.test({
  name: "sealingKey() refuses a key file that others can read and says which chmod helps",
  ignore: IS_WINDOWS, // Windows has access lists instead of modes
  fn: async () => {
    await withFolder(async (folder) => {
      const request = keyFileRequest(folder);
      const path = at(folder, "keys/vault.key");
      await sealingKey(request, testWorld());
      for (const mode of [0o644, 0o640, 0o604, 0o620, 0o666]) {
        await Deno.chmod(path, mode);
        const octal = mode.toString(8);
        await assert.rejects(
          sealingKey(request, testWorld()),
          isFailure(
            "vault.sealed_elsewhere",
            new RegExp(`mode ${octal}`),
            /chmod 600 .*vault\.key/,
          ),
        );
      }
      // What the owner may do is the owner's own affair.
      for (const mode of [0o400, 0o700]) {
        await Deno.chmod(path, mode);
        await sealingKey(request, testWorld());
      }
      const shared = { ...request, settings: { ...request.settings, group: "plant" } };
      await Deno.chmod(path, 0o640);
      await sealingKey(shared, testWorld());
      await Deno.chmod(path, 0o660);
      await assert.rejects(
        sealingKey(shared, testWorld()),
        isFailure("vault.sealed_elsewhere", /chmod 640/),
      );
    });
  },
});

Deno.test({
  name: "sealingKey() gives the group the key file and a new folder, never a folder that was there",
  ignore: Deno.build.os !== "linux" || Deno.uid() !== 0, // gives files to a group, which only root may
  fn: async () => {
    await withFolder(async (folder) => {
      const gid = await groupId("users");
      await Deno.mkdir(at(folder, "etc"), { mode: 0o755 });
      for (const [name, wanted] of [["etc", 0], ["new", gid]] as const) {
        const keyFile = at(folder, `${name}/vault.key`);
        const settings: VaultSettings = { key: "key-file", keyFile, accounts: [], group: "users" };
        await sealingKey({ vaultPath: "v", settings, header: undefined }, testWorld());
        assert.equal((await Deno.stat(at(folder, name))).gid, wanted, name);
        assert.equal((await Deno.stat(keyFile)).gid, gid);
        assert.equal(await modeOf(keyFile), 0o640);
      }
    });
  },
});

Deno.test("pain 18: sealingKey() names PC and account when the key of a vault is missing", async () => {
  await withFolder(async (folder) => {
    const request = { ...keyFileRequest(folder), header: headerOf("0123456789abcdef") };
    await assert.rejects(
      sealingKey(request, testWorld()),
      isFailure("vault.sealed_elsewhere", /no key/, /PC "OTHER-PC" by "otto"/, /vault\.key_file/),
    );
    assert.deepEqual(await namesIn(at(folder, "keys")), [], "a key was made for an existing vault");
  });
});

Deno.test("sealingKey() tells another key from a missing one", async () => {
  await withFolder(async (folder) => {
    await sealingKey(keyFileRequest(folder), testWorld());
    const request = { ...keyFileRequest(folder), header: headerOf("0123456789abcdef") };
    await assert.rejects(
      sealingKey(request, testWorld()),
      isFailure("vault.sealed_elsewhere", /sealed with another key than .*vault\.key/, /OTHER-PC/),
    );
  });
});

Deno.test("sealingKey() refuses a key file that holds no key, and leaves it alone", async () => {
  await withFolder(async (folder) => {
    await Deno.mkdir(at(folder, "keys"));
    const path = at(folder, "keys/vault.key");
    const bad = [
      "",
      "garbage",
      "plantpost-vault-key-v1 ",
      "plantpost-vault-key-v1 ***",
      "plantpost-vault-key-v1 AAAA\n",
      `plantpost-vault-key-v2 ${"A".repeat(43)}=\n`,
    ];
    for (const text of bad) {
      await Deno.writeTextFile(path, text, { mode: 0o600 });
      await assert.rejects(
        sealingKey(keyFileRequest(folder), testWorld()),
        isFailure("vault.sealed_elsewhere", /does not hold a key of plantpost/),
        text,
      );
      assert.equal(await Deno.readTextFile(path), text);
    }
  });
});

Deno.test("sealingKey() takes the service manager's credential before the key file", async () => {
  await withFolder(async (folder) => {
    const key = `plantpost-vault-key-v1 ${btoa("k".repeat(32))}\n`;
    await Deno.writeTextFile(at(folder, "plantpost.key"), key, { mode: 0o444 });
    const world = testWorld({
      env: { CREDENTIALS_DIRECTORY: folder, HOME: folder, LOCALAPPDATA: folder },
    });
    const request = { vaultPath: "v", settings: { ...AUTO, key: "key-file" }, header: undefined };
    const found = await sealingKey(request as KeyRequest, world);
    assert.equal(found.header.kind, "key-file");
    assert.deepEqual(await namesIn(folder), ["plantpost.key"], "a key file was made as well");
    // A key file that is named in the profile is meant.
    const named = await sealingKey(keyFileRequest(folder), world);
    assert.notEqual(named.header.keyId, found.header.keyId);
  });
});

Deno.test("sealingKey() falls back to the key file when the credential is not there", async () => {
  await withFolder(async (folder) => {
    const env = { CREDENTIALS_DIRECTORY: at(folder, "none"), HOME: folder, LOCALAPPDATA: folder };
    const world = testWorld({ env });
    const settings: VaultSettings = { ...AUTO, key: "key-file" };
    await sealingKey({ vaultPath: "v", settings, header: undefined }, world);
    assert.ok((await Deno.stat(keyFilePath(settings, world))).isFile);
  });
});

Deno.test("sealingKey() says what to set when the key file cannot be made", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(at(folder, "keys"), "a file where a folder is wanted");
    await assert.rejects(
      sealingKey(keyFileRequest(folder), testWorld()),
      (failure: { code?: string; remedy?: string }) =>
        ["file.cannot_create", "vault.sealed_elsewhere"].includes(failure.code ?? "") &&
        failure.remedy !== undefined,
    );
  });
});

Deno.test("sealingKey() makes one key when many ask at once", async () => {
  await withFolder(async (folder) => {
    const asked = Array.from({ length: 12 }, () => sealingKey(keyFileRequest(folder), testWorld()));
    const ids = new Set((await Promise.all(asked)).map((key) => key.header.keyId));
    assert.equal(ids.size, 1);
    assert.deepEqual(await namesIn(at(folder, "keys")), ["vault.key"]);
  });
});

Deno.test("sealingKey() takes the passphrase from the environment, hides it, and knows it again", async () => {
  const world = testWorld({ env: { PLANTPOST_PASSPHRASE: "correct horse" } });
  const made = await sealingKey(passphraseRequest(), world);
  assert.ok(made.header.kind === "passphrase");
  assert.equal(made.header.rounds, 600_000);
  assert.deepEqual(world.secrets, ["correct horse"]);
  const header: Header = { key: made.header, revision: 1, pc: "P", account: "A" };
  // Composed and decomposed letters look alike on the screen and must open the same vault.
  assert.deepEqual((await sealingKey(passphraseRequest(header), world)).header, made.header);
  await assert.rejects(
    sealingKey(passphraseRequest(header), testWorld({ env: { PLANTPOST_PASSPHRASE: "wrong" } })),
    isFailure("vault.passphrase", /wrong passphrase/, /PLANTPOST_PASSPHRASE/),
  );
});

Deno.test("sealingKey() asks twice for a new passphrase and once for a known one", async () => {
  const first = testWorld({ answers: ["fünf Äpfel", "fünf Äpfel"] });
  const made = await sealingKey(passphraseRequest(), first);
  assert.equal(first.questions.length, 2);
  const header: Header = { key: made.header, revision: 1, pc: "P", account: "A" };
  const later = testWorld({ answers: ["fünf Äpfel".normalize("NFD")] });
  assert.deepEqual((await sealingKey(passphraseRequest(header), later)).header, made.header);
  assert.equal(later.questions.length, 1);
});

Deno.test("sealingKey() refuses two passphrases that differ, an empty one, and nobody to ask", async () => {
  const refusals: readonly [Parameters<typeof testWorld>[0], RegExp][] = [
    [{ answers: ["one", "two"] }, /two passphrases differ/],
    [{ answers: [""] }, /needs a passphrase/],
    [{ answers: [] }, /needs a passphrase/],
    [{}, /set the environment variable PLANTPOST_PASSPHRASE/],
  ];
  for (const [world, pattern] of refusals) {
    const asked = sealingKey(passphraseRequest(), testWorld(world));
    await assert.rejects(asked, isFailure("vault.passphrase", pattern));
  }
});

Deno.test("sealingKey() derives nothing for a header with too few or too many rounds", async () => {
  const world = testWorld({ env: { PLANTPOST_PASSPHRASE: "correct horse" } });
  for (const rounds of [0, 1, 599_999, 10_000_001, 1e15, 600_000.5]) {
    const header = passphraseHeader({ rounds });
    await assert.rejects(
      sealingKey(passphraseRequest(header), world),
      isFailure("vault.damaged", new RegExp(`asks for ${rounds} rounds`), /600000 to 10000000/),
    );
  }
  for (const salt of ["", "AAAA", "***"]) {
    await assert.rejects(
      sealingKey(passphraseRequest(passphraseHeader({ salt })), world),
      isFailure("vault.damaged", /salt/),
    );
  }
  assert.deepEqual(world.secrets, [], "the passphrase was asked for before the header was checked");
});

Deno.test("sealingKey() says so when the profile wants another kind of key than the vault has", async () => {
  const env = { PLANTPOST_PASSPHRASE: "correct horse" };
  await assert.rejects(
    sealingKey({ ...passphraseRequest(headerOf("0123456789abcdef")) }, testWorld({ env })),
    isFailure(
      "vault.sealed_elsewhere",
      /sealed with vault\.key "key-file", but the profile says "passphrase"/,
    ),
  );
  await withFolder(async (folder) => {
    await assert.rejects(
      sealingKey({ ...keyFileRequest(folder), header: passphraseHeader({}) }, testWorld({ env })),
      isFailure("vault.sealed_elsewhere", /sealed with vault\.key "passphrase"/),
    );
  });
});

Deno.test("sealingKey() with key = auto follows the vault that is there", async () => {
  await assert.rejects(
    sealingKey(
      { vaultPath: "v", settings: AUTO, header: passphraseHeader({}) },
      testWorld({ env: { PLANTPOST_PASSPHRASE: "another" } }),
    ),
    isFailure("vault.passphrase"),
  );
});

function at(folder: string, path: string): string {
  return joinPath(folder, path, { platform: PLATFORM });
}

function keyFileRequest(folder: string): KeyRequest {
  return {
    vaultPath: at(folder, "data/vault.json"),
    settings: { key: "key-file", keyFile: at(folder, "keys/vault.key"), accounts: [] },
    header: undefined,
  };
}

function passphraseRequest(header?: Header): KeyRequest {
  return { vaultPath: "v", settings: { key: "passphrase", accounts: [] }, header };
}

function headerOf(keyId: string): Header {
  return { key: { kind: "key-file", keyId }, revision: 1, pc: "OTHER-PC", account: "otto" };
}

function passphraseHeader(change: { rounds?: number; salt?: string }): Header {
  const salt = "AAECAwQFBgcICQoLDA0ODw==";
  return {
    key: { kind: "passphrase", keyId: "0123456789abcdef", rounds: 600_000, salt, ...change },
    revision: 1,
    pc: "OTHER-PC",
    account: "otto",
  };
}

async function modeOf(path: string): Promise<number> {
  return ((await Deno.stat(path)).mode ?? 0) & 0o777;
}
