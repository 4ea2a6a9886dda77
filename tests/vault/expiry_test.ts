import assert from "node:assert/strict";
import type { OauthProfile, Profile, ProviderName } from "../../src/profile/profile.ts";
import {
  DAY_MS,
  type Expiring,
  type ExpiryWarning,
  expiryWarnings,
  looksLikeTestingMode,
} from "../../src/vault/expiry.ts";
import type { Grant } from "../../src/vault/content.ts";
import { testGrant, testProfile } from "./fixtures.ts";

const END_MS = Date.parse("2028-02-29T00:00:00Z");

/** Time left, and the threshold that it stands for. */
const BOUNDARIES: readonly (readonly [leftMs: number, threshold: number | undefined])[] = [
  [61 * DAY_MS, undefined],
  [60 * DAY_MS + 1, undefined],
  [60 * DAY_MS, 60],
  [30 * DAY_MS + 1, 60],
  [30 * DAY_MS, 30],
  [7 * DAY_MS + 1, 30],
  [7 * DAY_MS, 7],
  [1, 7],
  [0, 0],
  [-1, 0],
  [-100 * DAY_MS, 0],
];

Deno.test("a client secret is warned of 60, 30 and 7 days before its date, and when it is over", () => {
  for (const [leftMs, threshold] of BOUNDARIES) {
    const [warning, ...more] = warn({ date: "2028-02-29" }, { nowMs: END_MS - leftMs });
    assert.deepEqual(more, []);
    assert.equal(warning?.threshold, threshold, `${leftMs} ms left`);
    if (warning === undefined) continue;
    assert.equal(warning.code, "client_secret_expires");
    assert.equal(warning.endsAtMs, END_MS);
    const verb = threshold === 0 ? "ended" : "ends";
    assert.equal(warning.message, `the client secret of profile "plant" ${verb} on 2028-02-29`);
  }
});

Deno.test("a certificate is warned of at the same thresholds", () => {
  for (const [leftMs, threshold] of BOUNDARIES) {
    const warnings = warn({ date: "2026-01-01" }, {
      nowMs: END_MS - leftMs,
      certificate: { expiresAtMs: END_MS, acceptedAtMs: 1 },
    });
    assert.deepEqual(
      warnings.map((one) => [one.code, one.threshold, one.endsAtMs]),
      threshold === undefined ? [] : [["certificate_expires", threshold, END_MS]],
      `${leftMs} ms left`,
    );
  }
});

Deno.test("pain 4: a refresh token is warned of before it dies of disuse, with the line that schedules its use", () => {
  const providers = [["microsoft365", 90], ["outlook", 90], ["google", 180]] as const;
  for (const [provider, days] of providers) {
    for (const [leftMs, threshold] of BOUNDARIES) {
      const usedMs = END_MS - days * DAY_MS;
      const warnings = warn({ provider }, {
        nowMs: END_MS - leftMs,
        grant: grant({ refreshTokenLastUsedAtMs: usedMs }),
        installation: {
          platform: "windows",
          program: "C:\\plant\\plantpost.exe",
          config: "C:\\My plant\\plantpost.toml",
        },
      });
      assert.deepEqual(
        warnings.map((one) => [one.code, one.threshold, one.endsAtMs]),
        threshold === undefined ? [] : [["refresh_token_idle", threshold, END_MS]],
        `${provider}, ${leftMs} ms left`,
      );
      for (const { remedy, message, who } of warnings) {
        assert.match(message, new RegExp(`: the provider lets it die after ${days} days`));
        assert.equal(who, "operator");
        assert.ok(
          remedy.endsWith(
            'schtasks /create /tn "plantpost refresh" /sc WEEKLY /st 06:00 /ru SYSTEM /tr ' +
              '"C:\\plant\\plantpost.exe refresh --config \\"C:\\My plant\\plantpost.toml\\""',
          ),
          remedy,
        );
      }
    }
  }
});

Deno.test("a refresh token that was never used counts from its issue; of a custom provider nobody knows", () => {
  const unused = grant({ refreshTokenIssuedAtMs: END_MS - 90 * DAY_MS });
  const at = { nowMs: END_MS - DAY_MS, grant: unused };
  assert.deepEqual(codes(warn({ provider: "microsoft365" }, at)), ["refresh_token_idle"]);
  assert.deepEqual(warn({ provider: "custom" }, at), []);
  assert.deepEqual(warn({ provider: "yahoo" }, at), []);
});

Deno.test("pain 22: a Google sign-in of seven days is told to be one of an app in testing, and how to publish it", () => {
  for (const [leftMs, threshold] of BOUNDARIES.filter(([leftMs]) => leftMs <= 7 * DAY_MS)) {
    const [warning, ...more] = warn({ provider: "google" }, {
      nowMs: END_MS - leftMs,
      grant: grant({
        refreshTokenIssuedAtMs: END_MS - 7 * DAY_MS,
        refreshTokenExpiresAtMs: END_MS,
        refreshTokenLastUsedAtMs: END_MS - 7 * DAY_MS,
      }),
    });
    assert.deepEqual(more, []);
    assert.equal(warning?.code, "refresh_token_expires");
    assert.equal(warning?.threshold, threshold);
    assert.match(warning?.message ?? "", /consent screen of the app is in Testing/);
    assert.match(warning?.remedy ?? "", /Publish app.*In production.*\n2\. run "plantpost login"/);
  }
});

Deno.test("pain 22: a Google sign-in that was refused within eight days looks like testing mode, a later one does not", () => {
  const cases: readonly (readonly [ProviderName, number, boolean, number?])[] = [
    ["google", 7 * DAY_MS, true],
    ["google", 8 * DAY_MS, true],
    ["google", 8 * DAY_MS + 1, false],
    // Refused again and again, with the last success in the first week, or long after it.
    ["google", 100 * DAY_MS, true, 7 * DAY_MS],
    ["google", 100 * DAY_MS, false, 8 * DAY_MS + 1],
    ["microsoft365", 7 * DAY_MS, false],
  ];
  for (const [provider, lifeMs, expected, usedForMs = 0] of cases) {
    const refused = grant({
      refreshTokenIssuedAtMs: END_MS,
      refreshTokenLastUsedAtMs: END_MS + usedForMs,
      refusedAtMs: END_MS + lifeMs,
      refusedWith: "invalid_grant",
    });
    const { profile } = profileOf({ provider });
    assert.equal(looksLikeTestingMode(profile, refused), expected, `${provider} ${lifeMs}`);
  }
  assert.equal(looksLikeTestingMode(profileOf({ provider: "google" }).profile, grant({})), false);
});

Deno.test("an end that the provider gave is no news for as long as its refresh tokens live anyway", () => {
  const lifeDays = 30;
  const at = (leftMs: number): readonly ExpiryWarning[] =>
    warn({ provider: "custom" }, {
      nowMs: END_MS - leftMs,
      grant: grant({
        refreshTokenIssuedAtMs: END_MS - lifeDays * DAY_MS,
        refreshTokenExpiresAtMs: END_MS,
      }),
    });
  assert.deepEqual(at(29 * DAY_MS), []);
  assert.equal(at(7 * DAY_MS)[0]?.threshold, 7);
  assert.equal(at(0)[0]?.threshold, 0);
});

Deno.test("a Microsoft refresh token of a day is told to be one of a single-page application", () => {
  const [warning] = warn({ provider: "microsoft365" }, {
    nowMs: END_MS - DAY_MS,
    grant: grant({
      refreshTokenIssuedAtMs: END_MS - DAY_MS,
      refreshTokenLastUsedAtMs: END_MS - DAY_MS,
      refreshTokenExpiresAtMs: END_MS,
    }),
  });
  assert.match(warning?.message ?? "", /Single-page application/);
  assert.match(warning?.remedy ?? "", /Mobile and desktop applications/);
});

Deno.test("of a refresh token's two ends the nearer one is told", () => {
  const used = { refreshTokenIssuedAtMs: 0, refreshTokenLastUsedAtMs: END_MS - 90 * DAY_MS };
  const told = (refreshTokenExpiresAtMs: number): readonly string[] =>
    codes(
      warn({ provider: "microsoft365" }, {
        nowMs: END_MS - DAY_MS,
        grant: grant({ ...used, refreshTokenExpiresAtMs }),
      }),
    );
  assert.deepEqual(told(END_MS + 1), ["refresh_token_idle"]);
  assert.deepEqual(told(END_MS - 1), ["refresh_token_expires"]);
});

Deno.test("a refresh token that was refused, and one of flow app, is warned of no more", () => {
  const idle = { refreshTokenLastUsedAtMs: END_MS - 90 * DAY_MS };
  const nowMs = END_MS;
  const refused = grant({ ...idle, refusedAtMs: END_MS - 1 });
  assert.deepEqual(warn({ provider: "microsoft365" }, { nowMs, grant: refused }), []);
  assert.deepEqual(
    warn({ provider: "microsoft365", flow: "app" }, { nowMs, grant: grant(idle) }),
    [],
  );
});

Deno.test("pain 10: with a certificate in use the client secret is no concern; with one that waits it still is", () => {
  const nowMs = END_MS - DAY_MS;
  const secret = { date: "2028-02-29" };
  const late = END_MS + 1000 * DAY_MS;
  const soon = END_MS + 5 * DAY_MS;
  const cases: readonly (readonly [Partial<Expiring>, readonly string[]])[] = [
    [{}, ["client_secret_expires"]],
    [{ hasClientSecret: false }, []],
    [{ certificate: { expiresAtMs: late, acceptedAtMs: 1 } }, []],
    [{ certificate: { expiresAtMs: late, file: "plant.pem" } }, []],
    [{ certificate: { expiresAtMs: late } }, ["client_secret_expires", "certificate_not_accepted"]],
    [{ certificate: { expiresAtMs: late }, hasClientSecret: false }, ["certificate_not_accepted"]],
    [{
      certificate: { expiresAtMs: late },
      previousCertificate: { expiresAtMs: soon, acceptedAtMs: 1 },
    }, ["certificate_expires", "certificate_not_accepted"]],
    [{
      certificate: { expiresAtMs: late },
      previousCertificate: { expiresAtMs: late, acceptedAtMs: 1 },
    }, ["certificate_not_accepted"]],
    [{ certificate: { expiresAtMs: late }, previousCertificate: { expiresAtMs: soon } }, [
      "client_secret_expires",
      "certificate_not_accepted",
    ]],
  ];
  for (const [change, expected] of cases) {
    assert.deepEqual(codes(warn(secret, { nowMs, ...change })), expected, JSON.stringify(change));
  }
});

Deno.test("a certificate that waits has no threshold, and tells where to upload it", () => {
  const [warning] = warn({ provider: "microsoft365" }, {
    nowMs: 0,
    certificate: { expiresAtMs: END_MS },
  });
  assert.equal(warning?.threshold, undefined);
  assert.equal(warning?.endsAtMs, undefined);
  assert.match(warning?.remedy ?? "", /Certificates > Upload certificate.*\.cer/);
});

Deno.test("pain 10: the steps to a new client secret are those of the provider's own portal", () => {
  const cases: readonly (readonly [ProviderName, RegExp])[] = [
    ["microsoft365", /^1\. open entra\.microsoft\.com > Entra ID > App registrations > .*Value/s],
    ["microsoft365-gcc-high", /^1\. open portal\.azure\.us > Microsoft Entra ID > App reg/],
    ["microsoft365-dod", /^1\. open portal\.azure\.us > /],
    ["microsoft365-china", /^1\. open portal\.azure\.cn > /],
    ["google", /^1\. open https:\/\/console\.cloud\.google\.com\/auth\/clients/],
    ["custom", /^1\. have whoever runs the provider/],
  ];
  for (const [provider, steps] of cases) {
    const [warning] = warn({ provider, date: "2028-02-29" }, { nowMs: END_MS });
    assert.match(warning?.remedy ?? "", steps, provider);
    assert.equal(warning?.who, "administrator");
    const speaksOfCertificates = /better: run "plantpost cert new"/.test(warning?.remedy ?? "");
    assert.equal(speaksOfCertificates, provider.startsWith("microsoft"), provider);
  }
});

Deno.test("the steps to a new client secret end where the profile keeps it", () => {
  const cases: readonly (readonly [OauthProfile["clientSecret"], RegExp])[] = [
    [{ from: "vault" }, /run "plantpost secret set"/],
    [{ from: "env", name: "X" }, /environment variable of oauth\.client_secret_env/],
    [{ from: "file", path: "/x" }, /the file of oauth\.client_secret_file/],
    [{ from: "profile", value: "x" }, /oauth\.client_secret of the profile/],
  ];
  for (const [clientSecret, step] of cases) {
    const of = profileOf({ date: "2028-02-29" });
    const oauth = { ...of.oauth, clientSecret };
    const [warning] = expiryWarnings({ ...of, oauth, nowMs: END_MS });
    assert.match(warning?.remedy ?? "", step);
  }
});

interface Setting {
  readonly provider?: ProviderName;
  readonly date?: string;
  readonly flow?: OauthProfile["flow"];
}

function profileOf(
  setting: Setting,
): { readonly profile: Profile; readonly oauth: OauthProfile } {
  const { oauth, ...base } = testProfile({
    oauth: {
      flow: setting.flow ?? "code",
      ...(setting.date === undefined ? {} : { clientSecretExpires: setting.date }),
    },
  });
  return { profile: { ...base, provider: setting.provider ?? "microsoft365", oauth }, oauth };
}

function warn(
  setting: Setting,
  at: Partial<Expiring> & { readonly nowMs: number },
): readonly ExpiryWarning[] {
  return expiryWarnings({ ...profileOf(setting), ...at });
}

function codes(warnings: readonly ExpiryWarning[]): readonly string[] {
  return warnings.map((warning) => warning.code);
}

/** A grant without the times that a test does not set. */
function grant(times: Partial<Grant>): Grant {
  const {
    refreshTokenIssuedAtMs: _issued,
    refreshTokenLastUsedAtMs: _used,
    ...base
  } = testGrant(testProfile());
  return { ...base, refreshToken: "refresh-token", ...times };
}
