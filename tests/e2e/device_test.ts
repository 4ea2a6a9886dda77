// The sign-in with a code, whole: the program shows it, a person types it at oidc-provider's own page, and a mail goes
// through Dovecot; then the same at a real terminal, whose picture another program reads, until Ctrl-C.

import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { fileURLToPath } from "node:url";
import { dovecotMissing } from "../peers/dovecot.ts";
import { mailProfile, type MailServers, startMailServers } from "../peers/mail_servers.ts";
import { startOidcProvider } from "../peers/oidc.ts";
import { codeLines, DARK_TERMINAL, LIGHT_TERMINAL, readQr } from "../peers/qr_reader.ts";
import { typeAt, typistMissing } from "../peers/typist.ts";
import { commandLine, type Outcome, Program } from "./program.ts";

const ACCOUNT = "reports@example.com";
const CLIENT_SECRET = "s3cret+/=:%41& of the plant~";

const CERTIFICATE_FILE = fileURLToPath(new URL("../vault/certificates/pkcs8.pem", import.meta.url));

interface Variant {
  readonly name: string;
  readonly method: "none" | "client_secret_post" | "private_key_jwt";
  /** The endpoints, as the profile has them. */
  readonly endpoints: (servers: MailServers) => string;
}

const VARIANTS: readonly Variant[] = [
  {
    name: "public client, endpoints in the profile",
    method: "none",
    endpoints: ({ oidc }) =>
      `token_endpoint = "${oidc.tokenEndpoint}"\ndevice_endpoint = "${oidc.deviceEndpoint}"`,
  },
  {
    name: "client secret, endpoints by discovery",
    method: "client_secret_post",
    endpoints: ({ oidc }) => `issuer = "${oidc.issuer}"`,
  },
  {
    name: "certificate, endpoints by discovery",
    method: "private_key_jwt",
    endpoints: ({ oidc }) =>
      `issuer = "${oidc.issuer}"\ncertificate_file = ${JSON.stringify(CERTIFICATE_FILE)}`,
  },
];

const noteOf = (missing: string | undefined): string =>
  missing === undefined ? "" : ` (skipped: ${missing})`;

for (const variant of VARIANTS) {
  Deno.test({
    name: `a code typed on another device lets mail go: ${variant.name}${noteOf(dovecotMissing)}`,
    ignore: dovecotMissing !== undefined,
    fn: async () => {
      await using program = await Program.create();
      const hasSecret = variant.method === "client_secret_post";
      await using servers = await startMailServers({
        method: variant.method,
        ...(hasSecret ? { clientSecret: CLIENT_SECRET } : {}),
        ...(variant.method === "private_key_jwt" ? { client: { jwks: await publicKeys() } } : {}),
        accessTokenSeconds: 3600,
      });
      const profile = mailProfile(servers, { user: ACCOUNT })
        .replace(/^authorization_endpoint.*\ntoken_endpoint.*$/m, variant.endpoints(servers))
        .replace("[profiles.plant.oauth]", '[profiles.plant.oauth]\nflow = "device"');
      assert.ok(!profile.includes("authorization_endpoint"));
      await program.write("plantpost.toml", profile);
      await Deno.mkdir(program.path("keys"));
      if (hasSecret) done(await program.run(["secret", "set"], { stdin: CLIENT_SECRET }));

      const login = program.start(["login", "--json", "--verbose"]);
      const [page] = await login.untilStderr(/^http:\S+$/mu);
      const [, userCode = ""] = await login.untilStderr(/^enter this code there: (\S+)$/mu);
      const approved = await servers.oidc.enterCode(page, { account: ACCOUNT, userCode });
      assert.equal(approved.status, 200, approved.text);
      const { account } = JSON.parse(done(await login.outcome).stdout);
      assert.equal(account, ACCOUNT);

      const to = ["--to", "boiler@example.com", "--subject", "Druck", "--text", "42 bar"];
      const sent = await program.run(["send", ...to, "--json"]);
      assert.equal(sent.exitCode, 0, `${sent.stdout}${await servers.dovecot.log()}`);
      const [message] = await servers.sink.untilMessages(1);
      assert.equal(message?.reversePath, ACCOUNT);
      // The grant lives on without the person.
      done(await program.run(["refresh"]));
      assert.equal(servers.oidc.tokenRequests.get("refresh_token"), 1);

      const written = await program.everythingWritten();
      for (const secret of servers.oidc.secrets) {
        const places = [...written].filter(([, content]) => content.includes(secret));
        assert.deepEqual(places.map(([place]) => place), [], "a secret was written");
      }
    },
  });
}

Deno.test({
  name: `at a terminal the code can be scanned, and Ctrl-C ends the waiting${
    noteOf(typistMissing)
  }`,
  ignore: typistMissing !== undefined,
  fn: async () => {
    await using program = await Program.create();
    await using oidc = await startOidcProvider({
      clients: [{
        client_id: "plant",
        redirect_uris: ["http://localhost/"],
        token_endpoint_auth_method: "none",
      }],
    });
    await program.write(
      "plantpost.toml",
      `[profiles.plant]
provider = "custom"
user = "${ACCOUNT}"
[profiles.plant.oauth]
client_id = "plant"
flow = "device"
issuer = "${oidc.issuer}"
[profiles.plant.smtp]
host = "127.0.0.1"
[vault]
key = "key-file"
key_file = "vault.key"
`,
    );
    const [executable, first] = commandLine();
    const login = (env: Readonly<Record<string, string>>): ReturnType<typeof typeAt> =>
      typeAt([executable, ...first, "login"], {
        turns: [["Ctrl-C ends it", "\x03"]],
        cwd: program.folder,
        env: { PLANTPOST_CONFIG: "", ...env },
      });
    for (const env of [{ NO_COLOR: "" }, { NO_COLOR: "1" }]) {
      const { exitCode, shown } = await login(env);
      assert.equal(exitCode, 130, shown);
      assert.match(shown, /nothing was stored\r\nerror: interrupted by Ctrl-C/);
      const [, userCode = ""] = /^enter this code there: (\S+)\r$/mu.exec(shown) ?? [];
      const lines = codeLines(shown);
      const address = `${oidc.issuer}/device?user_code=${userCode}`;
      const isColoured = env.NO_COLOR === "";
      assert.equal(lines.some((line) => line.startsWith("\x1b[97;40m")), isColoured);
      for (const look of [DARK_TERMINAL, LIGHT_TERMINAL]) {
        assert.equal(readQr(lines, { look, isPatient: !isColoured }), address);
      }
    }
    assert.equal((await program.run(["status"])).exitCode, 77);
  },
});

async function publicKeys(): Promise<{ readonly keys: readonly JsonWebKey[] }> {
  const text = await Deno.readTextFile(CERTIFICATE_FILE);
  const { publicKey } = new X509Certificate(text.slice(text.indexOf("-----BEGIN CERTIFICATE")));
  return {
    keys: [{ ...publicKey.export({ format: "jwk" }) as JsonWebKey, use: "sig", alg: "RS256" }],
  };
}

function done(outcome: Outcome): Outcome {
  assert.equal(outcome.exitCode, 0, `${outcome.stdout}${outcome.stderr}`);
  return outcome;
}
