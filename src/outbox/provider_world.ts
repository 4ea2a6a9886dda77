// The world as a profile's provider is reached in it: every request to a token endpoint goes through the proxy that
// is set for it and trusts the certificates of `smtp.ca_file`. The one place where this is put together.

import type { World } from "../base/world.ts";
import { type ProviderFetch, providerFetch } from "../oauth/provider_fetch.ts";
import type { Transcript } from "../oauth/transcript.ts";
import type { Profile } from "../profile/profile.ts";

export type ReachingWorld = Pick<World, "env" | "fetch" | "keepSecret" | "systemProxy">;

export interface ProviderWorldOptions<Given extends ReachingWorld> {
  readonly world: Given;
  /** Those of `smtp.ca_file`. */
  readonly certificates: readonly string[];
  readonly transcript?: Transcript | undefined;
}

export function providerWorld<Given extends ReachingWorld>(
  profile: Profile,
  { world, certificates, transcript }: ProviderWorldOptions<Given>,
): Omit<Given, "fetch"> & { readonly fetch: ProviderFetch } & Disposable {
  const proxy = profile.oauth?.proxy;
  const fetch = providerFetch({
    world,
    certificates,
    ...(proxy === undefined ? {} : { proxy }),
    ...(transcript === undefined ? {} : { transcript }),
  });
  return { ...world, fetch, [Symbol.dispose]: () => fetch[Symbol.dispose]() };
}
