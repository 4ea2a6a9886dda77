// The sign-in with a code that is typed on another device (RFC 8628). The invariant: what is shown is for the person
// alone; the code goes to no log, and nothing is stored before the provider has given tokens.

import { Failure } from "../base/failure.ts";
import type { World } from "../base/world.ts";
import {
  authorizeDevice,
  awaitApproval,
  type DeviceAuthorization,
} from "../oauth/device_authorization.ts";
import type { Tokens } from "../oauth/token_endpoint.ts";
import { type Credential, withCredential } from "../vault/credential.ts";
import { keepTokens, type SignedIn, type SigningIn } from "./sign_in.ts";

/** @throws {Failure} `oauth.*`, `vault.*`, `net.*`, `usage.invalid`, `profile.invalid` */
export async function signInByDevice(signingIn: SigningIn): Promise<SignedIn> {
  const { context } = signingIn;
  const { deviceEndpoint } = signingIn.endpoints;
  if (deviceEndpoint === undefined) throw noDeviceEndpoint(signingIn);
  checkHost(deviceEndpoint, signingIn);
  let approved: Approved;
  try {
    approved = await approval(signingIn, deviceEndpoint);
  } catch (cause) {
    if (context.signal.aborted) context.note("the sign-in was not finished: nothing was stored");
    throw cause;
  }
  const { result, credential } = approved;
  return await keepTokens(signingIn, result, { credential });
}

// The credentials are bound to the token endpoint; another host in this one key of the profile must not get them.
function checkHost(deviceEndpoint: string, { credentials, endpoints, oauth }: SigningIn): void {
  const isOfProfile = oauth.deviceEndpoint !== undefined;
  const [device, token] = [deviceEndpoint, endpoints.tokenEndpoint].map((url) => new URL(url));
  if (!isOfProfile || device?.origin === token?.origin) return;
  if (credentials.every(({ kind }) => kind === "none")) return;
  throw new Failure(
    "vault.binding",
    `oauth.device_endpoint is at ${device?.origin}, but the token endpoint is at ${token?.origin}: ` +
      "what proves the client is not sent there",
    {
      remedy: "put the right oauth.device_endpoint back, or remove it and name oauth.issuer\n" +
        `or ${NO_BROWSER}`,
    },
  );
}

interface Approved {
  readonly result: Tokens;
  readonly credential: Credential;
}

async function approval(signingIn: SigningIn, deviceEndpoint: string): Promise<Approved> {
  const { asking, client, context, credentials, world } = signingIn;
  const { nowMs, sleep } = world;
  const options = { ...asking, nowMs, sleep, signal: context.signal };
  const { result: device, credential: taken } = await withCredential(
    credentials,
    (credential) => authorizeDevice(client(credential), deviceEndpoint, options),
  );
  world.keepSecret(device.deviceCode);
  await show(signingIn, device);
  // An endpoint that does not ask who the client is leaves that to the token endpoint.
  return await withCredential(
    [taken, ...credentials.filter((credential) => credential !== taken)],
    (credential) => awaitApproval(client(credential), device, options),
  );
}

async function show(
  { context, profile, world }: SigningIn,
  device: DeviceAuthorization,
): Promise<void> {
  const { terminal } = world;
  const { expiresAtMs, userCode, verificationUri, verificationUriComplete } = device;
  const minutes = Math.floor((expiresAtMs - world.nowMs()) / 60_000);
  const life = minutes < 1 ? "" : `for ${minutes} minute${minutes === 1 ? "" : "s"}, `;
  terminal.err(`open this page on a phone or any PC, and sign in there as ${profile.user}:`);
  terminal.err(verificationUri);
  terminal.err(`enter this code there: ${userCode}`);
  terminal.err(`the code is good ${life}until ${localTime(expiresAtMs, world)}`);
  if (context.flags.has("force")) {
    context.note("to be asked there again, open the page in a private window");
  }
  const isSeen = terminal.isInteractive && !context.flags.has("quiet");
  if (isSeen) await showPicture(terminal, verificationUriComplete ?? verificationUri);
  context.note("waiting for the sign-in (Ctrl-C ends it) ...");
}

async function showPicture(terminal: World["terminal"], address: string): Promise<void> {
  const { qrLines } = await import("./qr_code.ts");
  const lines = qrLines(address);
  if (lines === undefined) return;
  terminal.err("or scan this with the phone:");
  for (const line of lines) terminal.err(line, "white on black");
}

function localTime(atMs: number, world: Pick<World, "utcOffsetMinutes">): string {
  return new Date(atMs + world.utcOffsetMinutes(atMs) * 60_000).toISOString().slice(11, 16);
}

const NO_BROWSER =
  'run "plantpost login --no-browser", sign in on any PC, and paste the address on which it ends';

function noDeviceEndpoint({ oauth, profile }: SigningIn): Failure {
  if (profile.provider !== "custom") {
    const why = profile.provider === "google"
      ? "Google does not give the mail scope to devices"
      : `${profile.provider} has no sign-in with a code for devices`;
    return new Failure("usage.invalid", `--device cannot be used here: ${why}`, {
      remedy: NO_BROWSER,
    });
  }
  if (oauth.issuer === undefined) {
    return new Failure("profile.invalid", "the profile names no device endpoint", {
      remedy: `set oauth.device_endpoint in the profile\nor ${NO_BROWSER}`,
    });
  }
  return new Failure(
    "oauth.protocol",
    `${oauth.issuer} has no sign-in with a code for devices: its metadata names no device_authorization_endpoint`,
    {
      remedy:
        `${NO_BROWSER}\nor set oauth.device_endpoint in the profile, where the provider has one after all`,
    },
  );
}
