// Encoded-words (RFC 2047): text outside ASCII in a header. The invariant: a word decodes on its own, because no
// character is ever cut, and is made of characters that are safe in every place where a word may stand.

import { toBase64 } from "../base/base64.ts";

const MAX_WORD = 75;
const FRAME = "=?UTF-8?Q??=".length;
const UTF8 = new TextEncoder();

/** Whether readers would not give this text back exactly when it stood in a header as it is. */
export function needsEncodedWords(text: string): boolean {
  // Blanks at the ends and in a row get lost in unfolding; `=?` would be taken for the start of a word.
  return /[^ -~]|=\?|^ | $| {2}/.test(text);
}

/**
 * The text as encoded-words in UTF-8, to be put one after the other with a blank or a fold between them; in
 * Q or B, whichever is shorter. `firstMax` is the room for the first word, in characters (RFC 2047 §2, §5).
 */
export function encodedWords(text: string, firstMax: number = MAX_WORD): readonly string[] {
  const q = split(text, { firstMax, sizeOf: qSize, payloadLength: (size) => size })
    .map((piece) => `=?UTF-8?Q?${qEncode(piece)}?=`);
  const b = split(text, { firstMax, sizeOf: utf8Size, payloadLength: base64Size })
    .map((piece) => `=?UTF-8?B?${toBase64(UTF8.encode(piece))}?=`);
  return q.join(" ").length <= b.join(" ").length ? q : b;
}

interface Measure {
  readonly firstMax: number;
  /** What a character adds to the size of a piece. */
  readonly sizeOf: (character: string) => number;
  /** How many characters a piece of that size becomes. */
  readonly payloadLength: (size: number) => number;
}

function split(text: string, measure: Measure): readonly string[] {
  const pieces: string[] = [];
  let piece = "";
  let size = 0;
  for (const character of text) {
    const max = (pieces.length === 0 ? measure.firstMax : MAX_WORD) - FRAME;
    const added = measure.sizeOf(character);
    if (piece !== "" && measure.payloadLength(size + added) > max) {
      pieces.push(piece);
      piece = "";
      size = 0;
    }
    piece += character;
    size += added;
  }
  pieces.push(piece);
  return pieces;
}

// The letters that RFC 2047 §5 (3) allows in a phrase: the strictest place, so right in all of them.
function isPlain(character: string): boolean {
  return /^[A-Za-z0-9!*+/ -]$/.test(character);
}

function qSize(character: string): number {
  return isPlain(character) ? 1 : 3 * utf8Size(character);
}

function utf8Size(character: string): number {
  const codePoint = character.codePointAt(0) ?? 0;
  if (codePoint < 0x80) return 1;
  if (codePoint < 0x800) return 2;
  return codePoint < 0x10000 ? 3 : 4;
}

function base64Size(sizeBytes: number): number {
  return 4 * Math.ceil(sizeBytes / 3);
}

function qEncode(piece: string): string {
  let encoded = "";
  for (const character of piece) {
    if (character === " ") encoded += "_";
    else if (isPlain(character)) encoded += character;
    else {
      for (const octet of UTF8.encode(character)) {
        encoded += `=${octet.toString(16).toUpperCase().padStart(2, "0")}`;
      }
    }
  }
  return encoded;
}
