// The prompts at a pseudo-terminal, which Python opens; Windows has none that a test could open.

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

// Types the first text at the first question and the second one at the second, each in one piece.
const TYPIST = `
import os, pty, sys
child, terminal = pty.fork()
if child == 0:
    os.execvp(sys.argv[1], sys.argv[1:-2])
seen, typed = b"", [("secret? ", sys.argv[-2]), ("sure? ", sys.argv[-1])]
while True:
    try:
        part = os.read(terminal, 1024)
    except OSError:
        break
    if not part:
        break
    seen += part
    if typed and typed[0][0].encode() in seen:
        os.write(terminal, typed.pop(0)[1].encode())
sys.stdout.buffer.write(seen)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
`;

const isMissing = Deno.build.os === "windows" || !hasPython();
const note = isMissing ? " (skipped: no pseudo-terminal, or no python3)" : "";

Deno.test(`askHidden() takes what is typed or pasted, and shows nothing${note}`, {
  ignore: isMissing,
}, async () => {
  const cases: readonly (readonly [typed: string, answer: string])[] = [
    ["s3cret\r", "s3cret"],
    ["s3cret\n", "s3cret"],
    ["s3cret\r\n", "s3cret"], // pasted with its line end, from a file of Windows
    ["s3x\x7fcré\x7ft\r\n", "s3crt"],
    ["ö\x7f\r", ""],
  ];
  for (const [typed, answer] of cases) {
    const shown = await converse(typed, "yes\n");
    assert.match(shown, /answers \["/);
    const [, json = ""] = /answers (\[.*\])/.exec(shown) ?? [];
    assert.deepEqual(JSON.parse(json), [answer, "yes"], JSON.stringify(typed));
    assert.ok(!shown.split("answers")[0]?.includes("s3"), shown);
  }
});

async function converse(first: string, second: string): Promise<string> {
  const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
  const program = [
    ...[Deno.execPath(), "run", "--quiet", "--allow-all"],
    ...[`--config=${path("../../deno.json")}`, path("./terminal_child.ts")],
  ];
  const { code, stdout, stderr } = await new Deno.Command("python3", {
    args: ["-c", TYPIST, ...program, first, second],
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

function hasPython(): boolean {
  try {
    return new Deno.Command("python3", { args: ["-c", "import pty"], stderr: "null" })
      .outputSync().success;
  } catch {
    return false;
  }
}
