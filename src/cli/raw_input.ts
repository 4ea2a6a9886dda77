// A finished message that is read twice: first to see whether it is good and how large it is, then to send it. What
// comes through a pipe is kept meanwhile, in memory or, where it is large, in a private temporary file. The
// invariant: the second reading gives what the first one gave, or fails.

import { diskRemedy, reason } from "../base/durable_file.ts";
import { Failure } from "../base/failure.ts";
import { patiently } from "../base/held_file.ts";
import { joinOctets, writeAll } from "../base/octets.ts";
import type { World } from "../base/world.ts";
import type { RawInput } from "../message/raw_message.ts";
import { unreadable } from "./text_input.ts";

const CHUNK_BYTES = 65_536;

/** Beyond this a message from a pipe goes to a file. */
const MOST_IN_MEMORY = 1024 * 1024;

export type HeldInput = RawInput & AsyncDisposable;

/**
 * The message in the file, or of standard input for `-`.
 * @throws {Failure} `input.unreadable`, `file.io` where a message from a pipe cannot be kept
 */
export async function openRawInput(
  path: string,
  context: { readonly world: Pick<World, "terminal"> },
): Promise<HeldInput> {
  // The runtime does not open what stands for open files.
  const isInput = path === "-" || path === "/dev/stdin" || path === "/dev/fd/0";
  if (isInput) return await held(context.world.terminal.input(), "standard input");
  let info: Deno.FileInfo;
  try {
    info = await patiently(() => Deno.stat(path));
  } catch (cause) {
    throw unreadable(path, cause);
  }
  if (info.isFile) return await fileInput(path);
  if (info.isDirectory) {
    throw new Failure("input.unreadable", `cannot read ${path}: it is a folder`, {
      remedy: "name the file with the message, or - for standard input",
    });
  }
  using pipe = await openFile(path);
  return await held(readFrom(pipe), path);
}

/** Keeps what comes, to its end. */
export async function held(
  source: AsyncIterable<Uint8Array>,
  name: string,
): Promise<HeldInput> {
  await using stack = new AsyncDisposableStack();
  const parts: Uint8Array[] = [];
  let total = 0;
  let file: Deno.FsFile | undefined;
  for await (const piece of source) {
    total += piece.length;
    if (file === undefined && total > MOST_IN_MEMORY) {
      file = await temporaryFile(stack);
      for (const part of parts.splice(0)) await keep(file, part);
    }
    if (file === undefined) parts.push(piece.slice());
    else await keep(file, piece);
  }
  const octets = joinOctets(parts);
  const kept = file;
  const owned = stack.move();
  return {
    name,
    async *octets(from): AsyncGenerator<Uint8Array> {
      if (kept === undefined) {
        yield octets.subarray(from);
        return;
      }
      await kept.seek(from, Deno.SeekMode.Start);
      yield* readFrom(kept);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** A file for this account alone, which loses its name at once: whatever ends the program, nothing stays behind. */
async function temporaryFile(stack: AsyncDisposableStack): Promise<Deno.FsFile> {
  try {
    const path = await Deno.makeTempFile({ prefix: "plantpost-" }); // its mode is 0600
    stack.defer(() => Deno.remove(path).catch(() => {})); // Windows may want it closed first
    const file = stack.adopt(
      await Deno.open(path, { read: true, write: true }),
      (opened) => opened.close(),
    );
    await Deno.remove(path).catch(() => {});
    return file;
  } catch (cause) {
    throw new Failure(
      "file.io",
      `cannot make a temporary file for the message: ${reason(cause)}`,
      { remedy: "name a folder with some space in TMPDIR (Windows: TEMP)", cause },
    );
  }
}

async function keep(file: Deno.FsFile, octets: Uint8Array): Promise<void> {
  try {
    await writeAll(file, octets);
  } catch (cause) {
    throw new Failure("file.io", `cannot keep the message: ${reason(cause)}`, {
      remedy: diskRemedy(cause, "temporary files"),
      cause,
    });
  }
}

async function fileInput(path: string): Promise<HeldInput> {
  let first: string;
  {
    using file = await openFile(path);
    first = await fingerprint(file);
  }
  const assertSame = async (file: Deno.FsFile): Promise<void> => {
    if (await fingerprint(file) === first) return;
    throw new Failure("input.unreadable", `${path} was changed while it was sent`, {
      remedy: "send it when nothing writes to it any more, or send a copy",
    });
  };
  return {
    name: path,
    async *octets(from): AsyncGenerator<Uint8Array> {
      using file = await openFile(path);
      await assertSame(file);
      await file.seek(from, Deno.SeekMode.Start);
      try {
        yield* readFrom(file);
      } catch (cause) {
        throw unreadable(path, cause);
      }
      await assertSame(file);
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

async function openFile(path: string): Promise<Deno.FsFile> {
  try {
    return await patiently(() => Deno.open(path));
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

async function fingerprint(file: Deno.FsFile): Promise<string> {
  const { size, mtime } = await file.stat();
  return `${size} ${mtime?.getTime()}`;
}

async function* readFrom(file: Deno.FsFile): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(CHUNK_BYTES);
  for (;;) {
    const count = await file.read(buffer);
    if (count === null) return;
    yield buffer.subarray(0, count);
  }
}
