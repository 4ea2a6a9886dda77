import assert from "node:assert/strict";
import fc from "fast-check";
import { DotStuffing } from "../../src/smtp/dot_stuffing.ts";

function stuffed(text: string, cutAt: () => number = () => text.length): string {
  const stuffing = new DotStuffing();
  let result = "";
  const write = (part: Uint8Array): void => {
    result += new TextDecoder().decode(part);
  };
  const bytes = new TextEncoder().encode(text);
  for (let start = 0; start < bytes.length;) {
    const end = start + Math.max(1, cutAt());
    stuffing.push(bytes.subarray(start, end), write);
    start = end;
  }
  write(stuffing.end());
  return result;
}

Deno.test("DotStuffing doubles a dot that begins a line", () => {
  assert.equal(stuffed(".\r\n..a\r\nb.c\r\n.\r\n"), "..\r\n...a\r\nb.c\r\n..\r\n.\r\n");
});

Deno.test("DotStuffing ends an unfinished line and an empty message", () => {
  assert.equal(stuffed("a"), "a\r\n.\r\n");
  assert.equal(stuffed(""), ".\r\n");
});

Deno.test("DotStuffing takes neither a bare LF nor a bare CR for a line end", () => {
  assert.equal(stuffed("a\n.b\r.c\r\n"), "a\n.b\r.c\r\n.\r\n");
  assert.equal(stuffed("a\n"), "a\n\r\n.\r\n");
});

Deno.test("DotStuffing is undone by a receiver, for every cut", () => {
  const text = fc.array(fc.constantFrom("\r\n", ".", "a", "\n", "\r", "..")).map((parts) =>
    parts.join("")
  );
  fc.assert(
    fc.property(text, fc.infiniteStream(fc.integer({ min: 1, max: 5 })), (message, cuts) => {
      const wire = stuffed(message);
      assert.equal(stuffed(message, () => cuts.next().value), wire);
      assert.ok(wire.endsWith(".\r\n"));
      assert.ok(!wire.slice(0, -3).includes("\r\n.\r\n") && !wire.slice(0, -3).startsWith(".\r\n"));
      const received = wire.slice(0, -3).split("\r\n").map((line) =>
        line.startsWith(".") ? line.slice(1) : line
      );
      const wanted = message === "" || message.endsWith("\r\n") ? message : `${message}\r\n`;
      assert.equal(received.join("\r\n"), wanted);
    }),
  );
});
