import assert from "node:assert/strict";
import fc from "fast-check";
import { isoTime } from "../../src/base/iso_time.ts";

Deno.test("isoTime() writes what Date.toISOString() writes, in all years of four digits", () => {
  const [first, last] = [
    Date.parse("0000-01-01T00:00:00Z"),
    Date.parse("9999-12-31T23:59:59.999Z"),
  ];
  for (const atMs of [first, last, 0, Date.parse("2028-02-29T09:08:07.006Z")]) {
    assert.equal(isoTime(atMs), new Date(atMs).toISOString());
  }
  fc.assert(
    fc.property(fc.integer({ min: first, max: last }), (atMs) => {
      assert.equal(isoTime(atMs), new Date(atMs).toISOString());
    }),
  );
});
