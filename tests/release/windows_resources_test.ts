// The resources of the Windows executables, on an empty executable in place of the runtime; and, on Windows, as
// Windows itself finds them. Real executables are looked at by the release workflow.

import assert from "node:assert/strict";
import { Data, NtExecutable, NtExecutableResource, Resource } from "resedit";
import { withIdentity } from "../../.ci/windows_resources.ts";
import { toWide } from "../../src/base/windows_library.ts";

const ICON = new URL("../../docs/pictures/plantpost.ico", import.meta.url);
const RAW_DATA = 10;
const PROGRAM = "D3N0L4ND";

/** An executable with the resources that `deno compile` writes: the program, and an icon of the runtime. */
function executable(program: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const image = NtExecutable.createEmpty(false, false);
  const resources = NtExecutableResource.from(image);
  const empty = { codepage: 0, bin: new ArrayBuffer(4) };
  resources.entries = [
    { type: 3, id: 1, lang: 0, ...empty },
    { type: RAW_DATA, id: PROGRAM, lang: 0, codepage: 0, bin: program.buffer },
    { type: 14, id: "MAINICON", lang: 0, ...empty },
    { type: 16, id: 1, lang: 1033, ...empty },
  ];
  resources.outputResource(image);
  return new Uint8Array(image.generate());
}

async function named(program: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return withIdentity(executable(program), {
    version: "1.20.300-rc.1",
    icon: await Deno.readFile(ICON),
    copyright: "Copyright (c) 2026 The authors",
  });
}

function octetsOf(item: Data.IconItem | Data.RawIconItem): Uint8Array {
  return new Uint8Array(item.isIcon() ? item.generate() : item.bin);
}

function entriesOf(octets: Uint8Array): NtExecutableResource["entries"] {
  return NtExecutableResource.from(NtExecutable.from(octets)).entries;
}

Deno.test("withIdentity() leaves the program in the executable as it is", async () => {
  const program = crypto.getRandomValues(new Uint8Array(50_001));
  const found = entriesOf(await named(program)).filter(({ type }) => type === RAW_DATA);
  assert.deepEqual(found.map(({ id, lang }) => [id, lang]), [[PROGRAM, 0]]);
  assert.deepEqual(new Uint8Array(found[0]?.bin ?? new ArrayBuffer(0)), program);
});

Deno.test("withIdentity() writes name, version and license, and nothing of the runtime stays", async () => {
  const infos = Resource.VersionInfo.fromEntries(entriesOf(await named(new Uint8Array(8))));
  assert.equal(infos.length, 1);
  const [info] = infos;
  assert.ok(info !== undefined);
  assert.deepEqual(
    [info.fixedInfo.fileVersionMS, info.fixedInfo.fileVersionLS],
    [(1 << 16) + 20, 300 << 16],
  );
  const texts = info.getStringValues({ lang: 0x0409, codepage: 1200 });
  assert.equal(texts["ProductName"], "plantpost");
  assert.equal(texts["ProductVersion"], "1.20.300-rc.1");
  assert.equal(texts["LegalCopyright"], "Copyright (c) 2026 The authors. MIT License.");
});

Deno.test("withIdentity() writes every size of the icon as it was drawn", async () => {
  const entries = entriesOf(await named(new Uint8Array(8)));
  const [group, ...others] = Resource.IconGroupEntry.fromEntries(entries);
  assert.deepEqual(others, []);
  const drawn = Data.IconFile.from(await Deno.readFile(ICON)).icons;
  assert.ok(drawn.length >= 6);
  assert.deepEqual(
    group?.getIconItemsFromEntries(entries).map((item) => octetsOf(item)),
    drawn.map(({ data }) => octetsOf(data)),
  );
});

Deno.test("withIdentity() takes the runtime's signature out and sets the checksum that signing tools set", async () => {
  const signed = executable(new Uint8Array(8));
  const directory = new DataView(signed.buffer).getUint32(0x3c, true) + 24 + 112 + 4 * 8;
  new DataView(signed.buffer).setUint32(directory, signed.length, true);
  new DataView(signed.buffer).setUint32(directory + 4, 8, true);
  const octets = withIdentity(new Uint8Array([...signed, ...new Uint8Array(8).fill(1)]), {
    version: "1.0.0",
    icon: await Deno.readFile(ICON),
    copyright: "",
  });
  const view = new DataView(octets.buffer);
  assert.equal(view.getUint32(directory + 4, true), 0);
  const field = view.getUint32(0x3c, true) + 24 + 64;
  const checksum = view.getUint32(field, true);
  // The definition: the ones' complement sum of all words but the field's own, and the length.
  let sum = 0;
  for (let at = 0; at < octets.length; at += 2) {
    if (at >= field && at < field + 4) continue;
    sum += view.getUint16(at, true);
  }
  while (sum > 0xffff) sum = Math.floor(sum / 0x10000) + sum % 0x10000;
  assert.equal(checksum, sum + octets.length);
});

Deno.test("withIdentity() refuses an executable without a program", () => {
  const image = NtExecutable.createEmpty(false, false);
  assert.throws(
    () =>
      withIdentity(new Uint8Array(image.generate()), {
        version: "1.0.0",
        icon: new Uint8Array(),
        copyright: "",
      }),
    /holds no program/,
  );
});

Deno.test({
  name: "Windows finds the program, the icon and the name in the executable",
  ignore: Deno.build.os !== "windows",
  fn: async () => {
    const program = crypto.getRandomValues(new Uint8Array(50_001));
    const path = await Deno.makeTempFile({ suffix: ".exe" });
    try {
      await Deno.writeFile(path, await named(program));
      assert.deepEqual(windowsFinds(path, { type: RAW_DATA, name: PROGRAM }), program);
      assert.equal(windowsFinds(path, { type: 14, name: 1 })?.at(4), 6);
      const version = windowsFinds(path, { type: 16, name: 1 });
      assert.match(new TextDecoder("utf-16le").decode(version), /ProductName\0\0?plantpost\0/);
    } finally {
      await Deno.remove(path);
    }
  },
});

/** The resource as the program finds its own: by FindResource. */
function windowsFinds(
  path: string,
  resource: { readonly type: number; readonly name: string | number },
): Uint8Array | undefined {
  const kernel32 = Deno.dlopen("C:\\Windows\\System32\\kernel32.dll", {
    LoadLibraryExW: { parameters: ["buffer", "pointer", "u32"], result: "pointer" },
    FreeLibrary: { parameters: ["pointer"], result: "i32" },
    FindResourceW: { parameters: ["pointer", "pointer", "pointer"], result: "pointer" },
    LoadResource: { parameters: ["pointer", "pointer"], result: "pointer" },
    LockResource: { parameters: ["pointer"], result: "pointer" },
    SizeofResource: { parameters: ["pointer", "pointer"], result: "u32" },
  });
  const { symbols } = kernel32;
  try {
    const asDataFile = 0x2;
    const module = symbols.LoadLibraryExW(toWide(path), null, asDataFile);
    assert.notEqual(module, null, "LoadLibraryEx failed");
    const name = typeof resource.name === "number"
      ? Deno.UnsafePointer.create(BigInt(resource.name))
      : Deno.UnsafePointer.of(toWide(resource.name));
    const type = Deno.UnsafePointer.create(BigInt(resource.type));
    const found = symbols.FindResourceW(module, name, type);
    if (found === null) return undefined;
    const at = symbols.LockResource(symbols.LoadResource(module, found));
    assert.ok(at !== null);
    const octets = new Uint8Array(symbols.SizeofResource(module, found));
    Deno.UnsafePointerView.copyInto(at, octets);
    symbols.FreeLibrary(module);
    return octets;
  } finally {
    kernel32.close();
  }
}
