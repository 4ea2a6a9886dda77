// A process of its own for the log file's test: appends numbered lines to the file that many write at once.

import { appendLines } from "../../src/base/log_file.ts";

const { path, name, lines, maxBytes, keep } = JSON.parse(Deno.args[0] ?? "{}") as {
  readonly path: string;
  readonly name: string;
  readonly lines: number;
  readonly maxBytes: number;
  readonly keep: number;
};

async function main(): Promise<void> {
  for (let number = 0; number < lines; number++) {
    const line = JSON.stringify({ name, number, text: "x".repeat(number % 300) });
    await appendLines([`${line}\n`], { path, maxBytes, keep, mode: 0o600 });
  }
}

void main();
