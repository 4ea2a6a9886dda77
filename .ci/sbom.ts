// Writes dist/plantpost.cdx.json: what the executables are made of, as a bill of materials in CycloneDX 1.6.
//
//   deno run --allow-all .ci/sbom.ts
//
// The invariants: the packages are those found in the bundle, whatever deno.json names besides; and the same commit
// gives the same file, so time and serial number are derived.

import { fromBase64 } from "../src/base/base64.ts";
import { toHex } from "../src/base/octets.ts";
import { VERSION } from "../src/base/version.ts";
import { bundle, packagesIn, readBundle } from "./bundle.ts";
import { say } from "./call.ts";

const OUTPUT = "dist/plantpost.cdx.json";
const PROGRAM = `plantpost@${VERSION}`;

export interface Package {
  readonly name: string;
  readonly version: string;
  /** SPDX, as the package itself says. */
  readonly license: string;
  readonly description: string;
  /** `sha512-…` in base 64, as the lock file holds the package to. */
  readonly integrity: string;
  /** Those of its dependencies that are in the bundle as well, as `name@version`. */
  readonly dependencies: readonly string[];
}

export interface Materials {
  readonly packages: readonly Package[];
  /** Those that the program's own modules import, as `name@version`. */
  readonly direct: readonly string[];
  readonly runtime: { readonly deno: string; readonly v8: string };
  /** RFC 3339. */
  readonly committedAt: string;
}

/** The document; what is optional in it is there only where something reads it. */
export async function billOfMaterials(materials: Materials): Promise<Record<string, unknown>> {
  const { packages, direct, committedAt } = materials;
  const runtime = runtimeComponent(materials.runtime);
  const content = {
    metadata: {
      timestamp: new Date(committedAt).toISOString().replace(".000Z", "Z"),
      lifecycles: [{ phase: "build" }],
      component: {
        type: "application",
        "bom-ref": PROGRAM,
        name: "plantpost",
        version: VERSION,
        description: "sends mail from plant PCs through Microsoft 365, Google or any SMTP service",
        licenses: [{ license: { id: "MIT" } }],
        purl: `pkg:generic/plantpost@${VERSION}`,
      },
    },
    components: [...packages.map(packageComponent), runtime],
    dependencies: [
      { ref: PROGRAM, dependsOn: [...direct, runtime["bom-ref"]] },
      ...packages.map(({ name, version, dependencies }) => ({
        ref: `${name}@${version}`,
        dependsOn: dependencies,
      })),
      { ref: runtime["bom-ref"], dependsOn: [] },
    ],
  };
  return {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    serialNumber: `urn:uuid:${await derivedUuid(JSON.stringify(content))}`,
    version: 1,
    ...content,
  };
}

function packageComponent(item: Package): Record<string, unknown> {
  const isOneLicense = /^[\w.+-]+$/.test(item.license);
  const [, digest = ""] = /^sha512-(.+)$/.exec(item.integrity) ?? [];
  return {
    type: "library",
    "bom-ref": `${item.name}@${item.version}`,
    name: item.name,
    version: item.version,
    description: item.description,
    scope: "required",
    // Of the package as the registry serves it.
    hashes: [{ alg: "SHA-512", content: toHex(fromBase64(digest) ?? new Uint8Array()) }],
    licenses: isOneLicense ? [{ license: { id: item.license } }] : [{ expression: item.license }],
    purl: `pkg:npm/${item.name.replace("@", "%40")}@${item.version}`,
    externalReferences: [
      { type: "distribution", url: `https://www.npmjs.com/package/${item.name}/v/${item.version}` },
    ],
  };
}

function runtimeComponent({ deno, v8 }: Materials["runtime"]): { readonly "bom-ref": string } {
  const component = {
    type: "platform",
    "bom-ref": `deno@${deno}`,
    name: "deno",
    version: deno,
    description: "the runtime inside the executable, as released by the Deno project",
    scope: "required",
    licenses: [{ license: { id: "MIT" } }],
    cpe: `cpe:2.3:a:deno:deno:${deno}:*:*:*:*:*:*:*`,
    purl: `pkg:github/denoland/deno@v${deno}`,
    components: [{
      type: "library",
      "bom-ref": `v8@${v8}`,
      name: "v8",
      version: v8,
      licenses: [{ license: { id: "BSD-3-Clause" } }],
    }],
  };
  return component;
}

/** A UUID of version 8 (RFC 9562 §5.8) from the SHA-256 of the text. */
async function derivedUuid(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  const octets = new Uint8Array(digest, 0, 16);
  octets[6] = ((octets[6] ?? 0) & 0x0f) | 0x80;
  octets[8] = ((octets[8] ?? 0) & 0x3f) | 0x80;
  return toHex(octets).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

interface Graph {
  readonly modules: readonly { readonly specifier: string }[];
  readonly npmPackages: Readonly<
    Record<
      string,
      {
        readonly name: string;
        readonly version: string;
        readonly dependencies: readonly string[];
        readonly localPath: string;
      }
    >
  >;
}

/** What is told of the packages of a bundle by the lock file, the module graph and the packages themselves. */
export async function materialsOf(
  bundled: readonly string[],
): Promise<Omit<Materials, "committedAt">> {
  const graph: Graph = JSON.parse(await output([Deno.execPath(), "info", "--json", "main.ts"]));
  const lock: { readonly npm: Readonly<Record<string, { readonly integrity: string }>> } = JSON
    .parse(await Deno.readTextFile("deno.lock"));
  // A key may go on with the versions of peers: `name@1.0.0_peer@2.0.0`.
  const plain = (key: string): string => key.replace(/(?<=.@[^_]+)_.*$/, "");
  const integrities = new Map(
    Object.entries(lock.npm).map(([key, { integrity }]) => [plain(key), integrity]),
  );
  const packages: Package[] = [];
  for (const id of bundled) {
    const [, entry] = Object.entries(graph.npmPackages).find(([key]) => plain(key) === id) ?? [];
    const integrity = integrities.get(id);
    if (entry === undefined || integrity === undefined) throw new Error(`deno.lock has no ${id}`);
    const manifest: { readonly license?: string; readonly description?: string } = JSON.parse(
      await Deno.readTextFile(`${entry.localPath}/package.json`),
    );
    if (typeof manifest.license !== "string") throw new Error(`${id} names no license`);
    packages.push({
      name: entry.name,
      version: entry.version,
      license: manifest.license,
      description: manifest.description ?? "",
      integrity,
      dependencies: entry.dependencies.map(plain).filter((name) => bundled.includes(name)).sort(),
    });
  }
  const imported = graph.modules.flatMap(({ specifier }) =>
    /^npm:\/?((?:@[^/]+\/)?[^/]+)/.exec(specifier)?.[1] ?? []
  );
  return {
    packages,
    direct: bundled.filter((id) => imported.map(plain).includes(id)),
    runtime: Deno.version,
  };
}

async function output([program = "", ...args]: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args }).output();
  if (!success) throw new Error(`${program} failed: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

async function main(): Promise<void> {
  await bundle();
  const bundled = packagesIn(await readBundle());
  const committedAt = (await output(["git", "log", "-1", "--format=%cI"])).trim();
  const document = await billOfMaterials({ ...await materialsOf(bundled), committedAt });
  await Deno.writeTextFile(OUTPUT, `${JSON.stringify(document, null, 2)}\n`);
  say(`${OUTPUT} ${bundled.join(" ")}`);
}

if (import.meta.main) void main();
