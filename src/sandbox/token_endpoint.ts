// The token and device endpoints of the sandbox (RFC 6749 §3.2, RFC 8628 §3.1), with Entra's checks in Entra's order
// and its error answers. The invariant: a code is good for one redemption, by the client, redirect URI and verifier
// that it was asked for with.

import { toBase64 } from "../base/base64.ts";
import { accessTokenText } from "./access_token.ts";
import { checkClient, checkTenantAndId } from "./client_check.ts";
import {
  type Directory,
  GRAPH_RESOURCE,
  readAppScope,
  readScope,
  type ScopeReading,
} from "./directory.ts";
import { ENTRA_ERRORS, entraErrorBody, Refused } from "./entra_errors.ts";
import type { FaultPlan } from "./fault_plan.ts";
import { FAULTS } from "./faults.ts";
import { type Consent, type IdTokens, type TokenStore, uuidOf } from "./token_store.ts";

export interface TokenEndpointOptions {
  readonly directory: Directory;
  readonly store: TokenStore;
  readonly plan: FaultPlan;
  readonly idTokens: IdTokens;
  readonly nowMs: () => number;
  /** `http://localhost:PORT` of this sandbox. */
  readonly origin: () => string;
  readonly accessTokenSeconds: number;
  /** Whether a refresh token that was used already ends the sign-in; Entra lets it be used again. */
  readonly detectsReuse: boolean;
  /** Aborted when the sandbox ends: what never answers may go then. */
  readonly signal: AbortSignal;
}

const DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code";
const HTML_ANSWER = "<!doctype html><title>Sign in</title><h1>Network sign-in required</h1>";

export async function answerTokenRequest(
  request: Request,
  tenant: string,
  options: TokenEndpointOptions,
): Promise<Response> {
  const { plan, directory } = options;
  if (request.method !== "POST") return refusal(new Refused("wrongVerb"), options);
  const form = await readForm(request);
  if (plan.isActive("token-slow")) await aborted(options.signal);
  if (plan.isActive("token-down")) return htmlAnswer(503);
  if (plan.isActive("bad-token-answer")) return htmlAnswer(200);
  const values = { client: form.get("client_id") ?? directory.clientId, tenant };
  const planted = plantedError(plan, form.get("grant_type"));
  const at = { tenant, directory, origin: options.origin(), nowMs: options.nowMs() };
  const answer = planted ?? await checkClient(request, form, at) ?? await grant(form, options);
  if (!(answer instanceof Refused)) return json(200, answer);
  return refusal(new Refused(answer.name, { ...values, ...answer.values }), options);
}

/** Answers `/{tenant}/oauth2/v2.0/devicecode`. */
export async function answerDeviceRequest(
  request: Request,
  tenant: string,
  options: TokenEndpointOptions,
): Promise<Response> {
  if (request.method !== "POST") return refusal(new Refused("wrongVerb"), options);
  const form = await readForm(request);
  const scope = readScope(form.get("scope") ?? "");
  const refused = checkTenantAndId(form, { tenant, directory: options.directory }) ??
    ("error" in scope ? new Refused(scope.error, { parameter: scope.parameter }) : undefined);
  if (refused !== undefined) return refusal(refused, options);
  const { deviceCode, request: device } = options.store.newDevice(form.get("scope") ?? "");
  const page = `${options.origin()}/devicelogin`;
  return json(200, {
    user_code: device.userCode,
    device_code: deviceCode,
    verification_uri: page,
    expires_in: Math.round((device.expiresAtMs - options.nowMs()) / 1000),
    interval: 1,
    message: `To sign in, use a web browser to open the page ${page} and enter the code ` +
      `${device.userCode} to authenticate.`,
  });
}

type Answer = Readonly<Record<string, unknown>>;

async function grant(
  form: URLSearchParams,
  options: TokenEndpointOptions,
): Promise<Answer | Refused> {
  switch (form.get("grant_type")) {
    case "authorization_code":
      return await redeemCode(form, options);
    case "refresh_token":
      return await refresh(form, options);
    case DEVICE_GRANT:
      return await pollDevice(form, options);
    case "client_credentials":
      return await appTokens(form, options);
    case null:
      return new Refused("parameterMissing", { parameter: "grant_type" });
    default:
      return new Refused("grantType", { parameter: form.get("grant_type") ?? "" });
  }
}

async function redeemCode(
  form: URLSearchParams,
  options: TokenEndpointOptions,
): Promise<Answer | Refused> {
  const code = options.store.codes.get(form.get("code") ?? "");
  if (code === undefined) return new Refused("codeUnknown");
  if (code.isUsed) return new Refused("codeUsed");
  if (code.expiresAtMs <= options.nowMs()) return new Refused("grantExpired");
  const redirect = form.get("redirect_uri") ?? "";
  if (redirect !== code.redirectUri) return new Refused("redirectOtherLeg", { redirect });
  const verifier = form.get("code_verifier") ?? "";
  if (code.codeChallenge !== undefined && await challengeOf(verifier) !== code.codeChallenge) {
    return new Refused("verifierWrong");
  }
  code.isUsed = true;
  return await tokens(code, { ...options, scope: form.get("scope") ?? code.scope });
}

async function refresh(
  form: URLSearchParams,
  options: TokenEndpointOptions,
): Promise<Answer | Refused> {
  const scope = form.get("scope");
  if (scope === null) return new Refused("parameterMissing", { parameter: "scope" });
  const token = options.store.refreshTokens.get(form.get("refresh_token") ?? "");
  if (token === undefined) return new Refused("codeUnknown");
  if (token.isUsed && options.detectsReuse) {
    options.store.endFamily(token.family);
    return new Refused("tokenReused");
  }
  token.isUsed = true;
  return await tokens(token, { ...options, scope, family: token.family });
}

async function pollDevice(
  form: URLSearchParams,
  options: TokenEndpointOptions,
): Promise<Answer | Refused> {
  const name = form.get("device_code") ?? "";
  const device = options.store.devices.get(name);
  if (device === undefined) return new Refused("deviceUnknown");
  if (device.expiresAtMs <= options.nowMs()) return new Refused("deviceExpired");
  if (options.plan.takeOnce("device-slow-down")) return new Refused("deviceSlowDown");
  if (device.decision === undefined) return new Refused("devicePending");
  options.store.devices.delete(name);
  if (device.decision === null) return new Refused("deviceDeclined");
  const consent = { account: device.decision, scope: device.scope };
  return await tokens(consent, { ...options, scope: device.scope });
}

/** RFC 6749 §4.4: no refresh token, for the app can ask at any time. */
async function appTokens(
  form: URLSearchParams,
  options: TokenEndpointOptions,
): Promise<Answer | Refused> {
  const scope = form.get("scope");
  if (scope === null) return new Refused("parameterMissing", { parameter: "scope" });
  const reading = readAppScope(scope);
  if ("error" in reading) return new Refused(reading.error, { parameter: reading.parameter });
  // Entra refuses nothing here: an app without consent gets a token that permits nothing.
  const isBare = options.plan.isActive("app-consent-missing");
  const given = isBare ? { ...reading, permissions: [] } : reading;
  return await accessPart({ account: undefined, reading: given }, options);
}

async function tokens(
  consent: Consent,
  options: TokenEndpointOptions & { readonly scope: string; readonly family?: string },
): Promise<Answer | Refused> {
  const reading = readScope(options.scope);
  if ("error" in reading) return new Refused(reading.error, { parameter: reading.parameter });
  const { store, plan } = options;
  // Entra gives offline access by what was consented to, not by what is asked for now.
  const isOffline = consent.scope.split(" ").includes("offline_access") &&
    !plan.isActive("no-refresh-token");
  const family = options.family ?? crypto.randomUUID();
  return {
    ...await accessPart({ account: consent.account, reading }, options),
    scope: options.scope.split(" ").filter((name) => name !== "offline_access").join(" "),
    ...(isOffline ? { refresh_token: store.newRefreshToken(consent, family) } : {}),
    ...(reading.asksIdToken ? { id_token: await idToken(consent, options) } : {}),
  };
}

async function accessPart(
  of: { readonly account: string | undefined; readonly reading: ScopeReading },
  options: TokenEndpointOptions,
): Promise<Answer> {
  const { accessTokenSeconds: lifeSeconds, directory, nowMs, plan, store } = options;
  const reading = plan.isActive("wrong-audience")
    ? { ...of.reading, audience: "graph" as const, resource: GRAPH_RESOURCE }
    : of.reading;
  const text = await accessTokenText({
    account: of.account,
    reading,
    directory,
    origin: options.origin(),
    issuedAtMs: nowMs(),
    lifeSeconds,
  }, options.idTokens);
  const isForMail = reading.audience === "outlook" && reading.permissions.length > 0;
  store.keepAccessToken(text, { account: of.account, isForMail }, lifeSeconds);
  return {
    token_type: "Bearer",
    expires_in: lifeSeconds,
    ext_expires_in: lifeSeconds,
    access_token: text,
  };
}

async function idToken(consent: Consent, options: TokenEndpointOptions): Promise<string> {
  const { directory, origin, nowMs } = options;
  const issuedAt = Math.floor(nowMs() / 1000);
  const objectId = await uuidOf(consent.account.toLowerCase());
  return await options.idTokens.sign({
    iss: `${origin()}/${directory.tenantId}/v2.0`,
    aud: directory.clientId,
    sub: objectId,
    oid: objectId,
    tid: directory.tenantId,
    preferred_username: consent.account,
    name: consent.account.split("@")[0],
    ver: "2.0",
    iat: issuedAt,
    nbf: issuedAt,
    exp: issuedAt + 3600,
    ...(consent.nonce === undefined ? {} : { nonce: consent.nonce }),
  });
}

/** What planted errors name. */
const FAULT_VALUES = {
  issued: "2026-08-20T06:15:00.0000000Z",
  from: "2024-08-20T06:15:00.0000000Z",
  until: "2026-08-20T06:15:00.0000000Z",
  thumbprint: "0F3A5D8C9B7E6A41D2C0B1F4E5A69788C7D6E5F4",
  parameter: "https://outlook.office.com/SMTP.Send",
};

function plantedError(plan: FaultPlan, grantType: string | null): Refused | undefined {
  const isRefresh = grantType === "refresh_token";
  const isApp = grantType === "client_credentials";
  for (const fault of FAULTS) {
    const { where } = fault;
    const isHere = where === "token" || (where === "refresh" && isRefresh) ||
      (where === "app" && isApp) || (where === "device" && grantType === DEVICE_GRANT);
    if (!isHere || !("entra" in fault) || !plan.isActive(fault.name)) continue;
    return new Refused(fault.entra, FAULT_VALUES);
  }
  return undefined;
}

async function challengeOf(verifier: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  return toBase64(new Uint8Array(digest)).replaceAll("+", "-").replaceAll("/", "_")
    .replaceAll("=", "");
}

async function readForm(request: Request): Promise<URLSearchParams> {
  const isForm = request.headers.get("content-type")?.startsWith(
    "application/x-www-form-urlencoded",
  );
  const text = await request.text();
  return new URLSearchParams(isForm === true ? text : "");
}

function refusal(refused: Refused, options: TokenEndpointOptions): Response {
  const error = ENTRA_ERRORS[refused.name];
  const body = entraErrorBody(error, refused.values, options.nowMs());
  return json(error.status, body, error.status === 429 ? { "retry-after": "17" } : {});
}

function json(status: number, body: unknown, headers: Record<string, string> = {}): Response {
  return Response.json(body, {
    status,
    headers: { "cache-control": "no-store", pragma: "no-cache", ...headers },
  });
}

function htmlAnswer(status: number): Response {
  return new Response(HTML_ANSWER, { status, headers: { "content-type": "text/html" } });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
