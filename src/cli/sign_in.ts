// What every way to sign in has in common: the client, the endpoints, and the grant that is kept in the end.

import type { World } from "../base/world.ts";
import type { Endpoints } from "../oauth/endpoints.ts";
import type { ProviderRequestOptions } from "../oauth/provider_request.ts";
import type { OauthClient, Tokens } from "../oauth/token_endpoint.ts";
import type { OauthProfile, Profile } from "../profile/profile.ts";
import { clockWarning } from "../vault/clock.ts";
import { type Grant, withSecrets } from "../vault/content.ts";
import { afterUse, type Credential } from "../vault/credential.ts";
import { newGrant } from "../vault/grant.ts";
import type { Vault } from "../vault/vault.ts";
import type { Context, Warning } from "./context.ts";

export interface SigningIn {
  readonly context: Context;
  /** As the profile reaches its provider. */
  readonly world: World;
  readonly profile: Profile;
  readonly oauth: OauthProfile;
  /** That of the profile, or the one that a flag names. */
  readonly flow: OauthProfile["flow"];
  readonly vault: Vault;
  readonly credentials: readonly [Credential, ...Credential[]];
  readonly endpoints: Endpoints;
  readonly asking: ProviderRequestOptions;
  /** This PC's clock beside the provider's, as of the last answer. */
  readonly clock: { skewMs: number | undefined };
  /** What the token endpoint is to be told of the client. */
  readonly client: (credential: Credential) => OauthClient;
}

export interface SignedIn {
  readonly grant: Grant;
  readonly warnings: readonly Warning[];
}

/**
 * Stores what a sign-in gave, and that the provider took the credential; the secrets in it are kept out of all output
 * from here on.
 */
export async function keepTokens(
  signingIn: SigningIn,
  tokens: Tokens,
  used: { readonly credential?: Credential } = {},
): Promise<SignedIn> {
  const { clock: { skewMs }, context, endpoints, oauth, profile, vault, world } = signingIn;
  world.keepSecret(tokens.accessToken);
  if (tokens.refreshToken !== undefined) world.keepSecret(tokens.refreshToken);
  const given = newGrant(profile, tokens, {
    nowMs: world.nowMs(),
    scope: oauth.scope,
    tokenEndpoint: endpoints.tokenEndpoint,
  });
  const grant = skewMs === undefined ? given : { ...given, clockSkewMs: skewMs };
  await vault.update(async (content, save) => {
    const { credential } = used;
    const after = credential === undefined
      ? content
      : afterUse(content, profile, { credential, nowMs: world.nowMs() });
    await save(withSecrets(after, profile.name, { grant }));
  });
  return { grant, warnings: [...warningsOf(profile, grant), ...await context.accessWarnings()] };
}

function warningsOf(profile: Profile, grant: Grant): readonly Warning[] {
  const warnings: Warning[] = [];
  const { account } = grant;
  if (account !== undefined && account.toLowerCase() !== profile.user.toLowerCase()) {
    warnings.push({
      code: "account_mismatch",
      message: `${account} has signed in, but the profile's user is ${profile.user}: ` +
        "the mail server will probably refuse the token (535 5.7.3)",
      remedy:
        `run "plantpost login --force" and sign in as ${profile.user}; or set user = "${account}" ` +
        "and keep the other address in sender.address",
    });
  }
  if (grant.refreshToken === undefined) {
    warnings.push({
      code: "no_refresh_token",
      message: "the provider gave no refresh token: this sign-in ends with its access token",
      remedy: "add offline_access to oauth.scope, then sign in again",
    });
  }
  const clock = clockWarning(grant.clockSkewMs);
  return clock === undefined ? warnings : [...warnings, clock];
}
