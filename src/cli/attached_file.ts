// Files that go with a mail: what a flag says of one, and its octets while the mail is sent. The invariant: a file
// that cannot be read is told before anything is connected.

import { Failure } from "../base/failure.ts";
import { patiently } from "../base/held_file.ts";
import { baseName } from "../base/paths.ts";
import type { Attachment } from "../message/compose.ts";
import { mediaTypeOf } from "../message/media_type.ts";
import type { Context } from "./context.ts";
import { unreadable } from "./text_input.ts";

const CHUNK_BYTES = 65_536;

export interface WantedFile {
  readonly path: string;
  readonly name?: string;
  readonly type?: string;
}

/**
 * Reads `F[;name=N][;type=T]`; undefined when the file, the name or the type is empty. File names may hold
 * semicolons of their own, so only these two endings count.
 */
export function parseWantedFile(text: string): WantedFile | undefined {
  let path = text;
  const found: { name?: string; type?: string } = {};
  for (;;) {
    const end = /;(name|type)=([^;]*)$/.exec(path);
    if (end === null) break;
    const [ending, key, value] = end;
    if (key === "name") found.name ??= value ?? "";
    else found.type ??= value ?? "";
    path = path.slice(0, -ending.length);
  }
  if (path === "" || found.name === "" || found.type === "") return undefined;
  return { path, ...found };
}

/** @throws {Failure} `input.unreadable` */
export async function openAttachment(
  wanted: WantedFile,
  context: Pick<Context, "world">,
): Promise<Attachment> {
  const { path } = wanted;
  let info: Deno.FileInfo;
  try {
    info = await Deno.stat(path);
    // Asked first: to open a pipe waits for somebody who writes into it.
    if (!info.isFile) throw notAFile(path);
    // Opened once now: a file without the right to read it must not show up half-way through the mail.
    (await patiently(() => Deno.open(path))).close();
  } catch (cause) {
    throw unreadable(path, cause);
  }
  const name = wanted.name ?? baseName(path, context.world);
  return {
    name,
    type: wanted.type ?? mediaTypeOf(name),
    sizeBytes: info.size,
    open: () => readChunks(path),
  };
}

function notAFile(path: string): Failure {
  return new Failure("input.unreadable", `cannot attach ${path}: it is not a file`, {
    remedy: "name a file; a folder must be packed into one first, as a zip for example",
  });
}

/**
 * The octets of a file, or of a pipe, in chunks that stay valid until the next one is asked for.
 * @throws {Failure} `input.unreadable`
 */
export async function* readChunks(path: string): AsyncIterable<Uint8Array> {
  const buffer = new Uint8Array(CHUNK_BYTES);
  let file: Deno.FsFile;
  try {
    file = await patiently(() => Deno.open(path));
  } catch (cause) {
    throw unreadable(path, cause);
  }
  try {
    for (;;) {
      const count = await file.read(buffer);
      if (count === null) return;
      yield buffer.subarray(0, count);
    }
  } catch (cause) {
    throw unreadable(path, cause);
  } finally {
    file.close();
  }
}
