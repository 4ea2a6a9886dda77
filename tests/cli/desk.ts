// A desk to run commands at: a folder with a profile file, a world whose clock, terminal and browser are the
// test's, and everything else real. What is printed is kept apart by stream.

import { Failure } from "../../src/base/failure.ts";
import { joinOctets } from "../../src/base/octets.ts";
import { Redactor } from "../../src/base/redact.ts";
import type { World } from "../../src/base/world.ts";
import { run } from "../../src/cli/run.ts";

export interface Printed {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface DeskOptions {
  readonly profile: string;
  /** What a person types, one answer a question; without it nobody is at the terminal. */
  readonly answers?: readonly string[];
  /** A person who types more than answers that are known before; in place of `answers`. */
  readonly ask?: (question: string) => Promise<string | null>;
  readonly stdin?: string | Uint8Array | AsyncIterable<Uint8Array>;
  readonly openBrowser?: (url: string) => Promise<void>;
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** For commands that wait on the clock. */
  readonly sleep?: World["sleep"];
  /** Somebody who reads standard error along. */
  readonly reads?: (line: string) => void;
  /** As with a closed pipe, or a full disk behind `>`. */
  readonly takesNoOutput?: boolean;
}

export interface Desk extends AsyncDisposable {
  readonly folder: string;
  readonly file: string;
  nowMs: number;
  run(args: readonly string[], options?: Omit<DeskOptions, "profile">): Promise<Printed>;
}

export async function openDesk(options: DeskOptions): Promise<Desk> {
  const folder = await Deno.makeTempDir({ prefix: "plantpost-desk-" });
  const slash = Deno.build.os === "windows" ? "\\" : "/";
  const file = `${folder}${slash}plantpost.toml`;
  await Deno.writeTextFile(
    file,
    `data_dir = 'state'\n${options.profile}\n[vault]\nkey = "key-file"\nkey_file = 'keys/vault.key'\n`,
  );
  const desk: Desk = {
    folder,
    file,
    nowMs: Date.parse("2026-11-24T08:00:00Z"),
    async run(args, more = {}): Promise<Printed> {
      const [out, err]: [string[], string[]] = [[], []];
      const world = makeWorld({ ...options, ...more }, { out, err, nowMs: () => desk.nowMs });
      const exitCode = await run([...args, "--config", file], {
        world,
        signal: more.signal ?? new AbortController().signal,
      });
      return { exitCode, stdout: out.join(""), stderr: err.join("\n") };
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await Deno.remove(folder, { recursive: true });
    },
  };
  return desk;
}

function makeWorld(
  options: Omit<DeskOptions, "profile">,
  to: { readonly out: string[]; readonly err: string[]; readonly nowMs: () => number },
): World {
  const redactor = new Redactor();
  const answers = [...options.answers ?? []];
  const answer = (question: string): Promise<string | null> => {
    to.err.push(question);
    if (options.ask !== undefined) return options.ask(question);
    return Promise.resolve(answers.shift() ?? null);
  };
  const input = options.stdin ?? "";
  return {
    platform: Deno.build.os === "windows" ? "windows" : "linux",
    terminal: {
      isInteractive: options.answers !== undefined || options.ask !== undefined,
      out: (text) => {
        if (options.takesNoOutput === true) {
          throw new Failure("file.io", "standard output is closed");
        }
        to.out.push(redactor.redact(text));
      },
      outOctets: (octets) => {
        to.out.push(new TextDecoder("latin1").decode(octets));
      },
      err: (line) => {
        to.err.push(redactor.redact(line));
        options.reads?.(line);
      },
      ask: answer,
      askHidden: answer,
      input: () => piecesOf(input),
      readInput: async () => joinOctets(await Array.fromAsync(piecesOf(input))),
    },
    env: (name) => options.env?.[name],
    nowMs: to.nowMs,
    utcOffsetMinutes: () => 60,
    sleep: options.sleep ?? (() => Promise.reject(new Error("no command waits on the clock"))),
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    whoAmI: () => ({ pc: "PANEL-7", account: "anna", isRoot: false }),
    keepSecret: (text) => redactor.add(text),
    redact: (text) => redactor.redact(text),
    fetch,
    openBrowser: options.openBrowser ?? (() => Promise.reject(new Error("there is no browser"))),
  };
}

async function* piecesOf(
  input: string | Uint8Array | AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  if (typeof input === "string") yield new TextEncoder().encode(input);
  else if (input instanceof Uint8Array) yield input;
  else yield* input;
}
