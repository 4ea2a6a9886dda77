// The manifests for winget and Scoop, read by other people's parsers and held to what their schemas want:
// https://aka.ms/winget-manifest.installer.1.10.0.schema.json (and version, defaultLocale), and schema.json of Scoop.

import assert from "node:assert/strict";
import { parse } from "yaml";
import { filled } from "../../.ci/manifests.ts";

const TEMPLATES = new URL("../../.github/packaging/", import.meta.url);
const X64 = "plantpost-windows-x64.exe";
const ARM64 = "plantpost-windows-arm64.exe";
const DIGESTS = { [X64]: "0a".repeat(32), [ARM64]: "f1".repeat(32) };
const RELEASE = {
  version: "1.2.3",
  repository: "some-one/plantpost",
  checksums: `${DIGESTS[X64]}  ${X64}\n${DIGESTS[ARM64]} *${ARM64}\n${"00".repeat(32)}  other\n`,
};
const HOME = "https://github.com/some-one/plantpost";
const DOWNLOAD = `${HOME}/releases/download/v1.2.3`;

/** What version 1.10 requires of each of the three files. */
const WINGET_REQUIRED = {
  version: [
    "PackageIdentifier",
    "PackageVersion",
    "DefaultLocale",
    "ManifestType",
    "ManifestVersion",
  ],
  installer: [
    "PackageIdentifier",
    "PackageVersion",
    "Installers",
    "ManifestType",
    "ManifestVersion",
  ],
  defaultLocale: [
    ...["PackageIdentifier", "PackageVersion", "PackageLocale", "Publisher", "PackageName"],
    ...["License", "ShortDescription", "ManifestType", "ManifestVersion"],
  ],
};

async function winget(name: string): Promise<Record<string, unknown>> {
  const template = await Deno.readTextFile(
    new URL(`winget/plantpost.plantpost${name}.yaml`, TEMPLATES),
  );
  return parse(filled(template, RELEASE));
}

Deno.test("the winget manifests hold what the schema requires, for one package and version", async () => {
  for (const name of ["", ".installer", ".locale.en-US"]) {
    const manifest = await winget(name);
    const type = String(manifest["ManifestType"]);
    assert.ok(Object.hasOwn(WINGET_REQUIRED, type), type);
    const required = WINGET_REQUIRED[type as keyof typeof WINGET_REQUIRED];
    assert.deepEqual(required.filter((key) => manifest[key] === undefined), [], name);
    assert.equal(manifest["ManifestVersion"], "1.10.0");
    assert.equal(manifest["PackageVersion"], "1.2.3");
    assert.match(
      String(manifest["PackageIdentifier"]),
      /^[^.\s\\/:*?"<>|]{1,32}(\.[^.\s\\/:*?"<>|]{1,32})+$/,
    );
    for (const [key, value] of Object.entries(manifest)) {
      if (!/Url$/.test(key)) continue;
      assert.ok(String(value).startsWith(HOME), `${key} ${value}`);
    }
  }
  const locale = await winget(".locale.en-US");
  assert.ok(String(locale["ShortDescription"]).length <= 256);
  assert.equal((await winget(""))["DefaultLocale"], locale["PackageLocale"]);
});

Deno.test("the winget installer is the executable itself, for both processors, as the command plantpost", async () => {
  const manifest = await winget(".installer");
  assert.equal(manifest["InstallerType"], "portable");
  assert.deepEqual(manifest["Commands"], ["plantpost"]);
  assert.deepEqual(manifest["Installers"], [
    {
      Architecture: "x64",
      InstallerUrl: `${DOWNLOAD}/${X64}`,
      InstallerSha256: DIGESTS[X64]?.toUpperCase(),
    },
    {
      Architecture: "arm64",
      InstallerUrl: `${DOWNLOAD}/${ARM64}`,
      InstallerSha256: DIGESTS[ARM64]?.toUpperCase(),
    },
  ]);
});

Deno.test("the Scoop manifest downloads both executables as plantpost.exe and updates itself from the checksums", async () => {
  const template = await Deno.readTextFile(new URL("scoop/plantpost.json", TEMPLATES));
  const manifest = JSON.parse(filled(template, RELEASE));
  for (const key of ["version", "description", "homepage", "license"]) {
    assert.equal(typeof manifest[key], "string", key);
  }
  assert.equal(manifest.bin, "plantpost.exe");
  assert.deepEqual(manifest.architecture, {
    "64bit": { url: `${DOWNLOAD}/${X64}#/plantpost.exe`, hash: DIGESTS[X64] },
    arm64: { url: `${DOWNLOAD}/${ARM64}#/plantpost.exe`, hash: DIGESTS[ARM64] },
  });
  assert.equal(manifest.checkver.github, HOME);
  for (const kind of ["64bit", "arm64"]) {
    const next = manifest.autoupdate.architecture[kind].url.replaceAll("$version", "1.2.3");
    assert.equal(next, manifest.architecture[kind].url);
  }
});

Deno.test("filled() refuses a placeholder that nothing fills, and a repository that is none", () => {
  assert.throws(() => filled("<sha256 plantpost-windows-x86.exe>", RELEASE), /nothing fills/);
  assert.throws(() => filled("<verison>", RELEASE), /nothing fills <verison>/);
  assert.throws(() => filled("", { ...RELEASE, repository: "" }), /owner\/name/);
});
