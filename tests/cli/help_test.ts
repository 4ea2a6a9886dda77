// What a person who does not know the program, or mistypes, gets told.

import assert from "node:assert/strict";
import { COMMANDS, GLOBAL_FLAGS } from "../../src/cli/commands.ts";
import { parseFlags, parseLongFlags, splitCommand } from "../../src/cli/flags.ts";
import { helpText } from "../../src/cli/help.ts";
import { type Desk, openDesk } from "./desk.ts";

const PROFILE = `[profiles.plant]
provider = "google"
user = "reports@example.com"
[profiles.plant.oauth]
client_id = "x"`;

Deno.test("helpText() fits 80 columns, and every line of it says something", () => {
  for (const command of [undefined, ...COMMANDS]) {
    const text = helpText(command);
    for (const line of text.split("\n")) {
      assert.ok(line.length <= 80, `${command?.name}: ${line.length} columns: ${line}`);
      assert.equal(line, line.trimEnd());
    }
    assert.doesNotMatch(text, /undefined|\n\n\n/);
    assert.ok(text.endsWith("\n"));
  }
});

Deno.test("helpText() of a command has every flag with a word about it, and examples", () => {
  for (const command of COMMANDS) {
    const text = helpText(command);
    for (const flag of [...command.flags, ...GLOBAL_FLAGS]) {
      assert.match(text, new RegExp(`^  --${flag.name}(?: \\S+)?(?:  +\\S|\n {4,}\\S)`, "m"));
      assert.ok(flag.about.length > 3, flag.name);
    }
    assert.ok(command.examples.length > 0, command.name);
    for (const example of command.examples) assert.ok(text.includes(`  ${example}\n`), example);
    assert.ok(helpText(undefined).includes(`  ${command.name}`), command.name);
  }
});

Deno.test("the examples of the help are commands that plantpost takes", () => {
  for (const command of COMMANDS) {
    for (const example of command.examples) {
      const [, typed = ""] = /\bplantpost (.*?)(?: [|<>] .*|\))?$/.exec(example) ?? [];
      const words = [...typed.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) =>
        quoted ?? bare ?? ""
      );
      const { command: name, rest } = splitCommand(words, GLOBAL_FLAGS);
      assert.equal(name, command.name, example);
      const parse = command.options === undefined ? parseFlags : parseLongFlags;
      const flags = parse(rest, [...command.flags, ...GLOBAL_FLAGS]);
      if (command.actions !== undefined) {
        assert.ok(command.actions.includes(flags.positionals[0] ?? ""), example);
      }
    }
  }
});

Deno.test("--help and -h tell of the program, or of the command beside it", async () => {
  await using desk = await openDesk({ profile: "no = 'profile'" });
  for (const flag of ["--help", "-h"]) {
    const overview = await desk.run([flag]);
    assert.deepEqual([overview.exitCode, overview.stderr], [0, ""]);
    assert.equal(overview.stdout, helpText(undefined));
    for (const args of [["send", flag], [flag, "send"], ["send", "--to", "x", flag]]) {
      const { exitCode, stdout } = await desk.run(args);
      assert.equal(exitCode, 0);
      assert.match(stdout, /^plantpost send: /);
    }
  }
});

Deno.test("a mistyped command, action or flag is told the nearest one", async () => {
  await using desk = await openDesk({ profile: PROFILE });
  const cases: readonly (readonly [args: string[], error: string, hint: string])[] = [
    [["stauts"], 'unknown command "stauts"', 'did you mean "status"?'],
    [["Send"], 'unknown command "Send"', 'did you mean "send"?'],
    [["xyzzy"], 'unknown command "xyzzy"', "plantpost --help lists the commands"],
    [
      ["secret", "st"],
      'secret: wanted set or clear, found "st"',
      'did you mean "plantpost secret set"?',
    ],
    [
      ["secret", "claer"],
      'secret: wanted set or clear, found "claer"',
      'did you mean "plantpost secret clear"?',
    ],
    [["secret"], "secret: wanted set or clear, found nothing", "use: plantpost secret set|clear"],
    [["send", "--attatch", "x"], "unknown flag --attatch", "did you mean --attach?"],
    [["--vebrose", "status"], "unknown flag --vebrose", "did you mean --verbose?"],
    [
      ["status", "--profile", "plnat"],
      `${desk.file} has no profile "plnat", it has: plant`,
      "use --profile plant",
    ],
    [
      ["send", "--to", "--json"],
      "--to wants a value, found the flag --json",
      "where that is the value, write --to=--json",
    ],
  ];
  for (const [args, error, hint] of cases) {
    const { exitCode, stdout, stderr } = await desk.run(args);
    assert.equal(exitCode, 64, args.join(" "));
    if (args.includes("--json")) {
      const said = (JSON.parse(stdout) as { error: { message: string; remedy: string } }).error;
      assert.deepEqual([said.message, said.remedy], [error, hint]);
    } else assert.equal(stderr, `error: ${error}\nhint: ${hint}`);
  }
});

Deno.test("a mistyped key is told the nearest one", async () => {
  const cases: readonly (readonly [line: string, near: RegExp])[] = [
    ['redirct_uri = "http://localhost:1/"', /oauth\.redirct_uri: .* did you mean "redirect_uri"\?/],
    ['client_scret_env = "X"', /client_scret_env: .* did you mean "client_secret_env"\?/],
  ];
  for (const [line, near] of cases) {
    await using desk = await openDesk({ profile: `${PROFILE}\n${line}` });
    const { exitCode, stderr } = await status(desk);
    assert.equal(exitCode, 78);
    assert.match(stderr, near);
  }
});

async function status(desk: Desk): ReturnType<Desk["run"]> {
  return await desk.run(["status"]);
}
