// The mail session by itself: replies as Exchange words them, cuts at any place, and what must never get through.

import assert from "node:assert/strict";
import { MAX_MESSAGE_BYTES, SmtpSession } from "../../src/sandbox/smtp_session.ts";
import type { Arrival } from "../../src/sandbox/inbox.ts";
import type { FaultName } from "./scene.ts";

const ACCOUNT = "reports@contoso.example";
const TOKEN = "EwBgoodtoken";
const MESSAGE = `From: <${ACCOUNT}>\r\nSubject: x\r\n\r\n..dots\r\n.\r\n`;

interface Talk {
  readonly session: SmtpSession;
  readonly arrived: Arrival[];
  /** Sends lines with their ends and gives the reply's lines. */
  say(text: string): readonly string[];
  next(text: string): string;
}

function talk(options: { isSecure?: boolean; faults?: readonly FaultName[] } = {}): Talk {
  const faults = new Set(options.faults);
  const arrived: Arrival[] = [];
  const session = new SmtpSession({
    account: ACCOUNT,
    isActive: (fault) => faults.has(fault),
    takeOnce: (fault) => faults.delete(fault),
    senderBy: (token, user) => token === TOKEN && user === ACCOUNT ? "user" : undefined,
    accept: (arrival) => {
      arrived.push(arrival);
      return `id-${arrived.length}`;
    },
  }, { isSecure: options.isSecure ?? true });
  const feed = (text: string) => session.feed(new TextEncoder().encode(text));
  return {
    session,
    arrived,
    say: (text) => feed(text).reply.split("\r\n").slice(0, -1),
    next: (text) => feed(text).next,
  };
}

function xoauth2(user: string, token: string): string {
  return btoa(`user=${user}\u0001auth=Bearer ${token}\u0001\u0001`);
}

function signedIn(options: Parameters<typeof talk>[0] = {}): Talk {
  const made = talk(options);
  made.say("EHLO plant.local\r\n");
  assert.deepEqual(made.say(`AUTH XOAUTH2 ${xoauth2(ACCOUNT, TOKEN)}\r\n`), [
    "235 2.7.0 Authentication successful",
  ]);
  return made;
}

function text(octets: Uint8Array): string {
  return new TextDecoder().decode(octets);
}

Deno.test("SmtpSession greets as Exchange does", () => {
  const step = talk().session.greeting(Date.parse("2026-11-24T08:00:00Z"));
  assert.deepEqual(step, {
    reply: "220 SANDBOX.PROD.OUTLOOK.COM Microsoft ESMTP MAIL Service ready at " +
      "Tue, 24 Nov 2026 08:00:00 +0000\r\n",
    next: "read",
  });
});

Deno.test("SmtpSession lists STARTTLS before TLS only, AUTH behind TLS only", () => {
  const both = [
    "250-SIZE 157286400",
    "250-PIPELINING",
    "250-DSN",
    "250-ENHANCEDSTATUSCODES",
    "250-8BITMIME",
    "250-BINARYMIME",
    "250-CHUNKING",
    "250 SMTPUTF8",
  ];
  const clear = talk({ isSecure: false }).say("EHLO [192.0.2.5]\r\n");
  assert.equal(clear[0], "250-SANDBOX.PROD.OUTLOOK.COM Hello [192.0.2.5]");
  assert.deepEqual(clear.slice(1).filter((line) => !both.includes(line)), ["250-STARTTLS"]);
  const secure = talk().say("EHLO plant.local\r\n");
  assert.deepEqual(secure.slice(1).filter((line) => !both.includes(line)), [
    "250-AUTH LOGIN XOAUTH2",
  ]);
  for (const line of both) assert.ok(clear.includes(line) && secure.includes(line), line);
});

Deno.test("SmtpSession drops what was pipelined behind STARTTLS", () => {
  const { session, arrived } = talk({ isSecure: false });
  session.feed(new TextEncoder().encode("EHLO a.b\r\n"));
  const step = session.feed(new TextEncoder().encode("STARTTLS\r\nMAIL FROM:<a@b>\r\n"));
  assert.deepEqual(step, { reply: "220 2.0.0 SMTP server ready\r\n", next: "tls" });
  assert.deepEqual(arrived, []);
});

Deno.test("SmtpSession takes XOAUTH2 in one step and in two, and gives no challenge to a bad token", () => {
  signedIn();
  const two = talk();
  two.say("EHLO a.b\r\n");
  assert.deepEqual(two.say("AUTH XOAUTH2\r\n"), ["334 "]);
  assert.deepEqual(two.say(`${xoauth2(ACCOUNT, TOKEN)}\r\n`), [
    "235 2.7.0 Authentication successful",
  ]);
  const bad = [
    xoauth2(ACCOUNT, "other"),
    xoauth2("else@contoso.example", TOKEN),
    btoa("user=only"),
    "!!!",
  ];
  for (const response of bad) {
    const refused = talk();
    refused.say("EHLO a.b\r\n");
    assert.deepEqual(refused.say(`AUTH XOAUTH2 ${response}\r\n`), [
      "535 5.7.3 Authentication unsuccessful [SANDBOX.PROD.OUTLOOK.COM]",
    ]);
  }
});

Deno.test("SmtpSession refuses passwords, and AUTH without TLS", () => {
  const { say } = talk();
  say("EHLO a.b\r\n");
  assert.deepEqual(say("AUTH LOGIN\r\n"), ["334 VXNlcm5hbWU6"]);
  assert.deepEqual(say(`${btoa(ACCOUNT)}\r\n`), ["334 UGFzc3dvcmQ6"]);
  assert.match(
    say(`${btoa("password")}\r\n`)[0] ?? "",
    /^535 5\.7\.139 .*basic authentication is disabled/,
  );
  assert.deepEqual(say(`AUTH LOGIN ${btoa(ACCOUNT)}\r\n`), ["334 UGFzc3dvcmQ6"]);
  assert.deepEqual(say("*\r\n"), ["501 5.7.0 Authentication cancelled"]);
  assert.deepEqual(say("AUTH PLAIN AGEAYg==\r\n"), ["504 5.7.4 Unrecognized authentication type"]);
  const clear = talk({ isSecure: false });
  clear.say("EHLO a.b\r\n");
  assert.match(clear.say("AUTH XOAUTH2\r\n")[0] ?? "", /^504 5\.7\.4/);
});

Deno.test("SmtpSession wants EHLO, AUTH, MAIL and RCPT in this order", () => {
  const { say } = talk();
  assert.deepEqual(say("MAIL FROM:<a@b>\r\n"), ["503 5.5.2 Send hello first"]);
  assert.deepEqual(say("EHLO under_score\r\n"), ["501 5.5.4 Invalid domain name"]);
  say("EHLO a.b\r\n");
  assert.match(
    say(`MAIL FROM:<${ACCOUNT}>\r\n`)[0] ?? "",
    /^530 5\.7\.57 Client not authenticated/,
  );
  const good = signedIn();
  assert.deepEqual(good.say("RCPT TO:<a@b>\r\n"), ["503 5.5.2 Need mail command"]);
  assert.deepEqual(good.say(`MAIL FROM:<${ACCOUNT}> SIZE=9 BODY=8BITMIME\r\n`), [
    "250 2.1.0 Sender OK",
  ]);
  assert.deepEqual(good.say("DATA\r\n"), ["503 5.5.2 Need rcpt command"]);
  assert.deepEqual(good.say("MAIL FROM:<a@b>\r\n"), ["503 5.5.2 Sender already specified"]);
  assert.deepEqual(good.say("RCPT TO:<nobody>\r\n"), ["501 5.1.3 Invalid address"]);
  assert.deepEqual(good.say("RSET\r\nNOOP\r\nWHAT\r\nQUIT\r\n"), [
    "250 2.0.0 Resetting",
    "250 2.0.0 OK",
    "500 5.3.3 Unrecognized command 'WHAT'",
    "221 2.0.0 Service closing transmission channel",
  ]);
});

Deno.test("SmtpSession refuses a message above its SIZE before it is sent", () => {
  const { say } = signedIn();
  assert.deepEqual(say(`MAIL FROM:<${ACCOUNT}> SIZE=${MAX_MESSAGE_BYTES + 1}\r\n`), [
    "552 5.3.4 Message size exceeds fixed maximum message size",
  ]);
});

Deno.test("SmtpSession keeps no message above its SIZE, whatever was announced", () => {
  const { session, say, arrived } = signedIn();
  say(`MAIL FROM:<${ACCOUNT}>\r\nRCPT TO:<a@b.c>\r\nBDAT 9999999999\r\n`);
  const part = new Uint8Array(40_000_000);
  const steps = [1, 2, 3, 4].map(() => session.feed(part));
  assert.deepEqual(steps.map(({ next }) => next), ["read", "read", "read", "close"]);
  assert.match(steps[3]?.reply ?? "", /^552 5\.3\.4/);
  assert.deepEqual(arrived, []);
});

Deno.test("SmtpSession takes a pipelined mail cut at every place, and takes the dots away", () => {
  const whole =
    `MAIL FROM:<${ACCOUNT}>\r\nRCPT TO:<a@b.c>\r\nRCPT TO:<d@e.f>\r\nDATA\r\n${MESSAGE}`;
  const octets = new TextEncoder().encode(whole);
  for (let cut = 0; cut <= octets.length; cut++) {
    const { session, arrived } = signedIn();
    const reply = session.feed(octets.subarray(0, cut)).reply +
      session.feed(octets.subarray(cut)).reply;
    assert.deepEqual(reply.split("\r\n"), [
      "250 2.1.0 Sender OK",
      "250 2.1.5 Recipient OK",
      "250 2.1.5 Recipient OK",
      "354 Start mail input; end with <CRLF>.<CRLF>",
      "250 2.0.0 OK <id-1> [Hostname=SANDBOX.PROD.OUTLOOK.COM]",
      "",
    ]);
    assert.deepEqual(arrived[0]?.recipients, ["a@b.c", "d@e.f"]);
    assert.equal(text(arrived[0].source), `From: <${ACCOUNT}>\r\nSubject: x\r\n\r\n.dots\r\n`);
  }
});

Deno.test("SmtpSession does not end a message at a dot between bare line feeds", () => {
  const { say, arrived } = signedIn();
  say(`MAIL FROM:<${ACCOUNT}>\r\nRCPT TO:<a@b.c>\r\nDATA\r\n`);
  assert.deepEqual(say(`From: ${ACCOUNT}\r\n\r\nx\n.\nMAIL FROM:<evil@x>\r\n`), []);
  assert.match(say(".\r\n")[0] ?? "", /^250 2\.0\.0 OK/);
  assert.match(text(arrived[0]?.source ?? new Uint8Array()), /\n\.\nMAIL FROM/);
});

Deno.test("SmtpSession joins chunks, and swallows those that nobody wants", () => {
  const { say, arrived } = signedIn();
  assert.deepEqual(say("BDAT 4 LAST\r\nQUIT"), ["503 5.5.2 Need mail command"]);
  say(`MAIL FROM:<${ACCOUNT}>\r\nRCPT TO:<a@b.c>\r\n`);
  const [first, second] = [`From: ${ACCOUNT}\r\n`, "\r\n.\r\nQUIT\r\n"];
  assert.match(say(`BDAT ${first.length}\r\n${first}`)[0] ?? "", /^250 2\.6\.0 CHUNK received OK/);
  assert.match(say(`BDAT ${second.length} LAST\r\n${second}`)[0] ?? "", /^250 2\.0\.0 OK <id-1>/);
  assert.equal(text(arrived[0]?.source ?? new Uint8Array()), first + second);
});

Deno.test("SmtpSession looks at the From field as well as at the reverse-path", () => {
  const from = (field: string): string => {
    const { say } = signedIn();
    say(`MAIL FROM:<${ACCOUNT}>\r\nRCPT TO:<a@b.c>\r\nDATA\r\n`);
    return say(`${field}\r\n\r\nx\r\n.\r\n`)[0] ?? "";
  };
  assert.match(from(`From: "Boss, The" <boss@x.y>`), /^554 5\.2\.252 SendAsDenied; .* boss@x\.y;/);
  assert.match(from(`To: x\r\nFROM:\r\n Plant <REPORTS@contoso.example>`), /^250 /);
  assert.match(from("Subject: none"), /^550 5\.7\.512/);
});

Deno.test("SmtpSession ends a session that sends no end of line", () => {
  const { session } = talk();
  const step = session.feed(new Uint8Array(70_000).fill(65));
  assert.equal(step.next, "close");
  assert.match(step.reply, /^500 5\.5\.2/);
});

Deno.test("SmtpSession says nothing when it drops the connection", () => {
  const after = signedIn({ faults: ["drop-after-message"] });
  after.say(`MAIL FROM:<${ACCOUNT}>\r\nRCPT TO:<a@b.c>\r\nDATA\r\n`);
  assert.equal(after.next(MESSAGE), "drop");
  assert.equal(after.arrived.length, 1);
  const within = signedIn({ faults: ["drop-mid-message"] });
  within.say(`MAIL FROM:<${ACCOUNT}>\r\nRCPT TO:<a@b.c>\r\nDATA\r\n`);
  assert.equal(within.next("From: x"), "drop");
  assert.equal(within.arrived.length, 0);
});
