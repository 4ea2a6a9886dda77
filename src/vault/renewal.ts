// Asks the provider for a new access token, with patience. The invariants: a request that is under way is waited for,
// for its answer may be the only one with the new refresh token; what may pass by itself is never taken for the end
// of a grant; and all waiting together is bounded, because others wait for the vault meanwhile.

import { Failure } from "../base/failure.ts";
import type { World } from "../base/world.ts";
import { endpointsOf } from "../oauth/endpoints.ts";
import type { ProviderRequestOptions } from "../oauth/provider_request.ts";
import { clientCredentialsTokens, refreshTokens, type Tokens } from "../oauth/token_endpoint.ts";
import type { Transcript } from "../oauth/transcript.ts";
import type { OauthProfile, Profile } from "../profile/profile.ts";
import { skewOf } from "./clock.ts";
import type { Grant, VaultContent } from "./content.ts";
import { type Credential, credentialsOf, withCredential } from "./credential.ts";
import { LONGEST_PAUSE_MS, randomFraction } from "./grant.ts";
import { tokenClient } from "./token_client.ts";

export type RenewalWorld = Pick<
  World,
  "env" | "nowMs" | "fetch" | "keepSecret" | "sleep" | "randomBytes"
>;

export interface RenewalRequest {
  readonly profile: Profile;
  readonly oauth: OauthProfile;
  readonly content: VaultContent;
  /** What is stored; absent only in flow `app`, which needs nothing of it. */
  readonly grant: Grant | undefined;
  readonly world: RenewalWorld;
  /** Whoever asks has waited since then; it counts. */
  readonly startedMs: number;
  /** For how long trouble that may pass is met again; 0 is a single try. */
  readonly patienceMs: number;
  readonly transcript?: Transcript | undefined;
  /** Ends a wait between two requests. */
  readonly signal?: AbortSignal | undefined;
  /** Says that a token would be of no use any more: the request under way is then the last one. */
  readonly inVain?: AbortSignal | undefined;
}

/** What was heard of the provider, whether it gave tokens or not. */
export interface Heard {
  /** This PC's clock minus the provider's, where they differ; as stored where nothing was heard. */
  readonly clockSkewMs: number | undefined;
  /** The credential that was used last. */
  readonly credential: Credential;
}

export type Renewal =
  | (Heard & {
    readonly kind: "tokens";
    readonly tokens: Tokens;
    readonly tokenEndpoint: string;
  })
  | (Heard & {
    readonly kind: "failure";
    readonly failure: Failure;
    /** So long nobody need ask again; absent where the failure does not pass by itself. */
    readonly pauseMs?: number;
  });

const REQUEST_TIMEOUT_MS = 30_000;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 4_000;
/** After the patience is used up: whoever comes in the next moments has nothing better to find out. */
const PAUSE_AFTER_MS = 10_000;

/**
 * Asks once, and again while it is worth while.
 * @throws {Failure} where nothing can be asked: `oauth.secret_missing`, `vault.binding`; the signal's reason
 */
export async function renew(request: RenewalRequest): Promise<Renewal> {
  const { profile, oauth, content, world, startedMs, signal, inVain } = request;
  const both = AbortSignal.any([signal, inVain].filter((one) => one !== undefined));
  const credentials = await credentialsOf(profile, oauth, { content, world });
  if (oauth.flow === "app" && credentials[0].kind === "none") throw nothingToProve(profile);
  const asking = new Asking(request, credentials);
  let waitedMs = 0;
  for (let count = 0;; count++) {
    signal?.throwIfAborted();
    const outcome = await asking.once();
    if (outcome.kind === "tokens" || !mayPass(outcome.failure)) return outcome;
    const { pauseMs } = outcome.failure;
    const waitMs = nextWaitMs(count, { pauseMs, random: randomFraction(world) });
    // By the clock, and by what was waited for where somebody has set the clock meanwhile.
    const spentMs = Math.max(waitedMs, world.nowMs() - startedMs);
    if (spentMs + waitMs > request.patienceMs) return { ...outcome, ...pauseOf(pauseMs, request) };
    request.transcript?.(
      "*",
      `${outcome.failure.message}; asking again in ${Math.round(waitMs)} ms`,
    );
    try {
      await world.sleep(waitMs, both);
    } catch (reason) {
      if (inVain?.aborted !== true || signal?.aborted === true) throw reason;
    }
    if (inVain?.aborted === true) return outcome;
    waitedMs += waitMs;
  }
}

/** Twice as long each time, give or take a half: of many that were refused together not all come back together. */
export function nextWaitMs(
  count: number,
  { pauseMs, random }: { readonly pauseMs: number | undefined; readonly random: number },
): number {
  if (pauseMs !== undefined) return pauseMs + FIRST_WAIT_MS * random;
  return Math.min(FIRST_WAIT_MS * 2 ** count, LONGEST_WAIT_MS) * (0.5 + random);
}

/** Whether the failure may be gone in a moment. */
export function mayPass({ code, retry }: Failure): boolean {
  return retry === "later" && (code === "oauth.temporary" || code.startsWith("net."));
}

// With a token that is still good nobody is held up, so without the provider's wish there is nothing to keep.
function pauseOf(
  pauseMs: number | undefined,
  { patienceMs }: RenewalRequest,
): { readonly pauseMs?: number } {
  if (pauseMs !== undefined) return { pauseMs: Math.min(pauseMs, LONGEST_PAUSE_MS) };
  return patienceMs > 0 ? { pauseMs: PAUSE_AFTER_MS } : {};
}

/** One question after the other to one provider. */
class Asking {
  readonly #request: RenewalRequest;
  readonly #credentials: readonly [Credential, ...Credential[]];
  #credential: Credential;
  /** Of the last answer; absent where none came. */
  #status: number | undefined;
  #tokenEndpoint: string | undefined;
  #skewMs: number | undefined;

  constructor(
    request: RenewalRequest,
    credentials: readonly [Credential, ...Credential[]],
  ) {
    this.#request = request;
    this.#credentials = credentials;
    this.#credential = credentials[0];
    this.#skewMs = request.grant?.clockSkewMs;
    this.#tokenEndpoint = request.oauth.tokenEndpoint ?? request.grant?.tokenEndpoint;
  }

  async once(): Promise<Renewal> {
    try {
      const stored = this.#tokenEndpoint;
      const tokens = await this.#tokens().catch(async (failure) => {
        if (stored === undefined || !this.#hasMoved(failure)) throw failure;
        this.#tokenEndpoint = undefined;
        if (await this.#endpoint() === stored) throw failure;
        return await this.#tokens();
      });
      return { kind: "tokens", tokens, tokenEndpoint: await this.#endpoint(), ...this.#heard() };
    } catch (cause) {
      if (!(cause instanceof Failure)) throw cause;
      return { kind: "failure", failure: cause, ...this.#heard() };
    }
  }

  async #tokens(): Promise<Tokens> {
    const { grant, oauth } = this.#request;
    const tokenEndpoint = await this.#endpoint();
    const ask = async (credential: Credential): Promise<Tokens> => {
      const clockSkewMs = this.#skewMs;
      const client = tokenClient(oauth, { credential, tokenEndpoint, clockSkewMs });
      return oauth.flow === "app"
        ? await clientCredentialsTokens(client, this.#options())
        : await refreshTokens(client, grant?.refreshToken ?? "", this.#options());
    };
    const { result } = await withCredential(this.#credentials, async (credential) => {
      this.#credential = credential;
      const assumedMs = this.#skewMs;
      return await ask(credential).catch(async (failure) => {
        // What was signed by a wrong clock is signed once more by the clock that the refusal has shown.
        const isNews = differ(assumedMs, this.#skewMs);
        if (credential.kind !== "certificate" || !isNews || !isAboutClient(failure)) throw failure;
        return await ask(credential);
      });
    });
    return result;
  }

  /** Of the profile or of the grant; of the issuer where neither has one, or it is no longer there. */
  async #endpoint(): Promise<string> {
    this.#tokenEndpoint ??= (await endpointsOf(this.#request.oauth, this.#options())).tokenEndpoint;
    return this.#tokenEndpoint;
  }

  #hasMoved(failure: unknown): boolean {
    const { issuer, tokenEndpoint } = this.#request.oauth;
    if (issuer === undefined || tokenEndpoint !== undefined) return false;
    const status = this.#status;
    return status === 404 || status === 410 ||
      (failure instanceof Failure && failure.code === "net.unknown_host");
  }

  // No signal: Ctrl-C between the answer and its storing would cost a rotated refresh token.
  #options(): ProviderRequestOptions {
    const { world, transcript } = this.#request;
    this.#status = undefined;
    return {
      fetch: world.fetch,
      timeoutMs: REQUEST_TIMEOUT_MS,
      onAnswer: ({ status, headers }) => {
        this.#status = status;
        this.#skewMs = skewOf(headers.get("date"), world.nowMs());
      },
      ...(transcript === undefined ? {} : { transcript }),
    };
  }

  #heard(): Heard {
    return { credential: this.#credential, clockSkewMs: this.#skewMs };
  }
}

/** By more than answers are under way. */
function differ(oneMs = 0, otherMs = 0): boolean {
  return Math.abs(oneMs - otherMs) > 60_000;
}

function isAboutClient(failure: unknown): boolean {
  return failure instanceof Failure && failure.code === "oauth.client_refused";
}

function nothingToProve(profile: Profile): Failure {
  return new Failure(
    "oauth.secret_missing",
    `profile "${profile.name}" signs in as an app (oauth.flow = "app"), and has neither a certificate nor a client secret`,
    {
      remedy:
        'run "plantpost cert new" and upload what it makes, or run "plantpost secret set" with a client secret',
    },
  );
}
