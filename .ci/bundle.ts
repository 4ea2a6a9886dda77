// Makes dist/bundle: the program and the packages it uses, as a few ES modules. The invariant: the same source gives
// the same bytes, names and times in any folder, on any PC, at any time, because the executables can be compared
// with a released one only if what goes into them can.

import { call } from "./call.ts";

export const BUNDLE = "dist/bundle";
const ENTRY = "main.js";

// Not minified: the minifier writes the only use of an `await using` variable in its place, and the disposal,
// here QUIT and the closing of the connection, is gone. Names in stack traces stay readable, too.
export async function bundle(folder = BUNDLE): Promise<void> {
  await Deno.remove(folder, { recursive: true }).catch((cause) => {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
  });
  await Deno.mkdir(folder, { recursive: true });
  await call([
    Deno.execPath(),
    "bundle",
    "--quiet",
    "--platform=deno",
    "--code-splitting",
    `--outdir=${folder}`,
    "main.ts",
  ]);
  await settle(folder);
}

/** Takes out what depends on where the packages lie on this PC, and on the clock. */
async function settle(folder: string): Promise<void> {
  const texts = await readBundle(folder);
  for (const name of texts.keys()) await Deno.remove(`${folder}/${name}`);
  for (const [name, text] of settled(texts)) {
    const path = `${folder}/${name}`;
    await Deno.writeTextFile(path, text);
    // `deno compile` keeps the time of each file.
    await Deno.utime(path, 0, 0);
  }
}

/** The texts of its modules by their names. */
export async function readBundle(folder = BUNDLE): Promise<ReadonlyMap<string, string>> {
  const texts = new Map<string, string>();
  for await (const file of Deno.readDir(folder)) {
    texts.set(file.name, await Deno.readTextFile(`${folder}/${file.name}`));
  }
  return texts;
}

/** The packages in it, as `name@version`, sorted: the bundler says above each piece where it comes from. */
export function packagesIn(texts: ReadonlyMap<string, string>): readonly string[] {
  const found = [...texts.values()].flatMap((text) =>
    [...text.matchAll(/^\/\/ npm:((?:@[^/\n]+\/)?[^/\n]+@\d[^/\n]*)\//gm)].map(([, name = ""]) =>
      name
    )
  );
  return [...new Set(found)].sort();
}

/**
 * The modules under names without the hashes, which cover the paths, and with packages by name and version where
 * comments, and the names of CommonJS modules, tell their paths. Numbered in the order in which `main.js` leads to them.
 */
export function settled(bundled: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const texts = withoutLoader(bundled);
  const names = new Map<string, string>([[ENTRY, ENTRY]]);
  const taken = new Set([ENTRY]);
  for (const name of names.keys()) { // grows as it goes
    for (const [, imported = ""] of (texts.get(name) ?? "").matchAll(REFERENCE)) {
      if (!texts.has(imported) || names.has(imported)) continue;
      const stem = imported.replace(/(?:-[A-Z0-9]{8})?\.js$/, "");
      let next = `${stem}.js`;
      for (let number = 2; taken.has(next); number++) next = `${stem}-${number}.js`;
      taken.add(next);
      names.set(imported, next);
    }
  }
  const unreached = [...texts.keys()].filter((name) => !names.has(name));
  if (unreached.length > 0) throw new Error(`nothing imports ${unreached.join(", ")}`);
  return new Map([...names].map(([name, next]) => [
    next,
    (texts.get(name) ?? "")
      .replaceAll(REFERENCE, (_all, imported) => `"./${names.get(imported) ?? imported}"`)
      .replaceAll(PACKAGE_PATH, "$1npm:$2@$3/"),
  ]));
}

/**
 * What a CommonJS package needs lies in a module of its own, which starts Node's module loader (40 ms). The bundler
 * has every module import it, and only those that take something from it must.
 */
function withoutLoader(texts: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const loaders = [...texts].filter(([, text]) => text.includes("__deno_internal_createRequire"))
    .map(([name]) => `import "./${name}";\n`);
  return new Map([...texts].map(([name, text]) => [
    name,
    loaders.reduce((left, line) => left.replace(line, ""), text),
  ]));
}

const REFERENCE = /"\.\/([\w-]+\.js)"/g;
const PACKAGE_PATH = /^(\/\/ | *")[^"\n]*\/npm\/[^/\n]+\/((?:@[^/\n]+\/)?[^/\n]+)\/(\d[^/\n]*)\//gm;
