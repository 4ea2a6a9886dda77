// What every command does without a sign-in or a right profile, and the commands that need neither. Runs against the
// source and, with PLANTPOST_EXE, against the executable.

import assert from "node:assert/strict";
import { freePort } from "../peers/free_port.ts";
import { Program } from "./program.ts";

Deno.test("every command tells 77 without a sign-in and 78 without a right profile, as text and as JSON", async () => {
  await using program = await Program.create();
  const nowhere = await program.run([
    "send",
    "--to",
    "a@b.c",
    "--text",
    "x",
    "--config",
    "none.toml",
  ]);
  assert.equal(nowhere.exitCode, 78);
  assert.match(nowhere.stderr, /^error: .*none\.toml/);
  await program.write("plantpost.toml", 'data_dri = "x"\n[profiles.plant]\nprovider = "gogle"\n');
  const wrong = await program.run(["status", "--json"]);
  assert.equal(wrong.exitCode, 78);
  const { error } = JSON.parse(wrong.stdout);
  assert.equal(error.code, "profile.invalid");
  assert.match(error.message, /data_dri.*data_dir[\s\S]*gogle/);
  await program.write(
    "plantpost.toml",
    `[profiles.plant]
provider = "microsoft365"
tenant = "contoso.com"
user = "reports@contoso.com"
[profiles.plant.oauth]
client_id = "00000000-0000-0000-0000-000000000000"
[profiles.plant.smtp]
host = "127.0.0.1"
port = ${freePort()}
[vault]
key_file = "keys/vault.key"
`,
  );
  for (
    const args of [["send", "--to", "a@b.c", "--text", "x"], ["test"], ["refresh"], ["status"]]
  ) {
    const text = await program.run(args, { env: { PLANTPOST_PASSPHRASE: "plant" } });
    assert.equal(text.exitCode, 77, `${args[0]}: ${text.stderr}`);
    assert.match(
      text.stderr,
      /nobody has signed in for profile "plant"\nhint: run "plantpost login"/,
    );
    const json = await program.run([...args, "--json", "--quiet"], {
      env: { PLANTPOST_PASSPHRASE: "plant" },
    });
    assert.equal(json.exitCode, 77);
    assert.equal(json.stderr, "");
    assert.equal(typeof JSON.parse(json.stdout), "object");
  }
});

Deno.test("init writes a file that the program reads, and never overwrites it", async () => {
  await using program = await Program.create();
  const first = await program.run([
    "init",
    "--tenant",
    "contoso.com",
    "--user",
    "a@contoso.com",
    "--client-id",
    "x",
  ]);
  assert.equal(first.exitCode, 0, first.stderr);
  const before = await Deno.readTextFile(program.path("plantpost.toml"));
  assert.match(before, /^user = "a@contoso\.com"$/m);
  const again = await program.run(["init"]);
  assert.equal(again.exitCode, 73);
  assert.match(again.stderr, /exists already and is left as it is/);
  assert.equal(await Deno.readTextFile(program.path("plantpost.toml")), before);
  assert.equal(
    (await program.run(["init", "--provider", "gogle", "--config", "b.toml"])).exitCode,
    64,
  );
});

Deno.test("the help lists every command, flag and exit code, and each command has its own", async () => {
  await using program = await Program.create();
  const { exitCode, stdout } = await program.run(["--help"]);
  assert.equal(exitCode, 0);
  for (
    const word of ["login", "status", "refresh", "reset", "secret set|clear", "--verbose", "77"]
  ) {
    assert.ok(stdout.includes(word), word);
  }
  const send = await program.run(["help-me"]);
  assert.equal(send.exitCode, 64);
  assert.match(
    (await program.run(["send", "--help"])).stdout,
    /--attach FILE\[;name=N\]\[;type=T\]/,
  );
  assert.match((await program.run(["--version"])).stdout, /^plantpost \d+\.\d+\.\d+\n$/);
});
