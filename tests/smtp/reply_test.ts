import assert from "node:assert/strict";
import fc from "fast-check";
import { Failure } from "../../src/base/failure.ts";
import { type Reply, ReplyParser, replyText } from "../../src/smtp/reply.ts";

function parsed(text: string, cutAt: (length: number) => number = (length) => length): Reply[] {
  const parser = new ReplyParser();
  const bytes = new TextEncoder().encode(text);
  const replies: Reply[] = [];
  for (let start = 0; start < bytes.length;) {
    const end = start + Math.max(1, Math.min(cutAt(bytes.length - start), bytes.length - start));
    while (start < end) {
      start = parser.feed(bytes, start, end);
      const reply = parser.take();
      if (reply !== undefined) replies.push(reply);
    }
  }
  return replies;
}

function only(text: string): Reply {
  const [reply, ...others] = parsed(text);
  assert.ok(reply !== undefined && others.length === 0);
  return reply;
}

function isProtocolFailure(error: unknown): boolean {
  return error instanceof Failure && error.code === "smtp.protocol";
}

Deno.test("ReplyParser reads code, enhanced status code and text", () => {
  assert.deepEqual(only("250 2.0.0 Ok: queued\r\n"), {
    code: 250,
    enhancedCode: "2.0.0",
    lines: ["2.0.0 Ok: queued"],
    text: "Ok: queued",
  });
});

Deno.test("ReplyParser leaves the enhanced status code out where there is none", () => {
  assert.deepEqual(only("220 smtp.example.com ESMTP\r\n"), {
    code: 220,
    lines: ["smtp.example.com ESMTP"],
    text: "smtp.example.com ESMTP",
  });
  assert.equal(only("250 2.0.0.0 is an address\r\n").enhancedCode, undefined);
});

Deno.test("ReplyParser takes a code without blank, with a blank, and with a bare LF", () => {
  for (const end of ["\r\n", " \r\n", "\n"]) {
    assert.deepEqual(only(`334${end}`), { code: 334, lines: [""], text: "" });
  }
});

Deno.test("ReplyParser replaces control characters, which a terminal would obey", () => {
  assert.equal(only("250 a\x1b[31m\tb\x9bc\r\n").text, "a\ufffd[31m b\ufffdc");
});

Deno.test("ReplyParser stops behind a reply", () => {
  const parser = new ReplyParser();
  const bytes = new TextEncoder().encode("220 go\r\n250 injected\r\n");
  assert.equal(parser.feed(bytes, 0, bytes.length), 8);
  assert.equal(parser.take()?.code, 220);
  assert.equal(parser.take(), undefined);
});

Deno.test("ReplyParser rejects a code change inside one reply", () => {
  assert.throws(() => parsed("250-one\r\n251 two\r\n"), isProtocolFailure);
});

Deno.test("ReplyParser rejects what is no reply", () => {
  for (const line of ["hello", "25", "199 a", "600 a", "250_a", "250a", "", "\x002500 "]) {
    assert.throws(() => parsed(`${line}\r\n`), isProtocolFailure, JSON.stringify(line));
  }
});

Deno.test("ReplyParser takes a line of 4096 octets and rejects a longer one", () => {
  assert.equal(only(`250 ${"a".repeat(4090)}\r\n`).text.length, 4090);
  assert.throws(() => parsed(`250 ${"a".repeat(4091)}\r\n`), isProtocolFailure);
  assert.throws(() => parsed(`250 ${"a".repeat(4091)}\r\n`, () => 1), isProtocolFailure);
  assert.throws(() => parsed("a".repeat(4097), () => 100), isProtocolFailure);
});

Deno.test("ReplyParser takes 200 lines and rejects more", () => {
  assert.equal(only(`${"250-a\r\n".repeat(199)}250 b\r\n`).lines.length, 200);
  assert.throws(() => parsed(`${"250-a\r\n".repeat(200)}250 b\r\n`), isProtocolFailure);
});

Deno.test("ReplyParser gives the same replies for every cut", () => {
  const line = fc.string({ unit: "grapheme", maxLength: 40 }).map((text) =>
    text.replace(/[\r\n]/g, "")
  );
  const reply = fc.record({
    code: fc.integer({ min: 200, max: 559 }),
    lines: fc.array(line, { minLength: 1, maxLength: 4 }),
  });
  fc.assert(fc.property(
    fc.array(reply, { minLength: 1, maxLength: 4 }),
    fc.infiniteStream(fc.integer({ min: 1, max: 30 })),
    (replies, cuts) => {
      const wire = replies.map(({ code, lines }) =>
        lines.map((text, i) => `${code}${i < lines.length - 1 ? "-" : " "}${text}\r\n`).join("")
      ).join("");
      const whole = parsed(wire);
      assert.deepEqual(whole.map(({ code }) => code), replies.map(({ code }) => code));
      assert.deepEqual(parsed(wire, () => 1), whole);
      assert.deepEqual(parsed(wire, () => cuts.next().value), whole);
    },
  ));
});

Deno.test("replyText() gives one line with one enhanced status code", () => {
  assert.equal(replyText(only("250 2.0.0 Ok: queued\r\n")), "250 2.0.0 Ok: queued");
  assert.equal(
    replyText(only("535-5.7.8 no\r\n535 5.7.8 way - gsmtp\r\n")),
    "535 5.7.8 no way - gsmtp",
  );
  assert.equal(replyText(only("250\r\n")), "250");
});
