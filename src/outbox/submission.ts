// A session with the mail server of a profile, signed in. The invariant: a token that the server refuses is
// renewed once and tried once more; a second refusal is the person's to mend, never a loop.

import { Failure } from "../base/failure.ts";
import type { Proxy } from "../base/proxy.ts";
import { readCertificates } from "../base/trust.ts";
import type { World } from "../base/world.ts";
import type { Transcript } from "../oauth/transcript.ts";
import type { OauthProfile, Profile } from "../profile/profile.ts";
import {
  type Credentials,
  openSession,
  type SessionOptions,
  type SmtpSession,
} from "../smtp/client.ts";
import type { Network } from "../smtp/network.ts";
import { usableGrant } from "../vault/access.ts";
import { boundSmtpPassword, type Grant } from "../vault/content.ts";
import type { Vault } from "../vault/vault.ts";
import { providerWorld } from "./provider_world.ts";

export interface SubmissionOptions {
  readonly vault: Vault;
  readonly world: Pick<
    World,
    "env" | "nowMs" | "fetch" | "keepSecret" | "systemProxy" | "sleep" | "randomBytes"
  >;
  readonly network: Network;
  readonly signal: AbortSignal;
  readonly transcript?: Transcript;
  readonly onWithoutDsn?: SessionOptions["onWithoutDsn"];
  /** Takes a renewal that no mail waits for; it must end before the process does. */
  readonly finishLater?: (work: Promise<unknown>) => void;
}

/**
 * Connects and signs in; the token is refreshed, if it must be, while the connection is being made.
 * @throws {Failure} `oauth.*`, `vault.*`, `smtp.*`, `net.*`
 */
export async function openSubmission(
  profile: Profile,
  options: SubmissionOptions,
): Promise<SmtpSession> {
  const { smtp } = profile;
  const caCerts = smtp.caFile === undefined ? [] : await readCertificates(smtp.caFile);
  const proxy = await proxyOf(profile, options);
  // Where the server cannot be reached nobody waits for a provider in trouble.
  const inVain = new AbortController();
  if (smtp.auth === "none") return await connect(() => Promise.resolve({ kind: "none" }));
  if (smtp.auth === "password") return await connect(() => passwordOf(profile, options));

  const mechanism = smtp.auth;
  const oauth = oauthOf(profile);
  const world = providerWorld(profile, {
    world: options.world,
    certificates: caCerts,
    transcript: options.transcript,
  });
  let goesOn: Promise<unknown> = Promise.resolve();
  using _end = { [Symbol.dispose]: () => void goesOn.then(() => world[Symbol.dispose]()) };
  const { finishLater } = options;
  const access = {
    vault: options.vault,
    world,
    signal: options.signal,
    ...(finishLater === undefined ? {} : {
      finishLater: (work: Promise<unknown>): void => finishLater(goesOn = work),
    }),
    ...(options.transcript === undefined ? {} : { transcript: options.transcript }),
  };
  let used: Grant | undefined;
  const present = (grant: Grant): Credentials => {
    used = grant;
    return { kind: "token", mechanism, user: profile.user, accessToken: grant.accessToken };
  };
  const grant = usableGrant(profile, oauth, { ...access, inVain: inVain.signal });
  try {
    return await connect(() => grant.then(present));
  } catch (failure) {
    if (used === undefined || !isAboutToken(failure)) throw failure;
    options.transcript?.("*", "the server refused the access token: asking for a new one");
    const renewed = await usableGrant(profile, oauth, { ...access, refused: used.accessToken });
    try {
      return await connect(() => Promise.resolve(present(renewed)));
    } catch (again) {
      if (!isAboutToken(again)) throw again;
      const { withCause } = await import("./token_trouble.ts");
      const nowMs = options.world.nowMs();
      throw withCause(again, { profile, oauth, grant: renewed, nowMs });
    }
  }

  async function connect(credentials: () => Promise<Credentials>): Promise<SmtpSession> {
    // Whoever cannot sign in is told at once, not after the connection's time-out.
    const giveUp = new AbortController();
    const due = credentials();
    due.catch((failure) => giveUp.abort(failure));
    const session = openSession({
      host: smtp.host,
      port: smtp.port,
      tls: smtp.tls,
      timeoutMs: smtp.timeoutMs,
      caCerts,
      network: options.network,
      ...(proxy === undefined ? {} : { proxy }),
      credentials: () => due,
      initialResponse: smtp.initialResponse,
      chunking: smtp.chunking,
      ...(options.transcript === undefined ? {} : { transcript: options.transcript }),
      ...(options.onWithoutDsn === undefined ? {} : { onWithoutDsn: options.onWithoutDsn }),
      signal: AbortSignal.any([options.signal, giveUp.signal]),
    });
    try {
      return await session;
    } catch (failure) {
      inVain.abort(failure);
      // Were the program to end now, a refresh under way would lose its answer, and with it the refresh token that
      // the provider takes from now on.
      const own: unknown = await due.then(() => undefined, (cause) => cause);
      // Where both fail, chance would choose. What a person must mend comes before what may pass.
      const isFirst = own instanceof Failure && own.retry !== "later" && !options.signal.aborted;
      throw isFirst ? own : failure;
    }
  }
}

/** @throws {Failure} `profile.invalid` when the profile signs in without OAuth */
export function oauthOf(profile: Profile): OauthProfile {
  if (profile.oauth !== undefined) return profile.oauth;
  throw new Failure(
    "profile.invalid",
    `profile "${profile.name}" has no oauth table: with smtp.auth = "${profile.smtp.auth}" there is no sign-in`,
    { remedy: 'set smtp.auth = "xoauth2" and fill in the oauth table to sign in' },
  );
}

async function proxyOf(
  { smtp }: Profile,
  { world }: SubmissionOptions,
): Promise<Proxy | undefined> {
  if (smtp.proxy === undefined) return undefined;
  const { readProxy } = await import("../base/proxy.ts");
  const proxy = readProxy(smtp.proxy, "smtp.proxy");
  if (proxy.credentials !== undefined) world.keepSecret(proxy.credentials.password);
  return proxy;
}

async function passwordOf(profile: Profile, options: SubmissionOptions): Promise<Credentials> {
  const password = boundSmtpPassword(await options.vault.read(), profile)?.value;
  if (password === undefined) {
    throw new Failure("oauth.secret_missing", `profile "${profile.name}" has no SMTP password`, {
      remedy: 'run "plantpost secret set"',
    });
  }
  options.world.keepSecret(password);
  return { kind: "password", user: profile.user, password };
}

// With these the server has said that no token at all would do (Exchange Online).
function isAboutToken(failure: unknown): failure is Failure {
  if (!(failure instanceof Failure) || failure.code !== "smtp.auth_refused") return false;
  const refusal = failure.refusal?.kind === "smtp" ? failure.refusal : undefined;
  // Without a refusal the server has not even seen a token: it offers no mechanism that takes one.
  return refusal !== undefined && refusal.enhancedCode !== "5.7.139" &&
    refusal.enhancedCode !== "5.7.30";
}
