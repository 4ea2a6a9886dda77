// The recipes of docs/recipes, as they stand there but for the places they name: a report that leaves, one that is
// refused for good, and one that is tried again.

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { commandLine, Program } from "../e2e/program.ts";
import { freePort } from "../peers/free_port.ts";
import { startSink } from "../peers/sink.ts";

interface Shell {
  readonly name: string;
  readonly file: string;
  readonly program: string;
  readonly args: (path: string) => readonly string[];
  /** Puts this command line in the place of the executable. */
  readonly edit: (
    text: string,
    to: { readonly command: readonly string[]; readonly folder: string },
  ) => string;
}

const CMD: Shell = {
  name: "cmd",
  file: "daily-report.cmd",
  program: "cmd.exe",
  args: (path) => ["/d", "/c", path],
  edit: (text, { command, folder }) =>
    text.replace(
      '"%PLANTPOST%"',
      command.map((part) => `"${part.replaceAll("%", "%%")}"`).join(" "),
    )
      .replace(/^set "PROFILE=.*$/m, `set "PROFILE=${folder}\\plantpost.toml"`)
      .replace(/^set "FOLDER=.*$/m, `set "FOLDER=${folder}"`)
      .replace("set TRIES=5", "set TRIES=2").replace("set WAIT=60", "set WAIT=1"),
};

const POWERSHELL: Shell = {
  name: "PowerShell",
  file: "daily-report.ps1",
  program: "powershell.exe",
  args: (path) => ["-NoProfile", "-NonInteractive", "-ExecutionPolicy", "Bypass", "-File", path],
  edit: (text, { command, folder }) =>
    text.replace("& $Plantpost ", `& ${command.map((part) => `'${part}'`).join(" ")} `)
      .replace(/^\$ProfileFile = .*$/m, `$ProfileFile = '${folder}\\plantpost.toml'`)
      .replace(/^\$Folder = .*$/m, `$Folder = '${folder}'`)
      .replace("$Tries = 5", "$Tries = 2").replace("$WaitSeconds = 60", "$WaitSeconds = 1"),
};

for (const shell of [CMD, POWERSHELL]) {
  const isMissing = !starts(shell);
  const note = isMissing ? ` (skipped: there is no ${shell.program})` : "";
  Deno.test(`the recipe of a scheduled report in ${shell.name}${note}`, {
    ignore: isMissing,
  }, async () => {
    await using program = await Program.create();
    await using sink = await startSink();
    const { folder } = program;
    const [executable, first] = commandLine();
    const text = await Deno.readTextFile(
      fileURLToPath(new URL(`../../docs/recipes/${shell.file}`, import.meta.url)),
    );
    const edited = shell.edit(text, { command: [executable, ...first], folder });
    const path = await program.write(shell.file, edited.replaceAll(/\r?\n/g, "\r\n"));
    await program.write("daily.xlsx", "a report");
    const run = async (port: number): Promise<number> => {
      await program.write("plantpost.toml", profile(port));
      const { code, stdout, stderr } = await new Deno.Command(shell.program, {
        args: [...shell.args(path)],
        cwd: "C:\\",
      }).output();
      assert.equal(new TextDecoder().decode(stdout).trim(), "", "something is printed");
      assert.equal(
        new TextDecoder().decode(stderr).replace(/^.*XDG_RUNTIME_DIR.*$/m, "").trim(),
        "",
      );
      return code;
    };

    assert.equal(await run(sink.port), 0);
    assert.equal(sink.messageCount, 1);
    assert.deepEqual(sink.messages[0]?.recipients, ["anna@example.com"]);
    const trouble = (): Promise<string> =>
      Deno.readTextFile(program.path("trouble.txt")).catch(() => "");
    assert.equal(await trouble(), "");

    assert.equal(await run(freePort()), 75, "nobody listens there");
    assert.match(await trouble(), /exit code 75/);
    const log = await Deno.readTextFile(program.path("plantpost-data\\plantpost.log"));
    assert.equal(log.match(/"exitCode":75/g)?.length, 2, "it was not tried again");

    await Deno.remove(program.path("daily.xlsx"));
    assert.equal(await run(sink.port), 66);
    assert.match(await trouble(), /exit code 66/);
    assert.equal(sink.messageCount, 1);
  });
}

function profile(port: number): string {
  return `[profiles.plant]
provider = "custom"
[profiles.plant.sender]
address = "reports@example.com"
[profiles.plant.smtp]
host = "127.0.0.1"
port = ${port}
tls = "none"
auth = "none"
[groups]
operators = ["anna@example.com"]
`;
}

function starts({ program }: Shell): boolean {
  if (Deno.build.os !== "windows") return false;
  try {
    const args = program === "cmd.exe"
      ? ["/d", "/c", "exit 3"]
      : ["-NoProfile", "-Command", "exit 3"];
    return new Deno.Command(program, { args, stdin: "null", stdout: "null", stderr: "null" })
      .outputSync().code === 3;
  } catch {
    return false;
  }
}
