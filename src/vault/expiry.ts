// What of a profile ends, when, and what to do before it does: the client secret, the certificate, the refresh token.
// The invariants: pure, and all in UTC; a warning names one thing with one end, and the same thing always has the
// same code.

import type { Who } from "../catalogue/entry.ts";
import { adviceLines } from "../catalogue/remedy.ts";
import { REG } from "../catalogue/steps.ts";
import type { OauthProfile, Profile } from "../profile/profile.ts";
import { type Provider, PROVIDERS } from "../profile/providers.ts";
import type { Grant } from "./content.ts";
import { type Installation, scheduleLine } from "./schedule_line.ts";

/** In days before the end; 0 when it is over. */
export type Threshold = 60 | 30 | 7 | 0;

export type ExpiryCode =
  | "client_secret_expires"
  | "certificate_expires"
  | "certificate_not_accepted"
  | "refresh_token_idle"
  | "refresh_token_expires";

export interface ExpiryWarning {
  readonly code: ExpiryCode;
  readonly message: string;
  /** One step a line. */
  readonly remedy: string;
  readonly who: Who;
  /** Absent for what has no end of its own, such as a certificate that waits for its upload. */
  readonly endsAtMs?: number;
  /** The nearest of the thresholds that it has come under; absent without an end. */
  readonly threshold?: Threshold;
}

/** A certificate credential, of the vault (`StoredCertificate` has these fields) or of a file. */
export interface KnownCertificate {
  readonly expiresAtMs: number;
  /** When the provider first took it; of a file nobody notes it down. */
  readonly acceptedAtMs?: number;
  /** Where it lies, if not in the vault. */
  readonly file?: string;
}

export interface Expiring {
  readonly profile: Profile;
  readonly oauth: OauthProfile;
  readonly nowMs: number;
  readonly grant?: Grant | undefined;
  /** The one that is tried first: that of the file, or the newest of the vault. */
  readonly certificate?: KnownCertificate | undefined;
  readonly previousCertificate?: KnownCertificate | undefined;
  /** False where it is known that there is no client secret, whatever date the profile names. */
  readonly hasClientSecret?: boolean;
  /** For the line that schedules a refresh. */
  readonly installation?: Installation;
}

export const DAY_MS = 86_400_000;

/** Google ends the refresh tokens of an app in testing mode after seven days; one more for clocks and time zones. */
const GOOGLE_TESTING_MS = 8 * DAY_MS;
/** Entra gives the tokens of a single-page application a day. */
const SINGLE_PAGE_MS = 25 * 3_600_000;

/** All that has come within 60 days of its end, or is over. */
export function expiryWarnings(of: Expiring): readonly ExpiryWarning[] {
  const { certificate, previousCertificate } = of;
  const waits = certificate !== undefined && !isAccepted(certificate);
  const used = [certificate, previousCertificate].find((one) =>
    one !== undefined && isAccepted(one)
  );
  return [
    used === undefined ? clientSecret(of) : certificateEnd(used, of),
    waits ? notAccepted(of) : undefined,
    ...refreshToken(of),
  ].filter((warning) => warning !== undefined);
}

/** The nearest threshold that so much time has come under; undefined while there is more than 60 days. */
export function thresholdOf(leftMs: number): Threshold | undefined {
  if (leftMs <= 0) return 0;
  return ([7, 30, 60] as const).find((days) => leftMs <= days * DAY_MS);
}

/** Midnight UTC at the start of a local date, YYYY-MM-DD. */
export function startOfDayMs(date: string): number {
  return Date.parse(`${date}T00:00:00Z`);
}

/**
 * Whether a Google sign-in that was refused has lived about as long as one of an app in testing mode. The provider
 * does not say so itself: "Token has been expired or revoked" stands for six other causes, too.
 */
export function looksLikeTestingMode(profile: Profile, grant: Grant): boolean {
  const { refreshTokenIssuedAtMs: issuedMs, refreshTokenLastUsedAtMs, refusedAtMs } = grant;
  if (profile.provider !== "google" || issuedMs === undefined || refusedAtMs === undefined) {
    return false;
  }
  // Each further try is refused later; the last success stays where it was.
  const usedForMs = (refreshTokenLastUsedAtMs ?? issuedMs) - issuedMs;
  return refusedAtMs - issuedMs <= GOOGLE_TESTING_MS ||
    (usedForMs > 0 && usedForMs <= GOOGLE_TESTING_MS);
}

const PUBLISH =
  "open console.cloud.google.com/auth/audience and press Publish app, so that it says In production (or make it Internal)";

/** For a sign-in that `looksLikeTestingMode()`. */
export const PUBLISH_AT_GOOGLE =
  `if the consent screen of the app is in Testing, Google ends every sign-in after 7 days: ${PUBLISH}`;

function clientSecret(of: Expiring): ExpiryWarning | undefined {
  const { clientSecretExpires: date } = of.oauth;
  if (date === undefined || of.hasClientSecret === false) return undefined;
  return dated("client_secret_expires", startOfDayMs(date), {
    of,
    what: "the client secret",
    who: "administrator",
    steps: [
      ...newSecretSteps(of),
      'run "plantpost refresh"; if that is refused, "plantpost login"',
      "write the new date into oauth.client_secret_expires of the profile",
      ...(PROVIDERS[of.profile.provider].isMicrosoft
        ? ['better: run "plantpost cert new" and upload the certificate: no secret, no yearly end']
        : []),
    ],
  });
}

function newSecretSteps({ oauth, profile }: Expiring): readonly string[] {
  const keep = {
    vault: 'run "plantpost secret set" on the PC and paste it',
    env: "put it into the environment variable of oauth.client_secret_env",
    file: "write it into the file of oauth.client_secret_file",
    profile: "write it into oauth.client_secret of the profile",
  }[oauth.clientSecret.from];
  if (PROVIDERS[profile.provider].isMicrosoft) {
    return [
      `open ${
        registration(profile)
      } > Certificates & secrets > Client secrets > New client secret, choose when it ` +
      "expires, and press Add",
      "copy the Value at once, it is shown only now; the Secret ID beside it is of no use",
      keep,
    ];
  }
  const { portal } = PROVIDERS[profile.provider];
  const where = portal === undefined
    ? "have whoever runs the provider make a new client secret for the app"
    : `open ${portal}, choose the app, and add a new client secret`;
  return [where, keep];
}

function certificateEnd(used: KnownCertificate, of: Expiring): ExpiryWarning | undefined {
  const isWaiting = of.certificate !== used;
  return dated("certificate_expires", used.expiresAtMs, {
    of,
    what: "the certificate",
    who: "administrator",
    steps: isWaiting
      ? [`the new one waits for its upload: ${uploadStep(of)}`, 'run "plantpost refresh"']
      : used.file === undefined
      ? [
        'run "plantpost cert new" on the PC; until the new certificate is uploaded, the old one stays in use',
        uploadStep(of),
        'run "plantpost refresh"',
      ]
      : [
        'run "plantpost cert new" on the PC, or have a new certificate issued',
        uploadStep(of),
        `take oauth.certificate_file (${used.file}) out of the profile, or name the new file there`,
        'run "plantpost refresh"',
      ],
  });
}

function notAccepted(of: Expiring): ExpiryWarning {
  const { name } = of.profile;
  return {
    code: "certificate_not_accepted",
    message: `the new certificate of profile "${name}" waits: the provider has not accepted it yet`,
    who: "administrator",
    remedy: adviceLines([uploadStep(of), 'run "plantpost refresh"']).join("\n"),
  };
}

function uploadStep({ profile }: Expiring): string {
  return PROVIDERS[profile.provider].isMicrosoft
    ? `open ${
      registration(profile)
    } > Certificates & secrets > Certificates > Upload certificate and choose the .cer file`
    : "have whoever runs the provider register the .cer file for the app";
}

function refreshToken(of: Expiring): readonly (ExpiryWarning | undefined)[] {
  const { grant, oauth, profile } = of;
  // What was refused is over already, and what to do then is told with the refusal.
  if (oauth.flow === "app" || grant?.refreshToken === undefined) return [];
  if (grant.refusedAtMs !== undefined) return [];
  const { refreshTokenExpiresAtMs: fixedEndMs } = grant;
  const idleEndMs = idleEndOf(grant, PROVIDERS[profile.provider]);
  if (fixedEndMs === undefined || (idleEndMs !== undefined && idleEndMs < fixedEndMs)) {
    return [idleEndMs === undefined ? undefined : idle(idleEndMs, of)];
  }
  return [fixedEnd(fixedEndMs, grant, of)];
}

function idleEndOf(grant: Grant, { refreshTokenIdleDays: days }: Provider): number | undefined {
  const usedMs = grant.refreshTokenLastUsedAtMs ?? grant.refreshTokenIssuedAtMs;
  return days === undefined || usedMs === undefined ? undefined : usedMs + days * DAY_MS;
}

function idle(endsAtMs: number, of: Expiring): ExpiryWarning | undefined {
  const days = PROVIDERS[of.profile.provider].refreshTokenIdleDays;
  return dated("refresh_token_idle", endsAtMs, {
    of,
    what: "the unused refresh token",
    why: `the provider lets it die after ${days} days without use`,
    who: "operator",
    steps: [
      'run "plantpost refresh" now; if that is refused, "plantpost login"',
      `schedule "plantpost refresh", so that it is used even when no mail is sent${lineOf(of)}`,
    ],
  });
}

function lineOf({ installation }: Expiring): string {
  return installation === undefined
    ? ""
    : `: ${scheduleLine({ command: "refresh", every: "week" }, installation)}`;
}

function fixedEnd(endsAtMs: number, grant: Grant, of: Expiring): ExpiryWarning | undefined {
  const { profile } = of;
  const { isMicrosoft } = PROVIDERS[profile.provider];
  const issuedMs = grant.refreshTokenIssuedAtMs;
  const lifeMs = issuedMs === undefined ? Number.POSITIVE_INFINITY : endsAtMs - issuedMs;
  const login = `run "plantpost login" and sign in as ${profile.user}`;
  const about = { of, what: "the refresh token", who: "user" } as const;
  if (profile.provider === "google") {
    const isTesting = lifeMs <= GOOGLE_TESTING_MS;
    return dated("refresh_token_expires", endsAtMs, {
      ...about,
      ...(isTesting
        ? { why: "the consent screen of the app is in Testing, where Google ends it after 7 days" }
        : { why: "the access was given for a limited time" }),
      steps: isTesting
        ? [PUBLISH, login]
        : [`${login}; where Google asks for how long, give the access without an end`],
    });
  }
  if (isMicrosoft && lifeMs <= SINGLE_PAGE_MS) {
    return dated("refresh_token_expires", endsAtMs, {
      ...about,
      why: "its redirect URI is registered as Single-page application, which gets 24 hours",
      steps: [
        `open ${
          registration(profile)
        } > Authentication: remove the URI from Single-page application and add it to ` +
        "Mobile and desktop applications",
        login,
      ],
    });
  }
  // Many services start the life anew at each refresh: what is as long as the whole life is no news.
  return dated("refresh_token_expires", endsAtMs, {
    ...about,
    mostDays: lifeMs / DAY_MS,
    steps: ['run "plantpost refresh"; if that gives no later end, "plantpost login"'],
  });
}

/** A warning with an end; undefined while that is far off. */
function dated(
  code: ExpiryCode,
  endsAtMs: number,
  about: {
    readonly of: Expiring;
    readonly what: string;
    readonly why?: string;
    readonly who: Who;
    readonly steps: readonly string[];
    /** Thresholds of as many days or more do not count. */
    readonly mostDays?: number;
  },
): ExpiryWarning | undefined {
  const { of, what, why, who, steps } = about;
  const threshold = thresholdOf(endsAtMs - of.nowMs);
  if (threshold === undefined || threshold >= (about.mostDays ?? Number.POSITIVE_INFINITY)) {
    return undefined;
  }
  const ends = threshold === 0 ? "ended" : "ends";
  const on = new Date(endsAtMs).toISOString().slice(0, 10);
  return {
    code,
    message: `${what} of profile "${of.profile.name}" ${ends} on ${on}` +
      (why === undefined ? "" : `: ${why}`),
    remedy: adviceLines(steps).join("\n"),
    who,
    endsAtMs,
    threshold,
  };
}

function isAccepted(certificate: KnownCertificate): boolean {
  return certificate.acceptedAtMs !== undefined || certificate.file !== undefined;
}

// The pages of the US Government and of 21Vianet lie elsewhere, under the same names.
function registration(profile: Profile): string {
  const { portal = "" } = PROVIDERS[profile.provider];
  return portal.startsWith("https://portal.azure.")
    ? REG.replace("entra.microsoft.com > Entra ID", `${new URL(portal).host} > Microsoft Entra ID`)
    : REG;
}
