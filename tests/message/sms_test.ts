import assert from "node:assert/strict";
import fc from "fast-check";
import {
  gatewayNamed,
  gatewayOfDomain,
  hasEnded,
  SMS_GATEWAYS,
} from "../../src/message/sms_gateways.ts";
import { smsLength } from "../../src/message/sms_length.ts";
import { composeSms, type SmsDraft } from "../../src/message/sms_message.ts";
import { octetsOf, readWithMailparser, readWithPostalMime, RUNS } from "./readers.ts";

const CASES:
  readonly (readonly [text: string, alphabet: string, characters: number, parts: number])[] = [
    ["", "GSM 7-bit", 0, 1],
    ["x".repeat(160), "GSM 7-bit", 160, 1],
    ["x".repeat(161), "GSM 7-bit", 161, 2],
    ["x".repeat(306), "GSM 7-bit", 306, 2],
    ["x".repeat(307), "GSM 7-bit", 307, 3],
    ["\u00e4\u00f6\u00fc\u00df\u00c4\u00d6\u00dc\u00e8@\u00a3\n", "GSM 7-bit", 11, 1],
    ["\u20ac".repeat(80), "GSM 7-bit", 160, 1],
    ["\u20ac".repeat(80) + "x", "GSM 7-bit", 161, 2],
    // Of 153 places a part 152 are filled: what counts twice is not torn.
    ["\u20ac".repeat(153), "GSM 7-bit", 306, 3],
    ["^{}\\[~]|", "GSM 7-bit", 16, 1],
    ["\u201cquoted\u201d", "UCS-2", 8, 1],
    ["\u00e1".repeat(70), "UCS-2", 70, 1],
    ["\u00e1".repeat(71), "UCS-2", 71, 2],
    ["\u041d\u0430\u0441\u043e\u0441".repeat(27), "UCS-2", 135, 3],
    ["\u{1f6a8}".repeat(35), "UCS-2", 70, 1],
    ["\u{1f6a8}".repeat(67), "UCS-2", 134, 3],
    ["`", "UCS-2", 1, 1],
    ["\u00e7", "UCS-2", 1, 1],
    ["\0", "UCS-2", 1, 1],
  ];

Deno.test("smsLength() counts characters and parts as phones do", () => {
  for (const [text, alphabet, characters, parts] of CASES) {
    const found = smsLength(text);
    assert.deepEqual(
      [found.alphabet, found.characters, found.parts],
      [alphabet, characters, parts],
      JSON.stringify(text),
    );
    assert.equal(found.foreign === undefined, alphabet === "GSM 7-bit");
  }
});

Deno.test("smsLength() knows the 127 characters of the basic table and the ten of its extension", () => {
  const all = Array.from({ length: 0x3000 }, (_, code) => String.fromCharCode(code));
  const gsm = all.filter((character) => smsLength(character).alphabet === "GSM 7-bit");
  assert.equal(gsm.filter((character) => smsLength(character).characters === 1).length, 127);
  assert.equal(gsm.filter((character) => smsLength(character).characters === 2).length, 10);
});

const DRAFT: SmsDraft = {
  sender: "plant@example.com",
  recipients: ["5551234567@sms.example.com"],
  subject: "",
  text: "Pump 3 stopped",
  dateMs: Date.UTC(2026, 10, 24, 8),
  utcOffsetMinutes: 60,
  messageId: "<1@example.com>",
};

Deno.test("composeSms() writes the shortest mail there is", async () => {
  assert.equal(
    new TextDecoder().decode(await octetsOf(composeSms(DRAFT))),
    "Date: Tue, 24 Nov 2026 09:00:00 +0100\r\nFrom: plant@example.com\r\n" +
      "To: 5551234567@sms.example.com\r\nMessage-ID: <1@example.com>\r\nMIME-Version: 1.0\r\n" +
      "Content-Type: text/plain; charset=us-ascii\r\n\r\nPump 3 stopped\r\n",
  );
});

Deno.test("composeSms() is read by other people's readers, whatever the text", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.string({
        unit: fc.oneof(
          fc.constantFrom("\n", "\u00e4", "\u{1f6a8}"),
          fc.string({ unit: "grapheme" }),
        ),
      }),
      fc.constantFrom("", "ALARM", "St\u00f6rung"),
      async (written, subject) => {
        // deno-lint-ignore no-control-regex
        const text = written.replaceAll(/[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]/gu, "").trim();
        const octets = await octetsOf(composeSms({ ...DRAFT, text, subject }));
        for (const read of [readWithMailparser, readWithPostalMime]) {
          const mail = await read(octets);
          assert.equal(mail.text.trim(), text);
          assert.equal(mail.subject, subject);
          assert.deepEqual(mail.to.map(({ address }) => address), DRAFT.recipients);
        }
      },
    ),
    RUNS,
  );
});

Deno.test("SMS_GATEWAYS has every name and domain once, and is found by both", () => {
  const all = SMS_GATEWAYS.flatMap(({ name, domains }) => [name, ...domains]);
  assert.equal(new Set(all).size, all.length);
  assert.equal(gatewayOfDomain("VTEXT.com"), gatewayNamed("Verizon"));
  assert.equal(gatewayOfDomain("example.com"), undefined);
});

Deno.test("hasEnded() goes by the day", () => {
  const cases: readonly (readonly [name: string, day: string, wanted: boolean])[] = [
    ["att", "2024-01-01", true],
    ["verizon", "2026-11-24", false],
    ["verizon", "2027-03-31", false],
    ["verizon", "2027-04-01", true],
    ["tmobile", "2026-11-24", true],
    ["cricket", "2030-01-01", false],
  ];
  for (const [name, day, wanted] of cases) {
    const gateway = gatewayNamed(name);
    assert.ok(gateway !== undefined);
    assert.equal(hasEnded(gateway, Date.parse(`${day}T12:00:00Z`)), wanted, `${name} ${day}`);
  }
});
