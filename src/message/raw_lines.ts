// The lines of a message that somebody else wrote, made fit for SMTP (RFC 5321 §2.3.8, RFC 5322 §2.1.1) while they
// stream by, cut anywhere. The invariant: a bare CR or LF becomes CRLF and an unfinished last line gets its end;
// every other octet goes on as it is, or the message is refused with the number of the line.

import { Failure } from "../base/failure.ts";

const CR = 0x0d;
const LF = 0x0a;
const BLANK = 0x20;

/** Octets of a line without its end (RFC 5322 §2.1.1); servers refuse what is longer. */
export const LONGEST_LINE = 998;

// A character in UTF-8 has three octets more at most, and is not torn.
const FOLD_AT = LONGEST_LINE - 3;

export interface LineRepairOptions {
  /** The number of the first line, for messages. */
  readonly line: number;
  /** What the message is called when it is refused. */
  readonly source: string;
  /** Whether a line that is too long goes on in the next one behind a blank, as mail servers do it, or is refused. */
  readonly foldsLongLines: boolean;
}

/** Repairs one message or a part of it that begins with a line. */
export class LineRepair {
  readonly #options: LineRepairOptions;
  #line: number;
  #lineOctets = 0;
  /** Whether the last octet was a CR; it has gone out, the LF behind it may not. */
  #isAfterCr = false;
  #allBits = 0;
  #foldedLines = 0;
  #out = new Uint8Array();

  constructor(options: LineRepairOptions) {
    this.#options = options;
    this.#line = options.line;
  }

  /** Whether any octet was above 127. */
  get hasEightBit(): boolean {
    return this.#allBits > 127;
  }

  /** How many lines were too long. */
  get foldedLines(): number {
    return this.#foldedLines;
  }

  /**
   * The piece as it goes on; valid until the next one.
   * @throws {Failure} `message.invalid` for a line that is too long, or that holds a NUL
   */
  push(piece: Uint8Array): Uint8Array {
    // Each octet brings one more along at most, and a broken line three.
    const most = 2 * piece.length + 4;
    if (this.#out.length < most) this.#out = new Uint8Array(most);
    const out = this.#out;
    let length = 0;
    let allBits = this.#allBits;
    for (let at = 0; at < piece.length; at++) {
      const octet = piece[at] ?? 0;
      if (octet === LF) {
        if (!this.#isAfterCr) out[length++] = CR;
        out[length++] = LF;
        this.#endLine();
        continue;
      }
      if (this.#isAfterCr) {
        out[length++] = LF;
        this.#endLine();
      }
      if (octet === CR) {
        this.#isAfterCr = true;
      } else {
        if (octet === 0) throw this.#refused("holds a NUL octet", NUL_REMEDY);
        if (++this.#lineOctets > FOLD_AT && this.#isTooLong(octet)) {
          out[length++] = CR;
          out[length++] = LF;
          out[length++] = BLANK;
          this.#lineOctets = 2;
          this.#foldedLines++;
        }
        allBits |= octet;
      }
      out[length++] = octet;
    }
    this.#allBits = allBits;
    return out.subarray(0, length);
  }

  /** What an unfinished last line lacks. */
  end(): Uint8Array {
    const missing = this.#isAfterCr ? [LF] : this.#lineOctets > 0 ? [CR, LF] : [];
    this.#endLine();
    return Uint8Array.from(missing);
  }

  #endLine(): void {
    this.#isAfterCr = false;
    this.#lineOctets = 0;
    this.#line++;
  }

  #isTooLong(octet: number): boolean {
    if (this.#options.foldsLongLines) return (octet & 0xc0) !== 0x80;
    if (this.#lineOctets <= LONGEST_LINE) return false;
    throw this.#refused(`has more than ${LONGEST_LINE} octets`, LONG_REMEDY);
  }

  #refused(problem: string, remedy: string): Failure {
    const { source } = this.#options;
    return new Failure("message.invalid", `${source}: line ${this.#line} ${problem}`, { remedy });
  }
}

export const NUL_REMEDY =
  "write the message as text (UTF-8 or ASCII, not UTF-16), and what is not text as base64";
const LONG_REMEDY =
  "let the program that writes the message encode that part as quoted-printable or base64: mail servers refuse " +
  "longer lines";
