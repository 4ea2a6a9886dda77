import assert from "node:assert/strict";
import fc from "fast-check";
import { Failure } from "../../src/base/failure.ts";
import { formatDate } from "../../src/message/date.ts";
import { encodedWords } from "../../src/message/encoded_word.ts";
import { addressHeader, unstructured } from "../../src/message/header.ts";
import {
  encodedWordParameter,
  extendedParameter,
  parameterField,
} from "../../src/message/parameter.ts";
import { RUNS } from "./readers.ts";

Deno.test("unstructured() leaves ASCII as it is and encodes the rest", () => {
  assert.equal(unstructured("Subject", "Pump 3 stopped"), "Subject: Pump 3 stopped\r\n");
  assert.equal(unstructured("Subject", ""), "Subject:\r\n");
  assert.equal(unstructured("Subject", "Öl"), "Subject: =?UTF-8?B?w5Zs?=\r\n");
  assert.equal(unstructured("Subject", "a  b"), "Subject: =?UTF-8?Q?a__b?=\r\n");
});

Deno.test("unstructured() folds at blanks and keeps a long word whole", () => {
  const word = "w".repeat(120);
  assert.equal(
    unstructured("Subject", `${"pump ".repeat(14)}${word} end`),
    `Subject: ${"pump ".repeat(13)}\r\n pump\r\n ${word}\r\n end\r\n`.replaceAll(" \r\n", "\r\n"),
  );
});

Deno.test("unstructured() never makes a line over 998", () => {
  for (const line of unstructured("Subject", "x".repeat(5000)).split("\r\n")) {
    assert.ok(line.length <= 76, line);
  }
});

for (const value of ["a\r\nBcc: x@y", "a\nb", "a\rb", "a\0b", "\n"]) {
  Deno.test(`unstructured() and addressHeader() refuse ${JSON.stringify(value)}`, () => {
    const isRefusal = (failure: unknown): boolean =>
      failure instanceof Failure && failure.code === "message.invalid" &&
      /^(?:Subject|To): holds a (?:line break|NUL)/.test(failure.message);
    assert.throws(() => unstructured("Subject", value), isRefusal);
    assert.throws(() => addressHeader("To", [{ name: value, address: "a@b" }]), isRefusal);
    assert.throws(() => addressHeader("To", [{ address: `${value}@b` }]), isRefusal);
  });
}

Deno.test("addressHeader() refuses an address that would bring in another one", () => {
  for (const address of ["a@b, c@d", "a@b> <c@d", "a b@c", "a"]) {
    assert.throws(
      () => addressHeader("To", [{ address }]),
      (failure) => failure instanceof Failure && failure.code === "message.invalid",
    );
  }
});

Deno.test("addressHeader() folds between mailboxes", () => {
  const mailboxes = ["anna", "bo", "chris"].map((name) => ({
    name: "Night, Shift",
    address: `${name}@operators.contoso.com`,
  }));
  assert.equal(
    addressHeader("To", mailboxes),
    'To: "Night, Shift" <anna@operators.contoso.com>, "Night, Shift"\r\n' +
      ' <bo@operators.contoso.com>, "Night, Shift" <chris@operators.contoso.com>\r\n',
  );
});

Deno.test("addressHeader() writes a local part outside ASCII as raw UTF-8", () => {
  assert.equal(addressHeader("To", [{ address: "öl@müller.de" }]), "To: öl@xn--mller-kva.de\r\n");
});

Deno.test("encodedWords() gives words of at most 75 that decode on their own", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", minLength: 1, maxLength: 200 }), (text) => {
      const words = encodedWords(text, 60);
      assert.ok((words[0] ?? "").length <= 60);
      for (const word of words) assert.ok(word.length <= 75, word);
      assert.equal(words.map(decodedWord).join(""), text);
    }),
    RUNS,
  );
});

Deno.test("extendedParameter() numbers the parts of a long name (RFC 2231)", () => {
  assert.deepEqual(extendedParameter("filename", "report.pdf"), ['filename="report.pdf"']);
  assert.deepEqual(extendedParameter("filename", "Öl №3"), [
    "filename*=UTF-8''%C3%96l%20%E2%84%963",
  ]);
  assert.deepEqual(extendedParameter("filename", "ö".repeat(12)), [
    `filename*0*=UTF-8''${"%C3%B6".repeat(8)};`,
    `filename*1*=${"%C3%B6".repeat(4)}`,
  ]);
  assert.deepEqual(extendedParameter("filename", `a"b*'(%`), [
    "filename*=UTF-8''a%22b%2A%27%28%25",
  ]);
});

Deno.test("encodedWordParameter() puts encoded-words in quotes", () => {
  assert.deepEqual(encodedWordParameter("name", "Öl"), ['name="=?UTF-8?B?w5Zs?="']);
  const folded = parameterField("Content-Type", {
    value: "text/csv",
    parameters: [encodedWordParameter("name", "ö".repeat(40))],
  });
  for (const line of folded.split("\r\n")) assert.ok(line.length <= 76, line);
  assert.match(
    folded,
    /^Content-Type: text\/csv;\r\n name="=\?UTF-8\?B\?\S+\?=\r\n =\?\S+\?="\r\n$/,
  );
});

Deno.test("formatDate() writes the date-time of RFC 5322", () => {
  const atMs = Date.UTC(1997, 10, 21, 15, 55, 6);
  assert.equal(formatDate(atMs, -360), "Fri, 21 Nov 1997 09:55:06 -0600");
  assert.equal(formatDate(atMs, 0), "Fri, 21 Nov 1997 15:55:06 +0000");
  assert.equal(formatDate(atMs, 345), "Fri, 21 Nov 1997 21:40:06 +0545");
  assert.equal(formatDate(Date.UTC(2026, 11, 31, 23, 30), 60), "Fri, 1 Jan 2027 00:30:00 +0100");
});

function decodedWord(word: string): string {
  const [, encoding, payload = ""] = /^=\?UTF-8\?([QB])\?(.*)\?=$/.exec(word) ?? [];
  const binary = encoding === "B" ? atob(payload) : payload.replaceAll("_", " ").replace(
    /=([0-9A-F]{2})/g,
    (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)),
  );
  const octets = Uint8Array.from(binary, (character) => character.charCodeAt(0));
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(octets);
}
