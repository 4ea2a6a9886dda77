// A refresh whose process was killed: what it left on the disk, what the vault makes of it, and what a person
// is told. The random kills are in `kill_test.ts`; here every moment is played by hand.

import assert from "node:assert/strict";
import { Failure } from "../../src/base/failure.ts";
import { secretsOf, withSecrets } from "../../src/vault/content.ts";
import { newGrant } from "../../src/vault/grant.ts";
import { noteOf, readLeftover, type Underway } from "../../src/vault/leftover.ts";
import { until } from "../peers/wait.ts";
import {
  isFailure,
  namesIn,
  spawnChild,
  testGrant,
  testProfile,
  testSettings,
} from "./fixtures.ts";
import { startRotatingProvider } from "./rotating_provider.ts";
import { EXPIRED_MS, FRESH_MS, type Scene, withGrant } from "./scene.ts";

const BEGAN = "1970-01-01T01:00:00.000Z";
const UNDERWAY: Underway = { profile: "plant", atMs: Date.parse(BEGAN) };
const REFUSED = (): Response =>
  Response.json({ error: "invalid_grant", error_description: "reuse" }, { status: 400 });

Deno.test("usableGrant() names the refresh that was cut off, and keeps naming it until a sign-in", async () => {
  await withGrant({ nowMs: EXPIRED_MS, answer: REFUSED }, async (scene) => {
    await leave(scene, UNDERWAY);
    for (let time = 0; time < 3; time++) {
      const failure = await scene.ask().catch((thrown: unknown) => thrown);
      assert.ok(failure instanceof Failure);
      assert.equal(failure.code, "oauth.grant_expired");
      assert.equal(failure.exitCode, 77);
      assert.match(failure.message, /invalid_grant/);
      const cut =
        `; a refresh that began at ${BEGAN} was cut off before its answer could be stored`;
      assert.ok(failure.message.endsWith(cut), failure.message);
      assert.match(failure.remedy ?? "", /^sign in again: run "plantpost login"; .*lost power/);
      assert.equal(failure.refusal?.kind, "oauth", "the provider's own words are gone");
      assert.equal((await scene.stored())?.refusedWith, failure.message);
      // Meanwhile nobody asks, and the same is told.
      await assert.rejects(scene.ask(), isFailure("oauth.grant_expired", new RegExp(cut)));
      scene.clock.nowMs += 600_000;
    }
    const grant = newGrant(scene.profile, { accessToken: "a", refreshToken: "r" }, {
      nowMs: EXPIRED_MS,
      scope: "s",
    });
    await scene.vault.update((content, save) =>
      save(withSecrets(content, scene.profile.name, { grant }))
    );
    const failure = await scene.ask({ isForced: true }).catch((thrown: unknown) => thrown);
    assert.ok(failure instanceof Failure && !failure.message.includes("cut off"));
  });
});

Deno.test("usableGrant() says nothing of an interruption when the provider takes the old token", async () => {
  await withGrant({ nowMs: EXPIRED_MS }, async (scene) => {
    await leave(scene, UNDERWAY);
    await scene.ask();
    const stored = await scene.stored();
    assert.equal(stored?.accessToken, "access-token-1");
    assert.equal(stored.interruptedAtMs, undefined);
    assert.deepEqual(await namesIn(testSettings(scene.folder).dataDir), NAMES);
  });
});

Deno.test("usableGrant() remembers an interruption through other troubles", async () => {
  let answer = (): Response => new Response("", { status: 503 });
  await withGrant({ nowMs: EXPIRED_MS, answer: () => answer() }, async (scene) => {
    await leave(scene, UNDERWAY);
    await assert.rejects(scene.ask(), isFailure("oauth.temporary"));
    // Whoever writes next, for whatever reason, overwrites the note.
    await scene.vault.update(() => Promise.resolve());
    answer = REFUSED;
    scene.clock.nowMs += 60_000;
    await assert.rejects(scene.ask(), isFailure("oauth.grant_expired", /began at 1970.*cut off/));
  });
});

Deno.test("update() keeps the time of the first of two interruptions", async () => {
  await withGrant({ nowMs: FRESH_MS }, async (scene) => {
    for (const atMs of [UNDERWAY.atMs, UNDERWAY.atMs + 1000]) {
      await leave(scene, { ...UNDERWAY, atMs });
      await scene.vault.update(() => Promise.resolve());
      assert.equal((await scene.stored())?.interruptedAtMs, UNDERWAY.atMs);
    }
  });
});

Deno.test("update() marks the grant of the interrupted profile and no other", async () => {
  await withGrant({ nowMs: FRESH_MS }, async (scene) => {
    const other = testProfile({ name: "other", oauth: scene.profile.oauth });
    await scene.vault.update((content, save) =>
      save(withSecrets(content, "other", { grant: testGrant(other) }))
    );
    for (const profile of ["other", "never-heard-of", "constructor"]) {
      await leave(scene, { ...UNDERWAY, profile });
      await scene.vault.update(() => Promise.resolve());
    }
    const content = await scene.vault.read();
    assert.equal(secretsOf(content, "other").grant?.interruptedAtMs, UNDERWAY.atMs);
    assert.equal((await scene.stored())?.interruptedAtMs, undefined);
    assert.deepEqual(Object.keys(content.profiles).sort(), ["other", "plant"]);
  });
});

Deno.test("update() leaves no note when it saves, does nothing, or fails", async () => {
  await withGrant({ nowMs: FRESH_MS }, async ({ vault, stored, folder }) => {
    const before = await stored();
    const options = { underway: () => UNDERWAY };
    await vault.update((content, save) => save(content), options);
    await vault.update(() => Promise.resolve(), options);
    await assert.rejects(vault.update(() => Promise.reject(new Error("no")), options), /no/);
    assert.deepEqual(await namesIn(testSettings(folder).dataDir), NAMES);
    await vault.update(() => Promise.resolve());
    assert.deepEqual(await stored(), before);
  });
});

Deno.test("update() finds a whole new vault in room that was not cut off yet", async () => {
  await withGrant({ nowMs: FRESH_MS }, async ({ vault, stored, folder }) => {
    const old = await Deno.readFile(vault.path);
    await vault.update((content, save) =>
      save(withSecrets(content, "plant", { grant: testGrant(testProfile(), { scope: "newer" }) }))
    );
    const newer = await Deno.readFile(vault.path);
    await Deno.writeFile(vault.path, old);
    await Deno.writeFile(`${vault.path}.new`, overwritten(roomWith(noteOf(UNDERWAY)), newer));
    await vault.update(() => Promise.resolve());
    assert.deepEqual(await Deno.readFile(vault.path), newer);
    assert.equal((await stored())?.interruptedAtMs, undefined, "nothing was lost");
    assert.deepEqual(await namesIn(testSettings(folder).dataDir), NAMES);
  });
});

Deno.test("update() finds the note behind a vault that was written in part", async () => {
  await withGrant({ nowMs: FRESH_MS }, async ({ vault, stored }) => {
    const torn = (await Deno.readFile(vault.path)).subarray(0, 200);
    await Deno.writeFile(`${vault.path}.new`, overwritten(roomWith(noteOf(UNDERWAY)), torn));
    await vault.update(() => Promise.resolve());
    assert.equal((await stored())?.interruptedAtMs, UNDERWAY.atMs);
  });
});

Deno.test("readLeftover() takes a whole note only", () => {
  const note = noteOf(UNDERWAY);
  assert.deepEqual(readLeftover(roomWith(note), "p"), { interrupted: UNDERWAY });
  const strange = { profile: 'a "b"\n{é}', atMs: 1 };
  assert.deepEqual(readLeftover(roomWith(noteOf(strange)), "p"), { interrupted: strange });
  const whole = roomWith(note);
  for (
    const octets of [
      new Uint8Array(),
      whole.subarray(0, -1), // the room was still being filled
      whole.subarray(0, -note.length),
      roomWith("plantpost refresh {"),
      roomWith('plantpost refresh {"profile":7,"at":"2026-11-24T08:00:00Z"}'),
      roomWith('plantpost refresh {"profile":"plant","at":"yesterday"}'),
      roomWith("plantpost refresh null"),
    ]
  ) {
    assert.deepEqual(readLeftover(octets, "p"), {});
  }
});

Deno.test("a process killed between answer and write loses the grant to reuse detection, by name", async () => {
  // The provider takes its time to say what it has decided already.
  await using provider = startRotatingProvider({ detectsReuse: true, pauseMs: () => 300_000 });
  const oauth = { tokenEndpoint: provider.endpoint };
  await withGrant({ nowMs: EXPIRED_MS, oauth }, async (scene) => {
    const refreshToken = provider.signIn();
    await scene.vault.update((content, save) =>
      save(withSecrets(content, "plant", { grant: testGrant(scene.profile, { refreshToken }) }))
    );
    const child = spawnChild("./killed_child.ts", { folder: scene.folder, ...oauth });
    await until(() => provider.answers === 1, { what: "the rotation", timeoutMs: 30_000 });
    child.kill("SIGKILL");
    await child.output();
    provider.hurry();
    await provider.drain();
    await assert.rejects(
      scene.ask(),
      isFailure("oauth.grant_expired", /began at 20\d\d-.*Z was cut off/, /plantpost login/),
    );
    assert.ok(provider.isRevoked);
  });
});

const NAMES = ["vault.json", "vault.lock"];

// What a process that is killed while it waits for the provider leaves behind.
async function leave(scene: Scene, underway: Underway): Promise<void> {
  await Deno.writeFile(`${scene.vault.path}.new`, roomWith(noteOf(underway)));
}

function roomWith(note: string): Uint8Array {
  const end = new TextEncoder().encode(`\n${note}\n`);
  const room = new Uint8Array(5000 + end.length);
  crypto.getRandomValues(room.subarray(0, 5000));
  room.set(end, 5000);
  return room;
}

function overwritten(room: Uint8Array, content: Uint8Array): Uint8Array {
  const both = room.slice();
  both.set(content);
  return both;
}
