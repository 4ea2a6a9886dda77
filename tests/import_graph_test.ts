// The one direction of imports: a folder may import from folders before it, never from its own rank's others
// or from behind it. The failing edge is named.

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

/** From the ground up; folders of one rank do not know each other. */
const RANKS: readonly (readonly string[])[] = [
  ["base"],
  ["catalogue"],
  ["smtp", "message", "oauth", "profile"],
  ["vault"],
  ["outbox"],
  ["relay", "doctor", "setup", "graph", "sandbox", "service"],
  ["cli"],
];

/** Packages that the program itself may use; all others are for tests. */
const PACKAGES = [
  "age-encryption",
  "node-forge/lib/forge.js",
  "node-forge/lib/md5.js",
  "node-forge/lib/pkcs12.js",
  "node-forge/lib/sha512.js",
  "oauth4webapi",
  "postal-mime",
  "smol-toml",
  "uqr",
];

const SOURCE = new URL("../src/", import.meta.url);

interface Import {
  readonly from: string;
  readonly to: string;
}

Deno.test("imports of src/ point one way", async () => {
  const wrong: string[] = [];
  for (const { from, to } of await importsOf(SOURCE)) {
    if (!to.startsWith(".")) continue;
    const [here, there] = [
      folderOf(new URL(from, SOURCE)),
      folderOf(new URL(to, new URL(from, SOURCE))),
    ];
    const [rankHere, rankThere] = [rankOf(here), rankOf(there)];
    if (here !== there && rankThere >= rankHere) {
      wrong.push(`src/${from} (${here}) imports ${to} (${there})`);
    }
  }
  assert.deepEqual(wrong, []);
});

Deno.test("src/ imports no package that is for tests only, and none by a version of its own", async () => {
  const outside = (await importsOf(SOURCE)).filter(({ to }) =>
    !to.startsWith(".") && !to.startsWith("node:") && !PACKAGES.includes(to)
  );
  assert.deepEqual(outside, []);
});

Deno.test("src/ uses Node's modules only where they are loaded on demand", async () => {
  const found: string[] = [];
  for (const file of await sourceFiles(SOURCE)) {
    const text = await Deno.readTextFile(new URL(file, SOURCE));
    if (/^import [^;]*from "node:/m.test(text)) found.push(file);
  }
  assert.deepEqual(found, []);
});

Deno.test("every folder of src/ has a rank, and no file has over 400 lines", async () => {
  for (const file of await sourceFiles(SOURCE)) {
    rankOf(folderOf(new URL(file, SOURCE)));
    const lines = (await Deno.readTextFile(new URL(file, SOURCE))).split("\n").length;
    assert.ok(lines <= 401, `src/${file} has ${lines} lines`);
  }
});

async function importsOf(root: URL): Promise<readonly Import[]> {
  const imports: Import[] = [];
  for (const from of await sourceFiles(root)) {
    const text = await Deno.readTextFile(new URL(from, root));
    for (const match of text.matchAll(/ from "([^"\n]+)";$|\bimport\("([^"\n]+)"\)/gm)) {
      imports.push({ from, to: match[1] ?? match[2] ?? "" });
    }
  }
  assert.ok(imports.length > 50, "the search for imports finds too few to be right");
  return imports;
}

async function sourceFiles(root: URL): Promise<readonly string[]> {
  const files: string[] = [];
  for await (const folder of Deno.readDir(root)) {
    if (!folder.isDirectory) continue;
    for await (const file of Deno.readDir(new URL(`${folder.name}/`, root))) {
      if (file.name.endsWith(".ts")) files.push(`${folder.name}/${file.name}`);
    }
  }
  return files;
}

function folderOf(file: URL): string {
  return fileURLToPath(file).replaceAll("\\", "/").split("/").at(-2) ?? "";
}

function rankOf(folder: string): number {
  const rank = RANKS.findIndex((folders) => folders.includes(folder));
  assert.ok(rank >= 0, `src/${folder} has no rank`);
  return rank;
}
