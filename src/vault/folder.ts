// The data folder and who may use it: on Windows an access list, elsewhere mode and group. The invariant: the
// folder is made with its rights, never made first and narrowed afterwards; one that is there keeps its own, and
// `accessFindings` says what is wrong with them.

import { diskRemedy, isDiskFull, reason } from "../base/durable_file.ts";
import { Failure } from "../base/failure.ts";
import { dirName } from "../base/paths.ts";
import type { World } from "../base/world.ts";
import type { Settings } from "../profile/profile.ts";
import type { KeyHeader } from "./envelope.ts";
import { groupId } from "./group.ts";

/** Something about the rights of a file or folder that a person should mend. */
export interface AccessFinding {
  readonly message: string;
  /** One step a line. */
  readonly remedy: string;
}

type Guarded = Pick<Settings, "dataDir" | "vault">;
type OnPlatform = Pick<World, "platform">;

/**
 * Makes the data folder where it is missing, and the folders above it.
 * @throws {Failure} `file.cannot_create`, `profile.invalid` for an account, `vault.place` for a group that is unknown
 */
export async function makeDataFolder(settings: Guarded, on: OnPlatform): Promise<void> {
  const { dataDir, vault: { group } } = settings;
  try {
    if (on.platform === "windows") return await makeWindowsFolder(settings, on);
    await Deno.mkdir(dataDir, { recursive: true, mode: 0o700 });
    if (group !== undefined) await shareFolder(dataDir, group);
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    throw new Failure(
      "file.cannot_create",
      `cannot create the folder ${dataDir}: ${reason(cause)}`,
      {
        remedy: isDiskFull(cause)
          ? diskRemedy(cause, dataDir)
          : "set data_dir to a folder where this account may write, or give it the right",
        cause,
      },
    );
  }
}

/** What is wrong with the rights of the data folder and the vault in it; nothing where there is neither. */
export async function accessFindings(
  settings: Guarded,
  at: OnPlatform & {
    readonly vaultPath: string;
    /** Of the vault as it was opened; undefined where it could not be. */
    readonly sealedWith: KeyHeader["kind"] | undefined;
  },
): Promise<readonly AccessFinding[]> {
  const paths = [settings.dataDir, at.vaultPath];
  const there = (await Promise.all(paths.map(async (path) => await exists(path) ? [path] : [])))
    .flat();
  try {
    if (at.platform !== "windows") return await modeFindings(there, settings);
    const { listFindings } = await import("./windows_findings.ts");
    return listFindings(there, settings, at.sealedWith);
  } catch (cause) {
    const remedy = cause instanceof Failure ? cause.remedy : undefined;
    return [{
      message: `cannot tell who may use ${settings.dataDir}: ${reason(cause)}`,
      remedy: remedy ?? 'run "plantpost status" under the account that made the folder',
    }];
  }
}

async function makeWindowsFolder({ dataDir, vault }: Guarded, on: OnPlatform): Promise<void> {
  if (!await exists(dataDir)) {
    await Deno.mkdir(dirName(dataDir, on), { recursive: true });
    const { makeGuardedFolder } = await import("./windows_findings.ts");
    try {
      if (makeGuardedFolder(dataDir, vault.accounts)) return;
    } catch (cause) {
      // Where Windows' libraries are out of reach no DPAPI seals the vault either; `status` tells of the list.
      if (cause instanceof Failure) throw cause;
    }
  }
  // Says why it cannot be, or finds that another process has just made it.
  await Deno.mkdir(dataDir, { recursive: true });
}

async function shareFolder(path: string, group: string): Promise<void> {
  const gid = await groupId(group);
  if (isShared(await Deno.stat(path), gid)) return;
  await Deno.chown(path, null, gid);
  await Deno.chmod(path, 0o2770);
}

function isShared(info: Deno.FileInfo, gid: number): boolean {
  return info.gid === gid && ((info.mode ?? 0) & 0o070) === 0o070;
}

async function modeFindings(
  paths: readonly string[],
  { dataDir, vault: { group } }: Guarded,
): Promise<readonly AccessFinding[]> {
  const findings: AccessFinding[] = [];
  for (const path of paths) {
    const info = await Deno.stat(path);
    const mode = info.mode ?? 0;
    const isFolder = path === dataDir;
    const right = group === undefined ? (isFolder ? "700" : "600") : (isFolder ? "2770" : "660");
    // To look into the folder helps nobody: what is in it is sealed, or has a mode of its own.
    const tooMuch = (isFolder ? 0o022 : 0o077) & (group === undefined ? 0o077 : 0o007);
    if ((mode & tooMuch) !== 0) {
      findings.push({
        message: `other accounts may ${isFolder ? "write in" : "use"} ${path} (mode ${
          octal(mode)
        })`,
        remedy: `chmod ${right} ${path}`,
      });
    }
    if (group === undefined || !isFolder || isShared(info, await groupId(group))) continue;
    findings.push({
      message: `the group "${group}" cannot use ${path} (mode ${octal(mode)}, group ${info.gid})`,
      remedy: `chgrp ${group} ${path} && chmod ${right} ${path}`,
    });
  }
  return findings;
}

function octal(mode: number): string {
  return (mode & 0o7777).toString(8);
}

async function exists(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}
