import assert from "node:assert/strict";
import { type FlagDefinition, parseFlags, splitCommand } from "../../src/cli/flags.ts";
import { isFailure } from "../vault/fixtures.ts";

const FLAGS: readonly FlagDefinition[] = [
  { name: "subject", kind: "text", value: "STR", about: "" },
  { name: "to", kind: "texts", value: "ADDRESS", about: "" },
  { name: "queue", kind: "switch", about: "" },
];
const GLOBALS: readonly FlagDefinition[] = [
  { name: "config", kind: "text", value: "FILE", about: "" },
  { name: "json", kind: "switch", about: "" },
  { name: "help", kind: "switch", about: "" },
];
const ALL = [...FLAGS, ...GLOBALS];

Deno.test("parseFlags() reads values behind a blank or an equals sign", () => {
  const flags = parseFlags(["--subject", "a=b", "--to=x@y=z", "--to", "second", "--queue"], ALL);
  assert.equal(flags.text("subject"), "a=b");
  assert.deepEqual(flags.texts("to"), ["x@y=z", "second"]);
  assert.ok(flags.has("queue"));
  assert.deepEqual(flags.positionals, []);
});

Deno.test("parseFlags() tells an absent flag from an empty one", () => {
  const flags = parseFlags(["--subject=", "--to", ""], ALL);
  assert.equal(flags.text("subject"), "");
  assert.deepEqual(flags.texts("to"), [""]);
  const none = parseFlags([], ALL);
  assert.equal(none.text("subject"), undefined);
  assert.deepEqual(none.texts("to"), []);
  assert.ok(!none.has("queue") && !none.has("subject"));
});

Deno.test("parseFlags() takes a value that looks like a flag", () => {
  assert.equal(parseFlags(["--subject", "-5 degrees"], ALL).text("subject"), "-5 degrees");
  assert.equal(parseFlags(["--subject=--json"], ALL).text("subject"), "--json");
});

Deno.test("parseFlags() takes everything behind -- and a single - as it is", () => {
  const flags = parseFlags(["set", "-", "--queue", "--", "--to", "--", "-h"], ALL);
  assert.deepEqual(flags.positionals, ["set", "-", "--to", "--", "-h"]);
  assert.ok(flags.has("queue") && !flags.has("to") && !flags.has("help"));
});

Deno.test("parseFlags() reads -h as --help, and a switch twice as once", () => {
  assert.ok(parseFlags(["-h"], ALL).has("help"));
  assert.ok(parseFlags(["--queue", "--queue"], ALL).has("queue"));
});

Deno.test("parseFlags() refuses what is not in the table, and says what was probably meant", () => {
  const cases: readonly (readonly [readonly string[], RegExp, RegExp])[] = [
    [["--sbject", "x"], /^unknown flag --sbject$/m, /did you mean --subject\?/],
    [["--sbject=secret"], /^unknown flag --sbject$/m, /did you mean --subject\?/],
    [["-queue"], /^unknown flag -queue$/m, /did you mean --queue\?/],
    [["--Queue"], /^unknown flag --Queue$/m, /did you mean --queue\?/],
    [["-q"], /^unknown flag -q$/m, /--help/],
    [["-help"], /^unknown flag -help$/m, /did you mean --help\?/],
    [["---queue"], /^unknown flag ---queue$/m, /did you mean --queue\?/],
    [["--="], /^unknown flag --$/m, /--help/],
    [["--constructor"], /^unknown flag --constructor$/m, /--help/],
    [["--__proto__"], /^unknown flag --__proto__$/m, /--help/],
    [["--h"], /^unknown flag --h$/m, /--help/],
  ];
  for (const [args, message, remedy] of cases) {
    assert.throws(
      () => parseFlags(args, ALL),
      isFailure("usage.invalid", message, remedy),
      args.join(" "),
    );
  }
});

Deno.test("parseFlags() refuses missing, surplus and repeated values", () => {
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [["--subject"], /^--subject wants a value: STR$/m],
    [["--to", "a", "--to"], /^--to wants a value: ADDRESS$/m],
    [["--queue=yes"], /^--queue takes no value, found "yes"$/m],
    [["--queue="], /^--queue takes no value, found ""$/m],
    [["-h=1"], /^--help takes no value, found "1"$/m],
    [["--subject", "a", "--subject", "b"], /^--subject is given twice$/m],
    [["--subject=", "--subject=a"], /^--subject is given twice$/m],
  ];
  for (const [args, message] of cases) {
    assert.throws(() => parseFlags(args, ALL), isFailure("usage.invalid", message), args.join(" "));
  }
});

Deno.test("splitCommand() finds the command with global flags on either side of it", () => {
  const cases: readonly (readonly [readonly string[], string | undefined, readonly string[]])[] = [
    [["send"], "send", []],
    [["--json", "send", "--to", "a"], "send", ["--json", "--to", "a"]],
    [["send", "--json"], "send", ["--json"]],
    [["--config", "send", "status"], "status", ["--config", "send"]],
    [["--config=send", "status"], "status", ["--config=send"]],
    [["-h", "send"], "send", ["-h"]],
    [["send", "send"], "send", ["send"]],
    [["--help"], undefined, ["--help"]],
    [["--config"], undefined, ["--config"]],
    [["--", "send"], undefined, ["--", "send"]],
    [[], undefined, []],
    [["--unknown", "send"], "send", ["--unknown"]],
  ];
  for (const [args, command, rest] of cases) {
    assert.deepEqual(splitCommand(args, GLOBALS), { command, rest }, args.join(" "));
  }
});

Deno.test("splitCommand() leaves what it does not know to parseFlags(), which refuses it", () => {
  const { rest } = splitCommand(["--jsn", "send"], GLOBALS);
  assert.throws(() => parseFlags(rest, ALL), isFailure("usage.invalid", /did you mean --json/));
});
