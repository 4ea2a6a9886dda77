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

// What no first figure tells (quotas that pass, permissions that never come), in whichever turn the server says it.
const EXCEPTIONS: readonly (readonly [string, string])[] = [
  ["554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; Failed", "later"],
  ["550 5.2.2 Submission quota exceeded", "later"],
  ["554 5.2.0 STOREDRV.Submission.Exception:StorageTransientException.MapiException", "later"],
  ["554 5.2.0 STOREDRV.Submission.Exception:InvalidRecipientsException", "never"],
  ["554 5.2.2 mailbox full; STOREDRV.Submission.Exception:QuotaExceededException", "never"],
  ["554 5.2.252 SendAsDenied; a@x not allowed to send as b@x", "never"],
  ["550 5.4.5 Daily user sending limit exceeded", "later"],
  ["550 5.4.5 Daily SMTP relay limit exceeded for customer", "later"],
  ["550 5.7.1 Daily SMTP relay limit exceeded for customer", "later"],
  ["550 5.7.1 Our system has detected that this message is likely unsolicited mail", "never"],
  ["550 5.7.233 tenant has exceeded its daily limit for external recipients", "later"],
  ["550 5.7.232 trial tenant limit", "later"],
  ["550 5.2.121 Recipient's per hour message receive limit exceeded", "later"],
  ["550 5.2.1 The user you are trying to contact is receiving mail at a rate that", "later"],
  ["550 5.2.1 The email account that you tried to reach is disabled", "never"],
  ["430 4.2.0 STOREDRV; mailbox logon failure; MapiExceptionLogonFailed", "never"],
  ["432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded", "later"],
  ["451 4.7.500 Access denied, please try again later (AS780090)", "later"],
  ["530 5.7.57 Client not authenticated to send mail", "after-login"],
  ["552 5.3.4 Message size exceeds fixed maximum message size", "never"],
];

Deno.test("classifyReply() tells the exceptions alike for the sender, each recipient and the message", () => {
  for (const [line, retry] of EXCEPTIONS) {
    for (const phase of ["mail", "rcpt", "data", "message"] as const) {
      assert.equal(classifyReply(phase, reply(line)).retry, retry, `${phase}: ${line}`);
    }
  }
});

Deno.test("classifyReply() takes an old server's 552 for too many recipients as the 452 that is meant", () => {
  assert.equal(classifyReply("rcpt", reply("552 Too many recipients")).retry, "later");
  assert.equal(classifyReply("message", reply("552 Too many recipients")).retry, "never");
});

Deno.test("classifyReply() holds nothing against the message where no transaction can begin", () => {
  assert.deepEqual(classifyReply("rset", reply("502 5.5.1 unknown")), {
    code: "smtp.temporary",
    retry: "later",
  });
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
