import assert from "node:assert/strict";
import fc from "fast-check";
import { Failure } from "../../src/base/failure.ts";
import { parseExtraFields } from "../../src/message/extra_field.ts";
import { rawText, RUNS } from "./readers.ts";

Deno.test("parseExtraFields() takes fields that nothing else makes, with what stands behind the first colon", () => {
  assert.deepEqual(
    parseExtraFields([
      "X-Plant: 7",
      "X-Time:  12:30 ",
      "X-Empty:",
      "X-Plant: 8",
      "Organization: Öl",
    ]),
    [
      { name: "X-Plant", value: "7" },
      { name: "X-Time", value: "12:30" },
      { name: "X-Empty", value: "" },
      { name: "X-Plant", value: "8" },
      { name: "Organization", value: "Öl" },
    ],
  );
});

const REFUSED: readonly (readonly [line: string, problem: RegExp, remedy: RegExp])[] = [
  ["subject: x", /header subject has a flag of its own/, /use --subject/],
  ["X-Priority: 1", /has a flag of its own/, /--importance/],
  ["Disposition-Notification-To: a@b", /has a flag of its own/, /--request-receipt/],
  ["bcc: spy@x.com", /has a flag of its own/, /--bcc/],
  ["Date: now", /is written by plantpost itself/, /leave it out/],
  ["Auto-Submitted: no", /is written by plantpost itself/, /leave it out/],
  ["Content-Type: text/html", /is written by plantpost itself/, /leave it out/],
  ["content-whatever: x", /is written by plantpost itself/, /leave it out/],
  ["MIME-VERSION: 2", /is written by plantpost itself/, /leave it out/],
  ["Received: from x", /is for mail servers to write/, /X-Plant-Received/],
  ["Return-Path: <>", /is for mail servers to write/, /leave it out/],
  ["Resent-To: a@b", /is for mail servers to write/, /leave it out/],
  ["ARC-Seal: x", /is for mail servers to write/, /leave it out/],
  ["DKIM-Signature: v=1", /is for mail servers to write/, /leave it out/],
  ["Authentication-Results: x", /is for mail servers to write/, /leave it out/],
  ["Sender: a@b", /is for mail servers to write/, /leave it out/],
  ["no colon here", /has no name with a colon/, /--header 'X-Plant: 7'/],
  [": x", /has no name with a colon/, /--header/],
  ["X Plant: 7", /has no name with a colon/, /--header/],
  ["X-Plänt: 7", /has no name with a colon/, /--header/],
  ["\r\nBcc: x", /has no name with a colon/, /--header/],
  ["X-A\r\nBcc: x", /has no name with a colon/, /--header/],
  ["References: x", /wanted message ids such as <a@host>/, /angle brackets/],
  ["In-Reply-To: <a@b> ö", /wanted message ids/, /angle brackets/],
  ["List-Unsubscribe: <https://x/ö>", /more than short words in ASCII/, /percent-encode/],
];

for (const [line, problem, remedy] of REFUSED) {
  Deno.test(`parseExtraFields() refuses ${JSON.stringify(line)}`, () => {
    assert.throws(() => parseExtraFields([line]), (failure) => {
      assert.ok(failure instanceof Failure && failure.code === "usage.invalid");
      assert.match(failure.message, problem);
      assert.match(failure.remedy ?? "", remedy);
      return true;
    });
  });
}

Deno.test("parseExtraFields() refuses a value with a line break, a name that is too long, and ids twice", () => {
  for (
    const line of [
      "X-A: b\r\nBcc: x@y",
      "X-A: b\nc",
      "X-A: \r",
      "X-A: a\0",
      `X-${"a".repeat(49)}: b`,
    ]
  ) {
    assert.throws(
      () => parseExtraFields([line]),
      { name: "Failure", code: "message.invalid" },
      line,
    );
  }
  assert.throws(
    () => parseExtraFields(["References: <a@b>", "references: <c@d>"]),
    { name: "Failure", code: "usage.invalid", message: "header references is given twice" },
  );
});

Deno.test("composeMessage() folds an own field, encodes it where it must, and keeps it in one field", async () => {
  const value = fc.string({ unit: "binary", maxLength: 300 }).filter((text) =>
    !/[\r\n\0]/.test(text)
  );
  const name = fc.stringMatching(/^X-[A-Za-z0-9]{1,40}$/);
  await fc.assert(
    fc.asyncProperty(name, value, async (name, value) => {
      const raw = await rawText({ extraFields: parseExtraFields([`${name}: ${value}`]) });
      const header = raw.slice(0, raw.indexOf("\r\n\r\n"));
      assert.equal(header.split(/\r\n(?![ \t])/).length, 10, header);
      assert.doesNotMatch(header, /[^\r\n -~]/);
      for (const one of header.split("\r\n")) {
        assert.ok(one.length <= 78 || !one.slice(55).includes(" "), one);
      }
    }),
    RUNS,
  );
});

Deno.test("composeMessage() refuses an own field whose name would end the header", async () => {
  for (const name of ["X\r\nBcc", "", "X-A:", "X A", "Ö"]) {
    await assert.rejects(
      rawText({ extraFields: [{ name, value: "x" }] }),
      { name: "Failure", code: "message.invalid" },
    );
  }
});
