// What is told of a token that the mail server refused, beside what the catalogue says of every such refusal.

import assert from "node:assert/strict";
import { Failure } from "../../src/base/failure.ts";
import { isGraph, withCause } from "../../src/outbox/token_trouble.ts";
import type { OauthProfile, ProviderName } from "../../src/profile/profile.ts";
import { jwt } from "../oauth/jwt.ts";
import { testGrant, testProfile } from "../vault/fixtures.ts";

const NOW_MS = Date.parse("2026-11-24T08:00:00Z");
const NOW_S = NOW_MS / 1000;
const REFUSED = new Failure("smtp.auth_refused", "535 5.7.3 Authentication unsuccessful");
const GOOD = {
  aud: "https://outlook.office.com",
  scp: "SMTP.Send",
  upn: "reports@contoso.example",
  nbf: NOW_S - 60,
  exp: NOW_S + 3600,
};
const GRAPH_ID = "00000003-0000-0000-c000-000000000000";

interface Case {
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly scope?: string;
  readonly account?: string;
  readonly flow?: OauthProfile["flow"];
  readonly provider?: ProviderName;
}

function causes(of: Case): readonly string[] {
  const { oauth, ...base } = testProfile({ oauth: { flow: of.flow ?? "code" } });
  const { account: _account, ...granted } = testGrant(testProfile());
  const failure = withCause(REFUSED, {
    profile: { ...base, provider: of.provider ?? "microsoft365" },
    oauth,
    nowMs: NOW_MS,
    grant: {
      ...granted,
      scope: of.scope ?? "https://outlook.office.com/SMTP.Send",
      accessToken: of.claims === undefined ? "EwBopaque" : jwt(of.claims),
      ...(of.account === undefined ? {} : { account: of.account }),
    },
  });
  return failure === REFUSED ? [] : (failure.remedy ?? "").split("\n");
}

function only(of: Case): string {
  const [cause = "", ...more] = causes(of);
  assert.deepEqual(more, []);
  return cause;
}

Deno.test("a good token, and one that nobody can read, give no cause", () => {
  assert.deepEqual(causes({ claims: GOOD }), []);
  assert.deepEqual(causes({}), []);
  assert.deepEqual(causes({ claims: { ...GOOD, upn: "REPORTS@contoso.example" } }), []);
});

Deno.test("pain 5: a token for Microsoft Graph is told by its audience, as a URL or a GUID, with the exact fix", () => {
  for (
    const aud of [
      "https://graph.microsoft.com",
      "https://graph.microsoft.com/",
      "https://graph.microsoft.us",
      "https://dod-graph.microsoft.us",
      "https://microsoftgraph.chinacloudapi.cn",
      GRAPH_ID,
      GRAPH_ID.toUpperCase(),
    ]
  ) {
    assert.equal(
      only({ claims: { ...GOOD, aud } }),
      `the token is for Microsoft Graph, not for mail: its audience is ${aud}; take oauth.scope out of the profile, or ` +
        'set it to "https://outlook.office.com/SMTP.Send offline_access", then run "plantpost login"',
    );
  }
  assert.equal(isGraph("https://graph.microsoft.com.example.org"), false);
  assert.equal(isGraph("https://outlook.office.com"), false);
});

Deno.test("pain 5: the fix of a wrong audience is that of the cloud and of the flow", () => {
  const cases: readonly (readonly [Case, string])[] = [
    [
      { provider: "microsoft365-gcc-high" },
      "https://outlook.office365.us/SMTP.Send offline_access",
    ],
    [{ provider: "microsoft365-china" }, "https://partner.outlook.cn/SMTP.Send offline_access"],
    [{ flow: "app" }, "https://outlook.office365.com/.default"],
    [{ flow: "app", provider: "microsoft365-dod" }, "https://outlook.office365.us/.default"],
    [{ provider: "custom" }, "https://outlook.office.com/SMTP.Send offline_access"],
  ];
  for (const [of, scope] of cases) {
    const cause = only({ ...of, claims: { ...GOOD, aud: GRAPH_ID } });
    assert.ok(cause.includes(`set it to "${scope}"`) || cause.includes(`profile to "${scope}"`));
    assert.ok(
      cause.endsWith(of.flow === "app" ? 'run "plantpost refresh"' : 'run "plantpost login"'),
    );
  }
});

Deno.test("pain 5: of an opaque token the scope tells; where the token can be read, it knows better", () => {
  for (const scope of ["SMTP.Send", "https://graph.microsoft.com/SMTP.Send"]) {
    assert.match(
      only({ scope }),
      new RegExp(`Microsoft Graph.*the scope it was asked with is "${scope}"`),
    );
    assert.deepEqual(causes({ scope, claims: GOOD }), []);
  }
});

Deno.test("pain 2: another account is told by the token, or by the sign-in where the token is opaque", () => {
  const told =
    "admin@contoso.example has signed in, but the profile's user is reports@contoso.example: run " +
    '"plantpost login --force" and sign in as reports@contoso.example; or set user = "admin@contoso.example" in the profile';
  for (const name of ["upn", "preferred_username", "unique_name"]) {
    const { upn: _upn, ...rest } = GOOD;
    assert.equal(only({ claims: { ...rest, [name]: "admin@contoso.example" } }), told);
  }
  assert.equal(only({ account: "admin@contoso.example" }), told);
  assert.deepEqual(causes({ account: "admin@contoso.example", claims: GOOD }), []);
});

Deno.test("pain 6: an app's token without SMTP.SendAsApp says which permission to add, and where", () => {
  const { scp: _scp, upn: _upn, ...app } = GOOD;
  const cause = only({ flow: "app", claims: { ...app, roles: ["Mail.Send"] } });
  assert.match(cause, /^the token has the permissions Mail\.Send, and not SMTP\.SendAsApp: open /);
  assert.match(cause, /APIs my organization uses > Office 365 Exchange Online > Application perm/);
  assert.match(cause, /Grant admin consent; then run "plantpost refresh"/);
  assert.match(only({ flow: "app", claims: app }), /^the token has no permission, and not SMTP/);
  assert.deepEqual(causes({ flow: "app", claims: { ...app, roles: ["SMTP.SendAsApp"] } }), []);
  assert.deepEqual(causes({ flow: "app", provider: "custom", claims: app }), []);
});

Deno.test("a person's token without SMTP.Send says which permission to add, and where", () => {
  const cause = only({ claims: { ...GOOD, scp: "IMAP.AccessAsUser.All User.Read" } });
  assert.match(
    cause,
    /^the token has the permissions IMAP\.AccessAsUser\.All, User\.Read, and not/,
  );
  assert.match(cause, /Microsoft Graph > Delegated permissions and tick SMTP\.Send; then run/);
  assert.deepEqual(causes({ provider: "custom", claims: { ...GOOD, scp: "mail" } }), []);
});

Deno.test("a new token that is over, or has not begun, tells of a wrong clock", () => {
  assert.equal(
    only({ claims: { ...GOOD, exp: NOW_S - 1 } }),
    "the new token has ended at 2026-11-24T07:59:59.000Z, and this PC says that it is 2026-11-24T08:00:00.000Z: set date, " +
      "time and time zone of the PC right (Windows: w32tm /resync)",
  );
  assert.match(
    only({ claims: { ...GOOD, nbf: NOW_S + 61 } }),
    /^the new token begins at 2026-11-24T08:01:01\.000Z, and this PC says that it is only 2026/,
  );
  assert.deepEqual(causes({ claims: { ...GOOD, nbf: NOW_S + 60, exp: NOW_S } }), []);
});

Deno.test("several causes are all told, and the failure stays what it was", () => {
  const found = causes({ claims: { ...GOOD, aud: GRAPH_ID, upn: "a@x", exp: 1 } });
  assert.equal(found.length, 3);
  const { profile, oauth } = { profile: testProfile(), oauth: testProfile().oauth };
  const grant = { ...testGrant(profile), account: "other@x" };
  const failure = withCause(REFUSED, { profile, oauth, grant, nowMs: NOW_MS });
  assert.notEqual(failure, REFUSED);
  assert.equal(failure.code, REFUSED.code);
  assert.equal(failure.message, REFUSED.message);
  assert.equal(failure.retry, REFUSED.retry);
});
