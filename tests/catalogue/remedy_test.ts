import assert from "node:assert/strict";
import { Failure, type OauthRefusal } from "../../src/base/failure.ts";
import { entryOf, findEntry } from "../../src/catalogue/find.ts";
import {
  adviceFor,
  adviceForText,
  adviceLines,
  type RemedyFacts,
  stepsOf,
} from "../../src/catalogue/remedy.ts";

function idOf(refusal: Partial<OauthRefusal>): string | undefined {
  return findEntry({ kind: "oauth", error: "unknown_error", ...refusal })?.id;
}

Deno.test("findEntry() prefers the number in the text, then the numbers, then sentences, then the name", () => {
  const cases: readonly (readonly [Partial<OauthRefusal>, string | undefined])[] = [
    [
      {
        error: "invalid_client",
        errorDescription: "AADSTS7000222: x\r\nTrace ID: 1",
        errorCodes: [50011],
      },
      "AADSTS7000222",
    ],
    [{ error: "invalid_client", errorCodes: [7000215] }, "AADSTS7000215"],
    [{ error: "invalid_client", errorCodes: [42, 7000215] }, "AADSTS7000215"],
    [{ error: "invalid_grant", errorDescription: "AADSTS70008: x" }, "AADSTS700082"],
    [{ error: "invalid_grant", errorDescription: "AADSTS99999: x" }, "invalid_grant"],
    [
      { error: "invalid_grant", errorDescription: "Token has been expired or revoked." },
      "google.token_expired_or_revoked",
    ],
    [{ error: "invalid_grant", errorDescription: "Bad Request" }, "google.bad_code"],
    [{ error: "invalid_grant", errorDescription: "Malformed auth code." }, "google.bad_code"],
    [{ error: "invalid_request", errorDescription: "Bad Request" }, "invalid_request"],
    [{ error: "invalid_grant", suberror: "invalid_rapt" }, "invalid_rapt"],
    [
      { error: "invalid_client", errorDescription: "The OAuth client was not found." },
      "google.client_not_found",
    ],
    [{ error: "invalid_client", errorDescription: "Unauthorized" }, "google.client_not_found"],
    [
      { error: "invalid_request", errorDescription: "client_secret is missing." },
      "google.client_secret_missing",
    ],
    [{
      error: "invalid_scope",
      errorDescription: "Invalid device flow scope: https://mail.google.com/",
    }, "google.scope_refused"],
    [{ error: "invalid_scope" }, "invalid_scope"],
    [
      {
        error: "access_denied",
        errorDescription: "plantpost has not completed the Google verification process.",
      },
      "google.not_a_test_user",
    ],
    [{ error: "access_denied" }, "access_denied"],
    [
      {
        error: "unauthorized_client",
        errorDescription: "Client is unauthorized to retrieve access tokens using this method.",
      },
      "google.no_delegation",
    ],
    [{ error: "admin_policy_enforced" }, "admin_policy_enforced"],
    [{ error: "internal_failure" }, "google.temporary"],
    [{ error: "authorization_declined" }, "access_denied"],
    [{ error: "something_new", status: 503 }, "temporarily_unavailable"],
    [{ error: "something_new", status: 400 }, undefined],
    // An error's name is the provider's to choose.
    [{ error: "oauth.grant_expired", status: 400 }, undefined],
    [{ error: "constructor", status: 400 }, undefined],
  ];
  for (const [refusal, id] of cases) assert.equal(idOf(refusal), id, JSON.stringify(refusal));
});

Deno.test("adviceFor() gives the catalogue's steps with the profile's addresses", async () => {
  const failure = new Failure("smtp.refused", "x", {
    refusal: {
      kind: "smtp",
      command: "DATA",
      replyCode: 550,
      enhancedCode: "5.7.60",
      lines: ["5.7.60 SMTP; Client does not have permissions to send as this sender"],
    },
  });
  const facts = { user: "plant$&@example.com", sender: "alarms@example.com" };
  const { who, steps } = await adviceFor(failure, facts);
  assert.equal(who, "administrator");
  assert.match(steps.join(), /-Identity "alarms@example\.com" -Trustee "plant\$&@example\.com"/);
  assert.match((await adviceFor(failure)).steps.join(), /"SENDER@DOMAIN" -Trustee "USER@DOMAIN"/);
});

Deno.test("adviceFor() puts what the failure knows first", async () => {
  const refusal = { kind: "oauth", error: "temporarily_unavailable", status: 503 } as const;
  const told = new Failure("oauth.temporary", "x", { remedy: "come back at noon", refusal });
  const { who, steps } = await adviceFor(told);
  assert.equal(who, "operator");
  assert.equal(steps[0], "come back at noon");
  assert.ok(steps.length > 1);
  assert.deepEqual(await adviceFor(new Failure("file.io", "x", { remedy: "free the disk" })), {
    who: "operator",
    steps: ["free the disk"],
  });
});

Deno.test("adviceFor() has something to say of every kind of failure", async () => {
  const plain = await adviceFor(new Failure("net.timeout", "x"));
  assert.equal(plain.who, "operator");
  assert.ok(plain.steps.length > 0);
  const strange = { kind: "oauth", error: "strange", status: 400 } as const;
  const unknown = await adviceFor(new Failure("oauth.refused", "x", { refusal: strange }));
  assert.ok(unknown.who !== undefined && unknown.steps.length > 0);
});

Deno.test("adviceForText() reads the text of an earlier failure", async () => {
  const { who, steps } = await adviceForText(
    "failed to refresh the access token: the provider answered invalid_grant: AADSTS70043: The refresh token has " +
      "expired due to sign-in frequency checks",
    { user: "a@example.com" },
  );
  assert.equal(who, "user");
  assert.match(steps.join(), /sign in as a@example\.com.*Sign-in frequency/);
  assert.deepEqual(await adviceForText("something else"), { steps: [] });
});

Deno.test("adviceLines() numbers steps when there are several, and keeps their lines together", () => {
  assert.deepEqual(adviceLines([]), []);
  assert.deepEqual(adviceLines(["one\ntwo"]), ["one", "two"]);
  assert.deepEqual(adviceLines(["one\ntwo", "three"]), ["1. one", "   two", "2. three"]);
});

Deno.test("pain 3: SMTP AUTH that is switched off names the administrator, both switches, and the mailbox", async () => {
  for (const [scope, id] of [["Tenant", "tenant"], ["Mailbox", "mailbox"]] as const) {
    const { who, steps } = await adviceFor(
      refusedAuth("5.7.139", `SmtpClientAuthentication is disabled for the ${scope}.`),
      { user: "reports@contoso.com" },
    );
    assert.equal(who, "administrator");
    const all = steps.join("\n");
    assert.match(
      all,
      /Set-CASMailbox -Identity reports@contoso\.com -SmtpClientAuthenticationDisabled \$false/,
    );
    assert.match(all, /Set-TransportConfig -SmtpClientAuthenticationDisabled \$false/);
    assert.match(all, /Connect-ExchangeOnline$/m);
    const entry = entryOf(`exchange.smtp_auth_off_for_${id}`);
    assert.ok(entry !== undefined);
    assert.deepEqual(steps, stepsOf(entry, { user: "reports@contoso.com" }));
  }
});

const APP: RemedyFacts = {
  user: "reports@contoso.com",
  flow: "app",
  clientId: "11111111-2222-3333-4444-555555555555",
};

Deno.test("pain 6: an app that Exchange refuses gets both PowerShell lines, ready to be typed", async () => {
  const refusals = [
    refusedAuth("5.7.3", "Authentication unsuccessful"),
    new Failure("smtp.refused", "430 4.2.0", {
      refusal: {
        kind: "smtp",
        command: "DATA",
        replyCode: 430,
        enhancedCode: "4.2.0",
        lines: ["STOREDRV; mailbox logon failure; MapiExceptionLogonFailed"],
      },
    }),
  ];
  for (const refusal of refusals) {
    const { who, steps } = await adviceFor(refusal, APP);
    assert.equal(who, "administrator");
    const all = steps.join("\n");
    assert.match(
      all,
      /New-ServicePrincipal -AppId 11111111-2222-3333-4444-555555555555 -ObjectId OBJECT_ID/,
    );
    assert.match(
      all,
      /^Add-MailboxPermission -Identity "reports@contoso\.com" -User OBJECT_ID -AccessRights FullAccess$/m,
    );
    assert.match(all, /OBJECT_ID is the object ID under Enterprise applications, not the one und/);
    assert.doesNotMatch(all, /plantpost login|flow app|SMTP\.Send /);
  }
});

Deno.test("pain 6: where the flow is not known, the steps of an app stand behind the others; with a person they are left out", async () => {
  const refusal = refusedAuth("5.7.3", "Authentication unsuccessful");
  const unknown = (await adviceFor(refusal)).steps;
  assert.match(unknown[0] ?? "", /^scope: /);
  assert.match(
    unknown.join("\n"),
    /^flow app: New-ServicePrincipal -AppId CLIENT_ID -ObjectId OBJ/m,
  );
  const person = await adviceFor(refusal, { ...APP, flow: "code" });
  assert.equal(person.who, "user");
  assert.doesNotMatch(person.steps.join("\n"), /New-ServicePrincipal/);
});

Deno.test("Connect-ExchangeOnline is told the cloud that it must know", async () => {
  const refusal = refusedAuth("5.7.139", "SmtpClientAuthentication is disabled for the Tenant.");
  const { steps } = await adviceFor(refusal, { exchangeEnvironment: "O365China" });
  assert.match(steps.join("\n"), /Connect-ExchangeOnline -ExchangeEnvironmentName O365China$/m);
});

function refusedAuth(enhancedCode: string, words: string): Failure {
  return new Failure("smtp.auth_refused", `535 ${enhancedCode} ${words}`, {
    refusal: {
      kind: "smtp",
      command: "AUTH XOAUTH2",
      replyCode: 535,
      enhancedCode,
      lines: [words],
    },
  });
}

Deno.test("where no person signs in, no step asks for one: a mail that goes out is the proof", async () => {
  const unknown = new Failure("oauth.refused", "x", {
    refusal: { kind: "oauth", error: "unauthorized_client", errorCodes: [700016], status: 400 },
  });
  const app = (await adviceFor(unknown, APP)).steps.join("\n");
  assert.match(app, /^run "plantpost test"$/m);
  assert.doesNotMatch(app, /sign in as/);
  assert.match((await adviceFor(unknown, { flow: "code" })).steps.join(), /sign in as USER@DOMAIN/);
  const consent = new Failure("oauth.refused", "x", {
    refusal: { kind: "oauth", error: "invalid_grant", errorCodes: [65001], status: 400 },
  });
  const { who, steps } = await adviceFor(consent, APP);
  assert.equal(who, "administrator");
  assert.match(steps[0] ?? "", /SMTP\.SendAsApp, and press Grant admin consent/);
});
