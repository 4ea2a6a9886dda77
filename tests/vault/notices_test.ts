import assert from "node:assert/strict";
import { DAY_MS, type ExpiryWarning } from "../../src/vault/expiry.ts";
import { dueNotices, type Notice, withNotices } from "../../src/vault/notices.ts";

const END_MS = 1_800_000_000_000;

function ending(change: Partial<ExpiryWarning> = {}): ExpiryWarning {
  return {
    code: "client_secret_expires",
    message: "m",
    remedy: "r",
    who: "administrator",
    endsAtMs: END_MS,
    threshold: 60,
    ...change,
  };
}

/** Runs day after day over falling thresholds, as a scheduler does; which of them were told. */
function tell(endings: readonly ExpiryWarning[]): readonly number[] {
  let told: readonly Notice[] = [];
  const thresholds: number[] = [];
  for (const one of endings) {
    const due = dueNotices([one], told);
    told = withNotices(told, due);
    thresholds.push(...due.map(({ threshold }) => threshold));
  }
  return thresholds;
}

Deno.test("each threshold of a thing is due once", () => {
  const days = [60, 60, 30, 30, 30, 7, 7, 0, 0] as const;
  assert.deepEqual(tell(days.map((threshold) => ending({ threshold }))), [60, 30, 7]);
});

Deno.test("a PC that was off tells the nearest threshold alone, and one whose clock went back nothing twice", () => {
  assert.deepEqual(tell([ending({ threshold: 7 }), ending({ threshold: 7 })]), [7]);
  assert.deepEqual(tell([7, 30, 60].map((days) => ending({ threshold: days as 7 }))), [7]);
});

Deno.test("a new end date starts anew, and each thing counts for itself", () => {
  assert.deepEqual(
    tell([
      ending({ threshold: 7 }),
      ending({ endsAtMs: END_MS + DAY_MS }),
      ending({ threshold: 30 }),
    ]),
    [7, 60, 30],
  );
  const both = [ending(), ending({ code: "certificate_expires" })];
  const told = withNotices([], dueNotices(both, []));
  assert.deepEqual(told.map(({ code }) => code), ["client_secret_expires", "certificate_expires"]);
  assert.deepEqual(dueNotices(both, told), []);
});

Deno.test("what is over, and what has no end, is not due", () => {
  const { endsAtMs: _end, threshold: _threshold, ...endless } = ending();
  assert.deepEqual(dueNotices([ending({ threshold: 0 }), endless], []), []);
});

Deno.test("withNotices() keeps what another process has told meanwhile, and of each thing the latest only", () => {
  const due = dueNotices([ending({ threshold: 60 })], []);
  const nearer: Notice = { code: "client_secret_expires", endsAtMs: END_MS, threshold: 30 };
  assert.deepEqual(withNotices([nearer], due), [nearer]);
  const earlier: Notice = { ...nearer, endsAtMs: END_MS - DAY_MS };
  assert.deepEqual(withNotices([earlier], due), [{
    code: "client_secret_expires",
    endsAtMs: END_MS,
    threshold: 60,
  }]);
  const other: Notice = { code: "certificate_expires", endsAtMs: 1, threshold: 7 };
  assert.equal(withNotices([other], due).length, 2);
});

Deno.test("an end that is a little another one at each refresh is the same end", () => {
  const ends = [0, 900, -1200, DAY_MS - 1].map((ms) => ending({ endsAtMs: END_MS + ms }));
  assert.deepEqual(tell(ends), [60]);
});
