// Where a provider's endpoints are: in the profile, or in the metadata of its issuer (OpenID Connect Discovery 1.0
// §4, RFC 8414). The invariant: metadata counts only when it names the very issuer that was asked, and what the
// profile says itself comes before it.

import * as oauth from "oauth4webapi";
import { Failure } from "../base/failure.ts";
import { providerRequest, type ProviderRequestOptions } from "./provider_request.ts";

export interface Endpoints {
  readonly authorizationEndpoint?: string;
  readonly tokenEndpoint: string;
  readonly deviceEndpoint?: string;
}

/** What the profile says of them; without a token endpoint it names an issuer. */
export interface KnownEndpoints extends Partial<Endpoints> {
  readonly issuer?: string;
}

/**
 * The endpoints of the profile, completed by those of its issuer where it has one.
 * @throws {Failure} `oauth.protocol`, `oauth.temporary`, `net.*`
 */
export async function endpointsOf(
  known: KnownEndpoints,
  options: ProviderRequestOptions & {
    /** What the flow needs beside the token endpoint. */
    readonly needs?: "authorizationEndpoint" | "deviceEndpoint";
  },
): Promise<Endpoints> {
  const { issuer, tokenEndpoint, authorizationEndpoint, deviceEndpoint } = known;
  const isComplete = tokenEndpoint !== undefined &&
    (options.needs === undefined || known[options.needs] !== undefined);
  if (issuer === undefined || isComplete) return ownEndpoints(known);
  const found = await discover(issuer, options);
  return {
    ...found,
    ...(tokenEndpoint === undefined ? {} : { tokenEndpoint }),
    ...(authorizationEndpoint === undefined ? {} : { authorizationEndpoint }),
    ...(deviceEndpoint === undefined ? {} : { deviceEndpoint }),
  };
}

function ownEndpoints(known: KnownEndpoints): Endpoints {
  const { tokenEndpoint, authorizationEndpoint, deviceEndpoint } = known;
  if (tokenEndpoint === undefined) throw new Error("a profile has a token endpoint or an issuer");
  return {
    tokenEndpoint,
    ...(authorizationEndpoint === undefined ? {} : { authorizationEndpoint }),
    ...(deviceEndpoint === undefined ? {} : { deviceEndpoint }),
  };
}

async function discover(issuer: string, options: ProviderRequestOptions): Promise<Endpoints> {
  const url = new URL(issuer);
  const place = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  const response = await providerRequest(
    place,
    options,
    (common) => oauth.discoveryRequest(url, common),
  );
  options.transcript?.("S", `HTTP ${response.status}`);
  const at = { place, status: response.status };
  if (response.status === 429 || response.status >= 500) throw noMetadata("oauth.temporary", at);
  let metadata: oauth.AuthorizationServer;
  try {
    metadata = await oauth.processDiscoveryResponse(url, response);
  } catch (cause) {
    throw noMetadata("oauth.protocol", { ...at, cause });
  }
  const { token_endpoint: tokenEndpoint } = metadata;
  if (tokenEndpoint === undefined) {
    throw noMetadata("oauth.protocol", { ...at, cause: "it names no token_endpoint" });
  }
  const { authorization_endpoint: page, device_authorization_endpoint: device } = metadata;
  return {
    tokenEndpoint: checked(tokenEndpoint, at),
    ...(page === undefined ? {} : { authorizationEndpoint: checked(page, at) }),
    ...(device === undefined ? {} : { deviceEndpoint: checked(device, at) }),
  };
}

// Secrets go there: what the profile may not name the metadata may not either.
function checked(
  endpoint: string,
  at: { readonly place: string; readonly status: number },
): string {
  const url = URL.parse(endpoint);
  const isLocal = url !== null && /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
  if (url?.protocol === "https:" || (url?.protocol === "http:" && isLocal)) return endpoint;
  throw noMetadata("oauth.protocol", { ...at, cause: `it names the endpoint "${endpoint}"` });
}

function noMetadata(
  code: "oauth.temporary" | "oauth.protocol",
  at: { readonly place: string; readonly status: number; readonly cause?: unknown },
): Failure {
  const { cause, place, status } = at;
  const words = cause instanceof Error ? cause.message : cause;
  const why = typeof words === "string" ? `: ${words}` : "";
  return new Failure(
    code,
    `failed to find the provider's endpoints: ${place} answered HTTP ${status}${why}`,
    {
      remedy: code === "oauth.temporary"
        ? "nothing is lost: try again in a few minutes"
        : "check oauth.issuer in the profile; it is written exactly as the provider's metadata writes it",
      ...(cause instanceof Error ? { cause } : {}),
    },
  );
}
