// The lines of a batch (JSON lines), as they come. The invariant: no more than one line and one piece of the input
// is held, however long the input is, and one line that cannot be read spoils no other.

import { Failure } from "../base/failure.ts";
import { joinOctets } from "../base/octets.ts";

/** A mail with its text in one line; attachments are named, not contained. */
export const MOST_LINE_BYTES = 64 * 1024 * 1024;

// A mark at the beginning is dropped.
const UTF8 = new TextDecoder("utf-8", { fatal: true });
const LF = 0x0a;
const CR = 0x0d;

export interface BatchLine {
  /** From 1; blank lines count. */
  readonly number: number;
  /** Without its line end; or why it cannot be read. */
  readonly text: string | Failure;
}

/**
 * The lines that are not blank. Line ends may be LF or CRLF, the last one may lack; a byte order mark is skipped, and
 * with the one of UTF-16, as PowerShell writes files, the input is read as that.
 */
export async function* batchLines(
  pieces: AsyncIterable<Uint8Array>,
  mostBytes: number = MOST_LINE_BYTES,
): AsyncGenerator<BatchLine, void> {
  let number = 0;
  for await (const octets of splitLines(inUtf8(pieces), mostBytes)) {
    number++;
    const text = octets === undefined ? tooLong(number, mostBytes) : decoded(octets, number);
    if (text instanceof Failure || text.trim() !== "") yield { number, text };
  }
}

/** Undefined for a line with more than `mostBytes`, which is passed over. */
async function* splitLines(
  pieces: AsyncIterable<Uint8Array>,
  mostBytes: number,
): AsyncGenerator<Uint8Array | undefined, void> {
  let parts: Uint8Array[] = [];
  let held = 0;
  const finished = (end: Uint8Array): Uint8Array | undefined => {
    const line = held > mostBytes || held + end.length > mostBytes
      ? undefined
      : parts.length === 0
      ? end
      : joinOctets([...parts, end]);
    parts = [];
    held = 0;
    return line;
  };
  for await (const piece of pieces) {
    let start = 0;
    for (let end = piece.indexOf(LF); end >= 0; end = piece.indexOf(LF, start)) {
      yield finished(piece.subarray(start, end));
      start = end + 1;
    }
    const rest = piece.subarray(start);
    held += rest.length;
    if (held > mostBytes) parts = [];
    else if (rest.length > 0) parts.push(rest.slice());
  }
  if (held > 0) yield finished(new Uint8Array());
}

// The mark stays where it is for UTF-8: the first line drops it.
async function* inUtf8(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  let begin = new Uint8Array();
  let utf16: TextDecoder | undefined;
  let isBegun = false;
  const encoder = new TextEncoder();
  for await (const piece of pieces) {
    if (isBegun) {
      yield utf16 === undefined ? piece : encoder.encode(utf16.decode(piece, { stream: true }));
      continue;
    }
    begin = joinOctets([begin, piece]);
    if (begin.length < 2) continue;
    isBegun = true;
    if (begin[0] === 0xff && begin[1] === 0xfe) utf16 = new TextDecoder("utf-16le");
    if (begin[0] === 0xfe && begin[1] === 0xff) utf16 = new TextDecoder("utf-16be");
    yield utf16 === undefined ? begin : encoder.encode(utf16.decode(begin, { stream: true }));
  }
  if (!isBegun && begin.length > 0) yield begin;
}

function decoded(octets: Uint8Array, number: number): string | Failure {
  const end = octets.at(-1) === CR ? octets.length - 1 : octets.length;
  try {
    return UTF8.decode(octets.subarray(0, end));
  } catch {
    return new Failure("message.invalid", `line ${number}: is not UTF-8`, {
      remedy: 'write the lines in UTF-8; in PowerShell: "Set-Content -Encoding utf8"',
    });
  }
}

function tooLong(number: number, mostBytes: number): Failure {
  return new Failure(
    "message.invalid",
    `line ${number}: is longer than ${mostBytes} octets`,
    { remedy: 'name large files under "attach" instead of writing them into the line' },
  );
}
