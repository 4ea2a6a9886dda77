// The icon file, held to what Windows reads: https://learn.microsoft.com/windows/win32/uxguide/vis-icons names the
// sizes that Explorer and the task bar ask for.

import assert from "node:assert/strict";

const FILE = new URL("../../docs/pictures/plantpost.ico", import.meta.url);

Deno.test("the icon holds each size that Windows asks for, drawn, and in the form that it reads", async () => {
  const octets = await Deno.readFile(FILE);
  const view = new DataView(octets.buffer);
  assert.deepEqual([view.getUint16(0, true), view.getUint16(2, true)], [0, 1]);
  const sizes: number[] = [];
  let end = 6 + 16 * view.getUint16(4, true);
  for (let at = 6; at < 6 + 16 * view.getUint16(4, true); at += 16) {
    const size = octets[at] || 256;
    sizes.push(size);
    assert.equal(octets[at + 1] || 256, size, "square");
    const [length, offset] = [view.getUint32(at + 8, true), view.getUint32(at + 12, true)];
    assert.equal(offset, end, "one after the other, without gaps");
    end = offset + length;
    const picture = octets.subarray(offset, end);
    if (size === 256) {
      assert.deepEqual([...picture.subarray(0, 8)], [137, 80, 78, 71, 13, 10, 26, 10]);
      assert.deepEqual([...picture.subarray(16, 24)], [0, 0, 1, 0, 0, 0, 1, 0]);
      continue;
    }
    const header = new DataView(octets.buffer, offset);
    assert.deepEqual(
      [header.getUint32(0, true), header.getInt32(4, true), header.getInt32(8, true)],
      [40, size, size * 2],
    );
    assert.equal(header.getUint16(14, true), 32);
    assert.equal(length, 40 + size * size * 4 + size * Math.ceil(size / 32) * 4);
    // Drawn, with what lies around it transparent: the corners show through, the middle does not.
    const alpha = (row: number, column: number): number | undefined =>
      picture[40 + (row * size + column) * 4 + 3];
    assert.equal(alpha(0, 0), 0);
    assert.equal(alpha(size - 1, size - 1), 0);
    assert.equal(alpha(size / 4, size / 2), 255);
  }
  assert.deepEqual(sizes, [16, 24, 32, 48, 64, 256]);
  assert.equal(end, octets.length);
});
