// Rules between keys, run after each key was judged by itself. Every error names the keys it is about by
// their full paths; a rule whose keys were already refused keeps silent.

import { nearest } from "../base/nearest.ts";
import { isAddress, isLoopbackHost } from "./formats.ts";
import type { KeyValues } from "./key_values.ts";
import type { ProfileKey } from "./keys.ts";
import { type Problems, REDACTED, showValue } from "./problems.ts";
import { type ProviderValues, providerValues } from "./provider_values.ts";
import { PROVIDER_NAMES, PROVIDERS } from "./providers.ts";
import { globalSection, profileSection, type Section } from "./section.ts";

const NOTHING = "nothing";
const SECRET_KEYS = [
  "oauth.client_secret",
  "oauth.client_secret_env",
  "oauth.client_secret_file",
] as const satisfies readonly ProfileKey[];

/** What each flow asks of a service of which nothing is known. */
const NEEDED_ENDPOINTS = {
  code: ["oauth.authorization_endpoint", "oauth.token_endpoint"],
  device: ["oauth.token_endpoint", "oauth.device_endpoint"],
  app: ["oauth.token_endpoint"],
} as const satisfies Readonly<Record<string, readonly ProfileKey[]>>;

/** Adds what is wrong between keys of the whole file. */
export function checkRules(all: KeyValues, problems: Problems): void {
  const global = globalSection(all);
  const { profiles } = all;
  if (profiles.length === 0 && (!all.present.has("profiles") || problems.count === 0)) {
    problems.add("profiles", {
      must: "hold at least one profile, a table such as [profiles.plant]",
      found: "none",
    });
  }
  const wanted = global.text("default_profile");
  if (wanted !== undefined && profiles.length > 0 && !profiles.includes(wanted)) {
    const meant = nearest(wanted, profiles);
    problems.add("default_profile", {
      must: `name one of the profiles (${profiles.join(", ")})`,
      found: showValue(wanted) + (meant === undefined ? "" : `: did you mean "${meant}"?`),
    });
  }
  for (const name of profiles) checkProfile(profileSection(all, name), problems);
  const [certificate, key] = ["relay.tls_cert_file", "relay.tls_key_file"] as const;
  for (const [one, other] of [[certificate, key], [key, certificate]] as const) {
    if (global.isSet(one) && !global.isSet(other)) {
      problems.add(other, { must: `be set beside ${one}`, found: NOTHING });
    }
  }
}

function checkProfile(profile: Section<ProfileKey>, problems: Problems): void {
  if (!profile.isSet("provider")) {
    const choices = PROVIDER_NAMES.map((name) => `"${name}"`).join(", ");
    problems.add(profile.path("provider"), { must: `be set to one of ${choices}`, found: NOTHING });
  }
  const values = providerValues(profile);
  // With an unknown way to sign in nobody can say what is missing for it.
  if (values !== undefined && !profile.isBroken("smtp.auth")) {
    checkTenant(profile, { values, problems });
    checkUser(profile, { values, problems });
    if (values.needsOauth) checkOauth(profile, { values, problems });
  }
  checkSecrets(profile, problems);
  if (values !== undefined) checkSmtp(profile, { values, problems });
}

interface Context {
  readonly values: ProviderValues;
  readonly problems: Problems;
}

function checkTenant(profile: Section<ProfileKey>, { values, problems }: Context): void {
  const isNeeded = values.needsOauth && PROVIDERS[values.provider].isMicrosoft &&
    values.tenant === undefined && !profile.isSet("tenant");
  const endpoints = NEEDED_ENDPOINTS[values.flow ?? "code"];
  if (!isNeeded || endpoints.every((key) => profile.isSet(key))) return;
  const paths = endpoints.map((key) => profile.path(key));
  problems.add(profile.path("tenant"), {
    must: "be set to the directory (tenant) ID or a domain of the tenant (or else " +
      `${paths.length > 1 ? "both " : ""}${paths.join(" and ")})`,
    found: NOTHING,
  });
}

function checkUser(profile: Section<ProfileKey>, { values, problems }: Context): void {
  const user = profile.text("user");
  const senderPath = profile.path("sender.address");
  if (!profile.isSet("user") && values.auth !== "none") {
    problems.add(profile.path("user"), {
      must: "be set to the account that signs in",
      found: NOTHING,
    });
    return;
  }
  if (profile.isBroken("user")) return;
  if (values.needsOauth && user !== undefined && !isAddress(user)) {
    problems.add(profile.path("user"), {
      must: "be the address of an account, such as reports@contoso.com",
      found: showValue(user),
    });
    return;
  }
  if (profile.isSet("sender.address") || (user !== undefined && isAddress(user))) return;
  problems.add(senderPath, {
    must: `be set where ${profile.path("user")} is ${
      user === undefined ? "not set" : "no address"
    }`,
    found: NOTHING,
  });
}

function checkOauth(profile: Section<ProfileKey>, { values, problems }: Context): void {
  const isMicrosoft = PROVIDERS[values.provider].isMicrosoft;
  if (!profile.isSet("oauth.client_id")) {
    problems.add(profile.path("oauth.client_id"), {
      must: isMicrosoft
        ? "be set to the application (client) ID of the app registration"
        : "be set to the client ID of the registered application",
      found: NOTHING,
    });
  }
  if (values.provider === "custom") checkCustomEndpoints(profile, { values, problems });
  if (values.flow === "app") checkApp(profile, { values, problems });
  if (values.flow === "device") checkDevice(profile, { values, problems });
  // An unqualified name is taken for Microsoft Graph's, and Exchange refuses that token (535 5.7.3).
  const bare = values.scope.split(" ").find((scope) => /^smtp\.send$/i.test(scope));
  if (isMicrosoft && bare !== undefined) {
    problems.add(profile.path("oauth.scope"), {
      must: `name the resource in full, such as ${PROVIDERS[values.provider].scope}`,
      found: showValue(bare),
    });
  }
}

/** An issuer can be asked for all of them. */
function checkCustomEndpoints(
  profile: Section<ProfileKey>,
  { values, problems }: Context,
): void {
  if (profile.isSet("oauth.issuer")) return;
  for (const key of NEEDED_ENDPOINTS[values.flow ?? "code"]) {
    if (profile.isSet(key)) continue;
    const why = `${profile.path("provider")} is "custom" (or set ${profile.path("oauth.issuer")})`;
    problems.add(profile.path(key), { must: `be set: ${why}`, found: NOTHING });
  }
}

/** Google gives no device the mail scope, and Yahoo has no such flow. */
function checkDevice(profile: Section<ProfileKey>, { values, problems }: Context): void {
  const { provider } = values;
  if (provider === "custom" || PROVIDERS[provider].deviceEndpoint !== undefined) return;
  problems.add(profile.path("oauth.flow"), {
    must:
      `be "code" where ${
        profile.path("provider")
      } is "${provider}", which lets no device sign in for mail ` +
      '("plantpost login --no-browser" signs in on another PC)',
    found: '"device"',
  });
}

/** Flow `app` signs in without a person, which not every service has. */
function checkApp(profile: Section<ProfileKey>, { values, problems }: Context): void {
  const { appScope, deviceEndpoint, isMicrosoft } = PROVIDERS[values.provider];
  if (appScope === undefined) {
    problems.add(profile.path("oauth.flow"), {
      must:
        `be "code"${deviceEndpoint === undefined ? "" : ' or "device"'} where ${
          profile.path("provider")
        } is "${values.provider}", ` +
        "which lets no program sign in without a person",
      found: '"app"',
    });
    return;
  }
  if (!isMicrosoft) return;
  const tenant = profile.text("tenant") ?? "";
  if (/^(?:common|organizations|consumers)$/i.test(tenant)) {
    problems.add(profile.path("tenant"), {
      must: 'be the directory (tenant) ID or a domain of the tenant where oauth.flow is "app"',
      found: showValue(tenant),
    });
  }
  const scope = profile.text("oauth.scope");
  if (scope !== undefined && !/^\S+\/\.default$/.test(scope)) {
    problems.add(profile.path("oauth.scope"), {
      must: `be one resource with "/.default" where oauth.flow is "app", such as ${appScope}`,
      found: showValue(scope),
    });
  }
}

function checkSecrets(profile: Section<ProfileKey>, problems: Problems): void {
  const [first, ...others] = SECRET_KEYS.filter((key) => profile.isSet(key));
  if (first === undefined) return;
  for (const other of others) {
    problems.add(profile.path(other), {
      must: `not be set beside ${profile.path(first)}`,
      found: "both",
    });
  }
  if (profile.isSet("oauth.certificate_file")) {
    problems.add(profile.path("oauth.certificate_file"), {
      must: `not be set beside ${profile.path(first)}`,
      found: "both",
    });
  }
  const secret = profile.text("oauth.client_secret") ?? "";
  const isGuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(secret);
  if (isGuid) {
    problems.add(profile.path("oauth.client_secret"), {
      must: "be the Value of the client secret and not its Secret ID, which has the form of a GUID",
      found: REDACTED,
    });
  }
}

function checkSmtp(profile: Section<ProfileKey>, { values, problems }: Context): void {
  if (values.host === undefined && !profile.isSet("smtp.host")) {
    problems.add(profile.path("smtp.host"), {
      must: `be set: ${profile.path("provider")} is "custom"`,
      found: NOTHING,
    });
  }
  if (values.tls !== "none" || values.host === undefined || isLoopbackHost(values.host)) return;
  const isBroken = (["smtp.host", "smtp.auth", "smtp.allow_cleartext"] as const)
    .some((key) => profile.isBroken(key));
  if (isBroken) return;
  const host = `${profile.path("smtp.host")} ${showValue(values.host)}`;
  if (!profile.flag("smtp.allow_cleartext")) {
    problems.add(profile.path("smtp.tls"), {
      must: `be "starttls" or "implicit", for ${host} is not on this PC (${
        profile.path("smtp.allow_cleartext")
      } = true permits "none" where ${profile.path("smtp.auth")} is "none")`,
      found: '"none"',
    });
  } else if (values.auth !== "none") {
    problems.add(profile.path("smtp.auth"), {
      must: `be "none" where ${profile.path("smtp.tls")} is "none" and ${host} is not on this PC ` +
        "(a token or password would be readable on the network)",
      found: showValue(values.auth),
    });
  }
}
