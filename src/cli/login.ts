// `login`: signs in, in the way that the profile or `--device` names, and keeps the grant. The invariant: the vault
// is known to be writable before a person is sent anywhere.

import { EXIT, Failure } from "../base/failure.ts";
import { endpointsOf } from "../oauth/endpoints.ts";
import { oauthOf } from "../outbox/submission.ts";
import { usableGrant } from "../vault/access.ts";
import { clockWarning, skewOf } from "../vault/clock.ts";
import { credentialsOf } from "../vault/credential.ts";
import { tokenClient } from "../vault/token_client.ts";
import type { Context } from "./context.ts";
import type { SignedIn, SigningIn } from "./sign_in.ts";

const TOKEN_TIMEOUT_MS = 30_000;

/** Beside the token endpoint. */
const NEEDED_ENDPOINTS = {
  code: "authorizationEndpoint",
  device: "deviceEndpoint",
  app: undefined,
} as const;

export async function run(context: Context): Promise<number> {
  const signingIn = await begin(context);
  const { profile } = signingIn;
  const { grant, warnings } = await signIn(signingIn);
  for (const warning of warnings) context.warn(warning);
  const account = grant.account ?? "an account that the provider did not name";
  context.result(
    {
      profile: profile.name,
      ...(grant.account === undefined ? {} : { account: grant.account }),
      warnings,
    },
    signingIn.flow === "app"
      ? `the provider gave the app of profile "${profile.name}" an access token; nobody has to sign in\n`
      : `signed in as ${account} for profile "${profile.name}"\n`,
  );
  return EXIT.ok;
}

async function begin(context: Context): Promise<SigningIn> {
  const profile = await context.profile();
  const oauth = oauthOf(profile);
  const vault = await context.vault();
  const world = await context.worldOf(profile);
  // A certificate file that cannot be read, or a proxy that is none, shows now, too.
  await world.fetch.routeTo(oauth.tokenEndpoint ?? oauth.issuer ?? "");
  // Opens the vault under its lock and gives the space back: a full disk, a wrong passphrase or a missing right
  // shows now, and not after the person has signed in.
  const credentials = await vault.update(async (content) =>
    await credentialsOf(profile, oauth, { content, world: context.world })
  );
  const clock: SigningIn["clock"] = { skewMs: undefined };
  const asking = {
    fetch: world.fetch,
    timeoutMs: TOKEN_TIMEOUT_MS,
    onAnswer: ({ headers }: Response): void => {
      clock.skewMs = skewOf(headers.get("date"), world.nowMs());
    },
    ...(context.transcript === undefined ? {} : { transcript: context.transcript }),
  };
  if (context.flags.has("device") && oauth.flow === "app") {
    throw new Failure("usage.invalid", '--device is for a person, and oauth.flow is "app"', {
      remedy: 'run "plantpost login" without --device, or set oauth.flow = "device"',
    });
  }
  const flow = context.flags.has("device") ? "device" : oauth.flow;
  const needs = NEEDED_ENDPOINTS[flow];
  const endpoints = await endpointsOf(oauth, {
    ...asking,
    ...(needs === undefined ? {} : { needs }),
    signal: context.signal,
  });
  return {
    context,
    world,
    clock,
    profile,
    oauth,
    flow,
    vault,
    credentials,
    endpoints,
    asking,
    client: (credential) =>
      tokenClient(oauth, {
        credential,
        tokenEndpoint: endpoints.tokenEndpoint,
        clockSkewMs: clock.skewMs,
      }),
  };
}

async function signIn(signingIn: SigningIn): Promise<SignedIn> {
  if (signingIn.flow === "app") return await signInAsApp(signingIn);
  if (signingIn.flow === "device") {
    const { signInByDevice } = await import("./login_device.ts");
    return await signInByDevice(signingIn);
  }
  const { signInByBrowser } = await import("./login_browser.ts");
  return await signInByBrowser(signingIn);
}

/** There is nobody to ask: a token is fetched, to see that one can be had. */
async function signInAsApp(signingIn: SigningIn): Promise<SignedIn> {
  const { asking, context, oauth, profile, vault, world } = signingIn;
  const { transcript } = asking;
  const grant = await usableGrant(profile, oauth, {
    vault,
    world,
    isForced: true,
    signal: context.signal,
    ...(transcript === undefined ? {} : { transcript }),
  });
  const warning = clockWarning(grant.clockSkewMs);
  const warnings = warning === undefined ? [] : [warning];
  return { grant, warnings: [...warnings, ...await context.accessWarnings()] };
}
