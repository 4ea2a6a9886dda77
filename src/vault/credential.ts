// How the program proves which application it is: nothing (a public client), a client secret or a certificate. The
// invariant: the credentials come in the order in which they are to be tried, and there is always at least one.

import { Failure } from "../base/failure.ts";
import type { World } from "../base/world.ts";
import type { ClientCertificate } from "../oauth/token_endpoint.ts";
import type { OauthProfile, Profile } from "../profile/profile.ts";
import { clientSecretOf } from "./client_secret.ts";
import {
  boundCertificates,
  secretsOf,
  type StoredCertificate,
  type VaultContent,
  withSecrets,
} from "./content.ts";

export type Credential =
  | { readonly kind: "none" }
  | { readonly kind: "secret"; readonly value: string }
  | {
    readonly kind: "certificate";
    /** `certificate` and `previousCertificate` are those of the vault, `file` is that of the profile. */
    readonly from: "file" | "certificate" | "previousCertificate";
    readonly certificate: ClientCertificate;
    /** Which of the vault's it is, should there be another one by the time it was taken. */
    readonly madeAtMs?: number;
  };

interface From {
  readonly content: VaultContent;
  readonly world: Pick<World, "env" | "keepSecret">;
}

/**
 * The credentials of a profile, the one to try first in front. A certificate that waits for its upload comes first,
 * and what was used before it behind it: so the change needs no moment at which both sides act at once.
 * @throws {Failure} `oauth.secret_missing`, `oauth.certificate`, `oauth.client_refused`, `vault.binding`
 */
export async function credentialsOf(
  profile: Profile,
  oauth: OauthProfile,
  from: From,
): Promise<readonly [Credential, ...Credential[]]> {
  if (oauth.certificateFile !== undefined) {
    const { certificateOfFile } = await import("./client_certificate.ts");
    const certificate = await certificateOfFile(profile, oauth.certificateFile, from);
    return [{ kind: "certificate", from: "file", certificate }];
  }
  const { certificate, previousCertificate } = boundCertificates(from.content, profile);
  if (certificate === undefined) {
    const secret = await clientSecretOf(profile, oauth, from);
    return [secret === undefined ? { kind: "none" } : { kind: "secret", value: secret }];
  }
  return [
    await ofVault(certificate, { profile, from, name: "certificate" }),
    ...(previousCertificate === undefined
      ? []
      : [await ofVault(previousCertificate, { profile, from, name: "previousCertificate" })]),
    ...await beforeCertificates(profile, oauth, from),
  ];
}

/**
 * The content after the provider took a credential: a newest certificate counts as accepted from then on, and the one
 * before it is dropped. The very same content where nothing changes.
 */
export function afterUse(
  content: VaultContent,
  profile: Profile,
  { credential, nowMs }: { readonly credential: Credential; readonly nowMs: number },
): VaultContent {
  if (credential.kind !== "certificate" || credential.from !== "certificate") return content;
  const { certificate, previousCertificate } = secretsOf(content, profile.name);
  if (certificate === undefined) return content;
  const isAnother = credential.madeAtMs !== undefined &&
    credential.madeAtMs !== certificate.madeAtMs;
  const isKnown = certificate.acceptedAtMs !== undefined && previousCertificate === undefined;
  if (isAnother || isKnown) return content;
  return withSecrets(content, profile.name, {
    certificate: { ...certificate, acceptedAtMs: certificate.acceptedAtMs ?? nowMs },
    previousCertificate: undefined,
  });
}

async function ofVault(
  stored: StoredCertificate,
  at: {
    readonly profile: Profile;
    readonly from: From;
    readonly name: "certificate" | "previousCertificate";
  },
): Promise<Credential> {
  const { certificateOfVault } = await import("./client_certificate.ts");
  const certificate = await certificateOfVault(at.profile, stored, at.from.world);
  return { kind: "certificate", from: at.name, certificate, madeAtMs: stored.madeAtMs };
}

// What the profile used before it had a certificate: a secret stays behind it for as long as it is there, and a
// public client goes on without anything until the provider has taken a certificate.
async function beforeCertificates(
  profile: Profile,
  oauth: OauthProfile,
  from: From,
): Promise<readonly Credential[]> {
  let secret: string | undefined;
  try {
    secret = await clientSecretOf(profile, oauth, from);
  } catch (failure) {
    // Nobody needs the secret any more, so its source may be gone.
    if (failure instanceof Failure) return [];
    throw failure;
  }
  if (secret !== undefined) return [{ kind: "secret", value: secret }];
  const { certificate, previousCertificate } = secretsOf(from.content, profile.name);
  const isTaken = (certificate?.acceptedAtMs ?? previousCertificate?.acceptedAtMs) !== undefined;
  return isTaken || oauth.flow === "app" ? [] : [{ kind: "none" }];
}

/**
 * Runs the request with one credential after the other, as long as the provider refuses the client, and tells which
 * one it took.
 * @throws {Failure} that of the credential that was tried first
 */
export async function withCredential<Result>(
  credentials: readonly [Credential, ...Credential[]],
  request: (credential: Credential) => Promise<Result>,
): Promise<{ readonly result: Result; readonly credential: Credential }> {
  const [first, ...others] = credentials;
  try {
    return { result: await request(first), credential: first };
  } catch (failure) {
    if (!(failure instanceof Failure) || failure.code !== "oauth.client_refused") throw failure;
    for (const credential of others) {
      try {
        return { result: await request(credential), credential };
      } catch (cause) {
        if (!(cause instanceof Failure) || cause.code !== "oauth.client_refused") throw cause;
      }
    }
    throw failure;
  }
}
