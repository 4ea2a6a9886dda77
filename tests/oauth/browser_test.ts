import assert from "node:assert/strict";
import { browserCommand } from "../../src/oauth/browser.ts";

Deno.test("browserCommand() hands the address over as one argument, without a shell", () => {
  const url = "https://login.example/a?x=1&y=%20%41&z=$(calc)|'\"";
  for (const platform of ["windows", "darwin", "linux"] as const) {
    const { program, args } = browserCommand(url, platform);
    assert.equal(args.at(-1), url);
    assert.ok(!/cmd|sh$|powershell/i.test(program), program);
  }
});
