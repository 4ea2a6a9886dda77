// A number in a vault, written twice with a kilobyte between, so that two processes can count together.

import type { VaultContent } from "../../src/vault/content.ts";
import { testGrant, testProfile } from "./fixtures.ts";

/** The number in the vault; 0 in an empty one. */
export function countIn(content: VaultContent): number {
  const grant = content.profiles["plant"]?.grant;
  if (grant === undefined) return 0;
  const count = Number(grant.accessToken);
  if (grant.refreshToken !== String(count)) {
    throw new Error("the two halves do not belong together");
  }
  return count;
}

export function nextCount(
  content: VaultContent,
): { readonly content: VaultContent; readonly count: number } {
  const count = countIn(content) + 1;
  const grant = testGrant(testProfile(), {
    accessToken: String(count),
    scope: "x".repeat(1024),
    refreshToken: String(count),
  });
  return { content: { profiles: { plant: { grant } } }, count };
}
