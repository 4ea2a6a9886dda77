// Writes the manifests for winget and Scoop into dist/manifests/, from the templates in .github/packaging and the
// checksums in dist/SHA256SUMS:
//
//   GITHUB_REPOSITORY=owner/name deno run --allow-all .ci/manifests.ts
//
// The invariant: a placeholder that nothing fills is an error, so no half-filled manifest is ever published.

import { VERSION } from "../src/base/version.ts";
import { say } from "./call.ts";

const TEMPLATES = new URL("../.github/packaging/", import.meta.url);
const OUTPUT = "dist/manifests";

export interface Release {
  readonly version: string;
  /** `owner/name` at GitHub. */
  readonly repository: string;
  /** Of the released files, in the form of `sha256sum`. */
  readonly checksums: string;
}

/** The template with its placeholders filled: `<version>`, `<home>`, `<download>`, `<sha256 FILE>`. */
export function filled(template: string, { version, repository, checksums }: Release): string {
  if (!/^[\w.-]+\/[\w.-]+$/.test(repository)) {
    throw new Error(`the repository must be owner/name, found "${repository}"`);
  }
  const home = `https://github.com/${repository}`;
  const digests = new Map(
    [...checksums.matchAll(/^([0-9a-f]{64}) [ *](\S+)$/gm)].map((
      [, digest = "", name = ""],
    ) => [name, digest]),
  );
  return template.replaceAll(/<([^<>]*)>/g, (all, placeholder) => {
    const [kind, file = ""] = placeholder.split(" ");
    const value = {
      version,
      home,
      download: `${home}/releases/download/v${version}`,
      sha256: digests.get(file),
      SHA256: digests.get(file)?.toUpperCase(),
    }[kind as string];
    if (value === undefined) throw new Error(`nothing fills ${all}`);
    return value;
  });
}

async function main(): Promise<void> {
  const release: Release = {
    version: VERSION,
    repository: Deno.env.get("GITHUB_REPOSITORY") ?? "",
    checksums: await Deno.readTextFile("dist/SHA256SUMS"),
  };
  for await (const folder of Deno.readDir(TEMPLATES)) {
    await Deno.mkdir(`${OUTPUT}/${folder.name}`, { recursive: true });
    for await (const { name } of Deno.readDir(new URL(`${folder.name}/`, TEMPLATES))) {
      const template = await Deno.readTextFile(new URL(`${folder.name}/${name}`, TEMPLATES));
      await Deno.writeTextFile(`${OUTPUT}/${folder.name}/${name}`, filled(template, release));
      say(`${OUTPUT}/${folder.name}/${name}`);
    }
  }
}

if (import.meta.main) void main();
