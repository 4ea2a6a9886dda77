// Hands out an access token, and gets a new one when it must. The invariants: the refresh token in use is
// always the newest; of many processes one asks the provider and the others wait and read what it got; a
// refusal never deletes anything.

import { Failure } from "../base/failure.ts";
import type { World } from "../base/world.ts";
import type { OauthClient, Tokens } from "../oauth/token_endpoint.ts";
import type { Transcript } from "../oauth/transcript.ts";
import type { OauthProfile, Profile } from "../profile/profile.ts";
import { bindingOf, boundGrant, type Grant, withSecrets } from "./content.ts";
import { type Credential, credentialsOf } from "./credential.ts";
import type { Underway } from "./leftover.ts";
import type { Vault } from "./vault.ts";

export type AccessWorld = Pick<World, "env" | "nowMs" | "fetch" | "keepSecret">;

export interface AccessOptions {
  readonly vault: Vault;
  readonly world: AccessWorld;
  readonly transcript?: Transcript;
  /** An access token that a server has just refused: only another one will do. */
  readonly refused?: string;
  /** Ask the provider even if the stored token is good. */
  readonly isForced?: boolean;
}

const REQUEST_TIMEOUT_MS = 30_000;
/** Renewed when less than this or a tenth of its life is left, whichever is shorter. */
const RENEWAL_MARGIN_MS = 300_000;
/** Ten years: a provider's absurd figure must still be a date. */
const LONGEST_LIFE_SECONDS = 315_360_000;

/**
 * A grant whose access token can be used now; refreshed and stored if need be.
 * @throws {Failure} `oauth.*`, `vault.*`, `net.*`, `file.io`
 */
export async function usableGrant(
  profile: Profile,
  oauth: OauthProfile,
  options: AccessOptions,
): Promise<Grant> {
  const { world, vault, isForced } = options;
  const startedMs = world.nowMs();
  const atFirst = keep(grantOrFail(await vault.read(), profile), world);
  if (isForced !== true && isUsable(atFirst, options)) return atFirst;

  const underway = (): Underway => ({ profile: profile.name, atMs: world.nowMs() });
  return await vault.update(async (content, save) => {
    const grant = keep(grantOrFail(content, profile), world);
    // While this process waited for the lock another one may have done the work.
    const isNewer = grant.accessToken !== atFirst.accessToken ||
      grant.accessTokenIssuedAtMs > startedMs;
    if (isUsable(grant, options) && (isForced !== true || isNewer)) return grant;
    const isStillGood = isForced !== true && grant.accessToken !== options.refused &&
      (grant.accessTokenExpiresAtMs ?? 0) > world.nowMs();
    if (grant.refreshToken === undefined) {
      if (isStillGood) return grant;
      throw noRefreshToken(profile);
    }

    let tokens: Tokens;
    try {
      // No signal: Ctrl-C between the answer and its storing would cost a rotated refresh token.
      const { refreshTokens } = await import("../oauth/token_endpoint.ts");
      const [credential] = await credentialsOf(profile, oauth, { content, world });
      const tokenEndpoint = oauth.tokenEndpoint ?? grant.tokenEndpoint ?? "";
      const client = tokenClient(oauth, { credential, tokenEndpoint });
      tokens = await refreshTokens(client, grant.refreshToken, {
        fetch: world.fetch,
        timeoutMs: REQUEST_TIMEOUT_MS,
        ...(options.transcript === undefined ? {} : { transcript: options.transcript }),
      });
    } catch (cause) {
      if (!(cause instanceof Failure)) throw cause;
      const failure = withInterruption(cause, grant);
      if (failure.code === "oauth.grant_expired") {
        const refused = { ...grant, refusedAtMs: world.nowMs(), refusedWith: failure.message };
        // The refusal is the news; a disk that cannot take the mark must not hide it.
        await save(withSecrets(content, profile.name, { grant: refused })).catch(() => {});
      }
      // Whatever ails the provider or the grant, the mail server still takes the token at hand.
      if (isStillGood) return grant;
      throw failure;
    }
    const renewed = keep(renewedGrant(grant, tokens, world.nowMs()), world);
    await save(withSecrets(content, profile.name, { grant: renewed }));
    return renewed;
  }, { underway });
}

/** The grant that a sign-in gave. */
export function newGrant(
  profile: Profile,
  tokens: Tokens,
  at: { readonly nowMs: number; readonly scope: string; readonly tokenEndpoint?: string },
): Grant {
  return {
    binding: bindingOf(profile),
    ...(at.tokenEndpoint === undefined || at.tokenEndpoint === profile.oauth?.tokenEndpoint
      ? {}
      : { tokenEndpoint: at.tokenEndpoint }),
    ...(tokens.account === undefined ? {} : { account: tokens.account }),
    scope: tokens.scope ?? at.scope,
    ...accessPart(tokens, at.nowMs),
    ...(tokens.refreshToken === undefined ? {} : {
      refreshToken: tokens.refreshToken,
      refreshTokenIssuedAtMs: at.nowMs,
      refreshTokenLastUsedAtMs: at.nowMs,
    }),
  };
}

/** What the token endpoint is to be told of a profile's client. */
export function tokenClient(
  oauth: OauthProfile,
  at: { readonly credential: Credential; readonly tokenEndpoint: string },
): OauthClient {
  const { clientId, clientAuth, scope } = oauth;
  const { credential, tokenEndpoint } = at;
  return {
    clientId,
    clientAuth,
    tokenEndpoint,
    scope,
    ...(credential.kind === "secret" ? { clientSecret: credential.value } : {}),
    ...(credential.kind === "certificate" ? { certificate: credential.certificate } : {}),
  };
}

/** Whether the access token is to be used as it is, without asking the provider. */
export function isFresh(grant: Grant, nowMs: number): boolean {
  const { accessTokenExpiresAtMs: endMs, accessTokenIssuedAtMs: startMs } = grant;
  // Without a stated end nobody knows; the mail server will say when it is over.
  if (endMs === undefined) return true;
  // A clock that was set back since would make an old token look fresh for longer than it lived.
  if (nowMs < startMs) return false;
  return endMs - nowMs > Math.min(RENEWAL_MARGIN_MS, (endMs - startMs) / 10);
}

function isUsable(grant: Grant, options: AccessOptions): boolean {
  return grant.accessToken !== options.refused && isFresh(grant, options.world.nowMs());
}

function renewedGrant(grant: Grant, tokens: Tokens, nowMs: number): Grant {
  const {
    refusedAtMs: _at,
    refusedWith: _with,
    interruptedAtMs: _interrupted,
    accessTokenExpiresAtMs: _end,
    ...kept
  } = grant;
  return {
    ...kept,
    ...(tokens.account === undefined ? {} : { account: tokens.account }),
    ...(tokens.scope === undefined ? {} : { scope: tokens.scope }),
    ...accessPart(tokens, nowMs),
    // Microsoft rotates, Google does not and then sends none: the old one stays.
    ...(tokens.refreshToken === undefined ? {} : {
      refreshToken: tokens.refreshToken,
      refreshTokenIssuedAtMs: nowMs,
    }),
    refreshTokenLastUsedAtMs: nowMs,
  };
}

function accessPart(
  tokens: Tokens,
  nowMs: number,
): Pick<Grant, "accessToken" | "accessTokenIssuedAtMs" | "accessTokenExpiresAtMs"> {
  return {
    accessToken: tokens.accessToken,
    accessTokenIssuedAtMs: nowMs,
    ...(tokens.expiresInSeconds === undefined ? {} : {
      accessTokenExpiresAtMs: nowMs +
        Math.min(tokens.expiresInSeconds, LONGEST_LIFE_SECONDS) * 1000,
    }),
  };
}

function grantOrFail(content: Parameters<typeof boundGrant>[0], profile: Profile): Grant {
  const grant = boundGrant(content, profile);
  if (grant !== undefined) return grant;
  throw new Failure("oauth.grant_missing", `nobody has signed in for profile "${profile.name}"`, {
    remedy: 'run "plantpost login"',
  });
}

// The one gap that no order of writing closes: the provider has replaced the refresh token, and the process
// died before it could store the new one. A provider that detects reuse (RFC 9700 §4.14.2) then ends the grant.
function withInterruption(failure: Failure, grant: Grant): Failure {
  if (failure.code !== "oauth.grant_expired" || grant.interruptedAtMs === undefined) return failure;
  const began = new Date(grant.interruptedAtMs).toISOString();
  return new Failure(
    failure.code,
    `${failure.message}; a refresh that began at ${began} was cut off before its answer could be stored`,
    {
      remedy:
        'sign in again: run "plantpost login"; the process was killed or the PC lost power in ' +
        "the moment in which the provider replaced the refresh token, and the new one is lost",
      retry: failure.retry,
      ...(failure.refusal === undefined ? {} : { refusal: failure.refusal }),
      cause: failure.cause,
    },
  );
}

function noRefreshToken(profile: Profile): Failure {
  return new Failure(
    "oauth.grant_expired",
    `the sign-in of profile "${profile.name}" has ended: the provider gave no refresh token`,
    { remedy: 'add offline_access to oauth.scope, then run "plantpost login"' },
  );
}

function keep(grant: Grant, world: Pick<World, "keepSecret">): Grant {
  world.keepSecret(grant.accessToken);
  if (grant.refreshToken !== undefined) world.keepSecret(grant.refreshToken);
  return grant;
}
