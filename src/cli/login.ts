// `login`: signs in through the browser (RFC 8252) and keeps the grant. The invariants: the vault is known to
// be writable before a person is sent to a page, and the page says success only after the grant is stored.

import { EXIT, Failure } from "../base/failure.ts";
import { reason } from "../base/durable_file.ts";
import type { World } from "../base/world.ts";
import { adviceLines } from "../catalogue/remedy.ts";
import { authorizationRequest } from "../oauth/authorization_request.ts";
import type { PageText } from "../oauth/pages.ts";
import { readPastedAddress } from "../oauth/pasted_response.ts";
import {
  type AuthorizationResponse,
  listenForRedirect,
  type RedirectListener,
} from "../oauth/redirect_listener.ts";
import { refusedAuthorization } from "../oauth/refusal.ts";
import { redeemCode } from "../oauth/token_endpoint.ts";
import { oauthOf } from "../outbox/submission.ts";
import type { OauthProfile, Profile } from "../profile/profile.ts";
import { newGrant, tokenClient } from "../vault/access.ts";
import { clientSecretOf } from "../vault/client_secret.ts";
import { type Grant, withSecrets } from "../vault/content.ts";
import type { Vault } from "../vault/vault.ts";
import type { Context, Warning } from "./context.ts";
import { tell, type Told } from "./output.ts";

/** Microsoft lets a code live for about 10 minutes; a sign-in that takes longer starts anew. */
const PATIENCE_MS = 600_000;
const TOKEN_TIMEOUT_MS = 30_000;

export async function run(context: Context): Promise<number> {
  const profile = await context.profile();
  const oauth = oauthOf(profile);
  if (context.flags.has("device") || oauth.flow !== "code") {
    const flow = context.flags.has("device") ? "device" : oauth.flow;
    throw new Failure("usage.invalid", `the flow "${flow}" is not part of this release`, {
      remedy: 'sign in through the browser: oauth.flow = "code", without --device',
    });
  }
  const vault = await context.vault();
  const world = await context.worldOf(profile);
  // A certificate file that cannot be read, or a proxy that is none, shows now, too.
  await world.fetch.routeTo(oauth.tokenEndpoint);
  const clientSecret = await checkVault(vault, { context, profile, oauth });

  const request = await authorizationRequest({
    ...oauth,
    extras: {
      ...oauth.authorizationExtras,
      ...(context.flags.has("force") ? { prompt: "login" } : {}),
    },
  }, context.world);
  context.world.keepSecret(request.codeVerifier);

  await using listener = listenForRedirect(oauth.redirectUri, request.state);
  await showAddress(context, request.url);
  const response = await authorizationResponse(context, {
    listener,
    redirectUri: oauth.redirectUri,
    state: request.state,
  });
  try {
    const grant = await redeem(response.parameters, {
      context,
      world,
      profile,
      oauth,
      vault,
      clientSecret,
      codeVerifier: request.codeVerifier,
    });
    const warnings = [...warningsOf(profile, grant), ...await context.accessWarnings()];
    await response.answer(successPage(profile, { grant, warnings }));
    for (const warning of warnings) context.warn(warning);
    const account = grant.account ?? "an account that the provider did not name";
    context.result(
      {
        profile: profile.name,
        ...(grant.account === undefined ? {} : { account: grant.account }),
        warnings,
      },
      `signed in as ${account} for profile "${profile.name}"\n`,
    );
    return EXIT.ok;
  } catch (failure) {
    const page = failure instanceof Failure
      ? failurePage(await tell(failure, context.addresses))
      : bugPage();
    await response.answer(page);
    throw failure;
  }
}

// Opens the vault under its lock and gives the space back: a full disk, a wrong passphrase or a missing right
// shows now, and not after the person has signed in.
async function checkVault(
  vault: Vault,
  at: { readonly context: Context; readonly profile: Profile; readonly oauth: OauthProfile },
): Promise<string | undefined> {
  return await vault.update(async (content) =>
    await clientSecretOf(at.profile, at.oauth, { content, world: at.context.world })
  );
}

async function showAddress(context: Context, url: string): Promise<void> {
  const { terminal } = context.world;
  const shallOpen = !context.flags.has("no-browser");
  if (shallOpen) {
    try {
      await context.world.openBrowser(url);
      terminal.err(
        "the browser opens for the sign-in; if it does not, open this address on this PC:",
      );
    } catch (cause) {
      terminal.err(`no browser could be opened (${reason(cause)}); open this address on this PC:`);
    }
  } else {
    terminal.err("open this address in a browser on this PC:");
  }
  terminal.err(url);
  context.note("waiting for the sign-in to come back (10 minutes; Ctrl-C ends it) ...");
}

// From the browser of this PC, or from one elsewhere by way of the person: a server may have none that works.
async function authorizationResponse(
  context: Context,
  at: {
    readonly listener: RedirectListener;
    readonly redirectUri: string;
    readonly state: string;
  },
): Promise<AuthorizationResponse> {
  const { terminal } = context.world;
  const isAnswered = new AbortController();
  const received = at.listener.receive({
    timeoutMs: PATIENCE_MS,
    signal: AbortSignal.any([context.signal, isAnswered.signal]),
  });
  if (!terminal.isInteractive) return await received;
  context.note(
    "where the browser is on another PC: sign in there, then paste the address on which it ends " +
      `(${at.redirectUri}?code=...) here and press Enter`,
  );
  try {
    return await Promise.race([received, pasted()]);
  } finally {
    isAnswered.abort();
    received.catch(() => {}); // it has been answered, or has told its failure
  }

  async function pasted(): Promise<AuthorizationResponse> {
    for (;;) {
      const line = await terminal.ask("");
      if (line === null) return await received;
      if (line.trim() === "") continue;
      const { parameters, trouble } = readPastedAddress(line, at);
      if (parameters !== undefined) return { parameters, answer: async () => {} };
      terminal.err(`error: ${trouble}`);
    }
  }
}

async function redeem(
  parameters: URLSearchParams,
  at: {
    readonly context: Context;
    /** As the profile reaches its provider. */
    readonly world: World;
    readonly profile: Profile;
    readonly oauth: OauthProfile;
    readonly vault: Vault;
    readonly clientSecret: string | undefined;
    readonly codeVerifier: string;
  },
): Promise<Grant> {
  if (parameters.has("error")) throw refusedAuthorization(parameters);
  const code = parameters.get("code");
  if (code === null || code === "") {
    throw new Failure(
      "oauth.protocol",
      "the sign-in page came back with neither a code nor an error",
      {
        remedy: "check oauth.authorization_endpoint in the profile",
      },
    );
  }
  const { context, world, profile, oauth, vault } = at;
  world.keepSecret(code);
  const tokens = await redeemCode(tokenClient(oauth, at.clientSecret), {
    code,
    redirectUri: oauth.redirectUri,
    codeVerifier: at.codeVerifier,
  }, {
    fetch: world.fetch,
    timeoutMs: TOKEN_TIMEOUT_MS,
    ...(context.transcript === undefined ? {} : { transcript: context.transcript }),
  });
  world.keepSecret(tokens.accessToken);
  if (tokens.refreshToken !== undefined) world.keepSecret(tokens.refreshToken);
  const grant = newGrant(profile, tokens, { nowMs: world.nowMs(), scope: oauth.scope });
  await vault.update(async (content, save) => {
    await save(withSecrets(content, profile.name, { grant }));
  });
  return grant;
}

function warningsOf(profile: Profile, grant: Grant): readonly Warning[] {
  const warnings: Warning[] = [];
  const { account } = grant;
  if (account !== undefined && account.toLowerCase() !== profile.user.toLowerCase()) {
    warnings.push({
      code: "account_mismatch",
      message: `${account} has signed in, but the profile's user is ${profile.user}: ` +
        "the mail server will probably refuse the token (535 5.7.3)",
      remedy:
        `run "plantpost login --force" and sign in as ${profile.user}; or set user = "${account}" ` +
        "and keep the other address in sender.address",
    });
  }
  if (grant.refreshToken === undefined) {
    warnings.push({
      code: "no_refresh_token",
      message: "the provider gave no refresh token: this sign-in ends with its access token",
      remedy: "add offline_access to oauth.scope, then sign in again",
    });
  }
  return warnings;
}

function successPage(
  profile: Profile,
  at: { readonly grant: Grant; readonly warnings: readonly Warning[] },
): PageText {
  const account = at.grant.account ?? profile.user;
  const remedy = at.warnings.map((warning) => warning.remedy).join(" ");
  return {
    title: "Signed in",
    isGood: true,
    lines: [
      `plantpost may now send mail as ${account} (profile "${profile.name}").`,
      ...at.warnings.map((warning) => `Warning: ${warning.message}.`),
      "This window can be closed.",
    ],
    ...(remedy === "" ? {} : { remedy }),
  };
}

function bugPage(): PageText {
  return {
    title: "The sign-in failed",
    isGood: false,
    lines: ["plantpost met a fault of its own. Its window shows the details."],
  };
}

function failurePage({ failure, advice }: Told): PageText {
  const remedy = adviceLines(advice.steps).join("\n");
  return {
    title: "The sign-in failed",
    isGood: false,
    lines: [failure.message, ...(advice.who === undefined ? [] : [`Who must act: ${advice.who}.`])],
    ...(remedy === "" ? {} : { remedy }),
  };
}
