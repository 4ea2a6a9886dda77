// `profile import`: what it refuses before it has touched the profile file, the files beside it or the vault.

import assert from "node:assert/strict";
import { join } from "node:path";
import { Failure } from "../../src/base/failure.ts";
import { namesIn } from "../vault/fixtures.ts";
import { openDesk } from "./desk.ts";
import { GRANT, imports, OTHER } from "./importing.ts";
import { carriedProfile, FRAME, openEmptyDesk, seal, TABLES, WITH_PASSPHRASE } from "./sealed.ts";

Deno.test("profile import says what is wrong with a file, and touches nothing", async () => {
  const good = await seal(carriedProfile());
  const lines = good.split("\n");
  const flipped = (at: number): string => {
    const line = lines[at] ?? "";
    const other = line[5] === "A" ? "B" : "A";
    return lines.with(at, line.slice(0, 5) + other + line.slice(6)).join("\n");
  };
  const cases: readonly (readonly [input: string | Uint8Array, code: string, says: RegExp])[] = [
    ["", "input.unreadable", /standard input: it is empty/],
    ["garbage", "input.unreadable", /no age file/],
    [new Uint8Array(5000).fill(0xff), "input.unreadable", /no age file/],
    [new Uint8Array([0xff, 0xfe]), "input.unreadable", /no age file/],
    [lines.slice(0, 5).join("\n"), "input.unreadable", /cut off: its last line is missing/],
    [lines.toSpliced(5, 1).join("\n"), "input.unreadable", /cut off, or was changed after/],
    [flipped(lines.length - 4), "input.unreadable", /cut off, or was changed after/],
    [good.replace(lines[3] ?? "", "not base64 at all!"), "input.unreadable", /lines are damaged/],
    [`${lines[0]}\n${lines.at(-2)}\n`, "input.unreadable", /no age file of version 1|damaged/],
    [
      armoured("age-encryption.org/v2\n-> scrypt AAAA 2\n"),
      "input.unreadable",
      /no age file of version 1/,
    ],
    [armoured("age-encryption.org/v1\n"), "input.unreadable", /header is cut off/],
    [
      armoured("age-encryption.org/v1\n-> X25519 AAAA\nAAAA\n"),
      "input.unreadable",
      /sealed for a key/,
    ],
    [
      armoured("age-encryption.org/v1\n-> scrypt AAAA 63\n"),
      "input.unreadable",
      /work factor above 19/,
    ],
    [
      armoured("age-encryption.org/v1\n-> scrypt AAAA 20\n"),
      "input.unreadable",
      /work factor above 19/,
    ],
    [
      armoured("age-encryption.org/v1\n-> scrypt AAAA 0x2\n"),
      "input.unreadable",
      /work factor above 19/,
    ],
    [
      armoured("age-encryption.org/v1\n-> scrypt AAAA 2\nAAAA\n"),
      "input.unreadable",
      /cut off, or was changed/,
    ],
    [
      new TextEncoder().encode("age-encryption.org/v1\n-> scrypt "),
      "input.unreadable",
      /work factor/,
    ],
    [new Uint8Array(8_000_001), "input.unreadable", /more than 8000000 octets/],
    [
      await seal(carriedProfile(), { passphrase: "another one" }),
      "vault.passphrase",
      /wrong passphrase/,
    ],
    [await seal("hello"), "input.unreadable", /opens, but holds no profile/],
    [await seal("{}"), "input.unreadable", /opens, but holds no profile/],
    [await seal("null"), "input.unreadable", /opens, but holds no profile/],
    [
      await sealedJson({ version: 2, release: "9.1.0" }),
      "input.unreadable",
      /its version is 2, this release \(\d[^)]*\) reads 1[^]*use plantpost 9\.1\.0, or a newer one/,
    ],
    [await sealedJson({ name: 7 }), "input.unreadable", /"name" is missing in it, or/],
    [
      await sealedJson({ name: "other" }),
      "input.unreadable",
      /does not hold the profile that it names/,
    ],
    [await sealedJson({ exportedAt: "soon" }), "input.unreadable", /"exportedAt" is missing/],
    [
      await sealedJson({ files: [{ key: "k", path: "p", content: "*" }] }),
      "input.unreadable",
      /"content"/,
    ],
    [await sealedJson({ files: ["x"] }), "input.unreadable", /"files"/],
    [await sealedJson({ grant: { scope: "s" } }), "input.unreadable", /"accessToken"/],
    [
      await sealedJson({ grant: { ...GRANT, refreshTokenIssuedAtMs: 1e300 } }),
      "input.unreadable",
      /IssuedAtMs/,
    ],
    [
      await sealedJson({ file: "no toml" }),
      "profile.invalid",
      /must be valid TOML[^]*nothing was written/,
    ],
    [
      await sealedJson({ file: `${FRAME}${TABLES}new_key = 1\n` }),
      "profile.invalid",
      /new_key: [^]*nothing was written; .*the same release/,
    ],
  ];
  for (const [input, code, says] of cases) {
    await using desk = await openEmptyDesk();
    const { exitCode, stdout } = await desk.run(["profile", "import", "--json"], {
      ...WITH_PASSPHRASE,
      stdin: input,
    });
    const { error } = JSON.parse(stdout) as { error: Record<string, string> };
    assert.equal(error["code"], code, `${says} ${stdout}`);
    assert.match(`${error["message"]}\n${error["remedy"]}`, says);
    assert.ok(exitCode !== 0 && exitCode !== 70);
    assert.deepEqual(await namesIn(desk.folder), []);
  }
});

Deno.test("profile import asks for no passphrase where the file is none, or is not there", async () => {
  await using desk = await openEmptyDesk();
  await Deno.writeTextFile(join(desk.folder, "x"), "garbage");
  for (const [name, says] of [["x", /no age file/], ["y", /cannot read .*y: /]] as const) {
    const { exitCode, stderr } = await desk.run(["profile", "import", join(desk.folder, name)], {
      answers: [],
    });
    assert.equal(exitCode, 66);
    assert.match(stderr, says);
    assert.doesNotMatch(stderr, /passphrase/);
  }
});

Deno.test("profile import tells of a blank that a variable brought along", async () => {
  await using desk = await openEmptyDesk();
  const stdin = await seal(carriedProfile());
  const { exitCode, stderr } = await desk.run(["profile", "import"], {
    env: { PLANTPOST_SEAL_PASSPHRASE: "correct horse battery " },
    stdin,
  });
  assert.equal(exitCode, 77);
  assert.match(stderr, /wrong passphrase for standard input\nhint: .*ends with a blank/);
});

Deno.test("profile import blames the file that is wrong already, and the profile that is asked for in vain", async () => {
  await using desk = await openDesk({ profile: `${OTHER}no_such_key = 1\n` });
  const wrong = await imports(desk, {});
  assert.equal(wrong.exitCode, 78);
  assert.match(wrong.stderr, /no_such_key.*\nhint: correct .*plantpost\.toml/);
  const other = await imports(desk, {}, ["--profile", "other"]);
  assert.equal(other.exitCode, 64);
  assert.match(other.stderr, /the sealed profile is "plant", and not "other"/);
});

Deno.test("profile import writes nothing where the vault cannot be opened", async () => {
  await using desk = await openDesk({ profile: OTHER });
  await desk.run(["secret", "set"], { stdin: "secret-of-other" });
  await Deno.remove(join(desk.folder, "keys", "vault.key"));
  const before = await Deno.readTextFile(desk.file);
  const tables = `${TABLES}[profiles.plant.smtp]\nca_file = 'ca.pem'\n`;
  const { exitCode, stderr } = await imports(desk, {
    tables,
    files: [{ key: "smtp.ca_file", path: "ca.pem", content: new Uint8Array(3) }],
  });
  assert.equal(exitCode, 77);
  assert.match(stderr, /there is no key .*vault\.key for the vault/);
  assert.equal(await Deno.readTextFile(desk.file), before);
  assert.ok(!(await namesIn(desk.folder)).includes("ca.pem"));
});

Deno.test("profile import that was interrupted at the passphrase writes nothing", async () => {
  await using desk = await openEmptyDesk();
  const signal = AbortSignal.abort(new Failure("interrupted", "interrupted by Ctrl-C"));
  const { exitCode } = await desk.run(["profile", "import"], {
    ...WITH_PASSPHRASE,
    stdin: await seal(carriedProfile()),
    signal,
  });
  assert.equal(exitCode, 130);
  assert.deepEqual(await namesIn(desk.folder), []);
});

// Wine keeps of an access list what the modes below can hold, and everybody may read there; `import` says so.

async function sealedJson(change: Readonly<Record<string, unknown>>): Promise<string> {
  const written = { format: "plantpost profile", version: 1, exportedAt: "2026-11-23T08:00:00Z" };
  const { pc, account, name, tables, file } = carriedProfile();
  const parts = { pc, account, name, tables, file, files: [] };
  return await seal(JSON.stringify({ ...written, ...parts, ...change }));
}

function armoured(header: string): string {
  return `-----BEGIN AGE ENCRYPTED FILE-----\n${btoa(header)}\n-----END AGE ENCRYPTED FILE-----\n`;
}
