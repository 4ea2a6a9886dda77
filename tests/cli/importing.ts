// What the tests of `profile import` share: profiles to be carried, and the command on a desk.

import type { CarriedProfile } from "../../src/vault/sealed_profile.ts";
import type { Desk, Printed } from "./desk.ts";
import { carriedProfile, FRAME, seal, WITH_PASSPHRASE } from "./sealed.ts";

/** A profile file with another profile in it. */
export const OTHER = `# the other one
[profiles.other]
provider = "google"
user = "other@example.com" # his
[profiles.other.oauth]
client_id = "other"
`;

export const GRANT = {
  scope: "s",
  account: "reports@contoso.com",
  accessToken: "access-token-1",
  accessTokenIssuedAtMs: 2_000_000,
  refreshToken: "refresh-token-1",
  refreshTokenIssuedAtMs: 2_000_000,
};

/** The whole file goes with the tables. */
export function withFile(change: Partial<CarriedProfile>): Partial<CarriedProfile> {
  return change.tables === undefined ? change : { ...change, file: `${FRAME}\n${change.tables}` };
}

/** Seals the changed profile and imports it. */
export async function imports(
  desk: Desk,
  change: Partial<CarriedProfile>,
  args: readonly string[] = [],
): Promise<Printed> {
  return await desk.run(["profile", "import", ...args], {
    ...WITH_PASSPHRASE,
    stdin: await seal(carriedProfile(withFile(change))),
  });
}
