// The authorization request (RFC 6749 §4.1.1) with PKCE S256 (RFC 7636) and a random `state`.

import { toBase64 } from "../base/base64.ts";
import type { World } from "../base/world.ts";

export interface AuthorizationRequest {
  readonly url: string;
  readonly state: string;
  /** 43 characters; never leaves the program but to the token endpoint. */
  readonly codeVerifier: string;
}

export async function authorizationRequest(
  client: {
    readonly authorizationEndpoint: string;
    readonly clientId: string;
    readonly redirectUri: string;
    readonly scope: string;
    readonly extras: Readonly<Record<string, string>>;
  },
  world: Pick<World, "randomBytes">,
): Promise<AuthorizationRequest> {
  const state = toBase64Url(world.randomBytes(16));
  const codeVerifier = toBase64Url(world.randomBytes(32));
  const url = new URL(client.authorizationEndpoint);
  const parameters = {
    response_type: "code",
    client_id: client.clientId,
    redirect_uri: client.redirectUri,
    scope: client.scope,
    state,
    code_challenge: await codeChallenge(codeVerifier),
    code_challenge_method: "S256",
    ...client.extras,
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  // Blanks as %20: a "+" in the scope is read literally by some sign-in pages.
  url.search = url.search.replaceAll("+", "%20");
  return { url: url.href, state, codeVerifier };
}

/** BASE64URL(SHA256(ASCII(verifier))), RFC 7636 §4.2. */
export async function codeChallenge(codeVerifier: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(codeVerifier));
  return toBase64Url(new Uint8Array(digest));
}

function toBase64Url(octets: Uint8Array): string {
  return toBase64(octets).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
