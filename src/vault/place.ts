// Where the data folder must not lie: on a network share, file locks and the order of writes do not hold.

import { Failure } from "../base/failure.ts";
import type { World } from "../base/world.ts";

/** `f_type` of statfs(2) for network file systems, from linux/magic.h and the file systems' own sources. */
const NETWORK_FILE_SYSTEMS: ReadonlyMap<number, string> = new Map([
  [0x6969, "NFS"],
  [0x517b, "SMB"],
  [0xff534d42, "CIFS"],
  [0xfe534d42, "SMB2"],
  [0x00c36400, "Ceph"],
  [0x01021997, "9p"],
  [0x5346414f, "AFS"],
]);

/**
 * Checks that a folder, which exists, is on a local disk. Called before the vault is written, not when it is
 * read: looking costs more than a whole read.
 * @throws {Failure} `vault.place`
 */
export async function checkPlace(folder: string, platform: World["platform"]): Promise<void> {
  const share = platform === "windows"
    ? await windowsShare(folder)
    : await mountedShare(folder, platform);
  if (share === undefined) return;
  throw new Failure("vault.place", `data_dir ${folder} is on a network share (${share})`, {
    remedy:
      "set data_dir to a folder on a local disk of this PC, such as C:\\ProgramData\\plantpost or " +
      "/var/lib/plantpost: locks do not hold on a share, and a sign-in could be lost",
  });
}

// The real path of a mapped drive is the share's own name.
async function windowsShare(folder: string): Promise<string | undefined> {
  // Some RAM disks and encrypted drives have no real path; they are local.
  const real = await Deno.realPath(folder).catch(() => folder);
  const unc = /^(?:\\\\\?\\UNC\\|\\\\(?![?.]\\))(.+)$/i.exec(real);
  return unc === null ? undefined : `\\\\${unc[1]}`;
}

async function mountedShare(
  folder: string,
  platform: World["platform"],
): Promise<string | undefined> {
  if (platform !== "linux") return undefined; // macOS numbers its file systems anew at every start
  const { statfsSync } = await import("node:fs"); // Deno has no call of its own for this
  return NETWORK_FILE_SYSTEMS.get(statfsSync(folder).type >>> 0);
}
