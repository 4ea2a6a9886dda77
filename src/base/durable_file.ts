// Files that must survive a power cut: written beside their place, synced, renamed over it, and the folder
// synced. The invariant: at every moment the old or the new content is whole under its name, never a part.

import { Failure } from "./failure.ts";
import { heldRemedy, isHeld, patiently } from "./held_file.ts";
import { writeAll } from "./octets.ts";

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

export interface ReservationOptions {
  readonly bytes: number;
  readonly mode: number;
  /**
   * A line that says what the room is for. It stands last in the file: it is there only when the room is whole,
   * and until the new content is.
   */
  readonly note?: string;
  readonly fileSystem?: FileSystem;
}

/**
 * Reserves room for a new version of `path` beside it. The caller holds a lock: the name is always
 * `<path>.new`, so that a killed process leaves one file at most, which the next one reuses.
 * @throws {Failure} `file.io` when the disk is full or the folder cannot be written to
 */
export async function reserveReplacement(
  path: string,
  options: ReservationOptions,
): Promise<Reservation> {
  const { note, fileSystem = Deno } = options;
  const place = `${path}.new`;
  let file: Deno.FsFile | undefined;
  try {
    file = await openEmpty(place, { mode: options.mode, fileSystem });
    // Random octets: a file system that compresses, or that does not store zeros, would reserve nothing.
    for (let left = options.bytes; left > 0; left -= 65_536) {
      await writeAll(file, crypto.getRandomValues(new Uint8Array(Math.min(left, 65_536))));
    }
    if (note !== undefined) await writeAll(file, new TextEncoder().encode(`\n${note}\n`));
    await file.sync();
  } catch (cause) {
    file?.close();
    await fileSystem.remove(place).catch(() => {});
    throw ioFailure(cause, { doing: `reserve space for ${path}`, path });
  }
  return reservation(file, { path, fileSystem, hasNote: note !== undefined, isKept: false });
}

/**
 * Takes over the room that a killed process left, without losing its note on the way: until the commit
 * is done the note stays, and giving up leaves the file as it is.
 * @throws {Failure} `file.io`
 */
export async function adoptReservation(
  path: string,
  options: { readonly fileSystem?: FileSystem } = {},
): Promise<Reservation> {
  const { fileSystem = Deno } = options;
  try {
    const file = await patiently(() => fileSystem.open(`${path}.new`, { write: true }));
    return reservation(file, { path, fileSystem, hasNote: true, isKept: true });
  } catch (cause) {
    throw ioFailure(cause, { doing: `write ${path}.new`, path });
  }
}

function reservation(
  file: Deno.FsFile,
  about: {
    readonly path: string;
    readonly fileSystem: FileSystem;
    readonly hasNote: boolean;
    readonly isKept: boolean;
  },
): Reservation {
  const { path, fileSystem, hasNote } = about;
  const place = `${path}.new`;
  let isOpen = true;
  let isKept = about.isKept;
  return {
    async commit(content: Uint8Array): Promise<void> {
      // From the first octet on the file may be the only copy; whoever recovers it checks it.
      isKept = true;
      try {
        await file.seek(0, Deno.SeekMode.Start);
        await writeAll(file, content);
        // Were the note cut off first, a power cut could leave neither it nor the whole content.
        if (hasNote) await file.sync();
        await file.truncate(content.length);
        await file.sync();
        file.close();
        isOpen = false;
        await renamePatiently(fileSystem, { from: place, to: path });
        await syncFolderOf(path, fileSystem);
      } catch (cause) {
        throw ioFailure(cause, { doing: `write ${path}`, path });
      }
    },
    async [Symbol.asyncDispose](): Promise<void> {
      if (isOpen) file.close();
      isOpen = false;
      if (!isKept) await fileSystem.remove(place).catch(() => {});
    },
  };
}

/**
 * Gives a file, which is whole and durable already, the place of another one.
 * @throws {Failure} `file.io`; both are then as they were
 */
export async function moveIntoPlace(from: string, path: string): Promise<void> {
  try {
    await renamePatiently(Deno, { from, to: path });
    await syncFolderOf(path, Deno);
  } catch (cause) {
    throw ioFailure(cause, { doing: `write ${path}`, path });
  }
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
    await nameOnce(fileSystem, { from: draft, to: path, mode: options.mode });
    await syncFolderOf(path, fileSystem);
    return true;
  } catch (cause) {
    if (cause instanceof Deno.errors.AlreadyExists) return false;
    throw new Failure("file.cannot_create", `cannot create ${path}: ${reason(cause)}`, {
      remedy: diskRemedy(cause, path),
      cause,
    });
  } finally {
    await fileSystem.remove(draft).catch(() => {}); // it may never have come into being
  }
}

// FAT and exFAT, which USB sticks have, know no hard links: there the name is taken with an empty file, which the
// whole one replaces at once.
async function nameOnce(
  fileSystem: FileSystem,
  names: { readonly from: string; readonly to: string; readonly mode: number },
): Promise<void> {
  const { from, to, mode } = names;
  try {
    return await fileSystem.link(from, to);
  } catch (cause) {
    if (cause instanceof Deno.errors.AlreadyExists || isDiskFull(cause)) throw cause;
  }
  (await fileSystem.open(to, { write: true, createNew: true, mode })).close();
  try {
    await renamePatiently(fileSystem, { from, to });
  } catch (cause) {
    await fileSystem.remove(to).catch(() => {});
    throw cause;
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
    return await patiently(() => fileSystem.open(path, how));
  } catch (cause) {
    if (!(cause instanceof Deno.errors.PermissionDenied)) throw cause;
    await fileSystem.remove(path).catch(() => Promise.reject(cause));
    return await fileSystem.open(path, how);
  }
}

// Where the old file is held, Windows says that access is denied.
async function renamePatiently(
  fileSystem: FileSystem,
  names: { readonly from: string; readonly to: string },
): Promise<void> {
  const isPassing = (cause: unknown): boolean =>
    isHeld(cause) ||
    (Deno.build.os === "windows" && cause instanceof Deno.errors.PermissionDenied);
  await patiently(() => fileSystem.rename(names.from, names.to), isPassing);
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
    remedy: diskRemedy(cause, at.path),
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

export function isDiskFull(cause: unknown): boolean {
  return /no space|disk is full|not enough space|quota/i.test(reason(cause));
}

/** What to do about a failed call on `path`: free space, give a right, let it go, or look at the disk. */
export function diskRemedy(cause: unknown, path: string): string {
  if (isDiskFull(cause)) {
    return `free some space on the disk that holds ${path}, then try again`;
  }
  if (isHeld(cause)) return heldRemedy(path);
  if (cause instanceof Deno.errors.PermissionDenied || /read-only|denied/i.test(reason(cause))) {
    return `give the account that runs plantpost the right to write in the folder of ${path}`;
  }
  return `check the disk and the folder of ${path}`;
}
