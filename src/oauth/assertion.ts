// The assertion with which a certificate proves who the client is (RFC 7523 §2.2, §3; RFC 7521 §4.2). The invariant:
// it is made anew for each request, names one audience, and is over within minutes.

import * as oauth from "oauth4webapi";
import type { OauthClient } from "./token_endpoint.ts";

/** Microsoft advises 5 to 10 minutes. */
const LIFE_SECONDS = 300;
/** A clock that is a little ahead of the provider's makes no assertion of the future. */
const CLOCK_ALLOWANCE_SECONDS = 60;

export function certificateAuthentication(
  { certificate, tokenEndpoint }: OauthClient & Required<Pick<OauthClient, "certificate">>,
): oauth.ClientAuth {
  return oauth.PrivateKeyJwt(certificate.privateKey, {
    [oauth.modifyAssertion]: (header, claims) => {
      header["typ"] = "JWT";
      header["x5t#S256"] = certificate.thumbprint;
      // By the corrected clock: the library has added the skew.
      const now = Number(claims["iat"]);
      claims["iat"] = claims["nbf"] = now - CLOCK_ALLOWANCE_SECONDS;
      claims["exp"] = now + LIFE_SECONDS;
      // The library's own would be the origin of the endpoint, which is not what Microsoft takes.
      claims["aud"] = certificate.audience ?? tokenEndpoint;
    },
  });
}
