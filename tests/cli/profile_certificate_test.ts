// Certificates on their way to another PC: the key of `cert new`, and the passphrase of a certificate file.

import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bindingOf, type ProfileSecrets, type StoredCertificate } from "../../src/vault/content.ts";
import type { CarriedCertificate } from "../../src/vault/sealed_profile.ts";
import { type Desk, openDesk } from "./desk.ts";
import { imports } from "./importing.ts";
import {
  carriedProfile,
  FRAME,
  open,
  openEmptyDesk,
  seal,
  TABLES,
  WITH_PASSPHRASE,
} from "./sealed.ts";
import { store, stored } from "./stored.ts";

const FIXTURES = fileURLToPath(new URL("../vault/certificates/", import.meta.url));

const PREVIOUS: CarriedCertificate = {
  privateKey: "cHJldmlvdXMga2V5",
  certificate: "cHJldmlvdXM",
  madeAtMs: 1,
  expiresAtMs: 1_900_000_000_000,
  acceptedAtMs: 2,
};
const NEWEST: CarriedCertificate = {
  privateKey: "bmV3ZXN0IGtleSBvZiBhbGw",
  certificate: "bmV3ZXN0",
  madeAtMs: 3,
  expiresAtMs: 2_000_000_000_000,
};

async function keep(
  desk: Desk,
  secrets: Readonly<Record<string, CarriedCertificate>>,
): Promise<void> {
  await store(desk, (profile) =>
    Object.fromEntries(
      Object.entries(secrets).map(([name, one]) => [name, { ...one, binding: bindingOf(profile) }]),
    ));
}

function unbound({ binding: _binding, ...certificate }: StoredCertificate): CarriedCertificate {
  return certificate;
}

function certificatesIn(secrets: ProfileSecrets): Readonly<Record<string, CarriedCertificate>> {
  const { certificate, previousCertificate } = secrets;
  return {
    ...(certificate === undefined ? {} : { certificate: unbound(certificate) }),
    ...(previousCertificate === undefined
      ? {}
      : { previousCertificate: unbound(previousCertificate) }),
  };
}

Deno.test("a certificate of cert new and the one before it travel with the profile, sealed", async () => {
  await using here = await openDesk({ profile: TABLES });
  await keep(here, { certificate: NEWEST, previousCertificate: PREVIOUS });
  const file = join(here.folder, "plant.age");
  const told = await here.run(["profile", "export", "--seal", file, "--json"], WITH_PASSPHRASE);
  assert.deepEqual(JSON.parse(told.stdout).carried, ["certificate", "previousCertificate"]);
  const sealed = await Deno.readTextFile(file);
  const { certificate, previousCertificate } = await open(sealed);
  assert.deepEqual([certificate, previousCertificate], [NEWEST, PREVIOUS]);

  await using there = await openEmptyDesk();
  const { exitCode, stdout } = await there.run(["profile", "import"], {
    ...WITH_PASSPHRASE,
    stdin: sealed,
  });
  assert.equal(exitCode, 0);
  assert.match(stdout, /stored the certificate and its key, the certificate before it in /);
  const { certificate: arrived } = await stored(there);
  assert.equal(arrived?.binding.clientId, "11111111-2222-3333-4444-555555555555");
  assert.deepEqual(certificatesIn(await stored(there)), {
    certificate: NEWEST,
    previousCertificate: PREVIOUS,
  });
  assert.ok(!stdout.includes(NEWEST.privateKey));
});

Deno.test("the passphrase of a certificate file travels with the file, and none of the vault's certificates", async () => {
  const tables = `${TABLES}certificate_file = 'plant.pfx'\n`;
  await using here = await openDesk({ profile: tables });
  await Deno.copyFile(`${FIXTURES}windows_3des.pfx`, join(here.folder, "plant.pfx"));
  await keep(here, { certificate: NEWEST });
  await here.run(["secret", "set"], { stdin: "swordfish" });
  const { stdout } = await here.run(["profile", "export", "--seal", "--json"], WITH_PASSPHRASE);
  const { carried, sealed } = JSON.parse(stdout);
  assert.deepEqual(carried, ["certificatePassphrase", "oauth.certificate_file"]);

  await using there = await openEmptyDesk();
  const printed = await there.run(["profile", "import"], { ...WITH_PASSPHRASE, stdin: sealed });
  assert.equal(printed.exitCode, 0, printed.stderr);
  assert.match(printed.stdout, /stored the passphrase of the certificate file in /);
  assert.ok(!printed.stdout.includes("swordfish"));
  const status = JSON.parse((await there.run(["status", "--json"])).stdout);
  assert.deepEqual(status.certificate, { expiresAt: "2126-10-31T17:42:37.000Z" });
});

Deno.test("profile import keeps a newer certificate of this PC, and what the provider takes until a new one is uploaded", async () => {
  const accepted = { ...NEWEST, acceptedAtMs: 9 };
  const older = { ...PREVIOUS, certificate: "b2xkZXI", acceptedAtMs: 2 };
  const rows = [
    // A newer one here.
    [{ certificate: { ...NEWEST, madeAtMs: 4 } }, { certificate: PREVIOUS }, "own"],
    // The same, and known to be accepted here or there.
    [{ certificate: accepted }, { certificate: NEWEST }, "own"],
    [{ certificate: NEWEST, previousCertificate: PREVIOUS }, { certificate: accepted }, {
      certificate: accepted,
    }],
    // One that waits for its upload joins the one in use here.
    [{ certificate: older }, { certificate: NEWEST }, {
      certificate: NEWEST,
      previousCertificate: older,
    }],
    [{ certificate: older }, { certificate: NEWEST, previousCertificate: PREVIOUS }, {
      certificate: NEWEST,
      previousCertificate: PREVIOUS,
    }],
    // One that the provider takes needs none beside it.
    [{ certificate: older, previousCertificate: PREVIOUS }, { certificate: accepted }, {
      certificate: accepted,
    }],
    // Nothing carried, nothing changed.
    [{ certificate: older }, {}, "own"],
  ] as const;
  for (const [own, carried, wanted] of rows) {
    await using desk = await openDesk({ profile: TABLES });
    await keep(desk, own);
    const { exitCode, stderr } = await imports(desk, carried);
    assert.equal(exitCode, 0, stderr);
    assert.deepEqual(certificatesIn(await stored(desk)), wanted === "own" ? own : wanted);
  }
});

Deno.test("profile import leaves nothing to do for an app with a certificate, and wants no secret", async () => {
  const tables = TABLES.replace("[profiles.plant.oauth]", '[profiles.plant.oauth]\nflow = "app"');
  await using desk = await openEmptyDesk();
  const { clientSecret: _secret, ...carried } = carriedProfile({
    tables,
    file: `${FRAME}\n${tables}`,
    certificate: NEWEST,
  });
  const { stdout } = await desk.run(["profile", "import"], {
    ...WITH_PASSPHRASE,
    stdin: await seal(carried),
  });
  assert.match(stdout, /stored the certificate and its key in .*\nnothing is left to do\n/);
});
