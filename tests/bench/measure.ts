// Times programs side by side: every round runs each of them once, every other round backwards, so that
// a machine that grows warm or busy does it to all of them. What is reported is the median.

export interface Command {
  readonly executable: string;
  readonly args: readonly string[];
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** A command, and what the result is called in the tables. */
export interface Contender {
  readonly name: string;
  readonly command: Command;
}

/** Wall-clock milliseconds of each contender's runs, by name. */
export type Timings = ReadonlyMap<string, readonly number[]>;

/**
 * Runs everyone once to warm the caches, then `rounds` times.
 * @throws {Error} with the program's own words when a run fails
 */
export async function race(contenders: readonly Contender[], rounds: number): Promise<Timings> {
  const timings = new Map<string, number[]>(contenders.map(({ name }) => [name, []]));
  for (const { command } of contenders) {
    await timed(command);
  }
  for (let round = 0; round < rounds; round++) {
    for (const { name, command } of round % 2 === 0 ? contenders : contenders.toReversed()) {
      timings.get(name)?.push(await timed(command));
    }
  }
  return timings;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low = NaN, high = NaN] = [sorted[(sorted.length - 1) >> 1], sorted[middle]];
  return (low + high) / 2;
}

/** Runs a command to its end and resolves to the milliseconds it took. */
export async function timed(command: Command): Promise<number> {
  const startedMs = performance.now();
  await output(command);
  return performance.now() - startedMs;
}

/** Standard output of a command that succeeds. */
export async function output(command: Command): Promise<string> {
  const child = new Deno.Command(command.executable, {
    args: [...command.args],
    stdin: command.stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
    ...(command.env === undefined ? {} : { env: command.env }),
    ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
  }).spawn();
  if (command.stdin !== undefined) {
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(command.stdin)).catch(() => {});
    await writer.close().catch(() => {});
  }
  const { success, code, stdout, stderr } = await child.output();
  if (!success) {
    const said = `${new TextDecoder().decode(stdout)}${new TextDecoder().decode(stderr)}`;
    throw new Error(`${command.executable} ${command.args[0]} ended with ${code}: ${said}`);
  }
  return new TextDecoder().decode(stdout);
}

const PYTHON_RSS = `
import json, resource, subprocess, sys
asked = json.load(sys.stdin)
done = subprocess.run(asked["command"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                      stderr=subprocess.STDOUT, cwd=asked["cwd"])
if done.returncode != 0:
    sys.exit(done.stdout.decode("utf-8", "replace"))
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
`;

/** The largest resident set of a command in MB (2^20), by Python's getrusage; not on Windows. */
export async function peakMegabytes(command: Command, python: string): Promise<number> {
  const asked = { command: [command.executable, ...command.args], cwd: command.cwd ?? null };
  const kilobytes = Number(
    await output({
      executable: python,
      args: ["-I", "-c", PYTHON_RSS],
      stdin: JSON.stringify(asked),
      ...(command.env === undefined ? {} : { env: command.env }),
    }),
  );
  return kilobytes / (Deno.build.os === "darwin" ? 1_048_576 : 1024);
}
