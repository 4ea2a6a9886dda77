import assert from "node:assert/strict";
import { Failure } from "../../src/base/failure.ts";
import { LinesAhead, type PreparedLine } from "../../src/cli/lines_ahead.ts";
import type { OwnedMail } from "../../src/cli/mail_from_flags.ts";

Deno.test("LinesAhead gives the lines in their order, prepares two of them and no more, and lets go of the rest", async () => {
  let made = 0;
  const kept = new Set<number>();
  async function* endless(): AsyncGenerator<PreparedLine, void> {
    for (;;) {
      await Promise.resolve();
      yield { number: ++made, mail: mail(made, kept) };
    }
  }
  {
    await using lines = new LinesAhead(endless());
    assert.equal(lines.take(), undefined);
    await lines.untilReady();
    assert.deepEqual([lines.first?.number, made], [1, 1]);
    for (let number = 1; number <= 20; number++) {
      // Two who ask at the same time get the same lines.
      await Promise.all([lines.readOn(), lines.untilReady(), lines.readOn()]);
      assert.deepEqual([lines.take()?.number, made], [number, number + 1]);
      kept.delete(number);
    }
    assert.deepEqual([...kept], [21]);
  }
  assert.deepEqual([...kept], []);
});

Deno.test("LinesAhead reads on once for all who ask, where lines trickle in one at a time", async () => {
  const wanted: PromiseWithResolvers<void>[] = [];
  async function* trickle(): AsyncGenerator<PreparedLine, void> {
    for (let number = 1;; number++) {
      const coming = Promise.withResolvers<void>();
      wanted.push(coming);
      await coming.promise;
      yield { number, mail: mail(number, new Set()) };
    }
  }
  await using lines = new LinesAhead(trickle());
  const readings = new Set<Promise<void>>();
  for (let number = 1; number <= 20; number++) {
    readings.add(lines.readOn());
    wanted.at(-1)?.resolve();
    await lines.untilReady();
    assert.equal(lines.take()?.number, number);
  }
  assert.deepEqual([readings.size, wanted.length], [1, 21]);
  // Once there were enough it is over; the next one who asks starts another.
  const [reading] = readings;
  while (lines.first?.number !== 21) {
    wanted.at(-1)?.resolve();
    await lines.untilReady();
  }
  wanted.at(-1)?.resolve();
  await reading;
  assert.equal(lines.take()?.number, 21);
  assert.notEqual(lines.readOn(), reading);
});

Deno.test("LinesAhead tells what keeps it from reading on behind the lines that it could read", async () => {
  const trouble = new Failure("input.unreadable", "cannot read mails.jsonl: disk removed");
  async function* lines(): AsyncGenerator<PreparedLine, void> {
    await Promise.resolve();
    yield { number: 1, mail: new Failure("message.invalid", "line 1: is not JSON") };
    throw trouble;
  }
  await using ahead = new LinesAhead(lines());
  await ahead.readOn();
  await ahead.untilReady();
  assert.equal(ahead.take()?.number, 1);
  await assert.rejects(ahead.untilReady(), trouble);
  assert.equal(ahead.take(), undefined);
});

Deno.test("LinesAhead ends with its lines", async () => {
  async function* none(): AsyncGenerator<PreparedLine, void> {}
  await using ahead = new LinesAhead(none());
  await ahead.untilReady();
  assert.equal(ahead.take(), undefined);
});

function mail(number: number, kept: Set<number>): OwnedMail {
  kept.add(number);
  return {
    messageId: `<${number}@x>`,
    envelope: { reversePath: "a@x", recipients: ["b@x"] },
    message: {
      sizeBytes: 0,
      needsEightBitMime: false,
      needsSmtpUtf8: false,
      async *chunks(): AsyncGenerator<Uint8Array> {},
    },
    [Symbol.asyncDispose]: () => {
      kept.delete(number);
      return Promise.resolve();
    },
  };
}
