// Reads lines and blocks of octets from a connection through one buffer, for servers of the tests.

const CR = 13;
const LF = 10;
const DOT = 46;

export class WireReader {
  readonly #connection: Pick<Deno.Conn, "read">;
  readonly #buffer = new Uint8Array(262_144);
  #start = 0;
  #end = 0;

  constructor(connection: Pick<Deno.Conn, "read">) {
    this.#connection = connection;
  }

  /** Whether a whole line is here already, so that reading it waits for nobody. */
  hasLine(): boolean {
    return this.#lineEnd() !== -1;
  }

  /** The next line without its end, each octet a character; `null` at the end of the stream. */
  async readLine(): Promise<string | null> {
    let end = this.#lineEnd();
    while (end === -1) {
      if (!await this.#fill()) {
        return null;
      }
      end = this.#lineEnd();
    }
    const line = String.fromCharCode(...this.#buffer.subarray(this.#start, end));
    this.#start = end + 1;
    return line.endsWith("\r") ? line.slice(0, -1) : line;
  }

  /** Passes over exactly that many octets, or all there are. */
  async skip(count: number): Promise<void> {
    let left = count;
    while (true) {
      const here = Math.min(left, this.#end - this.#start);
      this.#start += here;
      left -= here;
      if (left === 0 || !await this.#fill()) {
        return;
      }
    }
  }

  /** Passes over a message up to and with the line of a single dot; resolves to its octets before that. */
  async skipDotted(): Promise<number> {
    let total = 0;
    // Where in CR LF . CR LF the last octet was; a message may begin with the dot.
    let matched = 2;
    while (true) {
      for (let at = this.#start; at < this.#end; at++) {
        const octet = this.#buffer[at] ?? 0;
        if (matched === 0 && octet !== CR) {
          // Most octets: straight on to the next CR.
          const next = this.#buffer.subarray(0, this.#end).indexOf(CR, at);
          total += (next === -1 ? this.#end : next) - at;
          at = (next === -1 ? this.#end : next) - 1;
          continue;
        }
        total++;
        matched = advance(matched, octet);
        if (matched === 5) {
          this.#start = at + 1;
          return total - 3;
        }
      }
      this.#start = this.#end;
      if (!await this.#fill()) {
        return total;
      }
    }
  }

  #lineEnd(): number {
    return this.#buffer.subarray(0, this.#end).indexOf(LF, this.#start);
  }

  async #fill(): Promise<boolean> {
    this.#buffer.copyWithin(0, this.#start, this.#end);
    this.#end -= this.#start;
    this.#start = 0;
    if (this.#end === this.#buffer.length) {
      throw new Error("a line is longer than the buffer");
    }
    const count = await this.#connection.read(this.#buffer.subarray(this.#end));
    this.#end += count ?? 0;
    return count !== null;
  }
}

function advance(matched: number, octet: number): number {
  const wanted = [CR, LF, DOT, CR, LF][matched];
  if (octet === wanted) {
    return matched + 1;
  }
  return octet === CR ? 1 : 0;
}
