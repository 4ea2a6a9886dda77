import assert from "node:assert/strict";
import { startTimer } from "../../src/base/timer.ts";

Deno.test("startTimer() calls once the time has come, also where nobody keeps the timer", async () => {
  const startedMs = performance.now();
  await new Promise<void>((resolve) => void startTimer(30, resolve));
  assert.ok(performance.now() - startedMs >= 29);
});

Deno.test("startTimer() calls nobody after stop(), which may be called again", async () => {
  const calls: string[] = [];
  const timer = startTimer(1, () => calls.push("stopped"));
  timer.stop();
  timer.stop();
  await new Promise<void>((resolve) => void startTimer(30, resolve));
  assert.deepEqual(calls, []);
});

Deno.test("startTimer() keeps the program from ending until the time has come, or stop() was called", async () => {
  assert.equal(await printedBy(`startTimer(50, () => console.log("late"));`), "late\n");
  assert.equal(await printedBy(`startTimer(3_600_000, () => {}).stop();`), "");
});

/** What a program that ends by itself prints. */
async function printedBy(code: string): Promise<string> {
  const module = import.meta.resolve("../../src/base/timer.ts");
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", `import { startTimer } from ${JSON.stringify(module)}; ${code}`],
    signal: AbortSignal.timeout(60_000),
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}
