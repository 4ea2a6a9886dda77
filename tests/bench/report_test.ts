import assert from "node:assert/strict";
import { median } from "./measure.ts";
import { asMarkdown, asText, type Figure, judge } from "./report.ts";

const FIGURES: readonly Figure[] = [
  { row: "cold", who: "nodemailer", value: 200, unit: "ms" },
  { row: "cold", who: "plantpost", value: 150, unit: "ms" },
  { row: "rate", who: "nodemailer", value: 400, unit: "messages/s" },
  { row: "rate", who: "plantpost", value: 1200, unit: "messages/s" },
];

Deno.test("judge() compares with another's figure, with a number, and in both directions", () => {
  const verdicts = judge(FIGURES, [
    { row: "cold", who: "plantpost", against: "nodemailer", factor: 0.7, better: "lower" },
    { row: "cold", who: "plantpost", against: 160, better: "lower" },
    { row: "rate", who: "plantpost", against: "nodemailer", factor: 3, better: "higher" },
    { row: "rate", who: "msmtp", against: "nodemailer", better: "higher" },
    { row: "size", who: "plantpost", against: 3, better: "lower" },
  ]);
  assert.deepEqual(verdicts.map(({ found, isWithin }) => [found, isWithin]), [
    [0.75, false],
    [150, true],
    [3, true],
  ]);
});

Deno.test("asText() prints ratios to the first of a row, and what was not measured", () => {
  const text = asText({ figures: FIGURES, verdicts: [], notMeasured: ["msmtp: not installed"] });
  assert.match(text, /^cold\n {2}nodemailer +200 ms *\n {2}plantpost +150 ms +0\.75 ×\nrate\n/u);
  assert.match(text, /not measured: msmtp: not installed\n$/u);
});

Deno.test("asMarkdown() prints a line a row, with the program's figures apart from the others'", () => {
  const verdicts = judge(FIGURES, [
    { row: "cold", who: "plantpost", against: "nodemailer", factor: 0.7, better: "lower" },
  ]);
  const figures: readonly Figure[] = [
    ...FIGURES,
    { row: "rate", who: "plantpost, CHUNKING", value: 1500, unit: "messages/s" },
  ];
  assert.deepEqual(asMarkdown({ figures, verdicts, notMeasured: [] }).split("\n").slice(2), [
    "| cold | 150 ms | nodemailer 200 ms | at most 0.7 × nodemailer: 0.75 (missed) |",
    "| rate | 1200 messages/s<br>CHUNKING 1500 messages/s | nodemailer 400 messages/s |  |",
    "",
  ]);
});

Deno.test("median() takes the middle, or the mean of the middle two", () => {
  assert.equal(median([5, 1, 3]), 3);
  assert.equal(median([4, 1, 3, 2]), 2.5);
  assert.ok(Number.isNaN(median([])));
});
