// `cert new`, and what `secret`, `reset` and `status` know of certificates.

import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { fileURLToPath } from "node:url";
import { whatNext } from "../../src/cli/cert_steps.ts";
import { testProfile } from "../vault/fixtures.ts";
import { type Desk, openDesk } from "./desk.ts";
import { startTokenServer, tokens } from "../oauth/token_server.ts";
import { grantOf, store, stored } from "./stored.ts";

const DAY_MS = 86_400_000;

function profile(provider: string, oauth = ""): string {
  return `[profiles.plant]
provider = "${provider}"
${provider.startsWith("microsoft") ? 'tenant = "contoso.onmicrosoft.com"' : ""}
user = "reports@contoso.com"
[profiles.plant.oauth]
client_id = "00000000-0000-4000-8000-000000000001"
${oauth}`;
}

async function filesOf(desk: Desk): Promise<readonly string[]> {
  const files = (await Array.fromAsync(Deno.readDir(desk.folder))).filter(({ isFile }) => isFile);
  return files.map(({ name }) => name).sort();
}

function path(name: string): string {
  return fileURLToPath(new URL(`../vault/certificates/${name}`, import.meta.url));
}

Deno.test("cert new seals a key in the vault, writes the certificate, and says where to upload it", async () => {
  await using desk = await openDesk({ profile: profile("microsoft365") });
  const { exitCode, stdout, stderr } = await desk.run(["cert", "new", "--json"]);
  assert.equal(exitCode, 0, stderr);
  const told = JSON.parse(stdout);
  assert.equal(
    told.file,
    `${desk.folder}${desk.file.includes("\\") ? "\\" : "/"}plantpost-plant.cer`,
  );
  const pem = await Deno.readTextFile(told.file);
  assert.match(pem, /^-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+-----END CERTIFICATE-----\n$/);
  const x509 = new X509Certificate(pem);
  assert.equal(x509.subject, "CN=plantpost plant on PANEL-7");
  assert.equal(told.thumbprints.sha1, x509.fingerprint.replaceAll(":", ""));
  assert.equal(told.thumbprints.sha256, x509.fingerprint256.replaceAll(":", ""));
  assert.equal(Date.parse(told.expiresAt), Date.parse(x509.validTo));
  assert.equal(Date.parse(told.expiresAt), desk.nowMs + 3652 * DAY_MS);
  // A clock that is a few hours behind must not call it one of the future.
  assert.equal(Date.parse(x509.validFrom), desk.nowMs - DAY_MS);
  assert.match(told.who, /Application Administrator/);
  assert.match(
    told.steps.join("\n"),
    /entra\.microsoft\.com > App registrations .*000000000001\n.*Upload certificate.*plant\.cer\n.*thumbprint/,
  );

  const { certificate } = await stored(desk);
  assert.ok(certificate !== undefined);
  assert.equal(certificate.certificate, pem.replaceAll(/-----[^-]+-----|\n/g, ""));
  assert.equal(certificate.acceptedAtMs, undefined);
  // In clear the key is nowhere: not in the files beside the profile, and not in the sealed one.
  for (const file of [...await filesOf(desk), "state/vault.json", "state/plantpost.log"]) {
    const text = await Deno.readTextFile(`${desk.folder}/${file}`);
    assert.ok(!text.includes(certificate.privateKey.slice(0, 40)), file);
    assert.ok(!text.includes("PRIVATE KEY"), file);
  }
  assert.ok(!`${stdout}${stderr}`.includes(certificate.privateKey.slice(0, 40)));
});

Deno.test("whatNext() names the portal of the profile's own cloud, and whoever runs another provider", () => {
  const rows = [
    ["microsoft365-gcc-high", "code", /https:\/\/portal\.azure\.us > App registrations/],
    ["microsoft365-china", "code", /https:\/\/portal\.azure\.cn > App registrations/],
    ["outlook", "device", /https:\/\/entra\.microsoft\.com > App registrations/],
    ["custom", "code", /^whoever runs the provider\nregister .+ for the client .*private_key_jwt/],
    ["microsoft365", "app", /^run "plantpost login" on this PC/m],
    ["microsoft365", "code", /^run "plantpost refresh" \(or "plantpost login"/m],
  ] as const;
  for (const [provider, flow, wanted] of rows) {
    const { oauth, ...rest } = testProfile({ oauth: { flow } });
    const at = { file: "/etc/plantpost/plant.cer", thumbprint: "0123" };
    const { who, steps } = whatNext({ ...rest, provider }, oauth, at);
    assert.match([who, ...steps].join("\n"), wanted);
  }
});

Deno.test("cert new refuses a second one while the first waits, and --force keeps the one that is in use", async () => {
  await using desk = await openDesk({ profile: profile("microsoft365") });
  await desk.run(["cert", "new"]);
  const first = (await stored(desk)).certificate;
  assert.ok(first !== undefined);
  const refused = await desk.run(["cert", "new"]);
  assert.equal(refused.exitCode, 64);
  assert.match(refused.stderr, /still waits for its upload.*\n.*plantpost refresh.*--force/);
  assert.deepEqual(await filesOf(desk), ["plantpost-plant.cer", "plantpost.toml"]);

  // Taken by the provider: then a new one joins it.
  const accepted = { ...first, acceptedAtMs: desk.nowMs };
  await store(desk, () => ({ certificate: accepted }));
  assert.equal((await desk.run(["cert", "new"])).exitCode, 0);
  const second = await stored(desk);
  assert.deepEqual(second.previousCertificate, accepted);
  assert.notEqual(second.certificate?.certificate, first.certificate);

  assert.equal((await desk.run(["cert", "new"])).exitCode, 64);
  assert.equal((await desk.run(["cert", "new", "--force"])).exitCode, 0);
  const third = await stored(desk);
  assert.deepEqual(third.previousCertificate, accepted);
  assert.notEqual(third.certificate?.certificate, second.certificate?.certificate);
  // No file was overwritten on the way.
  assert.deepEqual(await filesOf(desk), [
    "plantpost-plant-2.cer",
    "plantpost-plant-3.cer",
    "plantpost-plant.cer",
    "plantpost.toml",
  ]);
});

Deno.test("cert new --out writes there and never over a file, and --valid-for sets the end", async () => {
  await using desk = await openDesk({ profile: profile("microsoft365") });
  const out = `${desk.folder}/other.cer`;
  await Deno.writeTextFile(out, "somebody's");
  const taken = await desk.run(["cert", "new", "--out", out]);
  assert.equal(taken.exitCode, 73);
  assert.match(taken.stderr, /exists already and is left as it is\n.*--out/);
  assert.equal(await Deno.readTextFile(out), "somebody's");
  assert.equal((await stored(desk)).certificate, undefined);

  for (const life of ["0d", "12h", "40000d", "next year"]) {
    const { exitCode, stderr } = await desk.run(["cert", "new", "--valid-for", life]);
    assert.equal(exitCode, 64);
    assert.match(stderr, /--valid-for: must be a duration from 1d to 36500d/);
  }
  const good = `${desk.folder}/good.cer`;
  const { stdout } = await desk.run(
    ["cert", "new", "--out", good, "--valid-for", "730d", "--json"],
  );
  assert.equal(Date.parse(JSON.parse(stdout).expiresAt), desk.nowMs + 730 * DAY_MS);
  assert.ok((await Deno.stat(good)).isFile);

  const nowhere = await desk.run(
    ["cert", "new", "--force", "--out", `${desk.folder}/no/such/folder.cer`],
  );
  assert.equal(nowhere.exitCode, 73);
});

Deno.test("cert new refuses profiles that have no use for it, and cert alone says what is wanted", async () => {
  const rows = [
    [profile("google"), /provider "google" knows apps by their client secret only/],
    [
      profile("microsoft365", "certificate_file = 'mine.pem'"),
      /takes its certificate from .*mine\.pem\n.*remove oauth\.certificate_file/,
    ],
    [
      '[profiles.plant]\nprovider = "custom"\nuser = "a@b.example"\n[profiles.plant.smtp]\nhost = "mail.example.com"\n' +
      'auth = "password"',
      /signs in without OAuth/,
    ],
  ] as const;
  for (const [text, wanted] of rows) {
    await using desk = await openDesk({ profile: text });
    const { exitCode, stderr } = await desk.run(["cert", "new"]);
    assert.equal(exitCode, 64);
    assert.match(stderr, wanted);
  }
  await using desk = await openDesk({ profile: profile("microsoft365") });
  const { exitCode, stderr } = await desk.run(["cert"]);
  assert.equal(exitCode, 64);
  assert.match(stderr, /cert: wanted new, found nothing\n.*plantpost cert new/);
});

Deno.test("secret set keeps the passphrase of the certificate file once it opens it, and secret clear forgets it", async () => {
  const text = profile("microsoft365", `certificate_file = '${path("windows_3des.pfx")}'`);
  await using desk = await openDesk({ profile: text });
  const before = await desk.run(["status", "--json"]);
  assert.match(JSON.parse(before.stdout).error.message, /the passphrase of .+ is missing/);

  const wrong = await desk.run(["secret", "set"], { answers: ["swordfisch"] });
  assert.equal(wrong.exitCode, 64);
  assert.match(wrong.stderr, /this passphrase does not open .+windows_3des\.pfx/);
  assert.equal((await stored(desk)).certificatePassphrase, undefined);

  const set = await desk.run(["secret", "set"], { answers: ["swordfish"] });
  assert.equal(set.exitCode, 0, set.stderr);
  assert.match(set.stderr, /the passphrase of the certificate file: /);
  assert.equal((await stored(desk)).certificatePassphrase?.value, "swordfish");
  assert.ok(!`${set.stdout}${set.stderr}`.includes("swordfish"));
  const after = JSON.parse((await desk.run(["status", "--json"])).stdout);
  assert.equal(after.certificate.expiresAt, "2126-10-31T17:42:37.000Z");
  assert.equal(after.grant, "missing");

  const cleared = await desk.run(["secret", "clear"]);
  assert.match(cleared.stdout, /forgot the passphrase of the certificate file/);
  assert.equal((await stored(desk)).certificatePassphrase, undefined);
});

Deno.test("secret set keeps a passphrase for a file that is not there yet, with a word about it", async () => {
  const text = profile("microsoft365", "certificate_file = 'to-come.pfx'");
  await using desk = await openDesk({ profile: text });
  const { exitCode, stderr } = await desk.run(["secret", "set"], { stdin: "swordfish\r\n" });
  assert.equal(exitCode, 0);
  assert.match(stderr, /warning: cannot read the certificate: .+to-come\.pfx/);
  assert.equal((await stored(desk)).certificatePassphrase?.value, "swordfish");
});

Deno.test("cert new puts a new one in the place of one that was made for another client ID", async () => {
  await using desk = await openDesk({ profile: profile("microsoft365") });
  await desk.run(["cert", "new"]);
  const first = (await stored(desk)).certificate;
  assert.ok(first !== undefined);
  const text = await Deno.readTextFile(desk.file);
  await Deno.writeTextFile(desk.file, text.replace("000000000001", "000000000002"));
  const status = JSON.parse((await desk.run(["status", "--json"])).stdout);
  assert.equal(status.error.code, "vault.binding");
  assert.match(status.warnings[0].remedy, /if the change is meant, run "plantpost cert new"/);
  // Neither in the way as one that waits, nor kept as one in use.
  for (const acceptedAtMs of [undefined, 1]) {
    const certificate = { ...first, ...(acceptedAtMs === undefined ? {} : { acceptedAtMs }) };
    await store(desk, () => ({ certificate }));
    assert.equal((await desk.run(["cert", "new"])).exitCode, 0);
    const { certificate: made, previousCertificate } = await stored(desk);
    assert.match(made?.binding.clientId ?? "", /2$/);
    assert.equal(previousCertificate, undefined);
  }
  assert.equal(JSON.parse((await desk.run(["status", "--json"])).stdout).error, undefined);
});

Deno.test("reset --secret forgets keys and passphrase, and reset alone keeps them", async () => {
  await using desk = await openDesk({ profile: profile("microsoft365") });
  await desk.run(["cert", "new"]);
  const { certificate } = await stored(desk);
  assert.ok(certificate !== undefined);
  const { binding } = certificate;
  await store(desk, () => ({
    previousCertificate: certificate,
    certificatePassphrase: { binding, value: "swordfish", setAtMs: 1 },
  }));
  await desk.run(["reset", "--yes"]);
  assert.deepEqual(Object.keys(await stored(desk)).sort(), [
    "certificate",
    "certificatePassphrase",
    "previousCertificate",
  ]);
  const { exitCode } = await desk.run(["reset", "--secret", "--yes"]);
  assert.equal(exitCode, 0);
  assert.deepEqual(await stored(desk), {});
});

Deno.test("a certificate that waits for its upload stops nothing, and is used alone once the provider has taken it", async () => {
  const asked: URLSearchParams[] = [];
  let isUploaded = false;
  await using server = startTokenServer(({ fields }) => {
    asked.push(fields);
    const isTaken = fields.has("client_secret") || isUploaded;
    const answer = isTaken ? tokens() : Response.json({ error: "invalid_client" }, { status: 401 });
    // The clock of the desk; another one would be a reason to ask once more.
    answer.headers.set("date", new Date(desk.nowMs).toUTCString());
    return answer;
  });
  await using desk = await openDesk({
    profile: `[profiles.plant]
provider = "custom"
user = "reports@contoso.com"
[profiles.plant.oauth]
client_id = "plant"
authorization_endpoint = "https://login.example.com/authorize"
token_endpoint = "${server.endpoint}"
[profiles.plant.smtp]
host = "mail.example.com"`,
  });
  await desk.run(["secret", "set"], { stdin: "client-secret-1" });
  await store(desk, (profile) => ({ grant: grantOf(profile) }));
  assert.equal((await desk.run(["cert", "new"])).exitCode, 0);
  const ways = (): readonly string[] =>
    asked.splice(0).map((fields) => fields.has("client_assertion") ? "certificate" : "secret");

  const before = await desk.run(["refresh"]);
  assert.equal(before.exitCode, 0, before.stderr);
  assert.deepEqual(ways(), ["certificate", "secret"]);
  assert.equal((await stored(desk)).certificate?.acceptedAtMs, undefined);

  isUploaded = true;
  desk.nowMs += DAY_MS;
  const after = await desk.run(["refresh"]);
  assert.equal(after.exitCode, 0, after.stderr);
  assert.deepEqual(ways(), ["certificate"]);
  assert.equal((await stored(desk)).certificate?.acceptedAtMs, desk.nowMs);
  // From here on a new one may be made; the secret is still there, and not needed.
  assert.equal((await stored(desk)).clientSecret?.value, "client-secret-1");
});
