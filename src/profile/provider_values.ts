// A profile's endpoints, scope, host, port and limits: what the file says, else what its provider says.
// The rules and the finished profile both ask here, so that they judge the same values.

import { AUTHS, FLOWS, type ProfileKey, TLS_MODES } from "./keys.ts";
import type { OauthProfile, ProviderName, SmtpProfile } from "./profile.ts";
import { PROVIDER_NAMES, PROVIDERS } from "./providers.ts";
import { type Section, sure } from "./section.ts";

export interface ProviderValues {
  readonly provider: ProviderName;
  readonly auth: SmtpProfile["auth"];
  readonly needsOauth: boolean;
  /** Undefined where the file's value was refused. */
  readonly flow: OauthProfile["flow"] | undefined;
  readonly tenant?: string;
  /** Undefined where neither file nor provider has one, or where the tenant for it is not known. */
  readonly authorizationEndpoint: string | undefined;
  readonly tokenEndpoint: string | undefined;
  readonly deviceEndpoint: string | undefined;
  readonly scope: string;
  readonly host: string | undefined;
  readonly port: number;
  readonly tls: SmtpProfile["tls"];
  readonly messagesPerMinute: number;
  readonly connections: number;
}

/** The values of the file first; undefined when the provider itself is missing or was refused. */
export function providerValues(profile: Section<ProfileKey>): ProviderValues | undefined {
  const name = profile.choice("provider", PROVIDER_NAMES);
  if (name === undefined) return undefined;
  const provider = PROVIDERS[name];
  const tenant = profile.text("tenant") ?? provider.tenant;
  const auth = sure(profile.choice("smtp.auth", AUTHS));
  const tls = profile.choice("smtp.tls", TLS_MODES);
  const port = profile.number("smtp.port") ?? portFor(tls) ?? provider.smtpPort;
  const host = profile.text("smtp.host") ?? provider.smtpHost;
  const flow = profile.choice("oauth.flow", FLOWS);
  const scope = flow === "app" ? provider.appScope ?? "" : provider.scope;
  return {
    provider: name,
    auth,
    flow,
    needsOauth: auth === "xoauth2" || auth === "oauthbearer" || auth === "auto",
    ...(tenant === undefined ? {} : { tenant }),
    authorizationEndpoint: profile.text("oauth.authorization_endpoint") ??
      fillTenant(provider.authorizationEndpoint, tenant),
    tokenEndpoint: profile.text("oauth.token_endpoint") ??
      fillTenant(provider.tokenEndpoint, tenant),
    deviceEndpoint: profile.text("oauth.device_endpoint") ??
      fillTenant(provider.deviceEndpoint, tenant),
    scope: profile.text("oauth.scope") ?? scope,
    host: host?.replace(/^\[(.*)\]$/, "$1"),
    port,
    tls: tls ?? (port === 465 ? "implicit" : "starttls"),
    messagesPerMinute: profile.number("limits.messages_per_minute") ?? provider.messagesPerMinute,
    connections: profile.number("limits.connections") ?? provider.connections,
  };
}

/** The endpoint with the tenant in the place of `{t}`; undefined when one of the two is not known. */
export function fillTenant(
  endpoint: string | undefined,
  tenant: string | undefined,
): string | undefined {
  if (endpoint?.includes("{t}") !== true) return endpoint;
  return tenant === undefined ? undefined : endpoint.replace("{t}", encodeURIComponent(tenant));
}

function portFor(tls: SmtpProfile["tls"] | undefined): number | undefined {
  if (tls === undefined) return undefined;
  return tls === "implicit" ? 465 : 587;
}
