// One checked profile of the file as a `Profile`: provider's defaults filled in, paths absolute, durations
// in milliseconds. Runs only on a file without errors.

import type { KeyValues } from "./key_values.ts";
import {
  CHUNKINGS,
  CLIENT_AUTHS,
  FLOWS,
  INITIAL_RESPONSES,
  type ProfileKey,
  TRANSPORTS,
} from "./keys.ts";
import type { OauthProfile, Profile, SecretSource } from "./profile.ts";
import { type ProviderValues, providerValues } from "./provider_values.ts";
import { PROVIDERS } from "./providers.ts";
import { profileSection, type Section, sure } from "./section.ts";

interface Context {
  readonly values: ProviderValues;
  /** Makes a path of the file absolute. */
  readonly resolve: (path: string) => string;
}

export function buildProfile(
  all: KeyValues,
  options: { readonly name: string; readonly resolve: Context["resolve"] },
): Profile {
  const profile = profileSection(all, options.name);
  const values = sure(providerValues(profile));
  const context = { values, resolve: options.resolve };
  const label = profile.text("label");
  const user = profile.text("user") ?? "";
  const senderName = profile.text("sender.name");
  const oauth = buildOauth(profile, context);
  return {
    name: options.name,
    ...(label === undefined ? {} : { label }),
    provider: values.provider,
    ...(values.tenant === undefined ? {} : { tenant: values.tenant }),
    user,
    sender: {
      ...(senderName === undefined ? {} : { name: senderName }),
      address: profile.text("sender.address") ?? user,
    },
    ...(oauth === undefined ? {} : { oauth }),
    smtp: buildSmtp(profile, context),
    transport: sure(profile.choice("send.transport", TRANSPORTS)),
    limits: { messagesPerMinute: values.messagesPerMinute, connections: values.connections },
  };
}

function buildSmtp(
  profile: Section<ProfileKey>,
  { values, resolve }: Context,
): Profile["smtp"] {
  const caFile = profile.text("smtp.ca_file");
  const proxy = profile.text("smtp.proxy");
  return {
    host: sure(values.host),
    port: values.port,
    tls: values.tls,
    auth: values.auth,
    initialResponse: sure(profile.choice("smtp.initial_response", INITIAL_RESPONSES)),
    chunking: sure(profile.choice("smtp.chunking", CHUNKINGS)),
    ...(caFile === undefined ? {} : { caFile: resolve(caFile) }),
    ...(proxy === undefined ? {} : { proxy }),
    timeoutMs: sure(profile.number("smtp.timeout")),
    allowCleartext: profile.flag("smtp.allow_cleartext"),
  };
}

/** Undefined where no OAuth is needed and the file does not say enough for it. */
function buildOauth(
  profile: Section<ProfileKey>,
  { values, resolve }: Context,
): OauthProfile | undefined {
  const clientId = profile.text("oauth.client_id");
  const { authorizationEndpoint, tokenEndpoint, deviceEndpoint } = values;
  // The others' endpoints are known.
  const issuer = values.provider === "custom" ? profile.text("oauth.issuer") : undefined;
  if (clientId === undefined) return undefined;
  if (tokenEndpoint === undefined && issuer === undefined) return undefined;
  const expires = profile.text("oauth.client_secret_expires");
  const certificateFile = profile.text("oauth.certificate_file");
  const proxy = profile.text("oauth.proxy");
  return {
    flow: sure(profile.choice("oauth.flow", FLOWS)),
    clientId,
    redirectUri: sure(profile.text("oauth.redirect_uri")),
    clientAuth: sure(profile.choice("oauth.client_auth", CLIENT_AUTHS)),
    clientSecret: secretSource(profile, resolve),
    ...(expires === undefined ? {} : { clientSecretExpires: expires }),
    ...(certificateFile === undefined ? {} : { certificateFile: resolve(certificateFile) }),
    ...(authorizationEndpoint === undefined ? {} : { authorizationEndpoint }),
    ...(tokenEndpoint === undefined ? {} : { tokenEndpoint }),
    ...(deviceEndpoint === undefined ? {} : { deviceEndpoint }),
    ...(proxy === undefined ? {} : { proxy }),
    ...(issuer === undefined ? {} : { issuer }),
    scope: values.scope,
    authorizationExtras: authorizationExtras(values, profile.text("user") ?? ""),
  };
}

function secretSource(
  profile: Section<ProfileKey>,
  resolve: Context["resolve"],
): SecretSource {
  const name = profile.text("oauth.client_secret_env");
  if (name !== undefined) return { from: "env", name };
  const path = profile.text("oauth.client_secret_file");
  if (path !== undefined) return { from: "file", path: resolve(path) };
  const value = profile.text("oauth.client_secret");
  return value === undefined ? { from: "vault" } : { from: "profile", value };
}

function authorizationExtras(values: ProviderValues, user: string): Record<string, string> {
  const extras: Record<string, string> = {};
  for (const [name, value] of Object.entries(PROVIDERS[values.provider].authorizationExtras)) {
    if (value !== "{user}") extras[name] = value;
    else if (user !== "") extras[name] = user;
  }
  // OpenID Connect Core §11: offline_access is to be ignored without prompt=consent.
  const asksOffline = values.scope.split(" ").includes("offline_access");
  if (values.provider === "custom" && asksOffline) extras["prompt"] = "consent";
  return extras;
}
