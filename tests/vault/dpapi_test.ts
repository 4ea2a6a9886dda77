// DPAPI as Windows has it. That the scopes differ for another account is shown on real Windows by
// `tests/windows/other_account_test.ts`; Wine keeps both to one user, so here the flags are watched.

import assert from "node:assert/strict";
import { fromBase64, toBase64 } from "../../src/base/base64.ts";
import { currentAccount } from "../../src/base/windows_account.ts";
import { type Crypt32, openCrypt32, protectData, unprotectData } from "../../src/vault/dpapi.ts";
import { EMPTY_VAULT, withSecrets } from "../../src/vault/content.ts";
import { Vault } from "../../src/vault/vault.ts";
import {
  isFailure,
  testGrant,
  testProfile,
  testSettings,
  testWorld,
  withFolder,
} from "./fixtures.ts";

const IS_WINDOWS = Deno.build.os === "windows";
const LOCAL_MACHINE = 0x4;
const UI_FORBIDDEN = 0x1;
const ENTROPY = new TextEncoder().encode("of one vault");

/** The real calls, and the flags that were passed to them. */
function watched(real: Crypt32): { readonly crypt32: Crypt32; readonly flags: number[] } {
  const flags: number[] = [];
  return {
    flags,
    crypt32: {
      CryptProtectData: (...args) => {
        flags.push(args[5]);
        return real.CryptProtectData(...args);
      },
      CryptUnprotectData: (...args) => {
        flags.push(args[5]);
        return real.CryptUnprotectData(...args);
      },
    },
  };
}

Deno.test({
  name: "protectData() passes CRYPTPROTECT_LOCAL_MACHINE with the scope machine and not with user",
  ignore: !IS_WINDOWS, // crypt32.dll is Windows' own
  fn: () => {
    using library = openCrypt32();
    for (const scope of ["machine", "user"] as const) {
      const { crypt32, flags } = watched(library.symbols);
      const octets = crypto.getRandomValues(new Uint8Array(32));
      const sealed = protectData(octets, { scope, entropy: ENTROPY, crypt32 });
      assert.deepEqual(unprotectData(sealed, { entropy: ENTROPY, crypt32 }), octets);
      const protecting = scope === "machine" ? LOCAL_MACHINE | UI_FORBIDDEN : UI_FORBIDDEN;
      assert.deepEqual(flags, [protecting, UI_FORBIDDEN], scope);
      assert.ok(!toBase64(sealed).includes(toBase64(octets).slice(0, 40)), "sealed in the clear");
    }
  },
});

Deno.test({
  name: "unprotectData() opens nothing with other entropy, and nothing that was changed",
  ignore: !IS_WINDOWS, // crypt32.dll is Windows' own
  fn: () => {
    using library = openCrypt32();
    const crypt32 = library.symbols;
    const octets = crypto.getRandomValues(new Uint8Array(32));
    const sealed = protectData(octets, { scope: "machine", entropy: ENTROPY, crypt32 });
    assert.equal(unprotectData(sealed, { entropy: new Uint8Array(12), crypt32 }), undefined);
    assert.equal(
      unprotectData(sealed.subarray(0, -9), { entropy: ENTROPY, crypt32 }),
      undefined,
    );
    const changed = sealed.slice();
    changed[changed.length - 30] = (changed[changed.length - 30] ?? 0) ^ 0xff;
    assert.notDeepEqual(unprotectData(changed, { entropy: ENTROPY, crypt32 }), octets);
    assert.equal(
      unprotectData(new Uint8Array(), { entropy: ENTROPY, crypt32 }),
      undefined,
    );
  },
});

for (const key of ["auto", "dpapi-machine", "dpapi-user"] as const) {
  Deno.test({
    name:
      `a vault with key = "${key}" is sealed by Windows, and any process of this account opens it`,
    ignore: !IS_WINDOWS, // crypt32.dll is Windows' own
    fn: async () => {
      await withFolder(async (folder) => {
        const vault = new Vault(settings(folder, key), testWorld());
        const grant = testGrant(testProfile());
        await vault.update((content, save) => save(withSecrets(content, "plant", { grant })));
        const header = await headerOf(vault.path);
        assert.equal(header.key.kind, key === "auto" ? "dpapi-machine" : key);
        assert.ok((fromBase64(header.key.salt)?.length ?? 0) >= 16);
        const again = new Vault(settings(folder, "auto"), testWorld());
        assert.deepEqual((await again.read()).profiles["plant"]?.grant, grant);
        // A second write keeps the key; a second vault has one of its own.
        await again.update((content, save) => save(withSecrets(content, "other", { grant })));
        assert.equal((await headerOf(vault.path)).key.sealed, header.key.sealed);
        const other = new Vault(settings(`${folder}\\other`, key), testWorld());
        await other.update((_, save) => save(EMPTY_VAULT));
        assert.notEqual((await headerOf(other.path)).key.keyId, header.key.keyId);
      });
    },
  });
}

const TROUBLE = [
  {
    name: "another PC",
    key: "dpapi-machine",
    header: { pc: "PANEL-8", account: "PANEL-8\\otto" },
    says:
      /was sealed by Windows on PC "PANEL-8" \(by "PANEL-8\\otto"\).*this is "PANEL-7".*profile export --seal/s,
  },
  {
    name: "another account",
    key: "dpapi-user",
    header: { pc: "panel-7", account: "CONTOSO\\otto" },
    says:
      /was sealed for "CONTOSO\\otto" alone.*this is "anna".*run plantpost under CONTOSO\\otto/s,
  },
  {
    name: "Windows installed anew",
    key: "dpapi-machine",
    header: { pc: "PANEL-7", account: "anna" },
    says:
      /Windows does not open the vault .* any more, which "anna" sealed on this PC.*installed anew/s,
  },
] as const;

for (const { name, key, header, says } of TROUBLE) {
  Deno.test({
    name: `a vault that Windows does not open names account, PC and way on: ${name}`,
    ignore: !IS_WINDOWS, // crypt32.dll is Windows' own
    fn: async () => {
      await withFolder(async (folder) => {
        const vault = new Vault(settings(folder, key), testWorld());
        await vault.update((_, save) => save(EMPTY_VAULT));
        // Another salt is another entropy: to Windows that is as good as another PC or account.
        const salt = toBase64(crypto.getRandomValues(new Uint8Array(16)));
        await editHeader(vault.path, (old) => ({ ...old, ...header, key: { ...old.key, salt } }));
        const before = await Deno.readFile(vault.path);
        const moved = new Vault(settings(folder, "auto"), testWorld());
        await assert.rejects(moved.read(), isFailure("vault.sealed_elsewhere", says));
        await assert.rejects(
          moved.update((_, save) => save(EMPTY_VAULT)),
          isFailure("vault.sealed_elsewhere"),
        );
        assert.deepEqual(await Deno.readFile(vault.path), before, "it was overwritten");
      });
    },
  });
}

Deno.test({
  name: "a vault sealed by Windows notices a changed header",
  ignore: !IS_WINDOWS, // crypt32.dll is Windows' own
  fn: async () => {
    await withFolder(async (folder) => {
      const vault = new Vault(settings(folder, "auto"), testWorld());
      await vault.update((_, save) => save(EMPTY_VAULT));
      await editHeader(vault.path, (old) => ({ ...old, account: "somebody" }));
      await assert.rejects(
        new Vault(settings(folder, "auto"), testWorld()).read(),
        isFailure("vault.damaged", /seal is broken/),
      );
    });
  },
});

Deno.test("pain 18: a vault that Windows sealed is refused elsewhere with the PC and account it is for", async () => {
  await withFolder(async (folder) => {
    const world = testWorld({ platform: "linux" });
    const path = new Vault(settings(folder, "auto"), world).path;
    await Deno.writeTextFile(
      path,
      JSON.stringify({
        format: "plantpost vault",
        version: 1,
        header: {
          key: { kind: "dpapi-machine", keyId: "00", salt: "AAAA", sealed: "AAAA" },
          revision: 1,
          pc: "PANEL-8",
          account: "PLANT\\otto",
        },
        nonce: "AAAAAAAAAAAAAAAA",
        ciphertext: "AAAA",
      }),
    );
    await assert.rejects(
      new Vault(settings(folder, "auto"), world).read(),
      isFailure("vault.sealed_elsewhere", /Windows sealed .* on PC "PANEL-8" for "PLANT\\otto"/),
    );
  });
});

Deno.test("vault.key names DPAPI on Windows only", async () => {
  await withFolder(async (folder) => {
    for (const key of ["dpapi-machine", "dpapi-user"] as const) {
      const vault = new Vault(settings(folder, key), testWorld({ platform: "linux" }));
      await assert.rejects(
        vault.update((_, save) => save(EMPTY_VAULT)),
        isFailure("profile.invalid", /exists on Windows only.*vault\.key = "auto"/s),
      );
    }
  });
});

Deno.test({
  name: "currentAccount() tells this process's account by SID and name",
  ignore: !IS_WINDOWS, // advapi32.dll is Windows' own
  fn: () => {
    const { sid, name } = currentAccount();
    assert.match(sid, /^S-1-5-/);
    const user = Deno.env.get("USERNAME") ?? "";
    assert.ok(name.toLowerCase().endsWith(`\\${user.toLowerCase()}`), `${name}, ${user}`);
  },
});

interface DpapiHeader {
  readonly pc: string;
  readonly account: string;
  readonly key: { kind: string; keyId: string; salt: string; sealed: string };
}

async function headerOf(path: string): Promise<DpapiHeader> {
  return JSON.parse(await Deno.readTextFile(path)).header;
}

async function editHeader(
  path: string,
  edit: (header: DpapiHeader) => DpapiHeader,
): Promise<void> {
  const file = JSON.parse(await Deno.readTextFile(path));
  await Deno.writeTextFile(
    path,
    `${JSON.stringify({ ...file, header: edit(file.header) }, null, 1)}\n`,
  );
}

function settings(
  folder: string,
  key: "auto" | "dpapi-machine" | "dpapi-user",
): ReturnType<typeof testSettings> {
  return { ...testSettings(folder, { dataDir: folder }), vault: { key, accounts: [] } };
}
