// A message that somebody else wrote: what is repaired, what is refused, and that nothing else changes.

import assert from "node:assert/strict";
import fc from "fast-check";
import { joinOctets } from "../../src/base/octets.ts";
import { LineRepair } from "../../src/message/raw_lines.ts";
import {
  checkFrom,
  finishRawMessage,
  messageIdOf,
  type RawInput,
  readRawMessage,
} from "../../src/message/raw_message.ts";
import { isFailure } from "../vault/fixtures.ts";
import { octetsOf, RUNS } from "./readers.ts";

const NO_NAMES = new Map<string, readonly string[]>();

function input(content: string | Uint8Array, cuts: readonly number[] = []): RawInput {
  const octets = typeof content === "string" ? new TextEncoder().encode(content) : content;
  return {
    name: "mail.eml",
    async *octets(from): AsyncGenerator<Uint8Array> {
      let at = from;
      for (const cut of [...cuts, octets.length].filter((one) => one > from)) {
        yield octets.slice(at, cut);
        at = cut;
      }
    },
  };
}

async function goesOn(
  content: string | Uint8Array,
  options: { readonly cuts?: readonly number[]; readonly isLenient?: boolean } = {},
): Promise<string> {
  const { cuts, isLenient = false } = options;
  const message = await readRawMessage(input(content, cuts), { isLenient });
  return latin1(await octetsOf(finishRawMessage(message, { added: [] })));
}

function latin1(octets: Uint8Array): string {
  return Array.from(octets, (octet) => String.fromCharCode(octet)).join("");
}

function octetsFrom(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

const withCrlf = (text: string): string => text.replaceAll(/\r\n|\r|\n/g, "\r\n");

const LINE_PIECES = fc.array(
  fc.oneof(
    fc.constantFrom("\r", "\n", "\r\n", ".", "\n\n", " ", "\t"),
    fc.string({ unit: fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)) }),
  ),
  { maxLength: 40 },
).map((pieces) => pieces.join(""));

const CUTS = fc.array(fc.nat({ max: 400 }), { maxLength: 8 })
  .map((cuts) => [...new Set(cuts)].sort((one, other) => one - other));

Deno.test("LineRepair makes CRLF of every line end and changes no other octet, cut anywhere", () => {
  fc.assert(
    fc.property(LINE_PIECES, CUTS, (text, cuts) => {
      const repair = new LineRepair({ line: 1, source: "x", foldsLongLines: false });
      const parts: Uint8Array[] = [];
      let at = 0;
      for (const cut of [...cuts.filter((one) => one < text.length), text.length]) {
        parts.push(repair.push(octetsFrom(text.slice(at, cut))).slice());
        at = cut;
      }
      parts.push(repair.end());
      const whole = withCrlf(text);
      const isEnded = whole === "" || whole.endsWith("\r\n");
      assert.equal(latin1(joinOctets(parts)), isEnded ? whole : `${whole}\r\n`);
      // deno-lint-ignore no-control-regex
      assert.equal(repair.hasEightBit, /[^\x00-\x7f]/.test(text));
    }),
    RUNS,
  );
});

const FIELD = fc.tuple(
  fc.constantFrom("From", "to", "SUBJECT", "X-Plant", "Received", "Bcc", "bCC", "Resent-Bcc"),
  fc.constantFrom("", " ", "\t"),
  fc.array(fc.constantFrom("a@b.c", "ä", "x: y", ",", '"q"', "\n ", "\r\n\t", "\r  "), {
    maxLength: 6,
  }),
  fc.constantFrom("\n", "\r\n", "\r"),
);

Deno.test("finishRawMessage() leaves out Bcc and changes no other octet but line ends", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(FIELD, { minLength: 1, maxLength: 8 }),
      LINE_PIECES,
      CUTS,
      async (fields, body, cuts) => {
        const written = fields.map(([name, blank, words, end]) => ({
          name,
          text: new TextEncoder().encode(`${name}${blank}: ${words.join("")}`),
          end,
        }));
        const source = joinOctets([
          ...written.flatMap(({ text, end }) => [text, octetsFrom(end)]),
          octetsFrom("\r\n"),
          octetsFrom(body),
        ]);
        const wanted = withCrlf(
          `${
            written.filter(({ name }) => !/^(?:resent-)?bcc$/i.test(name)).map(({ text, end }) =>
              latin1(text) + (end === "\r" ? "\n" : end)
            ).join("")
          }\r\n${body}`,
        );
        const isEnded = wanted.endsWith("\r\n");
        // A field that ends in a bare CR before the empty line is one line end with the LF of it.
        if (fields.some(([, , , end]) => end === "\r")) fc.pre(!body.startsWith("\n"));
        assert.equal(await goesOn(source, { cuts }), isEnded ? wanted : `${wanted}\r\n`);
      },
    ),
    RUNS,
  );
});

Deno.test("finishRawMessage() puts what is missing at the end of the header, and replaces in place", async () => {
  const message = await readRawMessage(
    input("From: a@b.c\nDate:\nSubject: x\nDate: \n\nbody"),
    { isLenient: false },
  );
  const finished = finishRawMessage(message, {
    added: [{ name: "Date", text: "Date: today\r\n" }, { name: "To", text: "To: you\r\n" }],
  });
  assert.equal(
    latin1(await octetsOf(finished)),
    "From: a@b.c\r\nDate: today\r\nSubject: x\r\nTo: you\r\n\r\nbody\r\n",
  );
  assert.equal(messageIdOf(message), undefined);
  const [from] = message.fields;
  assert.ok(from !== undefined);
  const replaced = new Map([[from, "From: d@e.f\r\n"]]);
  assert.match(
    latin1(await octetsOf(finishRawMessage(message, { added: [], replaced }))),
    /^From: d@e\.f\r\nDate:\r\nSubject: x\r\n/,
  );
});

Deno.test("finishRawMessage() asks for 8BITMIME and SMTPUTF8 only where they are needed", async () => {
  const cases: readonly (readonly [text: string, eightBit: boolean, utf8: boolean])[] = [
    ["From: a@b.c\n\nbody", false, false],
    ["From: a@b.c\n\nb\u00e4", true, false],
    ["From: a@b.c\nSubject: \u00e4\n\nbody", true, true],
    ["From: a@b.c\nBcc: \u00e4@b.c\n\nbody", false, false],
  ];
  for (const [text, eightBit, utf8] of cases) {
    const message = await readRawMessage(input(text), { isLenient: false });
    const finished = finishRawMessage(message, { added: [] });
    assert.deepEqual([finished.needsEightBitMime, finished.needsSmtpUtf8], [eightBit, utf8], text);
  }
});

Deno.test("readRawMessage() takes a header without a body, with and without its empty line", async () => {
  for (const text of ["Subject: x", "Subject: x\n", "Subject: x\r\n\r\n"]) {
    assert.equal(await goesOn(text), "Subject: x\r\n\r\n");
  }
});

Deno.test("readRawMessage() leaves out a byte order mark and the line of a mailbox, and says so", async () => {
  const text = "\ufeffFrom anna Tue Nov 24\nSubject: x\n\nFrom here\n";
  const message = await readRawMessage(input(text), { isLenient: false });
  assert.deepEqual(message.warnings, [
    "mail.eml: the byte order mark at the beginning is left out",
    'mail.eml: the "From " line of a mailbox file at the beginning is left out',
  ]);
  assert.equal(message.fields[0]?.line, 2);
  assert.equal(await goesOn(text), "Subject: x\r\n\r\nFrom here\r\n");
});

const LONG = "x".repeat(999);

const REFUSED: readonly (readonly [content: string | Uint8Array, message: RegExp])[] = [
  ["", /^mail\.eml: is empty/],
  ["Subject: x\nPump 3 stopped\n", /^mail\.eml: line 2 is no header field: it has no colon/],
  ["Subject: x\nPump 3: stopped\n", /^mail\.eml: line 2 is no header field: its name has blanks/],
  [" folded: x\n\n", /^mail\.eml: line 1 begins with a blank/],
  ["Subject: x\n\n1\n2\r\n3\r" + LONG, /^mail\.eml: line 6 has more than 998 octets/],
  [`Subject: ${LONG}\n\nx`, /^mail\.eml: line 1 has 1008 octets, at most 998 are allowed/],
  ["Subject: x\n\n1\n\0", /^mail\.eml: line 4 holds a NUL/],
  ["Subject: x\0\n\n1", /^mail\.eml: line 1 holds a NUL/],
  [octetsFrom("A: b\nSubject: \xe4\n\nx"), /^mail\.eml: line 2 holds octets that are not UTF-8/],
  [octetsFrom("\xff\xfeS\0u\0"), /^mail\.eml: is UTF-16/],
  [`X: ${"y\n ".repeat(400_000)}`, /^mail\.eml: has no end of its header in its first 1 MB/],
];

for (const [content, message] of REFUSED) {
  Deno.test(`readRawMessage() refuses with ${message.source}`, async () => {
    const cuts = Array.from({ length: 40 }, (_, at) => at + 1);
    for (const raw of [input(content), input(content, content.length < 100_000 ? cuts : [])]) {
      await assert.rejects(
        readRawMessage(raw, { isLenient: false }),
        isFailure("message.invalid", message, /./),
      );
    }
  });
}

Deno.test("readRawMessage() takes a line of 998 octets", async () => {
  const line = "x".repeat(998);
  assert.equal(await goesOn(`A: b\n\n${line}\n${line}`), `A: b\r\n\r\n${line}\r\n${line}\r\n`);
});

Deno.test("readRawMessage() reads like sendmail: without a header, with long lines, with nothing", async () => {
  const isLenient = true;
  assert.equal(await goesOn("Pump 3 stopped\n", { isLenient }), "\r\nPump 3 stopped\r\n");
  assert.equal(
    await goesOn("From me\nSubject: x\nPump 3: stopped\n", { isLenient }),
    "Subject: x\r\n\r\nPump 3: stopped\r\n",
  );
  assert.equal(await goesOn("", { isLenient }), "\r\n");
  const long = `A: b\n\n${"\u00e4".repeat(3000)}\n`;
  const folded = new TextDecoder().decode(octetsFrom(await goesOn(long, { isLenient })));
  for (const line of folded.split("\r\n")) {
    assert.ok(new TextEncoder().encode(line).length <= 998);
    assert.ok(!line.includes("\ufffd"));
  }
  assert.equal(folded.replaceAll("\r\n ", ""), withCrlf(long));
});

const FROM: readonly (readonly [header: string, message: RegExp | undefined])[] = [
  ["From: Anna <a@b.c>", undefined],
  ["From: a@b.c, d@e.f\nSender: a@b.c", undefined],
  ["from : =?utf-8?q?=C3=96l?= <a@b.c>", undefined],
  ["Subject: x", /^mail\.eml: has no From field$/m],
  ["From:", /^mail\.eml: has no From field$/m],
  ["From: a@b.c\nTo: x\nFROM: d@e.f", /^mail\.eml: has 2 From fields, on lines 1, 3$/m],
  ["From: a@b.c, d@e.f", /^mail\.eml: line 1: From: wanted one address, found 2$/m],
  ["To: x\nFrom: nobody:;", /^mail\.eml: line 2: From: wanted one address, found none$/m],
  ["From: root", /^mail\.eml: line 1: From: address "root" has no @/],
];

Deno.test("checkFrom() takes one From field only, and says what is wrong with others", async () => {
  for (const [header, wanted] of FROM) {
    const message = await readRawMessage(input(`${header}\n\nx`), { isLenient: false });
    if (wanted === undefined) checkFrom(message, NO_NAMES);
    else {
      assert.throws(() => checkFrom(message, NO_NAMES), isFailure("message.invalid", wanted));
    }
  }
});
