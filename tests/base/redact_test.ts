import assert from "node:assert/strict";
import fc from "fast-check";
import { Redactor } from "../../src/base/redact.ts";

Deno.test("redact() hides every occurrence and leaves the rest", () => {
  const redactor = knowing("s3cret-value");
  assert.equal(
    redactor.redact("a s3cret-value b s3cret-values3cret-value"),
    "a <redacted> b <redacted><redacted>",
  );
  assert.equal(redactor.redact("nothing here"), "nothing here");
  assert.equal(redactor.redact(""), "");
});

Deno.test("redact() hides the forms in which a secret travels", () => {
  const secret = 'p%ss/w+rd é"\\~!';
  const redactor = knowing(secret);
  const octets = String.fromCharCode(...new TextEncoder().encode(secret));
  const forms = [
    secret,
    encodeURIComponent(secret),
    new URLSearchParams({ s: secret }).toString().slice(2),
    new URLSearchParams({ s: secret }).toString().slice(2).replaceAll("+", "%20"),
    JSON.stringify(secret).slice(1, -1),
    JSON.stringify(secret).slice(1, -1).replace("é", "\\u00e9"), // as on Windows
    btoa(octets),
  ];
  for (const form of forms) {
    assert.equal(redactor.redact(`before ${form} after`), "before <redacted> after", form);
  }
});

Deno.test("redact() hides a secret inside an HTTP Basic header and an AUTH line", () => {
  const secret = "refresh-token-0123456789";
  const redactor = knowing(secret);
  for (const before of ["", "a", "ab", "abc", "user:"]) {
    for (const after of ["", "x", "xy"]) {
      const line = redactor.redact(`Authorization: Basic ${btoa(before + secret + after)}`);
      const left = /Basic (.*?)<redacted>(.*)/.exec(line);
      assert.ok(left !== null, line);
      // What is left around the hole holds the neighbours and at most an octet of the secret's ends.
      assert.ok((left[1] ?? "").length <= Math.ceil((before.length * 4) / 3) + 1, line);
      assert.ok((left[2] ?? "").length <= 8, line);
    }
  }
});

Deno.test("redact() leaves nothing of secrets that lie in or over each other", () => {
  assert.equal(
    knowing("secret", "secret-and-more").redact("x secret-and-more y"),
    "x <redacted> y",
  );
  assert.equal(
    knowing("secret-and-more", "secret").redact("x secret-and-more y"),
    "x <redacted> y",
  );
  assert.equal(knowing("abcdefgh", "fghijklm").redact("x abcdefghijklm y"), "x <redacted> y");
  assert.equal(knowing("ababab").redact("xababababx"), "x<redacted>x");
});

Deno.test("add() ignores what is too short to be a secret", () => {
  assert.equal(knowing("", "a", "short").redact("a short word"), "a short word");
  assert.equal(knowing("sixsix").redact("sixsix"), "<redacted>");
});

Deno.test("add() takes text that is no well-formed Unicode", () => {
  assert.equal(knowing("broken\ud800").redact("x broken\ud800 y"), "x <redacted> y");
});

Deno.test("redact() lets no secret through, in any form", () => {
  // Letters of the placeholder itself are left out: they would stand in its place again.
  const secret = fc.string({
    unit: fc.constantFrom(...'AB01+/ =%é😀"\\'),
    minLength: 6,
    maxLength: 12,
  });
  const filler = fc.string({ unit: fc.constantFrom(..."AB01 "), maxLength: 6 });
  const property = fc.property(
    fc.array(secret, { minLength: 1, maxLength: 4 }),
    fc.array(fc.tuple(fc.nat(), fc.nat(3), filler), { maxLength: 6 }),
    (secrets, parts) => {
      const redactor = knowing(...secrets);
      const text = parts.map(([which, form, between]) => {
        const chosen = secrets[which % secrets.length] ?? "";
        return `${formOf(chosen, form)}${between}`;
      }).join("");
      const redacted = redactor.redact(text);
      for (const each of secrets) {
        for (const form of [0, 1, 2, 3]) assert.ok(!redacted.includes(formOf(each, form)));
      }
    },
  );
  fc.assert(property, { numRuns: 2000 });
});

function knowing(...secrets: readonly string[]): Redactor {
  const redactor = new Redactor();
  for (const secret of secrets) redactor.add(secret);
  return redactor;
}

function formOf(secret: string, form: number): string {
  switch (form) {
    case 0:
      return secret;
    case 1:
      return encodeURIComponent(secret);
    case 2:
      return new URLSearchParams({ s: secret }).toString().slice(2);
    default:
      return btoa(String.fromCharCode(...new TextEncoder().encode(secret)));
  }
}
