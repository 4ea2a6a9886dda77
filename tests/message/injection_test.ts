// Nothing that is put into a message brings a header field, a part or a recipient of its own, whatever stands in it.

import assert from "node:assert/strict";
import fc from "fast-check";
import { Failure } from "../../src/base/failure.ts";
import { composeMessage, type MessageDraft } from "../../src/message/compose.ts";
import { DRAFT, octetsOf, RUNS } from "./readers.ts";

const evil = fc.array(
  fc.oneof(
    fc.constantFrom("\r\n", "\n", "\r", "\0", "\u2028", "\u0085", "\v", "\r\n ", "\r\n\r\n", "\t"),
    fc.constantFrom("Bcc: spy@x.com", "--=_mixed_0ld5eed", "--", ";", '"', ":", "<", ">", "="),
    fc.constantFrom(" ", ",", "@", "spy@x.com", "\\", "(", ")", "=?UTF-8?Q?=0D=0ABcc:_x?=", "x"),
    fc.string({ unit: "binary", maxLength: 5 }),
  ),
  { maxLength: 8 },
).map((pieces) => pieces.join(""));

/** A draft that is sound but for one value, which may stand in any of its places. */
const drafts: fc.Arbitrary<MessageDraft> = evil.chain((value) =>
  fc.constantFrom<Partial<MessageDraft>>(
    { subject: value },
    { from: { name: value, address: "a@b.com" } },
    { from: { address: value } },
    { from: { address: `${value}@b.com` } },
    { from: { address: `a@${value}` } },
    { to: [{ name: value, address: "a@b.com" }, { address: "c@d.com" }] },
    { cc: [{ address: value }] },
    { replyTo: [{ name: value, address: "a@b.com" }] },
    { receiptTo: { name: value, address: "a@b.com" } },
    { messageId: value },
    { text: value },
    { html: value },
    { extraFields: [{ name: "X-Plant", value }] },
    { extraFields: [{ name: value, value: "x" }] },
    { attachments: [{ ...file("f"), name: value }] },
    { attachments: [{ ...file("f"), type: value }] },
    { inlineFiles: [{ ...file("f"), name: value, contentId: "logo" }] },
    { inlineFiles: [{ ...file("f"), contentId: value }] },
  ).map((part) => ({ ...SOUND, ...part }))
);

const SOUND: MessageDraft = {
  ...DRAFT,
  cc: [{ address: "c@b.com" }],
  replyTo: [{ address: "r@b.com" }],
  receiptTo: DRAFT.from,
  html: "x",
  extraFields: [{ name: "X-Plant", value: "7" }],
  attachments: [file("f")],
  inlineFiles: [{ ...file("g"), contentId: "logo" }],
};

Deno.test("composeMessage() refuses what would bring a field or a part along, or makes it harmless", async () => {
  const wanted = await fieldsOf(SOUND);
  await fc.assert(
    fc.asyncProperty(drafts, async (draft) => {
      let found: readonly string[];
      try {
        found = await fieldsOf(draft);
      } catch (failure) {
        assert.ok(failure instanceof Failure, String(failure));
        return;
      }
      const own = draft.extraFields?.[0]?.name ?? "";
      assert.deepEqual(found, wanted.map((name) => name === "X-Plant" ? own : name));
    }),
    { numRuns: RUNS.numRuns * 50 },
  );
});

/** The names of all fields of the message and of its parts, in their order, as far as a simple reader sees them. */
async function fieldsOf(draft: MessageDraft): Promise<readonly string[]> {
  const message = new TextDecoder().decode(await octetsOf(composeMessage(draft)));
  assert.doesNotMatch(message.replaceAll("\r\n", ""), /[\r\n\0]/);
  const heads = message.split(/^--=_[a-z]+_5eed5eed5eed(?:--)?\r\n/m)
    .map((part) => part.slice(0, part.indexOf("\r\n\r\n")));
  return heads.flatMap((head) =>
    head.split(/\r\n(?![ \t])/).map((field) => field.slice(0, field.indexOf(":")))
  );
}

function file(name: string): MessageDraft["attachments"][number] {
  return { name, type: "a/b", sizeBytes: 0, open: () => ReadableStream.from([]) };
}
