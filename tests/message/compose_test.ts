import assert from "node:assert/strict";
import { Failure } from "../../src/base/failure.ts";
import { type Attachment, composeMessage, newMessageId } from "../../src/message/compose.ts";
import { checkedMediaType, mediaTypeOf } from "../../src/message/media_type.ts";
import { DRAFT, octetsOf, rawText } from "./readers.ts";

Deno.test("composeMessage() writes a text message in the customary order", async () => {
  assert.equal(
    await rawText({
      cc: [{ address: "bo@contoso.com" }],
      replyTo: [{ address: "desk@contoso.com" }],
      text: "Pump 3 stopped",
    }),
    [
      "Date: Mon, 27 Jul 2026 08:05:09 +0200",
      "From: Plant Admin <reports@contoso.com>",
      "To: anna@contoso.com",
      "Cc: bo@contoso.com",
      "Reply-To: desk@contoso.com",
      "Subject: Daily report",
      "Message-ID: <0123456789abcdef@contoso.com>",
      "Auto-Submitted: auto-generated",
      "MIME-Version: 1.0",
      "Content-Type: text/plain; charset=utf-8",
      "Content-Transfer-Encoding: 7bit",
      "",
      "Pump 3 stopped",
      "",
    ].join("\r\n"),
  );
});

Deno.test("composeMessage() nests alternative in mixed", async () => {
  const raw = await rawText({ text: "a", html: "<b>a</b>", attachments: [file("abc")] });
  assert.equal(
    raw.slice(raw.indexOf("Content-Type:")),
    [
      'Content-Type: multipart/mixed; boundary="=_mixed_5eed5eed5eed"',
      "",
      "--=_mixed_5eed5eed5eed",
      'Content-Type: multipart/alternative; boundary="=_alternative_5eed5eed5eed"',
      "",
      "--=_alternative_5eed5eed5eed",
      "Content-Type: text/plain; charset=utf-8",
      "Content-Transfer-Encoding: 7bit",
      "",
      "a",
      "--=_alternative_5eed5eed5eed",
      "Content-Type: text/html; charset=utf-8",
      "Content-Transfer-Encoding: 7bit",
      "",
      "<b>a</b>",
      "--=_alternative_5eed5eed5eed--",
      "",
      "--=_mixed_5eed5eed5eed",
      'Content-Type: text/plain; name="f.txt"',
      'Content-Disposition: attachment; filename="f.txt"',
      "Content-Transfer-Encoding: base64",
      "",
      "YWJj",
      "",
      "--=_mixed_5eed5eed5eed--",
      "",
    ].join("\r\n"),
  );
});

Deno.test("composeMessage() nests related in alternative in mixed, as clients expect it", async () => {
  const raw = await rawText({
    text: "a",
    html: '<img src="cid:logo">',
    inlineFiles: [{ ...file("png"), contentId: "logo" }],
    attachments: [file("abc")],
  });
  assert.deepEqual(
    raw.match(/^(?:--=_\w+?_|Content-(?:Type|ID|Disposition): (?:[a-z]+\/)?[^;\r_]*|\tx)/gm),
    [
      "Content-Type: multipart/mixed",
      "--=_mixed_",
      "Content-Type: multipart/alternative",
      "--=_alternative_",
      "Content-Type: text/plain",
      "--=_alternative_",
      "Content-Type: multipart/related",
      "--=_related_",
      "Content-Type: text/html",
      "--=_related_",
      "Content-Type: text/plain",
      "Content-Disposition: inline",
      "Content-ID: <logo>",
      "--=_related_",
      "--=_alternative_",
      "--=_mixed_",
      "Content-Type: text/plain",
      "Content-Disposition: attachment",
      "--=_mixed_",
    ],
  );
  // RFC 2387 §3.1 wants the type of the root.
  assert.match(raw, /multipart\/related; type="text\/html";\r\n boundary="=_related_5eed5eed5eed"/);
  assert.match(raw, /Content-Disposition: inline; filename="f\.txt"/);
});

Deno.test("composeMessage() puts related on top where there is HTML alone, and refuses it without HTML", async () => {
  const { text: _, ...withoutText } = DRAFT;
  const inlineFiles = [{ ...file("png"), contentId: "logo" }];
  const raw = decoded(
    await octetsOf(composeMessage({ ...withoutText, html: "<p>x</p>", inlineFiles })),
  );
  assert.match(raw, /MIME-Version: 1\.0\r\nContent-Type: multipart\/related; /);
  assert.throws(
    () => composeMessage({ ...DRAFT, inlineFiles }),
    { name: "Failure", code: "message.invalid" },
  );
});

Deno.test("composeMessage() marks importance for Outlook and for others, and normal not at all", async () => {
  const fields = async (importance: "high" | "normal" | "low"): Promise<readonly string[]> =>
    (await rawText({ importance })).match(/^(?:Importance|X-Priority|X-MSMail-Priority): .*$/gm) ??
      [];
  assert.deepEqual(await fields("high"), [
    "Importance: high",
    "X-Priority: 1 (Highest)",
  ]);
  assert.deepEqual(await fields("low"), [
    "Importance: low",
    "X-Priority: 5 (Lowest)",
  ]);
  assert.deepEqual(await fields("normal"), []);
});

Deno.test("composeMessage() asks for a receipt, with a long name kept within the line", async () => {
  const receiptTo = {
    name: "(Pump House) and (Tank Farm) of Plant 7",
    address: "reports@contoso.com",
  };
  assert.match(
    await rawText({ receiptTo: DRAFT.from }),
    /^Disposition-Notification-To: Plant Admin <reports@contoso\.com>\r$/m,
  );
  const [field = ""] = /^Disposition-[^]*?\r\n(?! )/m.exec(await rawText({ receiptTo })) ?? [];
  assert.match(field, /Plant 7|Plant_7/);
  for (const one of field.split("\r\n")) assert.ok(one.length <= 76, one);
});

Deno.test("composeMessage() writes html alone, and an empty text beside attachments", async () => {
  const { text: _, ...withoutText } = DRAFT;
  const html = composeMessage({ ...withoutText, html: "<p>x</p>" });
  assert.match(
    decoded(await octetsOf(html)),
    /Content-Type: text\/html;[^]*\r\n\r\n<p>x<\/p>\r\n$/,
  );
  const bare = composeMessage({ ...withoutText, attachments: [file("")] });
  assert.match(decoded(await octetsOf(bare)), /text\/plain;[^]*7bit\r\n\r\n\r\n--=_mixed/);
});

Deno.test("composeMessage() hides recipients that are only in the envelope", async () => {
  assert.match(await rawText({ to: [] }), /\r\nTo: undisclosed-recipients:;\r\n/);
  const onlyCc = await rawText({ to: [], cc: [{ address: "a@b" }] });
  assert.doesNotMatch(onlyCc, /^To:/m);
  assert.doesNotMatch(onlyCc, /^Bcc:/im);
});

Deno.test("composeMessage() asks for SMTPUTF8 only for raw UTF-8 in a header", async () => {
  const plain = composeMessage({ ...DRAFT, subject: "Öl", text: "Öl" });
  assert.deepEqual([plain.needsSmtpUtf8, plain.needsEightBitMime], [false, false]);
  const raw = composeMessage({ ...DRAFT, to: [{ name: "Öl", address: "öl@müller.de" }] });
  assert.deepEqual([raw.needsSmtpUtf8, raw.needsEightBitMime], [true, true]);
  assert.match(
    decoded(await octetsOf(raw)),
    /\r\nTo: =\?UTF-8\?B\?w5Zs\?= <öl@xn--mller-kva.de>\r\n/,
  );
});

Deno.test("composeMessage() gives a small message in one chunk and the same one again", async () => {
  const message = composeMessage({ ...DRAFT, html: "<p>x</p>", attachments: [file("abc")] });
  const counts: number[] = [];
  for (let attempt = 0; attempt < 2; attempt++) {
    let count = 0;
    for await (const chunk of message.chunks()) {
      assert.equal(chunk.length, message.sizeBytes);
      count++;
    }
    counts.push(count);
  }
  assert.deepEqual(counts, [1, 1]);
  assert.deepEqual(await octetsOf(message), await octetsOf(message));
});

Deno.test("composeMessage() streams a large attachment and text in bounded chunks", async () => {
  const message = composeMessage({
    ...DRAFT,
    text: "Pumpe läuft\n".repeat(30_000),
    attachments: [file("x".repeat(1_000_003))],
  });
  let total = 0;
  for await (const chunk of message.chunks()) {
    assert.ok(chunk.length <= 65_536);
    total += chunk.length;
  }
  assert.equal(total, message.sizeBytes);
});

Deno.test("composeMessage() knows the size without opening an attachment", () => {
  const closed: Attachment = {
    ...file("abc"),
    open: () => {
      throw new Error("opened");
    },
  };
  assert.equal(
    composeMessage({ ...DRAFT, attachments: [closed] }).sizeBytes,
    composeMessage({ ...DRAFT, attachments: [file("abc")] }).sizeBytes,
  );
});

for (const [sizeBytes, found] of [[2, "more"], [4, "only 3"], [1000, "only 3"]] as const) {
  Deno.test(`composeMessage() refuses a file of 3 octets announced with ${sizeBytes}`, async () => {
    const message = composeMessage({ ...DRAFT, attachments: [{ ...file("abc"), sizeBytes }] });
    await assert.rejects(
      octetsOf(message),
      (failure) =>
        failure instanceof Failure && failure.code === "input.unreadable" &&
        failure.message.endsWith(`had ${sizeBytes} octets, now there are ${found}`),
    );
  });
}

Deno.test("composeMessage() refuses line breaks in every value that reaches a header", () => {
  const evil = "x\r\nBcc: spy@x.com";
  const drafts = [
    { subject: evil },
    { from: { name: evil, address: "a@b" } },
    { from: { address: evil } },
    { to: [{ name: evil, address: "a@b" }] },
    { cc: [{ address: `a@b\r\nX: y` }] },
    { replyTo: [{ name: "a\0", address: "a@b" }] },
    { messageId: `<${evil}>` },
    { attachments: [{ ...file(""), name: evil }] },
    { receiptTo: { name: evil, address: "a@b" } },
    { receiptTo: { address: evil } },
    { extraFields: [{ name: "X-A", value: evil }] },
    { html: "x", inlineFiles: [{ ...file(""), name: evil, contentId: "a" }] },
    { html: "x", inlineFiles: [{ ...file(""), contentId: evil }] },
    { html: "x", inlineFiles: [{ ...file(""), contentId: "a> <b" }] },
  ];
  for (const draft of drafts) {
    assert.throws(
      () => composeMessage({ ...DRAFT, ...draft }),
      (failure) => failure instanceof Failure && failure.code === "message.invalid",
    );
  }
});

Deno.test("checkedMediaType() takes type/subtype and nothing else", () => {
  assert.equal(checkedMediaType("Application/PDF"), "application/pdf");
  for (const type of ["pdf", "a/b; c=d", "a/b\r\nX: y", "a/", "/b", "a/b/c", "ä/b", "a b/c", ""]) {
    assert.throws(() => checkedMediaType(type), { name: "Failure", code: "usage.invalid" }, type);
  }
  for (const type of ["message/rfc822", "multipart/mixed"]) {
    assert.throws(() => checkedMediaType(type), { name: "Failure", code: "usage.invalid" }, type);
  }
});

Deno.test("mediaTypeOf() goes by the extension, whatever its case", () => {
  assert.equal(mediaTypeOf("Report.PDF"), "application/pdf");
  assert.equal(mediaTypeOf("a.tar.gz"), "application/gzip");
  assert.match(mediaTypeOf("a.xlsx"), /spreadsheetml\.sheet$/);
  for (const name of ["a.unknown", "pdf", "a.", "", "mail.eml"]) {
    assert.equal(mediaTypeOf(name), "application/octet-stream", name);
  }
});

Deno.test("newMessageId() joins the random octets and the sender's domain", () => {
  const random = new Uint8Array([0, 255, 16]);
  assert.equal(newMessageId(random, "a@contoso.com"), "<00ff10@contoso.com>");
  assert.equal(newMessageId(random, "a@müller.de"), "<00ff10@xn--mller-kva.de>");
  assert.equal(newMessageId(random, '"a@b"@[10.0.0.1]'), "<00ff10@[10.0.0.1]>");
  assert.equal(newMessageId(random, "a@x>\r\ny"), "<00ff10@localhost>");
});

function file(content: string): Attachment {
  const octets = new TextEncoder().encode(content);
  return {
    name: "f.txt",
    type: "text/plain",
    sizeBytes: octets.length,
    open: () => ReadableStream.from([octets]),
  };
}

function decoded(octets: Uint8Array): string {
  return new TextDecoder().decode(octets);
}
