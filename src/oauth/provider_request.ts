// One request to an endpoint of the provider, made by the library's own functions. The invariant: an answer of any
// status is an answer; what is none says which hop failed.

import * as oauth from "oauth4webapi";
import { Failure } from "../base/failure.ts";
import type { World } from "../base/world.ts";
import { transcribeRequest, type Transcript } from "./transcript.ts";

export interface ProviderRequestOptions {
  readonly fetch: World["fetch"];
  readonly timeoutMs: number;
  readonly transcript?: Transcript;
  readonly signal?: AbortSignal;
  /** Sees every answer, whatever it holds: its status, its `Date`. */
  readonly onAnswer?: (answer: Response) => void;
}

/** What every request function of the library takes. */
export interface CommonOptions {
  readonly [oauth.allowInsecureRequests]: boolean;
  readonly [oauth.customFetch]: (
    url: string,
    options: Omit<RequestInit, "body"> & { body?: BodyInit | undefined },
  ) => Promise<Response>;
  readonly signal: AbortSignal;
}

/**
 * The answer, its body read.
 * @throws {Failure} `net.*`; the signal's reason
 */
export async function providerRequest(
  endpoint: string,
  options: ProviderRequestOptions,
  request: (common: CommonOptions) => Promise<Response>,
): Promise<Response> {
  const timeout = AbortSignal.timeout(options.timeoutMs);
  const signal = options.signal === undefined
    ? timeout
    : AbortSignal.any([timeout, options.signal]);
  try {
    const response = await request({
      // The profile has refused plain http but to loopback.
      [oauth.allowInsecureRequests]: true,
      [oauth.customFetch]: async (url, { body, ...init }) => {
        options.transcript?.("C", transcribeRequest(endpoint, body));
        return await options.fetch(url, body === undefined ? init : { ...init, body });
      },
      signal,
    });
    // Read here, where a connection that breaks in the middle of the body is told from a bug.
    await response.clone().text();
    options.onAnswer?.(response);
    return response;
  } catch (cause) {
    if (options.signal?.aborted === true) throw options.signal.reason;
    if (cause instanceof Failure) throw cause; // the way there could not be chosen
    const { unreachable } = await import("./unreachable.ts");
    throw await unreachable({
      endpoint,
      fetch: options.fetch,
      cause,
      ...(timeout.aborted ? { timeoutMs: options.timeoutMs } : {}),
    });
  }
}
