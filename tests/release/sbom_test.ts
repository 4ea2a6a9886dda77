// The bill of materials against the bundle that it is about, and against the schema, by CycloneDX' own validator.

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { Spec, Validation } from "@cyclonedx/cyclonedx-library";
import { bundle, packagesIn, readBundle } from "../../.ci/bundle.ts";
import { billOfMaterials, materialsOf } from "../../.ci/sbom.ts";

const COMMITTED_AT = "2026-11-24T15:00:00+01:00";

interface Component {
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
}

/** Of a bundle made for the test, beside the one in dist/ that other tests may be running. */
async function bundledPackages(): Promise<readonly string[]> {
  const folder = await Deno.makeTempDir();
  try {
    await bundle(`${folder}/bundle`);
    return packagesIn(await readBundle(`${folder}/bundle`));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Specifiers that are packages, in the sources of the program. */
async function importedPackages(folder: URL): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for await (const entry of Deno.readDir(folder)) {
    if (entry.isDirectory) {
      for (const name of await importedPackages(new URL(`${entry.name}/`, folder))) found.add(name);
    } else if (entry.name.endsWith(".ts")) {
      const text = await Deno.readTextFile(new URL(entry.name, folder));
      const imports = text.matchAll(/^(?:import|\}) (?:.*from )?"([^".:][^":]*)";$/gm);
      for (const [, specifier = ""] of imports) {
        const [, name = ""] = /^((?:@[^/]+\/)?[^/]+)/.exec(specifier) ?? [];
        found.add(name);
      }
    }
  }
  return found;
}

Deno.test({
  name: "the bill of materials names what is in the bundle and fits CycloneDX 1.6",
  // Bundling under Windows is for the release workflow; the file is the same.
  ignore: Deno.build.os === "windows",
  fn: async (t) => {
    const bundled = await bundledPackages();
    const materials = { ...await materialsOf(bundled), committedAt: COMMITTED_AT };
    const document = await billOfMaterials(materials);
    const components = document["components"] as readonly Component[];
    const names = components.map(({ name, version }) => `${name}@${version}`);

    await t.step("the validator has nothing to say", async () => {
      const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);
      assert.equal(await validator.validate(JSON.stringify(document)), null);
      const wrong = { ...document, serialNumber: "1" };
      assert.notEqual(await validator.validate(JSON.stringify(wrong)), null);
    });

    const imports: Readonly<Record<string, string>> =
      JSON.parse(await Deno.readTextFile("deno.json")).imports;
    const imported = await importedPackages(new URL("../../src/", import.meta.url));

    await t.step("every package that src/ imports is in it, in the version of deno.json", () => {
      assert.ok(imported.size >= 3);
      for (const name of imported) {
        const specifier = imports[name]?.replace("npm:", "");
        assert.ok(specifier !== undefined && names.includes(specifier), `${name} is missing`);
      }
    });

    await t.step("no package for tests and for the release scripts is in it", () => {
      const others = Object.keys(imports).filter((name) => !imported.has(name));
      assert.ok(others.length >= 5);
      assert.deepEqual(others.filter((name) => components.some((item) => item.name === name)), []);
    });

    await t.step("the runtime is in it, as it runs here", () => {
      assert.ok(names.includes(`deno@${Deno.version.deno}`));
    });

    await t.step("hashes are those of deno.lock", async () => {
      const lock = JSON.parse(await Deno.readTextFile("deno.lock"));
      const { integrity } = lock.npm[imports["smol-toml"]?.replace("npm:", "") ?? ""];
      const hex = Buffer.from(integrity.replace("sha512-", ""), "base64").toString("hex");
      const found = components.find(({ name }) => name === "smol-toml");
      assert.deepEqual(found?.hashes, [{ alg: "SHA-512", content: hex }]);
      assert.equal(found?.purl, `pkg:npm/smol-toml@${found?.version}`);
    });

    await t.step("the same commit gives the same file, another gives another", async () => {
      assert.deepEqual(await billOfMaterials(materials), document);
      const later = await billOfMaterials({ ...materials, committedAt: "2026-11-25T00:00:00Z" });
      assert.notEqual(later["serialNumber"], document["serialNumber"]);
    });
  },
});

Deno.test("billOfMaterials() writes scoped names, license expressions and UTC", async () => {
  const document = await billOfMaterials({
    packages: [{
      name: "@scope/name",
      version: "1.0.0",
      license: "MIT OR Apache-2.0",
      description: "",
      integrity: `sha512-${Buffer.alloc(64, 1).toString("base64")}`,
      dependencies: [],
    }],
    direct: ["@scope/name@1.0.0"],
    runtime: { deno: "2.9.6", v8: "15.0.245.2-rusty" },
    committedAt: COMMITTED_AT,
  });
  const text = JSON.stringify(document);
  assert.match(text, /"purl":"pkg:npm\/%40scope\/name@1\.0\.0"/);
  assert.match(text, /"licenses":\[\{"expression":"MIT OR Apache-2\.0"\}\]/);
  assert.match(text, /"timestamp":"2026-11-24T14:00:00Z"/);
  const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);
  assert.equal(await validator.validate(text), null);
});
