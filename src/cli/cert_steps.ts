// What is left to do after `cert new`: the public part must come to the provider, and mostly by somebody else's hand.

import type { OauthProfile, Profile } from "../profile/profile.ts";
import { PROVIDERS } from "../profile/providers.ts";

/** The steps in their order, and who can take them. */
export function whatNext(
  profile: Profile,
  oauth: OauthProfile,
  at: { readonly file: string; readonly thumbprint: string },
): { readonly who: string; readonly steps: readonly string[] } {
  const { isMicrosoft, portal } = PROVIDERS[profile.provider];
  const { clientId } = oauth;
  const use = oauth.flow === "app"
    ? 'run "plantpost login" on this PC: from then on the certificate is used'
    : 'run "plantpost refresh" (or "plantpost login", if nobody has signed in yet) on this PC: from then on the ' +
      "certificate is used";
  if (!isMicrosoft) {
    return {
      who: "whoever runs the provider",
      steps: [
        `register ${at.file} for the client ${clientId}, with private_key_jwt as its way to authenticate`,
        use,
      ],
    };
  }
  return {
    who: "an owner of the app registration, or an Application Administrator of the tenant",
    steps: [
      `open ${
        portal ?? "the portal"
      } > App registrations > All applications > the app with client ID ${clientId}`,
      `open Certificates & secrets > Certificates > Upload certificate, and choose ${at.file}`,
      `compare the thumbprint in the list with ${at.thumbprint}`,
      use,
      "a client secret that is of no use any more may then be deleted there",
    ],
  };
}
