// What an access token says of itself, where it is a JWT (RFC 7519, RFC 9068; the claims of Microsoft Entra). It is
// the mail server's to read: unverified, good for messages, and never a condition. The invariant: what comes out is
// clean enough for a terminal, whatever went in.

import { fromBase64 } from "../base/base64.ts";

export interface TokenClaims {
  /** Whom the token is for: a URL or a GUID; several with blanks between them. */
  readonly audience?: string;
  /** What a person has consented to; empty where the token names none. */
  readonly scopes: readonly string[];
  /** What an administrator has granted to the app itself. */
  readonly roles: readonly string[];
  /** Who signed in; absent in the token of an app. */
  readonly account?: string;
  readonly appId?: string;
  readonly tenant?: string;
  readonly validFromMs?: number;
  readonly expiresAtMs?: number;
}

/** The longest header that mail servers take is far below. */
const LONGEST_TOKEN = 65_536;
const LONGEST_TEXT = 200;
const MOST_WORDS = 50;
/** As far as a `Date` reaches. */
const LAST_MS = 8.64e15;

/** Undefined for an opaque token: of personal Microsoft accounts, of Google, of anybody who encrypts them. */
export function readClaims(token: string): TokenClaims | undefined {
  if (token.length > LONGEST_TOKEN) return undefined;
  const parts = token.split(".");
  const [header, claims] = parts.map(objectOf);
  if (parts.length !== 3 || header?.["alg"] === undefined || claims === undefined) return undefined;
  return {
    ...field("audience", wordsOf(claims["aud"]).join(" ")),
    scopes: wordsOf(claims["scp"] ?? claims["scope"]),
    roles: wordsOf(claims["roles"]),
    ...field("account", accountIn(claims)),
    ...field("appId", clean(claims["appid"] ?? claims["azp"] ?? claims["client_id"])),
    ...field("tenant", clean(claims["tid"])),
    ...instant("validFromMs", claims["nbf"]),
    ...instant("expiresAtMs", claims["exp"]),
  };
}

function accountIn(claims: Readonly<Record<string, unknown>>): string {
  for (const name of ["upn", "preferred_username", "unique_name", "email"]) {
    const account = clean(claims[name]);
    // Microsoft writes accounts of elsewhere with where they are from: live.com#anna@example.com.
    if (account !== "") return account.slice(account.lastIndexOf("#") + 1);
  }
  return "";
}

function objectOf(part: string): Readonly<Record<string, unknown>> | undefined {
  const octets = part === "" ? undefined : fromBase64(part);
  if (octets === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(octets));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A list, or a text with blanks in it: both are in use for the same claims. */
function wordsOf(value: unknown): readonly string[] {
  const items = Array.isArray(value) ? value : [value];
  return items.slice(0, MOST_WORDS)
    .flatMap((item) => typeof item === "string" ? item.slice(0, LONGEST_TOKEN).split(/\s+/) : [])
    .slice(0, MOST_WORDS).map(clean).filter((word) => word !== "");
}

/** Without what acts on a terminal or turns around what is read, and short; empty for what is no text. */
export function clean(value: unknown): string {
  if (typeof value !== "string") return "";
  const short = [...value.slice(0, 2 * LONGEST_TEXT)].slice(0, LONGEST_TEXT).join("");
  return short.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, "\ufffd").trim();
}

function field<Name extends string>(
  name: Name,
  value: string,
): { readonly [Key in Name]?: string } {
  return value === "" ? {} : { [name]: value } as { readonly [Key in Name]?: string };
}

function instant<Name extends string>(
  name: Name,
  seconds: unknown,
): { readonly [Key in Name]?: number } {
  if (typeof seconds !== "number" || !(Math.abs(seconds * 1000) <= LAST_MS)) return {};
  return { [name]: Math.round(seconds * 1000) } as { readonly [Key in Name]?: number };
}
