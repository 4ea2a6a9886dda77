// The sign-in through a browser (RFC 8252). The invariant: the page says success only after the grant is stored.

import { reason } from "../base/durable_file.ts";
import { Failure } from "../base/failure.ts";
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
import { redeemCode, type Tokens } from "../oauth/token_endpoint.ts";
import type { Profile } from "../profile/profile.ts";
import { type Credential, withCredential } from "../vault/credential.ts";
import type { Grant } from "../vault/content.ts";
import type { Context, Warning } from "./context.ts";
import { tell, type Told } from "./output.ts";
import { keepTokens, type SignedIn, type SigningIn } from "./sign_in.ts";

/** Microsoft lets a code live for about 10 minutes; a sign-in that takes longer starts anew. */
const PATIENCE_MS = 600_000;

/** @throws {Failure} `oauth.*`, `vault.*`, `net.*` */
export async function signInByBrowser(signingIn: SigningIn): Promise<SignedIn> {
  const { context, endpoints, oauth, profile } = signingIn;
  const { authorizationEndpoint } = endpoints;
  if (authorizationEndpoint === undefined) {
    throw new Failure("oauth.protocol", `${oauth.issuer ?? "the provider"} has no sign-in page`, {
      remedy: "set oauth.authorization_endpoint in the profile, or take another oauth.flow",
    });
  }
  const request = await authorizationRequest({
    ...oauth,
    authorizationEndpoint,
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
    const { result, credential } = await redeem(response.parameters, {
      signingIn,
      codeVerifier: request.codeVerifier,
    });
    const signedIn = await keepTokens(signingIn, result, { credential });
    await response.answer(successPage(profile, signedIn));
    return signedIn;
  } catch (failure) {
    const page = failure instanceof Failure
      ? failurePage(await tell(failure, context.addresses))
      : bugPage();
    await response.answer(page);
    throw failure;
  }
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
  at: { readonly signingIn: SigningIn; readonly codeVerifier: string },
): Promise<{ readonly result: Tokens; readonly credential: Credential }> {
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
  const { asking, client, context, credentials, oauth } = at.signingIn;
  context.world.keepSecret(code);
  const grant = { code, redirectUri: oauth.redirectUri, codeVerifier: at.codeVerifier };
  return await withCredential(
    credentials,
    (credential) => redeemCode(client(credential), grant, asking),
  );
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
