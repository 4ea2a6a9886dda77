// What makes the bundle the same everywhere, and the permissions that it runs under.

import assert from "node:assert/strict";
import { bundle, packagesIn, readBundle, settled } from "../../.ci/bundle.ts";
import { isPlatform, permissions } from "../../.ci/permissions.ts";

/** A bundle as it comes out on a PC whose packages lie at that path, with hashes that follow from it. */
function bundled(hash: string, cache: string): ReadonlyMap<string, string> {
  return new Map([
    [`send-B${hash}.js`, `import "./chunk-A${hash}.js";\nimport("./send-C${hash}.js");\n`],
    [`chunk-A${hash}.js`, `// ${cache}/npm/registry.npmjs.org/@s/pack/1.2.3/dist/a.js\nvar a;\n`],
    [
      `send-C${hash}.js`,
      `// ${cache}/npm/mirror.example/pack/4.5.6-rc.1/b.js\nvar b = "./x.js";\n` +
      `  "${cache}/npm/mirror.example/pack/4.5.6-rc.1/c.js"(exports, module) {\n`,
    ],
    ["main.js", `// main.ts\nimport("./send-B${hash}.js");\n`],
  ]);
}

Deno.test("settled() gives the same names and texts wherever the packages lie", () => {
  const here = settled(bundled("1234567", "../../root/.cache/deno"));
  const there = settled(bundled("ABCDEFG", "C:/Users/Some One/AppData/Local/deno"));
  assert.deepEqual([...here], [...there]);
  assert.deepEqual([...here], [
    ["main.js", `// main.ts\nimport("./send.js");\n`],
    ["send.js", `import "./chunk.js";\nimport("./send-2.js");\n`],
    ["chunk.js", "// npm:@s/pack@1.2.3/dist/a.js\nvar a;\n"],
    [
      "send-2.js",
      `// npm:pack@4.5.6-rc.1/b.js\nvar b = "./x.js";\n` +
      `  "npm:pack@4.5.6-rc.1/c.js"(exports, module) {\n`,
    ],
  ]);
});

Deno.test("settled() leaves the loader of CommonJS packages to the modules that have one", () => {
  const loader =
    `import { createRequire as __deno_internal_createRequire } from "node:module";\nexport { __require };\n`;
  const texts = settled(
    new Map([
      [
        "main.js",
        `import "./chunk-A1234567.js";\nimport "./chunk-B1234567.js";\nimport("./x.js");\n`,
      ],
      ["chunk-A1234567.js", "// nothing\n"],
      ["chunk-B1234567.js", loader],
      ["x.js", `import {\n  __require\n} from "./chunk-B1234567.js";\n`],
    ]),
  );
  assert.equal(texts.get("main.js"), `import "./chunk.js";\nimport("./x.js");\n`);
  assert.equal(texts.get("x.js"), `import {\n  __require\n} from "./chunk-2.js";\n`);
});

Deno.test({
  name: "no command but one with an encrypted certificate file starts Node's module loader",
  // Bundling under Windows is for the release workflow; the files are the same.
  ignore: Deno.build.os === "windows",
  fn: async () => {
    const folder = await Deno.makeTempDir();
    try {
      await bundle(`${folder}/bundle`);
      const texts = await readBundle(`${folder}/bundle`);
      const loaders = [...texts].filter(([, text]) => text.includes('from "node:module"'))
        .map(([name]) => name);
      assert.equal(loaders.length, 1);
      const importers = [...texts].filter(([, text]) =>
        loaders.some((name) => text.includes(`"./${name}"`))
      ).map(([name]) => name);
      assert.deepEqual(importers, ["encrypted_key.js"]);
      const isStatic = [...texts.values()].some((text) =>
        /^(?:import|\}) (?:.*from )?"\.\/encrypted_key\.js"/m.test(text)
      );
      assert.equal(isStatic, false);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test("settled() refuses a module that nothing leads to", () => {
  const texts = new Map([["main.js", ""], ["lost-1234ABCD.js", ""]]);
  assert.throws(() => settled(texts), /nothing imports lost-1234ABCD\.js/);
});

Deno.test("packagesIn() names each package once", () => {
  const texts = settled(bundled("1234567", "/cache"));
  assert.deepEqual(packagesIn(texts), ["@s/pack@1.2.3", "pack@4.5.6-rc.1"]);
});

Deno.test("the permissions name programs and libraries by full path, and libraries on Windows only", () => {
  for (const platform of ["windows", "linux", "darwin"]) {
    assert.ok(isPlatform(platform));
    const flags = permissions(platform);
    assert.ok(
      !flags.some((flag) => /^(-A|--allow-all|--allow-run|--allow-ffi|--allow-sys)$/.test(flag)),
    );
    const libraries = flags.filter((flag) => flag.startsWith("--allow-ffi"));
    assert.equal(libraries.length, platform === "windows" ? 1 : 0);
    const paths = [...libraries, ...flags.filter((flag) => flag.startsWith("--allow-run="))]
      .flatMap((flag) => flag.replace(/^[^=]*=/, "").split(","));
    const full = platform === "windows"
      ? /^C:\\Windows\\System32\\\w+\.(dll|exe)$/
      : /^\/usr\/bin\//;
    for (const path of paths) assert.match(path, full);
  }
});

Deno.test("under the permissions no code is loaded from the network", async () => {
  let requests = 0;
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, () => {
    requests++;
    return new Response("export {};", { headers: { "content-type": "text/javascript" } });
  });
  const folder = await Deno.makeTempDir();
  try {
    const address = `http://127.0.0.1:${server.addr.port}/code.js`;
    const script = `${folder}/script.js`;
    await Deno.writeTextFile(script, `await import(new URL("${address}").href);`);
    const run = async (flags: readonly string[]): Promise<Deno.CommandOutput> =>
      await new Deno.Command(Deno.execPath(), { args: ["run", ...flags, script] }).output();
    const platform = Deno.build.os;
    assert.ok(isPlatform(platform));
    const refused = await run(permissions(platform));
    assert.equal(refused.success, false);
    assert.match(new TextDecoder().decode(refused.stderr), /import/);
    assert.equal(requests, 0);
    // The same script, to see that it would have asked.
    await run(["--allow-import=127.0.0.1"]);
    assert.ok(requests > 0);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
