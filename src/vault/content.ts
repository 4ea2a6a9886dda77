// What the vault holds, in the clear. The invariant: every grant and secret carries the client ID, token
// endpoint and SMTP host that it was given for, and is handed out for these only. Whoever edits the profile
// file, or plants another one, gets no token sent elsewhere.

import { Failure, type Refusal } from "../base/failure.ts";
import type { Profile } from "../profile/profile.ts";
import type { Notice } from "./notices.ts";

/** What a grant or secret belongs to. */
export interface Binding {
  readonly clientId: string;
  readonly tokenEndpoint: string;
  readonly smtpHost: string;
}

/** What the person consented to; times are milliseconds since 1970. */
export interface Grant {
  readonly binding: Binding;
  /** Who signed in, as the provider names the account; absent when it did not say. */
  readonly account?: string;
  readonly scope: string;
  readonly accessToken: string;
  readonly accessTokenIssuedAtMs: number;
  /** Absent when the provider gave no life time. */
  readonly accessTokenExpiresAtMs?: number;
  /** Absent when the provider gave none: the sign-in then ends with the access token. */
  readonly refreshToken?: string;
  readonly refreshTokenIssuedAtMs?: number;
  readonly refreshTokenLastUsedAtMs?: number;
  /** When the refresh token ends, used or not, where the provider said so. */
  readonly refreshTokenExpiresAtMs?: number;
  /** The token endpoint by discovery, where the profile names an issuer instead. */
  readonly tokenEndpoint?: string;
  /** Before this moment the provider is not asked again: it said so (Retry-After), or has failed just now. */
  readonly askAgainAtMs?: number;
  readonly askAgainWith?: string;
  /** This PC's clock minus the provider's, as of the last answer. */
  readonly clockSkewMs?: number;
  /** Set when the provider refused the refresh for good; the tokens are kept, a later success clears it. */
  readonly refusedAtMs?: number;
  readonly refusedWith?: string;
  /** The other side's own words behind `refusedWith` or `askAgainWith`. */
  readonly refusal?: Refusal;
  /**
   * When a refresh began that was cut off before its answer could be stored: the provider may have replaced
   * the refresh token, and nobody has the new one. A later success clears it.
   */
  readonly interruptedAtMs?: number;
}

export interface Secret {
  readonly binding: Binding;
  readonly value: string;
  readonly setAtMs: number;
}

/** A key and certificate that `cert new` made. */
export interface StoredCertificate {
  readonly binding: Binding;
  /** PKCS #8, DER, base64. */
  readonly privateKey: string;
  /** X.509, DER, base64. */
  readonly certificate: string;
  readonly madeAtMs: number;
  readonly expiresAtMs: number;
  /** When the provider first took it; absent while nobody has uploaded it. */
  readonly acceptedAtMs?: number;
}

export interface ProfileSecrets {
  readonly grant?: Grant;
  /** The newest one; the provider may not know it yet. */
  readonly certificate?: StoredCertificate;
  /** The one before, until the newest was accepted. */
  readonly previousCertificate?: StoredCertificate;
  /** Opens the private key of `oauth.certificate_file`. */
  readonly certificatePassphrase?: Secret;
  readonly clientSecret?: Secret;
  readonly smtpPassword?: Secret;
  /** No secret: what `status --notify` has mailed already. */
  readonly notices?: readonly Notice[];
}

export interface VaultContent {
  readonly profiles: Readonly<Record<string, ProfileSecrets>>;
}

export const EMPTY_VAULT: VaultContent = { profiles: {} };

export function bindingOf(profile: Profile): Binding {
  return {
    clientId: profile.oauth?.clientId ?? "",
    // Whoever names another issuer sends the secrets to another token endpoint.
    tokenEndpoint: profile.oauth?.tokenEndpoint ?? profile.oauth?.issuer ?? "",
    smtpHost: profile.smtp.host,
  };
}

/** The content with some of a profile's secrets replaced; a value of undefined forgets that one. */
export function withSecrets(
  content: VaultContent,
  profileName: string,
  change: { readonly [Key in keyof ProfileSecrets]: ProfileSecrets[Key] | undefined },
): VaultContent {
  const merged = Object.entries({ ...secretsOf(content, profileName), ...change })
    .filter(([, value]) => value !== undefined);
  const others = Object.entries(content.profiles).filter(([name]) => name !== profileName);
  const own: [string, ProfileSecrets][] = merged.length === 0
    ? []
    : [[profileName, Object.fromEntries(merged)]];
  return { profiles: Object.fromEntries([...others, ...own]) };
}

/**
 * The grant of a profile, or undefined when nobody signed in.
 * @throws {Failure} `vault.binding` when it was given for other settings
 */
export function boundGrant(content: VaultContent, profile: Profile): Grant | undefined {
  return bound(secretsOf(content, profile.name).grant, {
    what: "the sign-in",
    command: "login",
    profile,
  });
}

/** @throws {Failure} `vault.binding` */
export function boundClientSecret(content: VaultContent, profile: Profile): Secret | undefined {
  const secret = secretsOf(content, profile.name).clientSecret;
  return bound(secret, { what: "the client secret", command: "secret set", profile });
}

/** @throws {Failure} `vault.binding` */
export function boundSmtpPassword(content: VaultContent, profile: Profile): Secret | undefined {
  const secret = secretsOf(content, profile.name).smtpPassword;
  return bound(secret, { what: "the SMTP password", command: "secret set", profile });
}

/** @throws {Failure} `vault.binding` */
export function boundPassphrase(content: VaultContent, profile: Profile): Secret | undefined {
  const secret = secretsOf(content, profile.name).certificatePassphrase;
  const what = "the passphrase of the certificate file";
  return bound(secret, { what, command: "secret set", profile });
}

/**
 * The key and certificate that `cert new` made, and the one before while the newest waits for its upload.
 * @throws {Failure} `vault.binding`
 */
export function boundCertificates(
  content: VaultContent,
  profile: Profile,
): Pick<ProfileSecrets, "certificate" | "previousCertificate"> {
  const secrets = secretsOf(content, profile.name);
  const about = { what: "the certificate", command: "cert new", profile };
  const certificate = bound(secrets.certificate, about);
  const previousCertificate = bound(secrets.previousCertificate, about);
  return {
    ...(certificate === undefined ? {} : { certificate }),
    ...(previousCertificate === undefined ? {} : { previousCertificate }),
  };
}

export function secretsOf(content: VaultContent, profileName: string): ProfileSecrets {
  // A profile may be called "constructor": only own entries count.
  return Object.hasOwn(content.profiles, profileName) ? content.profiles[profileName] ?? {} : {};
}

function bound<Item extends { readonly binding: Binding }>(
  item: Item | undefined,
  about: { readonly what: string; readonly command: string; readonly profile: Profile },
): Item | undefined {
  if (item === undefined) return undefined;
  const wanted = bindingOf(about.profile);
  for (const [field, key] of BOUND_KEYS) {
    if (item.binding[field] === wanted[field]) continue;
    const isByIssuer = field === "tokenEndpoint" &&
      about.profile.oauth?.tokenEndpoint === undefined;
    throw new Failure(
      "vault.binding",
      `${about.what} of profile "${about.profile.name}" was stored for ${
        isByIssuer ? "oauth.issuer" : key
      } "${item.binding[field]}", ` +
        `but the profile now says "${wanted[field]}": it is not sent there`,
      {
        remedy: `if the change is meant, run "plantpost ${about.command}"; if it is not, ` +
          "find out who edited the profile file and put the old value back",
      },
    );
  }
  return item;
}

const BOUND_KEYS = [
  ["clientId", "oauth.client_id"],
  ["tokenEndpoint", "oauth.token_endpoint"],
  ["smtpHost", "smtp.host"],
] as const;
