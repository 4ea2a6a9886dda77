// `status`: what is stored, and until when it holds; asks nobody over the network. The invariant: exit 0
// means that a send would find a grant, 77 that a person must sign in.

import { EXIT, Failure } from "../base/failure.ts";
import { adviceForText, adviceLines, type RemedyFacts } from "../catalogue/remedy.ts";
import type { Profile } from "../profile/profile.ts";
import { clientSecretOf } from "../vault/client_secret.ts";
import { boundGrant, boundSmtpPassword, type Grant, type VaultContent } from "../vault/content.ts";
import type { Context, Warning } from "./context.ts";

type GrantState = "usable" | "missing" | "expired" | "unknown";

interface Status {
  readonly profile: string;
  readonly account?: string;
  readonly flow?: string;
  readonly grant?: GrantState;
  readonly accessToken?: { readonly expiresAt: string };
  readonly refreshToken?: { readonly issuedAt?: string; readonly lastUsedAt?: string };
  readonly clientSecret?: { readonly expiresAt: string };
  readonly warnings: readonly Warning[];
}

export async function run(context: Context): Promise<number> {
  const profile = await context.profile();
  const { failure, ...looked } = await look(context, profile);
  const status = {
    ...looked.status,
    warnings: [...looked.status.warnings, ...await context.accessWarnings()],
  };
  context.result(
    failure === undefined
      ? status
      : { ...status, error: { code: failure.code, message: failure.message } },
    describe(profile, { status, file: (await context.settings()).file }),
  );
  for (const warning of status.warnings) context.warn(warning);
  const isUsable = status.grant === undefined || status.grant === "usable";
  return isUsable ? EXIT.ok : failure?.exitCode ?? EXIT.loginNeeded;
}

async function look(
  context: Context,
  profile: Profile,
): Promise<{ readonly status: Status; readonly failure?: Failure }> {
  const warnings: Warning[] = [];
  const base = {
    profile: profile.name,
    ...(profile.oauth === undefined ? {} : { flow: profile.oauth.flow }),
    ...(profile.oauth?.clientSecretExpires === undefined
      ? {}
      : { clientSecret: { expiresAt: startOfDay(profile.oauth.clientSecretExpires) } }),
    warnings,
  };
  let content: VaultContent;
  let grant: Grant | undefined;
  try {
    content = await (await context.vault()).read();
    if (
      profile.oauth === undefined || profile.smtp.auth === "password" ||
      profile.smtp.auth === "none"
    ) {
      return { status: withoutSignIn(profile, { base, content, warnings }) };
    }
    grant = boundGrant(content, profile);
    await clientSecretOf(profile, profile.oauth, { content, world: context.world });
  } catch (failure) {
    if (!(failure instanceof Failure)) throw failure;
    warnings.push({ code: failure.code, message: failure.message, remedy: failure.remedy ?? "" });
    return { status: { ...base, grant: "unknown" }, failure };
  }
  if (grant === undefined) {
    warnings.push({
      code: "oauth.grant_missing",
      message: `nobody has signed in for profile "${profile.name}"`,
      remedy: 'run "plantpost login"',
    });
    return { status: { ...base, grant: "missing" } };
  }
  const state = stateOf(grant, context.world.nowMs());
  if (state === "expired") warnings.push(await expiredWarning(grant, context.addresses));
  return { status: { ...base, grant: state, ...facts(grant) } };
}

// With a password, or anonymously, there is no grant to speak of; a missing password is worth a word.
function withoutSignIn(
  profile: Profile,
  at: { readonly base: Status; readonly content: VaultContent; readonly warnings: Warning[] },
): Status {
  if (profile.smtp.auth !== "password" || boundSmtpPassword(at.content, profile) !== undefined) {
    return at.base;
  }
  at.warnings.push({
    code: "oauth.secret_missing",
    message: `profile "${profile.name}" has no SMTP password`,
    remedy: 'run "plantpost secret set"',
  });
  return { ...at.base, grant: "missing" };
}

function stateOf(grant: Grant, nowMs: number): GrantState {
  if (grant.refusedAtMs !== undefined) return "expired";
  if (grant.refreshToken !== undefined) return "usable";
  return (grant.accessTokenExpiresAtMs ?? 0) > nowMs ? "usable" : "expired";
}

function facts(grant: Grant): Partial<Status> {
  const { accessTokenExpiresAtMs, refreshTokenIssuedAtMs, refreshTokenLastUsedAtMs } = grant;
  return {
    ...(grant.account === undefined ? {} : { account: grant.account }),
    ...(accessTokenExpiresAtMs === undefined
      ? {}
      : { accessToken: { expiresAt: instant(accessTokenExpiresAtMs) } }),
    ...(grant.refreshToken === undefined ? {} : {
      refreshToken: {
        ...(refreshTokenIssuedAtMs === undefined
          ? {}
          : { issuedAt: instant(refreshTokenIssuedAtMs) }),
        ...(refreshTokenLastUsedAtMs === undefined
          ? {}
          : { lastUsedAt: instant(refreshTokenLastUsedAtMs) }),
      },
    }),
  };
}

async function expiredWarning(grant: Grant, facts: RemedyFacts): Promise<Warning> {
  const when = grant.refusedAtMs === undefined ? "" : ` on ${instant(grant.refusedAtMs)}`;
  const { who, steps } = await adviceForText(grant.refusedWith ?? "", facts);
  const remedy = adviceLines(steps).join("\n");
  return {
    code: "oauth.grant_expired",
    ...(who === undefined ? {} : { who }),
    message: grant.refusedWith === undefined
      ? "the sign-in has ended, and the provider gave no refresh token"
      : `the provider refused to go on${when}: ${grant.refusedWith}`,
    remedy: remedy === "" ? 'run "plantpost login"' : remedy,
  };
}

function describe(
  profile: Profile,
  { status, file }: { readonly status: Status; readonly file: string },
): string {
  const rows: readonly (readonly [string, string | undefined])[] = [
    ["profile", profile.label === undefined ? profile.name : `${profile.name} (${profile.label})`],
    ["file", file],
    ["server", `${profile.smtp.host}:${profile.smtp.port}`],
    ["account", status.account],
    ["sign-in", status.grant],
    ["access token until", status.accessToken?.expiresAt],
    ["refresh token of", status.refreshToken?.issuedAt],
    ["last refresh", status.refreshToken?.lastUsedAt],
    ["client secret until", status.clientSecret?.expiresAt],
  ];
  return rows.filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${`${name}:`.padEnd(21)}${value}\n`).join("");
}

function instant(ms: number): string {
  return new Date(ms).toISOString();
}

function startOfDay(date: string): string {
  return `${date}T00:00:00Z`;
}
