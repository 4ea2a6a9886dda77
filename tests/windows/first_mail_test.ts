// The whole way of one mail on Windows, against servers on Linux that nobody here wrote: sign-in at
// `oidc-provider`, DPAPI, Dovecot, and what arrives, read by other people's parsers.

import assert from "node:assert/strict";
import { fromBase64 } from "../../src/base/base64.ts";
import { spreadsheet } from "../e2e/documents.ts";
import { type Outcome, Program } from "../e2e/program.ts";
import { READERS, type ReadMessage, sha256 } from "../e2e/readers.ts";
import { walk } from "../peers/browser.ts";
import { until } from "../peers/wait.ts";
import { CLIENT_SECRET, serversAddress, type ServersNow, serversNow } from "./servers.ts";

const ACCOUNT = "reports@example.com";
const SUBJECT = "Tagesbericht Öl";
const TEXT = "Kessel №3: 1250 kPa, Öl 87 °C.";
const XLSX = "Tagesübersicht Öl–Kessel №3.xlsx";
/** Python is another one's to install. */
const PARSERS = ["mailparser", "postal-mime"] as const;

const isMissing = Deno.build.os !== "windows" || serversAddress() === undefined;
const note = isMissing ? " (skipped: no Windows, or no servers started for it)" : "";

Deno.test(`Windows signs in and sends through servers on Linux, sealed by DPAPI${note}`, {
  ignore: isMissing,
}, async () => {
  const servers = await serversNow();
  await using program = await Program.create();
  // As an administrator sets it up: the profile in %PROGRAMDATA%, typed with Notepad, CRLF and a byte order mark.
  const common = { env: { PROGRAMDATA: program.path("Program Data") } };
  await Deno.mkdir(program.path("Program Data\\plantpost"), { recursive: true });
  await program.write("Program Data\\plantpost\\plantpost.toml", profile(servers));
  await program.write("Program Data\\plantpost\\plant-ca.pem", servers.authority);
  await program.write(XLSX, spreadsheet(5_000_000));

  const before = servers.messages.length;
  succeeded(
    await program.run(["secret", "set"], { ...common, stdin: `\uFEFF${CLIENT_SECRET}\r\n` }),
  );
  const login = program.start(["login", "--no-browser", "--verbose"], common);
  const [url] = await login.untilStderr(/https?:\/\/\S+[?&]client_id=\S+/u);
  const page = await walk(url, { account: ACCOUNT });
  succeeded(await login.outcome);
  assert.equal(page.status, 200, page.text);

  const status = json(succeeded(await program.run(["status", "--json"], common)));
  assert.equal(status["grant"], "usable");
  assert.equal(status["account"], ACCOUNT);
  assert.deepEqual(status["warnings"], []);
  const vault = program.path("Program Data\\plantpost\\plantpost-data\\vault.json");
  const { header } = JSON.parse(await Deno.readTextFile(vault));
  assert.equal(header.key.kind, "dpapi-machine");
  assert.match(header.account, /\\/, "the account is not told with its domain");

  const to = ["--to", "boiler@example.com", "--subject", SUBJECT, "--text", TEXT];
  // The second way to name a file, without the limit of 260 characters.
  const attach = ["--attach", `\\\\?\\${program.path(XLSX)}`];
  const sent = succeeded(await program.run(["send", ...to, ...attach, "--json"], common));
  const result = json(sent);
  assert.equal(result["outcome"], "sent", (await serversNow()).log);
  const [message] = (await serversNow()).messages.slice(before);
  assert.ok(message !== undefined);
  assert.deepEqual([message.reversePath, ...message.recipients], [ACCOUNT, "boiler@example.com"]);
  const attached = [{
    filename: XLSX,
    sha256: sha256(await Deno.readFile(program.path(XLSX))),
  }];
  for (const parser of PARSERS) {
    const read: ReadMessage | undefined = await READERS[parser]?.(
      fromBase64(message.raw) ?? new Uint8Array(),
    );
    assert.deepEqual({ ...read, text: read?.text.trim() }, {
      subject: SUBJECT,
      text: TEXT,
      to: ["boiler@example.com"],
      attachments: attached,
    }, parser);
  }

  // The token runs out, nobody is there, and a batch file sends what `type` pipes.
  const { expiresAt } = status["accessToken"] as { readonly expiresAt: string };
  await until(() => Date.now() > Date.parse(expiresAt), { what: "the end of the access token" });
  const { refreshes } = await serversNow();
  succeeded(
    await program.run(["send", ...to.slice(0, 4), "--text-file", "-"], {
      ...common,
      stdin: `${TEXT}\r\n`,
    }),
  );
  const after = await serversNow();
  assert.ok(after.refreshes > refreshes, "no refresh was asked for");
  assert.equal(after.messages.length, before + 2);

  const written = await program.everythingWritten();
  assert.ok(after.secrets.length >= 5 && written.size >= 5);
  for (const secret of [CLIENT_SECRET, ...after.secrets]) {
    for (const form of [secret, encodeURIComponent(secret), btoa(secret)]) {
      const places = [...written].filter(([, content]) => content.includes(form));
      assert.deepEqual(places.map(([place]) => place), [], `a secret of ${form.length} characters`);
    }
  }
});

function profile(servers: ServersNow): string {
  const text = `# the profile of the panel
[profiles.plant]
provider = "custom"
user = "${ACCOUNT}"

[profiles.plant.oauth]
client_id = "plant"
redirect_uri = "${servers.redirectUri}"
authorization_endpoint = "${servers.authorizationEndpoint}"
token_endpoint = "${servers.tokenEndpoint}"
scope = "${servers.scope}"

[profiles.plant.smtp]
host = "${servers.smtp.host}"
port = ${servers.smtp.port}
ca_file = "plant-ca.pem"
`;
  return `\uFEFF${text.replaceAll("\n", "\r\n")}`;
}

function succeeded(outcome: Outcome): Outcome {
  assert.equal(outcome.exitCode, 0, `${outcome.stdout}${outcome.stderr}`);
  return outcome;
}

function json({ stdout }: Outcome): Readonly<Record<string, unknown>> {
  // deno-lint-ignore no-control-regex
  assert.match(stdout, /^[\x00-\x7f]*$/, "JSON that a code page could tear");
  return JSON.parse(stdout);
}
