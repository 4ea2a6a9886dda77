// Five years of three plants, on a clock of the test's own: mails every day, providers in trouble by seeded chance,
// clocks that go wrong, secrets and certificates that end, a PC that is off for too long. What must come out is what
// the reference says of lives and ends: no mail is lost but where a person had to act, and that was told before.

import assert from "node:assert/strict";
import { secretsOf } from "../../src/vault/content.ts";
import { Plant } from "./years/plant.ts";
import { HOUR_MS, MINUTE_MS } from "./years/provider.ts";

const DAYS = 5 * 365 + 1;
/** For all of them together; Wine is slower. */
const LIMIT_MS = Deno.build.os === "windows" ? 30_000 : 10_000;

let spentMs = 0;

/** Adds up what they take together. */
async function timed(body: () => Promise<void>): Promise<void> {
  const startedMs = performance.now();
  await body();
  spentMs += performance.now() - startedMs;
  assert.ok(spentMs < LIMIT_MS, `${Math.round(spentMs)} ms`);
}

for (const seed of [1, 20_261_124]) {
  Deno.test(`five years with Microsoft 365 lose no mail but where a person had to act, seed ${seed}`, async () => {
    await timed(async () => await fiveYearsOfMicrosoft(seed));
  });
}

async function fiveYearsOfMicrosoft(seed: number): Promise<void> {
  const plant = new Plant("microsoft", seed);
  const { provider } = plant;
  plant.renewSecret("secret-1");
  plant.login();

  // The clock is ahead for ten days, then two days behind: that is told, and costs nothing.
  await plant.live(0, 600, (day) => {
    if (day === 300) plant.clockMs = 3 * HOUR_MS;
    if (day === 310 || day === 505) plant.clockMs = 0;
    if (day === 500) plant.clockMs = -48 * HOUR_MS;
  });
  assert.deepEqual(plant.chapter(), { failed: {}, warned: { clock_wrong: [301, 505] } });

  // The first client secret is renewed at the second warning.
  await plant.live(600, 799, (day) => {
    if (day === 705) plant.renewSecret("secret-2");
  });
  assert.deepEqual(plant.chapter(), {
    failed: {},
    warned: { "client_secret_expires 60": [670, 699], "client_secret_expires 30": [700, 704] },
  });

  // The PC is off for 100 days, and the refresh token dies of disuse after 90. That is said when it is on again, is
  // not asked for at every mail, and a sign-in heals it.
  const requestsBefore = provider.requests;
  plant.sleepUntil(900);
  await plant.workday();
  assert.deepEqual(plant.chapter(), {
    failed: { "oauth.grant_expired": [900, 900] },
    warned: { "refresh_token_idle 0": [900, 900] },
  });
  assert.match(plant.grant?.refusedWith ?? "", /AADSTS700082/);
  assert.equal(plant.grant?.refusedAtMs !== undefined, true);
  assert.ok(plant.grant?.refreshToken !== undefined, "the tokens are gone");
  // Three mails in twenty minutes, of which the second falls on the very end of the ten minutes.
  assert.ok(provider.requests - requestsBefore - provider.troubles <= 3);
  plant.login();
  await plant.live(901, 1300);
  assert.deepEqual(plant.chapter(), { failed: {}, warned: {} });

  // The second secret is forgotten. Its end stops the mail, and no sign-in is lost by it: with a certificate, from the
  // moment that it is uploaded, mail goes on.
  let upload: (() => void) | undefined;
  await plant.live(1300, 1438);
  plant.sleepUntil(1438);
  upload = await plant.newCertificate(365);
  await plant.workday();
  assert.deepEqual(plant.chapter(), {
    failed: { "oauth.client_refused": [1435, 1438] },
    warned: {
      "client_secret_expires 60": [1375, 1404],
      "client_secret_expires 30": [1405, 1427],
      "client_secret_expires 7": [1428, 1434],
      "client_secret_expires 0": [1435, 1438],
      certificate_not_accepted: [1438, 1438],
    },
  });
  assert.equal(plant.grant?.refusedAtMs, undefined, "a refused client has ended the sign-in");
  upload();
  // A clock that is twenty minutes ahead signs requests of the future; the provider's answer shows it.
  await plant.live(1439, 1700, (day) => {
    if (day === 1500) plant.clockMs = 20 * MINUTE_MS;
    if (day === 1510) plant.clockMs = -20 * MINUTE_MS;
    if (day === 1520) plant.clockMs = 0;
  });
  const { failed, warned } = plant.chapter();
  assert.deepEqual(failed, {});
  assert.deepEqual(Object.keys(warned).sort(), [
    "certificate_not_accepted", // in the morning before the first mail
    "client_secret_expires 0",
    "clock_wrong",
  ]);

  // The certificate is renewed at the last warning, and the old one serves until the new one is uploaded.
  upload = undefined;
  for (let day = 1700; day < DAYS; day++) {
    plant.sleepUntil(day);
    if (day === 1799) upload = await plant.newCertificate(730);
    if (day === 1802) upload?.();
    await plant.workday();
  }
  assert.deepEqual(plant.chapter(), {
    failed: {},
    warned: {
      "certificate_expires 60": [1743, 1772],
      "certificate_expires 30": [1773, 1795],
      "certificate_expires 7": [1796, 1802],
      certificate_not_accepted: [1799, 1802],
    },
  });

  const { grant } = plant;
  const secrets = secretsOf(plant.vault.content, plant.profile.name);
  assert.equal(grant?.refreshToken, provider.newest);
  assert.equal(provider.stale, 0, "an old refresh token was used though there was a newer one");
  assert.equal(grant.refusedAtMs ?? grant.askAgainAtMs ?? grant.clockSkewMs, undefined);
  assert.ok(secrets.certificate?.acceptedAtMs !== undefined);
  assert.equal(secrets.previousCertificate, undefined);
  assert.equal(plant.logins, 2);
  // Days on, less the one of the dead sign-in and the four of the ended secret.
  assert.equal(plant.sent, 3 * (DAYS - 101 - 1 - 4));
  assert.ok(provider.troubles > 20, `only ${provider.troubles} troubles in five years`);
}

Deno.test("five years with Google: a season without mail is warned of, and a weekly refresh keeps the rest", async () => {
  await timed(async () => {
    const plant = new Plant("google", 3);
    plant.provider.credentials.set("secret-1", Number.POSITIVE_INFINITY);
    plant.login();
    await plant.live(0, 200);
    assert.deepEqual(plant.chapter(), { failed: {}, warned: {} });
    // Nobody mails, and nobody listens to the warnings.
    for (let day = 200; day < 400; day++) {
      plant.sleepUntil(day);
      plant.status();
    }
    assert.deepEqual(plant.chapter(), {
      failed: {},
      warned: {
        "refresh_token_idle 60": [319, 348],
        "refresh_token_idle 30": [349, 371],
        "refresh_token_idle 7": [372, 378],
        "refresh_token_idle 0": [379, 399],
      },
    });
    plant.sleepUntil(400);
    assert.equal((await plant.send())?.exitCode, 77);
    assert.match(plant.grant?.refusedWith ?? "", /expired or revoked/);
    plant.login();
    plant.chapter();
    // From now on the task scheduler refreshes once a week, in a year without a mail as well.
    for (let day = 401; day < DAYS; day++) {
      plant.sleepUntil(day);
      plant.status();
      if (day % 7 === 0) await plant.refresh();
      if (day > 900) await plant.send();
    }
    assert.deepEqual(plant.chapter(), { failed: {}, warned: {} });
    assert.equal(plant.grant?.refreshToken, plant.provider.newest);
    assert.equal(plant.logins, 2);
  });
});

Deno.test("five years with Google begin in testing mode: it dies weekly, with a word before, until the app is published", async () => {
  await timed(async () => {
    const plant = new Plant("google", 5);
    plant.provider.credentials.set("secret-1", Number.POSITIVE_INFINITY);
    plant.provider.isTesting = true;
    plant.login();
    for (let week = 0; week < 4; week++) {
      const from = week * 8;
      await plant.live(from, from + 8);
      const { failed, warned } = plant.chapter();
      assert.deepEqual(Object.keys(failed), ["oauth.grant_expired"], `week ${week}`);
      // Seven days are under the last threshold from the first one on.
      const { "refresh_token_expires 7": [first, last] = [] } = warned as Record<string, number[]>;
      assert.ok(
        first !== undefined && first <= from + 1 && last === from + 6,
      );
      assert.match(plant.grant?.refusedWith ?? "", /expired or revoked/);
      if (week === 3) plant.provider.isTesting = false;
      plant.login();
    }
    await plant.live(32, DAYS);
    assert.deepEqual(plant.chapter(), { failed: {}, warned: {} });
    assert.equal(plant.logins, 5);
  });
});
