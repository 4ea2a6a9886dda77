// The made-up organisation of a sandbox: its tenant, its one app registration, its mailbox; and how Entra matches
// what a request says against them (redirect URIs without regard to the port of loopback, scopes by resource).

import type { AppCertificates } from "./app_certificates.ts";

export interface Directory {
  readonly tenantId: string;
  readonly domain: string;
  /** The mailbox that mail is sent from. */
  readonly account: string;
  readonly clientId: string;
  /**
   * Of its redirect URI. Where a person signs in, Entra takes an app of platform Web for a confidential client, which
   * must prove who it is, and one of platform Mobile for a public client, which must not.
   */
  readonly platform: "web" | "mobile";
  readonly clientSecret: string;
  readonly certificates: AppCertificates;
  /** As it stands in the app registration. */
  readonly redirectUri: string;
}

export interface ScopeReading {
  readonly audience: "outlook" | "graph";
  /** Its address, which the token names as its audience. */
  readonly resource: string;
  /** Their names without the resource. */
  readonly permissions: readonly string[];
  readonly asksOffline: boolean;
  readonly asksIdToken: boolean;
}

interface NoScope<Name extends string> {
  readonly error: Name;
  readonly parameter: string;
}

export const GRAPH_RESOURCE = "https://graph.microsoft.com";
const STANDARD_SCOPES = ["openid", "profile", "email", "offline_access"];
const OUTLOOK = /^https:\/\/outlook\.office(?:365)?\.com\/(?:SMTP\.Send|\.default)$/i;
/** The host counts: for apps Microsoft names this one only. */
const APP_SCOPE = /^https:\/\/outlook\.office365\.com\/\.default$/i;
const PERSONAL = /@(?:outlook|hotmail|live|msn)\.[a-z.]+$/i;
const GRAPH = /^(?:https:\/\/graph\.microsoft\.com\/[\w.]+|SMTP\.Send|Mail\.Send|User\.Read)$/i;

export function isTenant(directory: Directory, name: string): boolean {
  return [directory.tenantId, directory.domain].includes(name.toLowerCase());
}

/** Host, path and its case count; the port of loopback does not (Entra's "Redirect URI restrictions"). */
export function isRegistered(directory: Directory, redirectUri: string): boolean {
  if (!URL.canParse(redirectUri)) return false;
  const [asked, registered] = [new URL(redirectUri), new URL(directory.redirectUri)];
  const isLoopback = ["localhost", "127.0.0.1"].includes(asked.hostname);
  return asked.protocol === registered.protocol && asked.hostname === registered.hostname &&
    asked.pathname === registered.pathname && asked.search === "" && asked.hash === "" &&
    (isLoopback || asked.port === registered.port);
}

/** What a `scope` means, or the error that Entra has for it, with what it names. */
export function readScope(
  scope: string,
): ScopeReading | NoScope<"scopeInvalid" | "scopesMixed"> {
  const names = scope.split(" ").filter((name) => name !== "");
  const resources = names.filter((name) => !STANDARD_SCOPES.includes(name));
  const unknown = resources.find((name) => !OUTLOOK.test(name) && !GRAPH.test(name));
  if (names.length === 0 || unknown !== undefined) {
    return { error: "scopeInvalid", parameter: unknown ?? scope };
  }
  const isOutlook = resources.some((name) => OUTLOOK.test(name));
  if (isOutlook && resources.some((name) => GRAPH.test(name))) {
    return { error: "scopesMixed", parameter: scope };
  }
  const first = resources[0] ?? "";
  return {
    audience: isOutlook ? "outlook" : "graph",
    resource: isOutlook ? new URL(first).origin : GRAPH_RESOURCE,
    permissions: resources.map((name) => name.slice(name.lastIndexOf("/") + 1))
      .map((name) => isOutlook && name === ".default" ? "SMTP.Send" : name),
    asksOffline: names.includes("offline_access"),
    asksIdToken: names.includes("openid"),
  };
}

/** The same where an app signs in for itself: one resource, with `/.default` behind it and nothing beside it. */
export function readAppScope(
  scope: string,
): ScopeReading | NoScope<"scopeNotDefault" | "scopeInvalid" | "resourceUnknown"> {
  const names = scope.split(" ").filter((name) => name !== "");
  const resources = names.filter((name) => !STANDARD_SCOPES.includes(name));
  if (resources.length === 0 || resources.some((name) => !name.endsWith("/.default"))) {
    return { error: "scopeNotDefault", parameter: scope };
  }
  if (names.length > 1) return { error: "scopeInvalid", parameter: scope };
  const [name = ""] = names;
  const resource = name.slice(0, -"/.default".length);
  const isOutlook = APP_SCOPE.test(name);
  if (!isOutlook && resource !== GRAPH_RESOURCE) {
    return { error: "resourceUnknown", parameter: resource };
  }
  return {
    audience: isOutlook ? "outlook" : "graph",
    resource,
    permissions: isOutlook ? ["SMTP.SendAsApp"] : [],
    asksOffline: false,
    asksIdToken: false,
  };
}

/** An account of Outlook.com and its like. */
export function isPersonal(account: string): boolean {
  return PERSONAL.test(account);
}
