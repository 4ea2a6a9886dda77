import assert from "node:assert/strict";
import { toWide } from "../../src/base/windows_library.ts";
import { openWindowsMemory } from "../../src/base/windows_memory.ts";

const IS_WINDOWS = Deno.build.os === "windows";

Deno.test({
  name: "lent octets and texts are read back from their address",
  ignore: !IS_WINDOWS, // kernel32.dll is Windows' own
  fn: (): void => {
    using memory = openWindowsMemory();
    const octets = Uint8Array.from({ length: 70_000 }, (_, at) => at % 251);
    const address = memory.lend(octets);
    assert.deepEqual(memory.octetsAt(address, octets.length), octets);
    assert.deepEqual(memory.octetsAt(address + 251n, 3), Uint8Array.of(0, 1, 2));
    for (const text of ["", "proxy:8080", "Schlüssel №3 🏭", "\uFEFFmark"]) {
      assert.equal(memory.textAt(memory.lend(new Uint8Array(toWide(text).buffer))), text);
    }
    assert.equal(memory.textAt(0n), undefined);
    assert.deepEqual(memory.octetsAt(0n, 0), new Uint8Array());
  },
});

Deno.test({
  name: "memory of Windows is read where only the libraries themselves are permitted",
  ignore: !IS_WINDOWS, // kernel32.dll is Windows' own
  fn: async (): Promise<void> => {
    const module = new URL("../../src/base/windows_memory.ts", import.meta.url).href;
    const script = `import { openWindowsMemory } from ${JSON.stringify(module)};
      using memory = openWindowsMemory();
      console.log(memory.textAt(memory.lend(Uint8Array.of(111, 0, 107, 0, 0, 0))));
      try { Deno.UnsafePointer.of(new Uint8Array(1)); console.log("pointers are permitted"); } catch {}`;
    const file = await Deno.makeTempFile({ suffix: ".ts" });
    try {
      await Deno.writeTextFile(file, script);
      const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: [
          "run",
          "--no-check",
          "--no-prompt",
          "--allow-ffi=C:\\Windows\\System32\\kernel32.dll",
          file,
        ],
        env: { NO_COLOR: "1" },
      }).output();
      const said = new TextDecoder().decode(stdout).trim();
      assert.equal(said, "ok", new TextDecoder().decode(stderr));
    } finally {
      await Deno.remove(file);
    }
  },
});
