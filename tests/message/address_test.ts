import assert from "node:assert/strict";
import fc from "fast-check";
import { Failure } from "../../src/base/failure.ts";
import {
  asciiDomain,
  type Mailbox,
  mailboxWords,
  parseAddressList,
} from "../../src/message/address.ts";
import { RUNS } from "./readers.ts";

const READ: readonly (readonly [string, readonly Mailbox[]])[] = [
  ["", []],
  [" , ,", []],
  ["a@b.com", [{ address: "a@b.com" }]],
  ["<a@b.com>", [{ address: "a@b.com" }]],
  ["a@b.com,,c@d.com ,", [{ address: "a@b.com" }, { address: "c@d.com" }]],
  ["Plant Admin <a@b.com>", [{ name: "Plant Admin", address: "a@b.com" }]],
  ["Dr. Max Müller <a@b.com>", [{ name: "Dr. Max Müller", address: "a@b.com" }]],
  ['"Müller, Max" <a@b.com>', [{ name: "Müller, Max", address: "a@b.com" }]],
  [String.raw`"a \"b\" \\c" <a@b.com>`, [{ name: 'a "b" \\c', address: "a@b.com" }]],
  ['"" <a@b.com>', [{ address: "a@b.com" }]],
  ["a@b.com (Anna (night, shift))", [{ address: "a@b.com" }]],
  ["Anna (QA, 2) <a@b.com>, c@d.com", [{ name: "Anna", address: "a@b.com" }, {
    address: "c@d.com",
  }]],
  ["a@b.com <a@b.com>", [{ name: "a@b.com", address: "a@b.com" }]],
  ["=?UTF-8?Q?=C3=96l?= <a@b.com>", [{ name: "=?UTF-8?Q?=C3=96l?=", address: "a@b.com" }]],
  ["hmi@[192.168.1.5]", [{ address: "hmi@[192.168.1.5]" }]],
  ["hmi@[IPv6:fe80::1]", [{ address: "hmi@[IPv6:fe80::1]" }]],
  ["root@localhost", [{ address: "root@localhost" }]],
  ["a@hmi_7.plant", [{ address: "a@hmi_7.plant" }]],
  ["a@Müller.de", [{ address: "a@xn--mller-kva.de" }]],
  ["öl@müller.de", [{ address: "öl@xn--mller-kva.de" }]],
  ['"a b"@c.de', [{ address: '"a b"@c.de' }]],
  ['"anna"@c.de', [{ address: "anna@c.de" }]],
  ['Anna <"a,>b"@c.de>, d@e', [{ name: "Anna", address: '"a,>b"@c.de' }, { address: "d@e" }]],
  [`${"l".repeat(64)}@c.de`, [{ address: `${"l".repeat(64)}@c.de` }]],
];

for (const [text, wanted] of READ) {
  Deno.test(`parseAddressList() reads ${JSON.stringify(text).slice(0, 50)}`, () => {
    assert.deepEqual(parseAddressList(text), wanted);
  });
}

const REFUSED: readonly (readonly [string, RegExp])[] = [
  ["anna", /address "anna" has no @, wanted user@host or Name <user@host>/],
  ["a@b.com, Müller, Max <m@b.com>", /address "Müller" has no @/],
  ["@b.com", /nothing before the @/],
  ["a@", /no valid host behind the @/],
  ["a@b..com", /no valid host/],
  ["a@-b.com", /no valid host/],
  ["a@b.com.", /no valid host/],
  ["a@[1.2.3.4", /address "a@\[1.2.3.4" lacks the closing \]/],
  ["a@bü/cher.de", /no valid host/],
  ["a@bü:25", /no valid host/],
  ["a b@c.de", /a blank before the @/],
  ["a\u200bb@c.de", /U\+200B before the @/],
  [".a@c.de", /may not stand there/],
  ["a..b@c.de", /may not stand there/],
  ["a@b.com; c@d.com", /address "a@b.com; c@d.com" /],
  ["a@b.com; Bo <c@d.com>", /not in quotes/],
  ["a@b.com Bo <c@d.com>", /not in quotes/],
  ["Bo <c@d.com> x", /Bo <c@d.com> x/],
  ["Bo <c@d.com", /lacks the closing >/],
  ['"Bo <c@d.com>', /lacks the closing "/],
  ["a@b (c", /lacks the closing \)/],
  ["Bo <>", /nothing between the angle brackets/],
  ["a@b.com\r\nBcc: x@y.com", /holds a line break/],
  ["a@b.com\n", /holds a line break/],
  ['"a\0" <a@b.com>', /control character/],
  ["a\x1b@b.com", /control character/],
  [`${"l".repeat(65)}@c.de`, /65 octets before the @, at most 64/],
  [`${"ö".repeat(33)}@c.de`, /66 octets before the @, at most 64/],
  [
    `a@${"d".repeat(60)}.${"d".repeat(60)}.${"d".repeat(60)}.${"d".repeat(60)}.${"d".repeat(9)}`,
    /255 octets/,
  ],
];

for (const [text, wanted] of REFUSED) {
  Deno.test(`parseAddressList() refuses ${JSON.stringify(text).slice(0, 50)}`, () => {
    assert.throws(
      () => parseAddressList(text),
      (failure) =>
        failure instanceof Failure && failure.code === "usage.invalid" &&
        wanted.test(failure.message),
    );
  });
}

Deno.test("mailboxWords() quotes or encodes a name only where it must", () => {
  const format = (name: string): string => joined({ name, address: "a@b" });
  assert.equal(joined({ address: "a@b" }), "a@b");
  assert.equal(format("Plant Admin"), "Plant Admin <a@b>");
  assert.equal(format("Miller, Max"), '"Miller, Max" <a@b>');
  assert.equal(format('a "b" \\c'), String.raw`"a \"b\" \\c" <a@b>`);
  assert.equal(format("Müller"), "=?UTF-8?Q?M=C3=BCller?= <a@b>");
  assert.equal(format("日本"), "=?UTF-8?B?5pel5pys?= <a@b>");
  assert.equal(format("=?x"), "=?UTF-8?B?PT94?= <a@b>");
});

Deno.test("parseAddressList() reads what mailboxWords() makes of a short ASCII name", () => {
  const name = fc.string({ minLength: 1, maxLength: 60 })
    .map((text) => text.replace(/ {2,}/g, " ").replace(/=\?/g, "=").trim())
    .filter((text) => text !== "");
  fc.assert(
    fc.property(fc.array(name), (names) => {
      const mailboxes = names.map((one, index) => ({ name: one, address: `a${index}@b.com` }));
      assert.deepEqual(parseAddressList(mailboxes.map(joined).join(", ")), mailboxes);
    }),
    RUNS,
  );
});

Deno.test("parseAddressList() gives Failures and sound addresses for any text", () => {
  const piece = fc.constantFrom(
    "a",
    "@",
    "b.de",
    "<",
    ">",
    '"',
    "\\",
    ",",
    "(",
    ")",
    "[",
    "]",
    " ",
    "ö",
    ";",
    ".",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      try {
        for (const { address } of parseAddressList(pieces.join(""))) {
          assert.match(address, /^(?:"(?:[^"\\]|\\.)*"|[^\s<>"(),]+)@[A-Za-z0-9.[\]:-]+$/);
        }
      } catch (failure) {
        assert.ok(failure instanceof Failure, String(failure));
      }
    }),
    { numRuns: RUNS.numRuns * 20 },
  );
});

Deno.test("asciiDomain() converts to A-labels and refuses what a URL would reinterpret", () => {
  assert.equal(asciiDomain("bücher.example"), "xn--bcher-kva.example");
  assert.equal(asciiDomain("例え。テスト"), "xn--r8jz45g.xn--zckzah");
  for (const wrong of ["ü@x", "ü#x", "ü?x", "ü%41", "ü\\x", "１２７.0.0.1", "ü ü", "ü.", ""]) {
    assert.equal(asciiDomain(wrong), undefined, wrong);
  }
});

function joined(mailbox: Mailbox): string {
  return mailboxWords(mailbox).join(" ");
}
