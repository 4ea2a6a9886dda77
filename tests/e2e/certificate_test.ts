// A certificate in the place of the client secret, end to end: made by `cert new` or read from a PFX file, registered
// at `oidc-provider` as private_key_jwt, then a mail through Dovecot, and a change of certificates on the way.

import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { fileURLToPath } from "node:url";
import { dovecotMissing } from "../peers/dovecot.ts";
import { mailProfile, type MailServers, startMailServers } from "../peers/mail_servers.ts";
import { type Outcome, Program } from "./program.ts";

const ACCOUNT = "reports@example.com";
const PASSPHRASE = "swordfish";
const FIXTURES = fileURLToPath(new URL("../vault/certificates/", import.meta.url));

const note = dovecotMissing === undefined ? "" : ` (skipped: ${dovecotMissing})`;

interface Plant extends MailServers {
  readonly program: Program;
  /** The keys of the client, as the provider knows them; it reads them at the first sign-in. */
  readonly keys: JsonWebKey[];
}

interface PlantOptions {
  /** More lines of the oauth table. */
  readonly oauth?: string;
  /** An app without a person, whose profile knows the provider by its issuer. */
  readonly isApp?: boolean;
}

const APP = {
  grant_types: ["client_credentials"],
  redirect_uris: [],
  response_types: [],
  scope: "smtp",
};

async function startPlant({ oauth = "", isApp = false }: PlantOptions = {}): Promise<Plant> {
  await using stack = new AsyncDisposableStack();
  const program = stack.use(await Program.create());
  const keys: JsonWebKey[] = [];
  const keyServer = stack.use(
    Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      () => Response.json({ keys }),
    ),
  );
  const servers = stack.use(
    await startMailServers({
      method: "private_key_jwt",
      client: {
        jwks_uri: `http://127.0.0.1:${keyServer.addr.port}/jwks`,
        ...(isApp ? APP : {}),
      },
      ...(isApp ? { mailboxOfApps: ACCOUNT } : {}),
      accessTokenSeconds: 600,
    }),
  );
  const profile = mailProfile(servers, { user: ACCOUNT }).replace(
    "[profiles.plant.smtp]",
    () => `${oauth}\n[profiles.plant.smtp]`,
  );
  const written = isApp
    ? profile.replace(/^(?:authorization|token)_endpoint = .*\n/gm, "")
      .replace(/^scope = .*$/m, `flow = "app"\nscope = "smtp"\nissuer = "${servers.oidc.issuer}"`)
    : profile;
  await program.write("plantpost.toml", `data_dir = "state"\n${written}`);
  await Deno.mkdir(program.path("keys"));
  const owned = stack.move();
  return { ...servers, program, keys, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

Deno.test({
  name: `a certificate of cert new signs in, sends, and is exchanged without a gap${note}`,
  ignore: dovecotMissing !== undefined,
  fn: async () => {
    await using plant = await startPlant();
    const { oidc, program } = plant;
    const first = json(succeeded(await program.run(["cert", "new", "--json"])));
    await upload(plant, String(first["file"]));
    await signIn(plant);
    await sendOne(plant, 1);
    const status = json(succeeded(await program.run(["status", "--json"])));
    assert.deepEqual(status["certificate"], { expiresAt: first["expiresAt"] });
    assert.deepEqual(status["warnings"], []);

    // The provider does not know the next one yet: the first goes on being used, and nothing stops.
    const second = json(succeeded(await program.run(["cert", "new", "--json"])));
    assert.notEqual(second["file"], first["file"]);
    const refused = oidc.tokenAnswers.get("invalid_client") ?? 0;
    succeeded(await program.run(["refresh", "--verbose"]));
    assert.equal(oidc.tokenAnswers.get("invalid_client"), refused + 1);
    await sendOne(plant, 2);
    const waiting = json(succeeded(await program.run(["status", "--json"])));
    assert.deepEqual(waiting["certificate"], { expiresAt: first["expiresAt"] });
    const [warning] = waiting["warnings"] as readonly Record<string, unknown>[];
    assert.equal(warning?.["code"], "certificate_not_accepted");
    await findNoSecret(plant);
  },
});

Deno.test({
  name: `a PFX file with a passphrase signs in and sends${note}`,
  ignore: dovecotMissing !== undefined,
  fn: async () => {
    await using plant = await startPlant({ oauth: 'certificate_file = "plant.pfx"' });
    const { program } = plant;
    await Deno.copyFile(`${FIXTURES}windows_3des.pfx`, program.path("plant.pfx"));
    await upload(plant, `${FIXTURES}no_key.pem`);
    const missing = await program.run(["refresh"]);
    assert.equal(missing.exitCode, 77);
    succeeded(await program.run(["secret", "set"], { stdin: `${PASSPHRASE}\n` }));
    await signIn(plant);
    succeeded(await program.run(["refresh", "--verbose"]));
    await sendOne(plant, 1);
    await findNoSecret(plant);
  },
});

Deno.test({
  name: `an app with a certificate sends without a secret and without anybody's sign-in${note}`,
  ignore: dovecotMissing !== undefined,
  fn: async () => {
    await using plant = await startPlant({ isApp: true });
    const { oidc, program } = plant;
    const made = json(succeeded(await program.run(["cert", "new", "--json"])));
    await upload(plant, String(made["file"]));
    succeeded(await program.run(["login", "--verbose"]));
    await sendOne(plant, 1);
    const status = json(succeeded(await program.run(["status", "--json"])));
    assert.deepEqual([status["flow"], status["grant"]], ["app", "usable"]);
    assert.deepEqual(status["certificate"], { expiresAt: made["expiresAt"] });
    assert.deepEqual([...oidc.tokenRequests.keys()], ["client_credentials"]);
    assert.deepEqual([...oidc.tokenAnswers.keys()], ["ok"]);
    succeeded(await program.run(["refresh"]));
    await findNoSecret(plant);
  },
});

/** What an administrator does with the public part. */
async function upload(plant: Plant, file: string): Promise<void> {
  const { publicKey } = new X509Certificate(await Deno.readTextFile(file));
  const jwk = publicKey.export({ format: "jwk" }) as JsonWebKey;
  plant.keys.push({ ...jwk, use: "sig", alg: "RS256" });
}

async function signIn({ oidc, program }: Plant): Promise<void> {
  const login = program.start(["login", "--no-browser", "--verbose"]);
  const [url] = await login.untilStderr(/https?:\/\/\S+[?&]client_id=\S+/u);
  const page = await oidc.signIn(url, { account: ACCOUNT });
  const { stderr } = succeeded(await login.outcome);
  assert.equal(page.status, 200, page.text);
  assert.match(stderr, /client_assertion=<redacted>/);
  assert.equal(oidc.tokenRequests.get("authorization_code"), 1);
}

async function sendOne({ dovecot, program, sink }: Plant, count: number): Promise<void> {
  const args = ["send", "--to", "boiler@example.com", "--subject", "Report", "--text", "1250 kPa"];
  succeeded(await program.run([...args, "--verbose"]), await dovecot.log());
  assert.equal((await sink.untilMessages(count)).length, count);
}

// The assertions are among the provider's secrets.
async function findNoSecret({ oidc, program }: Plant): Promise<void> {
  const assertions = [...oidc.secrets].filter((secret) => secret.split(".").length === 3);
  assert.ok(assertions.length >= 2, "no assertion was seen");
  const written = await program.everythingWritten();
  for (const secret of [...oidc.secrets, PASSPHRASE, "PRIVATE KEY"]) {
    const places = [...written].filter(([, content]) => content.includes(secret));
    assert.deepEqual(places.map(([place]) => place), [], `a secret of ${secret.length} characters`);
  }
}

function succeeded(outcome: Outcome, more = ""): Outcome {
  assert.equal(outcome.exitCode, 0, `${outcome.stdout}${outcome.stderr}${more}`);
  return outcome;
}

function json(outcome: Outcome): Record<string, unknown> {
  return JSON.parse(outcome.stdout);
}
