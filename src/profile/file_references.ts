// The files that a profile names and that must be where it is used. The invariant: only a path below the profile
// file's own folder is taken along to another PC; what lies elsewhere is that PC's own business.

import { dirName, joinPath } from "../base/paths.ts";
import type { World } from "../base/world.ts";
import type { Profile } from "./profile.ts";

export interface FileReference {
  readonly key: "smtp.ca_file" | "oauth.certificate_file";
  /** Absolute. */
  readonly path: string;
  /** From the folder of the profile file; undefined for a file outside of it. */
  readonly relative: string | undefined;
  /** Whether others than the account may read the file. */
  readonly isPublic: boolean;
}

/** Those that the profile sets, whether the files are there or not. */
export function fileReferences(
  profile: Profile,
  at: { readonly file: string; readonly platform: World["platform"] },
): readonly FileReference[] {
  // With its separator at the end, which a root has and other folders have not.
  const folder = joinPath(dirName(at.file, at), "x", at).slice(0, -1);
  const rows = [
    ["smtp.ca_file", profile.smtp.caFile, true],
    ["oauth.certificate_file", profile.oauth?.certificateFile, false],
  ] as const;
  const found: FileReference[] = [];
  for (const [key, path, isPublic] of rows) {
    if (path === undefined) continue;
    const relative = path.startsWith(folder) ? path.slice(folder.length) : undefined;
    found.push({ key, path, relative, isPublic });
  }
  return found;
}
