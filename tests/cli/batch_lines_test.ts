import assert from "node:assert/strict";
import fc from "fast-check";
import { Failure } from "../../src/base/failure.ts";
import { batchLines } from "../../src/cli/batch_lines.ts";
import { keysOfMail, valuesOfLine, withDefaults } from "../../src/cli/batch_message.ts";
import { COMMANDS } from "../../src/cli/commands.ts";
import { type ParsedFlags, parseFlags } from "../../src/cli/flags.ts";

const UTF8 = new TextEncoder();
const KEYS = keysOfMail(COMMANDS.find(({ name }) => name === "send")?.flags ?? []);

Deno.test("batchLines() counts blank lines, passes them over, and takes every kind of line end", async () => {
  const lines = await read(['\ufeff{"a":1}\r\n\n  \t\n{"b":2}\n', '{"c":3}']);
  assert.deepEqual(lines, [[1, '{"a":1}'], [4, '{"b":2}'], [5, '{"c":3}']]);
  assert.deepEqual(await read([]), []);
  assert.deepEqual(await read(["x"]), [[1, "x"]]);
  assert.deepEqual(await read(["\n\n"]), []);
});

Deno.test("batchLines() reads the same however the input is cut", async () => {
  const whole = UTF8.encode('\ufeff{"subject":"Übertemperatur 🌡"}\r\n\r\n{"x":1}\nlast');
  const wanted = await read([whole]);
  await fc.assert(fc.asyncProperty(
    fc.array(fc.integer({ min: 0, max: whole.length }), { maxLength: 12 }),
    async (cuts) => {
      const places = [0, ...cuts.sort((a, b) => a - b), whole.length];
      const pieces = places.slice(1).map((end, at) => whole.slice(places[at], end));
      assert.deepEqual(await read(pieces), wanted);
    },
  ));
});

Deno.test("batchLines() reads the UTF-16 that PowerShell writes into files, whatever the cut", async () => {
  const text = '{"subject":"Störung"}\r\n{"n":"🌡"}\r\n';
  for (const isLittleEndian of [true, false]) {
    const octets = new Uint8Array(2 + text.length * 2);
    const view = new DataView(octets.buffer);
    [...`\ufeff${text}`].join("").split("").forEach((unit, at) =>
      view.setUint16(at * 2, unit.charCodeAt(0), isLittleEndian)
    );
    const bytewise = Array.from(octets, (octet) => Uint8Array.of(octet));
    assert.deepEqual(await read(bytewise), [[1, '{"subject":"Störung"}'], [2, '{"n":"🌡"}']]);
  }
});

Deno.test("batchLines() tells a line that is not UTF-8 or too long, and goes on behind it", async () => {
  const lines = await read([
    Uint8Array.of(0x7b, 0xfc, 0x7d, 0x0a),
    "ok\n",
    "x".repeat(20),
    "x".repeat(20),
    "\n0123456789\n01234567890\n",
    "end",
  ], 10);
  assert.deepEqual(lines, [
    [1, "message.invalid: line 1: is not UTF-8"],
    [2, "ok"],
    [3, "message.invalid: line 3: is longer than 10 octets"],
    [4, "0123456789"],
    [5, "message.invalid: line 5: is longer than 10 octets"],
    [6, "end"],
  ]);
});

Deno.test("batchLines() holds one piece at a time of an input without end", async () => {
  let taken = 0;
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) {
      taken++;
      yield await Promise.resolve(UTF8.encode("a\nb\n"));
    }
  }
  const lines = batchLines(endless());
  for (let i = 0; i < 10; i++) await lines.next();
  await lines.return();
  assert.equal(taken, 5);
});

Deno.test("valuesOfLine() takes a text where a list is wanted, and every key that belongs to a mail", () => {
  const line = {
    to: "a@x.org",
    cc: ["b@x.org", "c@x.org"],
    bcc: [],
    subject: "s",
    attach: "f.pdf",
    raw: "f.eml",
    sms: "1@x",
    "request-receipt": true,
    "recipients-from-header": false,
  };
  const values = valuesOfLine(JSON.stringify(line), { number: 1, keys: KEYS });
  assert.deepEqual(Object.fromEntries(values), {
    ...line,
    to: ["a@x.org"],
    subject: ["s"],
    attach: ["f.pdf"],
    raw: ["f.eml"],
    sms: ["1@x"],
    "request-receipt": [""],
    "recipients-from-header": null,
  });
});

Deno.test("valuesOfLine() refuses what is no mail, with the line, what was wanted and what was found", () => {
  const refusals: readonly (readonly [line: string, says: RegExp])[] = [
    ["to: a@x.org", /^line 7: is not JSON: /],
    ["[]", /^line 7: must be an object, found a list$/],
    ["null", /must be an object, found null$/],
    ['"x"', /must be an object, found a text$/],
    ['{"subjet":"x"}', /^line 7: unknown key "subjet", did you mean "subject"\?$/],
    ['{"textFile":"x"}', /unknown key "textFile", did you mean "text-file"\?$/],
    ['{"__proto__":"x"}', /unknown key "__proto__"$/],
    ['{"batch":"x"}', /unknown key "batch"/],
    ['{"dry-run":true}', /unknown key "dry-run"/],
    ['{"subject":5}', /^line 7: subject: must be a text, found a number$/],
    ['{"subject":["x"]}', /subject: must be a text, found a list$/],
    ['{"to":[5]}', /to: must be a text or a list of texts, found a list with a number$/],
    ['{"to":[null]}', /found a list with null$/],
    ['{"to":{"a":1}}', /to: must be a text or a list of texts, found an object$/],
    ['{"text-file":"-"}', /text-file: must be a file, found "-", which is standard input$/],
    ['{"to":1,"cc":2}', /to: must be .*; cc: must be/],
  ];
  for (const [line, says] of refusals) {
    assert.throws(() => valuesOfLine(line, { number: 7, keys: KEYS }), (error) => {
      assert.ok(error instanceof Failure && error.code === "message.invalid", line);
      assert.match(error.message, says);
      assert.ok(error.remedy !== undefined);
      return true;
    });
  }
});

Deno.test("withDefaults() lets the line's word count, and its text replace any other", () => {
  const beside = "--to a@x --to b@x --subject s --text-file f.txt --request-receipt".split(" ");
  const defaults = parseFlags(beside, KEYS);
  const flags = (line: string): ParsedFlags =>
    withDefaults(valuesOfLine(line, { number: 1, keys: KEYS }), defaults);
  const names = ["to", "subject", "text", "text-file", "request-receipt"];
  const told = (line: string): unknown =>
    names.map((name) => flags(line).has(name) ? flags(line).texts(name) : undefined);
  assert.deepEqual(told("{}"), [["a@x", "b@x"], ["s"], undefined, ["f.txt"], [""]]);
  assert.deepEqual(told('{"to":"c@x","request-receipt":false}'), [
    ["c@x"],
    ["s"],
    undefined,
    ["f.txt"],
    undefined,
  ]);
  assert.deepEqual(told('{"text":"t","to":[]}'), [[], ["s"], ["t"], undefined, [""]]);
  assert.equal(flags("{}").text("subject"), "s");
});

async function read(
  pieces: readonly (string | Uint8Array)[],
  mostBytes?: number,
): Promise<readonly (readonly [number, string])[]> {
  const reused = new Uint8Array(1024);
  async function* given(): AsyncGenerator<Uint8Array> {
    for (const piece of pieces) {
      const octets = typeof piece === "string" ? UTF8.encode(piece) : piece;
      reused.fill(0); // a piece that somebody still holds is overwritten
      reused.set(octets);
      yield await Promise.resolve(reused.subarray(0, octets.length));
    }
  }
  const lines = await Array.fromAsync(batchLines(given(), mostBytes));
  return lines.map(({ number, text }) => [
    number,
    text instanceof Failure ? `${text.code}: ${text.message}` : text,
  ]);
}
