import assert from "node:assert/strict";
import { classifyReply, type Phase, refusalFailure } from "../../src/smtp/reply_class.ts";
import { type Reply, ReplyParser } from "../../src/smtp/reply.ts";

function reply(line: string): Reply {
  const parser = new ReplyParser();
  const bytes = new TextEncoder().encode(`${line}\r\n`);
  parser.feed(bytes, 0, bytes.length);
  const parsed = parser.take();
  assert.ok(parsed !== undefined);
  return parsed;
}

const ROWS: readonly (readonly [Phase, string, string])[] = [
  ["auth", "535 5.7.3 Authentication unsuccessful", "smtp.auth_refused after-login"],
  ["auth", "535 5.7.8 Username and Password not accepted", "smtp.auth_refused after-login"],
  ["auth", "534 5.7.9 Application-specific password required", "smtp.auth_refused after-login"],
  ["mail", "530 5.7.57 Client not authenticated to send mail", "smtp.auth_refused after-login"],
  ["auth", "504 5.7.4 Unrecognized authentication type", "smtp.auth_refused never"],
  ["auth", "454 4.7.0 Temporary authentication failure", "smtp.temporary later"],
  ["message", "432 4.3.2 Concurrent connections limit exceeded", "smtp.temporary later"],
  [
    "message",
    "430 4.2.0 STOREDRV; mailbox logon failure; MapiExceptionLogonFailed",
    "smtp.refused never",
  ],
  [
    "message",
    "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; no",
    "smtp.temporary later",
  ],
  [
    "message",
    "554 5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied",
    "smtp.refused never",
  ],
  [
    "message",
    "554 5.2.0 STOREDRV.Submission.Exception:StorageTransientException.MapiExceptionTimeout",
    "smtp.temporary later",
  ],
  ["message", "550 5.4.5 Daily user sending limit exceeded", "smtp.temporary later"],
  ["rcpt", "550 5.7.233 tenant has exceeded its daily limit", "smtp.temporary later"],
  ["rcpt", "550 5.1.1 No such user", "smtp.recipient_refused never"],
  ["rcpt", "452 4.2.2 over quota", "smtp.temporary later"],
  ["mail", "552 message size exceeds fixed maximum", "message.too_big never"],
  ["message", "552 5.3.4 Message size exceeds fixed maximum message size", "message.too_big never"],
  ["message", "552 5.2.3 exceeds Google's message size limits", "message.too_big never"],
  ["message", "552 5.7.0 blocked content", "smtp.refused never"],
  ["message", "554 5.2.2 mailbox full", "smtp.refused never"],
  ["message", "550 5.7.60 SMTP; Client does not have permissions", "smtp.refused never"],
  ["data", "354 go", "smtp.protocol never"],
  ["mail", "250 ok", "smtp.protocol never"],
];

Deno.test("classifyReply() goes by phase, codes and text, not by the first figure alone", () => {
  for (const [phase, line, expected] of ROWS) {
    const { code, retry } = classifyReply(phase, reply(line));
    assert.equal(`${code} ${retry}`, expected, `${phase}: ${line}`);
  }
});

Deno.test("refusalFailure() keeps the server's lines", () => {
  const line =
    "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.";
  const failure = refusalFailure(reply(line), {
    phase: "auth",
    command: "AUTH XOAUTH2",
    what: "the sign-in of a@x",
    server: "smtp.office365.com:587",
  });
  assert.equal(failure.message, `smtp.office365.com:587 refused the sign-in of a@x: ${line}`);
  assert.equal(failure.remedy, undefined, "the catalogue knows it");
  assert.deepEqual(failure.refusal, {
    kind: "smtp",
    command: "AUTH XOAUTH2",
    replyCode: 535,
    enhancedCode: "5.7.139",
    lines: [line.slice(4)],
  });
});
