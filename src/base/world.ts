// Everything the program takes from outside, as a record of functions. The real one is built once in
// `src/cli/real_world.ts`; tests pass their own. A function asks only for what it uses: `Pick<World, …>`.

/** A stream of bytes in both directions: TCP, TLS, or a scripted peer in a test. */
export interface ByteStream {
  /** Resolves to the number of bytes read (1 or more), or `null` at the end of the stream. */
  read(into: Uint8Array): Promise<number | null>;
  /** Writes a part and resolves to its length, as `Deno.Conn` does. */
  write(bytes: Uint8Array): Promise<number>;
  /** Sends what is still on its way and says that nothing follows. */
  closeWrite(): Promise<void>;
  close(): void;
}

export interface Terminal {
  /** Whether a person sits in front of standard input and standard error. */
  readonly isInteractive: boolean;
  /** Writes a result to standard output; returns when it is written. */
  out(text: string): void;
  /** The same for octets that need not be text. */
  outOctets(octets: Uint8Array): void;
  /** Writes a line for people to standard error; the line end is added. `look` holds where colours can be shown. */
  err(line: string, look?: "white on black"): void;
  /** Asks a question on the terminal; resolves to the line typed, without its end, or `null` at its end. */
  ask(question: string): Promise<string | null>;
  /** The same without echo. */
  askHidden(question: string): Promise<string | null>;
  /** Standard input as it comes, in pieces that stay valid until the next one is asked for. */
  input(): AsyncIterable<Uint8Array>;
  /** Standard input to its end, or until there is more than `mostBytes`. */
  readInput(mostBytes?: number): Promise<Uint8Array>;
}

export interface SystemProxy {
  /** `host:port` or a URL; undefined means a direct connection. */
  readonly proxy?: string;
  /** The setting that names it, such as `Windows settings`; without a proxy, why there is none. */
  readonly source: string;
  /** What went wrong on the way to it, a line each. */
  readonly remarks: readonly string[];
}

export interface World {
  readonly platform: "windows" | "darwin" | "linux";
  readonly terminal: Terminal;
  /** Undefined when the variable is not set; an empty value is treated as not set. */
  env(name: string): string | undefined;
  /** Milliseconds since 1970-01-01T00:00Z. */
  nowMs(): number;
  /** Minutes to add to UTC to get the PC's local time at that moment, such as 60 for +01:00. */
  utcOffsetMinutes(atMs: number): number;
  /** Resolves after the time; rejects with the signal's reason when it is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  randomBytes(count: number): Uint8Array<ArrayBuffer>;
  /** The PC's name and the account's, for messages such as "sealed by ANNA on PANEL-7". */
  whoAmI(): { readonly pc: string; readonly account: string; readonly isRoot: boolean };
  /** From now on this text appears in no output of the program. Empty and very short texts are ignored. */
  keepSecret(text: string): void;
  /** The text as it may leave the program: without what `keepSecret` was told. */
  redact(text: string): string;
  fetch: typeof fetch;
  /** What the system's settings say about an address; absent where they are not looked at. Never rejects. */
  readonly systemProxy?: (target: URL) => Promise<SystemProxy>;
  /** Starts the browser of the person at the PC; rejects when there is none. */
  openBrowser(url: string): Promise<void>;
}
