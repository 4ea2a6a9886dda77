// The redirect listener (RFC 8252 §7.3): waits on loopback for the one request that brings the authorization
// code. The invariants: nothing but 127.0.0.1 and ::1 is bound (so no firewall asks); `state` is looked at
// before anything else; and the page is written after the token exchange, because only then is it known.

import { Failure } from "../base/failure.ts";
import { PAGE_HEADERS, type PageText, renderPage } from "./pages.ts";

/** An authorization response with the right `state`, waiting for the page that its browser is to see. */
export interface AuthorizationResponse {
  readonly parameters: URLSearchParams;
  /** Shows the outcome in the browser; resolves when the page is on its way. */
  answer(page: PageText): Promise<void>;
}

export interface ReceiveOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

export interface RedirectListener extends AsyncDisposable {
  /**
   * Resolves to the first request to the redirect URI that carries the state.
   * @throws {Failure} `oauth.sign_in_timeout`; the signal's reason
   */
  receive(options: ReceiveOptions): Promise<AuthorizationResponse>;
}

/** How long the end waits for a browser to take the page. */
const PATIENCE_MS = 1000;

interface Pending {
  readonly parameters: URLSearchParams;
  readonly page: (page: PageText) => void;
}

/**
 * Binds the port of `redirectUri`.
 * @throws {Failure} `oauth.port_in_use`
 */
export function listenForRedirect(redirectUri: string, state: string): RedirectListener {
  const uri = new URL(redirectUri);
  const port = uri.port === "" ? 80 : Number(uri.port);
  const pending = Promise.withResolvers<Pending>();
  let isTaken = false;

  async function handle(request: Request): Promise<Response> {
    const url = new URL(request.url);
    if (url.pathname !== uri.pathname) return plain(404, "nothing is here");
    if (request.method !== "GET") return plain(405, "only GET is answered here");
    if (url.searchParams.get("state") !== state) {
      return plain(
        400,
        "this request does not belong to the sign-in that plantpost is waiting for",
      );
    }
    if (isTaken) {
      return plain(409, 'this sign-in has been used already; run "plantpost login" again');
    }
    isTaken = true;
    const page = await new Promise<PageText>((resolve) => {
      pending.resolve({ parameters: url.searchParams, page: resolve });
    });
    return new Response(renderPage(page), {
      status: page.isGood ? 200 : 400,
      headers: PAGE_HEADERS,
    });
  }

  const servers: Deno.HttpServer[] = [];
  try {
    for (const hostname of listeningAddresses(uri.hostname)) {
      servers.push(...bind({ hostname, port, redirectUri }, handle));
    }
  } catch (failure) {
    for (const server of servers) void server.shutdown();
    throw failure;
  }
  if (servers.length === 0) {
    throw new Failure(
      "oauth.port_in_use",
      `cannot listen on ${redirectUri}: this PC has no such address`,
      {
        remedy: "use http://localhost:PORT/ as redirect_uri, here and in the app registration",
      },
    );
  }
  let closing: Promise<unknown> | undefined;
  // Closes the port at once and waits for the page to go out; but not for ever, because a browser keeps spare
  // connections on which it says nothing (Deno 2.4 waits for those, too).
  const shutdown = async (): Promise<void> => {
    closing ??= Promise.all(servers.map((server) => server.shutdown()));
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, PATIENCE_MS);
    await Promise.race([closing, late]);
    clearTimeout(timer);
  };

  return {
    async receive({ timeoutMs, signal }: ReceiveOptions): Promise<AuthorizationResponse> {
      signal?.throwIfAborted();
      const { promise: end, reject } = Promise.withResolvers<never>();
      const timer = setTimeout(() => reject(tooLate(timeoutMs)), timeoutMs);
      const onAbort = (): void => reject(signal?.reason);
      signal?.addEventListener("abort", onAbort, { once: true });
      try {
        const { parameters, page } = await Promise.race([pending.promise, end]);
        return {
          parameters,
          async answer(text: PageText): Promise<void> {
            page(text);
            await shutdown();
          },
        };
      } finally {
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
      }
    },
    async [Symbol.asyncDispose](): Promise<void> {
      void pending.promise.then(({ page }) =>
        page({
          title: "The sign-in was not finished",
          isGood: false,
          lines: [
            "plantpost ended before the sign-in was complete. Look at its window for the reason.",
          ],
        })
      );
      await shutdown();
    },
  };
}

// A browser may try either address for "localhost": both must be ours, or somebody else gets the code.
function listeningAddresses(host: string): readonly string[] {
  if (host === "[::1]") return ["::1"];
  return host === "127.0.0.1" ? ["127.0.0.1"] : ["127.0.0.1", "::1"];
}

function bind(
  at: { readonly hostname: string; readonly port: number; readonly redirectUri: string },
  handler: Deno.ServeHandler,
): Deno.HttpServer[] {
  try {
    const { hostname, port } = at;
    return [Deno.serve({ hostname, port, handler, onListen: () => {} })];
  } catch (cause) {
    if (cause instanceof Deno.errors.AddrNotAvailable) return []; // IPv6 is switched off on this PC
    // Linux without IPv6 names the missing family instead, which Deno has no class for.
    if (at.hostname === "::1" && /os error 97\b|not supported/i.test(String(cause))) return [];
    const isDenied = cause instanceof Deno.errors.PermissionDenied;
    const why = isDenied
      ? "the system does not let this account use it"
      : "another program uses it";
    const look = Deno.build.os === "windows"
      ? `find that program with "netstat -ano | findstr :${at.port}"` +
        (isDenied
          ? ', or the reserved range with "netsh int ipv4 show excludedportrange protocol=tcp"'
          : "")
      : `find that program with "ss -ltnp | grep :${at.port}"`;
    throw new Failure(
      "oauth.port_in_use",
      `cannot listen on port ${at.port} of ${at.redirectUri}: ${why}`,
      {
        remedy:
          `${look}, and end it; or choose another port in oauth.redirect_uri and in the app registration`,
        cause,
      },
    );
  }
}

function tooLate(timeoutMs: number): Failure {
  const minutes = Math.round(timeoutMs / 6000) / 10;
  return new Failure(
    "oauth.sign_in_timeout",
    `no sign-in came back within ${minutes} minute${minutes === 1 ? "" : "s"}`,
    {
      remedy:
        "errors about the app, the tenant or the redirect URI show in the browser only and never come " +
        'back here: if the page shows a code such as AADSTS50011, run "plantpost explain AADSTS50011"; ' +
        'otherwise run "plantpost login" again and finish the sign-in in the browser of this PC',
    },
  );
}

function plain(status: number, text: string): Response {
  return new Response(`${text}\n`, {
    status,
    headers: { "content-type": "text/plain; charset=utf-8" },
  });
}
