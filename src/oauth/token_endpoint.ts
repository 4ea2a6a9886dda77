// Requests to the token endpoint (RFC 6749 §4.1.3, §6), split into sending and interpreting. The invariant:
// the provider's own words are never thrown away, and only `error` and the HTTP status decide about retry
// (Microsoft asks for that; numbers and texts may change).

import * as oauth from "oauth4webapi";
import { fromBase64 } from "../base/base64.ts";
import { Failure } from "../base/failure.ts";
import { certificateAuthentication } from "./assertion.ts";
import { providerRequest, type ProviderRequestOptions } from "./provider_request.ts";
import { refusedToken } from "./refusal.ts";
import { clean } from "./token_claims.ts";
import { transcribeResponse, type Transcript } from "./transcript.ts";

/** What the token endpoint must know of the client. */
export interface OauthClient {
  readonly clientId: string;
  /** Absent for a public client; it must then not be sent (AADSTS700025). */
  readonly clientSecret?: string;
  /** Proves who the client is instead of a secret (RFC 7523 §2.2). */
  readonly certificate?: ClientCertificate;
  readonly clientAuth: "post" | "basic";
  readonly tokenEndpoint: string;
  readonly scope: string;
  /** This PC's clock minus the provider's, where it is known; an assertion is dated by the provider's. */
  readonly clockSkewMs?: number;
}

export interface ClientCertificate {
  /** RSASSA-PKCS1-v1_5, RSA-PSS or ECDSA with SHA-256; it decides about the JWT's `alg`. */
  readonly privateKey: CryptoKey;
  /** SHA-256 of the certificate's DER, base64url: the JWT's `x5t#S256` (RFC 7515 §4.1.8). */
  readonly thumbprint: string;
  /** Whom the assertion is for: the provider's issuer where the profile names it, else the token endpoint. */
  readonly audience?: string;
}

/** A token response (RFC 6749 §5.1), as far as the program uses it. */
export interface Tokens {
  readonly accessToken: string;
  /** Absent when the provider gave none; then it is not guessed. */
  readonly expiresInSeconds?: number;
  readonly refreshToken?: string;
  /** Absent where the refresh token has no end, or none that the provider tells. */
  readonly refreshTokenExpiresInSeconds?: number;
  readonly scope?: string;
  /** The signed-in account by the ID token: `preferred_username`, `upn` or `email`. */
  readonly account?: string;
}

/**
 * Redeems an authorization code (RFC 6749 §4.1.3, RFC 7636 §4.5).
 * @throws {Failure} `oauth.*`, `net.*`
 */
export async function redeemCode(
  client: OauthClient,
  grant: { readonly code: string; readonly redirectUri: string; readonly codeVerifier: string },
  options: ProviderRequestOptions,
): Promise<Tokens> {
  const parts = library(client);
  // The listener has checked `state`; the library wants to see that the parameters went through a check.
  const checked = oauth.validateAuthResponse(
    parts.server,
    parts.client,
    new URLSearchParams({ code: grant.code }),
    oauth.expectNoState,
  );
  const response = await providerRequest(
    client.tokenEndpoint,
    options,
    (common) =>
      oauth.authorizationCodeGrantRequest(
        parts.server,
        parts.client,
        parts.authentication,
        checked,
        grant.redirectUri,
        grant.codeVerifier,
        { ...common, additionalParameters: { scope: client.scope } },
      ),
  );
  return await interpretTokens(client, response, {
    doing: "sign in",
    transcript: options.transcript,
  });
}

/**
 * Asks for a new access token (RFC 6749 §6). `scope` is sent along: Microsoft refuses without (AADSTS900144).
 * @throws {Failure} `oauth.*`, `net.*`
 */
export async function refreshTokens(
  client: OauthClient,
  refreshToken: string,
  options: ProviderRequestOptions,
): Promise<Tokens> {
  const parts = library(client);
  const response = await providerRequest(
    client.tokenEndpoint,
    options,
    (common) =>
      oauth.refreshTokenGrantRequest(
        parts.server,
        parts.client,
        parts.authentication,
        refreshToken,
        {
          ...common,
          additionalParameters: { scope: client.scope },
        },
      ),
  );
  return await interpretTokens(client, response, {
    doing: "refresh the access token",
    transcript: options.transcript,
  });
}

/**
 * Fetches an access token for the application itself (RFC 6749 §4.4): nobody signs in, and no refresh token comes.
 * @throws {Failure} `oauth.*`, `net.*`
 */
export async function clientCredentialsTokens(
  client: OauthClient,
  options: ProviderRequestOptions,
): Promise<Tokens> {
  const parts = library(client);
  const response = await providerRequest(
    client.tokenEndpoint,
    options,
    (common) =>
      oauth.clientCredentialsGrantRequest(
        parts.server,
        parts.client,
        parts.authentication,
        client.scope === "" ? {} : { scope: client.scope },
        common,
      ),
  );
  return await interpretTokens(client, response, {
    doing: "fetch an access token",
    transcript: options.transcript,
  });
}

/**
 * Reads a token response of any status.
 * @throws {Failure} `oauth.*`
 */
export async function interpretTokens(
  client: OauthClient,
  response: Response,
  options: { readonly doing: string; readonly transcript?: Transcript | undefined },
): Promise<Tokens> {
  const text = await response.text();
  const body = parseObject(text);
  options.transcript?.("S", transcribeResponse(response.status, body, text.length));
  if (!response.ok || body === undefined || isRefusal(body)) {
    throw refusedToken({
      doing: options.doing,
      endpoint: client.tokenEndpoint,
      status: response.status,
      retryAfter: response.headers.get("retry-after"),
      date: response.headers.get("date"),
      contentType: response.headers.get("content-type") ?? "",
      body,
    });
  }
  // The ID token only tells whose mailbox this is. Were its dates or issuer checked here, a wrong PC clock
  // would throw a rotated refresh token away; the library therefore does not get to see it.
  const { id_token: idToken, ...rest } = withoutOddOptions(body);
  const parts = library(client);
  try {
    const tokens = await oauth.processRefreshTokenResponse(
      parts.server,
      parts.client,
      Response.json(rest),
    );
    const account = accountOf(idToken);
    const refreshLife = refreshLifeOf(body);
    return {
      accessToken: tokens.access_token,
      ...(tokens.expires_in === undefined ? {} : { expiresInSeconds: tokens.expires_in }),
      ...(tokens.refresh_token === undefined ? {} : { refreshToken: tokens.refresh_token }),
      ...(refreshLife === undefined ? {} : { refreshTokenExpiresInSeconds: refreshLife }),
      ...(tokens.scope === undefined ? {} : { scope: tokens.scope }),
      ...(account === undefined ? {} : { account }),
    };
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause);
    throw new Failure(
      "oauth.protocol",
      `cannot ${options.doing}: ${client.tokenEndpoint} gave an answer that is no token response: ${words}`,
      {
        remedy:
          "check oauth.token_endpoint in the profile; --verbose shows the answer without its secrets",
      },
    );
  }
}

// Some providers send an empty `error` along with the tokens.
function isRefusal({ error }: Readonly<Record<string, unknown>>): boolean {
  return typeof error === "string" && error !== "";
}

// No standard names it: Google's word first (604800 while the app is in testing mode), then Keycloak's, in which 0
// is no end at all.
function refreshLifeOf(body: Readonly<Record<string, unknown>>): number | undefined {
  for (const name of ["refresh_token_expires_in", "refresh_expires_in"]) {
    const seconds = Number(body[name] ?? NaN);
    if (seconds > 0 && Number.isFinite(seconds)) return seconds;
  }
  return undefined;
}

// Some providers send odd values for what they do not give, or leave `token_type` out. To refuse the answer for
// that would throw a rotated refresh token away.
function withoutOddOptions(body: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { expires_in: life, refresh_token: refreshToken, scope, token_type: type, ...rest } = body;
  const seconds = Number(life ?? NaN);
  return {
    ...rest,
    token_type: type === "" ? "Bearer" : type ?? "Bearer",
    ...(seconds > 0 && Number.isFinite(seconds) ? { expires_in: seconds } : {}),
    ...(typeof refreshToken === "string" && refreshToken !== ""
      ? { refresh_token: refreshToken }
      : {}),
    ...(typeof scope === "string" && scope !== "" ? { scope } : {}),
  };
}

/** The client and its server as the library wants them. */
export function library(client: OauthClient): {
  readonly server: oauth.AuthorizationServer;
  readonly client: oauth.Client;
  readonly authentication: oauth.ClientAuth;
} {
  return {
    server: { issuer: new URL(client.tokenEndpoint).origin, token_endpoint: client.tokenEndpoint },
    client: {
      client_id: client.clientId,
      ...(client.clockSkewMs === undefined
        ? {}
        : { [oauth.clockSkew]: -Math.round(client.clockSkewMs / 1000) }),
    },
    authentication: authenticationOf(client),
  };
}

function authenticationOf(client: OauthClient): oauth.ClientAuth {
  const { certificate, clientSecret, clientAuth } = client;
  if (certificate !== undefined) return certificateAuthentication({ ...client, certificate });
  if (clientSecret === undefined) return oauth.None();
  return clientAuth === "basic"
    ? oauth.ClientSecretBasic(clientSecret)
    : oauth.ClientSecretPost(clientSecret);
}

/** The account that an ID token names (OpenID Connect Core §5.1), unverified: good for a message only. */
export function accountOf(idToken: unknown): string | undefined {
  if (typeof idToken !== "string") return undefined;
  const octets = fromBase64(idToken.split(".")[1] ?? "");
  if (octets === undefined) return undefined;
  const claims = parseObject(new TextDecoder().decode(octets));
  for (const name of ["preferred_username", "upn", "email"]) {
    const value = clean(claims?.[name]);
    if (value !== "") return value;
  }
  return undefined;
}

export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? value as Record<string, unknown>
      : undefined;
  } catch {
    return undefined; // an HTML page of a proxy, or nothing: told by status and type instead
  }
}
