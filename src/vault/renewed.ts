// What becomes of a grant when the provider was asked: the new tokens are stored, or why there are none. The
// invariants: only what the catalogue calls the end of a sign-in marks the grant; nothing is ever taken out of it; and
// a disk that cannot take the mark does not hide the news.

import { Failure } from "../base/failure.ts";
import { withClock } from "./clock.ts";
import { type Grant, type VaultContent, withSecrets } from "./content.ts";
import { afterUse } from "./credential.ts";
import { newGrant, renewedGrant } from "./grant.ts";
import { renew, type Renewal, type RenewalRequest } from "./renewal.ts";

export interface Keeping {
  /** What does as well if nothing comes. */
  readonly spare: Grant | undefined;
  readonly save: (next: VaultContent) => Promise<void>;
}

/**
 * The renewed grant, or the one to use instead.
 * @throws {Failure} `oauth.*`, `net.*`, `file.io`; the signal's reason
 */
export async function renewUnderLock(request: RenewalRequest, keeping: Keeping): Promise<Grant> {
  const { content, profile, world, signal } = request;
  const { spare, save } = keeping;
  let renewal: Renewal;
  try {
    renewal = await renew(request);
  } catch (failure) {
    if (spare !== undefined && failure instanceof Failure && signal?.aborted !== true) return spare;
    throw failure;
  }
  if (renewal.kind === "failure") return await refusedGrant(renewal, { request, keeping });
  const { tokens } = renewal;
  world.keepSecret(tokens.accessToken);
  if (tokens.refreshToken !== undefined) world.keepSecret(tokens.refreshToken);
  const renewed = withHeard(grantOf(renewal, request), renewal);
  const used = { credential: renewal.credential, nowMs: world.nowMs() };
  await save(withSecrets(afterUse(content, profile, used), profile.name, { grant: renewed }));
  return renewed;
}

function grantOf(
  { tokens, tokenEndpoint }: Extract<Renewal, { kind: "tokens" }>,
  { grant, oauth, profile, world }: RenewalRequest,
): Grant {
  const nowMs = world.nowMs();
  if (oauth.flow === "app" || grant === undefined) {
    // A refresh token that comes with it is none to keep: the next one is fetched like this one.
    const { refreshToken: _none, ...own } = tokens;
    return newGrant(profile, own, { nowMs, scope: oauth.scope, tokenEndpoint });
  }
  const renewed = renewedGrant(grant, tokens, nowMs);
  return tokenEndpoint === oauth.tokenEndpoint ? renewed : { ...renewed, tokenEndpoint };
}

async function refusedGrant(
  renewal: Extract<Renewal, { kind: "failure" }>,
  { request, keeping }: { readonly request: RenewalRequest; readonly keeping: Keeping },
): Promise<Grant> {
  const { content, grant, profile, world } = request;
  const { save, spare } = keeping;
  const skewMs = renewal.clockSkewMs;
  const hasCertificate = renewal.credential.kind === "certificate";
  const failure = withClock(withInterruption(renewal.failure, grant), { skewMs, hasCertificate });
  if (grant !== undefined) {
    const marked = await markedGrant(withHeard(grant, renewal), {
      renewal,
      failure,
      nowMs: world.nowMs(),
    });
    // The refusal is the news; a disk that cannot take the mark must not hide it.
    if (!isSame(marked, grant)) {
      await save(withSecrets(content, profile.name, { grant: marked })).catch(() => {});
    }
  }
  if (spare !== undefined) return spare;
  throw failure;
}

async function markedGrant(
  grant: Grant,
  of: {
    readonly renewal: Extract<Renewal, { kind: "failure" }>;
    readonly failure: Failure;
    readonly nowMs: number;
  },
): Promise<Grant> {
  const { failure, nowMs, renewal } = of;
  const { refusal: _before, ...others } = grant;
  const said = failure.refusal === undefined ? others : { ...others, refusal: failure.refusal };
  if (await isDead(failure)) {
    return { ...said, refusedAtMs: nowMs, refusedWith: failure.message };
  }
  const { pauseMs } = renewal;
  if (pauseMs === undefined || pauseMs <= 0) return grant;
  const told = grant.refusedAtMs === undefined ? said : grant; // the end of a sign-in is worth more than a pause
  return { ...told, askAgainAtMs: nowMs + pauseMs, askAgainWith: failure.message };
}

/** Whether the provider has ended the sign-in: by `error`, unless its number says that something else is wrong. */
export async function isDead({ code, refusal }: Failure): Promise<boolean> {
  if (code !== "oauth.grant_expired" || refusal === undefined) return false;
  const { findEntry } = await import("../catalogue/find.ts");
  return (findEntry(refusal)?.retry ?? "after-login") === "after-login";
}

function withHeard(grant: Grant, { clockSkewMs }: Renewal): Grant {
  const { clockSkewMs: _before, ...others } = grant;
  return clockSkewMs === undefined ? others : { ...others, clockSkewMs };
}

// A skew that differs by what an answer is under way is no news that is worth a write.
function isSame(one: Grant, other: Grant): boolean {
  return one.refusedAtMs === other.refusedAtMs && one.askAgainAtMs === other.askAgainAtMs &&
    Math.abs((one.clockSkewMs ?? 0) - (other.clockSkewMs ?? 0)) < 60_000;
}

// The one gap that no order of writing closes: the provider has replaced the refresh token, and the process
// died before it could store the new one. A provider that detects reuse (RFC 9700 §4.14.2) then ends the grant.
function withInterruption(failure: Failure, grant: Grant | undefined): Failure {
  if (failure.code !== "oauth.grant_expired" || grant?.interruptedAtMs === undefined) {
    return failure;
  }
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
