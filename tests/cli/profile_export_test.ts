// `profile export --seal`: what goes into the file, from where, and who may know of it.

import assert from "node:assert/strict";
import { join } from "node:path";
import { Vault } from "../../src/vault/vault.ts";
import { parseSettings } from "../../src/profile/parse.ts";
import { withSecrets } from "../../src/vault/content.ts";
import { namesIn, PLATFORM, testGrant, testWorld } from "../vault/fixtures.ts";
import { type Desk, openDesk } from "./desk.ts";
import { open, PASSPHRASE, TABLES, WITH_PASSPHRASE } from "./sealed.ts";

const EXPORT = ["profile", "export", "--seal"];
const OTHERS = `
[groups]
operators = ["anna@contoso.com"]

[profiles.other]
provider = "google"
user = "other@example.com"
[profiles.other.oauth]
client_id = "other"
client_secret = "the-secret-of-the-other"
`;

function withSecretKey(line: string): string {
  const key = line === "" ? "" : `${line} # where the secret is\n`;
  return `default_profile = "plant"\n${TABLES}${key}${OTHERS}`;
}

Deno.test("profile export without --seal is refused, and makes nothing", async () => {
  await using desk = await openDesk({ profile: TABLES });
  const { exitCode, stdout, stderr } = await desk.run(
    ["profile", "export", join(desk.folder, "x")],
    WITH_PASSPHRASE,
  );
  assert.deepEqual([exitCode, stdout], [64, ""]);
  assert.match(stderr, /secrets leave this PC sealed only\nhint: add --seal: /);
  assert.deepEqual(await namesIn(desk.folder), ["plantpost.toml"]);
});

for (
  const [from, line, env] of [
    ["the vault", "", {}],
    ["the environment", 'client_secret_env = "PLANT_SECRET"', { PLANT_SECRET: "secret-of-plant" }],
    ["a file", 'client_secret_file = "secret.txt"', {}],
    ["the profile", 'client_secret = "secret-of-plant"', {}],
  ] as const
) {
  Deno.test(`profile export carries the client secret from ${from}, and no key that names it`, async () => {
    await using desk = await openDesk({ profile: withSecretKey(line) });
    await Deno.writeTextFile(join(desk.folder, "secret.txt"), "secret-of-plant\r\n");
    if (line === "") {
      await desk.run(["secret", "set", "--profile", "plant"], { stdin: "secret-of-plant" });
    }
    const file = join(desk.folder, "plant.age");
    const { exitCode, stdout, stderr } = await desk.run([...EXPORT, file, "--json"], {
      env: { ...WITH_PASSPHRASE.env, ...env },
    });
    assert.deepEqual([exitCode, stderr], [0, ""]);
    assert.deepEqual(JSON.parse(stdout), { file, profile: "plant", carried: ["clientSecret"] });
    if (PLATFORM !== "windows") assert.equal(((await Deno.stat(file)).mode ?? 0) & 0o777, 0o600);
    const sealed = await Deno.readTextFile(file);
    const carried = await open(sealed);
    assert.equal(carried.clientSecret, "secret-of-plant");
    assert.deepEqual([carried.pc, carried.account, carried.name], ["PANEL-7", "anna", "plant"]);
    assert.equal(new Date(carried.exportedAtMs).toISOString(), "2026-11-24T08:00:00.000Z");
    assert.equal(carried.tables, TABLES);
    assert.match(carried.file, /^data_dir = 'state'$/m);
    assert.match(carried.file, /^# how plant speaks\n\[profiles\.plant\]$/m);
    assert.match(carried.file, /^operators = \["anna@contoso\.com"\]$/m);
    assert.doesNotMatch(carried.file, /client_secret|other/);
    await assertHidden(desk, ["secret-of-plant", PASSPHRASE], {
      except: ["secret.txt", "plantpost.toml"],
    });
  });
}

Deno.test("profile export never touches a file that is there, and asks nothing before it says so", async () => {
  await using desk = await openDesk({ profile: TABLES });
  const file = join(desk.folder, "plant.age");
  await Deno.writeTextFile(file, "mine");
  const { exitCode, stderr } = await desk.run([...EXPORT, file], { answers: [PASSPHRASE] });
  assert.equal(exitCode, 73);
  assert.match(
    stderr,
    /^error: .*plant\.age exists already and is left as it is\nhint: name another/,
  );
  assert.equal(await Deno.readTextFile(file), "mine");
  const nowhere = await desk.run([...EXPORT, join(desk.folder, "no", "x")], {
    answers: [PASSPHRASE],
  });
  assert.equal(nowhere.exitCode, 73);
  assert.match(
    nowhere.stderr,
    /^error: cannot create .*: there is no folder .*no\nhint: name a file in/,
  );
});

Deno.test("profile export tells standard output from what it says", async () => {
  await using desk = await openDesk({ profile: TABLES });
  const plain = await desk.run(EXPORT, WITH_PASSPHRASE);
  assert.deepEqual([plain.exitCode, plain.stderr], [0, ""]);
  assert.match(
    plain.stdout,
    /^-----BEGIN AGE ENCRYPTED FILE-----\n[^]*-----END AGE ENCRYPTED FILE-----\n$/,
  );
  const json = JSON.parse((await desk.run([...EXPORT, "-", "--json"], WITH_PASSPHRASE)).stdout);
  assert.deepEqual([json.profile, json.carried, json.file], ["plant", [], undefined]);
  const { tables, clientSecret } = await open(json.sealed);
  assert.deepEqual([tables, clientSecret], [TABLES, undefined]);
  const closed = await desk.run(EXPORT, { ...WITH_PASSPHRASE, takesNoOutput: true });
  assert.equal(closed.exitCode, 74);
});

Deno.test("profile export does not let the hiding of secrets tear its file", async () => {
  await using desk = await openDesk({ profile: TABLES });
  await desk.run(["secret", "set"], { stdin: "ENCRYPTED" });
  const refused = await desk.run(EXPORT, WITH_PASSPHRASE);
  assert.deepEqual([refused.exitCode, refused.stdout], [64, ""]);
  assert.match(refused.stderr, /hint: name a file/);
  const file = join(desk.folder, "plant.age");
  assert.equal((await desk.run([...EXPORT, file], WITH_PASSPHRASE)).exitCode, 0);
  assert.equal((await open(await Deno.readTextFile(file))).clientSecret, "ENCRYPTED");
});

Deno.test("profile export asks for the passphrase twice, and takes none that is weak", async () => {
  await using desk = await openDesk({ profile: TABLES });
  const file = join(desk.folder, "plant.age");
  const cases: readonly (readonly [answers: readonly string[], says: RegExp])[] = [
    [["long enough", "long enuogh"], /the two passphrases differ/],
    [["seven 7"], /fewer than 8 characters/],
    [["e\u0301e\u0301e\u0301e\u0301"], /fewer than 8 characters/], // four, however they are written
    [["with a blank "], /begins or ends with a blank/],
  ];
  for (const [answers, says] of cases) {
    const { exitCode, stderr } = await desk.run([...EXPORT, file], { answers });
    assert.equal(exitCode, 64);
    assert.match(stderr, says);
    for (const answer of answers) assert.ok(!stderr.includes(answer));
  }
  const nobody = await desk.run([...EXPORT, file]);
  assert.equal(nobody.exitCode, 64);
  assert.match(
    nobody.stderr,
    /no passphrase\nhint: set the environment variable PLANTPOST_SEAL_PASSPHRASE/,
  );
  assert.deepEqual((await namesIn(desk.folder)).filter((name) => name.endsWith(".age")), []);
});

Deno.test("profile export makes a strong passphrase up and shows it once, also with --quiet", async () => {
  await using desk = await openDesk({ profile: TABLES });
  const made = new Set<string>();
  for (const name of ["1.age", "2.age"]) {
    const file = join(desk.folder, name);
    const { exitCode, stdout, stderr } = await desk.run([...EXPORT, file, "--quiet"], {
      answers: [""],
    });
    assert.equal(exitCode, 0);
    const [, passphrase = ""] =
      /^the passphrase, shown only here: ([a-z2-9]{4}(?:-[a-z2-9]{4}){5})$/m
        .exec(stderr) ?? [];
    assert.equal(stderr.split(passphrase).length, 2);
    assert.ok(!stdout.includes(passphrase));
    if (made.size === 0) {
      assert.equal((await open(await Deno.readTextFile(file), passphrase)).name, "plant");
    }
    await assertHidden(desk, [passphrase], {});
    made.add(passphrase);
  }
  assert.equal(made.size, 2);
});

Deno.test("profile export takes the vault's passphrase only where nobody can be asked", async () => {
  await using desk = await openDesk({ profile: TABLES });
  const env = { PLANTPOST_PASSPHRASE: "the vault's own" };
  const { stdout } = await desk.run(EXPORT, { env });
  assert.equal((await open(stdout, "the vault's own")).name, "plant");
  const asked = await desk.run(EXPORT, { env, answers: [PASSPHRASE, PASSPHRASE] });
  assert.equal(asked.exitCode, 0);
  assert.match(asked.stderr, /^passphrase to seal with .*\nthe same again: $/);
  const both = await desk.run(EXPORT, { env: { ...env, ...WITH_PASSPHRASE.env }, answers: [] });
  assert.deepEqual([both.exitCode, both.stderr], [0, ""]);
  assert.equal((await open(both.stdout)).name, "plant");
});

Deno.test("profile export carries the sign-in only when asked, and without its binding", async () => {
  await using desk = await openDesk({ profile: TABLES });
  const file = join(desk.folder, "plant.age");
  const none = await desk.run([...EXPORT, "--with-sign-in", file], WITH_PASSPHRASE);
  assert.equal(none.exitCode, 77);
  assert.match(none.stderr, /no sign-in that lasts.*\nhint: run "plantpost login" first/);
  const refreshTokenExpiresAtMs = 9_000_000; // so that the other PC warns of it, too
  await storeGrant(desk, { account: "reports@contoso.com", refreshTokenExpiresAtMs });
  const without = await desk.run([...EXPORT, "--json"], WITH_PASSPHRASE);
  assert.deepEqual(JSON.parse(without.stdout).carried, []);
  const { exitCode, stdout } = await desk.run([...EXPORT, "--with-sign-in", file], WITH_PASSPHRASE);
  assert.equal(exitCode, 0);
  assert.match(
    stdout,
    /^sealed profile "plant" with the sign-in in .*plant\.age\nnext: .* profile import plant\.age\n$/,
  );
  assert.deepEqual((await open(await Deno.readTextFile(file))).grant, {
    scope: "s",
    account: "reports@contoso.com",
    accessToken: "access-token-0",
    accessTokenIssuedAtMs: 1_000_000,
    accessTokenExpiresAtMs: 4_600_000,
    refreshToken: "refresh-token-0",
    refreshTokenIssuedAtMs: 1_000_000,
    refreshTokenLastUsedAtMs: 1_000_000,
    refreshTokenExpiresAtMs,
  });
  await storeGrant(desk, { refusedAtMs: 5_000_000 });
  const dead = await desk.run([...EXPORT, "--with-sign-in", "-"], WITH_PASSPHRASE);
  assert.deepEqual([dead.exitCode, dead.stdout], [77, ""]);
});

Deno.test("profile export carries no sign-in that two PCs would end for both", async () => {
  const custom = `[profiles.plant]
provider = "custom"
user = "a@example.com"
[profiles.plant.oauth]
client_id = "x"
authorization_endpoint = "https://login.example.com/a"
token_endpoint = "https://login.example.com/t"
[profiles.plant.smtp]
host = "mail.example.com"`;
  const cases: readonly (readonly [profile: string, says: RegExp])[] = [
    [custom, /provider "custom" is not carried\nhint: .*sign in on the other PC/],
    [`${custom}\nauth = "password"`, /needs no sign-in/],
    [
      '[profiles.plant]\nprovider = "yahoo"\nuser = "a@example.com"\n[profiles.plant.oauth]\nclient_id = "x"',
      /provider "yahoo" is not carried/,
    ],
  ];
  for (const [profile, says] of cases) {
    await using desk = await openDesk({ profile });
    const { exitCode, stderr } = await desk.run([...EXPORT, "--with-sign-in"], WITH_PASSPHRASE);
    assert.equal(exitCode, 64);
    assert.match(stderr, says);
  }
});

Deno.test("profile export carries an SMTP password, and says where there is none", async () => {
  await using desk = await openDesk({
    profile: `[profiles.plant]
provider = "custom"
user = "a@example.com"
[profiles.plant.smtp]
host = "mail.example.com"
auth = "password"`,
  });
  const without = await desk.run(EXPORT, WITH_PASSPHRASE);
  assert.equal(without.exitCode, 0);
  assert.match(without.stderr, /^warning: profile "plant" has no SMTP password to carry\nhint: /);
  await desk.run(["secret", "set"], { stdin: "password-of-plant" });
  const { stdout, stderr } = await desk.run(EXPORT, WITH_PASSPHRASE);
  assert.equal(stderr, "");
  assert.equal((await open(stdout)).smtpPassword, "password-of-plant");
});

Deno.test("profile export takes files along that lie below the profile's folder", async () => {
  const outside = PLATFORM === "windows" ? "C:\\plant\\ca.pem" : "/plant/ca.pem";
  const cases: readonly (readonly [path: string, carried: readonly string[]])[] = [
    ["certs/../certs/ca.pem", ["smtp.ca_file"]],
    [outside, []],
    ["../ca.pem", []],
  ];
  for (const [path, carried] of cases) {
    await using desk = await openDesk({
      profile: `${TABLES}[profiles.plant.smtp]\nca_file = '${path}'`,
    });
    await Deno.mkdir(join(desk.folder, "certs"));
    await Deno.writeTextFile(join(desk.folder, "certs", "ca.pem"), "a certificate\r\n");
    const { stdout } = await desk.run([...EXPORT, "--json"], WITH_PASSPHRASE);
    const json = JSON.parse(stdout) as { carried: string[]; sealed: string };
    assert.deepEqual(json.carried, carried, path);
    if (carried.length === 0) continue;
    const [file] = (await open(json.sealed)).files;
    assert.equal(new TextDecoder().decode(file?.content), "a certificate\r\n");
    assert.equal(file?.path, join("certs", "ca.pem"));
  }
});

Deno.test("profile export says which file it cannot take along", async () => {
  await using desk = await openDesk({
    profile: `${TABLES}[profiles.plant.smtp]\nca_file = 'ca.pem'`,
  });
  const missing = await desk.run(EXPORT, { answers: [PASSPHRASE, PASSPHRASE] });
  assert.equal(missing.exitCode, 66);
  assert.match(
    missing.stderr,
    /^error: smtp\.ca_file: cannot read .*ca\.pem: .*\nhint: correct smtp\.ca_file/,
  );
  await Deno.writeFile(join(desk.folder, "ca.pem"), new Uint8Array(1_000_001));
  const big = await desk.run(EXPORT, WITH_PASSPHRASE);
  assert.equal(big.exitCode, 66);
  assert.match(big.stderr, /it has 1000001 octets/);
});

Deno.test("profile refuses flags of its other half, and a second file", async () => {
  await using desk = await openDesk({ profile: TABLES });
  const cases: readonly (readonly [args: string[], says: string])[] = [
    [
      ["profile"],
      "error: profile: wanted export or import, found nothing\nhint: use: plantpost profile export|import [FILE]",
    ],
    [
      ["profile", "exprot", "x"],
      'error: profile: wanted export or import, found "exprot x"\nhint: did you mean "plantpost profile export"?',
    ],
    [
      ["profile", "import", "a", "b"],
      'error: profile import: wanted one FILE at most, found "a b"\nhint: use: plantpost profile export|import [FILE]; a name with blanks must stand in quotes',
    ],
    [
      ["profile", "import", "--seal"],
      "error: profile import takes no --seal\nhint: that is a flag of: plantpost profile export",
    ],
    [
      ["profile", "export", "--replace"],
      "error: profile export takes no --replace\nhint: that is a flag of: plantpost profile import",
    ],
  ];
  for (const [args, says] of cases) {
    const { exitCode, stderr } = await desk.run(args, WITH_PASSPHRASE);
    assert.deepEqual([exitCode, stderr], [64, says]);
  }
});

async function storeGrant(desk: Desk, change: Parameters<typeof testGrant>[1]): Promise<void> {
  const text = await Deno.readTextFile(desk.file);
  const settings = parseSettings(text, { file: desk.file, platform: PLATFORM });
  const profile = settings.profiles.get("plant");
  assert.ok(profile);
  await new Vault(settings, testWorld()).update(async (content, save) =>
    await save(withSecrets(content, "plant", { grant: testGrant(profile, change) }))
  );
}

/** Looks for secrets in all files of the desk. */
async function assertHidden(
  desk: Desk,
  secrets: readonly string[],
  options: { readonly except?: readonly string[] },
): Promise<void> {
  let looked = 0;
  for await (const path of filesIn(desk.folder)) {
    if (options.except?.some((name) => path.endsWith(name)) === true) continue;
    const text = new TextDecoder("latin1").decode(await Deno.readFile(path));
    for (const secret of secrets) assert.ok(!text.includes(secret), path);
    looked++;
  }
  assert.ok(looked > 0);
}

async function* filesIn(folder: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory) yield* filesIn(path);
    else yield path;
  }
}
