// Processes killed at any moment of read, refresh and write. The vault always opens, and the grant is there;
// but under rotation with reuse detection there is one gap that nothing closes: killed between the provider's
// answer and the durable write. Then the next refresh must fail, and must say what happened.

import assert from "node:assert/strict";
import { usableGrant } from "../../src/vault/access.ts";
import { type Grant, secretsOf, withSecrets } from "../../src/vault/content.ts";
import { Vault } from "../../src/vault/vault.ts";
import { until } from "../peers/wait.ts";
import {
  isFailure,
  type OauthTestProfile,
  spawnChild,
  testGrant,
  testProfile,
  testSettings,
  testWorld,
  withFolder,
} from "./fixtures.ts";
import { type RotatingProvider, startRotatingProvider } from "./rotating_provider.ts";

const KILLS = Deno.build.os === "windows" ? 60 : 300;
const LANES = 2;
const MOST_AT_ONCE = 3;
const NAMED =
  /invalid_grant[^]*; a refresh that began at 20\d\d-\S+Z was cut off before its answer could be stored/;

interface Counts {
  kills: number;
  /** The vault held the newest refresh token afterwards. */
  stored: number;
  /** The provider had answered, and the answer was lost. */
  gaps: number;
  refreshes: number;
}

for (const detectsReuse of [true, false]) {
  const manner = detectsReuse ? "with reuse detection" : "without";
  Deno.test(`a grant under rotation ${manner} outlives kills at any moment, or its loss is named`, async () => {
    const seed = crypto.getRandomValues(new Uint32Array(1))[0] ?? 1;
    const counts: Counts = { kills: 0, stored: 0, gaps: 0, refreshes: 0 };
    try {
      const random = randomFrom(seed);
      await Promise.all(
        Array.from({ length: LANES }, () => killInLane({ detectsReuse, random, counts })),
      );
    } finally {
      const { kills, stored, gaps, refreshes } = counts;
      await say(
        `  seed ${seed}: ${kills} kills among ${refreshes} refreshes; looked ${
          stored + gaps
        } times: ` +
          `${stored} with the newest token stored, ${gaps} in the gap`,
      );
    }
    assert.ok(counts.kills >= KILLS && counts.refreshes > 0);
    assert.ok(counts.stored > 0);
  });
}

interface Lane {
  readonly folder: string;
  readonly provider: RotatingProvider;
  readonly detectsReuse: boolean;
  readonly random: () => number;
  readonly counts: Counts;
}

async function killInLane(lane: Omit<Lane, "folder" | "provider">): Promise<void> {
  const pauseMs = (): number => Math.floor(lane.random() * 4);
  await using provider = startRotatingProvider({ detectsReuse: lane.detectsReuse, pauseMs });
  await withFolder(async (folder) => {
    const scene = { ...lane, folder, provider };
    await signIn(scene);
    const lifeMs = await timeOfOneLife(scene);
    while (lane.counts.kills < KILLS) {
      const many = 1 + Math.floor(lane.random() * MOST_AT_ONCE);
      await Promise.all(Array.from({ length: many }, () => killOne(scene, lifeMs)));
      await lookAround(scene);
    }
    lane.counts.refreshes += provider.answers;
  });
}

/** From the start of a process to its first answer, and as long again for what it does then. */
async function timeOfOneLife(lane: Lane): Promise<number> {
  const child = spawnChild("./killed_child.ts", childInput(lane));
  const startedMs = performance.now();
  await until(() => lane.provider.answers > 0, { what: "a first refresh", timeoutMs: 30_000 });
  const lifeMs = 2 * (performance.now() - startedMs);
  await endChild(child);
  await lookAround(lane);
  return lifeMs;
}

async function killOne(lane: Lane, lifeMs: number): Promise<void> {
  const child = spawnChild("./killed_child.ts", childInput(lane));
  const delayMs = lane.random() * lifeMs;
  await new Promise((resolve) => setTimeout(resolve, delayMs));
  const said = await endChild(child);
  if (said === "") lane.counts.kills++; // else it had ended by itself
  // A reader needs no lock: the others may be writing.
  assert.ok((await storedGrant(lane)).refreshToken?.startsWith("refresh-token-"));
  if (said === "") return;
  assert.ok(lane.detectsReuse, `the grant was lost: ${said}`);
  const { code, message } = JSON.parse(said) as { readonly code: string; readonly message: string };
  assert.equal(code, "oauth.grant_expired", message);
  assert.match(message, NAMED);
}

/** What it said before it died; nothing unless it was refused. */
async function endChild(child: Deno.ChildProcess): Promise<string> {
  try {
    child.kill("SIGKILL");
  } catch {
    // It was refused and has ended by itself.
  }
  const { stdout, stderr } = await child.output();
  assert.equal(new TextDecoder().decode(stderr), "");
  return new TextDecoder().decode(stdout);
}

// Everybody is dead now: the vault is recovered, looked at, and used for one more refresh.
async function lookAround(lane: Lane): Promise<void> {
  const { provider, counts } = lane;
  await provider.drain();
  const [world, profile] = [testWorld(), profileOf(lane)];
  const vault = new Vault(testSettings(lane.folder), world);
  const grant = await vault.update((content) =>
    Promise.resolve(secretsOf(content, profile.name).grant)
  );
  const refresh = usableGrant(profile, profile.oauth, { vault, world, isForced: true });
  if (grant?.refreshToken === provider.newest) {
    counts.stored++;
    assert.ok(
      !provider.isRevoked,
      "a used refresh token was presented though the newest was stored",
    );
    await refresh;
  } else {
    counts.gaps++;
    assert.notEqual(grant?.interruptedAtMs, undefined, "the gap went unnoticed");
    if (lane.detectsReuse) {
      await assert.rejects(refresh, isFailure("oauth.grant_expired", NAMED, /plantpost login/));
      assert.match((await storedGrant(lane)).refusedWith ?? "", NAMED);
      await signIn(lane);
    } else await refresh;
  }
  const now = await storedGrant(lane);
  assert.equal(now.refreshToken, provider.newest);
  assert.equal(now.interruptedAtMs, undefined);
}

async function signIn(lane: Lane): Promise<void> {
  const profile = profileOf(lane);
  const grant = testGrant(profile, { refreshToken: lane.provider.signIn() });
  await new Vault(testSettings(lane.folder), testWorld()).update(async (content, save) =>
    await save(withSecrets(content, profile.name, { grant }))
  );
}

async function storedGrant(lane: Lane): Promise<Grant> {
  const content = await new Vault(testSettings(lane.folder), testWorld()).read();
  const { grant } = secretsOf(content, profileOf(lane).name);
  assert.ok(grant !== undefined, "the grant is gone");
  return grant;
}

function profileOf(lane: Lane): OauthTestProfile {
  return testProfile({ oauth: { tokenEndpoint: lane.provider.endpoint } });
}

function childInput(lane: Lane): { readonly folder: string; readonly tokenEndpoint: string } {
  return { folder: lane.folder, tokenEndpoint: lane.provider.endpoint };
}

/** Numbers from 0 to 1 that a seed determines (xorshift32, Marsaglia 2003). */
function randomFrom(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

async function say(line: string): Promise<void> {
  await Deno.stderr.write(new TextEncoder().encode(`${line}\n`));
}
