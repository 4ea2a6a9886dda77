// A file of somebody else's making with new content: durably, with its mode and owner, and in the place that a
// link to it means. The invariant: what another program wrote in the meantime is not overwritten.

import { diskRemedy, reason, reserveReplacement } from "./durable_file.ts";
import { Failure } from "./failure.ts";

/**
 * Replaces `path`, which must still hold `before`. The caller is the only one of the program to do so.
 * @throws {Failure} `file.io`; the old file is then still whole
 */
export async function replaceFile(
  path: string,
  content: { readonly before: Uint8Array; readonly after: Uint8Array },
): Promise<void> {
  const { before, after } = content;
  const { place, info } = await look(path);
  await using room = await reserveReplacement(place, {
    bytes: after.length,
    mode: (info.mode ?? 0o644) & 0o777,
  });
  try {
    await keepRights(`${place}.new`, info);
  } catch (cause) {
    throw failure(cause, { doing: "keep mode and owner of", path });
  }
  const now = await Deno.readFile(place);
  const isSame = now.length === before.length && now.every((octet, at) => octet === before[at]);
  if (!isSame) {
    throw new Failure("file.io", `${path} was changed by another program just now`, {
      remedy: "run the command again",
    });
  }
  await room.commit(after);
}

async function look(
  path: string,
): Promise<{ readonly place: string; readonly info: Deno.FileInfo }> {
  try {
    // Some RAM disks and encrypted drives of Windows have no real path; what lies there is no link.
    const place = Deno.build.os === "windows"
      ? await Deno.realPath(path).catch(() => path)
      : await Deno.realPath(path);
    return { place, info: await Deno.stat(place) };
  } catch (cause) {
    throw failure(cause, { doing: "look at", path });
  }
}

// Under the umask the mode may have lost some of its bits; and what root writes is root's.
async function keepRights(path: string, info: Deno.FileInfo): Promise<void> {
  if (Deno.build.os === "windows") return; // where the folder's access list goes on to new files
  const made = await Deno.stat(path);
  if (made.uid !== info.uid || made.gid !== info.gid) await Deno.chown(path, info.uid, info.gid);
  if (info.mode !== null && made.mode !== info.mode) await Deno.chmod(path, info.mode & 0o7777);
}

function failure(cause: unknown, at: { readonly doing: string; readonly path: string }): Failure {
  return new Failure("file.io", `cannot ${at.doing} ${at.path}: ${reason(cause)}`, {
    remedy: diskRemedy(cause, at.path),
    cause,
  });
}
