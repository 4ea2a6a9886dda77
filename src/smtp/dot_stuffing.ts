// Transparency of the DATA command (RFC 5321 §4.5.2): a dot that begins a line is sent twice, and a line with one
// dot ends the message. Works on pieces cut anywhere. The invariant: only CRLF begins a line, because a server that
// takes anything else for a line end would otherwise read another message than the one that was written.

const CR = 0x0d;
const LF = 0x0a;
const DOT = 0x2e;

const DOT_BYTES = new Uint8Array([DOT]);
const END_AT_LINE_START = new Uint8Array([DOT, CR, LF]);
const END_INSIDE_LINE = new Uint8Array([CR, LF, DOT, CR, LF]);

/** Stuffs one message. */
export class DotStuffing {
  #last = LF;
  #beforeLast = CR;

  /** Hands the octets of a piece on to `write`, with a dot more wherever a line begins with one. */
  push(piece: Uint8Array, write: (part: Uint8Array) => void): void {
    if (piece.length === 0) return;
    let written = 0;
    let dot = piece.indexOf(DOT);
    while (dot >= 0) {
      if (this.#beginsLine(piece, dot)) {
        if (dot > written) write(piece.subarray(written, dot));
        write(DOT_BYTES);
        written = dot;
      }
      dot = piece.indexOf(DOT, dot + 1);
    }
    write(written === 0 ? piece : piece.subarray(written));
    this.#beforeLast = piece.length > 1 ? piece[piece.length - 2] ?? 0 : this.#last;
    this.#last = piece[piece.length - 1] ?? 0;
  }

  /** The octets that end the message, with the line end that an unfinished last line lacks. */
  end(): Uint8Array {
    return this.#last === LF && this.#beforeLast === CR ? END_AT_LINE_START : END_INSIDE_LINE;
  }

  #beginsLine(piece: Uint8Array, place: number): boolean {
    const before = place > 0 ? piece[place - 1] : this.#last;
    if (before !== LF) return false;
    if (place > 1) return piece[place - 2] === CR;
    return (place === 1 ? this.#last : this.#beforeLast) === CR;
  }
}
