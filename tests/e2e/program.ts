// The program as a script sees it: arguments, environment and standard input go in; standard output,
// standard error, files and an exit code come out. Runs `main.ts`, or the executable that
// PLANTPOST_EXE names, or the module that PLANTPOST_MAIN names, under PLANTPOST_PERMISSIONS where they are set.
// Everything it ever printed is kept, for a last look for secrets.

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { V8_FLAGS } from "../../.ci/permissions.ts";
import { until } from "../peers/wait.ts";

export interface RunOptions {
  readonly stdin?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Outcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  /** Resolves to the first match in standard error; rejects when the program ends without one. */
  untilStderr(pattern: RegExp): Promise<RegExpMatchArray>;
  readonly outcome: Promise<Outcome>;
}

/** A folder of its own with a profile file in it, and the program to run on it. */
export class Program implements AsyncDisposable {
  /** Absolute; the program's working folder. */
  readonly folder: string;
  readonly #printed: string[] = [];
  readonly #running = new Set<Deno.ChildProcess>();

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(): Promise<Program> {
    return new Program(await Deno.makeTempDir({ prefix: "plantpost e2e " }));
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  async write(name: string, content: string | Uint8Array): Promise<string> {
    const path = this.path(name);
    await (typeof content === "string"
      ? Deno.writeTextFile(path, content)
      : Deno.writeFile(path, content));
    return path;
  }

  /** Runs to the end. */
  run(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
    return this.start(args, options).outcome;
  }

  start(args: readonly string[], options: RunOptions = {}): Running {
    const [executable, first] = commandLine();
    const child = new Deno.Command(executable, {
      args: [...first, ...args],
      cwd: this.folder,
      env: { ...QUIET_ENVIRONMENT, ...options.env },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#running.add(child);
    let stderr = "";
    let ended = false;
    const outcome = (async (): Promise<Outcome> => {
      const [, stdout, , { code }] = await Promise.all([
        feed(child.stdin, options.stdin ?? ""),
        new Response(child.stdout).text(),
        collect(child.stderr, (text) => stderr += text),
        child.status,
      ]);
      ended = true;
      this.#running.delete(child);
      this.#printed.push(stdout, stderr);
      return { exitCode: code, stdout, stderr };
    })();
    return {
      outcome,
      async untilStderr(pattern): Promise<RegExpMatchArray> {
        const match = await until(() => stderr.match(pattern) ?? (ended ? "ended" : undefined), {
          what: `${pattern} on standard error`,
          timeoutMs: 30_000,
        });
        if (match === "ended") {
          throw new Error(`the program ended without ${pattern}: ${stderr}`);
        }
        return match;
      },
    };
  }

  /** All that was printed, and every file in the folder, by name. */
  async everythingWritten(): Promise<ReadonlyMap<string, string>> {
    const found = new Map([["standard output and error", this.#printed.join("\n")]]);
    await readFolder(this.folder, found);
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#running) {
      child.kill("SIGKILL");
      await child.status;
    }
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** Executable and first arguments: what a user types before the command. */
export function commandLine(): [executable: string, args: string[]] {
  const executable = Deno.env.get("PLANTPOST_EXE") ?? "";
  if (executable !== "") {
    return [executable, []];
  }
  // What is set to nothing is not set.
  const permissions = (Deno.env.get("PLANTPOST_PERMISSIONS") || "--allow-all").trim().split(/\s+/);
  const run = ["run", "--quiet", V8_FLAGS, ...permissions];
  const bundle = Deno.env.get("PLANTPOST_MAIN");
  // Without the project's settings and without a cache of compiled code, as the script form and the executable run.
  const asCompiled = ["--no-config", "--no-lock", "--no-code-cache"];
  if (bundle) return [Deno.execPath(), [...run, ...asCompiled, bundle]];
  const path = (name: string): string =>
    fileURLToPath(new URL(name, new URL("../../", import.meta.url)));
  return [Deno.execPath(), [...run, `--config=${path("deno.json")}`, path("main.ts")]];
}

const PROXY_VARIABLES = ["ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"];

// The person who runs the tests may have a profile and a proxy of their own. For Windows both ways of writing are one
// variable, of which the last that is given counts.
const QUIET_ENVIRONMENT: Readonly<Record<string, string>> = Object.fromEntries([
  ["NO_COLOR", "1"],
  ["PLANTPOST_CONFIG", ""],
  ...PROXY_VARIABLES.map((name) => [name, ""]),
  ...(Deno.build.os === "windows" ? [] : PROXY_VARIABLES.map((name) => [name.toLowerCase(), ""])),
]);

async function feed(
  stdin: WritableStream<Uint8Array<ArrayBuffer>>,
  content: string | Uint8Array,
): Promise<void> {
  const writer = stdin.getWriter();
  try {
    await writer.write(
      typeof content === "string" ? new TextEncoder().encode(content) : new Uint8Array(content),
    );
    await writer.close();
  } catch {
    // A program that ends before it has read its input is judged by its exit code.
  }
}

async function collect(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  add: (text: string) => void,
): Promise<void> {
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    add(text);
  }
}

async function readFolder(folder: string, into: Map<string, string>): Promise<void> {
  for await (const entry of Deno.readDir(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory) {
      await readFolder(path, into);
    } else if (entry.isFile) {
      into.set(path, new TextDecoder("latin1").decode(await Deno.readFile(path)));
    }
  }
}
