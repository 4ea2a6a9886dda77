// A PC that sends mail over years, its clock right or wrong, and the person who looks after it now and then. Each day
// it looks at the warnings, sends in the morning, and a script tries again what may pass, as scripts do.

import { Failure } from "../../../src/base/failure.ts";
import type { OauthProfile } from "../../../src/profile/profile.ts";
import { usableGrant } from "../../../src/vault/access.ts";
import { clockWarning } from "../../../src/vault/clock.ts";
import { bindingOf, type Grant, secretsOf, withSecrets } from "../../../src/vault/content.ts";
import { expiryWarnings } from "../../../src/vault/expiry.ts";
import { newGrant } from "../../../src/vault/grant.ts";
import { thumbprintOf } from "../../../src/vault/x509.ts";
import { type OauthTestProfile, testProfile, testWorld } from "../fixtures.ts";
import { type MemoryVault, memoryVault } from "./memory_vault.ts";
import { DAY_MS, MINUTE_MS, randomFrom, YearsProvider } from "./provider.ts";

export const START_MS = Date.parse("2026-11-24T06:00:00Z");
const TRIES = 12;
const TRY_AGAIN_MS = 15 * MINUTE_MS;

/** What happened, with the first day of it and the last. */
export type Diary = Map<string, readonly [number, number]>;

export class Plant {
  readonly time = { nowMs: START_MS };
  readonly provider: YearsProvider;
  readonly vault: MemoryVault = memoryVault();
  /** The PC's clock minus the true time. */
  clockMs = 0;
  profile: OauthTestProfile;
  sent = 0;
  logins = 0;
  readonly failed: Diary = new Map();
  readonly warned: Diary = new Map();
  readonly #world: ReturnType<typeof testWorld>;

  constructor(kind: "microsoft" | "google", seed: number) {
    const random = randomFrom(seed);
    this.provider = new YearsProvider({ kind, time: this.time, random });
    const made = testProfile({ oauth: { clientSecret: { from: "profile", value: "secret-1" } } });
    this.profile = { ...made, provider: kind === "microsoft" ? "microsoft365" : "google" };
    this.#world = {
      ...testWorld(),
      nowMs: () => this.time.nowMs + this.clockMs,
      fetch: this.provider.fetch,
      keepSecret: () => {}, // there are thousands
      sleep: (ms) => {
        this.time.nowMs += Math.ceil(ms);
        return Promise.resolve();
      },
      randomBytes: (count) => Uint8Array.from({ length: count }, () => Math.floor(random() * 256)),
    };
  }

  get day(): number {
    return Math.floor((this.time.nowMs - START_MS) / DAY_MS);
  }

  get grant(): Grant | undefined {
    return secretsOf(this.vault.content, this.profile.name).grant;
  }

  setOauth(change: Partial<OauthProfile>): void {
    this.profile = { ...this.profile, oauth: { ...this.profile.oauth, ...change } };
  }

  /** A new client secret, which lives for two years, in profile and provider. */
  renewSecret(value: string): void {
    const endsMs = (this.day + 730) * DAY_MS + START_MS;
    const date = new Date(endsMs).toISOString().slice(0, 10);
    this.provider.credentials.set(value, Date.parse(`${date}T00:00:00Z`));
    this.setOauth({ clientSecret: { from: "profile", value }, clientSecretExpires: date });
  }

  /** What `cert new` does; resolves to the upload at the provider. */
  async newCertificate(lifeDays: number): Promise<() => void> {
    const { privateKey } = await crypto.subtle.generateKey(
      { name: "ECDSA", namedCurve: "P-256" },
      true,
      ["sign", "verify"],
    );
    const key = new Uint8Array(await crypto.subtle.exportKey("pkcs8", privateKey));
    const der = await Deno.readFile(new URL("../certificates/certificate.der", import.meta.url));
    // Another signature makes another certificate, for whoever does not verify it.
    crypto.getRandomValues(der.subarray(-8));
    const nowMs = this.#world.nowMs();
    const expiresAtMs = nowMs + lifeDays * DAY_MS;
    const { certificate: before } = secretsOf(this.vault.content, this.profile.name);
    this.vault.content = withSecrets(this.vault.content, this.profile.name, {
      certificate: {
        binding: bindingOf(this.profile),
        privateKey: btoa(String.fromCharCode(...key)),
        certificate: btoa(String.fromCharCode(...der)),
        madeAtMs: nowMs,
        expiresAtMs,
      },
      previousCertificate: before,
    });
    const thumbprint = await thumbprintOf(der);
    return () => void this.provider.credentials.set(thumbprint, expiresAtMs);
  }

  login(): void {
    const { profile } = this;
    this.logins++;
    const grant = newGrant(profile, this.provider.signIn(), {
      nowMs: this.#world.nowMs(),
      scope: profile.oauth.scope,
    });
    this.vault.content = withSecrets(this.vault.content, profile.name, { grant });
  }

  /** What `status` warns of today, as `code threshold`. */
  status(): readonly string[] {
    const { certificate, previousCertificate } = secretsOf(this.vault.content, this.profile.name);
    const { grant, profile } = this;
    const warnings = expiryWarnings({
      profile,
      oauth: profile.oauth,
      nowMs: this.#world.nowMs(),
      grant,
      certificate,
      previousCertificate,
    }).map(({ code, threshold }) => threshold === undefined ? code : `${code} ${threshold}`);
    const clock = clockWarning(grant?.clockSkewMs);
    const all = clock === undefined ? warnings : [...warnings, clock.code];
    for (const warning of all) this.#note(this.warned, warning);
    return all;
  }

  /** A mail, tried again while its exit code says so; undefined when it went out. */
  async send(): Promise<Failure | undefined> {
    for (let count = 0;; count++) {
      const failure = await this.#sendOnce();
      if (failure === undefined || failure.retry !== "later" || count === TRIES) {
        if (failure === undefined) this.sent++;
        else this.#note(this.failed, failure.code);
        return failure;
      }
      this.time.nowMs += TRY_AGAIN_MS;
    }
  }

  /** What the task scheduler runs, once a week. */
  async refresh(): Promise<void> {
    await this.#ask({ isForced: true }).catch((failure) => {
      if (!(failure instanceof Failure)) throw failure;
    });
  }

  /** A day of a plant: a look at the warnings, a mail in the morning, and some more within the hour. */
  async workday(): Promise<void> {
    this.status();
    await this.send();
    for (let count = 0; count < 2; count++) {
      this.time.nowMs += 10 * MINUTE_MS;
      await this.send();
    }
  }

  /** What was noted since the last time. */
  chapter(): { readonly failed: object; readonly warned: object } {
    const chapter = {
      failed: Object.fromEntries(this.failed),
      warned: Object.fromEntries(this.warned),
    };
    this.failed.clear();
    this.warned.clear();
    return chapter;
  }

  /** Workdays from one day until before another, each with what is to be done before. */
  async live(from: number, to: number, before?: (day: number) => void): Promise<void> {
    for (let day = from; day < to; day++) {
      this.sleepUntil(day);
      before?.(day);
      await this.workday();
    }
  }

  /** Goes on to six in the morning of that day. */
  sleepUntil(day: number): void {
    this.time.nowMs = Math.max(this.time.nowMs, START_MS + day * DAY_MS);
  }

  async #sendOnce(): Promise<Failure | undefined> {
    try {
      const { accessToken } = await this.#ask({});
      if (this.provider.takes(accessToken)) return undefined;
      const other = await this.#ask({ refused: accessToken });
      return this.provider.takes(other.accessToken)
        ? undefined
        : new Failure("smtp.auth_refused", "535 5.7.3");
    } catch (failure) {
      if (failure instanceof Failure) return failure;
      throw failure;
    }
  }

  async #ask(options: { readonly isForced?: boolean; readonly refused?: string }): Promise<Grant> {
    const { profile, vault } = this;
    const world = this.#world;
    // The library signs its assertions by the runtime's clock, which is the PC's.
    const now = Date.now;
    Date.now = () => world.nowMs();
    try {
      return await usableGrant(profile, profile.oauth, { vault, world, ...options });
    } finally {
      Date.now = now;
    }
  }

  #note(diary: Diary, what: string): void {
    const { day } = this;
    diary.set(what, [diary.get(what)?.[0] ?? day, day]);
  }
}
