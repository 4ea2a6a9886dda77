// Standard input, output and error. The invariant: every text passes the redactor on its way out.

import { Failure } from "../base/failure.ts";
import { joinOctets } from "../base/octets.ts";
import type { Terminal } from "../base/world.ts";

const UTF8 = new TextEncoder();
const CTRL_C = 3;
const CTRL_D = 4;
const BACKSPACE = 8;
const DELETE = 127;
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
/** Select Graphic Rendition (ECMA-48 §8.3.117); consoles of Windows take it since Windows 10. */
const WHITE_ON_BLACK = "\x1b[97;40m";
const PLAIN = "\x1b[0m";

export class RealTerminal implements Terminal {
  readonly #redact: (text: string) => string;
  /** Rejects when the program is to end: a read cannot be called off, but nobody need wait for it. */
  readonly #ending: Promise<never>;
  /** Read with what was asked for, and not asked for yet. */
  #pending = new Uint8Array();

  constructor(redact: (text: string) => string, signal: AbortSignal) {
    this.#redact = redact;
    this.#ending = new Promise((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
    this.#ending.catch(() => {}); // most commands never read
  }

  get isInteractive(): boolean {
    return Deno.stdin.isTerminal() && Deno.stderr.isTerminal();
  }

  out(text: string): void {
    this.#writeOut(UTF8.encode(this.#redact(text)));
  }

  outOctets(octets: Uint8Array): void {
    // An octet each is a character, and comes out as it went in.
    const text = Array.from(octets, (octet) => String.fromCharCode(octet)).join("");
    this.#writeOut(Uint8Array.from(this.#redact(text), (character) => character.charCodeAt(0)));
  }

  #writeOut(octets: Uint8Array): void {
    try {
      writeOctets(Deno.stdout, octets);
    } catch (cause) {
      throw new Failure("file.io", "cannot write the result to standard output", { cause });
    }
  }

  err(line: string, look?: "white on black"): void {
    const text = printable(this.#redact(line));
    const isColoured = look !== undefined && !Deno.noColor && Deno.stderr.isTerminal();
    try {
      writeAll(Deno.stderr, isColoured ? `${WHITE_ON_BLACK}${text}${PLAIN}\n` : `${text}\n`);
    } catch {
      // Nobody listens on standard error (a task scheduler, a closed pipe); the exit code still tells.
    }
  }

  async ask(question: string): Promise<string | null> {
    writeAll(Deno.stderr, question);
    const octets: number[] = [];
    for (;;) {
      const octet = await this.#readOctet();
      if (octet === null) return octets.length === 0 ? null : decode(octets);
      if (octet === LINE_FEED) return decode(octets).replace(/\r$/, "");
      octets.push(octet);
    }
  }

  async askHidden(question: string): Promise<string | null> {
    Deno.stdin.setRaw(true); // before the question, so that not even the quickest answer is shown
    try {
      writeAll(Deno.stderr, question);
      const octets: number[] = [];
      for (;;) {
        const octet = await this.#readOctet();
        if (octet === CTRL_C) throw new Failure("interrupted", "interrupted by Ctrl-C");
        if (octet === null || octet === CTRL_D) return octets.length === 0 ? null : decode(octets);
        if (octet === LINE_FEED) return decode(octets);
        if (octet === CARRIAGE_RETURN) {
          // The Enter key sends this alone; in a pasted text the line feed comes along with it, and must not
          // answer the next question.
          if (this.#pending[0] === LINE_FEED) this.#pending = this.#pending.subarray(1);
          return decode(octets);
        }
        if (octet === BACKSPACE || octet === DELETE) dropCharacter(octets);
        else octets.push(octet);
      }
    } finally {
      Deno.stdin.setRaw(false);
      writeAll(Deno.stderr, "\n");
    }
  }

  async *input(): AsyncGenerator<Uint8Array> {
    if (this.#pending.length > 0) yield this.#pending;
    const buffer = new Uint8Array(65_536);
    for (;;) {
      const count = await this.#read(buffer);
      if (count === null) return;
      yield buffer.subarray(0, count);
    }
  }

  async readInput(mostBytes = Number.POSITIVE_INFINITY): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    let total = 0;
    for await (const piece of this.input()) {
      parts.push(piece.slice());
      total += piece.length;
      if (total > mostBytes) break;
    }
    return joinOctets(parts);
  }

  async #read(into: Uint8Array): Promise<number | null> {
    return await Promise.race([Deno.stdin.read(into), this.#ending]);
  }

  async #readOctet(): Promise<number | null> {
    if (this.#pending.length === 0) {
      const buffer = new Uint8Array(1024);
      const count = await this.#read(buffer);
      if (count === null) return null;
      this.#pending = buffer.subarray(0, count);
    }
    const octet = this.#pending[0] ?? null;
    this.#pending = this.#pending.subarray(1);
    return octet;
  }
}

// A server's words may hold escape sequences, which would act on the terminal instead of being read.
function printable(line: string): string {
  // deno-lint-ignore no-control-regex
  return line.replaceAll(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, "\ufffd");
}

function writeAll(to: { writeSync(octets: Uint8Array): number }, text: string): void {
  writeOctets(to, UTF8.encode(text));
}

function writeOctets(to: { writeSync(octets: Uint8Array): number }, octets: Uint8Array): void {
  for (let at = 0; at < octets.length;) at += to.writeSync(octets.subarray(at));
}

function dropCharacter(octets: number[]): void {
  // A character may be several octets; those after the first begin with the bits 10.
  while (octets.length > 0 && ((octets.pop() ?? 0) & 0xc0) === 0x80);
}

function decode(octets: readonly number[]): string {
  return new TextDecoder().decode(Uint8Array.from(octets));
}
