import assert from "node:assert/strict";
import fc from "fast-check";
import * as der from "../../src/base/der.ts";
import {
  objectIdOf,
  partsOf,
  readElement,
  readElements,
  timeOf,
} from "../../src/base/der_reader.ts";

Deno.test("readElement() takes apart what the writer puts together, with lengths of one octet and of more", () => {
  for (const size of [0, 1, 127, 128, 255, 256, 70_000]) {
    const content = crypto.getRandomValues(new Uint8Array(Math.min(size, 65_536)));
    const inner = der.octetString(content);
    const [first, second] = partsOf(readElement(der.sequence(inner, der.boolean(true))));
    assert.deepEqual(first?.content, content);
    assert.deepEqual(first?.whole, inner);
    assert.deepEqual(second?.whole, der.boolean(true));
  }
});

Deno.test("objectIdOf() and timeOf() read what the writer wrote", () => {
  for (const id of ["1.2.840.113549.1.1.11", "2.5.4.3", "2.999.3", "0.9.2342", "1.3.132.0.34"]) {
    // The writer is for identifiers whose first octet is one; 2.999 is written by hand.
    const written = id === "2.999.3"
      ? Uint8Array.of(0x06, 0x03, 0x88, 0x37, 0x03)
      : der.objectId(id);
    assert.equal(objectIdOf(readElement(written)), id);
  }
  for (const text of ["1999-12-31T23:59:59Z", "2049-12-31T23:59:59Z", "2050-01-01T00:00:00Z"]) {
    const atMs = Date.parse(text);
    assert.equal(timeOf(readElement(der.certificateTime(atMs))), atMs);
  }
  assert.equal(timeOf(readElement(der.utf8String("261124080000Z"))), undefined);
  assert.equal(objectIdOf(readElement(der.nothing())), undefined);
});

Deno.test("readElements() refuses lengths that lead outside, and never throws", () => {
  for (
    const octets of [[0x30], [0x30, 0x01], [0x30, 0x80], [0x30, 0x85, 1, 1, 1, 1, 1], [0x1f, 0]]
  ) {
    assert.equal(readElements(Uint8Array.from(octets)), undefined, octets.join(" "));
  }
  assert.equal(readElement(Uint8Array.of(0x05, 0x00, 0x00)), undefined);
  fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (octets) => {
    const elements = readElements(Uint8Array.from(octets));
    const total = elements?.reduce((sum, { whole }) => sum + whole.length, 0);
    assert.ok(elements === undefined || total === octets.length);
    partsOf(elements?.[0]);
  }));
});
