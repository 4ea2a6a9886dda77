// What a person and a script get when the provider or the mail server refuses: the other side's words, who must
// act, and the steps, for each of the refusals that plants meet most.

import assert from "node:assert/strict";
import { freePort } from "../peers/free_port.ts";
import { type ScriptedSmtp, startScriptedSmtp } from "../peers/scripted_smtp.ts";
import { type Desk, openDesk, type Printed } from "./desk.ts";
import { type FakeProvider, startFakeProvider } from "./fake_provider.ts";

interface Plant extends AsyncDisposable {
  readonly provider: FakeProvider;
  readonly desk: Desk;
  readonly server: ScriptedSmtp;
}

interface Faults {
  /** The reply to the token. */
  readonly auth?: string;
  readonly afterMessage?: string;
  readonly scope?: string;
  readonly account?: string;
}

const TENANT_SWITCH = "Set-TransportConfig -SmtpClientAuthenticationDisabled \\$false";
const MAILBOX_SWITCH =
  "Set-CASMailbox -Identity reports@example\\.com -SmtpClientAuthenticationDisabled \\$false";
const DISABLED =
  "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the";
const TOKEN_REFUSED = "535 5.7.3 Authentication unsuccessful [SCRIPTED]";

Deno.test("a refused refresh keeps the provider's words and says who must do what", async () => {
  const cases: readonly (readonly [string, string, string, RegExp])[] = [
    [
      "invalid_client",
      "AADSTS7000222: The provided client secret keys for app 'plant' are expired.",
      "administrator",
      /New client secret.*copy the Value.*delete the expired.*plantpost secret set.*plantpost refresh/s,
    ],
    [
      "invalid_client",
      "AADSTS7000215: Invalid client secret provided.",
      "operator",
      /plantpost secret set.*Secret ID/s,
    ],
    [
      "invalid_grant",
      "AADSTS50173: The provided grant has expired due to it being revoked.",
      "user",
      /plantpost login" and sign in as reports@example\.com/,
    ],
  ];
  for (const [error, words, who, steps] of cases) {
    await using plant = await signedIn({});
    const number = Number(/\d+/.exec(words)?.[0]);
    const answer = (): Response =>
      Response.json({
        error,
        error_description: `${words}\r\nTrace ID: 1f\r\nCorrelation ID: 2f`,
        error_codes: [number],
        trace_id: "1f",
        correlation_id: "2f",
        timestamp: "2026-11-24 08:00:00Z",
      }, { status: 401 });
    plant.provider.answers.push(answer(), answer());
    const text = await plant.desk.run(["refresh"]);
    assert.equal(text.exitCode, 77, words);
    assert.ok(
      text.stderr.startsWith(
        `error: failed to refresh the access token: the provider answered ${error}: ${words}\n` +
          "for the administrator: trace 1f, correlation 2f, time 2026-11-24 08:00:00Z\n" +
          `who: ${who}\nhint: `,
      ),
      text.stderr,
    );
    assert.match(text.stderr, steps);
    const json = JSON.parse((await plant.desk.run(["refresh", "--json"])).stdout).error;
    assert.equal(json.who, who);
    assert.match(json.remedy, steps);
    const { error: name, errorCodes, traceId, correlationId, errorDescription } = json.refusal;
    assert.deepEqual([name, errorCodes, traceId, correlationId], [error, [number], "1f", "2f"]);
    assert.ok(errorDescription.startsWith(words));
    if (error !== "invalid_grant") continue;
    const status = await plant.desk.run(["status"]);
    assert.equal(status.exitCode, 77);
    assert.match(status.stderr, /AADSTS50173.*\nwho: user\nhint: 1\. run "plantpost login"/s);
  }
});

Deno.test("a refused AUTH or mail says who must do what, with the profile's addresses", async () => {
  const cases: readonly (readonly [Faults, number, string, RegExp])[] = [
    [
      { auth: `${DISABLED} Tenant.` },
      77,
      "administrator",
      new RegExp(`${MAILBOX_SWITCH}.*${TENANT_SWITCH}`, "s"),
    ],
    [
      { auth: `${DISABLED} Mailbox.` },
      77,
      "administrator",
      new RegExp(`${MAILBOX_SWITCH}.*${TENANT_SWITCH}`, "s"),
    ],
    [
      { auth: TOKEN_REFUSED, scope: "SMTP.Send offline_access" },
      77,
      "user",
      /1\. the token is for Microsoft Graph, not for mail: the scope it was asked with is "SMTP\.Send"/,
    ],
    [
      { auth: TOKEN_REFUSED, account: "admin@example.com" },
      77,
      "user",
      /1\. admin@example\.com has signed in, but the profile's user is reports@example\.com: run "plantpost login --force"/,
    ],
    [{ auth: TOKEN_REFUSED }, 77, "user", /1\. scope: .*2\. account: .*reports@example\.com/s],
    [
      { afterMessage: "550 5.7.60 SMTP; Client does not have permissions to send as this sender" },
      69,
      "administrator",
      /Add-RecipientPermission -Identity "alarms@example\.com" -Trustee "reports@example\.com" -AccessRights SendAs/,
    ],
    [
      { afterMessage: "554 5.2.252 SendAsDenied; a@x not allowed to send as b@x" },
      69,
      "administrator",
      /Add-RecipientPermission -Identity "alarms@example\.com" -Trustee "reports@example\.com" -AccessRights SendAs/,
    ],
  ];
  for (const [faults, exitCode, who, steps] of cases) {
    await using plant = await signedIn(faults);
    const words = faults.auth ?? faults.afterMessage ?? "";
    const text = await send(plant.desk);
    assert.equal(text.exitCode, exitCode, text.stderr);
    assert.match(text.stderr, new RegExp(`\\nwho: ${who}\\nhint: 1\\. `));
    assert.match(text.stderr, steps);
    const { error } = JSON.parse((await send(plant.desk, ["--json"])).stdout);
    assert.equal(error.who, who);
    assert.match(error.remedy, steps);
    assert.ok(error.message.includes(words), error.message);
    assert.equal(
      `${error.refusal.replyCode} ${error.refusal.enhancedCode}`,
      words.split(" ", 2).join(" "),
    );
  }
});

function send(desk: Desk, more: readonly string[] = []): Promise<Printed> {
  return desk.run(["send", "--to", "anna@example.com", "--text", "x", ...more]);
}

async function signedIn(faults: Faults): Promise<Plant> {
  await using stack = new AsyncDisposableStack();
  const provider = stack.use(startFakeProvider());
  if (faults.account !== undefined) provider.account = faults.account;
  const server = stack.use(startScriptedSmtp({
    offers: ["ENHANCEDSTATUSCODES", "AUTH XOAUTH2"],
    reply: (command) =>
      command.startsWith("AUTH ")
        ? faults.auth ?? "235 2.7.0 Authentication successful"
        : undefined,
    ...(faults.afterMessage === undefined ? {} : { afterMessage: faults.afterMessage }),
  }));
  const desk = stack.use(
    await openDesk({
      profile: `[profiles.plant]
provider = "custom"
user = "reports@example.com"
[profiles.plant.sender]
address = "alarms@example.com"
[profiles.plant.oauth]
client_id = "plant"
redirect_uri = "http://localhost:${freePort()}/"
authorization_endpoint = "${provider.authorizationEndpoint}"
token_endpoint = "${provider.tokenEndpoint}"
scope = "${faults.scope ?? "https://outlook.office.com/SMTP.Send offline_access"}"
[profiles.plant.smtp]
host = "127.0.0.1"
port = ${server.port}
tls = "none"
initial_response = "always"`,
    }),
  );
  const { exitCode, stderr } = await desk.run(["login"], {
    openBrowser: (url) => {
      void provider.signIn(url).then((response) => response.body?.cancel());
      return Promise.resolve();
    },
  });
  assert.equal(exitCode, 0, stderr);
  const owned = stack.move();
  return { provider, desk, server, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
