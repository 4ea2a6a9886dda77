// Every SMTP reply that the catalogue must know, as servers write it: which entry it finds, who must act, and
// whether trying again helps; the SMTP client must class it the same way.

import assert from "node:assert/strict";
import type { SmtpRefusal } from "../../src/base/failure.ts";
import { entryOf, findEntry } from "../../src/catalogue/find.ts";
import { explainText } from "../../src/catalogue/explain.ts";
import { EXCHANGE_SENDING, EXCHANGE_SIGN_IN } from "./exchange_replies.ts";
import { GMAIL } from "./gmail_replies.ts";
import type { Row } from "./replies.ts";
import { classifyReply, type Phase } from "../../src/smtp/reply_class.ts";

const OTHERS: readonly Row[] = [
  [
    "auth",
    "535 5.7.8 Error: authentication failed: UGFzc3dvcmQ6",
    "reply.sign_in_refused",
    "user",
    "after-login",
  ],
  ["auth", "535 authentication failed", "reply.sign_in_refused", "user", "after-login"],
  ["auth", "538 no", "reply.sign_in_not_possible", "operator", "never"],
  ["mail", "530 Must issue a STARTTLS command first", "reply.starttls_first", "operator", "never"],
  ["message", "552 message too large", "reply.too_big", "operator", "never"],
  ["rcpt", "550 no such user", "reply.recipient_refused", "operator", "never"],
  ["rcpt", "552 Too many recipients", "reply.too_many_recipients", "operator", "later"],
  ["rcpt", "450 greylisted", "reply.temporary", "operator", "later"],
  ["message", "571 never", "reply.refused", "operator", "never"],
];

for (
  const [whose, rows] of Object.entries({ EXCHANGE_SIGN_IN, EXCHANGE_SENDING, GMAIL, OTHERS })
) {
  Deno.test(`findEntry() finds each reply of ${whose}, as the SMTP client classes it`, () => {
    for (const [phase, line, id, who, retry] of rows) {
      const entry = findEntry(refusal(phase, line));
      assert.deepEqual([entry?.id, entry?.who, entry?.retry], [id, who, retry], line);
      const { enhancedCode, replyCode: code, lines } = refusal(phase, line);
      const reply = { code, lines, text: lines.join("\n"), ...enhanced(enhancedCode) };
      assert.equal(classifyReply(phase, reply).retry, retry, `${phase}: ${line}`);
    }
  });
}

Deno.test("explainText() finds each reply by its line and by its codes alone", () => {
  for (const [, line, id] of [...EXCHANGE_SIGN_IN, ...EXCHANGE_SENDING, ...GMAIL]) {
    assert.equal(explainText(`> ${line}`).found[0]?.entry.id, id, line);
    const codes = line.split(" ", 2);
    for (const asked of [codes.join(" "), codes.join("-"), codes[1] ?? ""]) {
      const ids = explainText(asked).found.map(({ entry }) => entry.id);
      assert.ok(ids.includes(id), `${asked}: ${ids.join()}`);
    }
  }
});

Deno.test("explainText() knows the replies that are no errors", () => {
  for (
    const [asked, id] of [
      ["235 2.7.0", "reply.signed_in"],
      ["235 2.7.0 Authentication successful", "reply.signed_in"],
      ["334", "reply.sign_in_goes_on"],
      ["S: 334 ", "reply.sign_in_goes_on"],
    ] as const
  ) {
    assert.deepEqual(explainText(asked).found.map(({ entry }) => entry), [entryOf(id)], asked);
  }
});

function refusal(phase: Phase, line: string): SmtpRefusal {
  const [code, second = ""] = line.split(" ");
  return {
    kind: "smtp",
    command: COMMANDS[phase],
    replyCode: Number(code),
    lines: [line.slice(4)],
    ...(/^[245]\.\d+\.\d+$/.test(second) ? { enhancedCode: second } : {}),
  };
}

function enhanced(enhancedCode: string | undefined): { readonly enhancedCode?: string } {
  return enhancedCode === undefined ? {} : { enhancedCode };
}

const COMMANDS: Readonly<Record<Phase, string>> = {
  greeting: "",
  ehlo: "EHLO [127.0.0.1]",
  starttls: "STARTTLS",
  auth: "AUTH XOAUTH2",
  mail: "MAIL FROM:<a@example.com>",
  rcpt: "RCPT TO:<b@example.com>",
  data: "DATA",
  message: "DATA",
  rset: "RSET",
};
