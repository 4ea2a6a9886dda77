// A provider over years, by the reference: what its tokens live, what ends them, which client it takes, and the trouble
// that it has by seeded chance. The invariant: all that it looks at is the true time, never the clock of the PC.

import { tokens } from "../../oauth/token_server.ts";

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** Numbers from 0 to 1 that a seed determines (xorshift32, Marsaglia 2003). */
export function randomFrom(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

export interface YearsOptions {
  readonly kind: "microsoft" | "google";
  /** The true time. */
  readonly time: { nowMs: number };
  readonly random: () => number;
}

interface RefreshToken {
  readonly issuedMs: number;
  usedMs: number;
}

/** A request in so many meets trouble, and one of so many troubles lasts. */
const TROUBLE_EVERY = 30;
const OUTAGE_EVERY = 8;
const LONGEST_OUTAGE_MS = 90 * MINUTE_MS;
/** What Entra grants the clock of a signed request. */
const ASSERTION_SKEW_MS = 5 * MINUTE_MS;

export class YearsProvider {
  /** Client secrets, or thumbprints of uploaded certificates, with their ends. */
  readonly credentials = new Map<string, number>();
  /** Google: the consent screen of the app is in Testing. */
  isTesting = false;
  requests = 0;
  troubles = 0;
  /** Refresh tokens that came though a newer one had been given. */
  stale = 0;
  newest = "";
  readonly #options: YearsOptions;
  readonly #refreshTokens = new Map<string, RefreshToken>();
  readonly #accessTokens = new Map<string, number>();
  #count = 0;
  #outage: { readonly untilMs: number; readonly kind: number } | undefined;

  constructor(options: YearsOptions) {
    this.#options = options;
  }

  /** What a person's sign-in gives. */
  signIn(): {
    readonly accessToken: string;
    readonly expiresInSeconds: number;
    readonly refreshToken: string;
  } & {
    readonly refreshTokenExpiresInSeconds?: number;
  } {
    const { nowMs } = this.#options.time;
    this.newest = `refresh-${++this.#count}`;
    this.#refreshTokens.clear();
    this.#refreshTokens.set(this.newest, { issuedMs: nowMs, usedMs: nowMs });
    return {
      ...this.#accessToken(),
      refreshToken: this.newest,
      ...(this.isTesting ? { refreshTokenExpiresInSeconds: 604_799 } : {}),
    };
  }

  /** As the mail server sees it. */
  takes(accessToken: string): boolean {
    return (this.#accessTokens.get(accessToken) ?? 0) > this.#options.time.nowMs;
  }

  readonly fetch: typeof fetch = (_url, init) => {
    const { nowMs } = this.#options.time;
    this.requests++;
    const trouble = this.#trouble();
    if (trouble instanceof Error) return Promise.reject(trouble);
    const answer = trouble ?? this.#answer(new URLSearchParams(String(init?.body ?? "")));
    answer.headers.set("date", new Date(nowMs).toUTCString());
    return Promise.resolve(answer);
  };

  #trouble(): Response | Error | undefined {
    const { random, time } = this.#options;
    const { nowMs } = time;
    if (this.#outage === undefined || nowMs >= this.#outage.untilMs) {
      this.#outage = undefined;
      if (random() * TROUBLE_EVERY >= 1) return undefined;
      const lasts = random() * OUTAGE_EVERY < 1;
      const untilMs = nowMs + (lasts ? random() * LONGEST_OUTAGE_MS : 1);
      this.#outage = { untilMs, kind: Math.floor(random() * 7) };
    }
    this.troubles++;
    const { kind, untilMs } = this.#outage;
    const again = new Date(Math.ceil(untilMs / 1000) * 1000).toUTCString();
    switch (kind) {
      case 0:
        return new TypeError("connection reset");
      case 1:
        return refusal("temporarily_unavailable", "AADSTS90033: a transient error has occurred");
      case 2:
        return refusal("invalid_grant", "AADSTS90024: RequestBudgetExceededError");
      case 3:
        return new Response("", { status: 429, headers: { "retry-after": "30" } });
      case 4:
        return new Response("", { status: 503, headers: { "retry-after": again } });
      case 5:
        return new Response("<html>Bad gateway</html>", { status: 502 });
      default:
        return refusal("server_error", "try again", 500);
    }
  }

  #answer(form: URLSearchParams): Response {
    const { kind, random, time: { nowMs } } = this.#options;
    const clientFault = this.#clientFault(form);
    if (clientFault !== undefined) return refusal("invalid_client", clientFault, 401);
    const presented = form.get("refresh_token") ?? "";
    const token = this.#refreshTokens.get(presented);
    if (token === undefined) return refusal("invalid_grant", "AADSTS70000: not valid");
    if (presented !== this.newest) this.stale++;
    const idleDays = kind === "microsoft" ? 90 : 180;
    const isOver = nowMs - token.usedMs > idleDays * DAY_MS ||
      (this.isTesting && nowMs - token.issuedMs >= 7 * DAY_MS);
    if (isOver) {
      return refusal(
        "invalid_grant",
        kind === "microsoft"
          ? "AADSTS700082: The refresh token has expired due to inactivity."
          : "Token has been expired or revoked.",
      );
    }
    token.usedMs = nowMs;
    const { accessToken, expiresInSeconds } = this.#accessToken();
    const given = { access_token: accessToken, expires_in: expiresInSeconds };
    if (kind === "google") {
      const leftMs = token.issuedMs + 7 * DAY_MS - nowMs;
      return tokens(
        this.isTesting ? { ...given, refresh_token_expires_in: Math.floor(leftMs / 1000) } : given,
      );
    }
    // A new one each time; the old one stays valid, and one answer in fifty brings none.
    if (random() < 0.02) return tokens(given);
    this.newest = `refresh-${++this.#count}`;
    this.#refreshTokens.set(this.newest, { issuedMs: nowMs, usedMs: nowMs });
    return tokens({ ...given, refresh_token: this.newest });
  }

  /** What is wrong with the client, in Microsoft's words. */
  #clientFault(form: URLSearchParams): string | undefined {
    const { nowMs } = this.#options.time;
    const assertion = form.get("client_assertion");
    const [header = "", payload = ""] = assertion?.split(".") ?? [];
    const name = assertion === null ? form.get("client_secret") : member(header, "x5t#S256");
    const endMs = this.credentials.get(String(name));
    if (endMs === undefined) {
      return assertion === null
        ? "AADSTS7000215: Invalid client secret provided."
        : "AADSTS700027: The certificate is not registered.";
    }
    if (endMs <= nowMs) return "AADSTS7000222: The provided client secret keys are expired.";
    if (assertion === null) return undefined;
    const [startMs, exp] = [Number(member(payload, "nbf")) * 1000, Number(member(payload, "exp"))];
    const isInTime = startMs <= nowMs + ASSERTION_SKEW_MS &&
      exp * 1000 >= nowMs - ASSERTION_SKEW_MS;
    return isInTime
      ? undefined
      : "AADSTS700024: Client assertion is not within its valid time range.";
  }

  #accessToken(): { readonly accessToken: string; readonly expiresInSeconds: number } {
    const { kind, random, time: { nowMs } } = this.#options;
    const accessToken = `access-${++this.#count}`;
    const expiresInSeconds = kind === "google" ? 3599 : Math.round(3600 + random() * 1800);
    this.#accessTokens.set(accessToken, nowMs + expiresInSeconds * 1000);
    for (const [old] of this.#accessTokens) {
      if (this.#accessTokens.size > 100) this.#accessTokens.delete(old);
    }
    return { accessToken, expiresInSeconds };
  }
}

function refusal(error: string, description: string, status = 400): Response {
  return Response.json({ error, error_description: description }, { status });
}

/** One member of a part of a JWT. */
function member(part: string, name: string): unknown {
  const json = atob(part.replaceAll("-", "+").replaceAll("_", "/"));
  return (JSON.parse(json) as Record<string, unknown>)[name];
}
