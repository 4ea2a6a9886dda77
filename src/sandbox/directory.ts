// The made-up organisation of a sandbox: its tenant, its one app registration, its mailbox; and how Entra matches
// what a request says against them (redirect URIs without regard to the port of loopback, scopes by resource).

export interface Directory {
  readonly tenantId: string;
  readonly domain: string;
  /** The mailbox that mail is sent from. */
  readonly account: string;
  readonly clientId: string;
  /** With a secret the app is a confidential client (platform Web), without it a public one. */
  readonly clientSecret: string | undefined;
  /** As it stands in the app registration. */
  readonly redirectUri: string;
}

export interface ScopeReading {
  readonly audience: "outlook" | "graph";
  readonly asksOffline: boolean;
  readonly asksIdToken: boolean;
}

const STANDARD_SCOPES = ["openid", "profile", "email", "offline_access"];
const OUTLOOK = /^https:\/\/outlook\.office(?:365)?\.com\/(?:SMTP\.Send|\.default)$/i;
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
): ScopeReading | { readonly error: "scopeInvalid" | "scopesMixed"; readonly parameter: string } {
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
  return {
    audience: isOutlook ? "outlook" : "graph",
    asksOffline: names.includes("offline_access"),
    asksIdToken: names.includes("openid"),
  };
}
