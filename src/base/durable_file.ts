// Files that must survive a power cut: written beside their place, synced, renamed over it, and the folder
// synced. The invariant: at every moment the old or the new content is whole under its name, never a part.

import { Failure } from "./failure.ts";

/** The few calls of `Deno` that are used here, so that a test can make any of them fail. */
export type FileSystem = Pick<typeof Deno, "open" | "rename" | "remove" | "link">;

/** A place on the disk that already holds as many octets as the new content may need. */
export interface Reservation {
  /**
   * Puts `content` in the place of the old file, durably.
   * @throws {Failure} `file.io`; the old file is then still whole, and where the new content reached the disk
   * but not its place, it stays under `<path>.new`
   */
  commit(content: Uint8Array): Promise<void>;
  /** Gives the space back; the old file stays as it is. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Reserves room for a new version of `path` beside it. The caller holds a lock: the name is always
 * `<path>.new`, so that a killed process leaves one file at most, which the next one reuses.
 * @throws {Failure} `file.io` when the disk is full or the folder cannot be written to
 */
export async function reserveReplacement(
  path: string,
  options: { readonly bytes: number; readonly mode: number; readonly fileSystem?: FileSystem },
): Promise<Reservation> {
  const fileSystem = options.fileSystem ?? Deno;
  const place = `${path}.new`;
  let isOpen = false;
  let holdsContent = false;
  let file: Deno.FsFile;
  try {
    file = await openEmpty(place, { mode: options.mode, fileSystem });
    isOpen = true;
    // Random octets: a file system that compresses, or that does not store zeros, would reserve nothing.
    for (let left = options.bytes; left > 0; left -= 65_536) {
      await writeAll(file, crypto.getRandomValues(new Uint8Array(Math.min(left, 65_536))));
    }
    await file.sync();
  } catch (cause) {
    await release();
    throw ioFailure(cause, { doing: `reserve space for ${path}`, path });
  }

  async function release(): Promise<void> {
    if (isOpen) file.close();
    isOpen = false;
    // From the first octet of a commit on the file may be the only copy; whoever recovers it checks it.
    if (!holdsContent) await fileSystem.remove(place).catch(() => {});
  }

  return {
    async commit(content: Uint8Array): Promise<void> {
      holdsContent = true;
      try {
        await file.seek(0, Deno.SeekMode.Start);
        await writeAll(file, content);
        await file.truncate(content.length);
        await file.sync();
        file.close();
        isOpen = false;
        await renameStubbornly(fileSystem, { from: place, to: path });
        await syncFolderOf(path, fileSystem);
      } catch (cause) {
        throw ioFailure(cause, { doing: `write ${path}`, path });
      }
    },
    [Symbol.asyncDispose]: release,
  };
}

/**
 * Makes a file that must not exist yet; whoever sees its name sees all of it.
 * @returns false when the name is taken; the file there is then untouched
 * @throws {Failure} `file.cannot_create`
 */
export async function createDurably(
  path: string,
  content: Uint8Array,
  options: { readonly mode: number; readonly fileSystem?: FileSystem },
): Promise<boolean> {
  const fileSystem = options.fileSystem ?? Deno;
  const draft = `${path}.${crypto.randomUUID()}`;
  try {
    const file = await fileSystem.open(draft, { write: true, createNew: true, mode: options.mode });
    try {
      await writeAll(file, content);
      await file.sync();
    } finally {
      file.close();
    }
    await fileSystem.link(draft, path);
    await syncFolderOf(path, fileSystem);
    return true;
  } catch (cause) {
    if (cause instanceof Deno.errors.AlreadyExists) return false;
    throw new Failure("file.cannot_create", `cannot create ${path}: ${reason(cause)}`, {
      remedy: remedyFor(cause, path),
      cause,
    });
  } finally {
    await fileSystem.remove(draft).catch(() => {}); // it may never have come into being
  }
}

// Another account of the group may have left the file, without the right to write to it.
async function openEmpty(
  path: string,
  options: { readonly mode: number; readonly fileSystem: FileSystem },
): Promise<Deno.FsFile> {
  const { mode, fileSystem } = options;
  const how = { write: true, create: true, truncate: true, mode };
  try {
    return await fileSystem.open(path, how);
  } catch (cause) {
    if (!(cause instanceof Deno.errors.PermissionDenied)) throw cause;
    await fileSystem.remove(path).catch(() => Promise.reject(cause));
    return await fileSystem.open(path, how);
  }
}

async function writeAll(file: Deno.FsFile, octets: Uint8Array): Promise<void> {
  for (let at = 0; at < octets.length;) at += await file.write(octets.subarray(at));
}

// Virus scanners and backup programs hold a new file open for a moment, and Windows then refuses the rename.
async function renameStubbornly(
  fileSystem: FileSystem,
  names: { readonly from: string; readonly to: string },
): Promise<void> {
  for (let waitMs = 10;; waitMs *= 2) {
    try {
      return await fileSystem.rename(names.from, names.to);
    } catch (cause) {
      const isHeld = cause instanceof Deno.errors.PermissionDenied ||
        cause instanceof Deno.errors.Busy;
      if (Deno.build.os !== "windows" || !isHeld || waitMs > 2000) throw cause;
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  }
}

// A rename is durable on POSIX systems only when the folder is synced as well; Windows has no such call.
async function syncFolderOf(path: string, fileSystem: FileSystem): Promise<void> {
  if (Deno.build.os === "windows") return;
  const folder = await fileSystem.open(path.slice(0, path.lastIndexOf("/")) || "/", { read: true });
  try {
    await folder.sync();
  } finally {
    folder.close();
  }
}

function ioFailure(cause: unknown, at: { readonly doing: string; readonly path: string }): Failure {
  return new Failure("file.io", `cannot ${at.doing}: ${reason(cause)}`, {
    remedy: remedyFor(cause, at.path),
    cause,
  });
}

/** The operating system's words, without the path that Deno adds behind them. */
export function reason(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return cause.message.replace(
    /:? *\b(?:open|rename|link|remove|mkdir|readfile|lstat|stat) '.*$/s,
    "",
  )
    .replace(/^./, (first) => first.toLowerCase());
}

function remedyFor(cause: unknown, path: string): string {
  const text = reason(cause);
  if (/no space|disk is full|not enough space|quota/i.test(text)) {
    return `free some space on the disk that holds ${path}, then try again`;
  }
  if (cause instanceof Deno.errors.PermissionDenied || /read-only|denied/i.test(text)) {
    return `give the account that runs plantpost the right to write in the folder of ${path}`;
  }
  return `check the disk and the folder of ${path}`;
}
