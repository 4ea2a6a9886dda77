import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { appendLines, type LogFileOptions, type LogFileSystem } from "../../src/base/log_file.ts";

const PROCESSES = 8;
const LINES = 1000;

Deno.test("appendLines() makes the file for its owner alone, and adds to what is there", async () => {
  await withFolder(async (folder) => {
    const options = at(folder);
    await appendLines(["one\n"], options);
    await appendLines(["two\n", "three\n"], options);
    assert.deepEqual(await logs(folder), { "x.log": "one\ntwo\nthree\n" });
    if (Deno.build.os === "windows") return;
    assert.equal(((await Deno.stat(options.path)).mode ?? 0) & 0o777, 0o600);
  });
});

Deno.test("appendLines() begins anew before a file grows beyond its size, and keeps so many", async () => {
  await withFolder(async (folder) => {
    const options = at(folder, { maxBytes: 8, keep: 2 });
    for (const line of ["1st\n", "2nd\n", "3rd\n", "4th\n", "5th\n", "6th\n", "7th\n"]) {
      await appendLines([line], options);
    }
    assert.deepEqual(await logs(folder), {
      "x.log": "7th\n",
      "x.log.1": "5th\n6th\n",
      "x.log.2": "3rd\n4th\n",
    });
  });
});

Deno.test("appendLines() with keep = 0 drops a full file, and takes a line over the size", async () => {
  await withFolder(async (folder) => {
    const options = at(folder, { maxBytes: 8, keep: 0 });
    await appendLines(["a first line\n"], options);
    await appendLines(["a second line\n"], options);
    assert.deepEqual(await logs(folder), { "x.log": "a second line\n" });
  });
});

Deno.test("appendLines() of eight processes that rotate loses and tears no line", async () => {
  await withFolder(async (folder) => {
    const { path, maxBytes } = at(folder, { maxBytes: 20_000 });
    const child = fileURLToPath(new URL("./logging_child.ts", import.meta.url));
    const config = fileURLToPath(new URL("../../deno.json", import.meta.url));
    const outputs = await Promise.all(
      Array.from({ length: PROCESSES }, (_, name) => {
        const input = JSON.stringify({
          path,
          name: String(name),
          lines: LINES,
          maxBytes,
          keep: 900,
        });
        return new Deno.Command(Deno.execPath(), {
          args: ["run", "--quiet", "--allow-all", `--config=${config}`, child, input],
        }).output();
      }),
    );
    for (const { code, stderr } of outputs) assert.equal(code, 0, new TextDecoder().decode(stderr));
    const files = await logs(folder);
    assert.ok(Object.keys(files).length > 20, `only ${Object.keys(files).length} files`);
    const seen = new Map<string, Set<number>>();
    for (const [file, text] of Object.entries(files)) {
      assert.ok(text.endsWith("\n"), `${file} ends within a line`);
      for (const line of text.trimEnd().split("\n")) {
        const { name, number } = JSON.parse(line) as { name: string; number: number };
        const numbers = seen.get(name) ?? new Set();
        seen.set(name, numbers);
        assert.ok(!numbers.has(number), `line ${number} of ${name} is there twice`);
        numbers.add(number);
      }
    }
    assert.deepEqual(
      [...seen.values()].map((numbers) => numbers.size),
      Array(PROCESSES).fill(LINES),
    );
  });
});

Deno.test("appendLines() writes on where a file cannot be renamed, and costs no older one", async () => {
  await withFolder(async (folder) => {
    let isHeld = true;
    // What Windows answers while a viewer has the file open.
    const fileSystem: LogFileSystem = {
      ...Deno,
      rename(from, to): Promise<void> {
        if (isHeld && String(from).endsWith(".log")) {
          return Promise.reject(new Deno.errors.PermissionDenied("used by another process"));
        }
        return Deno.rename(from, to);
      },
    };
    await Deno.writeTextFile(join(folder, "x.log.1"), "old\n");
    await Deno.writeTextFile(join(folder, "x.log.2"), "older\n");
    const options = at(folder, { maxBytes: 8, keep: 3, fileSystem });
    for (const line of ["1st\n", "2nd\n", "3rd\n", "4th\n"]) await appendLines([line], options);
    const older = { "x.log.2": "old\n", "x.log.3": "older\n" };
    assert.deepEqual(await logs(folder), { "x.log": "1st\n2nd\n3rd\n4th\n", ...older });
    isHeld = false;
    await appendLines(["5th\n"], options);
    assert.deepEqual(await logs(folder), {
      "x.log": "5th\n",
      "x.log.1": "1st\n2nd\n3rd\n4th\n",
      ...older,
    });
  });
});

Deno.test("appendLines() waits for a rotating process that hangs only so long", async () => {
  await withFolder(async (folder) => {
    const options = at(folder, { maxBytes: 8 });
    await appendLines(["1st\n"], options);
    using holder = await Deno.open(`${options.path}.lock`, { write: true, create: true });
    await holder.lock(true);
    await appendLines(["2nd 3rd\n"], options);
    assert.deepEqual(await logs(folder), { "x.log": "1st\n2nd 3rd\n" });
  });
});

Deno.test("appendLines() leaves no part of a line on a disk that became full", async () => {
  await withFolder(async (folder) => {
    const full: LogFileSystem = { ...Deno, openSync: openWithRoomForThree };
    await appendLines(["before\n"], at(folder));
    await assert.rejects(
      appendLines(["within\n"], at(folder, { fileSystem: full })),
      /only a part of a line/,
    );
    await appendLines(["behind\n"], at(folder));
    assert.deepEqual(await logs(folder), { "x.log": "before\nbehind\n" });
  });
});

function openWithRoomForThree(path: string | URL, how?: Deno.OpenOptions): Deno.FsFile {
  const file = Deno.openSync(path, how);
  const writeSync = file.writeSync.bind(file);
  file.writeSync = (octets): number => writeSync(octets.subarray(0, 3));
  return file;
}

function at(folder: string, more: Partial<LogFileOptions> = {}): LogFileOptions {
  return { path: join(folder, "x.log"), maxBytes: 1_000_000, keep: 5, mode: 0o600, ...more };
}

async function logs(folder: string): Promise<Readonly<Record<string, string>>> {
  const found: Record<string, string> = {};
  for await (const { name } of Deno.readDir(folder)) {
    if (!name.endsWith(".lock")) found[name] = await Deno.readTextFile(join(folder, name));
  }
  return found;
}

async function withFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "plantpost-log-" });
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
