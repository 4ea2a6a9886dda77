// The `error` values of OAuth 2.0 (RFC 6749 §4.1.2.1 and §5.2, RFC 8628 §3.5, OpenID Connect Core §3.1.2.6): the
// answer when a provider names nothing more telling.

import type { Entry } from "./entry.ts";
import { LOGIN, REPORT, WAIT } from "./steps.ts";

const COMPARE =
  "compare client_id, tenant, scope and endpoints of the profile with the app's registration at the provider";

export const OAUTH: readonly Entry[] = [
  {
    id: "invalid_client",
    area: "oauth",
    meaning:
      "the provider does not accept the app: its secret or certificate is wrong, expired or missing",
    who: "operator",
    steps: [
      "compare oauth.client_id of the profile with the app's registration at the provider",
      'run "plantpost secret set" and paste the secret of that registration; make a new one there if it has expired',
      'with a certificate: run "plantpost cert new" if it has expired, and give the .cer file to the provider',
      'run "plantpost refresh"; if that is refused, "plantpost login"',
    ],
    retry: "never",
  },
  {
    id: "invalid_grant",
    area: "oauth",
    meaning:
      "the stored sign-in, or the code of this one, is not valid: expired, revoked, or used before",
    who: "user",
    steps: [LOGIN],
    retry: "after-login",
  },
  {
    id: "unauthorized_client",
    area: "oauth",
    meaning:
      "the app may not sign in this way: not in the tenant, disabled, or the flow is not allowed for it",
    who: "administrator",
    steps: [COMPARE, "allow the flow of the profile (oauth.flow) in the app's registration"],
    retry: "never",
  },
  {
    id: "invalid_scope",
    area: "oauth",
    meaning: "the provider does not know the scope, or does not give it to this app",
    who: "operator",
    steps: ["take oauth.scope out of the profile: the provider's own is used then", COMPARE],
    retry: "never",
  },
  {
    id: "invalid_resource",
    aliases: ["invalid_target"],
    area: "oauth",
    meaning: "the service that the scope names does not exist there, or the app may not use it",
    who: "administrator",
    steps: [
      "take oauth.scope out of the profile, or correct it",
      "add the permission for mail to the app's registration",
    ],
    retry: "never",
  },
  {
    id: "invalid_request",
    area: "oauth",
    meaning: "the provider found the request incomplete or malformed",
    who: "operator",
    steps: [COMPARE, REPORT],
    retry: "never",
  },
  {
    id: "unsupported_grant_type",
    area: "oauth",
    meaning: "the endpoint does not offer this way of getting a token",
    who: "operator",
    steps: [
      "see that oauth.token_endpoint is the token endpoint, not the sign-in page",
      'set oauth.flow = "code"',
    ],
    retry: "never",
  },
  {
    id: "unsupported_response_type",
    area: "oauth",
    meaning: "the sign-in page does not give codes to this app",
    who: "operator",
    steps: [
      "see that oauth.authorization_endpoint is the sign-in page",
      "allow the authorization code flow in the app's registration",
    ],
    retry: "never",
  },
  {
    id: "interaction_required",
    aliases: ["login_required"],
    area: "oauth",
    meaning: "the provider wants to see a person at its sign-in page",
    who: "user",
    steps: [LOGIN],
    retry: "after-login",
  },
  {
    id: "consent_required",
    area: "oauth",
    meaning: "the permissions of the app were not consented to, or have changed since",
    who: "user",
    steps: [
      'run "plantpost login" and accept the permissions; where the page asks for an administrator, one consents first',
    ],
    retry: "after-login",
  },
  {
    id: "access_denied",
    aliases: ["authorization_declined"],
    area: "oauth",
    meaning: "the sign-in or its permissions were refused on the page",
    who: "user",
    steps: [
      'run "plantpost login" again and accept the permissions',
      "where the page asks for an administrator, let the administrator grant consent for the app first",
    ],
    retry: "after-login",
  },
  {
    id: "temporarily_unavailable",
    aliases: ["server_error"],
    area: "oauth",
    meaning: "the provider has trouble of its own, or too much to do",
    who: "operator",
    steps: [WAIT],
    retry: "later",
  },
  {
    id: "authorization_pending",
    area: "oauth",
    meaning: "the device flow waits for the user, who has not entered the code yet",
    who: "user",
    steps: [
      "open the address that plantpost shows and enter the code there; plantpost goes on by itself",
    ],
    retry: "later",
  },
  {
    id: "slow_down",
    area: "oauth",
    meaning: "the provider was asked too often whether the code was entered",
    who: "user",
    steps: ["enter the code on the page; plantpost asks 5 seconds less often by itself"],
    retry: "later",
  },
  {
    id: "expired_token",
    area: "oauth",
    meaning: "the code of the device flow has run out",
    who: "user",
    steps: ['run "plantpost login --device" again and enter the new code at once'],
    retry: "after-login",
  },
  {
    id: "bad_verification_code",
    area: "oauth",
    meaning: "the provider does not know this device code",
    who: "user",
    steps: ['run "plantpost login --device" again and enter the new code'],
    retry: "after-login",
  },
];
