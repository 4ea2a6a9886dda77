// Access lists: how they are written and read as SDDL everywhere, and the lists of real folders on Windows.
// Wine keeps of a list what the modes of the file system below can hold: the owner and everybody.

import assert from "node:assert/strict";
import { findAccount, type WindowsAccount } from "../../src/base/windows_account.ts";
import { setAccessList } from "../peers/access_list.ts";
import { EMPTY_VAULT } from "../../src/vault/content.ts";
import { accessFindings, makeDataFolder } from "../../src/vault/folder.ts";
import { Vault } from "../../src/vault/vault.ts";
import {
  type Access,
  guardedList,
  parseAccess,
  readAccess,
} from "../../src/vault/windows_access.ts";
import { missing, unexpected } from "../../src/vault/windows_findings.ts";
import { isFailure, PLATFORM, testSettings, testWorld, withFolder } from "./fixtures.ts";

const IS_WINDOWS = Deno.build.os === "windows";

const ANNA: WindowsAccount = { sid: "S-1-5-21-1-2-3-1001", name: "PLANT\\anna" };
const SERVICE: WindowsAccount = { sid: "S-1-5-19", name: "NT AUTHORITY\\LOCAL SERVICE" };
const NAMES: Readonly<Record<string, WindowsAccount>> = {
  SY: { sid: "S-1-5-18", name: "NT AUTHORITY\\SYSTEM" },
  BA: { sid: "S-1-5-32-544", name: "BUILTIN\\Administrators" },
  BU: { sid: "S-1-5-32-545", name: "BUILTIN\\Users" },
  CO: { sid: "S-1-3-0", name: "CREATOR OWNER" },
  WD: { sid: "S-1-1-0", name: "Everyone" },
  LS: SERVICE,
  [ANNA.sid]: ANNA,
};

function parse(sddl: string): Access {
  return parseAccess(
    sddl,
    (sid) => NAMES[sid] ?? Object.values(NAMES).find((one) => one.sid === sid),
  );
}

function extras(sddl: string, ...trusted: readonly WindowsAccount[]): readonly string[] {
  return unexpected(parse(sddl), trusted).map(({ account, canRead, canWrite }) =>
    `${account.name}${canRead ? " read" : ""}${canWrite ? " write" : ""}`
  );
}

Deno.test("guardedList() lets in SYSTEM, administrators, the maker and the named accounts, and inherits nothing", () => {
  assert.equal(
    guardedList(ANNA.sid, [SERVICE.sid]),
    "O:S-1-5-21-1-2-3-1001D:PAI(A;OICI;FA;;;S-1-5-18)(A;OICI;FA;;;S-1-5-32-544)" +
      "(A;OICI;FA;;;S-1-5-21-1-2-3-1001)(A;OICI;0x1301bf;;;S-1-5-19)",
  );
  const list = guardedList(ANNA.sid, [SERVICE.sid]);
  assert.deepEqual(extras(list), ["NT AUTHORITY\\LOCAL SERVICE read write"]);
  assert.deepEqual(extras(list, SERVICE), []);
  assert.deepEqual(missing(parse(list), [SERVICE, ANNA]), []);
  assert.deepEqual(missing(parse(guardedList(ANNA.sid, [])), [SERVICE]), [SERVICE]);
});

Deno.test("unexpected() names who else is let in, and what they may do", () => {
  // What %ProgramData% hands down on Windows 11, and a few older forms.
  const inherited = "O:BAG:SYD:AI(A;OICIID;FA;;;SY)(A;OICIID;FA;;;BA)(A;OICIIOID;GA;;;CO)" +
    "(A;OICIID;0x1200a9;;;BU)(A;CIID;DCLCRPCR;;;BU)";
  assert.deepEqual(extras(inherited), ["BUILTIN\\Users read write"]);
  assert.deepEqual(extras("O:BAD:(A;;FR;;;WD)"), ["Everyone read"]);
  assert.deepEqual(extras("O:BAD:(A;;0x1200a9;;;BU)"), ["BUILTIN\\Users read"]);
  assert.deepEqual(extras("O:BAD:(A;;FW;;;BU)"), ["BUILTIN\\Users write"]);
  assert.deepEqual(extras("O:BAD:(A;;SDRCWDWO;;;BU)"), ["BUILTIN\\Users write"]);
  // To pass through, or to be denied, is nothing.
  assert.deepEqual(extras("O:BAD:(A;;0x1200a0;;;BU)(D;;FA;;;WD)"), []);
  assert.deepEqual(extras(`O:${ANNA.sid}D:P(A;;FA;;;${ANNA.sid})`), []);
  assert.deepEqual(extras(`O:BAD:P(A;;FA;;;${ANNA.sid})`), ["PLANT\\anna read write"]);
  assert.deepEqual(extras("O:BAD:(A;;FA;;;S-1-5-21-9-9-9-500)"), ["S-1-5-21-9-9-9-500 read write"]);
});

Deno.test("parseAccess() tells a list that is missing from an empty one", () => {
  assert.equal(parse("O:BAD:NO_ACCESS_CONTROL").entries, undefined);
  assert.equal(parse("O:BA").entries, undefined);
  assert.deepEqual(parse("O:BAD:P").entries, []);
  assert.equal(parse("D:P").owner, undefined);
});

Deno.test({
  name: "the data folder is made with its access list, and the folders above it without",
  ignore: !IS_WINDOWS, // access lists are Windows'; elsewhere modes are tested
  fn: async () => {
    await withFolder(async (folder) => {
      const settings = testSettings(folder, { dataDir: `${folder}\\a b\\plantpost data` });
      await makeDataFolder(settings, { platform: "windows" });
      const { owner, entries } = readAccess(settings.dataDir);
      assert.ok(owner !== undefined && entries !== undefined && entries.length > 0);
      assert.deepEqual(unexpected({ owner, entries }, []), []);
      await makeDataFolder(settings, { platform: "windows" }); // again: nothing happens
      const vaultPath = `${settings.dataDir}\\vault.json`;
      const at = { platform: "windows", vaultPath, sealedWith: undefined } as const;
      assert.deepEqual(await accessFindings(settings, at), []);
    });
  },
});

Deno.test({
  name: "a data folder of 300 characters is made and used",
  ignore: !IS_WINDOWS, // 260 characters are Windows' limit
  fn: async () => {
    await withFolder(async (folder) => {
      const dataDir = `${folder}\\${"a".repeat(120)}\\${"b".repeat(120)}\\${"c".repeat(60)}`;
      const settings = testSettings(folder, { dataDir, vault: { key: "auto" } });
      const vault = new Vault(settings, testWorld());
      await vault.update((_, save) => save(EMPTY_VAULT));
      assert.deepEqual(await new Vault(settings, testWorld()).read(), EMPTY_VAULT);
      assert.deepEqual(unexpected(readAccess(dataDir), []), []);
    });
  },
});

Deno.test({
  name: "an account of vault.accounts that Windows does not know is told before anything is made",
  ignore: !IS_WINDOWS, // accounts of Windows
  fn: async () => {
    await withFolder(async (folder) => {
      const settings = testSettings(folder, { vault: { accounts: ["NOWHERE\\nobody-at-all"] } });
      await assert.rejects(
        makeDataFolder(settings, { platform: "windows" }),
        isFailure("profile.invalid", /vault\.accounts: .*"NOWHERE\\nobody-at-all".*whoami/s),
      );
      await assert.rejects(Deno.lstat(settings.dataDir), Deno.errors.NotFound);
    });
  },
});

Deno.test({
  name: "findAccount() takes English names of built-in accounts, SIDs and own accounts",
  ignore: !IS_WINDOWS, // accounts of Windows
  fn: () => {
    for (
      const written of [
        "LOCAL SERVICE",
        "NT AUTHORITY\\LocalService",
        "nt authority\\local service",
      ]
    ) {
      assert.equal(findAccount(written)?.sid, "S-1-5-19", written);
    }
    assert.equal(findAccount("BUILTIN\\Users")?.sid, "S-1-5-32-545");
    assert.equal(findAccount("S-1-5-32-544")?.sid, "S-1-5-32-544");
    assert.match(findAccount(Deno.env.get("USERNAME") ?? "")?.sid ?? "", /^S-1-5-21-/);
    assert.equal(findAccount("BU"), undefined, "an abbreviation of SDDL is no account");
  },
});

Deno.test({
  name: "accessFindings() tells of a folder that others may read, with the commands that mend it",
  ignore: !IS_WINDOWS, // access lists are Windows'; elsewhere modes are tested
  fn: async () => {
    await withFolder(async (folder) => {
      const settings = testSettings(folder, {
        vault: { accounts: ["NT AUTHORITY\\LOCAL SERVICE"] },
      });
      await Deno.mkdir(settings.dataDir);
      setAccessList(settings.dataDir, "D:(A;OICI;FA;;;SY)(A;OICI;FA;;;OW)(A;OICI;0x1200a9;;;WD)");
      const at = { platform: "windows", vaultPath: "C:\\nowhere\\vault.json" } as const;
      const [open, shut, ...more] = await accessFindings(settings, {
        ...at,
        sealedWith: "dpapi-machine",
      });
      assert.deepEqual(more, []);
      assert.match(open?.message ?? "", /other accounts of this PC may use .*data: .* \(read/);
      assert.match(open?.message ?? "", /, and so open the vault$/);
      assert.match(
        open?.remedy ?? "",
        /icacls ".*data" \/inheritance:r \/grant:r \*S-1-5-18:\(OI\)\(CI\)F .*\*S-1-5-19:\(OI\)\(CI\)M \/T\nthen: icacls ".*" \/remove:g \*S-1-1-0/s,
      );
      assert.match(shut?.message ?? "", /LOCAL SERVICE of vault\.accounts may not change files/);
      assert.match(shut?.remedy ?? "", /\/grant \*S-1-5-19:\(OI\)\(CI\)M/);
      const [keyed] = await accessFindings(settings, { ...at, sealedWith: "passphrase" });
      assert.doesNotMatch(keyed?.message ?? "", /open the vault/);
    });
  },
});

Deno.test({
  name: "accessFindings() tells of modes that let others write or read, and of a group that cannot",
  ignore: IS_WINDOWS, // Windows has access lists instead of modes
  fn: async () => {
    await withFolder(async (folder) => {
      const settings = testSettings(folder);
      const vault = new Vault(settings, testWorld());
      const look = async (change = {}): Promise<readonly string[]> =>
        (await accessFindings(
          { ...settings, vault: { ...settings.vault, ...change } },
          { platform: PLATFORM, vaultPath: vault.path, sealedWith: undefined },
        )).map(({ message, remedy }) => `${message} -> ${remedy}`);
      assert.deepEqual(await look(), [], "nothing is there yet");
      await vault.update((_, save) => save(EMPTY_VAULT));
      assert.deepEqual(await look(), []);
      await Deno.chmod(settings.dataDir, 0o755);
      assert.deepEqual(await look(), [], "to look into the folder harms nobody");
      await Deno.chmod(settings.dataDir, 0o777);
      await Deno.chmod(vault.path, 0o644);
      assert.deepEqual(await look(), [
        `other accounts may write in ${settings.dataDir} (mode 777) -> chmod 700 ${settings.dataDir}`,
        `other accounts may use ${vault.path} (mode 644) -> chmod 600 ${vault.path}`,
      ]);
      const [unknown, ...more] = await look({ group: "no-such-group" });
      assert.match(unknown ?? "", /cannot tell who may use .*no group "no-such-group".*groupadd/);
      assert.deepEqual(more, []);
      await Deno.chmod(settings.dataDir, 0o700);
      await Deno.chmod(vault.path, 0o660);
      const group = await groupNotOf(settings.dataDir);
      assert.deepEqual(await look({ group: group.name }), [
        `the group "${group.name}" cannot use ${settings.dataDir} (mode 700, group ${group.own}) -> ` +
        `chgrp ${group.name} ${settings.dataDir} && chmod 2770 ${settings.dataDir}`,
      ]);
    });
  },
});

/** Some group of this PC that is not the folder's. */
async function groupNotOf(
  folder: string,
): Promise<{ readonly name: string; readonly own: number }> {
  const own = (await Deno.stat(folder)).gid ?? -1;
  const line = (await Deno.readTextFile("/etc/group")).split("\n")
    .find((text) => /^[a-z]+:/.test(text) && Number(text.split(":")[2]) !== own);
  return { name: line?.split(":")[0] ?? "", own };
}
