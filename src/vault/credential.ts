// How the program proves which application it is: nothing (a public client), a client secret or a certificate. The
// invariant: the credentials come in the order in which they are to be tried, and there is always at least one.

import { Failure } from "../base/failure.ts";
import type { World } from "../base/world.ts";
import type { ClientCertificate } from "../oauth/token_endpoint.ts";
import type { OauthProfile, Profile } from "../profile/profile.ts";
import { clientSecretOf } from "./client_secret.ts";
import type { VaultContent } from "./content.ts";

export type Credential =
  | { readonly kind: "none" }
  | { readonly kind: "secret"; readonly value: string }
  | {
    readonly kind: "certificate";
    /** `certificate` and `previousCertificate` are those of the vault, `file` is that of the profile. */
    readonly from: "file" | "certificate" | "previousCertificate";
    readonly certificate: ClientCertificate;
  };

/**
 * The credentials of a profile, the one to try first in front. A certificate that waits for its upload comes first,
 * and what was used before it behind it: so the change needs no moment at which both sides act at once.
 * @throws {Failure} `oauth.secret_missing`, `oauth.client_refused`, `vault.binding`
 */
export async function credentialsOf(
  profile: Profile,
  oauth: OauthProfile,
  from: { readonly content: VaultContent; readonly world: Pick<World, "env" | "keepSecret"> },
): Promise<readonly [Credential, ...Credential[]]> {
  const secret = await clientSecretOf(profile, oauth, from);
  return [secret === undefined ? { kind: "none" } : { kind: "secret", value: secret }];
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
