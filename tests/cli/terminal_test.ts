// The prompts at a pseudo-terminal, which Python opens; Windows has none that a test could open.

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { commandLine } from "../e2e/program.ts";

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

Deno.test("outOctets() writes what need not be text as it is, without the secrets in it", async () => {
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", fileURLToPath(new URL("octets_child.ts", import.meta.url))],
  }).output();
  assert.ok(success);
  const all = Array.from({ length: 256 }, (_, octet) => octet);
  const hidden = [...new TextEncoder().encode("<redacted>")];
  assert.deepEqual([...stdout], [...all, ...hidden, ...all]);
});

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

Deno.test(`Ctrl-C at a plain prompt ends the program at once${note}`, {
  ignore: isMissing,
}, async () => {
  const folder = await Deno.makeTempDir({ prefix: "plantpost-prompt-" });
  try {
    const [program, first] = commandLine();
    const { code, stdout } = await new Deno.Command("python3", {
      args: [
        ...["-c", TYPIST.replace("secret? ", "provider [microsoft365]: ")],
        ...[program, ...first, "init", "\x03", "never"],
      ],
      cwd: folder,
      env: { NO_COLOR: "1" },
    }).output();
    assert.equal(code, 130, new TextDecoder().decode(stdout));
    assert.match(new TextDecoder().decode(stdout), /error: interrupted by Ctrl-C/);
    assert.deepEqual(await Array.fromAsync(Deno.readDir(folder)), []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test({
  name: "SIGTERM and Ctrl-C end a read of standard input with exit code 130",
  ignore: Deno.build.os === "windows", // Deno cannot send these signals there
  fn: async () => {
    for (const [signal, what] of [["SIGTERM", "SIGTERM"], ["SIGINT", "Ctrl-C"]] as const) {
      const [program, first] = commandLine();
      const child = new Deno.Command(program, {
        args: [...first, "explain", "-", "--verbose"],
        stdin: "piped",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
      // The handlers are there when the program reads: it takes what no buffer of a pipe holds.
      const writer = child.stdin.getWriter();
      await writer.write(new Uint8Array(1_000_000).fill(32));
      child.kill(signal);
      const { code, stderr } = await child.output();
      assert.equal(code, 130, signal);
      const [said] = new TextDecoder().decode(stderr).split("\n");
      assert.equal(said, `error: interrupted by ${what}`);
      await writer.close().catch(() => {});
    }
  },
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
