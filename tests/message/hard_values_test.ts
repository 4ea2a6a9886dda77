// Values that no dice would throw: one by one through the writer, and back through readers of other people. Where a
// reader is known to read otherwise than the standard says, its answer is written down here, so that a change shows.

import assert from "node:assert/strict";
import { composeMessage, type MessageDraft } from "../../src/message/compose.ts";
import { hasPython, PythonReader } from "./python_reader.ts";
import {
  DRAFT,
  normalText,
  octetsOf,
  type ReadMessage,
  readWithMailparser,
  readWithPostalMime,
} from "./readers.ts";

type Reader = "postal-mime" | "mailparser" | "compat32" | "default";
type Exceptions = Readonly<Partial<Record<Reader, string>>>;

/** Values that all readers must give back, and those with which some are known to do otherwise. */
interface Values {
  readonly sound: readonly string[];
  readonly odd: ReadonlyMap<string, Exceptions>;
}

const FILE_NAMES: Values = {
  sound: [
    ...["a/b\\c", "..", ".", "CON", "a:b", "a;b=c", 'a"b', '"', "a'b", "''", "a,b", "(c)", "a\tb"],
    ...["%41", "%", "*", "=", "?=", "UTF-8''x", "filename*0*=x", "\x1b[31m", "\x7f", "e\u0301.txt"],
    ...["a\u202Egpj.exe", "\u200b", "\ud800", "x".repeat(5000), "ö".repeat(5000)],
    "👩‍🔧".repeat(100),
  ],
  odd: new Map([
    // Python takes blanks and angle brackets from the ends of file names.
    [" lead", { compat32: "lead", default: "lead" }],
    ["trail ", { compat32: "trail", default: "trail" }],
    ["<d>", { compat32: "d", default: "d" }],
    // postal-mime decodes encoded-words where they are text (RFC 2231 §4), and drops a byte order mark.
    ["=?utf-8?q?x?=", { "postal-mime": "x" }],
    ["\ufeffx", { "postal-mime": "x" }],
  ]),
};

const NAMES: Values = {
  sound: [
    ...["a@b <c@d>", "a@b, c@d", '"', "\\", '"\\', "<", ">", "(", ")", "(a", ",", "@", ";", ":"],
    ...[".", "Doe, Jo", "O'Neil", "[x]", 'a"b\\"c\\', " x ", "undisclosed-recipients:;", "=?x?="],
    ...["=?UTF-8?Q?x?=", "a\x07b", "\u202Eabc", "\ud800", "ö".repeat(10)],
  ],
  odd: new Map([
    // Python's default policy makes one blank of whatever is blank, even where it was encoded.
    ["a  b", { default: "a b" }],
    ["a\tb", { default: "a b" }],
    // For JavaScript this is a blank, so there is no name to write.
    ["\ufeff", { "postal-mime": "", mailparser: "", compat32: "", default: "" }],
  ]),
};

const TEXTS: Values = {
  sound: [
    ...["", " ", "a ", ".", "..\n.\n", "a\rb", "a\t\n\tb", "From x\nFrom y", "=\n=20", "ö=\n"],
    ...["\0", "a\0\0b", "\x1a", "\ud800 x", "x\u2028y\u0085z\x0bq\x0c", "--=_mixed_5eed5eed5eed\n"],
    `${"x".repeat(100_000)}\n${"ö".repeat(100_000)}`,
  ],
  odd: new Map([["\ufeffBOM", { "postal-mime": "BOM" }]]),
};

Deno.test("composeMessage() brings every odd file name to all readers", async () => {
  await hold(FILE_NAMES, {
    draft: (name) => ({
      attachments: [{ name, type: "a/b", sizeBytes: 0, open: () => ReadableStream.from([]) }],
    }),
    found: (mail) => mail.files[0]?.name,
  });
});

Deno.test("composeMessage() brings every odd name of a person to all readers, and one address", async () => {
  await hold(NAMES, {
    draft: (name) => ({
      to: [{ name, address: "real@x.com" }],
      cc: [{ name, address: "r@x.com" }],
    }),
    found: (mail) => {
      assert.deepEqual(mail.to.map(({ address }) => address), ["real@x.com"]);
      assert.deepEqual(mail.cc.map(({ address }) => address), ["r@x.com"]);
      assert.equal(mail.cc[0]?.name, mail.to[0]?.name);
      return mail.to[0]?.name;
    },
  });
});

Deno.test("composeMessage() brings every odd text to all readers", async () => {
  await hold(TEXTS, { draft: (text) => ({ text }), found: (mail) => mail.text });
});

Deno.test("composeMessage() brings a subject of 1 MB, in short lines", async () => {
  for (
    const subject of ["x".repeat(1_000_000), "Füllstand ".repeat(60_000), "word ".repeat(200_000)]
  ) {
    const raw = await octetsOf(composeMessage({ ...DRAFT, subject: subject.trim() }));
    assert.equal((await readWithPostalMime(raw)).subject, subject.trim());
    for (const line of new TextDecoder().decode(raw).split("\r\n")) assert.ok(line.length <= 76);
  }
});

async function hold(
  values: Values,
  by: {
    readonly draft: (value: string) => Partial<MessageDraft>;
    readonly found: (mail: ReadMessage) => string | undefined;
  },
): Promise<void> {
  const all = [...values.sound, ...values.odd.keys()];
  const raws = await Promise.all(
    all.map((value) => octetsOf(composeMessage({ ...DRAFT, ...by.draft(value) }))),
  );
  await using python = hasPython() ? new PythonReader() : undefined;
  const read = await python?.read(raws);
  for (const [index, value] of all.entries()) {
    const raw = raws[index] ?? new Uint8Array();
    const mails: readonly (readonly [Reader, ReadMessage | undefined])[] = [
      ["postal-mime", await readWithPostalMime(raw)],
      ["mailparser", await readWithMailparser(raw)],
      ["compat32", read?.[index]?.compat32],
      ["default", read?.[index]?.default],
    ];
    const isText = by.draft(value).text !== undefined;
    const wanted = isText ? normalText(value.toWellFormed()) : value.toWellFormed();
    for (const [reader, mail] of mails) {
      if (mail === undefined) continue;
      assert.equal(by.found(mail), values.odd.get(value)?.[reader] ?? wanted, reader);
    }
  }
}
