// What of a profile goes into remedies, so that they can be typed as they stand.

import type { RemedyFacts } from "../catalogue/remedy.ts";
import type { Profile } from "../profile/profile.ts";
import { PROVIDERS } from "../profile/providers.ts";

/** `sender` is the reverse-path of a mail that has another one. */
export function remedyFacts(profile: Profile, sender = profile.sender.address): RemedyFacts {
  const { oauth, provider, user } = profile;
  const { exchangeEnvironment } = PROVIDERS[provider];
  return {
    user,
    sender,
    ...(oauth === undefined ? {} : { flow: oauth.flow, clientId: oauth.clientId }),
    ...(exchangeEnvironment === undefined ? {} : { exchangeEnvironment }),
  };
}
