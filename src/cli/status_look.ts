// What `status` finds in the profile and in the vault, without asking anybody over the network. The invariant: what
// stands in the way of a send is a failure or a grant that is not usable; what only will be, one day, is a warning.

import { Failure } from "../base/failure.ts";
import type { World } from "../base/world.ts";
import { adviceForText, adviceLines } from "../catalogue/remedy.ts";
import { readClaims } from "../oauth/token_claims.ts";
import type { OauthProfile, Profile } from "../profile/profile.ts";
import {
  boundCertificates,
  boundGrant,
  boundSmtpPassword,
  type Grant,
  type VaultContent,
} from "../vault/content.ts";
import { appGrant } from "../vault/access.ts";
import { clockWarning } from "../vault/clock.ts";
import { credentialsOf } from "../vault/credential.ts";
import {
  type ExpiryWarning,
  expiryWarnings,
  type KnownCertificate,
  looksLikeTestingMode,
  PUBLISH_AT_GOOGLE,
  startOfDayMs,
} from "../vault/expiry.ts";
import type { Installation } from "../vault/schedule_line.ts";
import type { Context, Warning } from "./context.ts";

export type GrantState = "usable" | "missing" | "expired" | "unknown";

/** A warning as JSON has it; `expiresAt` where it is of an end to come. */
export interface StatusWarning extends Warning {
  readonly expiresAt?: string;
}

/** The object of the contract. */
export interface Status {
  readonly profile: string;
  readonly account?: string;
  readonly flow?: string;
  readonly grant?: GrantState;
  readonly accessToken?: {
    readonly expiresAt?: string;
    /** What the token says of itself, where it can be read. */
    readonly audience?: string;
    readonly scopes?: readonly string[];
    readonly roles?: readonly string[];
    readonly account?: string;
  };
  readonly refreshToken?: {
    readonly issuedAt?: string;
    readonly lastUsedAt?: string;
    readonly expiresAt?: string;
  };
  readonly clientSecret?: { readonly expiresAt: string };
  readonly certificate?: { readonly expiresAt: string };
  /** Until then the provider wants to be left alone. */
  readonly askAgainAt?: string;
  readonly warnings: readonly StatusWarning[];
}

export interface Looked {
  readonly status: Status;
  /** What comes to an end, for `--notify`. */
  readonly endings: readonly ExpiryWarning[];
  readonly failure?: Failure;
}

export async function look(context: Context, profile: Profile): Promise<Looked> {
  const { oauth } = profile;
  const base: Status = {
    profile: profile.name,
    ...(oauth === undefined ? {} : { flow: oauth.flow }),
    ...(oauth?.clientSecretExpires === undefined
      ? {}
      : { clientSecret: { expiresAt: instant(startOfDayMs(oauth.clientSecretExpires)) } }),
    warnings: [],
  };
  try {
    const content = await (await context.vault()).read();
    const isSignedIn = profile.smtp.auth !== "password" && profile.smtp.auth !== "none";
    if (oauth === undefined || !isSignedIn) return withoutSignIn(profile, { base, content });
    return await withSignIn(context, { profile, oauth, base, content });
  } catch (failure) {
    if (!(failure instanceof Failure)) throw failure;
    const { code, message, remedy = "" } = failure;
    const warnings = [{ code, message, remedy }];
    return { status: { ...base, grant: "unknown", warnings }, endings: [], failure };
  }
}

// With a password, or anonymously, there is no grant to speak of; a missing password is worth a word.
function withoutSignIn(
  profile: Profile,
  { base, content }: { readonly base: Status; readonly content: VaultContent },
): Looked {
  if (profile.smtp.auth !== "password" || boundSmtpPassword(content, profile) !== undefined) {
    return { status: base, endings: [] };
  }
  const warning: Warning = {
    code: "oauth.secret_missing",
    message: `profile "${profile.name}" has no SMTP password`,
    remedy: 'run "plantpost secret set"',
  };
  return { status: { ...base, grant: "missing", warnings: [warning] }, endings: [] };
}

interface SigningProfile {
  readonly profile: Profile;
  readonly oauth: OauthProfile;
  readonly base: Status;
  readonly content: VaultContent;
}

async function withSignIn(context: Context, of: SigningProfile): Promise<Looked> {
  const { profile, oauth, base, content } = of;
  const { world } = context;
  const nowMs = world.nowMs();
  const grant = oauth.flow === "app" ? appGrant(content, profile) : boundGrant(content, profile);
  const credentials = await credentialsOf(profile, oauth, { content, world });
  const hasCredential = credentials.some(({ kind }) => kind !== "none");
  const { certificate, previousCertificate } = await certificatesOf(of, world);
  // Nobody knows yet whether the provider takes the one thing that there is to show it.
  const isUntried = credentials.length === 1 && certificate !== undefined &&
    certificate.acceptedAtMs === undefined && certificate.file === undefined;
  const state = stateOf(grant, { flow: oauth.flow, hasCredential, isUntried, nowMs });
  const endings = expiryWarnings({
    profile,
    oauth,
    nowMs,
    grant,
    certificate,
    previousCertificate,
    hasClientSecret: credentials.some(({ kind }) => kind === "secret"),
    installation: await installationOf(context),
  });
  const used =
    [certificate, previousCertificate].find((one) =>
      one?.acceptedAtMs !== undefined || one?.file !== undefined
    ) ?? certificate;
  const trouble = [
    ...(state === "missing" ? [missing(profile, oauth)] : []),
    ...(state === "expired" && grant !== undefined
      ? [await expired(grant, { profile, context })]
      : []),
    clockWarning(grant?.clockSkewMs),
  ].filter((warning) => warning !== undefined);
  return {
    status: {
      ...base,
      grant: state,
      ...(grant === undefined ? {} : factsOf(grant, { flow: oauth.flow, nowMs })),
      ...(used === undefined ? {} : { certificate: { expiresAt: instant(used.expiresAtMs) } }),
      warnings: [...trouble, ...endings.map(warningOf)],
    },
    endings,
  };
}

function stateOf(
  grant: Grant | undefined,
  at: {
    readonly flow: OauthProfile["flow"];
    readonly hasCredential: boolean;
    readonly isUntried: boolean;
    readonly nowMs: number;
  },
): GrantState {
  if (at.flow === "app") {
    // There is no sign-in to keep: a token is fetched whenever one is wanted.
    if (!at.hasCredential) return "missing";
    if (grant === undefined && at.isUntried) return "unknown";
    return grant?.refusedAtMs === undefined ? "usable" : "expired";
  }
  if (grant === undefined) return "missing";
  if (grant.refusedAtMs !== undefined) return "expired";
  if (grant.refreshToken !== undefined) return "usable";
  // Without a stated end it is used until the mail server refuses it.
  return (grant.accessTokenExpiresAtMs ?? Infinity) > at.nowMs ? "usable" : "expired";
}

// Of a file only its end is known: it is what the profile wants, so it counts as accepted.
async function certificatesOf(
  { profile, oauth, content }: SigningProfile,
  world: Pick<World, "keepSecret">,
): Promise<
  { readonly certificate?: KnownCertificate; readonly previousCertificate?: KnownCertificate }
> {
  const { certificateFile: file } = oauth;
  if (file === undefined) return boundCertificates(content, profile);
  const { certificateFacts } = await import("../vault/client_certificate.ts");
  const facts = await certificateFacts(profile, oauth, { content, world });
  if (facts instanceof Failure) throw facts;
  return facts === undefined ? {} : { certificate: { expiresAtMs: facts.expiresAtMs, file } };
}

/** Where this plantpost is, for a line that schedules it. */
export async function installationOf(context: Context): Promise<Installation> {
  return {
    platform: context.world.platform,
    ...(Deno.build.standalone ? { program: Deno.execPath() } : {}),
    config: (await context.settings()).file,
  };
}

function factsOf(
  grant: Grant,
  at: { readonly flow: OauthProfile["flow"]; readonly nowMs: number },
): Partial<Status> {
  const { askAgainAtMs = 0, refreshTokenIssuedAtMs, refreshTokenLastUsedAtMs } = grant;
  const token = {
    ...timeOf("expiresAt", grant.accessTokenExpiresAtMs),
    ...claimsOf(grant),
  };
  return {
    ...(grant.account === undefined ? {} : { account: grant.account }),
    ...(Object.keys(token).length === 0 ? {} : { accessToken: token }),
    ...(grant.refreshToken === undefined || at.flow === "app" ? {} : {
      refreshToken: {
        ...timeOf("issuedAt", refreshTokenIssuedAtMs),
        ...timeOf("lastUsedAt", refreshTokenLastUsedAtMs),
        ...timeOf("expiresAt", grant.refreshTokenExpiresAtMs),
      },
    }),
    ...(askAgainAtMs > at.nowMs ? { askAgainAt: instant(askAgainAtMs) } : {}),
  };
}

function claimsOf(grant: Grant): Status["accessToken"] & object {
  const claims = readClaims(grant.accessToken);
  if (claims === undefined) return {};
  const { account, audience, roles, scopes } = claims;
  return {
    ...(audience === undefined ? {} : { audience }),
    ...(scopes.length === 0 ? {} : { scopes }),
    ...(roles.length === 0 ? {} : { roles }),
    ...(account === undefined ? {} : { account }),
  };
}

function missing(profile: Profile, oauth: OauthProfile): Warning {
  if (oauth.flow !== "app") {
    return {
      code: "oauth.grant_missing",
      message: `nobody has signed in for profile "${profile.name}"`,
      remedy: 'run "plantpost login"',
    };
  }
  return {
    code: "oauth.secret_missing",
    message: `profile "${profile.name}" has neither a client secret nor a certificate`,
    remedy: 'run "plantpost cert new" and upload the certificate, or "plantpost secret set"',
  };
}

async function expired(
  grant: Grant,
  { profile, context }: { readonly profile: Profile; readonly context: Context },
): Promise<Warning> {
  const when = grant.refusedAtMs === undefined ? "" : ` on ${instant(grant.refusedAtMs)}`;
  const { who, steps } = await adviceForText(grant.refusedWith ?? "", context.addresses);
  const testing = looksLikeTestingMode(profile, grant) ? [PUBLISH_AT_GOOGLE] : [];
  const remedy = adviceLines([...testing, ...steps]).join("\n");
  return {
    code: "oauth.grant_expired",
    ...(who === undefined ? {} : { who }),
    message: grant.refusedWith === undefined
      ? "the sign-in has ended, and the provider gave no refresh token"
      : `the provider refused to go on${when}: ${grant.refusedWith}`,
    remedy: remedy !== ""
      ? remedy
      : `run "plantpost ${profile.oauth?.flow === "app" ? "refresh" : "login"}"`,
  };
}

function warningOf(ending: ExpiryWarning): StatusWarning {
  const { code, message, remedy, who, endsAtMs } = ending;
  return { code, message, remedy, who, ...timeOf("expiresAt", endsAtMs) };
}

function timeOf<Name extends string>(
  name: Name,
  ms: number | undefined,
): { readonly [Key in Name]?: string } {
  return ms === undefined ? {} : { [name]: instant(ms) } as { readonly [Key in Name]?: string };
}

export function instant(ms: number): string {
  return new Date(ms).toISOString();
}
