// Who a raw message is for, held to what Python's `email` and mailparser make of the same header.

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { type EmailAddress, simpleParser } from "mailparser";
import type { RawField } from "../../src/message/raw_header.ts";
import { readRawMessage } from "../../src/message/raw_message.ts";
import { localName, mailboxesOf, recipientFields } from "../../src/message/raw_recipients.ts";
import { isFailure } from "../vault/fixtures.ts";
import { RUNS } from "./readers.ts";

const NO_NAMES = new Map<string, readonly string[]>();

async function fieldsOf(header: string): Promise<readonly RawField[]> {
  const octets = new TextEncoder().encode(`${header}\n\nx`);
  const input = {
    name: "mail.eml",
    async *octets(from: number): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(octets.subarray(from));
    },
  };
  return (await readRawMessage(input, { isLenient: false })).fields;
}

function addresses(
  fields: readonly RawField[],
  localNames: ReadonlyMap<string, readonly string[]> = NO_NAMES,
): readonly string[] {
  return recipientFields(fields).flatMap((field) =>
    mailboxesOf(field, { source: "mail.eml", localNames }).map(({ address }) => address)
  );
}

const ADDRESS = fc.tuple(
  fc.stringMatching(/^[a-z0-9][a-z0-9.+_-]{0,8}[a-z0-9]$/).filter((local) => !local.includes("..")),
  fc.constantFrom("example.com", "b.example", "sub.plant.example"),
).map(([local, domain]) => `${local}@${domain}`);

const NAME = fc.constantFrom(
  "",
  "Anna ",
  '"Berg, Anna" ',
  '"a: b; c" ',
  '"say \\"hi\\", <b@c.d>" ',
  "=?utf-8?q?=C3=96l=2C?= ",
  "Anna\n ",
);

const MAILBOX = fc.tuple(NAME, ADDRESS).map(([name, address]) => ({
  written: name === "" ? address : `${name}<${address}>`,
  addresses: [address],
}));

const GROUP = fc.tuple(
  fc.constantFrom("Shift", '"Shift: 3"', "Early shift"),
  fc.array(MAILBOX, { maxLength: 3 }),
).map(([name, members]) => ({
  written: `${name}: ${members.map(({ written }) => written).join(", ")};`,
  addresses: members.flatMap((member) => member.addresses),
}));

const LIST = fc.array(fc.oneof({ weight: 3, arbitrary: MAILBOX }, GROUP), {
  minLength: 1,
  maxLength: 5,
});

Deno.test("mailboxesOf() finds the mailboxes of lists and groups, as mailparser does", async () => {
  await fc.assert(
    fc.asyncProperty(LIST, fc.constantFrom(", ", ",", ",\n\t"), async (list, comma) => {
      const header = `To: ${list.map(({ written }) => written).join(comma)}`;
      const found = addresses(await fieldsOf(header));
      assert.deepEqual(found, list.flatMap((one) => one.addresses), header);
      const read = await simpleParser(Buffer.from(`${header}\r\n\r\nx`));
      const theirs = [read.to ?? []].flat().flatMap(({ value }) => value).flatMap(flat);
      assert.deepEqual(found, theirs.map(({ address }) => address), header);
    }),
    RUNS,
  );
});

function flat(one: EmailAddress): readonly EmailAddress[] {
  return one.group === undefined ? [one] : one.group.flatMap(flat);
}

const HEADERS: readonly (readonly [header: string, wanted: readonly string[]])[] = [
  ["To: a@b.c\nCc: d@e.f\nBcc: g@h.i\nReply-To: no@b.c", ["a@b.c", "d@e.f", "g@h.i"]],
  ["To: undisclosed-recipients:;\nBcc: a@b.c", ["a@b.c"]],
  ["To: a@b.c (Anna (the first) (of: two); shifts), d@e.f", ["a@b.c", "d@e.f"]],
  // RFC 5322 section 3.6.6: each block of Resent fields is of one sending, the newest stands on top.
  ["Resent-From: x@y.z\nResent-To: a@b.c\nResent-Bcc: d@e.f\nTo: old@b.c", ["a@b.c", "d@e.f"]],
  ["Resent-To: a@b.c\nReceived: by x\nResent-To: old@b.c\nTo: older@b.c", ["a@b.c"]],
  ["Resent-To: a@b.c\nResent-Date: x\nResent-To: old@b.c\nResent-Cc: old@d.e", ["a@b.c"]],
  ["Resent-From: x@y.z\nTo: a@b.c", ["a@b.c"]],
  ["To: root, Operators <operators>, a@b.c\nCc: root (Cron)", [
    ...["it@b.c", "x@b.c", "y@b.c", "a@b.c", "it@b.c"],
  ]],
];

const NAMES = new Map([["root", ["it@b.c"]], ["operators", ["x@b.c", "Y <y@b.c>"]]]);

Deno.test("recipientFields() takes To, Cc and Bcc, or the newest block of Resent fields", async () => {
  for (const [header, wanted] of HEADERS) {
    assert.deepEqual(addresses(await fieldsOf(header), NAMES), wanted, header);
  }
});

Deno.test("mailboxesOf() says on which line an address is wrong", async () => {
  const fields = await fieldsOf("Subject: x\nTo: a@b.c\nCc: a@b.c,\n anna");
  assert.throws(
    () => addresses(fields),
    isFailure("message.invalid", /^mail\.eml: line 3: Cc: address "anna" has no @/),
  );
});

Deno.test("localName() is the bare name however it is written", () => {
  for (const text of ["root", "<root>", "root (Cron Daemon)", "Cron Daemon <root>"]) {
    assert.equal(localName(text), "root");
  }
  for (const text of ["root@b.c", "Cron <root@b.c>", '"a b"', ""]) {
    assert.equal(localName(text), text);
  }
});
