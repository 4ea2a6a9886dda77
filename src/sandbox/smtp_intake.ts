// Octets from the wire, cut into command lines and message content. The invariant: content comes out with the
// transparency dots taken away (RFC 5321 §4.5.2), and ends at CRLF.CRLF only, never at a bare line feed.

import { joinOctets } from "../base/octets.ts";

/** No command or AUTH response is longer; RFC 4954 §4 judged 12,288 octets to be enough. */
const MAX_LINE_BYTES = 65_536;
const LF = 10;
const CR = 13;
const DOT = 46;

export class Intake {
  #pending: Uint8Array = new Uint8Array();
  #parts: Uint8Array[] = [];
  #contentBytes = 0;
  /** Octets of a chunk that are still to come; undefined in content that ends with a dot. */
  #left: number | undefined;

  get contentBytes(): number {
    return this.#contentBytes;
  }

  push(octets: Uint8Array): void {
    this.#pending = this.#pending.length === 0
      ? octets.slice()
      : joinOctets([this.#pending, octets]);
  }

  /** The next line without its end; undefined when it is not whole yet. */
  line(): string | "too long" | undefined {
    const end = this.#pending.indexOf(LF);
    if (end < 0) return this.#pending.length > MAX_LINE_BYTES ? "too long" : undefined;
    if (end > MAX_LINE_BYTES) return "too long";
    const line = new TextDecoder().decode(this.#pending.subarray(0, end));
    this.#pending = this.#pending.subarray(end + 1);
    return line.replace(/\r$/, "");
  }

  beginDotted(): void {
    this.#left = undefined;
  }

  beginCounted(octets: number): void {
    this.#left = octets;
  }

  /** Moves what there is of the content; true when it is whole. */
  takeContent(): boolean {
    return this.#left === undefined ? this.#takeDotted() : this.#takeCounted(this.#left);
  }

  /** The content so far; it starts anew. */
  content(): Uint8Array<ArrayBuffer> {
    const content = joinOctets(this.#parts);
    this.#parts = [];
    this.#contentBytes = 0;
    return content;
  }

  #takeCounted(left: number): boolean {
    const part = this.#pending.subarray(0, left);
    this.#pending = this.#pending.subarray(part.length);
    this.#keep(part);
    this.#left = left - part.length;
    return this.#left === 0;
  }

  #takeDotted(): boolean {
    for (;;) {
      const end = lineEnd(this.#pending);
      if (end < 0) return false;
      const line = this.#pending.subarray(0, end);
      this.#pending = this.#pending.subarray(end);
      const isEnd = line.length === 3 && line[0] === DOT;
      if (isEnd) return true;
      this.#keep(line[0] === DOT ? line.subarray(1) : line);
    }
  }

  #keep(part: Uint8Array): void {
    this.#parts.push(part);
    this.#contentBytes += part.length;
  }
}

/** Behind the next CRLF, or -1. */
function lineEnd(octets: Uint8Array): number {
  for (let at = octets.indexOf(LF); at >= 0; at = octets.indexOf(LF, at + 1)) {
    if (octets[at - 1] === CR) return at + 1;
  }
  return -1;
}
