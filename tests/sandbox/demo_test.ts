import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

Deno.test("the demo sends, shows and explains in under 15 seconds, and leaves nothing behind", async () => {
  const temporary = await Deno.makeTempDir({ prefix: "plantpost-demo-test-" });
  try {
    const startedMs = performance.now();
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--allow-all", "src/sandbox/demo.ts"],
      cwd: fileURLToPath(new URL("../../", import.meta.url)),
      env: { TMPDIR: temporary, TEMP: temporary, TMP: temporary },
    }).output();
    const text = new TextDecoder().decode(stdout);
    assert.equal(code, 0, text + new TextDecoder().decode(stderr));
    assert.ok(performance.now() - startedMs < 15_000, "it took longer than 15 seconds");
    assert.match(text, /signed in as reports@contoso\.example/);
    assert.match(text, /In Anna's inbox:[\s\S]*Attached: Tagesübersicht Öl–Kessel №3\.csv/);
    assert.match(text, /AADSTS7000222/);
    assert.match(text, /who: administrator\nhint: 1\. .*New client secret/);
    assert.match(text, /\(exit code 77\)/);
    assert.ok(!text.includes("demo~"), "the client secret shows");
    assert.deepEqual(await Array.fromAsync(Deno.readDir(temporary)), []);
  } finally {
    await Deno.remove(temporary, { recursive: true });
  }
});
