import assert from "node:assert/strict";
import { readExtensions } from "../../src/smtp/extensions.ts";

function extensionsOf(...lines: string[]): ReturnType<typeof readExtensions> {
  const all = ["smtp.example.com STARTTLS", ...lines];
  return readExtensions({ code: 250, lines: all, text: all.join(" ") });
}

Deno.test("readExtensions() takes no keyword from the server's name", () => {
  assert.equal(extensionsOf().offersStartTls, false);
});

Deno.test("readExtensions() reads keywords in any case", () => {
  const found = extensionsOf(
    "pipelining",
    "Size 35882577",
    "STARTTLS",
    "AUTH login XOAUTH2",
    "AUTH=PLAIN LOGIN",
  );
  assert.equal(found.offersPipelining, true);
  assert.equal(found.offersStartTls, true);
  assert.equal(found.offersChunking, false);
  assert.equal(found.maxMessageBytes, 35882577);
  assert.deepEqual(found.authMechanisms, ["LOGIN", "XOAUTH2", "PLAIN"]);
});

Deno.test("readExtensions() tells no SIZE, SIZE without a limit, and an odd one", () => {
  assert.equal(extensionsOf().offersSize, false);
  for (const line of ["SIZE", "SIZE 0", "SIZE lots", "SIZE -1"]) {
    assert.equal(extensionsOf(line).offersSize, true, line);
    assert.equal(extensionsOf(line).maxMessageBytes, undefined, line);
  }
});
