// Hands out an access token, and gets a new one when it must. The invariants: the refresh token in use is
// always the newest; of many processes one asks the provider and the others wait and read what it got; a
// refusal never deletes anything.

import { Failure } from "../base/failure.ts";
import type { Transcript } from "../oauth/transcript.ts";
import type { OauthProfile, Profile } from "../profile/profile.ts";
import { boundGrant, type Grant, type VaultContent } from "./content.ts";
import { isAlive, isFresh, LONGEST_PAUSE_MS, randomFraction } from "./grant.ts";
import type { Underway } from "./leftover.ts";
import type { RenewalWorld } from "./renewal.ts";
import type { Vault } from "./vault.ts";

export type AccessWorld = RenewalWorld;

export interface AccessOptions {
  readonly vault: Pick<Vault, "read" | "update">;
  readonly world: AccessWorld;
  readonly transcript?: Transcript;
  /** An access token that a server has just refused: only another one will do. */
  readonly refused?: string;
  /** Ask the provider even if the stored token is good, or the provider would not be asked yet. */
  readonly isForced?: boolean;
  /** Ends waiting: for other processes, and between two requests. A request that is under way is waited for. */
  readonly signal?: AbortSignal;
  /** Says that a token would be of no use any more: trouble is then not met again. */
  readonly inVain?: AbortSignal;
  /**
   * Takes work that must end before the process does. Without it a renewal ahead of need is waited for; with it only
   * for a moment, and the token at hand is used while the renewal goes on.
   */
  readonly finishLater?: (work: Promise<unknown>) => void;
}

/** So long a mail waits for a token that it could do without. */
const EARLY_PATIENCE_MS = 1_000;
/** So long a provider in trouble is asked again while a mail waits, whose sender can come back by itself. */
const PATIENCE_MS = 5_000;
/** The same where nobody waits: a refresh that the task scheduler runs comes back in a week. */
const FORCED_PATIENCE_MS = 10_000;
/** So long a refusal stands before the provider is asked again: some count them. */
export const REFUSAL_STANDS_MS = 600_000;

type Decision =
  | { readonly kind: "use"; readonly grant: Grant }
  | { readonly kind: "fail"; readonly failure: Failure }
  /** `spare` is what does as well if nothing comes. */
  | { readonly kind: "ask"; readonly spare?: Grant };

/**
 * A grant whose access token can be used now; renewed and stored if need be.
 * @throws {Failure} `oauth.*`, `vault.*`, `net.*`, `file.io`; the signal's reason
 */
export async function usableGrant(
  profile: Profile,
  oauth: OauthProfile,
  options: AccessOptions,
): Promise<Grant> {
  const { world, vault, signal } = options;
  const startedMs = world.nowMs();
  const atFirst = storedGrant(await vault.read(), { profile, oauth, world });
  const decision = decide(atFirst, { profile, oauth, options });
  if (decision.kind === "use") return decision.grant;
  if (decision.kind === "fail") throw decision.failure;

  const { spare } = decision;
  if (spare === undefined || options.finishLater === undefined) return await renewed(signal);
  return await renewedSoon(renewed, { ...options, spare, finishLater: options.finishLater });

  async function renewed(lockSignal: AbortSignal | undefined): Promise<Grant> {
    const underway = (): Underway => ({ profile: profile.name, atMs: world.nowMs() });
    return await vault.update(async (content, save) => {
      const grant = storedGrant(content, { profile, oauth, world });
      // While this process waited for the lock another one may have done the work.
      const isForced = options.isForced === true && !hasNews(grant, { atFirst, startedMs });
      const now = decide(grant, { profile, oauth, options: { ...options, isForced } });
      if (now.kind === "use") return now.grant;
      if (now.kind === "fail") throw now.failure;
      const { renewUnderLock } = await import("./renewed.ts");
      return await renewUnderLock({
        profile,
        oauth,
        content,
        grant,
        world,
        startedMs,
        patienceMs: now.spare === undefined ? isForced ? FORCED_PATIENCE_MS : PATIENCE_MS : 0,
        transcript: options.transcript,
        signal,
        inVain: options.inVain,
      }, {
        spare: now.spare,
        save,
      });
    }, {
      // What is fetched anew each time cannot be lost.
      ...(oauth.flow === "app" ? {} : { underway }),
      ...(lockSignal === undefined ? {} : { signal: lockSignal }),
    });
  }
}

/** What `renewed` gives, or the spare where that takes long; then it goes on alone, and waits for no other process. */
async function renewedSoon(
  renewed: (signal: AbortSignal) => Promise<Grant>,
  at: {
    readonly spare: Grant;
    readonly world: AccessWorld;
    readonly signal?: AbortSignal;
    readonly finishLater: (work: Promise<unknown>) => void;
  },
): Promise<Grant> {
  const { finishLater, signal, spare, world } = at;
  const isOver = new AbortController();
  const isLate = new AbortController();
  const work = renewed(
    signal === undefined ? isLate.signal : AbortSignal.any([signal, isLate.signal]),
  );
  finishLater(work.catch(() => {}));
  const late = world.sleep(EARLY_PATIENCE_MS, isOver.signal).then(() => {
    isLate.abort(new Failure("vault.locked", "another plantpost asks for the token"));
    return spare;
  }, () => work);
  late.catch(() => {});
  try {
    return await Promise.race([work, late]);
  } finally {
    isOver.abort();
  }
}

interface Deciding {
  readonly profile: Profile;
  readonly oauth: OauthProfile;
  readonly options: AccessOptions;
}

function decide(grant: Grant | undefined, { profile, oauth, options }: Deciding): Decision {
  const { isForced = false, refused, world } = options;
  if (grant === undefined) return { kind: "ask" }; // in flow app nobody has to sign in
  const nowMs = world.nowMs();
  const isTaken = grant.accessToken !== refused;
  if (!isForced && isTaken && isFresh(grant, nowMs, () => randomFraction(world))) {
    return { kind: "use", grant };
  }
  const failure = oauth.flow !== "app" && grant.refreshToken === undefined
    ? noRefreshToken(profile)
    : isForced
    ? undefined
    : heldBack(grant, nowMs);
  const spare = !isForced && isTaken && isAlive(grant, nowMs) ? { spare: grant } : {};
  // Whatever ails the provider or the grant, the mail server still takes the token at hand.
  if (failure === undefined) return { kind: "ask", ...spare };
  return "spare" in spare ? { kind: "use", grant: spare.spare } : { kind: "fail", failure };
}

/** What the provider said not long ago, and stands by. */
function heldBack(grant: Grant, nowMs: number): Failure | undefined {
  const { refusedAtMs, refusedWith = "", askAgainAtMs, askAgainWith = "", refusal } = grant;
  const said = refusal === undefined ? {} : { refusal };
  // A moment that is still to come is from before the clock was set back: nobody knows how long ago it was.
  if (
    refusedAtMs !== undefined && refusedAtMs <= nowMs && nowMs - refusedAtMs < REFUSAL_STANDS_MS
  ) {
    return new Failure(
      "oauth.grant_expired",
      `${refusedWith} (that was at ${instant(refusedAtMs)}; the provider is asked again from ` +
        `${instant(refusedAtMs + REFUSAL_STANDS_MS)} on, or at once by "plantpost refresh")`,
      said,
    );
  }
  const pauseMs = (askAgainAtMs ?? 0) - nowMs;
  if (askAgainAtMs === undefined || pauseMs <= 0 || pauseMs > LONGEST_PAUSE_MS) return undefined;
  return new Failure(
    "oauth.temporary",
    `${askAgainWith} (the provider is asked again from ${
      instant(askAgainAtMs)
    } on, or at once by ` +
      '"plantpost refresh")',
    { ...said, remedy: `nothing is lost: try again after ${instant(askAgainAtMs)}` },
  );
}

function hasNews(
  grant: Grant | undefined,
  since: { readonly atFirst: Grant | undefined; readonly startedMs: number },
): boolean {
  const { atFirst, startedMs } = since;
  if (grant === undefined) return false;
  return grant.accessToken !== atFirst?.accessToken || grant.accessTokenIssuedAtMs > startedMs ||
    grant.refusedAtMs !== atFirst.refusedAtMs || grant.askAgainAtMs !== atFirst.askAgainAtMs;
}

/** The profile's grant; in flow `app` undefined where there is none that is the app's. */
function storedGrant(
  content: VaultContent,
  of: { readonly profile: Profile; readonly oauth: OauthProfile; readonly world: AccessWorld },
): Grant | undefined {
  const { profile, oauth, world } = of;
  if (oauth.flow === "app") {
    const grant = appGrant(content, profile);
    return grant === undefined ? undefined : keep(grant, world);
  }
  const grant = boundGrant(content, profile);
  if (grant !== undefined) return keep(grant, world);
  throw new Failure("oauth.grant_missing", `nobody has signed in for profile "${profile.name}"`, {
    remedy: 'run "plantpost login"',
  });
}

/**
 * What an app has; a grant with a refresh token is a person's. One for other settings is of no use, and no loss: the
 * app gets a new one, and proves itself with a credential that is bound as well.
 */
export function appGrant(content: VaultContent, profile: Profile): Grant | undefined {
  try {
    const grant = boundGrant(content, profile);
    return grant?.refreshToken === undefined ? grant : undefined;
  } catch (failure) {
    if (failure instanceof Failure && failure.code === "vault.binding") return undefined;
    throw failure;
  }
}

function noRefreshToken(profile: Profile): Failure {
  return new Failure(
    "oauth.grant_expired",
    `the sign-in of profile "${profile.name}" has ended: the provider gave no refresh token`,
    { remedy: 'add offline_access to oauth.scope, then run "plantpost login"' },
  );
}

function keep(grant: Grant, world: AccessWorld): Grant {
  world.keepSecret(grant.accessToken);
  if (grant.refreshToken !== undefined) world.keepSecret(grant.refreshToken);
  return grant;
}

function instant(ms: number): string {
  return new Date(ms).toISOString();
}
