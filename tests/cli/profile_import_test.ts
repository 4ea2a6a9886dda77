// `profile import`: what it does to the profile file, the files beside it and the vault of the PC that it runs on.

import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { parseSettings } from "../../src/profile/parse.ts";
import { type ProfileSecrets, secretsOf, withSecrets } from "../../src/vault/content.ts";
import type { CarriedProfile } from "../../src/vault/sealed_profile.ts";
import { Vault } from "../../src/vault/vault.ts";
import { namesIn, PLATFORM, testGrant, testWorld } from "../vault/fixtures.ts";
import { type Desk, openDesk } from "./desk.ts";
import { GRANT, imports, OTHER, withFile } from "./importing.ts";
import { carriedProfile, FRAME, openEmptyDesk, seal, TABLES, WITH_PASSPHRASE } from "./sealed.ts";

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

function withoutAccess(stderr: string): string {
  if (PLATFORM !== "windows") return stderr;
  return stderr.replace(
    /(?:^|\n)warning: other accounts of this PC may use .*\nhint: .*icacls.*/,
    "",
  );
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
