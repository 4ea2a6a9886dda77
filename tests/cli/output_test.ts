import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { jsonLine } from "../../src/cli/output.ts";

Deno.test("jsonLine() is one line of JSON, on Windows of ASCII alone", () => {
  const value = { to: "Jürgen Öl <jö@x>", "schlüssel": ["№", "𝄞", "\u0085", "a\nb"] };
  for (const platform of ["windows", "linux", "darwin"] as const) {
    const line = jsonLine(value, { platform });
    assert.deepEqual(JSON.parse(line), value);
    assert.match(line, /^[^\n]*\n$/);
    // deno-lint-ignore no-control-regex
    assert.equal(/^[\x00-\x7e]*$/.test(line), platform === "windows", line);
  }
});

Deno.test("what the program says of its own is ASCII, which every code page shows", async () => {
  // Names and others' words are what they are; the log and the pages are UTF-8 by themselves.
  const folders = [
    "base",
    "catalogue",
    "cli",
    "message",
    "oauth",
    "outbox",
    "profile",
    "smtp",
    "vault",
  ];
  const found: string[] = [];
  for (const folder of folders) {
    const path = new URL(`../../src/${folder}/`, import.meta.url);
    for await (const { name } of Deno.readDir(path)) {
      const file = fileURLToPath(new URL(name, path));
      const lines = (await Deno.readTextFile(file)).split("\n");
      lines.forEach((line, at) => {
        const code = line.replace(/^\s*(?:\/\/|\/?\*).*$/, "").replace(/\s\/\/ .*$/, "");
        // deno-lint-ignore no-control-regex
        if (name !== "log.ts" && /[^\x00-\x7f]/.test(code)) {
          found.push(`src/${folder}/${name}:${at + 1}: ${code.trim()}`);
        }
      });
    }
  }
  assert.deepEqual(found, []);
});
