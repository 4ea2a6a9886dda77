import assert from "node:assert/strict";
import fc from "fast-check";
import { fromBase64, toBase64 } from "../../src/base/base64.ts";

// RFC 4648 §10.
const VECTORS: readonly (readonly [string, string])[] = [
  ["", ""],
  ["f", "Zg=="],
  ["fo", "Zm8="],
  ["foo", "Zm9v"],
  ["foob", "Zm9vYg=="],
  ["fooba", "Zm9vYmE="],
  ["foobar", "Zm9vYmFy"],
];

Deno.test("toBase64() and fromBase64() agree with the vectors of RFC 4648", () => {
  for (const [text, encoded] of VECTORS) {
    const octets = new TextEncoder().encode(text);
    assert.equal(toBase64(octets), encoded);
    assert.deepEqual(fromBase64(encoded), octets);
    assert.deepEqual(fromBase64(encoded.replaceAll("=", "")), octets, "padding may be left out");
  }
});

Deno.test("fromBase64() reads the URL-safe alphabet as well", () => {
  assert.deepEqual(fromBase64("-_-_"), fromBase64("+/+/"));
  assert.deepEqual(fromBase64("-_8"), Uint8Array.of(0xfb, 0xff));
});

Deno.test("fromBase64() is undefined for what is no base64", () => {
  for (
    const text of [
      "A",
      "AAAAA",
      "=",
      "==",
      "A===",
      "AA=A",
      "AB=",
      "AAAA=",
      "A A=",
      "AA\n",
      "Ä",
      "%",
    ]
  ) {
    assert.equal(fromBase64(text), undefined, JSON.stringify(text));
  }
});

Deno.test("fromBase64() gives back what toBase64() was given, of any length", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (octets) => {
    assert.deepEqual(fromBase64(toBase64(octets)), octets);
  }));
  const long = crypto.getRandomValues(new Uint8Array(65_536));
  assert.deepEqual(fromBase64(toBase64(long)), long);
});
