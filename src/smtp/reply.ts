// SMTP replies (RFC 5321 §4.2) with their enhanced status codes (RFC 2034, RFC 3463). The parser takes bytes in
// whatever pieces the network delivers and gives the same replies for every cut. The invariant: it never reads
// past the end of a reply, so what is left over is known to be left over.

import { Failure } from "../base/failure.ts";
import { joinOctets } from "../base/octets.ts";

/** Octets of one reply line including its line end; RFC 5321 §4.5.3.1.5 promises at most 512. */
export const MAX_REPLY_LINE_BYTES = 4096;

/** Lines of one reply. */
export const MAX_REPLY_LINES = 200;

/** What a server answered. `lines` lack code and separator, `text` also lacks the enhanced status code. */
export interface Reply {
  readonly code: number;
  readonly enhancedCode?: string;
  readonly lines: readonly string[];
  readonly text: string;
}

/** One reply in one line, such as `250 2.0.0 Ok: queued`; the lines of a longer one are joined by blanks. */
export function replyText(reply: Reply): string {
  const head = reply.enhancedCode === undefined
    ? `${reply.code}`
    : `${reply.code} ${reply.enhancedCode}`;
  return reply.text === "" ? head : `${head} ${reply.text}`;
}

const LF = 0x0a;
const CR = 0x0d;
const ENHANCED_CODE = /^([245]\.\d{1,3}\.\d{1,3})(?:[ \t]+|$)/;

/** Collects one reply after another from byte pieces; `server` is its name in messages. */
export class ReplyParser {
  readonly #server: string;
  readonly #decoder = new TextDecoder();
  #partial = new Uint8Array(0);
  #code = 0;
  #lines: string[] = [];
  #reply: Reply | undefined;

  constructor(server = "server") {
    this.#server = server;
  }

  /**
   * Reads on in `bytes` from `start` up to `end`, stops behind a finished reply and returns the place reached.
   * @throws {Failure} `smtp.protocol` for anything that is no reply; the parser is of no use afterwards
   */
  feed(bytes: Uint8Array, start: number, end: number): number {
    let place = start;
    while (place < end && this.#reply === undefined) {
      const lineEnd = bytes.indexOf(LF, place);
      if (lineEnd < 0 || lineEnd >= end) {
        this.#keep(bytes.subarray(place, end));
        return end;
      }
      this.#line(bytes, place, lineEnd + 1);
      place = lineEnd + 1;
    }
    return place;
  }

  /** Whether a reply has begun and is not finished. */
  get isInsideReply(): boolean {
    return this.#partial.length > 0 || this.#lines.length > 0;
  }

  /** The finished reply, once; `undefined` while there is none. */
  take(): Reply | undefined {
    const reply = this.#reply;
    this.#reply = undefined;
    return reply;
  }

  #keep(piece: Uint8Array): void {
    if (this.#partial.length + piece.length > MAX_REPLY_LINE_BYTES) throw this.#lineTooLong();
    this.#partial = joinOctets([this.#partial, piece]);
  }

  #line(bytes: Uint8Array, start: number, end: number): void {
    let line = bytes.subarray(start, end);
    if (this.#partial.length > 0) {
      this.#keep(line);
      line = this.#partial;
      this.#partial = new Uint8Array(0);
    } else if (line.length > MAX_REPLY_LINE_BYTES) {
      throw this.#lineTooLong();
    }
    const length = line.length - (line[line.length - 2] === CR ? 2 : 1);
    const code = replyCode(line, length);
    // Exchange and some appliances end a bare `334` without the blank that the grammar wants.
    const separator = length > 3 ? line[3] : 0x20;
    if (code === 0 || (separator !== 0x20 && separator !== 0x2d)) {
      const found = printable(this.#decoder.decode(line.subarray(0, Math.min(length, 80))));
      throw new Failure(
        "smtp.protocol",
        `${this.#server} sent "${found}" where a reply was wanted`,
      );
    }
    if (this.#lines.length > 0 && code !== this.#code) {
      throw new Failure(
        "smtp.protocol",
        `${this.#server} changed the code inside one reply from ${this.#code} to ${code}`,
      );
    }
    if (this.#lines.length === MAX_REPLY_LINES) {
      throw new Failure(
        "smtp.protocol",
        `${this.#server} sent a reply of more than ${MAX_REPLY_LINES} lines`,
      );
    }
    this.#code = code;
    this.#lines.push(length > 4 ? printable(this.#decoder.decode(line.subarray(4, length))) : "");
    if (separator === 0x20) {
      this.#reply = finishedReply(code, this.#lines);
      this.#lines = [];
    }
  }

  #lineTooLong(): Failure {
    return new Failure(
      "smtp.protocol",
      `${this.#server} sent a reply line of more than ${MAX_REPLY_LINE_BYTES} octets`,
    );
  }
}

function replyCode(line: Uint8Array, length: number): number {
  if (length < 3) return 0;
  const first = (line[0] ?? 0) - 0x30;
  const second = (line[1] ?? 0) - 0x30;
  const third = (line[2] ?? 0) - 0x30;
  if (first < 2 || first > 5 || second < 0 || second > 9 || third < 0 || third > 9) return 0;
  return first * 100 + second * 10 + third;
}

function finishedReply(code: number, lines: readonly string[]): Reply {
  const enhancedCode = ENHANCED_CODE.exec(lines[0] ?? "")?.[1];
  if (enhancedCode === undefined) {
    return { code, lines, text: lines.length === 1 ? lines[0] ?? "" : joined(lines) };
  }
  const texts = lines.map((line) =>
    line.startsWith(enhancedCode) ? line.slice(enhancedCode.length).trimStart() : line
  );
  return { code, enhancedCode, lines, text: joined(texts) };
}

function joined(texts: readonly string[]): string {
  return texts.map((text) => text.trim()).filter((text) => text !== "").join(" ");
}

// A reply ends up on terminals and in logs, where an escape sequence must not work.
function printable(text: string): string {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x20 || (unit >= 0x7f && unit < 0xa0)) {
      return text.replace(/\p{Cc}/gu, (control) => control === "\t" ? " " : "\ufffd");
    }
  }
  return text;
}
