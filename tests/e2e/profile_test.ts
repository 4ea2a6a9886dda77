// A profile on its way from one PC to another: two folders with a vault and a key each. Debian's `age` reads what
// plantpost sealed and seals what plantpost reads; a process that is killed on the way is run again.

import assert from "node:assert/strict";
import { join } from "node:path";
import { open } from "../cli/sealed.ts";
import { typeAt, type Typed, typistMissing } from "../peers/typist.ts";
import { until } from "../peers/wait.ts";
import { openScene } from "../sandbox/scene.ts";
import { namesIn } from "../vault/fixtures.ts";
import { commandLine, Program } from "./program.ts";

const PASSPHRASE = "correct horse battery";
const ENV = { PLANTPOST_SEAL_PASSPHRASE: PASSPHRASE };
const CLIENT_SECRET = "s3cret+of/the=plant~";
const CA = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
const PROFILE = `data_dir = "state"

# the reports
[profiles.plant]
provider = "microsoft365"
tenant = "contoso.com"
user = "reports@contoso.com"
[profiles.plant.oauth]
client_id = "11111111-2222-3333-4444-555555555555"
client_secret_env = "PLANT_SECRET"
[profiles.plant.smtp]
ca_file = "certs/plant-ca.pem"

[vault]
key = "key-file"
key_file = "keys/vault.key"
`;

Deno.test("a PC that got the profile with its sign-in sends at once, and no secret lies anywhere unsealed", async () => {
  await using office = await openScene({ clientSecret: CLIENT_SECRET });
  const { program } = office;
  assert.equal((await program.run(["secret", "set"], { stdin: CLIENT_SECRET })).exitCode, 0);
  assert.equal((await office.login()).exitCode, 0);
  const sealed = program.path("plant.age");
  const exported = await program.run(
    ["profile", "export", "--seal", "--with-sign-in", sealed, "--json"],
    { env: ENV },
  );
  assert.deepEqual(JSON.parse(exported.stdout), {
    file: sealed,
    profile: "sandbox",
    carried: ["clientSecret", "grant", "smtp.ca_file"],
  });

  await using panel = await Program.create();
  const imported = await panel.run(["profile", "import", sealed, "--json"], { env: ENV });
  assert.equal(imported.exitCode, 0, imported.stderr);
  assert.deepEqual(JSON.parse(imported.stdout), {
    file: panel.path("plantpost.toml"),
    profile: "sandbox",
    stored: ["clientSecret", "grant", "smtp.ca_file"],
  });
  assert.notEqual(
    await Deno.readTextFile(panel.path("sandbox-key/vault.key")),
    await Deno.readTextFile(program.path("sandbox-key/vault.key")),
  );
  const status = JSON.parse((await panel.run(["status", "--json"])).stdout);
  assert.deepEqual([status.grant, status.account], ["usable", "reports@contoso.example"]);
  for (const pc of [panel, program]) {
    const refresh = await pc.run(["refresh"]);
    assert.equal(refresh.exitCode, 0, refresh.stderr);
    const send = await pc.run([
      "send",
      "--to",
      "anna@contoso.example",
      "--text",
      "42 bar",
      "--json",
    ]);
    assert.equal(JSON.parse(send.stdout).outcome, "sent", send.stderr);
  }
  assert.equal((await office.sandbox.messages()).length, 2);

  const { grant } = await open(await Deno.readTextFile(sealed), PASSPHRASE);
  const tokens = [grant?.accessToken, grant?.refreshToken].filter((token) => token !== undefined);
  assert.equal(tokens.length, 2);
  for (const pc of [panel, program]) {
    for (const [where, text] of await pc.everythingWritten()) {
      for (const secret of [CLIENT_SECRET, PASSPHRASE, ...tokens]) {
        assert.ok(!text.includes(secret), where);
      }
    }
  }
});

Deno.test("a PC that got the profile without a sign-in needs one of its own", async () => {
  await using office = await openScene();
  assert.equal((await office.login()).exitCode, 0);
  const exported = await office.program.run(["profile", "export", "--seal"], { env: ENV });
  assert.deepEqual([exported.exitCode, exported.stderr], [0, ""]);
  await using panel = await Program.create();
  const imported = await panel.run(["profile", "import", "--json"], {
    env: ENV,
    stdin: exported.stdout,
  });
  assert.equal(JSON.parse(imported.stdout).next, "plantpost login");
  const status = await panel.run(["status", "--json"]);
  assert.deepEqual([status.exitCode, JSON.parse(status.stdout).grant], [77, "missing"]);
});

Deno.test("a profile is found and made where people look for it", async () => {
  await using office = await openOffice();
  const sealed = await exportSealed(office);
  await using panel = await Program.create();
  await Deno.mkdir(panel.path("sub"));
  const elsewhere = await panel.run(["profile", "import", sealed], {
    env: { ...ENV, PLANTPOST_CONFIG: join("sub", "mine.toml") },
  });
  assert.equal(elsewhere.exitCode, 0, elsewhere.stderr);
  assert.ok((await Deno.stat(panel.path("sub/certs/plant-ca.pem"))).isFile);
  const here = await panel.run(["profile", "import", sealed], { env: ENV });
  assert.match(here.stdout, new RegExp('^imported profile "plant" into .*plantpost\\.toml '));
  const again = await panel.run(["profile", "import", sealed], { env: ENV });
  assert.match(again.stdout, /^found the same profile/);
});

Deno.test("an import that is killed at any of its writes is finished by the next one", async () => {
  await using office = await openOffice();
  const sealed = await exportSealed(office);
  for (
    const stage of ["state/vault.lock", "certs/plant-ca.pem", "plantpost.toml", "state/vault.json"]
  ) {
    await using panel = await Program.create();
    await killOnce(panel, { stage, sealed });
    const again = await panel.run(["profile", "import", sealed, "--json"], { env: ENV });
    assert.equal(again.exitCode, 0, `${stage}: ${again.stderr}`);
    assert.deepEqual(JSON.parse(again.stdout).stored, ["clientSecret", "smtp.ca_file"]);
    assert.equal(await Deno.readTextFile(panel.path("certs/plant-ca.pem")), CA);
    assert.equal(
      await Deno.readTextFile(panel.path("plantpost.toml")),
      PROFILE.replace(/client_secret_env.*\n/, ""),
    );
    const status = JSON.parse((await panel.run(["status", "--json"])).stdout);
    assert.equal(status.grant, "missing"); // and not unknown: the vault opens
  }
});

const ageMissing = typistMissing ?? (hasAge() ? undefined : "no age");
const ageNote = ageMissing === undefined ? "" : ` (skipped: ${ageMissing})`;

Deno.test(`age opens what plantpost sealed, and plantpost what age sealed${ageNote}`, {
  ignore: ageMissing !== undefined,
}, async () => {
  await using office = await openOffice();
  const opened = await typeAt(["age", "-d", "-o", "clear.json", await exportSealed(office)], {
    turns: [["passphrase", `${PASSPHRASE}\r`]],
    cwd: office.folder,
  });
  assert.equal(opened.exitCode, 0, opened.shown);
  const clear = JSON.parse(await Deno.readTextFile(office.path("clear.json")));
  assert.deepEqual([clear.format, clear.version, clear.name], ["plantpost profile", 1, "plant"]);
  assert.equal(clear.clientSecret, CLIENT_SECRET);
  assert.equal(atob(clear.files[0].content), CA);
  for (const [name, armour] of [["armoured", ["-a"]], ["octets", []]] as const) {
    const sealed = await typeAt(["age", "-p", ...armour, "-o", name, "clear.json"], {
      turns: [["passphrase", "another passphrase\r"], ["passphrase", "another passphrase\r"]],
      cwd: office.folder,
    });
    assert.equal(sealed.exitCode, 0, sealed.shown);
    await using panel = await Program.create();
    const imported = await panel.run(["profile", "import", office.path(name), "--json"], {
      env: { PLANTPOST_SEAL_PASSPHRASE: "another passphrase" },
    });
    assert.equal(imported.exitCode, 0, imported.stderr);
    assert.deepEqual(JSON.parse(imported.stdout).stored, ["clientSecret", "smtp.ca_file"]);
  }
});

const note = typistMissing === undefined ? "" : ` (skipped: ${typistMissing})`;

Deno.test(`at a terminal both sides ask for the passphrase, and show none${note}`, {
  ignore: typistMissing !== undefined,
}, async () => {
  await using office = await openOffice();
  const [executable, first] = commandLine();
  const env = { PLANT_SECRET: CLIENT_SECRET, PLANTPOST_CONFIG: "" };
  // Two ways to write an Ö: keyboards differ, and what is meant is one passphrase.
  const sealed = await typeAt([executable, ...first, "profile", "export", "--seal", "plant.age"], {
    turns: [["passphrase to seal with", "Ö sole mio\r"], ["the same again", "O\u0308 sole mio\r"]],
    cwd: office.folder,
    env,
  });
  assert.equal(sealed.exitCode, 0, sealed.shown);
  assert.doesNotMatch(sealed.shown, /sole mio/);
  await using panel = await Program.create();
  const opened = await typeAt(
    [executable, ...first, "profile", "import", office.path("plant.age")],
    { turns: [["passphrase of ", "O\u0308 sole mio\r"]], cwd: panel.folder, env },
  );
  assert.equal(opened.exitCode, 0, opened.shown);
  assert.doesNotMatch(opened.shown, /sole mio/);
  assert.match(opened.shown, /stored the client secret in .*vault\.json\r\nnext: plantpost login/);
});

Deno.test(
  `Ctrl-C at the passphrase, or right behind it, ends both sides and leaves nothing${note}`,
  {
    ignore: typistMissing !== undefined,
  },
  async () => {
    await using office = await openOffice();
    const sealed = await exportSealed(office);
    await using panel = await Program.create();
    const [executable, first] = commandLine();
    const seal = ["profile", "export", "--seal", "new.age"];
    const type = (
      args: readonly string[],
      pc: Program,
      turns: [string, string][],
    ): Promise<Typed> =>
      typeAt([executable, ...first, ...args], {
        turns,
        cwd: pc.folder,
        env: { PLANT_SECRET: CLIENT_SECRET, PLANTPOST_CONFIG: "" },
      });
    for (const [args, pc] of [[seal, office], [["profile", "import", sealed], panel]] as const) {
      const { exitCode, shown } = await type(args, pc, [["passphrase ", "abc\x03"]]);
      assert.equal(exitCode, 130, shown);
    }
    assert.deepEqual(await namesIn(panel.folder), []);
    // While it seals or opens: the line end after the last answer comes when the terminal is itself again. On a busy
    // machine Ctrl-C may come when all is done; then it is pressed again, at the next one.
    const answers: [string, string][] = [
      ["passphrase ", `${PASSPHRASE}\r`],
      ["the same again: ", `${PASSPHRASE}\r`],
    ];
    const pressed: [string, string] = ["\n", "\x03"];
    for (let [exitCode, tries] = [0, 0]; exitCode !== 130; tries++) {
      assert.ok(tries < 10, "Ctrl-C ends nothing");
      const typed = await type(seal, office, [...answers, pressed]);
      exitCode = typed.exitCode;
      assert.ok(exitCode === 130 || exitCode === 0, typed.shown);
      assert.equal((await namesIn(office.folder)).includes("new.age"), exitCode === 0, typed.shown);
      if (exitCode === 0) await Deno.remove(office.path("new.age"));
    }
    for (let [exitCode, tries] = [0, 0]; exitCode !== 130; tries++) {
      assert.ok(tries < 10, "Ctrl-C ends nothing");
      await using pc = await Program.create();
      const typed = await type(["profile", "import", sealed], pc, [
        ...answers.slice(0, 1),
        pressed,
      ]);
      exitCode = typed.exitCode;
      assert.ok(exitCode === 130 || exitCode === 0, typed.shown);
      assert.equal((await namesIn(pc.folder)).includes("plantpost.toml"), exitCode === 0);
    }
  },
);

/** Begins an import, and kills it as soon as that file is there. */
async function killOnce(
  panel: Program,
  at: { readonly stage: string; readonly sealed: string },
): Promise<void> {
  const [executable, first] = commandLine();
  const child = new Deno.Command(executable, {
    args: [...first, "profile", "import", at.sealed],
    cwd: panel.folder,
    env: { ...ENV, PLANTPOST_CONFIG: "" },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  await until(() => Deno.stat(panel.path(at.stage)).then(() => true, () => false), {
    what: at.stage,
    timeoutMs: 60_000,
  });
  try {
    child.kill("SIGKILL");
  } catch {
    // It was faster.
  }
  await child.status;
}

async function openOffice(): Promise<Program> {
  const office = await Program.create();
  await office.write("plantpost.toml", PROFILE);
  await Deno.mkdir(office.path("certs"));
  await office.write("certs/plant-ca.pem", CA);
  return office;
}

async function exportSealed(office: Program): Promise<string> {
  const path = office.path("plant.age");
  const { exitCode, stderr } = await office.run(["profile", "export", "--seal", path], {
    env: { ...ENV, PLANT_SECRET: CLIENT_SECRET },
  });
  assert.equal(exitCode, 0, stderr);
  return path;
}

function hasAge(): boolean {
  try {
    return new Deno.Command("age", { args: ["--version"], stdout: "null", stderr: "null" })
      .outputSync().success;
  } catch {
    return false;
  }
}
