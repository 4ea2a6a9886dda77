// One profile cut out of a file of several and put into another: its values arrive whole, and no line of the
// others changes, however the file is written.

import assert from "node:assert/strict";
import fc from "fast-check";
import { parse } from "smol-toml";
import { carriedText, mergedText } from "../../src/profile/carried_text.ts";
import { differences, tablesOf, withoutPaths, withTables } from "../../src/profile/toml_blocks.ts";
import { writeToml } from "../../src/profile/toml_writer.ts";
import { isFailure } from "../vault/fixtures.ts";

const FILE = { name: "plantpost.toml", path: "/plant/plantpost.toml" };
const NAMES = ["plant", "plant.two", "constructor", "__proto__", "Plant", "p-1"];

interface Part {
  readonly header: string;
  readonly body: string;
}

const name = fc.constantFrom(...NAMES);
const value = fc.oneof(
  fc.string({ unit: "binary" }).map((text) => JSON.stringify(text).replaceAll("\x7f", "\\u007f")),
  fc.stringMatching(/^[ -&(-~]*$/).map((text) => `'${text}'`),
  fc.integer().map(String),
  fc.constantFrom(
    "2027-05-01",
    "true",
    "1.5",
    "30.0",
    '"""\n[profiles.fake] # no header\n"""',
    '"""a\\\\"""',
    '"""a \\""" b"""""',
    "'''\n[x]\n'''''",
    '[\n  "a", # ]\n  "[",\n]',
    "{ a = '}', b = [1, 2] }",
    '"# no comment"',
    "'[no, header]'",
  ),
);
const gap = fc.constantFrom(
  "",
  "\n",
  "# a word\n",
  "  # [profiles.fake]\n",
  "\n# one\n\n# two\n",
  "\t\n",
);
const body = fc.uniqueArray(fc.tuple(fc.constantFrom(..."abcdef"), value, gap), {
  selector: ([key]) => key,
  maxLength: 4,
}).map((pairs) => pairs.map(([key, text, above]) => `${above}${key} = ${text}\n`).join(""));

function quoted(text: string): string {
  return /^[\w-]+$/.test(text) ? text : `"${text}"`;
}

const tables = fc.uniqueArray(
  fc.record({
    path: fc.oneof(
      fc.tuple(fc.constant("profiles"), name),
      fc.tuple(fc.constant("profiles"), name, fc.constantFrom("smtp", "oauth", "sender")),
      fc.tuple(fc.constantFrom("log", "groups", "vault")),
    ),
    body,
    above: gap,
    comment: fc.constantFrom("", " # [to come]", "\t"),
    space: fc.constantFrom("", " ", "\t"),
  }),
  { selector: ({ path }) => path.join("/"), maxLength: 9 },
).map((parts): readonly Part[] =>
  parts.map(({ path, body, above, comment, space }) => ({
    header: `${above}${space}[${space}${path.map(quoted).join(`${space}.`)}${space}]${comment}\n`,
    body,
  }))
);

const file = fc.record({ preamble: body, parts: tables, lineEnd: fc.constantFrom("\n", "\r\n") })
  .map(({ preamble, parts, lineEnd }) =>
    (preamble + parts.map(({ header, body }) => header + body).join("")).replaceAll("\n", lineEnd)
  );

type Tree = Record<string, unknown> & { profiles?: Record<string, unknown> };

function treeOf(text: string): Tree {
  return parse(text, { integersAsBigInt: true }) as Tree;
}

Deno.test("carriedText() carries the values of one profile, and in the whole file those of no other", () => {
  fc.assert(fc.property(file, name, (text, wanted) => {
    const source = treeOf(text.replaceAll("\r\n", "\n"));
    fc.pre(Object.hasOwn(source.profiles ?? {}, wanted));
    const { tables, file } = carriedText(text, { name: wanted, drops: ["oauth.a", "b"] });
    const { [wanted]: own } = source.profiles ?? {};
    const kept = own as Record<string, unknown>;
    delete kept["b"];
    delete (kept["oauth"] as Record<string, unknown> | undefined)?.["a"];
    const profiles = Object.fromEntries([[wanted, kept]]);
    assert.deepEqual(differences(treeOf(tables), { profiles }), []);
    assert.deepEqual(differences(treeOf(file), { ...source, profiles }), []);
    assert.ok(!tables.includes("\r") && tables.endsWith("\n"));
  }));
});

// carriedText() writes anew what was cut wrongly, and would hide it.
Deno.test("tablesOf() and withoutPaths() cut at headers whatever stands in comments and values", () => {
  fc.assert(
    fc.property(file, name, (text, wanted) => {
      const source = treeOf(text);
      const isOwn = (path: readonly string[]): boolean =>
        path.length > 1 && path[0] === "profiles" && path[1] === wanted;
      const { profiles, ...rest } = source;
      const entries = Object.entries(profiles ?? {});
      const own = entries.filter(([other]) => other === wanted);
      const tables = own.length === 0 ? {} : { profiles: Object.fromEntries(own) };
      assert.deepEqual(differences(treeOf(tablesOf(text, ["profiles", wanted])), tables), []);
      const others = entries.filter(([other]) => other !== wanted);
      const meant = others.length === 0 ? rest : { ...rest, profiles: Object.fromEntries(others) };
      assert.deepEqual(differences(treeOf(withoutPaths(text, isOwn)), meant), []);
    }),
    { numRuns: 500 },
  );
});

Deno.test("mergedText() adds a profile behind what is there, which stays octet for octet", () => {
  fc.assert(fc.property(file, file, name, (from, to, wanted) => {
    const source = treeOf(from.replaceAll("\r\n", "\n"));
    const target = treeOf(to);
    fc.pre(Object.hasOwn(source.profiles ?? {}, wanted));
    fc.pre(!Object.hasOwn(target.profiles ?? {}, wanted));
    const { tables } = carriedText(from, { name: wanted, drops: [] });
    const merged = mergedText(`\uFEFF${to}`, { name: wanted, tables, file: FILE });
    assert.equal(merged.was, "missing");
    assert.ok(merged.text.startsWith(`\uFEFF${/\S/.test(to) ? to : ""}`));
    const profiles = Object.fromEntries([
      ...Object.entries(target.profiles ?? {}),
      [wanted, source.profiles?.[wanted]],
    ]);
    assert.deepEqual(differences(treeOf(merged.text), { ...target, profiles }), []);
    const again = mergedText(merged.text, { name: wanted, tables, file: FILE });
    assert.deepEqual([again.was, again.text], ["same", merged.text]);
  }));
});

Deno.test("mergedText() exchanges a profile and changes no line of another table", () => {
  fc.assert(fc.property(file, file, name, (from, to, wanted) => {
    const source = treeOf(from.replaceAll("\r\n", "\n"));
    fc.pre(Object.hasOwn(source.profiles ?? {}, wanted));
    fc.pre(Object.hasOwn(treeOf(to).profiles ?? {}, wanted));
    const { tables } = carriedText(from, { name: wanted, drops: [] });
    const merged = mergedText(to, { name: wanted, tables, file: FILE });
    fc.pre(merged.was === "other");
    assert.ok(merged.differing.length > 0);
    const isOwn = (path: readonly string[]): boolean =>
      path.length > 1 && path[0] === "profiles" && path[1] === wanted;
    const lines = (text: string): string[] => text.split("\n").filter((line) => line.trim() !== "");
    assert.deepEqual(lines(withoutPaths(merged.text, isOwn)), lines(withoutPaths(to, isOwn)));
    assert.deepEqual(
      differences(treeOf(merged.text).profiles?.[wanted], source.profiles?.[wanted]),
      [],
    );
  }));
});

Deno.test("writeToml() writes what parses to the same values", () => {
  fc.assert(fc.property(file, (text) => {
    const tree = treeOf(text);
    assert.deepEqual(differences(treeOf(writeToml(tree)), tree), []);
  }));
  const odd = treeOf(`a = nan\nb = -inf\nc = 1e30\nd = -0.0\ne = 9007199254740993\nf = 07:32:00
g = 1979-05-27T07:32:00.5-07:00\nh = "\\u007F\\u0000\\U0001F600"\n"" = [{ "x y" = {} }, {}]\n[x."y.z"]\n[x.w.v]\n`);
  assert.deepEqual(
    differences(treeOf(writeToml(odd)), odd).filter((path) => path !== "a"), // NaN is never the same
    [],
  );
  assert.match(writeToml(odd), /^a = nan$/m);
});

const SEVERAL = `# about this file

default_profile = "b"
data_dir = "state"

# the first
[profiles.a]
user = "a@example.com"
# [profiles.commented]

# how a speaks
[profiles.a.smtp] # [odd]
host = "a"

# ---- log ----
[log]
level = "info"

[profiles.b]
user = "b@example.com"

[profiles.a.sender]
name = "A"
# the last word of a
`;

Deno.test("tablesOf() takes comments along that stand directly above a header", () => {
  assert.equal(
    tablesOf(SEVERAL, ["profiles", "a"]),
    `# the first
[profiles.a]
user = "a@example.com"
# [profiles.commented]

# how a speaks
[profiles.a.smtp] # [odd]
host = "a"

[profiles.a.sender]
name = "A"
# the last word of a
`,
  );
});

Deno.test("carriedText() names no default profile that is not carried, and keeps one that is", () => {
  const a = carriedText(SEVERAL, { name: "a", drops: [] });
  assert.doesNotMatch(a.file, /default_profile|profiles\.b/);
  assert.match(a.file, /^# about this file\n\ndata_dir = "state"\n\n# the first\n/);
  assert.match(carriedText(SEVERAL, { name: "b", drops: [] }).file, /^default_profile = "b"$/m);
});

Deno.test("carriedText() writes anew what cannot be cut at headers", () => {
  const cases = [
    "profiles.a.user = 'x'\nprofiles.a.smtp.port = 25\nprofiles.b.user = 'y'\n",
    "[profiles]\na = { user = 'x', smtp = { port = 25 } }\nb.user = 'y'\n",
    "profiles = { a = { user = 'x', smtp = { port = 25 } }, b = { user = 'y' } }\n",
  ];
  for (const text of cases) {
    const { tables, file } = carriedText(text, { name: "a", drops: [] });
    const meant = { profiles: { a: { user: "x", smtp: { port: 25n } } } };
    assert.deepEqual(differences(treeOf(tables), meant), [], text);
    assert.deepEqual(differences(treeOf(file), meant), [], text);
    assert.match(tables, /^\[profiles\.a\]$/m);
  }
});

Deno.test("carriedText() leaves a secret behind, however it is written", () => {
  const cases = [
    "[profiles.a.oauth]\nclient_id = 'x'\nclient_secret = 'hush' # hush\n",
    "[profiles.a]\noauth.client_id = 'x'\noauth.\"client_secret\" = '''\nhush'''\n",
    "[profiles.a]\noauth = { client_id = 'x', client_secret = 'hush' }\n",
  ];
  for (const text of cases) {
    const carried = carriedText(text, { name: "a", drops: ["oauth.client_secret"] });
    for (const part of [carried.tables, carried.file]) {
      assert.doesNotMatch(part, /hush|client_secret/, text);
      assert.deepEqual(
        differences(treeOf(part), { profiles: { a: { oauth: { client_id: "x" } } } }),
        [],
      );
    }
  }
});

Deno.test("mergedText() exchanges a profile in its place, with the line ends of the file", () => {
  const { text, differing } = mergedText(SEVERAL.replaceAll("\n", "\r\n"), {
    name: "a",
    tables: "[profiles.a]\nuser = 'new'\nsender.name = 'A'\n",
    file: FILE,
  });
  assert.deepEqual(differing, ["user", "smtp"]);
  assert.equal(
    text.replaceAll("\r\n", "\n"),
    `# about this file

default_profile = "b"
data_dir = "state"

[profiles.a]
user = 'new'
sender.name = 'A'

# ---- log ----
[log]
level = "info"

[profiles.b]
user = "b@example.com"

`,
  );
  assert.doesNotMatch(text, /(?<!\r)\n/);
});

Deno.test("mergedText() exchanges a profile of dotted keys, and leaves the others'", () => {
  const text = "profiles.a.user = 'x' # x\nprofiles.b.user = 'y' # y\n[log]\nlevel = 'info'\n";
  const merged = mergedText(text, { name: "a", tables: "[profiles.a]\nuser = 'z'\n", file: FILE });
  assert.equal(
    merged.text,
    "profiles.b.user = 'y' # y\n[log]\nlevel = 'info'\n\n[profiles.a]\nuser = 'z'\n",
  );
});

Deno.test("mergedText() refuses a file that it would have to write anew", () => {
  const text = "profiles = { b = { user = 'y' } } # b\n";
  assert.throws(
    () => mergedText(text, { name: "a", tables: "[profiles.a]\nuser = 'z'\n", file: FILE }),
    isFailure("profile.invalid", /plantpost\.toml is written so/, /such as \[profiles\.plant\]/),
  );
});

Deno.test("differences() tells types, dates and lengths apart", () => {
  const cases: readonly (readonly [one: string, other: string, keys: readonly string[]])[] = [
    ["a = 1", "a = 1.0", ["a"]],
    ["a = '1'", "a = 1", ["a"]],
    ["a = 2027-05-01", "a = 2027-05-02", ["a"]],
    ["a = 2027-05-01", "a = '2027-05-01'", ["a"]],
    ["a = [1, 2]", "a = [1]", ["a"]],
    ["a = []", "a = {}", ["a"]],
    ["[x]\na = 1", '[x]\na = 1\n[x."y z"]', ['x."y z"']],
    ["a = 1\nb = 2", "b = 2\na = 1", []],
    ["constructor = 1", "", ["constructor"]],
  ];
  for (const [one, other, keys] of cases) {
    assert.deepEqual(differences(treeOf(one), treeOf(other)), keys, `${one} / ${other}`);
    assert.deepEqual(differences(treeOf(other), treeOf(one)), keys, `${other} / ${one}`);
  }
});

Deno.test("withTables() begins an empty file without a blank line", () => {
  const change = { path: ["profiles", "a"], tables: "[profiles.a]\n" };
  assert.equal(withTables("", change), "[profiles.a]\n");
  assert.equal(withTables("x = 1", change), "x = 1\n\n[profiles.a]\n");
});

Deno.test("withTables() keeps the blank lines behind what it exchanges, or that there are none", () => {
  const change = { path: ["profiles", "a"], tables: "[profiles.a]\nnew = 1\n" };
  for (const blank of ["", "\n", "\n \n\n"]) {
    for (const behind of ["", "# b\n[b]\n"]) {
      assert.equal(
        withTables(`x = 1\n[profiles.a]\nold = 1\n${blank}${behind}`, change),
        `x = 1\n[profiles.a]\nnew = 1\n${blank}${behind}`,
      );
    }
  }
});
