// The whole way of one mail: a person signs in once at `oidc-provider`, the program sends through
// Dovecot, which asks the provider about the access token, and what arrives is read by other people's
// parsers. Then the access token runs out and nobody is there; then the grant is taken back.

import assert from "node:assert/strict";
import { dovecotMissing } from "../peers/dovecot.ts";
import { type MailServers, startMailServers } from "../peers/mail_servers.ts";
import { type OidcClient, SCOPE } from "../peers/oidc.ts";
import { until } from "../peers/wait.ts";
import { pdf, spreadsheet } from "./documents.ts";
import { type Outcome, Program } from "./program.ts";
import { READERS, sha256 } from "./readers.ts";

const ACCOUNT = "reports@example.com";
const SUBJECT = "Tagesbericht Öl";
const TEXT = "Kessel №3: 1250 kPa, Öl 87 °C.";
const XLSX = "Tagesübersicht Öl–Kessel №3.xlsx";
// Characters that URLs, forms and HTTP Basic (RFC 6749 §2.3.1) must each escape.
const CLIENT_SECRET = "s3cret+/=:%41& of the plant~";
// Short, so that it runs out while the test waits; long enough for one send on a busy machine.
const ACCESS_TOKEN_SECONDS = 4;

interface Variant {
  readonly name: string;
  readonly method: OidcClient["token_endpoint_auth_method"];
  readonly clientAuth: "post" | "basic";
}

const VARIANTS: readonly Variant[] = [
  { name: "public client with PKCE", method: "none", clientAuth: "post" },
  { name: "secret in the body", method: "client_secret_post", clientAuth: "post" },
  { name: "secret by HTTP Basic", method: "client_secret_basic", clientAuth: "basic" },
];

const missing = dovecotMissing;
const note = missing === undefined ? "" : ` (skipped: ${missing})`;

for (const variant of VARIANTS) {
  Deno.test(
    `plantpost sends, refreshes alone and reports a revoked grant: ${variant.name}${note}`,
    { ignore: missing !== undefined },
    async () => {
      await using plant = await startPlant(variant);
      await signIn(plant, variant);
      await sendFirstMail(plant);
      await sendAgainWithoutAPerson(plant);
      await refreshOnDemand(plant);
      await sendAfterTheGrantWasRevoked(plant);
      await findNoSecret(plant);
    },
  );
}

interface Plant extends MailServers {
  readonly program: Program;
}

async function startPlant(variant: Variant): Promise<Plant> {
  await using stack = new AsyncDisposableStack();
  const program = stack.use(await Program.create());
  const servers = stack.use(
    await startMailServers({
      method: variant.method,
      ...(variant.method === "none" ? {} : { clientSecret: CLIENT_SECRET }),
      accessTokenSeconds: ACCESS_TOKEN_SECONDS,
    }),
  );
  await program.write("plantpost.toml", profile({ ...servers, variant }));
  await program.write(XLSX, spreadsheet(5_000_000));
  await program.write("report.pdf", pdf());
  const owned = stack.move();
  return { ...servers, program, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function profile(plant: MailServers & { readonly variant: Variant }): string {
  return `data_dir = "state"

[profiles.plant]
label = "Reports of the plant"
provider = "custom"
user = "${ACCOUNT}"

[profiles.plant.sender]
name = "Plant Admin"

[profiles.plant.oauth]
client_id = "plant"
client_auth = "${plant.variant.clientAuth}"
redirect_uri = "${plant.redirectUri}"
authorization_endpoint = "${plant.oidc.authorizationEndpoint}"
token_endpoint = "${plant.oidc.tokenEndpoint}"
scope = "${SCOPE}"

[profiles.plant.smtp]
host = "${plant.dovecot.host}"
port = ${plant.dovecot.port}
ca_file = ${JSON.stringify(plant.certificates.caFile)}

[vault]
key = "key-file"
key_file = "keys/vault.key"
`;
}

async function signIn({ program, oidc }: Plant, variant: Variant): Promise<void> {
  await Deno.mkdir(program.path("keys"));
  if (variant.method !== "none") {
    succeeded(await program.run(["secret", "set"], { stdin: `${CLIENT_SECRET}\n` }));
  }
  assert.equal((await program.run(["status", "--json"])).exitCode, 77, "usable before sign-in");

  const login = program.start(["login", "--no-browser", "--verbose"]);
  const [url] = await login.untilStderr(/https?:\/\/\S+[?&]client_id=\S+/u);
  const page = await oidc.signIn(url, { account: ACCOUNT });
  const { stdout, stderr } = succeeded(await login.outcome);
  assert.equal(page.status, 200, page.text);
  assert.ok(`${stdout}${stderr}`.includes(ACCOUNT), "login does not say who signed in");
  assert.equal(oidc.tokenRequests.get("authorization_code"), 1);

  const status = json(succeeded(await program.run(["status", "--json"])));
  assert.deepEqual([status["profile"], status["account"], status["flow"], status["grant"]], [
    "plant",
    ACCOUNT,
    "code",
    "usable",
  ]);
}

async function sendFirstMail(plant: Plant): Promise<void> {
  const outcome = await send(plant, ["--attach", XLSX, "--attach", "report.pdf"]);
  const result = json(succeeded(outcome, await plant.dovecot.log()));
  const [message] = await plant.sink.untilMessages(1);
  assert.ok(message !== undefined);
  assert.equal(result["outcome"], "sent");
  assert.equal(result["transport"], "smtp");
  assert.deepEqual(result["accepted"], ["boiler@example.com"]);
  assert.deepEqual(result["rejected"], []);
  assert.match(String(result["reply"]), /^250 /u);
  assert.ok(Number(result["bytes"]) > 5_000_000);
  const head = new TextDecoder().decode(message.raw.subarray(0, 8000));
  assert.ok(head.includes(String(result["messageId"])), "another Message-ID than the result's");
  assert.deepEqual([message.reversePath, ...message.recipients], [ACCOUNT, "boiler@example.com"]);

  const sent = await Promise.all([XLSX, "report.pdf"].map(async (filename) => ({
    filename,
    sha256: sha256(await Deno.readFile(plant.program.path(filename))),
  })));
  for (const [reader, read] of Object.entries(READERS)) {
    const { text, ...rest } = await read(message.raw);
    const wanted = { subject: SUBJECT, to: ["boiler@example.com"], attachments: sent };
    assert.deepEqual(rest, wanted, reader);
    assert.equal(text.trim(), TEXT, reader);
  }
}

async function sendAgainWithoutAPerson(plant: Plant): Promise<void> {
  const { oidc } = plant;
  await untilTheAccessTokenRanOut(plant);
  const refreshes = oidc.tokenRequests.get("refresh_token") ?? 0;
  const refreshToken = oidc.latestRefreshToken;
  succeeded(await send(plant), await plant.dovecot.log());
  assert.equal((await plant.sink.untilMessages(2)).length, 2);
  assert.equal(oidc.tokenRequests.get("refresh_token"), refreshes + 1);
  assert.notEqual(oidc.latestRefreshToken, refreshToken, "the provider did not rotate");
  assert.equal(oidc.tokenRequests.get("authorization_code"), 1);
}

async function refreshOnDemand({ program, oidc }: Plant): Promise<void> {
  const refreshes = oidc.tokenRequests.get("refresh_token") ?? 0;
  succeeded(await program.run(["refresh", "--verbose"]));
  assert.equal(oidc.tokenRequests.get("refresh_token"), refreshes + 1);
  assert.deepEqual([...oidc.tokenAnswers.keys()], ["ok"]);
}

async function sendAfterTheGrantWasRevoked(plant: Plant): Promise<void> {
  assert.ok(plant.oidc.revoke() > 0);
  await untilTheAccessTokenRanOut(plant);
  const outcome = await send(plant);
  assert.equal(outcome.exitCode, 77, outcome.stderr);
  const result = json(outcome);
  assert.equal(result["outcome"], "failed");
  const { code, message, remedy, retry } = result["error"] as Record<string, unknown>;
  assert.deepEqual([code, retry], ["oauth.grant_expired", "after-login"]);
  assert.match(String(message), /invalid_grant/u);
  assert.match(`${message}${outcome.stderr}`, /grant request is invalid/u);
  assert.match(String(remedy), /login/u);
  assert.equal(plant.sink.messageCount, 2);
  assert.equal((await plant.program.run(["status", "--json"])).exitCode, 77);
}

async function findNoSecret({ program, oidc }: Plant): Promise<void> {
  // Code, verifier, at least three of each token, and an ID token.
  assert.ok(oidc.secrets.size >= 9, `only ${oidc.secrets.size} secrets to look for`);
  const written = await program.everythingWritten();
  assert.ok(written.size >= 5, [...written.keys()].join());
  for (const secret of oidc.secrets) {
    for (const form of disguises(secret)) {
      const places = [...written].filter(([, content]) => content.includes(form));
      assert.deepEqual(places.map(([place]) => place), [], `a secret of ${form.length} characters`);
    }
  }
}

/** As it is, as a form or URL carries it, and as HTTP Basic and XOAUTH2 carry it. */
function disguises(secret: string): readonly string[] {
  const form = new URLSearchParams({ "": secret }).toString().slice(1);
  return [
    secret,
    form,
    encodeURIComponent(secret),
    btoa(secret),
    btoa(`plant:${secret}`),
    btoa(`plant:${form}`),
    btoa(`user=${ACCOUNT}\u0001auth=Bearer ${secret}\u0001\u0001`),
  ];
}

function send({ program }: Plant, more: readonly string[] = []): Promise<Outcome> {
  const to = ["--to", "boiler@example.com", "--subject", SUBJECT, "--text", TEXT];
  return program.run(["send", ...to, ...more, "--json", "--verbose"]);
}

/** Waits until the program itself must think so. */
async function untilTheAccessTokenRanOut({ program }: Plant): Promise<void> {
  const status = json(await program.run(["status", "--json"]));
  const { expiresAt } = (status["accessToken"] ?? {}) as { expiresAt?: string };
  assert.match(String(expiresAt), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/u);
  await until(() => Date.now() > Date.parse(String(expiresAt)), {
    what: "the end of the access token",
  });
}

function succeeded(outcome: Outcome, log = ""): Outcome {
  assert.equal(outcome.exitCode, 0, `${outcome.stdout}${outcome.stderr}${log}`);
  return outcome;
}

function json({ stdout, stderr }: Outcome): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(stdout);
  } catch {
    throw new Error(`not one JSON value: ${stdout}${stderr}`);
  }
}
