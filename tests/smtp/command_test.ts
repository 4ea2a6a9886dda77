import assert from "node:assert/strict";
import { Failure } from "../../src/base/failure.ts";
import {
  addressLiteral,
  authCommand,
  bdatCommand,
  ehloCommand,
  mailCommand,
  needsSmtpUtf8,
  rcptCommand,
} from "../../src/smtp/command.ts";

function isInvalid(error: unknown): boolean {
  return error instanceof Failure && error.code === "message.invalid";
}

Deno.test("mailCommand() adds only the parameters asked for", () => {
  assert.equal(mailCommand(""), "MAIL FROM:<>");
  assert.equal(
    mailCommand("a@x", { sizeBytes: 12, isEightBitMime: true, isSmtpUtf8: true }),
    "MAIL FROM:<a@x> SIZE=12 BODY=8BITMIME SMTPUTF8",
  );
});

Deno.test("mailCommand() and rcptCommand() ask for reports in xtext, and leave out what it cannot carry", () => {
  assert.equal(
    mailCommand("a@x", { dsn: { ret: "hdrs", envelopeId: "<1+2=3@x>" } }),
    "MAIL FROM:<a@x> RET=HDRS ENVID=<1+2B2+3D3@x>",
  );
  const long = "a".repeat(101);
  assert.equal(mailCommand("a@x", { dsn: { envelopeId: long } }), "MAIL FROM:<a@x>");
  assert.equal(mailCommand("a@x", { dsn: { envelopeId: "a b" } }), "MAIL FROM:<a@x>");
  assert.equal(
    rcptCommand("a+b=c@x", ["failure", "delay"]),
    "RCPT TO:<a+b=c@x> NOTIFY=FAILURE,DELAY ORCPT=rfc822;a+2Bb+3Dc@x",
  );
  assert.equal(rcptCommand('"a b"@x', ["never"]), 'RCPT TO:<"a b"@x> NOTIFY=NEVER');
  assert.equal(rcptCommand("ö@x", ["never"]), "RCPT TO:<ö@x> NOTIFY=NEVER");
});

Deno.test("mailCommand() and rcptCommand() refuse what would break the line", () => {
  const attacks = [
    "a@x\r\nRCPT TO:<b@x>",
    "a@x\n",
    "a@x\0",
    "a@x> SIZE=1",
    "<a@x>",
    "a b@x",
    "a@x\x7f",
    '"a" b"@x',
    "a@x\u0085",
  ];
  for (const address of attacks) {
    assert.throws(() => mailCommand(address), isInvalid, JSON.stringify(address));
    assert.throws(() => rcptCommand(address), isInvalid, JSON.stringify(address));
  }
  assert.throws(() => rcptCommand(""), isInvalid);
});

Deno.test("rcptCommand() keeps a quoted local part", () => {
  assert.equal(rcptCommand('"a > b\\" c"@x'), 'RCPT TO:<"a > b\\" c"@x>');
});

Deno.test("ehloCommand() refuses more than one word", () => {
  assert.equal(ehloCommand("[192.168.1.5]"), "EHLO [192.168.1.5]");
  for (const name of ["", "a b", "a\r\nb"]) assert.throws(() => ehloCommand(name), isInvalid);
});

Deno.test("addressLiteral() gives the literal of each family", () => {
  assert.equal(addressLiteral("192.168.1.5"), "[192.168.1.5]");
  assert.equal(addressLiteral("fe80::1%eth0"), "[IPv6:fe80::1]");
  assert.equal(addressLiteral("::ffff:10.0.0.7"), "[10.0.0.7]");
  assert.equal(addressLiteral(""), "[127.0.0.1]");
});

Deno.test("authCommand() and bdatCommand() build their lines", () => {
  assert.equal(authCommand("XOAUTH2"), "AUTH XOAUTH2");
  assert.equal(authCommand("XOAUTH2", "abc="), "AUTH XOAUTH2 abc=");
  assert.equal(authCommand("EXTERNAL", ""), "AUTH EXTERNAL =");
  assert.equal(bdatCommand(7, false), "BDAT 7");
  assert.equal(bdatCommand(7, true), "BDAT 7 LAST");
});

Deno.test("needsSmtpUtf8() tells ASCII from the rest", () => {
  assert.equal(needsSmtpUtf8("a@example.com"), false);
  assert.equal(needsSmtpUtf8("jürgen@example.com"), true);
});
