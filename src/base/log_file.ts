// A file of lines that many processes append to, and that begins anew at a size: x.log, x.log.1, x.log.2 …
// The invariant: a line goes out in one write call on a file opened for appending, so none is torn by
// another; and files are renamed under a lock only, which takes along what others still write.

import { patiently } from "./held_file.ts";

/** The few calls of `Deno` that are used here, so that a test can make any of them fail. */
export type LogFileSystem = Pick<
  typeof Deno,
  "openSync" | "open" | "truncateSync" | "stat" | "rename" | "remove" | "chmod"
>;

export interface LogFileOptions {
  /** Absolute; its folder exists. */
  readonly path: string;
  /** A file that the lines would make larger is put aside first. */
  readonly maxBytes: number;
  /** How many files are kept beside the current one; 0 drops a full file. */
  readonly keep: number;
  /** Rights of new files; they hold whatever the umask says. */
  readonly mode: number;
  readonly fileSystem?: LogFileSystem;
}

/** Another process that renames is done long before; one that hangs must hold nobody up. */
const UTF8 = new TextEncoder();
const LOCK_PATIENCE_MS = 500;

/**
 * Appends `lines`, each with its line end. Whatever hinders the putting aside of a full file (on Windows
 * a viewer that has it open) puts that off; the lines are written all the same.
 * @throws what the operating system says when the lines cannot be written
 */
export async function appendLines(
  lines: readonly string[],
  options: LogFileOptions,
): Promise<void> {
  const fileSystem = options.fileSystem ?? Deno;
  const octets = lines.map((line) => UTF8.encode(line));
  const bytes = octets.reduce((sum, line) => sum + line.length, 0);
  const batch = { octets, bytes, fileSystem };
  // Windows finds the end of the file and writes there in one step, its imitations in two.
  const needsLock = Deno.build.os === "windows";
  let size = needsLock ? undefined : append(batch, options);
  if (size === undefined) {
    const lock = await lockOf(options, fileSystem).catch(() => undefined);
    try {
      if (lock !== undefined) await putAside(batch, options).catch(() => {});
      const whatever = { ...options, maxBytes: Number.POSITIVE_INFINITY };
      size = await patiently(() => Promise.try(() => append(batch, whatever)));
    } finally {
      lock?.close(); // closing releases it on every system
    }
  }
  // The umask may have taken the rights of a group, without which the next account cannot append.
  if (size === 0) await share(options.path, options.mode, fileSystem);
}

interface Batch {
  readonly octets: readonly Uint8Array[];
  /** Of all lines together. */
  readonly bytes: number;
  readonly fileSystem: LogFileSystem;
}

/** The size before; undefined, with nothing written, where it would become too large. */
function append(batch: Batch, options: LogFileOptions): number | undefined {
  const { path, mode, maxBytes } = options;
  using file = batch.fileSystem.openSync(path, { append: true, create: true, mode });
  const { size } = file.statSync();
  if (size > 0 && size + batch.bytes > maxBytes) return undefined;
  for (const line of batch.octets) {
    const written = file.writeSync(line);
    if (written === line.length) continue;
    // A full disk took a part, to which the next line of anybody would be glued.
    batch.fileSystem.truncateSync(path, file.statSync().size - written);
    throw new Error("the disk took only a part of a line");
  }
  return size;
}

async function putAside(batch: Batch, options: LogFileOptions): Promise<void> {
  const { path, keep, maxBytes } = options;
  const { fileSystem } = batch;
  const size = await sizeOf(path, fileSystem);
  // While this process waited another one may have done it.
  if (size === 0 || size + batch.bytes <= maxBytes) return;
  if (keep === 0) return await fileSystem.remove(path);
  const name = (number: number): string => number === 0 ? path : `${path}.${number}`;
  let free = 1;
  // Only as far as the first gap: a renaming that failed half-way leaves one, and must cost no file.
  while (free < keep && await exists(name(free), fileSystem)) free++;
  for (let number = free; number > 0; number--) {
    await fileSystem.rename(name(number - 1), name(number));
  }
}

/** Undefined when another process keeps it for too long. */
async function lockOf(
  options: LogFileOptions,
  fileSystem: LogFileSystem,
): Promise<Deno.FsFile | undefined> {
  const { path, mode } = options;
  const name = `${path}.lock`;
  const file = await fileSystem.open(name, { write: true, create: true, mode });
  await share(name, mode, fileSystem);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const patience = new Promise<"late">((resolve) => {
    timer = setTimeout(() => resolve("late"), LOCK_PATIENCE_MS);
  });
  const locked = file.lock(true);
  try {
    if (await Promise.race([locked, patience]) !== "late") return file;
  } catch (cause) {
    file.close();
    throw cause;
  } finally {
    clearTimeout(timer);
  }
  // The lock may still be granted one day; a long-running process must not keep it then.
  void locked.then(() => file.close(), () => file.close());
  return undefined;
}

async function share(path: string, mode: number, fileSystem: LogFileSystem): Promise<void> {
  if (Deno.build.os === "windows" || (mode & 0o060) === 0) return;
  // Only the owner may; where it is somebody else's, the owner has done it.
  await fileSystem.chmod(path, mode).catch(() => {});
}

/** 0 for a file that is not there. */
async function sizeOf(path: string, fileSystem: LogFileSystem): Promise<number> {
  try {
    return (await fileSystem.stat(path)).size;
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return 0;
    throw cause;
  }
}

async function exists(path: string, fileSystem: LogFileSystem): Promise<boolean> {
  try {
    await fileSystem.stat(path);
    return true;
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return false;
    throw cause;
  }
}
