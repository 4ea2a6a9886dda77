import assert from "node:assert/strict";
import { TurnTimer } from "../../src/smtp/turn_timer.ts";

Deno.test("TurnTimer complains of a turn that lasts too long, and of no turn that is over", async () => {
  const timer = new TurnTimer();
  const complaints: string[] = [];
  // The timer of an earlier turn, a longer one and a shorter one, must not be taken for this one's.
  timer.begin(60_000, () => complaints.push("over"));
  timer.end();
  timer.begin(1, () => complaints.push("over"));
  timer.end();
  const startedMs = performance.now();
  await new Promise<void>((resolve) =>
    timer.begin(30, () => {
      complaints.push("late");
      resolve();
    })
  );
  assert.ok(performance.now() - startedMs >= 30);
  assert.deepEqual(complaints, ["late"]);
  timer.close();
});

Deno.test("TurnTimer that is closed does not keep the program from ending", async () => {
  const module = import.meta.resolve("../../src/smtp/turn_timer.ts");
  const code = `import { TurnTimer } from ${JSON.stringify(module)};
    const timer = new TurnTimer();
    timer.begin(3_600_000, () => {});
    timer.close();`;
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", code],
    signal: AbortSignal.timeout(60_000),
  }).output();
  assert.ok(success);
});
