// What `status` tells of what is stored, on a clock of the test's: states, ends to come, and the token's own words.

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { toBase64 } from "../../src/base/base64.ts";
import type { Profile } from "../../src/profile/profile.ts";
import { bindingOf, type Grant, type StoredCertificate } from "../../src/vault/content.ts";
import { DAY_MS } from "../../src/vault/expiry.ts";
import { jwt } from "../oauth/jwt.ts";
import { type Desk, openDesk } from "./desk.ts";
import { grantOf, store } from "./stored.ts";

const CLIENT_ID = "11111111-2222-3333-4444-555555555555";

function profileFile(change: {
  readonly provider?: string;
  readonly oauth?: string;
} = {}): string {
  const { provider = "microsoft365", oauth = "" } = change;
  return `[profiles.plant]
provider = "${provider}"
${provider.startsWith("microsoft") ? 'tenant = "contoso.onmicrosoft.com"' : ""}
user = "reports@contoso.com"
[profiles.plant.oauth]
client_id = "${CLIENT_ID}"
${oauth}`;
}

async function json(desk: Desk): Promise<Record<string, unknown> & { readonly exitCode: number }> {
  const { exitCode, stdout } = await desk.run(["status", "--json"]);
  return { exitCode, ...JSON.parse(stdout) };
}

async function withGrant(
  profile: string,
  change: Partial<Grant> = {},
): Promise<Desk> {
  const desk = await openDesk({ profile });
  await store(desk, (of) => ({ grant: grantOf(of, change) }));
  return desk;
}

Deno.test("status warns of ends to come in text and JSON, and exits 0", async () => {
  await using desk = await withGrant(profileFile({
    oauth: 'client_secret = "very~secret"\nclient_secret_expires = 2026-12-20',
  }));
  const status = await json(desk);
  assert.equal(status.exitCode, 0);
  assert.equal(status["grant"], "usable");
  assert.deepEqual(status["clientSecret"], { expiresAt: "2026-12-20T00:00:00.000Z" });
  const [warning, ...more] = status["warnings"] as Record<string, string>[];
  assert.deepEqual(more, []);
  const { remedy, ...rest } = warning ?? {};
  assert.deepEqual(rest, {
    code: "client_secret_expires",
    message: 'the client secret of profile "plant" ends on 2026-12-20',
    who: "administrator",
    expiresAt: "2026-12-20T00:00:00.000Z",
  });
  assert.match(remedy ?? "", /^1\. open entra\.microsoft\.com.*plantpost cert new/s);
  const text = await desk.run(["status"]);
  assert.equal(text.exitCode, 0);
  assert.match(
    text.stderr,
    /^warning: the client secret of profile "plant" ends on 2026-12-20\nwho: administrator\nhint: 1\. open /,
  );
  assert.match(text.stdout, /^client secret until: 2026-12-20T00:00:00\.000Z$/m);
  desk.nowMs = Date.parse("2026-10-20T23:59:59.999Z");
  assert.deepEqual((await json(desk))["warnings"], []);
});

Deno.test("pain 4: status warns before a refresh token dies of disuse, with the line that schedules its use", async () => {
  await using desk = await withGrant(profileFile());
  desk.nowMs += 30 * DAY_MS - 1;
  assert.deepEqual((await json(desk))["warnings"], []);
  desk.nowMs += 1;
  const { exitCode, warnings } = await json(desk) as { exitCode: number; warnings: never };
  assert.equal(exitCode, 0);
  const [{ code, expiresAt, remedy }] = warnings as [Record<string, string>];
  assert.equal(code, "refresh_token_idle");
  assert.equal(expiresAt, "2027-02-22T08:00:00.000Z");
  assert.match(
    remedy ?? "",
    Deno.build.os === "windows"
      ? /schtasks \/create .*plantpost refresh --config/
      : /0 6 \* \* 1 plantpost refresh --config .*plantpost\.toml >\/dev\/null$/,
  );
});

Deno.test("pain 22: a Google sign-in that was refused within eight days is told of testing mode first", async () => {
  const refused = {
    refusedWith: "invalid_grant: Token has been expired or revoked.",
    refusedAtMs: Date.parse("2026-12-01T08:00:00Z"),
  };
  const profile = profileFile({ provider: "google", oauth: 'client_secret = "very~secret"' });
  await using early = await withGrant(profile, refused);
  const status = await json(early);
  assert.equal(status.exitCode, 77);
  assert.equal(status["grant"], "expired");
  const [warning] = status["warnings"] as Record<string, string>[];
  assert.match(
    warning?.["remedy"] ?? "",
    /^1\. if the consent screen of the app is in Testing.*Publish app.*In production.*\n2\. run "plantpost login"/,
  );
  await using late = await withGrant(profile, {
    ...refused,
    refusedAtMs: refused.refusedAtMs + 2 * DAY_MS,
  });
  const [other] = (await json(late))["warnings"] as Record<string, string>[];
  assert.match(other?.["remedy"] ?? "", /^1\. run "plantpost login"/);
});

Deno.test("pain 6: an app is usable with a credential, missing without one, expired once it was refused", async () => {
  await using desk = await openDesk({
    profile: profileFile({ oauth: 'flow = "app"' }),
  });
  const without = await json(desk);
  assert.equal(without.exitCode, 77);
  assert.equal(without["grant"], "missing");
  const [warning] = without["warnings"] as Record<string, string>[];
  assert.equal(warning?.["code"], "oauth.secret_missing");
  assert.match(warning?.["remedy"] ?? "", /plantpost cert new.*plantpost secret set/);

  await store(desk, (profile) => ({
    clientSecret: { binding: bindingOf(profile), value: "very~secret", setAtMs: 0 },
  }));
  assert.deepEqual(await json(desk), {
    exitCode: 0,
    profile: "plant",
    flow: "app",
    grant: "usable",
    warnings: [],
  });
  const fetched = (change: Partial<Grant>): Promise<void> =>
    store(desk, (profile) => {
      const { refreshToken: _r, refreshTokenIssuedAtMs: _i, refreshTokenLastUsedAtMs: _l, ...app } =
        grantOf(profile);
      return { grant: { ...app, ...change } };
    });
  await fetched({});
  desk.nowMs += DAY_MS;
  const usable = await json(desk);
  assert.equal(usable.exitCode, 0, "an old access token is no matter: the next one is fetched");
  assert.equal("refreshToken" in usable, false);
  await fetched({
    refusedAtMs: desk.nowMs,
    refusedWith: "AADSTS7000222: The provided client secret keys for app 'plant' are expired.",
  });
  const refused = await json(desk);
  assert.equal(refused.exitCode, 77);
  assert.equal(refused["grant"], "expired");
  assert.match(JSON.stringify(refused["warnings"]), /New client secret/);
});

Deno.test("pain 6: status of an app gives the lines that Exchange needs, ready to be typed, for its own cloud", async () => {
  const oauth = 'flow = "app"\nclient_secret = "very~secret"';
  const clouds = [
    ["microsoft365", ""],
    ["microsoft365-gcc-high", " -ExchangeEnvironmentName O365USGovGCCHigh"],
    ["microsoft365-dod", " -ExchangeEnvironmentName O365USGovDoD"],
    ["microsoft365-china", " -ExchangeEnvironmentName O365China"],
  ];
  for (const [provider = "", environment = ""] of clouds) {
    await using desk = await openDesk({ profile: profileFile({ provider, oauth }) });
    const { stdout, exitCode } = await desk.run(["status"]);
    assert.equal(exitCode, 0);
    const lines = stdout.split("\n");
    const at = lines.findIndex((line) => line.startsWith("an app needs this once"));
    assert.match(lines[at] ?? "", /object ID under Enterprise applications, not the one under App/);
    assert.deepEqual(lines.slice(at + 1), [
      `  in PowerShell: Install-Module ExchangeOnlineManagement (once), then Connect-ExchangeOnline${environment}`,
      `  New-ServicePrincipal -AppId ${CLIENT_ID} -ObjectId OBJECT_ID`,
      '  Add-MailboxPermission -Identity "reports@contoso.com" -User OBJECT_ID -AccessRights FullAccess',
      "",
    ]);
  }
  await using person = await withGrant(profileFile());
  assert.doesNotMatch((await person.run(["status"])).stdout, /Add-MailboxPermission/);
});

Deno.test("status tells what the token says of itself, and cleans it before it is shown", async () => {
  await using desk = await withGrant(profileFile(), {
    accessToken: jwt({
      aud: "https://outlook.office.com",
      scp: "SMTP.Send",
      upn: "admin\x1b[2J@contoso.com",
    }),
  });
  const { accessToken } = await json(desk);
  assert.deepEqual(accessToken, {
    expiresAt: "2026-11-24T09:00:00.000Z",
    audience: "https://outlook.office.com",
    scopes: ["SMTP.Send"],
    account: "admin\ufffd[2J@contoso.com",
  });
  const { stdout } = await desk.run(["status"]);
  assert.match(stdout, /^access token for: {4}https:\/\/outlook\.office\.com$/m);
  assert.match(stdout, /^it permits: {10}SMTP\.Send$/m);
  assert.match(stdout, /^it is of: {12}admin\ufffd\[2J@contoso\.com$/m);
  assert.ok(!stdout.includes("\x1b"));
});

Deno.test("status of an opaque token says no more of it than its end", async () => {
  await using desk = await withGrant(profileFile(), { accessToken: "EwBopaque" });
  assert.deepEqual((await json(desk))["accessToken"], { expiresAt: "2026-11-24T09:00:00.000Z" });
});

Deno.test("status tells until when the provider wants to be left alone", async () => {
  await using desk = await withGrant(profileFile(), {
    askAgainAtMs: Date.parse("2026-11-24T08:10:00Z"),
  });
  assert.equal((await json(desk))["askAgainAt"], "2026-11-24T08:10:00.000Z");
  assert.match((await desk.run(["status"])).stdout, /^not asked before: {4}2026-11-24T08:10/m);
  desk.nowMs += 600_000;
  assert.equal("askAgainAt" in await json(desk), false);
});

Deno.test("status shows when the provider ends the refresh token", async () => {
  await using desk = await withGrant(profileFile({ provider: "google" }), {
    refreshTokenExpiresAtMs: Date.parse("2026-12-01T08:00:00Z"),
  });
  const status = await json(desk);
  assert.deepEqual(status["refreshToken"], {
    issuedAt: "2026-11-24T08:00:00.000Z",
    lastUsedAt: "2026-11-24T08:00:00.000Z",
    expiresAt: "2026-12-01T08:00:00.000Z",
  });
  const [warning] = status["warnings"] as Record<string, string>[];
  assert.equal(warning?.["code"], "refresh_token_expires");
  assert.match(warning?.["remedy"] ?? "", /Publish app/);
});

Deno.test("status tells when the certificate of a file ends, and warns before", async () => {
  const path = new URL("../vault/certificates/pkcs8.pem", import.meta.url);
  const file = fileURLToPath(path);
  await using desk = await withGrant(
    profileFile({ oauth: `certificate_file = ${JSON.stringify(file)}` }),
  );
  const { certificate, warnings } = await json(desk);
  const { expiresAt } = certificate as { readonly expiresAt: string };
  assert.deepEqual(warnings, []);
  desk.nowMs = Date.parse(expiresAt) - 30 * DAY_MS;
  await store(desk, (profile) => ({
    grant: grantOf(profile, { refreshTokenLastUsedAtMs: desk.nowMs }),
  }));
  const status = await json(desk);
  assert.equal(status.exitCode, 0);
  const [warning, ...more] = status["warnings"] as Record<string, string>[];
  assert.deepEqual(more, []);
  assert.equal(warning?.["code"], "certificate_expires");
  assert.equal(warning?.["expiresAt"], expiresAt);
  assert.ok(warning?.["remedy"]?.includes(`take oauth.certificate_file (${file}) out`));
  const { stdout } = await desk.run(["status"]);
  assert.ok(stdout.includes(`certificate until:   ${expiresAt}`));
});

Deno.test("status tells of a certificate that waits for its upload, and of the end of what is used until then", async () => {
  await using desk = await withGrant(profileFile({ oauth: "client_secret_expires = 2026-12-20" }));
  const made = await certificateMaker(desk);
  await store(desk, (profile) => ({
    certificate: made(profile),
    clientSecret: { binding: bindingOf(profile), value: "very~secret", setAtMs: 0 },
  }));
  const codes = async (): Promise<readonly string[]> =>
    ((await json(desk))["warnings"] as { readonly code: string }[]).map(({ code }) => code);
  assert.deepEqual(await codes(), ["client_secret_expires", "certificate_not_accepted"]);
  await store(desk, (profile) => ({
    certificate: made(profile),
    previousCertificate: made(profile, {
      acceptedAtMs: 1,
      expiresAtMs: desk.nowMs + 5 * DAY_MS,
    }),
  }));
  assert.deepEqual(await codes(), ["certificate_expires", "certificate_not_accepted"]);
  await store(desk, (profile) => ({
    certificate: made(profile, { acceptedAtMs: desk.nowMs }),
    previousCertificate: undefined,
  }));
  assert.deepEqual(await codes(), []);
  const { certificate } = await json(desk);
  assert.deepEqual(certificate, { expiresAt: "2028-10-24T08:00:00.000Z" });
});

Deno.test("an app whose one certificate waits for its upload is not called usable", async () => {
  await using desk = await openDesk({ profile: profileFile({ oauth: 'flow = "app"' }) });
  const made = await certificateMaker(desk);
  await store(desk, (profile) => ({ certificate: made(profile) }));
  const { exitCode, grant, warnings } = await json(desk);
  assert.deepEqual([exitCode, grant], [77, "unknown"]);
  assert.match(JSON.stringify(warnings), /certificate_not_accepted[^]*Upload certificate/);
  await store(desk, (profile) => ({ certificate: made(profile, { acceptedAtMs: desk.nowMs }) }));
  assert.equal((await json(desk))["grant"], "usable");
});

Deno.test("status tells of a clock that was wrong at the last refresh", async () => {
  await using desk = await withGrant(profileFile(), { clockSkewMs: 3 * 3_600_000 });
  const { exitCode, warnings } = await json(desk);
  assert.equal(exitCode, 0);
  const [warning] = warnings as Record<string, string>[];
  assert.equal(warning?.["code"], "clock_wrong");
  assert.match(warning?.["message"] ?? "", /3 hours ahead of the provider's/);
});

Deno.test("status of an app does not mind what a person signed in for, or for other settings", async () => {
  await using desk = await openDesk({
    profile: profileFile({ oauth: 'flow = "app"\nclient_secret = "very~secret"' }),
  });
  await store(desk, (profile) => ({
    grant: grantOf(profile, { refusedAtMs: desk.nowMs, refusedWith: "AADSTS50173" }),
  }));
  assert.equal((await json(desk))["grant"], "usable");
  await store(desk, (profile) => ({
    grant: grantOf(profile, { binding: { ...bindingOf(profile), clientId: "another" } }),
  }));
  assert.deepEqual(await json(desk), {
    exitCode: 0,
    profile: "plant",
    flow: "app",
    grant: "usable",
    warnings: [],
  });
});

/** Certificates as `cert new` makes them on the desk's day. */
async function certificateMaker(
  desk: Desk,
): Promise<(profile: Profile, change?: Partial<StoredCertificate>) => StoredCertificate> {
  const [privateKey = "", certificate = ""] = await Promise.all(
    ["key.der", "certificate.der"].map(async (name) =>
      toBase64(await Deno.readFile(new URL(`../vault/certificates/${name}`, import.meta.url)))
    ),
  );
  return (profile, change = {}) => ({
    binding: bindingOf(profile),
    privateKey,
    certificate,
    madeAtMs: desk.nowMs,
    expiresAtMs: desk.nowMs + 700 * DAY_MS,
    ...change,
  });
}

Deno.test("status calls a sign-in usable whose token has no stated end, as a send does", async () => {
  await using desk = await openDesk({ profile: profileFile() });
  await store(desk, (of) => {
    const { accessTokenExpiresAtMs: _end, refreshToken: _token, ...grant } = grantOf(of);
    return { grant };
  });
  const { exitCode, grant } = await json(desk);
  assert.deepEqual({ exitCode, grant }, { exitCode: 0, grant: "usable" });
});
