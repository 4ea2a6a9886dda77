// What a token response makes of a grant, and how long its access token is to be used. The invariants: a refresh
// token is replaced only by a newer one; and nothing is guessed that the provider did not say.

import type { World } from "../base/world.ts";
import type { Tokens } from "../oauth/token_endpoint.ts";
import type { Profile } from "../profile/profile.ts";
import { bindingOf, type Grant } from "./content.ts";

/**
 * A provider that asks for more is asked again all the same; a moment beyond it is from before the clock was set back.
 */
export const LONGEST_PAUSE_MS = 3_600_000;

/**
 * Renewed when less than this or a quarter of its life is left, whichever is shorter: some servers refuse a token
 * that ends within ten minutes (Exchange's high volume e-mail: 501 5.5.127).
 */
const RENEWAL_MARGIN_MS = 660_000;
/** So much earlier at most, by chance: forty PCs that started together must not ask together for ever. */
const MOST_JITTER = 0.5;
/** Ten years: a provider's absurd figure must still be a date. */
const LONGEST_LIFE_SECONDS = 315_360_000;

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
      ...refreshEnd(tokens, at.nowMs),
    }),
  };
}

/** The grant after a refresh: what told of trouble is over. */
export function renewedGrant(grant: Grant, tokens: Tokens, nowMs: number): Grant {
  const {
    refusedAtMs: _at,
    refusedWith: _with,
    refusal: _refusal,
    askAgainAtMs: _again,
    askAgainWith: _words,
    interruptedAtMs: _interrupted,
    accessTokenExpiresAtMs: _end,
    refreshTokenExpiresAtMs: refreshEndMs,
    ...kept
  } = grant;
  const isSameToken = tokens.refreshToken === undefined ||
    tokens.refreshToken === grant.refreshToken;
  return {
    ...kept,
    ...(tokens.account === undefined ? {} : { account: tokens.account }),
    ...(tokens.scope === undefined ? {} : { scope: tokens.scope }),
    ...accessPart(tokens, nowMs),
    ...(isSameToken && refreshEndMs !== undefined ? { refreshTokenExpiresAtMs: refreshEndMs } : {}),
    ...refreshEnd(tokens, nowMs),
    // Microsoft rotates, Google does not and then sends none: the old one stays.
    ...(tokens.refreshToken === undefined ? {} : {
      refreshToken: tokens.refreshToken,
      refreshTokenIssuedAtMs: nowMs,
    }),
    refreshTokenLastUsedAtMs: nowMs,
  };
}

/**
 * Whether the access token is to be used as it is, without asking the provider; `random` is from 0 to 1 and makes
 * the moment another one for each process.
 */
export function isFresh(grant: Grant, nowMs: number, random: () => number = () => 0): boolean {
  const { accessTokenExpiresAtMs: endMs, accessTokenIssuedAtMs: startMs } = grant;
  // Without a stated end nobody knows; the mail server will say when it is over.
  if (endMs === undefined) return true;
  // A clock that was set back since would make an old token look fresh for longer than it lived.
  if (nowMs < startMs) return false;
  const marginMs = Math.min(RENEWAL_MARGIN_MS, (endMs - startMs) / 4);
  const leftMs = endMs - nowMs;
  if (leftMs > marginMs * (1 + MOST_JITTER)) return true;
  return leftMs > marginMs * (1 + MOST_JITTER * random());
}

/** Whether the mail server still takes the access token, as far as anybody can know. */
export function isAlive(grant: Grant, nowMs: number): boolean {
  return (grant.accessTokenExpiresAtMs ?? 0) > nowMs;
}

/** A fraction from 0 to 1. */
export function randomFraction(world: Pick<World, "randomBytes">): number {
  const [high = 0, low = 0] = world.randomBytes(2);
  return (high * 256 + low) / 65_536;
}

function accessPart(
  tokens: Tokens,
  nowMs: number,
): Pick<Grant, "accessToken" | "accessTokenIssuedAtMs" | "accessTokenExpiresAtMs"> {
  return {
    accessToken: tokens.accessToken,
    accessTokenIssuedAtMs: nowMs,
    ...(tokens.expiresInSeconds === undefined
      ? {}
      : { accessTokenExpiresAtMs: endOf(tokens.expiresInSeconds, nowMs) }),
  };
}

function refreshEnd(tokens: Tokens, nowMs: number): Pick<Grant, "refreshTokenExpiresAtMs"> {
  const { refreshTokenExpiresInSeconds: seconds } = tokens;
  return seconds === undefined ? {} : { refreshTokenExpiresAtMs: endOf(seconds, nowMs) };
}

function endOf(seconds: number, nowMs: number): number {
  return nowMs + Math.min(seconds, LONGEST_LIFE_SECONDS) * 1000;
}
