import assert from "node:assert/strict";
import { EXIT } from "../../src/base/failure.ts";
import { explainText } from "../../src/catalogue/explain.ts";
import { isOneSlip } from "../../src/catalogue/near.ts";
import { exitCodeOf } from "../../src/catalogue/plantpost.ts";

function idsIn(text: string): string[] {
  return explainText(text).found.map(({ entry }) => entry.id);
}

Deno.test("explainText() takes a bare code in the forms that people type", () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ["AADSTS7000222", "AADSTS7000222", "AADSTS7000222"],
    ["7000222", "AADSTS7000222", "AADSTS7000222"],
    ["aadsts 7000222", "AADSTS7000222", "AADSTS7000222"],
    ["AADSTS-7000222:", "AADSTS7000222", "AADSTS7000222"],
    ["AADSTS70008", "AADSTS70008", "AADSTS700082"],
    ["5.7.60", "5.7.60", "exchange.send_as_denied"],
    ["554 5.2.252", "554 5.2.252", "exchange.send_as_denied"],
    ["554-5.2.252", "554-5.2.252", "exchange.send_as_denied"],
    ["535 5.7.3", "535 5.7.3", "exchange.token_refused"],
    ["550 5.7.708", "550 5.7.708", "exchange.bad_ip"],
    ["451 4.7.512", "451 4.7.512", "exchange.suspicious_traffic"],
    ["535", "535", "reply.sign_in_refused"],
    ["550", "550", "reply.refused"],
    ["451", "451", "reply.temporary"],
    ["invalid_grant", "invalid_grant", "invalid_grant"],
    ["login_required", "login_required", "interaction_required"],
    ["redirect_uri_mismatch", "redirect_uri_mismatch", "redirect_uri_mismatch"],
    ["oauth.grant_expired", "oauth.grant_expired", "oauth.grant_expired"],
  ];
  for (const [asked, code, id] of cases) {
    const [first, ...more] = explainText(asked).found;
    assert.equal(first?.code, code, asked);
    assert.equal(first?.entry.id, id, asked);
    assert.deepEqual(more, [], asked);
  }
});

Deno.test("explainText() gives all meanings of a bare reply code, and says that the text would tell", () => {
  const { found, isAmbiguous } = explainText("535 5.7.139");
  assert.equal(isAmbiguous, true);
  assert.deepEqual(found.slice(0, 2).map(({ entry }) => entry.id), [
    "exchange.smtp_auth_off_for_tenant",
    "exchange.smtp_auth_off_for_mailbox",
  ]);
  assert.equal(found.length, 7);
  assert.equal(explainText("5.7.60").isAmbiguous, false);
});

Deno.test("explainText() finds every code of a pasted text, the most telling first and none twice", () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    [
      'Failed to refresh access token\r\nHTTP 401 {"error":"invalid_client","error_description":"AADSTS7000222: ' +
      "The provided client secret keys for app '11111111-2222-3333-4444-555555555555' are expired. Visit the Azure " +
      'portal to create new keys for your app.\\r\\nTrace ID: 1f","error_codes":[7000222],"timestamp":' +
      '"2026-05-01 10:00:00Z","error_uri":"https://login.microsoftonline.com/error?code=7000222"}',
      ["AADSTS7000222", "invalid_client"],
    ],
    [
      "Sorry, but we're having trouble signing you in.\nAADSTS50011: The redirect URI 'http://localhost:3017/' specified " +
      "in the request does not match the redirect URIs configured for the application.",
      ["AADSTS50011"],
    ],
    ['{"error":"interaction_required","error_codes":[50076, 53003]}', [
      "AADSTS50076",
      "AADSTS53003",
      "interaction_required",
    ]],
    [
      "S: 220 AM0PR01CA0001.outlook.office365.com Microsoft ESMTP MAIL Service ready\nC: EHLO [192.168.1.5]\nS: 250-SIZE " +
      "157286400\nS: 334 \nS: 235 2.7.0 Authentication successful\nS: 250 2.1.0 Sender OK\nS: 250 2.1.5 Recipient OK\n" +
      "S: 354 Start mail input; end with <CRLF>.<CRLF>\nS: 554 5.2.252 SendAsDenied; a@contoso.com not allowed to send as " +
      "b@contoso.com; STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied",
      ["exchange.send_as_denied"],
    ],
    [
      "535-5.7.8 Username and Password not accepted. For more information, go to\n" +
      "535 5.7.8  https://support.google.com/mail/?p=BadCredentials a1-2cd.42 - gsmtp",
      ["gmail.token_refused"],
    ],
    [
      "(535, b'5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox.')",
      ["exchange.smtp_auth_off_for_mailbox"],
    ],
    [
      "MailKit: 5.7.139 Authentication unsuccessful, the user credentials were incorrect.",
      ["exchange.wrong_password"],
    ],
    ["SmtpClientAuthentication is disabled for the Tenant", ["exchange.smtp_auth_off_for_tenant"]],
    ["Remote server returned '550 #5.1.8 Access denied, bad outbound sender'", [
      "exchange.blocked_sender",
    ]],
    [
      '{\n  "error": "invalid_grant",\n  "error_description": "Token has been expired or revoked."\n}',
      [
        "google.token_expired_or_revoked",
        "invalid_grant",
      ],
    ],
    ['{"error":"invalid_grant","error_description":"Bad Request"}', [
      "google.bad_code",
      "invalid_grant",
    ]],
    [
      '{"error":"invalid_grant","error_description":"reauth related error","error_subtype":"invalid_rapt"}',
      [
        "invalid_rapt",
        "invalid_grant",
      ],
    ],
    ["Access blocked: This app's request is invalid\nError 400: redirect_uri_mismatch", [
      "redirect_uri_mismatch",
    ]],
    [
      '{"error":{"code":"oauth.client_refused","message":"… invalid_client: AADSTS7000215: Invalid client secret"}}',
      ["AADSTS7000215", "invalid_client", "oauth.client_refused"],
    ],
    ["first: AADSTS50011 then again AADSTS50011, and 550 5.7.60 twice: 550 5.7.60", [
      "AADSTS50011",
      "exchange.send_as_denied",
    ]],
  ];
  for (const [text, ids] of cases) assert.deepEqual(idsIn(text), ids, text);
});

Deno.test("explainText() sees no codes in what only looks like them", () => {
  for (
    const text of [
      "connected to 5.7.60.1 from 192.168.5.7",
      "version 4.7.0.5 of 2026-11-24 at 10:00:00",
      "HTTP/1.1 503 Service Unavailable",
      "503 Service Unavailable",
      "the meeting was interrupted",
      "",
    ]
  ) {
    assert.deepEqual(idsIn(text), [], text);
  }
});

Deno.test("explainText() offers what is one slip away, and nothing further", () => {
  const cases: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ["AADSTS700222", ["AADSTS700222"], ["AADSTS7000222", "AADSTS700022"]],
    ["1000032", ["AADSTS1000032"], ["AADSTS1000031"]],
    ["AADSTS99999999", ["AADSTS99999999"], []],
    ["535 5.7.193", ["535 5.7.193"], ["5.7.139", "5.7.133", "5.7.13"]],
    ["invalid_grnat", ["invalid_grnat"], ["invalid_grant"]],
    ["oauth.grant_expird", ["oauth.grant_expird"], ["oauth.grant_expired"]],
    ["571 5.9.9", ["571 5.9.9"], []],
    ["xy", ["xy"], []],
  ];
  for (const [asked, unknown, near] of cases) {
    const explained = explainText(asked);
    assert.deepEqual(explained.found, [], asked);
    assert.deepEqual(explained.unknown, unknown, asked);
    assert.deepEqual(explained.near.toSorted(), near.toSorted(), asked);
  }
});

Deno.test("explainText() names the unknown code beside a known one", () => {
  const { found, unknown, near } = explainText("AADSTS50173, and AADSTS5000011 behind it");
  assert.deepEqual(found.map(({ code }) => code), ["AADSTS50173"]);
  assert.deepEqual(unknown, ["AADSTS5000011"]);
  assert.deepEqual(near, ["AADSTS500011"]);
});

Deno.test("isOneSlip() is true for one letter more, fewer, other or swapped", () => {
  for (const other of ["abd", "ab", "abcd", "xabc", "bac", "ABD", "acb"]) {
    assert.equal(isOneSlip("abc", other), true, other);
  }
  for (const other of ["abc", "ABC", "a", "abcde", "cba", "xyc"]) {
    assert.equal(isOneSlip("abc", other), false, other);
  }
});

Deno.test("exitCodeOf() knows plantpost's own codes only", () => {
  assert.equal(exitCodeOf("oauth.grant_expired"), EXIT.loginNeeded);
  assert.equal(exitCodeOf("smtp.temporary"), EXIT.tryLater);
  assert.equal(exitCodeOf("AADSTS50011"), undefined);
  assert.equal(exitCodeOf("constructor"), undefined);
});
