// The table of mail services, written out by hand from what the services document (state of November 2026), against
// what a profile that names nothing but its service gets; and the hosts that only third parties name, overridden.

import assert from "node:assert/strict";
import { Failure } from "../../src/base/failure.ts";
import { parseSettings, selectProfile } from "../../src/profile/parse.ts";
import type { Profile } from "../../src/profile/profile.ts";
import { PROVIDER_NAMES, PROVIDERS } from "../../src/profile/providers.ts";

const TENANT = "contoso.example";
const OIDC = "openid profile";

interface Row {
  readonly smtp: readonly [host: string, port: number, tls: Profile["smtp"]["tls"]];
  readonly authorization: string;
  readonly token: string;
  readonly device: string | undefined;
  readonly scope: string;
  /** Of flow app; undefined where the service has none. */
  readonly appScope: string | undefined;
  readonly portal: string;
  readonly idleDays: number | undefined;
}

const ROWS: Readonly<Record<string, Row>> = {
  "microsoft365": {
    smtp: ["smtp.office365.com", 587, "starttls"],
    authorization: "https://login.microsoftonline.com/contoso.example/oauth2/v2.0/authorize",
    token: "https://login.microsoftonline.com/contoso.example/oauth2/v2.0/token",
    device: "https://login.microsoftonline.com/contoso.example/oauth2/v2.0/devicecode",
    scope: `https://outlook.office.com/SMTP.Send offline_access ${OIDC}`,
    appScope: "https://outlook.office365.com/.default",
    portal: "https://entra.microsoft.com",
    idleDays: 90,
  },
  "microsoft365-gcc-high": {
    smtp: ["smtp.office365.us", 587, "starttls"],
    authorization: "https://login.microsoftonline.us/contoso.example/oauth2/v2.0/authorize",
    token: "https://login.microsoftonline.us/contoso.example/oauth2/v2.0/token",
    device: "https://login.microsoftonline.us/contoso.example/oauth2/v2.0/devicecode",
    scope: `https://outlook.office365.us/SMTP.Send offline_access ${OIDC}`,
    appScope: "https://outlook.office365.us/.default",
    portal: "https://portal.azure.us",
    idleDays: 90,
  },
  "microsoft365-dod": {
    smtp: ["outlook-dod.office365.us", 587, "starttls"],
    authorization: "https://login.microsoftonline.us/contoso.example/oauth2/v2.0/authorize",
    token: "https://login.microsoftonline.us/contoso.example/oauth2/v2.0/token",
    device: "https://login.microsoftonline.us/contoso.example/oauth2/v2.0/devicecode",
    scope: `https://outlook.office365.us/SMTP.Send offline_access ${OIDC}`,
    appScope: "https://outlook.office365.us/.default",
    portal: "https://portal.azure.us",
    idleDays: 90,
  },
  "microsoft365-china": {
    smtp: ["smtp.partner.outlook.cn", 587, "starttls"],
    authorization: "https://login.partner.microsoftonline.cn/contoso.example/oauth2/v2.0/authorize",
    token: "https://login.partner.microsoftonline.cn/contoso.example/oauth2/v2.0/token",
    device: "https://login.partner.microsoftonline.cn/contoso.example/oauth2/v2.0/devicecode",
    scope: `https://partner.outlook.cn/SMTP.Send offline_access ${OIDC}`,
    appScope: "https://partner.outlook.cn/.default",
    portal: "https://portal.azure.cn",
    idleDays: 90,
  },
  "outlook": {
    smtp: ["smtp-mail.outlook.com", 587, "starttls"],
    authorization: "https://login.microsoftonline.com/consumers/oauth2/v2.0/authorize",
    token: "https://login.microsoftonline.com/consumers/oauth2/v2.0/token",
    device: "https://login.microsoftonline.com/consumers/oauth2/v2.0/devicecode",
    scope: `https://outlook.office.com/SMTP.Send offline_access ${OIDC}`,
    appScope: undefined,
    portal: "https://entra.microsoft.com",
    idleDays: 90,
  },
  "google": {
    smtp: ["smtp.gmail.com", 587, "starttls"],
    authorization: "https://accounts.google.com/o/oauth2/v2/auth",
    token: "https://oauth2.googleapis.com/token",
    // It has one, which does not give out the scope of mail.
    device: undefined,
    scope: "https://mail.google.com/ openid email",
    appScope: undefined,
    portal: "https://console.cloud.google.com/auth/clients",
    idleDays: 180,
  },
  "yahoo": {
    smtp: ["smtp.mail.yahoo.com", 465, "implicit"],
    authorization: "https://api.login.yahoo.com/oauth2/request_auth",
    token: "https://api.login.yahoo.com/oauth2/get_token",
    device: undefined,
    scope: "mail-w",
    appScope: undefined,
    portal: "https://developer.yahoo.com/apps/",
    idleDays: undefined,
  },
};

for (const [provider, row] of Object.entries(ROWS)) {
  Deno.test(`a profile of ${provider} gets hosts, endpoints and scopes of the table`, () => {
    const { oauth, smtp } = profileOf(provider);
    assert.ok(oauth);
    assert.deepEqual([smtp.host, smtp.port, smtp.tls], row.smtp);
    assert.equal(oauth.authorizationEndpoint, row.authorization);
    assert.equal(oauth.tokenEndpoint, row.token);
    assert.equal(oauth.deviceEndpoint, row.device);
    assert.equal(oauth.scope, row.scope);
    const known = PROVIDERS[profileOf(provider).provider];
    assert.equal(known.portal, row.portal);
    assert.equal(known.refreshTokenIdleDays, row.idleDays);
  });

  Deno.test(`flow app of ${provider} ${row.appScope === undefined ? "is refused" : "asks for .default"}`, () => {
    if (row.appScope === undefined) {
      assert.match(refusalOf(provider, 'flow = "app"'), /oauth\.flow: must be "code"/);
      return;
    }
    const { oauth } = profileOf(provider, { oauth: 'flow = "app"' });
    assert.equal(oauth?.scope, row.appScope);
    assert.equal(oauth.tokenEndpoint, row.token);
  });
}

Deno.test("the table of this test leaves out custom alone", () => {
  assert.deepEqual([...Object.keys(ROWS), "custom"].toSorted(), PROVIDER_NAMES.toSorted());
});

Deno.test("a profile of custom takes everything from the file, and guesses nothing", () => {
  // Fastmail: a public client with PKCE on its own hosts.
  const { oauth, smtp } = profileOf("custom", {
    oauth: `authorization_endpoint = "https://api.fastmail.com/oauth/authorize"
token_endpoint = "https://api.fastmail.com/oauth/refresh"
scope = "https://www.fastmail.com/dev/protocol-smtp offline_access"`,
    smtp: 'host = "smtp.fastmail.com"\nport = 465',
  });
  assert.deepEqual([smtp.host, smtp.port, smtp.tls], ["smtp.fastmail.com", 465, "implicit"]);
  assert.equal(oauth?.authorizationEndpoint, "https://api.fastmail.com/oauth/authorize");
  assert.equal(oauth.tokenEndpoint, "https://api.fastmail.com/oauth/refresh");
  assert.equal(oauth.deviceEndpoint, undefined);
  assert.equal(oauth.scope, "https://www.fastmail.com/dev/protocol-smtp offline_access");
  // OpenID Connect Core §11 wants it where offline_access is asked for.
  assert.deepEqual(oauth.authorizationExtras, { prompt: "consent" });
  assert.equal(PROVIDERS.custom.refreshTokenIdleDays, undefined);
});

Deno.test("what only third parties document can be overridden, one key at a time", () => {
  const rows: readonly (readonly [string, string])[] = [
    ["microsoft365-gcc-high", "smtp.office365.us.example"],
    ["microsoft365-dod", "smtp.office365.us"],
    ["microsoft365-china", "partner.outlook.cn"],
    ["outlook", "smtp.office365.com"],
    ["yahoo", "smtp.aol.com"],
  ];
  for (const [provider, host] of rows) {
    const plain = profileOf(provider);
    const other = profileOf(provider, { smtp: `host = "${host}"` });
    assert.equal(other.smtp.host, host);
    assert.deepEqual({ ...other.smtp, host: plain.smtp.host }, plain.smtp, provider);
    assert.deepEqual(other.oauth, plain.oauth, provider);

    const scope = "https://partner.outlook.cn/.default offline_access";
    const asked = profileOf(provider, { oauth: `scope = "${scope}"` });
    assert.deepEqual({ ...asked.oauth, scope: plain.oauth?.scope }, plain.oauth, provider);
    assert.equal(asked.oauth?.scope, scope);

    const alias = "https://login.chinacloudapi.cn/contoso.example/oauth2/v2.0/token";
    const moved = profileOf(provider, { oauth: `token_endpoint = "${alias}"` });
    assert.equal(moved.oauth?.tokenEndpoint, alias);
    assert.equal(moved.oauth.authorizationEndpoint, plain.oauth?.authorizationEndpoint);
  }
  const implicit = profileOf("google", { smtp: "port = 465" });
  assert.equal(implicit.smtp.tls, "implicit");
});

Deno.test("pain 11: a work cloud is never guessed a tenant for, and common is refused where an app signs in", () => {
  for (const provider of PROVIDER_NAMES.filter((name) => name.startsWith("microsoft365"))) {
    assert.match(
      refusalOf(provider, "", { tenant: "" }),
      /tenant: must be set to the directory \(tenant\) ID or a domain of the tenant/,
    );
    for (const tenant of ["common", "organizations", "consumers"]) {
      assert.match(
        refusalOf(provider, 'flow = "app"', { tenant: `tenant = "${tenant}"` }),
        /tenant: must be the directory \(tenant\) ID/,
      );
    }
  }
});

interface Lines {
  readonly oauth?: string;
  readonly smtp?: string;
  readonly tenant?: string;
}

function profileOf(provider: string, lines: Lines = {}): Profile {
  const usual = provider.startsWith("microsoft365") ? `tenant = "${TENANT}"` : "";
  const settings = parseSettings(
    `[profiles.plant]
provider = "${provider}"
${lines.tenant ?? usual}
user = "reports@contoso.example"
[profiles.plant.oauth]
client_id = "the-app"
${lines.oauth ?? ""}
[profiles.plant.smtp]
${lines.smtp ?? ""}
`,
    { file: "/etc/plantpost/plantpost.toml", platform: "linux" },
  );
  return selectProfile(settings);
}

function refusalOf(provider: string, oauth: string, more: Pick<Lines, "tenant"> = {}): string {
  try {
    profileOf(provider, { oauth, ...more });
  } catch (failure) {
    if (failure instanceof Failure) return failure.message;
    throw failure;
  }
  return assert.fail("nothing was refused");
}
