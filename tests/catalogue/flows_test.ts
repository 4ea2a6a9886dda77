// What the catalogue says of the codes that device flow, flow app and certificates bring, row by row: who must act,
// whether trying again helps, and the words that the remedy must hold.

import assert from "node:assert/strict";
import type { Retry } from "../../src/base/failure.ts";
import type { Who } from "../../src/catalogue/entry.ts";
import { explainText } from "../../src/catalogue/explain.ts";
import { adviceFor, stepsOf } from "../../src/catalogue/remedy.ts";
import { Failure } from "../../src/base/failure.ts";

type Row = readonly [string, RegExp, Who, Retry, readonly RegExp[]];

const CERT_NEW = /plantpost cert new/;

const ROWS: readonly Row[] = [
  // The app's proof: secret or certificate.
  ["AADSTS7000222", /secret.*expired/, "administrator", "never", [/New client secret/, CERT_NEW]],
  ["AADSTS7000215", /secret is wrong/, "operator", "never", [/plantpost secret set/, CERT_NEW]],
  ["AADSTS70002", /secret is wrong/, "operator", "never", [/plantpost secret set/]],
  ["AADSTS7000216", /without a person/, "operator", "never", [/plantpost secret set/, CERT_NEW]],
  ["AADSTS7000218", /needs a secret/, "operator", "never", [/Allow public client flows = Yes/]],
  ["AADSTS700025", /public client/, "operator", "never", [/plantpost secret clear/]],
  ["AADSTS700027", /certificate/, "administrator", "never", [/\.cer file/, CERT_NEW, /client_id/]],
  ["AADSTS50012", /certificate/, "administrator", "never", [/\.cer file/]],
  ["AADSTS700030", /subject name/, "administrator", "never", [/certificate_file/]],
  ["AADSTS700024", /clock/, "operator", "never", [/w32tm \/resync/]],
  ["AADSTS700023", /another server/, "operator", "never", [/token_endpoint/, /tenant/]],
  ["AADSTS700021", /another app/, "operator", "never", [/Application \(client\) ID/]],
  ["AADSTS50027", /malformed/, "operator", "never", [/RSA key/]],
  // The app in its tenant.
  ["AADSTS700016", /no app of this client ID/, "operator", "never", [/tenant/]],
  ["AADSTS7000112", /disabled/, "administrator", "never", [/Enabled for users to sign-in/]],
  ["AADSTS7000229", /no service principal/, "administrator", "never", [/Grant admin consent/]],
  ["AADSTS500011", /does not know the service/, "operator", "after-login", [/Exchange Online/]],
  // Flow app: endpoint and scope.
  ["AADSTS9001023", /does not work at the endpoint/, "operator", "never", [
    /Directory \(tenant\) ID/,
  ]],
  ["AADSTS1002012", /\/\.default/, "operator", "never", [/outlook\.office365\.com\/\.default/]],
  ["AADSTS70011", /scope is not valid/, "operator", "after-login", [/\/\.default/]],
  ["AADSTS650057", /does not list/, "administrator", "after-login", [/SMTP\.SendAsApp/]],
  // Device flow.
  ["AADSTS70016", /waits for the user/, "user", "later", [/enter the code/]],
  ["AADSTS70020", /run out/, "user", "after-login", [/plantpost login --device/]],
  ["AADSTS70018", /./, "user", "after-login", [/plantpost login --device/]],
  ["authorization_pending", /waits for the user/, "user", "later", [/goes on by itself/]],
  ["slow_down", /too often/, "user", "later", [/by itself/]],
  ["expired_token", /run out/, "user", "after-login", [/plantpost login --device/]],
  ["authorization_declined", /refused on the page/, "user", "after-login", [/accept/]],
  ["AADSTS53003", /Conditional Access/i, "administrator", "after-login", [/Sign-in logs/]],
  // Transient, whatever the flow.
  ["AADSTS90033", /./, "operator", "later", [/try again/]],
];

for (const [code, meaning, who, retry, words] of ROWS) {
  Deno.test(`explainText() knows ${code} as the flows meet it`, () => {
    const { found } = explainText(code);
    assert.deepEqual(found.length, 1, code);
    const entry = found[0]?.entry;
    assert.ok(entry);
    assert.match(entry.meaning, meaning);
    assert.deepEqual([entry.who, entry.retry], [who, retry]);
    for (const word of words) assert.match(stepsOf(entry).join("\n"), word);
  });
}

Deno.test("pain 9: a secret that is missing and one that is not wanted are told apart, each with its two ways out", async () => {
  const missing = await adviceFor(refused(7000218));
  assert.match(
    missing.steps.join("\n"),
    /plantpost secret set[^]*Mobile and desktop[^]*device flow/,
  );
  const unwanted = await adviceFor(refused(700025));
  assert.match(unwanted.steps.join("\n"), /plantpost secret clear[^]*Authentication > Web/);
});

Deno.test("pain 10: an expired secret and a wrong one offer a new secret, and the certificate that makes it the last", async () => {
  for (const number of [7000222, 7000215]) {
    const steps = (await adviceFor(refused(number))).steps.join("\n");
    assert.match(steps, /New client secret[^]*copy the Value at once[^]*plantpost secret set/);
    assert.match(steps, /run "plantpost cert new"[^]*certificates last for years/);
  }
});

Deno.test("pain 8: an administrator's consent is asked for by its address, and the mailbox signs in afterwards", async () => {
  const facts = { user: "reports@contoso.com", clientId: "the-app" };
  const { who, steps } = await adviceFor(refused(90094), facts);
  assert.equal(who, "administrator");
  assert.match(steps.join("\n"), /adminconsent\?client_id=the-app /);
  assert.match(steps.at(-1) ?? "", /plantpost login.* sign in as reports@contoso\.com/);
  const own = await adviceFor(refused(65001));
  assert.match(own.steps.join("\n"), /press Accept[^]*Grant admin consent/);
});

Deno.test("pain 7: a redirect mismatch names the key, the platforms and the three things to compare", async () => {
  const all = (await adviceFor(refused(50011))).steps.join("\n");
  assert.match(all, /oauth\.redirect_uri of the profile, letter for letter/);
  assert.match(all, /localhost is not 127\.0\.0\.1/);
  assert.match(all, /slash at the end/);
});

Deno.test("pain 11: an app of one tenant at the endpoint for all is told to name its tenant", async () => {
  const all = (await adviceFor(refused(50194))).steps.join("\n");
  assert.match(all, /Directory \(tenant\) ID anew into oauth\.client_id and tenant/);
});

function refused(number: number): Failure {
  return new Failure("oauth.refused", `AADSTS${number}`, {
    refusal: { kind: "oauth", error: "invalid_client", errorCodes: [number], status: 401 },
  });
}
