import assert from "node:assert/strict";
import { parseDuration, parseSize } from "../../src/base/units.ts";

Deno.test("parseDuration() reads one number and one unit as milliseconds", () => {
  assert.equal(parseDuration("500ms"), 500);
  assert.equal(parseDuration("30s"), 30_000);
  assert.equal(parseDuration("15m"), 900_000);
  assert.equal(parseDuration("12h"), 43_200_000);
  assert.equal(parseDuration("5d"), 432_000_000);
});

Deno.test("parseDuration() refuses what is not exactly that", () => {
  const bad = [
    "",
    "30",
    "s",
    "1.5h",
    "-1s",
    "+1s",
    " 1s",
    "1 s",
    "1s ",
    "1m30s",
    "1S",
    "1w",
    "1e3s",
  ];
  for (const text of bad) assert.equal(parseDuration(text), undefined, text);
});

Deno.test("parseDuration() refuses zero unless it has a meaning", () => {
  assert.equal(parseDuration("0s"), undefined);
  assert.equal(parseDuration("0s", { allowZero: true }), 0);
});

Deno.test("parseDuration() refuses what a number cannot hold exactly", () => {
  assert.equal(parseDuration("999999999999999d"), undefined);
  assert.equal(parseDuration("9999999999999999ms"), undefined);
});

Deno.test("parseDuration() takes no inherited property for a unit", () => {
  assert.equal(parseDuration("1toString"), undefined);
});

Deno.test("parseSize() reads SI units of 1000 and binary units of 1024", () => {
  assert.equal(parseSize("512B"), 512);
  assert.equal(parseSize("10KB"), 10_000);
  assert.equal(parseSize("25MB"), 25_000_000);
  assert.equal(parseSize("2GB"), 2_000_000_000);
  assert.equal(parseSize("1KiB"), 1024);
  assert.equal(parseSize("1MiB"), 1_048_576);
  assert.equal(parseSize("1GiB"), 1_073_741_824);
});

Deno.test("parseSize() refuses what is not exactly that", () => {
  for (const text of ["", "25", "MB", "2.5MB", "25 MB", "25mb", "25M", "25TB", "0MB"]) {
    assert.equal(parseSize(text), undefined, text);
  }
  assert.equal(parseSize("0MB", { allowZero: true }), 0);
});
