// What was put into a message comes out of it again, in the eyes of readers written by other people.

import assert from "node:assert/strict";
import fc from "fast-check";
import { toBase64 } from "../../src/base/base64.ts";
import type { Mailbox } from "../../src/message/address.ts";
import { composeMessage, type MessageDraft } from "../../src/message/compose.ts";
import {
  DRAFT,
  hasPython,
  normalText,
  octetsOf,
  readWithMailparser,
  readWithPostalMime,
  readWithPython,
  RUNS,
} from "./readers.ts";
import type { ReadMessage } from "./readers.ts";

const HARD_NAME = "Tagesübersicht Öl–Kessel №3.xlsx";

// What stands in mails of plants, and what breaks writers: quotes, umlauts, signs beyond the BMP, long words.
const word = fc.oneof(
  fc.string({ minLength: 1, maxLength: 12 }),
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 }),
  fc.constantFrom(
    "Öl",
    "№3",
    "=?UTF-8?Q?x?=",
    "=?",
    '"',
    "\\",
    ",",
    "<b@x>",
    "(c)",
    "😀",
    "日本語",
    "a=b",
  ),
  fc.integer({ min: 1, max: 140 }).map((length) => "x".repeat(length)),
).map((text) => text.replace(/\p{Z}|\p{C}|\ufeff/gu, "_"));
const line = fc.array(word, { maxLength: 12 }).map((words) => words.join(" "));
const body = fc.array(
  fc.oneof(
    line,
    fc.constantFrom("", ".", "..", "From here", "--", "trailing ", "\ttab\t", "ö".repeat(200)),
  ),
  { maxLength: 12 },
).map((lines) => lines.join("\n"));
const mailbox: fc.Arbitrary<Mailbox> = fc.record({
  name: line,
  address: fc.constantFrom("a@contoso.com", "b.c+d@sub.contoso.com", "x@localhost"),
});
// postal-mime decodes encoded-words even inside of RFC 2231 values, so no file name here looks like one.
const file = fc.record({
  name: fc.tuple(line, fc.constantFrom(".pdf", ".xlsx", "")).map(([name, end]) =>
    `f${name.replaceAll("=?", "=")}${end}`
  ),
  octets: fc.uint8Array({ maxLength: 300 }),
});
const parts = fc.record({
  subject: line,
  from: mailbox,
  to: fc.array(mailbox, { minLength: 1, maxLength: 5 }),
  text: body,
  html: fc.option(body.map((text) => `<p>${text}</p>`), { nil: undefined }),
  files: fc.array(file, { maxLength: 3 }),
});

interface Parts {
  readonly subject: string;
  readonly from: Mailbox;
  readonly to: readonly Mailbox[];
  readonly text: string;
  readonly html: string | undefined;
  readonly files: readonly { readonly name: string; readonly octets: Uint8Array }[];
}

Deno.test("composeMessage() is read by postal-mime and mailparser as it was written", async () => {
  await fc.assert(
    fc.asyncProperty(parts, async (wanted) => {
      const raw = await octetsOf(composeMessage(draftOf(wanted)));
      assert.deepEqual(await readWithPostalMime(raw), asRead(wanted), "postal-mime");
      assert.deepEqual(await readWithMailparser(raw), asRead(wanted), "mailparser");
    }),
    RUNS,
  );
});

Deno.test({
  name: "composeMessage() is read by Python's email as it was written (needs python3)",
  ignore: !hasPython(),
  fn: async () => {
    const samples = fc.sample(parts, RUNS.numRuns);
    const raws = await Promise.all(
      samples.map((wanted) => octetsOf(composeMessage(draftOf(wanted)))),
    );
    const read = await readWithPython(raws);
    for (const [index, wanted] of samples.entries()) {
      const { default: byDefault, compat32 } = read[index] ?? {};
      assert.deepEqual(compat32, asRead(wanted), "compat32 policy");
      assert.deepEqual(squeezed(byDefault), squeezed(asRead(wanted)), "default policy");
    }
  },
});

Deno.test("composeMessage() gives a hard file name to postal-mime and mailparser", async () => {
  const raw = await octetsOf(composeMessage(draftWithFile(HARD_NAME)));
  assert.equal((await readWithPostalMime(raw)).files[0]?.name, HARD_NAME);
  assert.equal((await readWithMailparser(raw)).files[0]?.name, HARD_NAME);
});

Deno.test({
  name: "composeMessage() gives a hard file name to Python's email (needs python3)",
  ignore: !hasPython(),
  fn: async () => {
    const long = `${"Schichtübergabe ".repeat(14)}.pdf`;
    const raws = await Promise.all(
      [HARD_NAME, long].map((name) => octetsOf(composeMessage(draftWithFile(name)))),
    );
    const read = await readWithPython(raws);
    assert.deepEqual(
      read.map((mail) => [mail.default.files[0]?.name, mail.compat32.files[0]?.name]),
      [[HARD_NAME, HARD_NAME], [long, long]],
    );
  },
});

Deno.test("composeMessage() keeps header lines at 78 where a blank allows it, and all under 998", async () => {
  await fc.assert(
    fc.asyncProperty(parts, async (wanted) => {
      const text = new TextDecoder().decode(await octetsOf(composeMessage(draftOf(wanted))));
      assert.ok(text.endsWith("\r\n"));
      assert.doesNotMatch(text.replaceAll("\r\n", ""), /[\r\n]/);
      for (const one of text.split("\r\n")) assert.ok(one.length <= 998, one);
      const header = text.slice(0, text.indexOf("\r\n\r\n"));
      for (const one of header.split("\r\n")) {
        const isUnbreakable = /^(?:[A-Za-z-]+:)? \S+$/.test(one);
        assert.ok(one.length <= 78 || isUnbreakable, one);
        assert.match(one, /\S/);
      }
    }),
    RUNS,
  );
});

function draftOf(wanted: Parts): MessageDraft {
  const { html, files, ...plain } = wanted;
  return {
    ...DRAFT,
    ...plain,
    ...(html === undefined ? {} : { html }),
    attachments: files.map(({ name, octets }) => ({
      name,
      type: "application/octet-stream",
      sizeBytes: octets.length,
      open: () => inPieces(octets),
    })),
  };
}

function asRead(wanted: Parts): ReadMessage {
  const read = ({ name = "", address }: Mailbox): { name: string; address: string } => ({
    name: name.trim() === "" ? "" : name,
    address,
  });
  return {
    subject: wanted.subject,
    from: [read(wanted.from)],
    to: wanted.to.map(read),
    text: normalText(wanted.text),
    html: normalText(wanted.html),
    files: wanted.files.map(({ name, octets }) => ({ name, base64: toBase64(octets) })),
  };
}

// Before 3.13.2, Python's default policy keeps the blank between two encoded-words of a name (gh-128110).
function squeezed(mail: ReadMessage | undefined): ReadMessage | undefined {
  if (mail === undefined) return undefined;
  const names = (list: ReadMessage["to"]): ReadMessage["to"] =>
    list.map(({ name, address }) => ({ name: name.replaceAll(" ", ""), address }));
  return { ...mail, from: names(mail.from), to: names(mail.to) };
}

function draftWithFile(name: string): MessageDraft {
  const octets = new TextEncoder().encode("abc");
  return {
    ...DRAFT,
    attachments: [{ name, type: "text/csv", sizeBytes: 3, open: () => inPieces(octets) }],
  };
}

async function* inPieces(octets: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < octets.length; at += 100) yield await octets.subarray(at, at + 100);
}
