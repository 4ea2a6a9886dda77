// The authorization server of the tests: `oidc-provider` on loopback with its own sign-in and consent
// pages, refresh tokens that rotate with reuse detection, and token introspection for a mail server.
// It keeps everything secret that passed through it, so that a test can look where it must not be.

import { createServer } from "node:http";
import { Buffer } from "node:buffer";
import { Provider } from "oidc-provider";
import { type Page, walk } from "./browser.ts";
import { OidcStore } from "./oidc_store.ts";

/** Client metadata as in OpenID Connect Dynamic Client Registration 1.0 §2. */
export interface OidcClient {
  readonly client_id: string;
  readonly client_secret?: string;
  readonly redirect_uris: readonly string[];
  readonly token_endpoint_auth_method:
    | "none"
    | "client_secret_post"
    | "client_secret_basic"
    | "private_key_jwt";
  readonly [metadata: string]: unknown;
}

export interface OidcOptions {
  readonly clients: readonly OidcClient[];
  /** Lifetime of an access token; an hour unless told. */
  readonly accessTokenSeconds?: number;
  /** The mailbox that tokens of client credentials are good for, as an Exchange administrator permits it. */
  readonly mailboxOfApps?: string;
  /** Called for each token request, with the names of its body parameters in their order. */
  readonly onTokenRequest?: (grantType: string, parameterNames: readonly string[]) => void;
}

export interface Oidc {
  readonly issuer: string;
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
  readonly deviceEndpoint: string;
  readonly introspectionEndpoint: string;
  /** The mail server's own client, allowed to introspect every token. */
  readonly resourceServer: { readonly clientId: string; readonly clientSecret: string };
  /** Token requests by grant type, the refused ones included. */
  readonly tokenRequests: ReadonlyMap<string, number>;
  /** Answers of the token endpoint by `error`, or `ok`. */
  readonly tokenAnswers: ReadonlyMap<string, number>;
  /** Authorization codes, code verifiers, client secrets and tokens seen so far. */
  readonly secrets: ReadonlySet<string>;
  /** The newest refresh token given out. */
  readonly latestRefreshToken: string | undefined;
  /** Signs in and consents, and ends on the page behind the redirect URI. */
  signIn(authorizationUrl: string, person: { account: string }): Promise<Page>;
  /** The same for the device flow. */
  enterCode(verificationUri: string, person: { account: string; userCode: string }): Promise<Page>;
  /** An access token with scope `smtp`, straight from the store, where a test is not about signing in. */
  issueAccessToken(account: string): Promise<string>;
  /** Whether introspection calls a token active. */
  isActive(accessToken: string): Promise<boolean>;
  /** Makes every access token inactive before its time. */
  endAccessTokens(): number;
  /** Takes back every grant: refreshing gives `invalid_grant` from here on. */
  revoke(): number;
  [Symbol.asyncDispose](): Promise<void>;
}

/** The scope a profile asks this provider for. */
export const SCOPE = "openid profile offline_access smtp";

/** Starts a provider on a free loopback port. */
export async function startOidcProvider(options: OidcOptions): Promise<Oidc> {
  const store = new OidcStore();
  const ledger = new TokenLedger(options);
  const resourceServer = { clientId: "mail-server", clientSecret: randomSecret() };

  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const address = server.address();
  if (address === null || typeof address === "string") {
    throw new Error("the provider has no port");
  }
  const issuer = `http://127.0.0.1:${address.port}`;
  const provider = new Provider(issuer, {
    ...CONFIGURATION,
    adapter: store.adapter,
    jwks: { keys: [await signingKey()] },
    clients: [
      ...options.clients.map((client) => ({
        grant_types: ["authorization_code", "refresh_token", DEVICE_GRANT],
        response_types: ["code"],
        application_type: "native",
        ...client,
      })),
      {
        client_id: resourceServer.clientId,
        client_secret: resourceServer.clientSecret,
        redirect_uris: [],
        response_types: [],
        grant_types: [],
      },
    ],
    extraTokenClaims: (_context: unknown, token: { readonly kind: string }): object | undefined =>
      token.kind === "ClientCredentials" && options.mailboxOfApps !== undefined
        ? { sub: options.mailboxOfApps }
        : undefined,
    ttl: {
      ...LIFETIMES,
      AccessToken: options.accessTokenSeconds ?? 3600,
      ClientCredentials: options.accessTokenSeconds ?? 3600,
    },
  });
  provider.use(grantOfflineAccessUnasked);
  provider.use(ledger.middleware);
  server.on("request", provider.callback());

  return {
    issuer,
    authorizationEndpoint: `${issuer}/auth`,
    tokenEndpoint: `${issuer}/token`,
    deviceEndpoint: `${issuer}/device/auth`,
    introspectionEndpoint: `${issuer}/token/introspection`,
    resourceServer,
    tokenRequests: ledger.requests,
    tokenAnswers: ledger.answers,
    secrets: ledger.secrets,
    get latestRefreshToken(): string | undefined {
      return ledger.latestRefreshToken;
    },
    signIn: walk,
    enterCode: walk,
    async issueAccessToken(accountId): Promise<string> {
      const client = await provider.Client.find(options.clients[0]?.client_id);
      const grant = new provider.Grant({ accountId, clientId: client.clientId });
      grant.addOIDCScope(SCOPE);
      const grantId = await grant.save();
      const token = new provider.AccessToken({ accountId, client, grantId, scope: SCOPE });
      return await token.save();
    },
    async isActive(accessToken): Promise<boolean> {
      const { clientId, clientSecret } = resourceServer;
      const response = await fetch(`${issuer}/token/introspection`, {
        method: "POST",
        headers: { authorization: `Basic ${btoa(`${clientId}:${clientSecret}`)}` },
        body: new URLSearchParams({ token: accessToken }),
      });
      return (await response.json()).active === true;
    },
    endAccessTokens: () => store.endAccessTokens(),
    revoke: () => store.endGrants(),
    [Symbol.asyncDispose](): Promise<void> {
      return new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

const DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code";

const LIFETIMES = {
  AuthorizationCode: 60,
  DeviceCode: 600,
  Grant: 86_400,
  IdToken: 3600,
  Interaction: 3600,
  RefreshToken: 86_400,
  Session: 86_400,
};

const CONFIGURATION = {
  scopes: ["openid", "profile", "offline_access", "smtp"],
  claims: { openid: ["sub"], profile: ["name", "preferred_username", "email"] },
  conformIdTokenClaims: false,
  cookies: { keys: [randomSecret()] },
  rotateRefreshToken: true,
  pkce: { required: (): boolean => true },
  features: {
    clientCredentials: { enabled: true },
    deviceFlow: { enabled: true },
    devInteractions: { enabled: true },
    introspection: { enabled: true, allowedPolicy: (): boolean => true },
    revocation: { enabled: true },
  },
  findAccount: (_context: unknown, accountId: string): object => ({
    accountId,
    claims: (): object => ({
      sub: accountId,
      name: "Plant Reports",
      preferred_username: accountId,
      email: accountId,
    }),
  }),
};

// deno-lint-ignore no-explicit-any -- the package has no types
type Context = any;

/** Gives `offline_access` without `prompt=consent`, as Microsoft does and OpenID Connect Core §11 does not. */
async function grantOfflineAccessUnasked(
  context: Context,
  next: () => Promise<void>,
): Promise<void> {
  const { scope, prompt } = context.query;
  if (context.path === "/auth" && prompt === undefined && scope?.includes("offline_access")) {
    context.query = { ...context.query, prompt: "consent" };
  }
  await next();
}

/** Counts token requests and keeps what was secret in them. */
class TokenLedger {
  readonly requests = new Map<string, number>();
  readonly answers = new Map<string, number>();
  readonly secrets = new Set<string>();
  latestRefreshToken: string | undefined;
  readonly #options: OidcOptions;

  constructor(options: OidcOptions) {
    this.#options = options;
    for (const { client_secret } of options.clients) {
      if (client_secret !== undefined) {
        this.secrets.add(client_secret);
      }
    }
  }

  middleware = async (context: Context, next: () => Promise<void>): Promise<void> => {
    await next();
    if (context.path !== "/token") {
      return;
    }
    const asked: Record<string, string> = context.oidc?.body ?? {};
    const answer: Record<string, unknown> = context.body ?? {};
    const grantType = asked["grant_type"] ?? "none";
    add(this.requests, grantType);
    add(this.answers, typeof answer["error"] === "string" ? answer["error"] : "ok");
    this.#keep(asked, [
      "code",
      "device_code",
      "code_verifier",
      "refresh_token",
      "client_secret",
      "client_assertion",
    ]);
    this.#keep(answer, ["access_token", "refresh_token", "id_token"]);
    if (typeof answer["refresh_token"] === "string") {
      this.latestRefreshToken = answer["refresh_token"];
    }
    this.#options.onTokenRequest?.(grantType, Object.keys(asked));
  };

  #keep(from: Readonly<Record<string, unknown>>, names: readonly string[]): void {
    for (const name of names) {
      const value = from[name];
      if (typeof value === "string") {
        this.secrets.add(value);
      }
    }
  }
}

function add(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function randomSecret(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64url");
}

async function signingKey(): Promise<JsonWebKey & { use: string }> {
  const { privateKey } = await crypto.subtle.generateKey(
    {
      name: "RSASSA-PKCS1-v1_5",
      hash: "SHA-256",
      modulusLength: 2048,
      publicExponent: new Uint8Array([1, 0, 1]),
    },
    true,
    ["sign", "verify"],
  );
  return { ...await crypto.subtle.exportKey("jwk", privateKey), use: "sig" };
}
