// A provider for faults and speed: hands out codes and tokens, and asserts what the client sends: that the
// verifier hashes to the challenge, the redirect URI is the same in both legs, and the client is who it says.

import assert from "node:assert/strict";
import { codeChallenge } from "../../src/oauth/authorization_request.ts";

export interface FakeProvider extends AsyncDisposable {
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
  /** Everything secret that it handed out or was shown. */
  readonly secrets: Set<string>;
  readonly requests: URLSearchParams[];
  /** The next token responses; when none is left, tokens are given. */
  readonly answers: Response[];
  /** The account that the ID token names. */
  account: string;
  givesRefreshToken: boolean;
  /** What its clock says; a desk has a time of its own. */
  nowMs: () => number;
  /** Requests are taken, and answered only when this has come true. */
  isHeldUp: Promise<void>;
  /** The address on which a sign-in at `url` ends. */
  redirectOf(url: string, back?: Readonly<Record<string, string>>): URL;
  /** What a browser does: opens the address and comes back to the redirect URI. */
  signIn(url: string, back?: Readonly<Record<string, string>>): Promise<Response>;
}

export function startFakeProvider(): FakeProvider {
  const secrets = new Set<string>();
  const requests: URLSearchParams[] = [];
  const answers: Response[] = [];
  const codes = new Map<string, URLSearchParams>();
  let serial = 0;
  const failures: unknown[] = [];
  const mint = (kind: string): string => {
    const token = `${kind}-${++serial}-${crypto.randomUUID()}`;
    secrets.add(token);
    return token;
  };

  async function token(request: Request): Promise<Response> {
    const form = new URLSearchParams(await request.text());
    requests.push(form);
    await provider.isHeldUp;
    const planned = answers.shift();
    if (planned !== undefined) return planned;
    if (form.get("grant_type") === "authorization_code") {
      const asked = codes.get(form.get("code") ?? "");
      assert.ok(asked, "the code is one that was handed out");
      codes.delete(form.get("code") ?? "");
      const verifier = form.get("code_verifier") ?? "";
      secrets.add(verifier);
      assert.equal(await codeChallenge(verifier), asked.get("code_challenge"));
      assert.equal(form.get("redirect_uri"), asked.get("redirect_uri"));
      assert.equal(form.get("client_id"), asked.get("client_id"));
    } else {
      assert.equal(form.get("grant_type"), "refresh_token");
      assert.ok(secrets.has(form.get("refresh_token") ?? ""), "the refresh token is a known one");
      assert.ok(
        form.get("scope"),
        "a refresh without scope is refused by Microsoft (AADSTS900144)",
      );
    }
    const claims = btoa(JSON.stringify({ preferred_username: provider.account }));
    return Response.json({
      token_type: "Bearer",
      expires_in: 3600,
      access_token: mint("access"),
      ...(provider.givesRefreshToken ? { refresh_token: mint("refresh") } : {}),
      id_token: `e30.${claims}.sig`,
    });
  }

  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen: () => {},
    onError: (cause) => {
      failures.push(cause);
      return new Response("the fake provider found a fault", { status: 418 });
    },
  }, async (request) => {
    const response = await token(request);
    response.headers.set("date", new Date(provider.nowMs()).toUTCString());
    return response;
  });
  const origin = `http://127.0.0.1:${server.addr.port}`;
  const provider: FakeProvider = {
    authorizationEndpoint: `${origin}/authorize`,
    tokenEndpoint: `${origin}/token`,
    secrets,
    requests,
    answers,
    account: "reports@example.com",
    givesRefreshToken: true,
    nowMs: () => Date.now(),
    isHeldUp: Promise.resolve(),
    redirectOf(url, back): URL {
      const asked = new URL(url).searchParams;
      assert.equal(asked.get("response_type"), "code");
      assert.equal(asked.get("code_challenge_method"), "S256");
      const code = mint("code");
      codes.set(code, asked);
      const redirect = new URL(asked.get("redirect_uri") ?? "");
      const answer = back ?? { code };
      for (const [name, value] of Object.entries({ state: asked.get("state") ?? "", ...answer })) {
        redirect.searchParams.set(name, value);
      }
      return redirect;
    },
    signIn: (url, back) => fetch(provider.redirectOf(url, back)),
    async [Symbol.asyncDispose](): Promise<void> {
      await server.shutdown();
      assert.deepEqual(failures, []);
    },
  };
  return provider;
}
