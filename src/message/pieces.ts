// The octets of a message: texts that are laid out already, and files that are read and encoded while the message is
// sent. The invariant: as many octets come out as were announced, or none that could pass for the whole message.

import { Failure } from "../base/failure.ts";
import { base64Length, encodeBase64 } from "./transfer_encoding.ts";

const CHUNK_BYTES = 65_536;
const UTF8 = new TextEncoder();

export interface Attachment {
  /** The file name that the reader sees, without a path. */
  readonly name: string;
  /** The media type, without parameters. */
  readonly type: string;
  readonly sizeBytes: number;
  /** The octets from the start; called once for each time that the message is sent. */
  open(): AsyncIterable<Uint8Array>;
}

/** Text that is written as it is, octets, or a file that is read and encoded on the way. */
export type Piece = string | Uint8Array | Attachment;

/** The pieces as octets and attachments, neighbouring texts made one. */
export function merged(pieces: readonly Piece[]): readonly (Uint8Array | Attachment)[] {
  const found: (Uint8Array | Attachment)[] = [];
  let text = "";
  for (const piece of pieces) {
    if (typeof piece === "string") {
      text += piece;
      continue;
    }
    if (text !== "") found.push(UTF8.encode(text));
    text = "";
    found.push(piece);
  }
  if (text !== "") found.push(UTF8.encode(text));
  return found;
}

/** How many octets it becomes. */
export function lengthOf(piece: Uint8Array | Attachment): number {
  return piece instanceof Uint8Array ? piece.length : base64Length(piece.sizeBytes);
}

/** All octets in chunks that are as large as the buffer, or as the encoder makes them. */
export async function* gathered(
  pieces: readonly (Uint8Array | Attachment)[],
): AsyncGenerator<Uint8Array> {
  const size = pieces.reduce((sum, piece) => sum + lengthOf(piece), 0);
  const buffer = new Uint8Array(Math.min(CHUNK_BYTES, size));
  let filled = 0;
  for await (const chunk of chunksOf(pieces)) {
    if (filled + chunk.length > buffer.length) {
      if (filled > 0) yield buffer.subarray(0, filled);
      filled = 0;
    }
    buffer.set(chunk, filled);
    filled += chunk.length;
  }
  if (filled > 0) yield buffer.subarray(0, filled);
}

/** The octets of all pieces, never more than `CHUNK_BYTES` at once. */
async function* chunksOf(
  pieces: readonly (Uint8Array | Attachment)[],
): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) {
    if (!(piece instanceof Uint8Array)) {
      yield* encodeBase64(readWhole(piece));
      continue;
    }
    for (let at = 0; at < piece.length; at += CHUNK_BYTES) {
      yield piece.subarray(at, at + CHUNK_BYTES);
    }
  }
}

// The size went to the server before the first octet: another one would make a broken message.
async function* readWhole(attachment: Attachment): AsyncGenerator<Uint8Array> {
  let octets = 0;
  for await (const piece of attachment.open()) {
    octets += piece.length;
    if (octets > attachment.sizeBytes) break;
    yield piece;
  }
  if (octets === attachment.sizeBytes) return;
  const found = octets > attachment.sizeBytes ? "more" : `only ${octets}`;
  throw new Failure(
    "input.unreadable",
    `attachment "${attachment.name}" changed while it was sent: it had ${attachment.sizeBytes} octets, ` +
      `now there are ${found}`,
    { remedy: "send it when nothing writes to it any more, or attach a copy" },
  );
}
