import assert from "node:assert/strict";
import fc from "fast-check";
import { toBase64 } from "../../src/base/base64.ts";
import {
  base64Length,
  base64Lines,
  encodeBase64,
  encodeText,
  quotedPrintable,
} from "../../src/message/transfer_encoding.ts";
import { RUNS } from "./readers.ts";

Deno.test("encodeBase64() does not depend on where its input is cut", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 2000 }),
      fc.array(fc.nat({ max: 130 }), { minLength: 1 }),
      async (octets, cuts) => {
        const encoded = await joined(encodeBase64(cut(octets, cuts)));
        const lines = toBase64(octets).match(/.{1,76}/g) ?? [];
        assert.equal(encoded, lines.map((line) => `${line}\r\n`).join(""));
        assert.equal(encoded.length, base64Length(octets.length));
        assert.equal(new TextDecoder().decode(base64Lines(octets)), encoded);
      },
    ),
    RUNS,
  );
});

Deno.test("encodeBase64() takes single octets and more than one chunk of its own", async () => {
  const octets = Uint8Array.from({ length: 150_001 }, (_, index) => index * 7 & 255);
  const wanted = new TextDecoder().decode(base64Lines(octets));
  assert.equal(await joined(encodeBase64(cut(octets, [1]))), wanted);
  assert.equal(await joined(encodeBase64(cut(octets, [150_001]))), wanted);
  assert.equal(atob(wanted.replaceAll("\r\n", "")).length, octets.length);
});

Deno.test("base64Length() counts lines and their ends", () => {
  assert.deepEqual([0, 1, 3, 56, 57, 58, 114].map(base64Length), [0, 6, 6, 78, 78, 84, 156]);
});

Deno.test("quotedPrintable() follows RFC 2045 section 6.7", () => {
  const encode = (text: string): string =>
    new TextDecoder().decode(quotedPrintable(new TextEncoder().encode(text), 10_000));
  assert.equal(encode("a=b"), "a=3Db");
  assert.equal(encode("Öl \r\n\tx\t"), "=C3=96l=20\r\n\tx=09");
  assert.equal(encode("x".repeat(80)), `${"x".repeat(75)}=\r\n${"x".repeat(5)}`);
  assert.equal(encode(`${"x".repeat(70)}€`), `${"x".repeat(70)}=\r\n=E2=82=AC`);
  assert.equal(encode("\0"), "=00");
});

Deno.test("encodeText() keeps ASCII with lines up to 998 and makes every line end CRLF", () => {
  const line = "x".repeat(998);
  const { encoding, octets } = encodeText(`a\nb\r\nc\rd\n${line}\n`);
  assert.equal(encoding, "7bit");
  assert.equal(new TextDecoder().decode(octets), `a\r\nb\r\nc\r\nd\r\n${line}\r\n`);
  assert.equal(encodeText("x".repeat(999)).encoding, "quoted-printable");
  for (const control of ["\0", "\x07", "\f", "\x1a", "\x1b[31m", "\x7f"]) {
    assert.equal(encodeText(`pump ${control}`).encoding, "quoted-printable", control);
  }
});

Deno.test("encodeText() hides what begins a line and means something to those on the way", () => {
  const { encoding, octets } = encodeText("From here\nnot From here\nFrom\n");
  assert.equal(encoding, "quoted-printable");
  assert.equal(new TextDecoder().decode(octets), "=46rom here\r\nnot From here\r\nFrom\r\n");
  const broken = encodeText(`ö${"x".repeat(69)}.a.\n.\n..`);
  assert.equal(
    new TextDecoder().decode(broken.octets),
    `=C3=B6${"x".repeat(69)}=\r\n=2Ea.\r\n=2E\r\n=2E.`,
  );
});

Deno.test("encodeText() takes quoted-printable or base64, whichever is shorter", () => {
  assert.equal(encodeText("Füllstand im Behälter über dem Grenzwert").encoding, "quoted-printable");
  assert.equal(encodeText("タンクの水位が高すぎます").encoding, "base64");
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 400 }), (text) => {
      const { encoding, octets } = encodeText(text);
      const lines = new TextDecoder("latin1").decode(octets).split("\r\n");
      const max = encoding === "7bit" ? 998 : 76;
      for (const one of lines) assert.ok(one.length <= max && !/[\0\x80-\xff]/.test(one), one);
      const raw = new TextEncoder().encode(text.replace(/\r\n?|\n/g, "\r\n"));
      assert.ok(octets.length <= base64Length(raw.length) || encoding === "7bit");
    }),
    RUNS,
  );
});

async function* cut(octets: Uint8Array, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  // A chunk is valid until the next is asked for, so each one is overwritten then.
  let at = 0;
  for (let turn = 0; at < octets.length; turn++) {
    const wanted = cuts[turn % cuts.length] ?? 1;
    const length = wanted === 0 && turn % 2 === 1 ? 1 : wanted;
    const piece = octets.slice(at, at + length);
    yield await piece;
    piece.fill(0xff);
    at += length;
  }
}

async function joined(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of chunks) text += decoder.decode(chunk, { stream: true });
  return text;
}
