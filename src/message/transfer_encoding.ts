// Content-Transfer-Encodings (RFC 2045 §6): base64 as a stream with bounded memory, and the choice for a text. The
// invariant: what comes out has CRLF line ends only, and lines that any server takes.

const UTF8 = new TextEncoder();
const LINE_INPUT = 57;
const LINE_OUTPUT = 78;
const LINE_PAIRS = LINE_OUTPUT / 2;
const CHUNK_LINES = 840;
const MAX_QP_LINE = 76;

// Of the control characters only the tab may stay: some servers refuse the others, and some take Ctrl-Z for the end.
const NOT_SEVEN_BIT = /[^\t\r\n -~]|^From |^[^\r\n]{999}/m;

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const DOT = 0x2e;
const EQUALS = 0x3d;
const FROM = Array.from("From ", (character) => character.charCodeAt(0));

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const HEX = Uint8Array.from("0123456789ABCDEF", (digit) => digit.charCodeAt(0));
// Two output characters for each twelve input bits, in the byte order of the machine.
const PAIRS = pairsOf(Array.from(ALPHABET));
const LINE_END = new Uint16Array(new Uint8Array([CR, LF]).buffer)[0] ?? 0;

export type TextEncoding = "7bit" | "quoted-printable" | "base64";

export interface EncodedText {
  readonly encoding: TextEncoding;
  readonly octets: Uint8Array;
}

/** How many octets base64 makes of so many, with the CRLF of each line. */
export function base64Length(sizeBytes: number): number {
  const rest = sizeBytes % LINE_INPUT;
  const tail = rest === 0 ? 0 : 4 * Math.ceil(rest / 3) + 2;
  return Math.floor(sizeBytes / LINE_INPUT) * LINE_OUTPUT + tail;
}

/**
 * Base64 in lines of 76 characters, each ended by CRLF, however the source is cut. Chunks of about 64 KB; one
 * stays valid only until the next is asked for.
 */
export async function* encodeBase64(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const out = new Uint8Array(CHUNK_LINES * LINE_OUTPUT);
  const pairs = new Uint16Array(out.buffer);
  const line = new Uint8Array(LINE_INPUT);
  let held = 0;
  let lines = 0;
  for await (const piece of source) {
    let at = 0;
    if (held > 0) {
      at = Math.min(LINE_INPUT - held, piece.length);
      line.set(piece.subarray(0, at), held);
      held += at;
      if (held < LINE_INPUT) continue;
      encodeLines(line, { at: 0, lines: 1, pairs, outAt: lines * LINE_PAIRS });
      lines++;
    }
    for (;;) {
      if (lines === CHUNK_LINES) {
        yield out;
        lines = 0;
      }
      const count = Math.min(Math.floor((piece.length - at) / LINE_INPUT), CHUNK_LINES - lines);
      if (count === 0) break;
      encodeLines(piece, { at, lines: count, pairs, outAt: lines * LINE_PAIRS });
      at += count * LINE_INPUT;
      lines += count;
    }
    held = piece.length - at;
    line.set(piece.subarray(at));
  }
  const end = encodeTail(line.subarray(0, held), { out, outAt: lines * LINE_OUTPUT });
  if (end > 0) yield out.subarray(0, end);
}

/** The same for octets that are in memory. */
export function base64Lines(octets: Uint8Array): Uint8Array {
  const out = new Uint8Array(base64Length(octets.length));
  const lines = Math.floor(octets.length / LINE_INPUT);
  encodeLines(octets, { at: 0, lines, pairs: new Uint16Array(out.buffer), outAt: 0 });
  encodeTail(octets.subarray(lines * LINE_INPUT), { out, outAt: lines * LINE_OUTPUT });
  return out;
}

/**
 * The text in UTF-8, with every kind of line end made CRLF: as it is when it is printable ASCII with lines of at most
 * 998, else quoted-printable or base64, whichever is shorter.
 */
export function encodeText(text: string): EncodedText {
  const lines = text.replace(/\r\n?|\n/g, "\r\n");
  const octets = UTF8.encode(lines);
  if (!NOT_SEVEN_BIT.test(lines)) return { encoding: "7bit", octets };
  const shorter = quotedPrintable(octets, base64Length(octets.length));
  if (shorter !== undefined) return { encoding: "quoted-printable", octets: shorter };
  return { encoding: "base64", octets: base64Lines(octets) };
}

/**
 * Quoted-printable (RFC 2045 §6.7) of octets whose line ends are CRLF; undefined when it would take more than
 * `maxLength` octets. No UTF-8 character is cut by a soft line break.
 */
export function quotedPrintable(octets: Uint8Array, maxLength: number): Uint8Array | undefined {
  const out = new Uint8Array(maxLength);
  let length = 0;
  let column = 0;
  for (let at = 0; at < octets.length; at++) {
    const octet = octets[at] ?? 0;
    if (octet === CR && octets[at + 1] === LF) {
      if (length + 2 > maxLength) return undefined;
      out[length++] = CR;
      out[length++] = LF;
      column = 0;
      at++;
      continue;
    }
    const isLast = at + 1 === octets.length || octets[at + 1] === CR;
    let isEncoded = mustBeEncoded(octet, isLast);
    if (column + widthFrom(octet, isEncoded) >= MAX_QP_LINE) {
      if (length + 3 > maxLength) return undefined;
      out[length++] = EQUALS;
      out[length++] = CR;
      out[length++] = LF;
      column = 0;
    }
    isEncoded ||= column === 0 && (octet === DOT || isFrom(octets, at));
    const width = isEncoded ? 3 : 1;
    if (length + width > maxLength) return undefined;
    if (isEncoded) {
      out[length++] = EQUALS;
      out[length++] = HEX[octet >> 4] ?? 0;
      out[length++] = HEX[octet & 15] ?? 0;
    } else {
      out[length++] = octet;
    }
    column += width;
  }
  return out.subarray(0, length);
}

function mustBeEncoded(octet: number, isLast: boolean): boolean {
  if (octet === 0x20 || octet === TAB) return isLast;
  return octet < 0x21 || octet > 0x7e || octet === EQUALS;
}

// What keeps mail in one file (mbox) puts a ">" before this word at the beginning of a line (RFC 2049 §3).
function isFrom(octets: Uint8Array, at: number): boolean {
  return FROM.every((octet, index) => octets[at + index] === octet);
}

// The width of the whole UTF-8 character that begins here; its later octets then fit for certain.
function widthFrom(octet: number, isEncoded: boolean): number {
  if (!isEncoded) return 1;
  if (octet >= 0xf0) return 12;
  if (octet >= 0xe0) return 9;
  return octet >= 0xc0 ? 6 : 3;
}

interface LinesPlace {
  readonly at: number;
  readonly lines: number;
  readonly pairs: Uint16Array;
  readonly outAt: number;
}

function encodeLines(input: Uint8Array, { at, lines, pairs, outAt }: LinesPlace): void {
  let from = at;
  let to = outAt;
  for (let line = 0; line < lines; line++) {
    for (const end = from + LINE_INPUT; from < end; from += 3) {
      const bits = (input[from] as number) << 16 | (input[from + 1] as number) << 8 |
        (input[from + 2] as number);
      pairs[to++] = PAIRS[bits >> 12] as number;
      pairs[to++] = PAIRS[bits & 0xfff] as number;
    }
    pairs[to++] = LINE_END;
  }
}

/** Writes an unfinished line and gives back where it ends. */
function encodeTail(
  rest: Uint8Array,
  place: { readonly out: Uint8Array; readonly outAt: number },
): number {
  const { out } = place;
  let to = place.outAt;
  if (rest.length === 0) return to;
  for (let from = 0; from < rest.length; from += 3) {
    const bits = (rest[from] ?? 0) << 16 | (rest[from + 1] ?? 0) << 8 | (rest[from + 2] ?? 0);
    for (let shift = 18; shift >= 0; shift -= 6) {
      out[to++] = ALPHABET.charCodeAt(bits >> shift & 63);
    }
  }
  const padding = (3 - rest.length % 3) % 3;
  out.fill(EQUALS, to - padding, to);
  out[to++] = CR;
  out[to++] = LF;
  return to;
}

function pairsOf(alphabet: readonly string[]): Uint16Array {
  const text = alphabet.map((first) => first + alphabet.join(first)).join("");
  return new Uint16Array(UTF8.encode(text).buffer);
}
