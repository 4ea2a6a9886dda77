// A session with the mail server of a profile, signed in. The invariant: a token that the server refuses is
// renewed once and tried once more; a second refusal is the person's to mend, never a loop.

import { Failure } from "../base/failure.ts";
import { readCertificates, trustingFetch } from "../base/trust.ts";
import type { World } from "../base/world.ts";
import type { Transcript } from "../oauth/transcript.ts";
import type { OauthProfile, Profile } from "../profile/profile.ts";
import { type Credentials, openSession, type SmtpSession } from "../smtp/client.ts";
import type { Network } from "../smtp/network.ts";
import { usableGrant } from "../vault/access.ts";
import { boundSmtpPassword, type Grant } from "../vault/content.ts";
import type { Vault } from "../vault/vault.ts";

export interface SubmissionOptions {
  readonly vault: Vault;
  readonly world: Pick<World, "env" | "nowMs" | "fetch" | "keepSecret">;
  readonly network: Network;
  readonly signal: AbortSignal;
  readonly transcript?: Transcript;
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
  if (smtp.auth === "none") return await connect(() => Promise.resolve({ kind: "none" }));
  if (smtp.auth === "password") return await connect(() => passwordOf(profile, options));

  const mechanism = smtp.auth;
  const oauth = oauthOf(profile);
  const access = {
    vault: options.vault,
    world: { ...options.world, fetch: trustingFetch(caCerts, options.world.fetch) },
    ...(options.transcript === undefined ? {} : { transcript: options.transcript }),
  };
  let used: string | undefined;
  const present = (grant: Grant): Credentials => {
    used = grant.accessToken;
    return { kind: "token", mechanism, user: profile.user, accessToken: grant.accessToken };
  };
  try {
    const grant = usableGrant(profile, oauth, access);
    return await connect(() => grant.then(present));
  } catch (failure) {
    if (used === undefined || !isAboutToken(failure)) throw failure;
    options.transcript?.("*", "the server refused the access token: asking for a new one");
    const renewed = await usableGrant(profile, oauth, { ...access, refused: used });
    return await connect(() => Promise.resolve(present(renewed)));
  }

  async function connect(credentials: () => Promise<Credentials>): Promise<SmtpSession> {
    // Whoever cannot sign in is told at once, not after the connection's time-out.
    const giveUp = new AbortController();
    const due = credentials();
    due.catch((failure) => giveUp.abort(failure));
    return await openSession({
      host: smtp.host,
      port: smtp.port,
      tls: smtp.tls,
      timeoutMs: smtp.timeoutMs,
      caCerts,
      network: options.network,
      credentials: () => due,
      initialResponse: smtp.initialResponse,
      chunking: smtp.chunking,
      ...(options.transcript === undefined ? {} : { transcript: options.transcript }),
      signal: AbortSignal.any([options.signal, giveUp.signal]),
    });
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
function isAboutToken(failure: unknown): boolean {
  if (!(failure instanceof Failure) || failure.code !== "smtp.auth_refused") return false;
  const refusal = failure.refusal?.kind === "smtp" ? failure.refusal : undefined;
  return refusal?.enhancedCode !== "5.7.139" && refusal?.enhancedCode !== "5.7.30";
}
