// What was put into a message comes out of it again, in the eyes of readers written by other people.

import assert from "node:assert/strict";
import fc from "fast-check";
import { composeMessage, type MessageDraft } from "../../src/message/compose.ts";
import { asRead, draftOf, inPieces, type MadeUpMail, mails } from "./made_up_mails.ts";
import { hasPython, PythonReader, type ReadByPython } from "./python_reader.ts";
import { DRAFT, octetsOf, readWithMailparser, readWithPostalMime, RUNS } from "./readers.ts";
import type { ReadMailbox, ReadMessage } from "./readers.ts";

const HARD_NAME = "Tagesübersicht Öl–Kessel №3.xlsx";

const IS_SLOW = Deno.env.get("PLANTPOST_SLOW") === "1";
/** How many mails are made up in a run. */
const MAILS = IS_SLOW ? 30_000 : 10_000;
const AT_ONCE = 200;
/** Every which message Python reads by its default policy as well. */
const DEFAULT_EVERY = IS_SLOW ? 1 : 10;

Deno.test("composeMessage() is read as it was written, by all readers in each of 10,000 mails", async () => {
  const seed = Number(Deno.env.get("PLANTPOST_SEED") ?? Date.now() % 0x7fffffff);
  await using python = hasPython() ? new PythonReader() : undefined;
  for (const [at, some] of madeUp(seed)) {
    try {
      await hold(some, python);
    } catch (cause) {
      // Once more, one by one: now fast-check tells the smallest mail that does it, and the seed.
      const property = fc.asyncProperty(mails, (mail) => hold([mail], python));
      await fc.assert(property, { seed, numRuns: at + AT_ONCE });
      throw cause;
    }
  }
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
    await using python = new PythonReader();
    assert.deepEqual(
      (await python.read(raws)).map((mail) => [
        mail.default?.files[0]?.name,
        mail.compat32.files[0]?.name,
      ]),
      [[HARD_NAME, HARD_NAME], [long, long]],
    );
  },
});

Deno.test("composeMessage() keeps header lines at 78 where a blank allows it, and all under 998", async () => {
  await fc.assert(
    fc.asyncProperty(mails, async (mail) => {
      const text = new TextDecoder().decode(await octetsOf(composeMessage(draftOf(mail))));
      assert.ok(text.endsWith("\r\n"));
      assert.doesNotMatch(text.replaceAll("\r\n", ""), /[\r\n\0]/);
      for (const one of text.split("\r\n")) assert.ok(one.length <= 998, one);
      const header = text.slice(0, text.indexOf("\r\n\r\n"));
      for (const one of header.split("\r\n")) {
        const isUnbreakable = /^(?:[A-Za-z-]+:)? \S+$/.test(one);
        assert.ok(one.length <= 78 || isUnbreakable, one);
        assert.match(one, /\S/);
      }
    }),
    { numRuns: RUNS.numRuns * 5 },
  );
});

/** All mails of a seed, some at once, each lot with its place. */
function* madeUp(seed: number): Generator<readonly [at: number, some: readonly MadeUpMail[]]> {
  const all = fc.sample(mails, { seed, numRuns: MAILS });
  for (let at = 0; at < MAILS; at += AT_ONCE) yield [at, all.slice(at, at + AT_ONCE)];
}

async function hold(some: readonly MadeUpMail[], python: PythonReader | undefined): Promise<void> {
  const written = await Promise.all(some.map(async (mail) => ({
    mail: asRead(mail),
    raw: await octetsOf(composeMessage(draftOf(mail))),
  })));
  const reading = python?.read(written.map(({ raw }) => raw), { defaultEvery: DEFAULT_EVERY });
  try {
    for (const { raw, mail } of written) {
      holdPostalMime(await readWithPostalMime(raw), mail);
      assert.deepEqual(await readWithMailparser(raw), mail, "mailparser");
    }
  } finally {
    await reading;
  }
  const read = await reading ?? [];
  for (const [index, { mail }] of written.entries()) {
    const one = read[index];
    if (one !== undefined) holdPython(one, mail);
  }
}

// postal-mime decodes encoded-words even inside of RFC 2231 values, where they are text (RFC 2231 §4).
function holdPostalMime(read: ReadMessage, mail: ReadMessage): void {
  const known = (found: ReadMessage): ReadMessage => ({
    ...found,
    files: found.files.map((file, index) =>
      mail.files[index]?.name.includes("=?") === true ? { ...file, name: "" } : file
    ),
  });
  assert.deepEqual(known(read), known(mail), "postal-mime");
}

function holdPython(read: ReadByPython, mail: ReadMessage): void {
  assert.deepEqual(read.compat32, mail, "Python, compat32 policy");
  if (read.default !== undefined) {
    assert.deepEqual(squeezed(read.default), squeezed(mail), "Python, default policy");
  }
}

// Before 3.13.2, Python's default policy keeps the blank between two encoded-words of a name (gh-128110).
function squeezed(mail: ReadMessage): ReadMessage {
  const names = (list: readonly ReadMailbox[]): readonly ReadMailbox[] =>
    list.map(({ name, address }) => ({ name: name.replaceAll(" ", ""), address }));
  return {
    ...mail,
    from: names(mail.from),
    to: names(mail.to),
    cc: names(mail.cc),
    replyTo: names(mail.replyTo),
  };
}

function draftWithFile(name: string): MessageDraft {
  const octets = new TextEncoder().encode("abc");
  return {
    ...DRAFT,
    attachments: [{ name, type: "text/csv", sizeBytes: 3, open: () => inPieces(octets) }],
  };
}
