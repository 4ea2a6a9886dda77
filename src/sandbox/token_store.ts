// What the sandbox's identity provider has handed out: codes, device codes, access and refresh tokens, and ID tokens.
// The invariant: what a token is good for stands in this store, and is read from no token.

import { toBase64 } from "../base/base64.ts";
import { toHex } from "../base/octets.ts";

/** What somebody consented to. */
export interface Consent {
  readonly account: string;
  /** As it was asked for. */
  readonly scope: string;
  readonly nonce?: string;
}

export interface CodeRequest extends Consent {
  readonly redirectUri: string;
  readonly codeChallenge: string | undefined;
}

export interface StoredCode extends CodeRequest {
  readonly expiresAtMs: number;
  isUsed: boolean;
}

export interface AccessToken {
  /** Undefined when an app signed in for itself. */
  readonly account: string | undefined;
  /** For Exchange, and with a permission to send. */
  readonly isForMail: boolean;
  readonly expiresAtMs: number;
}

export interface RefreshToken extends Consent {
  readonly issuedAtMs: number;
  /** All tokens that go back to one sign-in. */
  readonly family: string;
  isUsed: boolean;
}

export interface DeviceRequest {
  readonly scope: string;
  readonly userCode: string;
  readonly expiresAtMs: number;
  /** The account that approved; `null` when somebody said no. */
  decision: string | null | undefined;
}

const CODE_LIFE_MS = 600_000;
const DEVICE_LIFE_MS = 900_000;
const REFRESH_TOKEN_OCTETS = 700;
/** Letters that are not mistaken for one another when they are typed. */
const USER_CODE_LETTERS = "BCDFGHJKLMNPQRSTVWXZ";

export class TokenStore {
  readonly codes = new Map<string, StoredCode>();
  readonly refreshTokens = new Map<string, RefreshToken>();
  readonly devices = new Map<string, DeviceRequest>();
  readonly #accessTokens = new Map<string, AccessToken>();
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  newCode(request: CodeRequest): string {
    const code = `1.${randomText(300)}`;
    this.codes.set(code, {
      ...request,
      expiresAtMs: this.#nowMs() + CODE_LIFE_MS,
      isUsed: false,
    });
    return code;
  }

  keepAccessToken(
    text: string,
    token: Omit<AccessToken, "expiresAtMs">,
    lifeSeconds: number,
  ): void {
    this.#accessTokens.set(text, { ...token, expiresAtMs: this.#nowMs() + lifeSeconds * 1000 });
  }

  newRefreshToken(consent: Consent, family: string): string {
    const text = `1.A${randomText(REFRESH_TOKEN_OCTETS)}`;
    this.refreshTokens.set(text, { ...consent, family, issuedAtMs: this.#nowMs(), isUsed: false });
    return text;
  }

  newDevice(scope: string): { readonly deviceCode: string; readonly request: DeviceRequest } {
    const octets = crypto.getRandomValues(new Uint8Array(9));
    const userCode = Array.from(
      octets,
      (octet) => USER_CODE_LETTERS[octet % USER_CODE_LETTERS.length],
    ).join("");
    const request: DeviceRequest = {
      scope,
      userCode,
      expiresAtMs: this.#nowMs() + DEVICE_LIFE_MS,
      decision: undefined,
    };
    const deviceCode = randomText(120);
    this.devices.set(deviceCode, request);
    return { deviceCode, request };
  }

  /** In whose name this user may send with this token; undefined when the mail server is to refuse it. */
  senderBy(text: string, user: string): "user" | "app" | undefined {
    const token = this.#accessTokens.get(text);
    if (token === undefined || !token.isForMail) return undefined;
    if (token.expiresAtMs <= this.#nowMs()) return undefined;
    if (token.account === undefined) return "app";
    return token.account.toLowerCase() === user.toLowerCase() ? "user" : undefined;
  }

  /** As if their time was over. */
  endAccessTokens(): void {
    this.#accessTokens.clear();
  }

  endFamily(family: string): void {
    for (const [text, token] of this.refreshTokens) {
      if (token.family === family) this.refreshTokens.delete(text);
    }
  }
}

/** Signs ID tokens (OpenID Connect Core §2) and access tokens with a key that is made at the start, and publishes its public half. */
export class IdTokens {
  readonly #keys: CryptoKeyPair;
  readonly jwks: { readonly keys: readonly Readonly<Record<string, unknown>>[] };

  private constructor(keys: CryptoKeyPair, publicKey: JsonWebKey) {
    this.#keys = keys;
    const { kty, crv, x, y } = publicKey;
    this.jwks = { keys: [{ kty, crv, x, y, kid: "sandbox", use: "sig", alg: "ES256" }] };
  }

  static async create(): Promise<IdTokens> {
    const algorithm = { name: "ECDSA", namedCurve: "P-256" };
    const keys = await crypto.subtle.generateKey(algorithm, true, ["sign"]);
    return new IdTokens(keys, await crypto.subtle.exportKey("jwk", keys.publicKey));
  }

  async sign(claims: Readonly<Record<string, unknown>>): Promise<string> {
    const header = { typ: "JWT", alg: "ES256", kid: "sandbox" };
    const body = [header, claims].map((part) => base64Url(encode(JSON.stringify(part)))).join(".");
    const signature = await crypto.subtle.sign(
      { name: "ECDSA", hash: "SHA-256" },
      this.#keys.privateKey,
      encode(body),
    );
    return `${body}.${base64Url(new Uint8Array(signature))}`;
  }
}

/** The same UUID for the same text: what Entra calls the object ID of an account. */
export async function uuidOf(text: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", encode(text)));
  return toHex(digest.subarray(0, 16)).replace(
    /^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/,
    "$1-$2-4$3-8$4-$5",
  );
}

export function randomText(octets: number): string {
  return base64Url(crypto.getRandomValues(new Uint8Array(octets)));
}

function base64Url(octets: Uint8Array): string {
  return toBase64(octets).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function encode(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}
