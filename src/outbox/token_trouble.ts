// What is wrong with an access token that a mail server does not take. The server says only that it does not like it;
// often more can be seen from here: in the grant, in the profile, and in the token itself where it can be read. The
// invariant: a guess stands behind what the catalogue knows only where something was really seen.

import { Failure } from "../base/failure.ts";
import { ADD_SEND_AS_APP, REG } from "../catalogue/steps.ts";
import { readClaims, type TokenClaims } from "../oauth/token_claims.ts";
import type { OauthProfile, Profile } from "../profile/profile.ts";
import { PROVIDERS } from "../profile/providers.ts";
import type { Grant } from "../vault/content.ts";

export interface RefusedToken {
  readonly profile: Profile;
  readonly oauth: OauthProfile;
  readonly grant: Grant;
  readonly nowMs: number;
}

/** The failure with what was found in front of its remedy; the same failure where nothing was. */
export function withCause(failure: Failure, of: RefusedToken): Failure {
  const claims = readClaims(of.grant.accessToken);
  const causes = [
    wrongAudience(of, claims),
    wrongAccount(of, claims),
    missingPermission(of, claims),
    wrongTime(of, claims),
  ].filter((cause) => cause !== undefined);
  if (causes.length === 0) return failure;
  return new Failure(failure.code, failure.message, {
    remedy: causes.join("\n"),
    retry: failure.retry,
    ...(failure.refusal === undefined ? {} : { refusal: failure.refusal }),
    cause: failure.cause,
  });
}

/** Whether an audience is Microsoft Graph, of whatever cloud. */
export function isGraph(audience: string): boolean {
  return audience.split(" ").some((one) =>
    /^(?:https:\/\/)?(?:[a-z-]*graph\.microsoft\.[a-z]+|microsoftgraph\.chinacloudapi\.cn)(?:\/|$)/i
      .test(one) || one.toLowerCase() === "00000003-0000-0000-c000-000000000000"
  );
}

// A scope without a resource is taken for one of Microsoft Graph, and so is its token (audience).
function wrongAudience(of: RefusedToken, claims: TokenClaims | undefined): string | undefined {
  const { grant } = of;
  const graphs = grant.scope.split(" ").find((one) => isGraph(one) || /^SMTP\.Send/i.test(one));
  const audience = claims?.audience;
  // Where the token can be read, it knows better than the scope, which Microsoft may answer in another spelling.
  const isForGraph = audience === undefined ? graphs !== undefined : isGraph(audience);
  if (!isForGraph) return undefined;
  const seen = graphs !== undefined
    ? `the scope it was asked with is "${graphs}"`
    : `its audience is ${audience}`;
  return `the token is for Microsoft Graph, not for mail: ${seen}; ${rightScope(of)}, then ${
    again(of)
  }`;
}

function rightScope({ oauth, profile }: RefusedToken): string {
  const { appScope, isMicrosoft, scope } = PROVIDERS[profile.provider];
  const isApp = oauth.flow === "app";
  if (!isMicrosoft) {
    const elsewhere = isApp ? PROVIDERS.microsoft365.appScope : DELEGATED_SCOPE;
    return `set oauth.scope of the profile to "${elsewhere}"`;
  }
  const right = isApp ? appScope ?? "" : scope.replace(" openid profile", "");
  return `take oauth.scope out of the profile, or set it to "${right}"`;
}

const DELEGATED_SCOPE = "https://outlook.office.com/SMTP.Send offline_access";

function wrongAccount(
  { grant, oauth, profile }: RefusedToken,
  claims: TokenClaims | undefined,
): string | undefined {
  // An app signs in as itself and names a mailbox.
  if (oauth.flow === "app") return undefined;
  const account = claims?.account ?? grant.account;
  if (account === undefined || account.toLowerCase() === profile.user.toLowerCase()) {
    return undefined;
  }
  return `${account} has signed in, but the profile's user is ${profile.user}: run "plantpost login --force" and ` +
    `sign in as ${profile.user}; or set user = "${account}" in the profile`;
}

// Only the tokens of Microsoft Entra are known to name them, and one for Graph has its own trouble.
function missingPermission(
  of: RefusedToken,
  claims: TokenClaims | undefined,
): string | undefined {
  if (claims === undefined || isGraph(claims.audience ?? "")) return undefined;
  const { isMicrosoft } = PROVIDERS[of.profile.provider];
  if (of.oauth.flow === "app") {
    if (!isMicrosoft || claims.roles.some((role) => isNamed(role, "SMTP.SendAsApp"))) {
      return undefined;
    }
    return `the token has ${
      listed(claims.roles)
    }, and not SMTP.SendAsApp: ${ADD_SEND_AS_APP}; then ${
      again(of)
    }; only with RBAC for Applications it is given in ` +
      "Exchange instead, as the role Application SMTP.SendAsApp";
  }
  if (claims.scopes.length === 0 || claims.scopes.some((scope) => isNamed(scope, "SMTP.Send"))) {
    return undefined;
  }
  if (!isMicrosoft) return undefined;
  return `the token has ${
    listed(claims.scopes)
  }, and not SMTP.Send: open ${REG} > API permissions > Add a permission > ` +
    `Microsoft Graph > Delegated permissions and tick SMTP.Send; then ${again(of)}`;
}

function isNamed(permission: string, name: string): boolean {
  return permission.toLowerCase() === name.toLowerCase();
}

function listed(permissions: readonly string[]): string {
  return permissions.length === 0 ? "no permission" : `the permissions ${permissions.join(", ")}`;
}

/** Servers take a few minutes more or less. */
const TOLERANCE_MS = 60_000;

// The token is fresh from the provider: if it is not valid now, one of the two clocks is wrong.
function wrongTime({ nowMs }: RefusedToken, claims: TokenClaims | undefined): string | undefined {
  const { expiresAtMs: endMs, validFromMs: startMs } = claims ?? {};
  const now = new Date(nowMs).toISOString();
  const trouble = endMs !== undefined && endMs < nowMs
    ? `the new token has ended at ${
      new Date(endMs).toISOString()
    }, and this PC says that it is ${now}`
    : startMs !== undefined && startMs > nowMs + TOLERANCE_MS
    ? `the new token begins at ${
      new Date(startMs).toISOString()
    }, and this PC says that it is only ${now}`
    : undefined;
  return trouble === undefined
    ? undefined
    : `${trouble}: set date, time and time zone of the PC right (Windows: w32tm /resync)`;
}

function again({ oauth }: RefusedToken): string {
  return oauth.flow === "app" ? 'run "plantpost refresh"' : 'run "plantpost login"';
}
