// `profile import`: what it does to the profile file, the files beside it and the vault of the PC that it runs on,
// and what it refuses before it has touched any of them.

import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { Failure } from "../../src/base/failure.ts";
import { parseSettings } from "../../src/profile/parse.ts";
import { type ProfileSecrets, secretsOf, withSecrets } from "../../src/vault/content.ts";
import type { CarriedProfile } from "../../src/vault/sealed_profile.ts";
import { Vault } from "../../src/vault/vault.ts";
import { namesIn, PLATFORM, testGrant, testWorld } from "../vault/fixtures.ts";
import { type Desk, openDesk, type Printed } from "./desk.ts";
import { carriedProfile, FRAME, openEmptyDesk, seal, TABLES, WITH_PASSPHRASE } from "./sealed.ts";

const OTHER = `# the other one
[profiles.other]
provider = "google"
user = "other@example.com" # his
[profiles.other.oauth]
client_id = "other"
`;
const GRANT = {
  scope: "s",
  account: "reports@contoso.com",
  accessToken: "access-token-1",
  accessTokenIssuedAtMs: 2_000_000,
  refreshToken: "refresh-token-1",
  refreshTokenIssuedAtMs: 2_000_000,
};

Deno.test("profile import makes the profile file where there is none, comments and all", async () => {
  await using desk = await openEmptyDesk();
  const { exitCode, stdout, stderr } = await imports(desk, {});
  assert.deepEqual([exitCode, withoutAccess(stderr)], [0, ""]);
  const vault = join(desk.folder, "state", "vault.json");
  assert.equal(
    stdout,
    `imported profile "plant" into ${desk.file} (exported 2026-11-23T08:00:00.000Z on OFFICE-1 by bo)\n` +
      `stored the client secret in ${vault}\nnext: plantpost login\n`,
  );
  assert.equal(await Deno.readTextFile(desk.file), `${FRAME}\n${TABLES}`);
  if (PLATFORM !== "windows") assert.equal(((await Deno.stat(desk.file)).mode ?? 0) & 0o777, 0o644);
  const { clientSecret } = await stored(desk);
  assert.deepEqual(clientSecret, {
    binding: {
      clientId: "11111111-2222-3333-4444-555555555555",
      tokenEndpoint: "https://login.microsoftonline.com/contoso.com/oauth2/v2.0/token",
      smtpHost: "smtp.office365.com",
    },
    value: "client-secret-1",
    setAtMs: desk.nowMs,
  });
  const log = await Deno.readTextFile(join(desk.folder, "state", "plantpost.log"));
  assert.match(log, /"command":"profile","profile":"plant",.*"event":"result"/);
  assert.ok(!log.includes("client-secret-1"));
});

Deno.test("profile import makes the folder of the profile file for everybody, as an editor would", async () => {
  await using desk = await openEmptyDesk();
  await Deno.remove(desk.folder, { recursive: true });
  assert.equal((await imports(desk, {})).exitCode, 0);
  if (PLATFORM === "windows") return;
  assert.equal(((await Deno.stat(desk.folder)).mode ?? 0) & 0o055, 0o055);
  assert.equal(((await Deno.stat(join(desk.folder, "state"))).mode ?? 0) & 0o077, 0);
});

Deno.test("profile import adds to a file octet for octet, with its line ends and byte order mark", async () => {
  await using desk = await openDesk({ profile: OTHER });
  const before = `\uFEFF${(await Deno.readTextFile(desk.file)).replaceAll("\n", "\r\n")}# the end`;
  await Deno.writeTextFile(desk.file, before);
  if (PLATFORM !== "windows") await Deno.chmod(desk.file, 0o640);
  const { exitCode, stdout, stderr } = await imports(desk, {}, ["--json"]);
  assert.equal(exitCode, 0);
  assert.deepEqual(JSON.parse(stdout), {
    file: desk.file,
    profile: "plant",
    stored: ["clientSecret"],
    next: "plantpost login --profile plant",
  });
  assert.match(stderr, /^warning: .* has two profiles now.*\nhint: set default_profile/);
  const octets = await Deno.readFile(desk.file);
  const after = new TextDecoder("utf-8", { ignoreBOM: true }).decode(octets);
  assert.equal(after, `${before}\r\n\r\n${TABLES.replaceAll("\n", "\r\n")}`);
  if (PLATFORM !== "windows") assert.equal(((await Deno.stat(desk.file)).mode ?? 0) & 0o777, 0o640);
  assert.deepEqual(await namesIn(desk.folder), ["keys", "plantpost.toml", "state"]);
});

Deno.test("profile import writes through a link, which stays one", {
  ignore: PLATFORM === "windows", // making one needs a right there that few have
}, async () => {
  await using desk = await openDesk({ profile: OTHER });
  const real = join(desk.folder, "real.toml");
  await Deno.rename(desk.file, real);
  await Deno.symlink(real, desk.file);
  assert.equal((await imports(desk, {})).exitCode, 0);
  assert.ok((await Deno.lstat(desk.file)).isSymlink);
  assert.match(await Deno.readTextFile(real), /profiles\.plant/);
});

Deno.test("profile import renews the secret of a profile that is the same", async () => {
  await using desk = await openEmptyDesk();
  await imports(desk, {});
  await change(desk, { grant: testGrant(await profileOf(desk)) });
  const edited = (await Deno.readTextFile(desk.file)).replace("# the cloud", "# my own word");
  await Deno.writeTextFile(desk.file, edited);
  const { exitCode, stdout } = await imports(desk, { clientSecret: "client-secret-2" });
  assert.equal(exitCode, 0);
  assert.match(
    stdout,
    /^found the same profile "plant" in .*\nstored the client secret in .*\nnothing is left to do\n$/,
  );
  assert.equal(await Deno.readTextFile(desk.file), edited);
  const { clientSecret, grant } = await stored(desk);
  assert.equal(clientSecret?.value, "client-secret-2");
  assert.equal(grant?.refreshToken, "refresh-token-0");
});

Deno.test("profile import names the keys that differ, no values, and exchanges them with --replace", async () => {
  const proxied = TABLES.replace("contoso.com", "other.example") +
    'proxy = "http://anna:secret-of-the-proxy@proxy:8080"\n';
  await using desk = await openDesk({
    profile: `default_profile = "other"\n${OTHER}\n${proxied}\n`,
  });
  const before = await Deno.readTextFile(desk.file);
  const refused = await imports(desk, {});
  assert.equal(refused.exitCode, 73);
  assert.equal(
    refused.stderr,
    `error: ${desk.file} has a profile "plant" already; other values there: tenant, oauth.proxy\n` +
      "hint: import with --replace to exchange that profile; all other lines of the file stay",
  );
  assert.equal(await Deno.readTextFile(desk.file), before);
  assert.deepEqual(await namesIn(join(desk.folder, "state")), []);
  const { exitCode, stdout } = await imports(desk, {}, ["--replace"]);
  assert.equal(exitCode, 0);
  assert.match(stdout, /\nnext: plantpost login --profile plant\n$/);
  assert.equal(await Deno.readTextFile(desk.file), before.replace(proxied, TABLES));
});

Deno.test("profile import carries the sign-in over, and nothing is left to do", async () => {
  await using desk = await openEmptyDesk();
  const { exitCode, stdout } = await imports(desk, { grant: GRANT }, ["--json"]);
  assert.equal(exitCode, 0);
  assert.deepEqual(JSON.parse(stdout), {
    file: desk.file,
    profile: "plant",
    stored: ["clientSecret", "grant"],
  });
  const status = await desk.run(["status", "--json"]);
  assert.equal(status.exitCode, 0);
  assert.deepEqual(
    [JSON.parse(status.stdout).grant, JSON.parse(status.stdout).account],
    ["usable", "reports@contoso.com"],
  );
});

Deno.test("profile import does not undo a newer sign-in of the same account", async () => {
  const cases:
    readonly (readonly [own: Partial<Parameters<typeof testGrant>[1]>, stays: boolean])[] = [
      [{ account: "reports@contoso.com", refreshTokenIssuedAtMs: 2_000_001 }, true],
      [{ account: "reports@contoso.com", refreshTokenIssuedAtMs: 1_999_999 }, false],
      [{ account: "somebody@contoso.com", refreshTokenIssuedAtMs: 2_000_001 }, false],
      [{
        account: "reports@contoso.com",
        refreshTokenIssuedAtMs: 2_000_001,
        refusedAtMs: 3_000_000,
      }, false],
    ];
  for (const [own, stays] of cases) {
    await using desk = await openEmptyDesk();
    await imports(desk, {});
    await change(desk, { grant: testGrant(await profileOf(desk), own) });
    const { stdout } = await imports(desk, { grant: GRANT });
    const { grant } = await stored(desk);
    assert.equal(grant?.refreshToken, stays ? "refresh-token-0" : "refresh-token-1");
    assert.equal(/newer than the carried one and stays/.test(stdout), stays);
    assert.equal(grant?.refusedAtMs, undefined);
  }
});

Deno.test("profile import knows what is left to do for every way to sign in", async () => {
  const password = TABLES.replace(
    "[profiles.plant.oauth]",
    '[profiles.plant.smtp]\nauth = "password"\n[profiles.plant.oauth]',
  );
  const app = `${TABLES}flow = "app"\n`;
  const none = `[profiles.plant]
provider = "custom"
sender.address = "a@example.com"
smtp = { host = "127.0.0.1", tls = "none", auth = "none" }
`;
  const cases: readonly (readonly [Partial<CarriedProfile>, next: string | undefined])[] = [
    [{ tables: password, smtpPassword: "password-of-plant" }, undefined],
    [{ tables: password }, "plantpost secret set"],
    [{ tables: app, clientSecret: "secret-of-app" }, undefined],
    [{ tables: app }, "plantpost secret set"],
    [{ tables: none }, undefined],
    [{}, "plantpost login"],
  ];
  const { clientSecret: _secret, ...bare } = carriedProfile();
  for (const [carried, next] of cases) {
    await using desk = await openEmptyDesk();
    const { exitCode, stdout, stderr } = await desk.run(["profile", "import", "--json"], {
      ...WITH_PASSPHRASE,
      stdin: await seal({ ...bare, ...withFile(carried) }),
    });
    assert.equal(exitCode, 0, stderr);
    assert.equal(JSON.parse(stdout).next, next);
  }
});

Deno.test("profile import puts files beside the profile file, and leaves other ones alone", async () => {
  const tables = `${TABLES}[profiles.plant.smtp]\nca_file = 'certs/ca.pem'\n`;
  const content = new TextEncoder().encode("a certificate\r\n");
  const carried = { tables, files: [{ key: "smtp.ca_file", path: "certs/ca.pem", content }] };
  await using desk = await openEmptyDesk();
  const file = join(desk.folder, "certs", "ca.pem");
  const first = await imports(desk, carried, ["--json"]);
  assert.deepEqual(JSON.parse(first.stdout).stored, ["clientSecret", "smtp.ca_file"]);
  assert.deepEqual(await Deno.readFile(file), content);
  assert.equal((await imports(desk, carried)).exitCode, 0); // the same one is no trouble
  await Deno.writeTextFile(file, "another certificate");
  await Deno.remove(desk.file);
  const { exitCode, stderr } = await imports(desk, carried);
  assert.equal(exitCode, 73);
  assert.match(stderr, /certs.ca\.pem \(smtp\.ca_file\) is there already, with other content/);
  assert.equal(await Deno.readTextFile(file), "another certificate");
  assert.ok(!(await namesIn(desk.folder)).includes("plantpost.toml"));
});

Deno.test("profile import writes no file outside of the profile file's folder, and says what is missing", async () => {
  const absolute = PLATFORM === "windows" ? "C:\\no\\such\\ca.pem" : "/no/such/ca.pem";
  for (const path of ["../evil.pem", absolute]) {
    await using desk = await openEmptyDesk();
    const inner = join(desk.folder, "inner");
    await Deno.mkdir(inner);
    const tables = `${TABLES}[profiles.plant.smtp]\nca_file = '${path}'\n`;
    const content = new TextEncoder().encode("evil");
    const { exitCode, stderr } = await imports(desk, {
      tables,
      files: [
        { key: "smtp.ca_file", path: "../evil.pem", content },
        { key: "no.such_key", path: "x.pem", content },
      ],
    });
    assert.equal(exitCode, 0);
    assert.match(
      stderr,
      /^warning: smtp\.ca_file names .*(?:evil|ca)\.pem, which is not on this PC\nhint: copy/,
    );
    assert.deepEqual(await namesIn(desk.folder), ["inner", "keys", "plantpost.toml", "state"]);
    assert.ok(!(await namesIn(dirname(desk.folder))).includes("evil.pem"));
  }
});

Deno.test("profile import takes profiles of any name that a file may have", async () => {
  for (const name of ["constructor", "__proto__", "toString", "plant.a", "1"]) {
    await using desk = await openDesk({ profile: OTHER });
    const tables = TABLES.replaceAll("profiles.plant", `profiles."${name}"`);
    for (const secret of ["client-secret-1", "client-secret-2"]) {
      const { exitCode, stderr } = await imports(desk, { name, tables, clientSecret: secret });
      assert.equal(exitCode, 0, stderr);
      const { clientSecret } = await stored(desk, name);
      assert.equal(clientSecret?.value, secret);
    }
    const status = await desk.run(["status", "--profile", name, "--json"]);
    assert.equal(JSON.parse(status.stdout).grant, "missing");
  }
});

Deno.test("profile import reads what shells and mail programs make of the file", async () => {
  const armoured = await seal(carriedProfile());
  const crlf = armoured.replaceAll("\n", "\r\n");
  const utf16 = (text: string, isLittle: boolean): Uint8Array => {
    const octets = new Uint8Array(text.length * 2);
    const view = new DataView(octets.buffer);
    for (let at = 0; at < text.length; at++) view.setUint16(at * 2, text.charCodeAt(at), isLittle);
    return octets;
  };
  const inputs: readonly (string | Uint8Array)[] = [
    armoured,
    crlf,
    `\uFEFF${crlf}`,
    utf16(`\uFEFF${crlf}`, true),
    utf16(`\uFEFF${crlf}`, false),
    `\n\nHello Anna,\n\n${armoured.trimEnd()}\n\nRegards, Bo\n`,
  ];
  for (const stdin of inputs) {
    await using desk = await openEmptyDesk();
    const { exitCode, stderr } = await desk.run(["profile", "import"], {
      ...WITH_PASSPHRASE,
      stdin,
    });
    assert.deepEqual([exitCode, withoutAccess(stderr)], [0, ""]);
  }
});

Deno.test("profile import takes what is pasted at a terminal, and asks for the passphrase there", async () => {
  await using desk = await openEmptyDesk();
  const lines = (await seal(carriedProfile())).split("\n");
  const { exitCode, stderr } = await desk.run(["profile", "import"], {
    answers: [...lines.slice(0, -1), "correct horse battery"],
  });
  assert.equal(exitCode, 0, stderr);
  assert.match(stderr, /^paste the sealed file, down to its last line -----END AGE/);
  assert.match(withoutAccess(stderr), /passphrase of standard input: $/);
});

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
function withoutAccess(stderr: string): string {
  if (PLATFORM !== "windows") return stderr;
  return stderr.replace(
    /(?:^|\n)warning: other accounts of this PC may use .*\nhint: .*icacls.*/,
    "",
  );
}

/** The whole file goes with the tables. */
function withFile(change: Partial<CarriedProfile>): Partial<CarriedProfile> {
  return change.tables === undefined ? change : { ...change, file: `${FRAME}\n${change.tables}` };
}

async function imports(
  desk: Desk,
  change: Partial<CarriedProfile>,
  args: readonly string[] = [],
): Promise<Printed> {
  return await desk.run(["profile", "import", ...args], {
    ...WITH_PASSPHRASE,
    stdin: await seal(carriedProfile(withFile(change))),
  });
}

async function sealedJson(change: Readonly<Record<string, unknown>>): Promise<string> {
  const written = { format: "plantpost profile", version: 1, exportedAt: "2026-11-23T08:00:00Z" };
  const { pc, account, name, tables, file } = carriedProfile();
  const parts = { pc, account, name, tables, file, files: [] };
  return await seal(JSON.stringify({ ...written, ...parts, ...change }));
}

function armoured(header: string): string {
  return `-----BEGIN AGE ENCRYPTED FILE-----\n${btoa(header)}\n-----END AGE ENCRYPTED FILE-----\n`;
}

async function vaultOf(desk: Desk): Promise<Vault> {
  const text = await Deno.readTextFile(desk.file);
  return new Vault(parseSettings(text, { file: desk.file, platform: PLATFORM }), testWorld());
}

async function profileOf(desk: Desk): Promise<Parameters<typeof testGrant>[0]> {
  const text = await Deno.readTextFile(desk.file);
  const profile = parseSettings(text, { file: desk.file, platform: PLATFORM }).profiles.get(
    "plant",
  );
  assert.ok(profile);
  return profile;
}

async function stored(desk: Desk, name = "plant"): Promise<ProfileSecrets> {
  return secretsOf(await (await vaultOf(desk)).read(), name);
}

async function change(desk: Desk, secrets: ProfileSecrets): Promise<void> {
  await (await vaultOf(desk)).update(async (content, save) =>
    await save(withSecrets(content, "plant", secrets))
  );
}
