// `fetch` as a profile reaches its provider: through the proxy that is set for it, trusting the certificates of
// `smtp.ca_file` as well. The invariants: before the first request nothing is loaded or looked up, for most sends
// need none; the way to an address is chosen once, here and not by the runtime.

import { reason } from "../base/durable_file.ts";
import { Failure } from "../base/failure.ts";
import type { Proxy } from "../base/proxy.ts";
import { trustSystemRoots } from "../base/trust.ts";
import type { World } from "../base/world.ts";
import type { Route } from "./proxy.ts";
import type { Transcript } from "./transcript.ts";

/** Disposal closes what it has opened; whoever ends the process need not. */
export interface ProviderFetch extends Disposable {
  (input: URL | Request | string, init?: RequestInit): Promise<Response>;
  /** What is trusted beside the usual authorities, as PEM. */
  readonly certificates: readonly string[];
  /**
   * The way that requests to this address take.
   * @throws {Failure} `profile.invalid` for a proxy or certificate that is none
   */
  readonly routeTo: (url: string) => Promise<Route>;
}

export interface ProviderFetchOptions {
  readonly world: Pick<World, "env" | "fetch" | "keepSecret" | "systemProxy">;
  /** `oauth.proxy` of the profile. */
  readonly proxy?: string;
  readonly certificates: readonly string[];
  readonly transcript?: Transcript;
}

interface Line {
  readonly route: Route;
  /** Absent where the runtime's own does. */
  readonly client?: Deno.HttpClient;
}

export function providerFetch(options: ProviderFetchOptions): ProviderFetch {
  const { world, certificates } = options;
  const lines = new Map<string, Promise<Line>>();
  const clients: Deno.HttpClient[] = [];
  function lineTo(input: URL | Request | string): Promise<Line> {
    const url = new URL(input instanceof Request ? input.url : input);
    const line = lines.get(url.origin) ?? open(url);
    lines.set(url.origin, line);
    return line;
  }
  async function open(url: URL): Promise<Line> {
    const line = await openLine(url, options);
    if (line.client !== undefined) clients.push(line.client);
    return line;
  }
  const request = async (input: URL | Request | string, init?: RequestInit): Promise<Response> => {
    const { client } = await lineTo(input);
    const withClient: RequestInit & { client?: Deno.HttpClient } = client === undefined
      ? { ...init }
      : { ...init, client };
    return await world.fetch(input, withClient);
  };
  return Object.assign(request, {
    certificates,
    routeTo: async (url: string): Promise<Route> => (await lineTo(url)).route,
    [Symbol.dispose]: (): void => {
      for (const client of clients.splice(0)) client.close();
    },
  });
}

async function openLine(target: URL, options: ProviderFetchOptions): Promise<Line> {
  const { world, certificates, transcript } = options;
  const { chooseRoute, PROXY_VARIABLES } = await import("./proxy.ts");
  const route = await chooseRoute(target, {
    env: world.env,
    ...(options.proxy === undefined ? {} : { proxy: options.proxy }),
    ...(world.systemProxy === undefined ? {} : { systemProxy: world.systemProxy }),
  });
  const { proxy } = route;
  if (proxy?.credentials !== undefined) world.keepSecret(proxy.credentials.password);
  for (const remark of route.remarks) transcript?.("*", remark);
  transcript?.(
    "*",
    proxy === undefined
      ? `no proxy to ${target.host}: ${route.whyDirect ?? "none is set"}`
      : `proxy ${proxy.url} (${proxy.source})`,
  );

  // Of these the runtime would take some for its own, even beside a proxy that it is given.
  const set = PROXY_VARIABLES.flatMap((name) => {
    const value = Deno.env.get(name);
    return value === undefined ? [] : [{ name, value }];
  });
  if (proxy === undefined && certificates.length === 0 && set.length === 0) return { route };
  trustSystemRoots();
  try {
    for (const { name } of set) Deno.env.delete(name);
    return { route, client: Deno.createHttpClient(clientOptions(proxy, certificates)) };
  } catch (cause) {
    throw new Failure(
      "profile.invalid",
      `cannot prepare HTTPS to ${target.host}: ${reason(cause)}`,
      {
        remedy: `check ${
          [
            ...(certificates.length === 0 ? [] : ["the certificates in smtp.ca_file"]),
            ...(proxy === undefined ? [] : [`the proxy in ${proxy.source}`]),
          ].join(" and ")
        }`,
        cause,
      },
    );
  } finally {
    for (const { name, value } of set) Deno.env.set(name, value);
  }
}

function clientOptions(
  proxy: Proxy | undefined,
  certificates: readonly string[],
): Deno.CreateHttpClientOptions {
  return {
    caCerts: [...certificates],
    ...(proxy === undefined ? {} : {
      proxy: {
        url: proxy.url,
        ...(proxy.credentials === undefined ? {} : { basicAuth: proxy.credentials }),
      },
    }),
  };
}
