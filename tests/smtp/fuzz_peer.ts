// An SMTP server in memory that mostly does what it should and now and then does not: wrong codes, garbage, endless
// lines, replies too many, halves and none, the end of the connection. Everything it does follows from one seed. The
// invariant: it keeps an account of what it really heard and said, for the client's word to be held against.

import type { LocalStream } from "../../src/smtp/network.ts";

/** Numbers from 0 up to 1, the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What happened to one message, as the server knows it. */
export interface Account {
  readonly reversePath: string;
  readonly recipients: string[];
  /** Its last octet came in. */
  isComplete: boolean;
  /** The same where it was not waited for: a reply too many had passed for the 354. */
  isThrownAway: boolean;
  /** The reply to it was 250 and could be read whole. */
  isAccepted: boolean;
  /** The reply to it came when there had been as many replies as commands. */
  isAnsweredInStep: boolean;
}

export interface FuzzPeerOptions {
  readonly random: () => number;
  readonly offers: readonly string[];
  /** How likely a turn goes wrong, from 0 to 1. */
  readonly mischief: number;
  readonly messageBytes: number;
  /** Takes the dialog. */
  readonly log?: (line: string) => void;
}

const CODES = [
  ...[
    199,
    200,
    220,
    221,
    235,
    250,
    250,
    250,
    251,
    252,
    299,
    334,
    354,
    421,
    430,
    432,
    450,
    451,
    452,
  ],
  ...[454, 500, 501, 502, 503, 504, 521, 530, 535, 550, 551, 552, 553, 554, 555, 599],
];

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();
const LATIN1 = new TextDecoder("latin1");

export class FuzzPeer implements LocalStream {
  readonly localAddress = "192.168.1.5";
  readonly accounts: Account[] = [];
  /** Whether there were more replies than commands, so that nobody can know which belongs to which. */
  isOutOfStep = false;
  /** Whether something that was written did not arrive. */
  hasRefusedWrite = false;
  /** Whether it has fallen silent, by its own decision. */
  isStalled = false;
  /** Called when the client waits for what will not come. */
  onStall: () => void = () => {};
  readonly #options: FuzzPeerOptions;
  #line = "";
  #output: Uint8Array = new Uint8Array(0);
  #account: Account | undefined;
  #isMailTaken = false;
  #isInData = false;
  #bdatRest = 0;
  #isBdatLast = false;
  #messageOctets = 0;
  #tail = "";
  #authTurns = 0;
  #end: "EOF" | "RESET" | undefined;
  #isClosed = false;
  /** It says no more, but is still handed what the client sends. */
  #isMute = false;
  #wake = Promise.withResolvers<void>();

  constructor(options: FuzzPeerOptions) {
    this.#options = options;
    this.#answer(220, "fuzz ESMTP");
  }

  async read(into: Uint8Array): Promise<number | null> {
    await Promise.resolve();
    for (;;) {
      if (this.#isClosed) throw new Deno.errors.Interrupted("operation canceled");
      if (this.#output.length > 0) {
        const most = Math.min(this.#output.length, into.length);
        const count = this.#chance(0.3) ? 1 + Math.floor(this.#options.random() * most) : most;
        into.set(this.#output.subarray(0, count));
        this.#output = this.#output.subarray(count);
        return count;
      }
      if (this.#end === "EOF") return null;
      if (this.#end === "RESET") throw new Deno.errors.ConnectionReset("Connection reset by peer");
      this.onStall();
      await this.#wake.promise;
    }
  }

  async write(bytes: Uint8Array): Promise<number> {
    await Promise.resolve();
    if (this.#isClosed) throw new Deno.errors.Interrupted("operation canceled");
    if (this.#end === "RESET") {
      this.hasRefusedWrite = true;
      throw new Deno.errors.BrokenPipe("Broken pipe (os error 32)");
    }
    const count = this.#chance(0.1)
      ? 1 + Math.floor(this.#options.random() * bytes.length)
      : bytes.length;
    this.#hear(bytes.slice(0, count));
    return count;
  }

  closeWrite(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {
    this.#isClosed = true;
    this.#wake.resolve();
  }

  #chance(likelihood: number): boolean {
    return this.#options.random() < likelihood;
  }

  #pick<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.#options.random() * choices.length)] as T;
  }

  #hear(bytes: Uint8Array): void {
    let rest = bytes;
    while (rest.length > 0) {
      if (this.#bdatRest > 0) {
        const part = rest.subarray(0, this.#bdatRest);
        this.#bdatRest -= part.length;
        this.#messageOctets += part.length;
        rest = rest.subarray(part.length);
        if (this.#bdatRest === 0) this.#chunkEnds();
      } else if (this.#isInData) {
        rest = this.#hearData(rest);
      } else {
        const end = rest.indexOf(0x0a);
        const part = end < 0 ? rest : rest.subarray(0, end + 1);
        this.#line += DECODER.decode(part);
        rest = rest.subarray(part.length);
        if (end < 0) break;
        const line = this.#line.trimEnd();
        this.#line = "";
        this.#command(line);
      }
    }
  }

  #hearData(bytes: Uint8Array): Uint8Array {
    const text = this.#tail + LATIN1.decode(bytes);
    const end = text.indexOf("\r\n.\r\n");
    if (end < 0) {
      this.#tail = text.slice(-4);
      return new Uint8Array(0);
    }
    const used = end + 5 - this.#tail.length;
    this.#isInData = false;
    this.#messageEnds();
    return bytes.subarray(used);
  }

  #command(line: string): void {
    this.#options.log?.(`C: ${line.slice(0, 200)}`);
    if (this.#authTurns > 0) {
      const left = this.#authTurns - 1;
      this.#authTurns = 0;
      if (left === 0) return this.#answer(235, "signed in");
      return this.#answer(334, "UGFzc3dvcmQ6", (code) => this.#authTurns = code === 334 ? left : 0);
    }
    const verb = line.split(" ", 1)[0]?.toUpperCase();
    if (verb === "EHLO") return this.#answer(250, ["fuzz", ...this.#options.offers]);
    if (verb === "HELO" || verb === "RSET") {
      this.#account = undefined;
      this.#isMailTaken = false;
      return this.#answer(250, "ok");
    }
    if (verb === "STARTTLS") return this.#answer(220, "go on");
    if (verb === "AUTH") return this.#auth(line);
    if (verb === "MAIL") {
      this.#account = {
        reversePath: /<(.*?)>/.exec(line)?.[1] ?? "",
        recipients: [],
        isComplete: false,
        isThrownAway: false,
        isAccepted: false,
        isAnsweredInStep: false,
      };
      this.accounts.push(this.#account);
      this.#messageOctets = 0;
      return this.#answer(250, "2.1.0 ok", (code) => this.#isMailTaken = code === 250);
    }
    if (verb === "RCPT") {
      const address = /<(.*)>/.exec(line)?.[1] ?? "";
      const account = this.#account;
      return this.#answer(this.#isMailTaken ? 250 : 503, "2.1.5 ok", (code) => {
        if (code >= 250 && code <= 252 && this.#isMailTaken) account?.recipients.push(address);
      });
    }
    if (verb === "DATA") {
      return this.#answer(this.#isWanted ? 354 : 554, "go on", (code) => {
        this.#isInData = code === 354;
        this.#tail = "\r\n";
      });
    }
    if (verb === "BDAT") {
      const [, octets = "0", last] = /^BDAT (\d+)( LAST)?$/.exec(line) ?? [];
      this.#bdatRest = Number(octets);
      this.#isBdatLast = last !== undefined;
      if (this.#bdatRest === 0) this.#chunkEnds();
      return;
    }
    if (verb === "." && this.#account !== undefined) this.#account.isThrownAway = true;
    if (verb === "QUIT") {
      this.#isMute = true;
      return;
    }
    this.#answer(500, "what?");
  }

  get #isWanted(): boolean {
    return this.#isMailTaken && (this.#account?.recipients.length ?? 0) > 0;
  }

  #auth(line: string): void {
    const [, mechanism, initial] = line.split(" ");
    if (mechanism === "LOGIN") {
      return this.#answer(334, "VXNlcm5hbWU6", (code) => this.#authTurns = code === 334 ? 2 : 0);
    }
    if (initial === undefined) {
      return this.#answer(334, "", (code) => this.#authTurns = code === 334 ? 1 : 0);
    }
    this.#answer(235, "2.7.0 signed in");
  }

  #chunkEnds(): void {
    this.#options.log?.(`C: <octets of a chunk${this.#isBdatLast ? ", the last" : ""}>`);
    if (this.#isBdatLast) this.#messageEnds();
    else {
      // RFC 3030 §2: with one chunk the whole message is refused.
      this.#answer(this.#isWanted ? 250 : 503, "2.0.0 octets received", (code) => {
        if (code !== 250) this.#isMailTaken = false;
      });
    }
  }

  #messageEnds(): void {
    this.#options.log?.("C: <end of the message>");
    const account = this.#account;
    if (account !== undefined) account.isComplete = true;
    const isWanted = this.#isWanted;
    this.#answer(isWanted ? 250 : 503, "2.0.0 kept", (code) => {
      if (account === undefined) return;
      account.isAccepted = code === 250 && isWanted;
      account.isAnsweredInStep = !this.isOutOfStep;
    });
    this.#isMailTaken = false;
  }

  /** Says what is right, or something else; `said` hears the code of a reply that went out whole. */
  #answer(
    code: number,
    text: string | readonly string[],
    said: (code: number) => void = () => {},
  ): void {
    if (this.#isMute) return;
    const lines = typeof text === "string" ? [text] : text;
    if (!this.#chance(this.#options.mischief)) {
      this.#say(code, lines);
      return said(code);
    }
    const kind = Math.floor(this.#options.random() * 16);
    if (kind <= 5) {
      const other = this.#pick(CODES);
      this.#say(other, this.#chance(0.3) ? [`${String(other)[0]}.7.139 no`, "more"] : ["other"]);
      said(other);
    } else if (kind === 6) {
      this.#say(code, lines);
      said(code);
      this.isOutOfStep = true;
      this.#say(this.#pick(CODES), ["one too many"]);
    } else if (kind === 7) {
      this.#raw(
        this.#pick([
          "\r\n",
          "\0\x1b[2J\r\n",
          "HTTP/1.1 400 Bad Request\r\n",
          "25\r\n",
          "250\tok\r\n",
        ]),
      );
      this.isOutOfStep = true;
    } else if (kind === 8) {
      this.#raw(`${code} ${"x".repeat(5000)}\r\n`);
    } else if (kind === 9) {
      this.#raw(`${code}-more\r\n`.repeat(300));
    } else if (kind === 10) {
      const others = CODES.filter((other) => other !== code); // with the same it would be a reply
      this.#raw(`${code}-one\r\n${this.#pick(others)} other\r\n`);
      this.isOutOfStep = true;
    } else if (kind === 11) {
      // Bare line feeds, no text, a figure of text: all of it can be read.
      this.#raw(this.#pick([`${code}\r\n`, `${code} \xe9\x1b[0m\n`, `${code}-\r\n${code} ok\n`]));
      said(code);
    } else if (kind === 12) {
      this.#raw(this.#pick([`${code}`, `${code}-half\r\n`, String(code).slice(0, 2)]));
      this.#fallSilent();
    } else if (kind === 13) {
      if (this.#chance(0.5)) {
        this.#say(code, lines);
        said(code);
      }
      this.#hangUp();
    } else {
      this.#fallSilent();
    }
  }

  #say(code: number, lines: readonly string[]): void {
    this.#raw(
      lines.map((line, at) => `${code}${at < lines.length - 1 ? "-" : " "}${line}\r\n`).join(""),
    );
    // RFC 5321 §3.8: it closes behind this one.
    if (code === 421) this.#hangUp();
  }

  #raw(text: string): void {
    this.#options.log?.(`S: ${JSON.stringify(text.slice(0, 200))}`);
    const more = ENCODER.encode(text);
    const joined = new Uint8Array(this.#output.length + more.length);
    joined.set(this.#output);
    joined.set(more, this.#output.length);
    this.#output = joined;
  }

  #fallSilent(): void {
    this.#options.log?.("* silence");
    this.isStalled = true;
    this.#isMute = true;
  }

  #hangUp(): void {
    this.#end ??= this.#pick(["EOF", "RESET"] as const);
    this.#options.log?.(`* ${this.#end}`);
    this.#isMute = true;
  }
}
