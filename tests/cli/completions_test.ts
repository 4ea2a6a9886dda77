// The completion scripts in the shells they are for; a shell that is not installed is skipped by name.

import assert from "node:assert/strict";
import { join } from "node:path";
import { COMMANDS, GLOBAL_FLAGS } from "../../src/cli/commands.ts";
import { completionScript } from "../../src/cli/completions.ts";
import { isFailure } from "../vault/fixtures.ts";

const SHELLS = ["bash", "zsh", "fish", "powershell"];

Deno.test("completionScript() names every command, action and flag, for every shell", () => {
  for (const shell of SHELLS) {
    const script = completionScript(shell);
    for (const command of COMMANDS) {
      assert.match(script, new RegExp(`(?<![\\w-])${command.name}(?![\\w-])`), shell);
      for (const action of command.actions ?? []) assert.ok(script.includes(action), shell);
      for (const { name } of [...command.flags, ...GLOBAL_FLAGS]) {
        const pattern = shell === "fish" ? `-l ${name}(?![\\w-])` : `--${name}(?![\\w-])`;
        assert.match(script, new RegExp(pattern), `${shell} ${command.name} --${name}`);
      }
    }
    assert.ok(script.endsWith("\n") && !script.includes("\r") && !script.includes("undefined"));
  }
});

Deno.test("completionScript() refuses a shell it does not know", () => {
  for (const shell of ["tcsh", "", "constructor"]) {
    assert.throws(
      () => completionScript(shell),
      isFailure("usage.invalid", /none for/, /bash, zsh/),
    );
  }
});

Deno.test("flags of one name take a value for all commands or for none", () => {
  const kinds = new Map<string, boolean>();
  for (const flag of [...COMMANDS.flatMap(({ flags }) => flags), ...GLOBAL_FLAGS]) {
    const isSwitch = flag.kind === "switch";
    assert.equal(kinds.get(flag.name) ?? isSwitch, isSwitch, `--${flag.name}`);
    kinds.set(flag.name, isSwitch);
  }
});

const bash = shellNote("bash");
Deno.test(`bash completes by its script${bash.note}`, { ignore: bash.isMissing }, async () => {
  await withFiles(async (folder) => {
    const cases: readonly (readonly [line: string, wanted: readonly string[]])[] = [
      ["plantpost ", COMMANDS.map(({ name }) => name)],
      ["plantpost sta", ["status"]],
      ["plantpost --js", ["--json"]],
      ["plantpost --json --config x sec", ["secret"]],
      ["plantpost secret ", ["set", "clear"]],
      ["plantpost secret s", ["set"]],
      ["plantpost secret set ", []],
      ["plantpost profile ", ["export", "import"]],
      ["plantpost profile import rep", ["report of today.txt", "report.xlsx"]],
      ["plantpost profile export --se", ["--seal"]],
      ["plantpost --config = x secret c", ["clear"]],
      ["plantpost send --att", ["--attach"]],
      ["plantpost send --attach rep", ["report of today.txt", "report.xlsx"]],
      ["plantpost send --attach = report.", ["report.xlsx"]],
      ["plantpost send --attach =", ["report of today.txt", "report.xlsx"]],
      ["plantpost --config rep", ["report of today.txt", "report.xlsx"]],
      ["plantpost send --subject rep", []],
      ["plantpost send --subject login --te", ["--text", "--text-file"]],
      ["plantpost completions z", ["zsh"]],
    ];
    for (const [line, wanted] of cases) {
      assert.deepEqual([...await bashCompletes(line, folder)].sort(), [...wanted].sort(), line);
    }
  });
});

const zsh = shellNote("zsh");
Deno.test(`zsh completes by its script${zsh.note}`, { ignore: zsh.isMissing }, async () => {
  await withFiles(async (folder) => {
    await Deno.writeTextFile(join(folder, "script.zsh"), completionScript("zsh"));
    await succeed("zsh", ["-n", "script.zsh"], folder);
    // The completion system runs at a terminal only; here its tools tell what they were given.
    const harness = `
compdef() true
source ./script.zsh
_describe() { print -l -- $commands }
_arguments() {
  if (( CALLS++ )); then print -l -- "$@"; else state=$WANTED; fi
}
words=(secret)
CALLS=0 WANTED=command _plantpost
CALLS=0 WANTED=argument _plantpost
words=(profile)
CALLS=0 WANTED=argument _plantpost
words=(send)
CALLS=0 WANTED=argument _plantpost
`;
    const output = await succeed("zsh", ["-f", "-c", harness], folder);
    assert.match(output, /^status:tell who is signed in, and what ends when$/m);
    assert.match(output, /^1:action:\(set clear\)$/m);
    assert.match(output, /^1:action:\(export import\)\n2:FILE:_files$/m);
    assert.match(output, /^\*--attach=\[[^\]]+\]:FILE:_files$/m);
    assert.match(output, /^--from=\[instead of the profile's sender\]:ADDRESS: $/m);
  });
});

const fish = shellNote("fish");
Deno.test(`fish completes by its script${fish.note}`, { ignore: fish.isMissing }, async () => {
  await withFiles(async (folder) => {
    await Deno.writeTextFile(join(folder, "script.fish"), completionScript("fish"));
    await succeed("fish", ["--no-config", "-n", "script.fish"], folder);
    const complete = async (line: string): Promise<readonly string[]> =>
      (await succeed("fish", [
        ...["--no-config", "-c"],
        `source script.fish; complete -C '${line}'`,
      ], folder)).split("\n").filter((text) => text !== "").map((text) =>
        text.split("\t")[0] ?? ""
      );
    assert.deepEqual(await complete("plantpost sta"), ["status"]);
    assert.deepEqual([...await complete("plantpost secret ")].sort(), ["clear", "set"]);
    assert.deepEqual(await complete("plantpost secret set "), []);
    assert.deepEqual([...await complete("plantpost profile ")].sort(), ["export", "import"]);
    assert.deepEqual(await complete("plantpost profile import report."), ["report.xlsx"]);
    assert.deepEqual(await complete("plantpost send --att"), ["--attach"]);
    assert.deepEqual(await complete("plantpost send --attach report."), ["report.xlsx"]);
    assert.deepEqual(await complete("plantpost send --subject report."), []);
  });
});

const pwsh = shellNote("pwsh");
Deno.test(
  `PowerShell completes by its script${pwsh.note}`,
  { ignore: pwsh.isMissing },
  async () => {
    await withFiles(async (folder) => {
      await Deno.writeTextFile(join(folder, "script.ps1"), completionScript("powershell"));
      const complete = async (line: string): Promise<readonly string[]> => {
        const output = await succeed("pwsh", [
          ...["-NoProfile", "-NonInteractive", "-Command"],
          `. ./script.ps1; [System.Management.Automation.CommandCompletion]::CompleteInput('${line}', ` +
          `${line.length}, $null).CompletionMatches | ForEach-Object { $_.CompletionText }`,
        ], folder);
        return output.split(/\r?\n/).filter((text) => text !== "");
      };
      assert.deepEqual(await complete("plantpost sta"), ["status"]);
      assert.deepEqual(await complete("plantpost secret "), ["set", "clear"]);
      assert.deepEqual(await complete("plantpost send --att"), ["--attach"]);
      assert.match((await complete("plantpost send --attach report.")).join(), /report\.xlsx/);
      assert.match((await complete("plantpost profile import report.")).join(), /report\.xlsx/);
    });
  },
);

Deno.test("the script for PowerShell closes what it opens", () => {
  const script = completionScript("powershell");
  const bare = script.replaceAll(/'(?:[^']|'')*'/g, "''").replaceAll(/#.*$/gm, "");
  for (const [open, close] of ["{}", "()", "[]"].map((pair) => pair.split(""))) {
    assert.equal(bare.split(open ?? "").length, bare.split(close ?? "").length, open);
  }
  assert.ok(!bare.includes("'''") && !/["`]/.test(bare));
});

// The words as readline would split them; bash keeps an equals sign as a word of its own.
async function bashCompletes(line: string, folder: string): Promise<readonly string[]> {
  const words = line.split(" ").map((word) => `'${word}'`).join(" ");
  const program = `${completionScript("bash")}
COMP_WORDS=(${words})
COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
_plantpost
printf '%s\\n' "\${COMPREPLY[@]}"
`;
  const output = await succeed("bash", ["--norc", "-c", program], folder);
  return output.split("\n").filter((text) => text !== "" && text !== "script.zsh");
}

async function succeed(program: string, args: readonly string[], cwd: string): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    cwd,
    env: { HOME: cwd, XDG_CONFIG_HOME: cwd },
    stdin: "null",
  }).output();
  const said = new TextDecoder().decode(stderr);
  assert.equal(code, 0, said);
  assert.equal(said, "");
  return new TextDecoder().decode(stdout);
}

function shellNote(name: string): { readonly isMissing: boolean; readonly note: string } {
  // Windows has a `bash` that only starts a Linux; the scripts for these shells are for other systems.
  const isForeign = Deno.build.os === "windows" && name !== "pwsh";
  const isMissing = isForeign || !isInstalled(name);
  return { isMissing, note: isMissing ? ` (skipped: no ${name})` : "" };
}

function isInstalled(name: string): boolean {
  const args = name === "pwsh" ? ["-NoProfile", "-Command", "exit"] : ["-c", "exit"];
  try {
    return new Deno.Command(name, { args, stdout: "null", stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}

async function withFiles(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "plantpost-shell-" });
  try {
    for (const name of ["report.xlsx", "report of today.txt"]) {
      await Deno.writeTextFile(join(folder, name), "");
    }
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
