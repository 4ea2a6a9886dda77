// Every `tests/profiles/bad/<case>.toml` is refused with exactly the text of `<case>.error`.

import assert from "node:assert/strict";
import { Failure } from "../../src/base/failure.ts";
import { KEYS } from "../../src/profile/keys.ts";
import { parseSettings } from "../../src/profile/parse.ts";

const FOLDER = new URL("../profiles/bad/", import.meta.url);
const FILE = { file: "/etc/plantpost/plantpost.toml", platform: "linux" } as const;
/** Texts of the cases that stand for secrets. */
const SECRETS = ["kept-nowhere", "geheim99", "abc~DEF", "48151623", "6f8a1c52", "too-many"];

for (const name of caseNames()) {
  Deno.test(`parseSettings() refuses ${name}.toml for the stated reason`, () => {
    const text = Deno.readTextFileSync(new URL(`${name}.toml`, FOLDER));
    const wanted = Deno.readTextFileSync(new URL(`${name}.error`, FOLDER)).replaceAll("\r\n", "\n");
    const failure = refusal(text);
    assert.equal(`${failure.message}\n`, wanted);
    assert.equal(failure.code, "profile.invalid");
    assert.equal(failure.exitCode, 78);
    assert.match(failure.remedy ?? "", /\/etc\/plantpost\/plantpost\.toml/);
    assert.equal(failure.cause, undefined, "a cause may quote the file");
    for (const secret of SECRETS) assert.ok(!failure.message.includes(secret), secret);
  });

  Deno.test(`parseSettings() refuses ${name}.toml alike with BOM and CRLF`, () => {
    const text = Deno.readTextFileSync(new URL(`${name}.toml`, FOLDER)).replaceAll("\r\n", "\n");
    const windows = `\uFEFF${text.replaceAll("\n", "\r\n")}`;
    assert.equal(refusal(windows).message, refusal(text).message);
  });
}

Deno.test("every key of the table is wrong in one bad profile at least", () => {
  assert.ok(caseNames().length >= 40);
  const errors = caseNames()
    .map((name) => Deno.readTextFileSync(new URL(`${name}.error`, FOLDER))).join("");
  const unseen = KEYS.filter(({ path }) => {
    const pattern = path.replaceAll(".", "\\.").replaceAll("*", String.raw`(?:[\w-]+|"[^"]*")`);
    return !new RegExp(`^plantpost\\.toml: ${pattern}: must `, "m").test(errors);
  });
  assert.deepEqual(unseen, []);
});

function refusal(text: string): Failure {
  try {
    parseSettings(text, FILE);
  } catch (failure) {
    if (failure instanceof Failure) return failure;
    throw failure;
  }
  return assert.fail("the profile was taken");
}

function caseNames(): readonly string[] {
  return [...Deno.readDirSync(FOLDER)].map((entry) => entry.name)
    .filter((name) => name.endsWith(".toml")).map((name) => name.replace(/\.toml$/, "")).sort();
}
