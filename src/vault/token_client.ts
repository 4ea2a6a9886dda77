// A profile's client as the token endpoint is to be told of it.

import type { OauthClient } from "../oauth/token_endpoint.ts";
import type { OauthProfile } from "../profile/profile.ts";
import type { Credential } from "./credential.ts";

export interface ClientFacts {
  readonly credential: Credential;
  readonly tokenEndpoint: string;
  /** This PC's clock minus the provider's, where they are known to differ: a signed request must bear it. */
  readonly clockSkewMs?: number | undefined;
}

/** What the token endpoint is to be told of a profile's client. */
export function tokenClient(oauth: OauthProfile, at: ClientFacts): OauthClient {
  const { clientId, clientAuth, scope } = oauth;
  const { clockSkewMs, credential, tokenEndpoint } = at;
  return {
    clientId,
    clientAuth,
    tokenEndpoint,
    scope,
    ...(credential.kind === "secret" ? { clientSecret: credential.value } : {}),
    ...(credential.kind === "certificate" ? { certificate: credential.certificate } : {}),
    ...(clockSkewMs === undefined ? {} : { clockSkewMs }),
  };
}
