// A person at a pseudo-terminal, which Python opens: waits for a question, types, waits for the next one. For
// programs that read passphrases from the terminal only. Windows has none that a test could open.

import assert from "node:assert/strict";

export interface Typed {
  readonly exitCode: number;
  /** All that stood on the screen, with the line ends of a terminal. */
  readonly shown: string;
}

/** Undefined where there is a terminal to type at, else why there is none. */
export const typistMissing: string | undefined = Deno.build.os === "windows"
  ? "no pseudo-terminal"
  : hasPython()
  ? undefined
  : "no python3";

const TYPIST = `
import json, os, pty, sys
command, turns = json.loads(sys.argv[1])
child, terminal = pty.fork()
if child == 0:
    os.execvp(command[0], command)
seen, looked = b"", 0
while True:
    try:
        part = os.read(terminal, 4096)
    except OSError:
        break
    if not part:
        break
    seen += part
    while turns:
        at = seen.find(turns[0][0].encode(), looked)
        if at < 0:
            break
        looked = at + len(turns[0][0].encode())
        os.write(terminal, turns.pop(0)[1].encode())
sys.stdout.buffer.write(seen)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
`;

/** Runs a program at a terminal; each turn is what to wait for and what to type then. */
export async function typeAt(
  command: readonly string[],
  options: {
    readonly turns: readonly (readonly [wait: string, typed: string])[];
    readonly cwd: string;
    readonly env?: Readonly<Record<string, string>>;
  },
): Promise<Typed> {
  const { turns, cwd, env = {} } = options;
  const { code, stdout, stderr } = await new Deno.Command("python3", {
    args: ["-c", TYPIST, JSON.stringify([command, turns])],
    cwd,
    env: { NO_COLOR: "1", ...env },
  }).output();
  assert.equal(new TextDecoder().decode(stderr), "");
  return { exitCode: code, shown: new TextDecoder().decode(stdout) };
}

function hasPython(): boolean {
  try {
    return new Deno.Command("python3", { args: ["-c", "import pty"], stderr: "null" })
      .outputSync().success;
  } catch {
    return false;
  }
}
