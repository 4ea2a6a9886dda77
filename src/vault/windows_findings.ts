// Who may use the data folder on Windows: SYSTEM, administrators, who made it, and `[vault] accounts`. With
// `dpapi-machine` this list is all that keeps the vault from other accounts of the PC, so every other name in it
// is told. Called on Windows only.

import { Failure } from "../base/failure.ts";
import { currentAccount, findAccount, type WindowsAccount } from "../base/windows_account.ts";
import type { Settings } from "../profile/profile.ts";
import type { KeyHeader } from "./envelope.ts";
import type { AccessFinding } from "./folder.ts";
import {
  type Access,
  type AccessEntry,
  ADMINISTRATORS,
  guardedList,
  makeFolderWithList,
  readAccess,
  SYSTEM,
} from "./windows_access.ts";

/** Placeholders in lists of folders: whoever makes a file in it, and the owner. */
const CREATOR_OWNER = "S-1-3-0";
const OWNER_RIGHTS = "S-1-3-4";

/**
 * Makes the folder with its access list; false when Windows refuses to make it.
 * @throws {Failure} `profile.invalid` when an account is unknown
 */
export function makeGuardedFolder(path: string, accounts: readonly string[]): boolean {
  const others = accounts.map((name) => {
    const account = findAccount(name);
    if (account !== undefined) return account.sid;
    const { message, remedy } = unknownAccount(name);
    throw new Failure("profile.invalid", message, { remedy });
  });
  return makeFolderWithList(path, guardedList(currentAccount().sid, others));
}

/** What is wrong with the lists of these files and folders, which exist. */
export function listFindings(
  paths: readonly string[],
  { dataDir, vault }: Pick<Settings, "dataDir" | "vault">,
  sealedWith: KeyHeader["kind"] | undefined,
): readonly AccessFinding[] {
  const accounts: WindowsAccount[] = [];
  const findings: AccessFinding[] = [];
  for (const name of vault.accounts) {
    const account = findAccount(name);
    if (account === undefined) findings.push(unknownAccount(name));
    else accounts.push(account);
  }
  const me = currentAccount();
  for (const path of paths) {
    let access: Access;
    try {
      access = readAccess(path);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      findings.push({
        message: `cannot tell who may use ${path}: ${why}`,
        remedy: `run "plantpost status" under the account that made it, or as an administrator`,
      });
      continue;
    }
    const trusted = [me, ...accounts];
    const extra = unexpected(access, trusted);
    if (access.entries === undefined || extra.length > 0) {
      findings.push({
        message: `other accounts of this PC may use ${path}: ${describe(extra)}` +
          (sealedWith === "dpapi-machine" ? ", and so open the vault" : ""),
        remedy: path === dataDir
          ? narrowing(path, { owner: access.owner ?? me, accounts, extra })
          : `in a command prompt of an administrator: icacls "${path}" /reset`,
      });
    }
    for (const account of path === dataDir ? missing(access, accounts) : []) {
      findings.push({
        message: `${account.name} of vault.accounts may not change files in ${path}`,
        remedy:
          `in a command prompt of an administrator: icacls "${path}" /grant *${account.sid}:(OI)(CI)M /T`,
      });
    }
  }
  return findings;
}

/** Entries that let somebody else in, one for each account. */
export function unexpected(
  access: Access,
  trusted: readonly WindowsAccount[],
): readonly AccessEntry[] {
  const known = new Set([
    SYSTEM,
    ADMINISTRATORS,
    CREATOR_OWNER,
    OWNER_RIGHTS,
    ...access.owner === undefined ? [] : [access.owner.sid],
    ...trusted.map((account) => account.sid),
  ]);
  const found = new Map<string, AccessEntry>();
  for (const entry of access.entries ?? []) {
    const { sid } = entry.account;
    if (known.has(sid) || !entry.isAllowed || !(entry.canRead || entry.canWrite)) continue;
    const before = found.get(sid);
    found.set(sid, {
      ...entry,
      canRead: entry.canRead || before?.canRead === true,
      canWrite: entry.canWrite || before?.canWrite === true,
    });
  }
  return [...found.values()];
}

/** Those of the accounts that the list does not let write. */
export function missing(
  access: Access,
  accounts: readonly WindowsAccount[],
): readonly WindowsAccount[] {
  const { entries } = access;
  if (entries === undefined) return [];
  return accounts.filter(({ sid }) =>
    sid !== access.owner?.sid &&
    !entries.some((entry) => entry.account.sid === sid && entry.isAllowed && entry.canWrite)
  );
}

function describe(extra: readonly AccessEntry[]): string {
  if (extra.length === 0) return "there is no access list";
  return extra.map(({ account, canRead, canWrite }) => {
    const may = [...canRead ? ["read"] : [], ...canWrite ? ["change"] : []].join(" and ");
    return `${account.name} (${may})`;
  }).join(", ");
}

// SIDs, because names differ with the language of Windows; cmd, because PowerShell reads the parentheses itself.
function narrowing(
  path: string,
  to: {
    readonly owner: WindowsAccount;
    readonly accounts: readonly WindowsAccount[];
    readonly extra: readonly AccessEntry[];
  },
): string {
  const full = [SYSTEM, ADMINISTRATORS, to.owner.sid].map((sid) => `*${sid}:(OI)(CI)F`);
  const modify = to.accounts.map(({ sid }) => `*${sid}:(OI)(CI)M`);
  const grants = [...new Set([...full, ...modify])].join(" ");
  const others = to.extra.map(({ account }) => `*${account.sid}`).join(" ");
  return [
    `in a command prompt of an administrator: icacls "${path}" /inheritance:r /grant:r ${grants} /T`,
    ...others === "" ? [] : [`then: icacls "${path}" /remove:g ${others} /T`],
    "whom you trust with the mailbox can be named in vault.accounts instead",
  ].join("\n");
}

function unknownAccount(name: string): AccessFinding {
  return {
    message: `vault.accounts: this PC does not know the account "${name}"`,
    remedy:
      `write it as Windows shows it ("whoami" run under that account), or by its SID; a domain account needs ` +
      "the domain controller in reach",
  };
}
