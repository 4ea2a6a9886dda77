// The device flow (RFC 8628): a code for a person with a browser elsewhere, and the question whether it was approved,
// asked until there is an answer. The invariant: only the provider's own word or the end of the code's life ends the
// waiting; a network that fails, or a provider in trouble, makes the questions rarer.

import * as oauth from "oauth4webapi";
import { Failure } from "../base/failure.ts";
import type { World } from "../base/world.ts";
import { providerRequest, type ProviderRequestOptions } from "./provider_request.ts";
import { refusedToken } from "./refusal.ts";
import {
  interpretTokens,
  library,
  type OauthClient,
  parseObject,
  type Tokens,
} from "./token_endpoint.ts";
import { transcribeResponse } from "./transcript.ts";

/** A device authorization response (RFC 8628 §3.2). */
export interface DeviceAuthorization {
  /** A secret: whoever has it gets the tokens. */
  readonly deviceCode: string;
  readonly userCode: string;
  readonly verificationUri: string;
  /** The same page with the code filled in. */
  readonly verificationUriComplete?: string;
  readonly expiresAtMs: number;
  readonly intervalMs: number;
}

const DEFAULT_INTERVAL_MS = 5000;
const SLOW_DOWN_MS = 5000;
const LONGEST_PAUSE_MS = 60_000;
/** A provider's absurd figure must still be a time that a timer can wait for. */
const LONGEST_LIFE_MS = 86_400_000;

const LOGIN_AGAIN = 'run "plantpost login --device" again and enter the new code at once';

/**
 * Asks for a code (RFC 8628 §3.1).
 * @throws {Failure} `oauth.*`, `net.*`; the signal's reason
 */
export async function authorizeDevice(
  client: OauthClient,
  deviceEndpoint: string,
  options: ProviderRequestOptions & Pick<World, "nowMs">,
): Promise<DeviceAuthorization> {
  const parts = library(client);
  const server = { ...parts.server, device_authorization_endpoint: deviceEndpoint };
  const startedMs = options.nowMs();
  const response = await providerRequest(
    deviceEndpoint,
    options,
    (common) =>
      oauth.deviceAuthorizationRequest(
        server,
        parts.client,
        parts.authentication,
        { scope: client.scope },
        common,
      ),
  );
  const text = await response.text();
  const body = parseObject(text);
  options.transcript?.("S", transcribeResponse(response.status, body, text.length));
  if (!response.ok || body === undefined || typeof body["error"] === "string") {
    throw refusedToken({
      doing: "get a code for the sign-in",
      endpoint: deviceEndpoint,
      wanted: { answer: "device authorization response", key: "oauth.device_endpoint" },
      status: response.status,
      retryAfter: response.headers.get("retry-after"),
      date: response.headers.get("date"),
      contentType: response.headers.get("content-type") ?? "",
      body,
    });
  }
  let device: oauth.DeviceAuthorizationResponse;
  try {
    device = await oauth.processDeviceAuthorizationResponse(
      server,
      parts.client,
      Response.json(withoutOddInterval(body)),
    );
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause);
    throw new Failure(
      "oauth.protocol",
      `failed to get a code for the sign-in: ${deviceEndpoint} gave an answer that is no device authorization ` +
        `response: ${words}`,
      { remedy: "check oauth.device_endpoint in the profile" },
    );
  }
  const { verification_uri_complete: complete, interval } = device;
  const lifeMs = Math.min(device.expires_in * 1000, LONGEST_LIFE_MS);
  return {
    deviceCode: device.device_code,
    userCode: device.user_code,
    verificationUri: device.verification_uri,
    ...(complete === undefined ? {} : { verificationUriComplete: complete }),
    expiresAtMs: startedMs + lifeMs,
    intervalMs: interval === undefined ? DEFAULT_INTERVAL_MS : Math.min(interval * 1000, lifeMs),
  };
}

// Some providers write the number as text, or 0; without a number that can be waited for the default holds.
function withoutOddInterval(
  { interval, ...rest }: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const seconds = Number(interval ?? NaN);
  return seconds > 0 && Number.isFinite(seconds) ? { ...rest, interval: seconds } : rest;
}

/**
 * Waits until the person has approved, and resolves to the tokens (RFC 8628 §3.4, §3.5).
 * @throws {Failure} `oauth.*`; `net.tls`; the signal's reason
 */
export async function awaitApproval(
  client: OauthClient,
  device: DeviceAuthorization,
  options: ProviderRequestOptions & Pick<World, "nowMs" | "sleep">,
): Promise<Tokens> {
  const { nowMs, signal, sleep } = options;
  let { intervalMs } = device;
  let pauseMs = intervalMs;
  let trouble: Failure | undefined;
  for (;;) {
    signal?.throwIfAborted();
    // The last question comes at the end of the code's life, but never sooner than the provider wants it.
    await sleep(Math.max(intervalMs, Math.min(pauseMs, device.expiresAtMs - nowMs())), signal);
    try {
      const response = await askForTokens(client, device, options);
      return await interpretTokens(client, response, {
        doing: "sign in",
        transcript: options.transcript,
      });
    } catch (failure) {
      signal?.throwIfAborted();
      if (!(failure instanceof Failure)) throw failure;
      const error = failure.refusal?.kind === "oauth" ? failure.refusal.error : undefined;
      if (error === "authorization_pending" || error === "slow_down") {
        if (error === "slow_down") intervalMs += SLOW_DOWN_MS;
        pauseMs = intervalMs;
        trouble = undefined;
      } else if (failure.retry === "later") {
        trouble = failure;
        pauseMs = Math.max(Math.min(pauseMs * 2, LONGEST_PAUSE_MS), failure.pauseMs ?? 0);
      } else throw failure;
    }
    if (nowMs() >= device.expiresAtMs) throw ranOut(trouble);
  }
}

async function askForTokens(
  client: OauthClient,
  device: DeviceAuthorization,
  options: ProviderRequestOptions,
): Promise<Response> {
  const parts = library(client);
  return await providerRequest(
    client.tokenEndpoint,
    options,
    (common) =>
      oauth.deviceCodeGrantRequest(
        parts.server,
        parts.client,
        parts.authentication,
        device.deviceCode,
        common,
      ),
  );
}

function ranOut(trouble: Failure | undefined): Failure {
  if (trouble === undefined) {
    return new Failure(
      "oauth.sign_in_timeout",
      "failed to sign in: the code ran out before it was entered and approved",
      { remedy: LOGIN_AGAIN },
    );
  }
  return new Failure(
    "oauth.sign_in_timeout",
    `failed to sign in: the code ran out while the provider could not be asked: ${trouble.message}`,
    {
      remedy: trouble.remedy === undefined ? LOGIN_AGAIN : `${trouble.remedy}\n${LOGIN_AGAIN}`,
      cause: trouble,
    },
  );
}
