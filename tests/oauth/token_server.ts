// A token endpoint on loopback that keeps every request it got, for tests that look at the wire.

export interface TokenRequest {
  readonly method: string;
  readonly contentType: string | null;
  readonly authorization: string | null;
  readonly fields: URLSearchParams;
}

export interface TokenServer extends AsyncDisposable {
  readonly endpoint: string;
  readonly requests: readonly TokenRequest[];
}

export function startTokenServer(
  answer: (request: TokenRequest, count: number) => Response | Promise<Response>,
  /** The provider's clock; it says no time where there is none. */
  nowMs?: () => number,
): TokenServer {
  const requests: TokenRequest[] = [];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      const seen = {
        method: request.method,
        contentType: request.headers.get("content-type"),
        authorization: request.headers.get("authorization"),
        fields: new URLSearchParams(await request.text()),
      };
      requests.push(seen);
      const response = await answer(seen, requests.length);
      if (nowMs !== undefined && !response.headers.has("date")) {
        response.headers.set("date", new Date(nowMs()).toUTCString());
      }
      return response;
    },
  );
  return {
    endpoint: `http://127.0.0.1:${server.addr.port}/token`,
    requests,
    async [Symbol.asyncDispose](): Promise<void> {
      await server.shutdown();
    },
  };
}

/** A good token response; a member of undefined is left out. */
export function tokens(change: Readonly<Record<string, unknown>> = {}): Response {
  return Response.json({
    token_type: "Bearer",
    access_token: "access-token-1",
    expires_in: 3600,
    ...change,
  });
}
