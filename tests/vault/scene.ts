// A vault with one grant, from a provider on loopback, at a time of the test's own.

import type { World } from "../../src/base/world.ts";
import type { OauthProfile } from "../../src/profile/profile.ts";
import { usableGrant } from "../../src/vault/access.ts";
import { type Grant, secretsOf, withSecrets } from "../../src/vault/content.ts";
import { Vault } from "../../src/vault/vault.ts";
import { startTokenServer, type TokenRequest, tokens } from "../oauth/token_server.ts";
import {
  type OauthTestProfile,
  testGrant,
  testProfile,
  testSettings,
  testWorld,
  withFolder,
} from "./fixtures.ts";

/** The stored grant is from second 1000 and ends at second 4600. */
export const FRESH_MS = 2_000_000;
export const IN_MARGIN_MS = 4_500_000;
export const EXPIRED_MS = 5_000_000;

export interface Scene {
  readonly folder: string;
  readonly vault: Vault;
  readonly profile: OauthTestProfile;
  readonly world: ReturnType<typeof testWorld>;
  readonly server: { readonly requests: readonly TokenRequest[] };
  /** Waiting moves it, and is kept. */
  readonly clock: { nowMs: number; readonly waitsMs: number[] };
  ask(
    options?: {
      readonly refused?: string;
      readonly isForced?: boolean;
      readonly signal?: AbortSignal;
      readonly inVain?: AbortSignal;
      readonly finishLater?: (work: Promise<unknown>) => void;
      readonly profile?: OauthTestProfile;
    },
  ): Promise<Grant>;
  stored(): Promise<Grant | undefined>;
}

/** Lends the scene, and removes server and folder after it. */
export async function withGrant(
  setting: {
    readonly nowMs: number;
    readonly oauth?: Partial<OauthProfile>;
    readonly answer?: (request: TokenRequest) => Response | Promise<Response>;
    /** In place of waiting that takes no time. */
    readonly sleep?: World["sleep"];
  },
  body: (scene: Scene) => Promise<void>,
): Promise<void> {
  const clock = { nowMs: setting.nowMs, waitsMs: [] as number[] };
  await using server = startTokenServer(setting.answer ?? (() => tokens()), () => clock.nowMs);
  await withFolder(async (folder) => {
    const env = {
      PLANTPOST_SECRET: "from-env",
      SECRET_ID: "01234567-89ab-cdef-0123-456789abcdef",
    };
    const sleep = (ms: number, signal?: AbortSignal): Promise<void> => {
      signal?.throwIfAborted();
      clock.waitsMs.push(ms);
      clock.nowMs += Math.ceil(ms);
      return Promise.resolve();
    };
    const world = testWorld({ nowMs: () => clock.nowMs, env, sleep: setting.sleep ?? sleep });
    const profile = testProfile({ oauth: { tokenEndpoint: server.endpoint, ...setting.oauth } });
    const vault = new Vault(testSettings(folder), world);
    await vault.update(async (content, save) =>
      await save(withSecrets(content, profile.name, { grant: testGrant(profile) }))
    );
    const ask: Scene["ask"] = async ({ profile: other, ...options } = {}) => {
      const used = other ?? profile;
      return await usableGrant(used, used.oauth, { vault, world, ...options });
    };
    const stored: Scene["stored"] = async () => {
      return secretsOf(await new Vault(testSettings(folder), world).read(), profile.name).grant;
    };
    await body({ folder, vault, profile, world, server, clock, ask, stored });
  });
}
