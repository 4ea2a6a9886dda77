import assert from "node:assert/strict";
import fc from "fast-check";
import { qrLines } from "../../src/cli/qr_code.ts";
import { DARK_TERMINAL, LIGHT_TERMINAL, readQr } from "../peers/qr_reader.ts";

const ADDRESSES = [
  "https://microsoft.com/devicelogin",
  "https://login.microsoftonline.com/common/oauth2/deviceauth",
  "https://login.example/device?user_code=WDJB-MJHT&lang=de",
  `https://login.example/${"a".repeat(180)}`,
];

function lines(text: string): readonly string[] {
  return qrLines(text) ?? assert.fail(`no code for ${text}`);
}

function coloured(text: string): readonly string[] {
  return lines(text).map((line) => `\x1b[97;40m${line}\x1b[0m`);
}

Deno.test("qrLines() can be read by another program on a dark and on a light terminal", () => {
  for (const address of ADDRESSES) {
    assert.equal(readQr(lines(address), { look: DARK_TERMINAL }), address);
    for (const look of [DARK_TERMINAL, LIGHT_TERMINAL]) {
      assert.equal(readQr(coloured(address), { look }), address);
    }
    // Without colours a light terminal shows the negative, which readers of today take, too.
    assert.equal(readQr(lines(address), { look: LIGHT_TERMINAL, isPatient: true }), address);
  }
});

Deno.test("qrLines() is made of what code page 437 has, in a window of 80 columns", () => {
  for (const address of ADDRESSES) {
    for (const line of lines(address)) assert.match(line, /^[ \u2580\u2584\u2588]{29,78}$/);
  }
  assert.equal(qrLines(`https://login.example/${"a".repeat(2000)}`), undefined);
});

Deno.test("qrLines() keeps four light modules on every side", () => {
  for (const address of ADDRESSES) {
    const all = lines(address);
    for (const line of [...all.slice(0, 2), ...all.slice(-2)]) assert.match(line, /^\u2588+$/);
    for (const line of all) assert.match(line, /^\u2588{4}.*\u2588{4}$/);
  }
});

Deno.test("qrLines() says what it was given, whatever that is", () => {
  fc.assert(
    fc.property(fc.webUrl({ withQueryParameters: true, size: "medium" }), (url) => {
      const made = qrLines(url);
      if (made !== undefined) assert.equal(readQr(made, { look: DARK_TERMINAL }), url);
    }),
    { numRuns: 25 },
  );
});
