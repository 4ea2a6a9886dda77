// Requests to the token endpoint (RFC 6749 §4.1.3, §6), split into sending and interpreting. The invariant:
// the provider's own words are never thrown away, and only `error` and the HTTP status decide about retry
// (Microsoft asks for that; numbers and texts may change).

import * as oauth from "oauth4webapi";
import { fromBase64 } from "../base/base64.ts";
import { Failure } from "../base/failure.ts";
import type { World } from "../base/world.ts";
import { refusedToken } from "./refusal.ts";
import { transcribeRequest, transcribeResponse, type Transcript } from "./transcript.ts";

/** What the token endpoint must know of the client. */
export interface OauthClient {
  readonly clientId: string;
  /** Absent for a public client; it must then not be sent (AADSTS700025). */
  readonly clientSecret?: string;
  readonly clientAuth: "post" | "basic";
  readonly tokenEndpoint: string;
  readonly scope: string;
}

export interface TokenRequestOptions {
  readonly fetch: World["fetch"];
  readonly timeoutMs: number;
  readonly transcript?: Transcript;
  readonly signal?: AbortSignal;
}

/** A token response (RFC 6749 §5.1), as far as the program uses it. */
export interface Tokens {
  readonly accessToken: string;
  /** Absent when the provider gave none; then it is not guessed. */
  readonly expiresInSeconds?: number;
  readonly refreshToken?: string;
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
  options: TokenRequestOptions,
): Promise<Tokens> {
  const parts = library(client);
  // The listener has checked `state`; the library wants to see that the parameters went through a check.
  const checked = oauth.validateAuthResponse(
    parts.server,
    parts.client,
    new URLSearchParams({ code: grant.code }),
    oauth.expectNoState,
  );
  const response = await send(client, options, (common) =>
    oauth.authorizationCodeGrantRequest(
      parts.server,
      parts.client,
      parts.authentication,
      checked,
      grant.redirectUri,
      grant.codeVerifier,
      { ...common, additionalParameters: { scope: client.scope } },
    ));
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
  options: TokenRequestOptions,
): Promise<Tokens> {
  const parts = library(client);
  const response = await send(
    client,
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
  if (!response.ok || body === undefined || typeof body["error"] === "string") {
    throw refusedToken({
      doing: options.doing,
      endpoint: client.tokenEndpoint,
      status: response.status,
      retryAfter: response.headers.get("retry-after"),
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
    return {
      accessToken: tokens.access_token,
      ...(tokens.expires_in === undefined ? {} : { expiresInSeconds: tokens.expires_in }),
      ...(tokens.refresh_token === undefined ? {} : { refreshToken: tokens.refresh_token }),
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

// Some providers send odd values for what they do not give, or leave `token_type` out. To refuse the answer for
// that would throw a rotated refresh token away.
function withoutOddOptions(body: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { expires_in: life, refresh_token: refreshToken, scope, token_type: type, ...rest } = body;
  const seconds = Number(life ?? NaN);
  return {
    ...rest,
    token_type: type ?? "Bearer",
    ...(seconds > 0 && Number.isFinite(seconds) ? { expires_in: seconds } : {}),
    ...(typeof refreshToken === "string" && refreshToken !== ""
      ? { refresh_token: refreshToken }
      : {}),
    ...(typeof scope === "string" && scope !== "" ? { scope } : {}),
  };
}

interface CommonOptions {
  readonly [oauth.allowInsecureRequests]: boolean;
  readonly [oauth.customFetch]: typeof fetch;
  readonly signal: AbortSignal;
}

async function send(
  client: OauthClient,
  options: TokenRequestOptions,
  request: (common: CommonOptions) => Promise<Response>,
): Promise<Response> {
  const timeout = AbortSignal.timeout(options.timeoutMs);
  const signal = options.signal === undefined
    ? timeout
    : AbortSignal.any([timeout, options.signal]);
  try {
    const response = await request({
      // The profile has refused plain http but to loopback.
      [oauth.allowInsecureRequests]: true,
      [oauth.customFetch]: async (input, init) => {
        options.transcript?.("C", transcribeRequest(client.tokenEndpoint, init?.body));
        return await options.fetch(input, init);
      },
      signal,
    });
    // Read here, where a connection that breaks in the middle of the body is told from a bug.
    await response.clone().text();
    return response;
  } catch (cause) {
    if (options.signal?.aborted === true) throw options.signal.reason;
    if (cause instanceof Failure) throw cause; // the way there could not be chosen
    const { unreachable } = await import("./unreachable.ts");
    throw await unreachable({
      endpoint: client.tokenEndpoint,
      fetch: options.fetch,
      cause,
      ...(timeout.aborted ? { timeoutMs: options.timeoutMs } : {}),
    });
  }
}

function library(client: OauthClient): {
  readonly server: oauth.AuthorizationServer;
  readonly client: oauth.Client;
  readonly authentication: oauth.ClientAuth;
} {
  const { clientSecret } = client;
  const withSecret = client.clientAuth === "basic"
    ? oauth.ClientSecretBasic
    : oauth.ClientSecretPost;
  return {
    server: { issuer: new URL(client.tokenEndpoint).origin, token_endpoint: client.tokenEndpoint },
    client: { client_id: client.clientId },
    authentication: clientSecret === undefined ? oauth.None() : withSecret(clientSecret),
  };
}

/** The account that an ID token names (OpenID Connect Core §5.1), unverified: good for a message only. */
export function accountOf(idToken: unknown): string | undefined {
  if (typeof idToken !== "string") return undefined;
  const octets = fromBase64(idToken.split(".")[1] ?? "");
  if (octets === undefined) return undefined;
  const claims = parseObject(new TextDecoder().decode(octets));
  for (const name of ["preferred_username", "upn", "email"]) {
    const value = claims?.[name];
    if (typeof value === "string" && value !== "") return value;
  }
  return undefined;
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? value as Record<string, unknown>
      : undefined;
  } catch {
    return undefined; // an HTML page of a proxy, or nothing: told by status and type instead
  }
}
