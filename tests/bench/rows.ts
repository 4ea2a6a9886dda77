// The rows of the benchmark: what is run in each, and which figures come of it.

import { fileURLToPath } from "node:url";
import { commandLine } from "../e2e/program.ts";
import type { Task, Toolbox } from "./contenders.ts";
import {
  type Command,
  type Contender,
  median,
  output,
  peakMegabytes,
  race,
  type Timings,
} from "./measure.ts";
import type { Plant } from "./plant.ts";
import type { Figure } from "./report.ts";

export const START = "start-up";
export const COLD = "cold send of 1 KB, STARTTLS and XOAUTH2";
export const SLOW = "the same at 50 ms round trip";
export const TURNS = "turns in that send";
export const MEMORY = "memory of a cold send";
export const LARGE = "memory of a send with 100 MB attached";
export const MANY = "1,000 messages over one connection";
export const STREAM = "memory of a batch";
export const SIZE = "executable";

export interface Setting {
  readonly rounds: number;
  readonly folder: string;
  readonly toolbox: Toolbox;
  readonly plant: Plant;
  readonly servers: Readonly<Record<"plain" | "chunking", number>>;
  readonly links: Readonly<
    Record<string, { readonly port: number; readonly turns: readonly number[] }>
  >;
  readonly task: Omit<Task, "port" | "count">;
}

type Row = (setting: Setting) => Promise<Figure[]>;

/** Rows by name, in the order of the report. */
export const ROWS: Readonly<Record<string, Row>> = {
  [START]: startUp,
  [COLD]: coldSend,
  [SLOW]: slowSend,
  [MEMORY]: memory,
  [MANY]: manyMessages,
  [STREAM]: batchMemory,
  [SIZE]: executableSize,
};

async function startUp({ rounds, folder }: Setting): Promise<Figure[]> {
  const [executable, first] = commandLine();
  return medians(
    START,
    await race([
      { name: "empty script", command: await emptyCommand(folder) },
      { name: "plantpost --version", command: { executable, args: [...first, "--version"] } },
    ], rounds * 2),
  );
}

async function coldSend(setting: Setting): Promise<Figure[]> {
  const { rounds, servers } = setting;
  const contenders = [
    ...others(setting, { port: servers.plain, count: 1 }),
    plantpost(setting, "plain"),
    plantpost(setting, "chunking"),
  ];
  return medians(COLD, await race(contenders, rounds));
}

async function slowSend(setting: Setting): Promise<Figure[]> {
  const { rounds, links } = setting;
  const contenders = [...setting.toolbox.tools].flatMap(([name]): Contender[] =>
    others(setting, { port: links[name]?.port ?? 0, count: 1 }).filter((one) => one.name === name)
  ).concat(["slow_plain", "slow_chunking", "slow_long"].map((one) => plantpost(setting, one)));
  const timings = await race(contenders, Math.ceil(rounds / 2));
  const turns = contenders.map(({ name }): Figure => ({
    row: TURNS,
    who: name,
    value: median(links[linkOf(name)]?.turns ?? []),
    unit: "turns",
  }));
  return [...medians(SLOW, timings), ...turns];
}

async function memory(setting: Setting): Promise<Figure[]> {
  const { toolbox, servers, folder } = setting;
  const { python } = toolbox;
  if (python === undefined || Deno.build.os === "windows") {
    throw new Error("needs python3 and getrusage");
  }
  const attachmentFile = `${folder}/attachment.bin`;
  await writeNoise(attachmentFile, 100_000_000);
  const figures: Figure[] = [];
  for (const [row, more] of [[MEMORY, {}], [LARGE, { attachmentFile }]] as const) {
    const contenders = [
      ...others(setting, { port: servers.plain, count: 1, ...more }),
      ...(row === MEMORY ? [{ name: "empty script", command: await emptyCommand(folder) }] : []),
      plantpost(setting, "plain", row === LARGE ? ["--attach", attachmentFile] : []),
    ];
    for (const { name, command } of contenders) {
      const peaks: number[] = [];
      for (let round = 0; round < 3; round++) {
        peaks.push(await peakMegabytes(command, python));
      }
      figures.push({ row, who: name, value: median(peaks), unit: "MB" });
    }
  }
  const [small, large] = [MEMORY, LARGE].map((row) =>
    figures.find((figure) => figure.row === row && figure.who === "plantpost")?.value ?? NaN
  );
  const value = (large ?? NaN) - (small ?? NaN);
  return [...figures, { row: LARGE, who: "plantpost, on top", value, unit: "MB" }];
}

async function manyMessages(setting: Setting): Promise<Figure[]> {
  const { servers } = setting;
  const rates = new Map<string, number[]>();
  const contendersFor = async (count: number): Promise<Contender[]> => [
    ...others(setting, { port: servers.plain, count }),
    await batchOf(setting, { profile: "plain", count }),
    await batchOf(setting, { profile: "chunking", count }),
  ];
  // What one message costs beyond the start: from the difference between 1,001 messages and one.
  const rounds = Math.ceil(setting.rounds / 2);
  const one = await race(await contendersFor(1), rounds);
  const many = await race(await contendersFor(1001), rounds);
  for (const [name, times] of many) {
    const start = median(one.get(name) ?? []);
    rates.set(name, times.map((ms) => 1000 / ((ms - start) / 1000)));
  }
  return [...rates].map(([who, values]) => ({
    row: MANY,
    who,
    value: median(values),
    unit: "messages/s",
  }));
}

/** That a batch is not held in memory: its length must show in nothing but what the engine takes to be quick. */
async function batchMemory(setting: Setting): Promise<Figure[]> {
  const { python } = setting.toolbox;
  if (python === undefined || Deno.build.os === "windows") {
    throw new Error("needs python3 and getrusage");
  }
  const figures: Figure[] = [];
  for (const count of [100, 10_000, 50_000]) {
    const { command } = await batchOf(setting, { profile: "chunking", count });
    const value = await peakMegabytes(command, python);
    figures.push({ row: STREAM, who: `${count.toLocaleString("en")} messages`, value, unit: "MB" });
  }
  return figures;
}

async function executableSize({ folder }: Setting): Promise<Figure[]> {
  const program = Deno.env.get("PLANTPOST_EXE") || await builtExecutable();
  if (program === undefined) {
    throw new Error("dist/ has no executable");
  }
  const megabytes = async (path: string): Promise<number> =>
    (await Deno.stat(path)).size / 1_048_576;
  const [empty, full] = [await megabytes(await compileEmpty(folder)), await megabytes(program)];
  return [
    { row: SIZE, who: "empty script, compiled", value: empty, unit: "MB" },
    { row: SIZE, who: "plantpost", value: full, unit: "MB" },
    { row: SIZE, who: "plantpost, on top", value: full - empty, unit: "MB" },
  ];
}

function medians(row: string, timings: Timings): Figure[] {
  return [...timings].map(([who, times]) => ({ row, who, value: median(times), unit: "ms" }));
}

/** The other tools on a task, as far as they can do it. */
function others(
  setting: Setting,
  task: Pick<Task, "port" | "count" | "attachmentFile">,
): Contender[] {
  return [...setting.toolbox.tools].flatMap(([name, tool]) => {
    const command = tool({ ...setting.task, ...task });
    return command === undefined ? [] : [{ name, command }];
  });
}

function plantpost(setting: Setting, profile: string, more: readonly string[] = []): Contender {
  const message = ["--to", "b@example.com", "--subject", "Report"];
  const args = ["send", ...message, "--text-file", setting.task.bodyFile, ...more];
  return { name: nameOf(profile), command: setting.plant.command(profile, args) };
}

async function batchOf(
  { folder, plant, task }: Setting,
  of: { readonly profile: "plain" | "chunking"; readonly count: number },
): Promise<Contender> {
  const text = await Deno.readTextFile(task.bodyFile);
  const line = JSON.stringify({ to: ["b@example.com"], subject: "Report", text });
  const path = `${folder}/batch-${of.count}.jsonl`;
  await Deno.writeTextFile(path, `${line}\n`.repeat(of.count));
  return {
    name: nameOf(of.profile),
    command: plant.command(of.profile, ["send", "--batch", path]),
  };
}

const NAMES: Readonly<Record<string, string>> = {
  plain: "plantpost",
  chunking: "plantpost, CHUNKING",
  slow_plain: "plantpost",
  slow_chunking: "plantpost, CHUNKING",
  slow_long: "plantpost, CHUNKING, long token",
};

function nameOf(profile: string): string {
  return NAMES[profile] ?? profile;
}

/** The slow link that is a contender's own. */
function linkOf(name: string): string {
  const isOwn = (profile: string): boolean => profile.startsWith("slow") && NAMES[profile] === name;
  return Object.keys(NAMES).find(isOwn) ?? name;
}

async function writeNoise(path: string, sizeBytes: number): Promise<void> {
  using file = await Deno.create(path);
  const noise = crypto.getRandomValues(new Uint8Array(50_000));
  for (let written = 0; written < sizeBytes; written += noise.length) {
    await file.write(noise);
  }
}

/** What the runtime takes for a program that does nothing, run as the program under measurement is. */
async function emptyCommand(folder: string): Promise<Command> {
  const [executable, first] = commandLine();
  return first.length === 0
    ? { executable: await compileEmpty(folder), args: [] }
    : { executable, args: [...first.slice(0, -1), await emptyScript(folder)] };
}

async function emptyScript(folder: string): Promise<string> {
  const path = `${folder}/empty.ts`;
  await Deno.writeTextFile(path, "");
  return path;
}

async function compileEmpty(folder: string): Promise<string> {
  const path = `${folder}/empty${Deno.build.os === "windows" ? ".exe" : ""}`;
  const [executable = "", ...args] = Deno.env.get("PLANTPOST_COMPILER")?.split(" ") ??
    [Deno.execPath(), "compile"];
  const flags = ["--quiet", "--no-check", "--no-config", "--no-lock", "--output", path];
  await output({ executable, args: [...args, ...flags, await emptyScript(folder)] });
  return path;
}

async function builtExecutable(): Promise<string | undefined> {
  const dist = new URL("../../dist/", import.meta.url);
  try {
    for await (const entry of Deno.readDir(dist)) {
      if (entry.isFile && /^plantpost[^.]*(?:\.exe)?$/u.test(entry.name)) {
        return fileURLToPath(new URL(entry.name, dist));
      }
    }
  } catch {
    // No dist folder: nothing was built.
  }
  return undefined;
}
