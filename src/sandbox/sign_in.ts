// The authorization endpoint (RFC 6749 §4.1.1, RFC 7636) and the device page (RFC 8628 §3.3) of the sandbox. The
// invariant, as at Entra: an error about the tenant, the app or the redirect URI is shown here and never goes back.

import { type Directory, isRegistered, isTenant, readScope } from "./directory.ts";
import {
  ENTRA_ERRORS,
  entraErrorBody,
  type EntraErrorName,
  type ErrorValues,
} from "./entra_errors.ts";
import type { FaultPlan } from "./fault_plan.ts";
import { FAULTS } from "./faults.ts";
import { consentPage, devicePage, messagePage } from "./sign_in_pages.ts";
import type { TokenStore } from "./token_store.ts";

export interface SignInOptions {
  readonly directory: Directory;
  readonly store: TokenStore;
  readonly plan: FaultPlan;
  readonly nowMs: () => number;
}

/** Whoever signs in while the fault `wrong-account` is planted. */
const OTHER_PERSON = "someone.else";

/** Answers `/{tenant}/oauth2/v2.0/authorize`, both the page and what is clicked on it. */
export async function authorize(
  request: Request,
  tenant: string,
  options: SignInOptions,
): Promise<Response> {
  const { directory } = options;
  const asked = new URL(request.url).searchParams;
  const redirectUri = asked.get("redirect_uri") ?? "";
  const values: ErrorValues = {
    tenant,
    redirect: redirectUri,
    client: asked.get("client_id") ?? "",
  };
  const shown = errorForThePage(asked, tenant, options);
  if (shown !== undefined) {
    const body = entraErrorBody(ENTRA_ERRORS[shown], values, options.nowMs());
    return messagePage({
      title: "Sorry, but we're having trouble signing you in",
      lines: body.error_description.split("\r\n"),
      isBad: true,
    });
  }
  const back = (parameters: Readonly<Record<string, string>>): Response =>
    goBack(redirectUri, { ...parameters, state: asked.get("state") ?? "" });
  const backWithError = (name: EntraErrorName, more: ErrorValues = {}): Response => {
    const body = entraErrorBody(ENTRA_ERRORS[name], { ...values, ...more }, options.nowMs());
    const { error, error_description, error_uri } = body;
    return back({ error, error_description, error_uri });
  };

  const wrong = errorToGoBack(asked);
  if (wrong !== undefined) return backWithError(wrong.name, wrong.values);
  if (request.method === "GET") {
    return consentPage({
      hint: asked.get("login_hint") ?? directory.account,
      scope: asked.get("scope") ?? "",
      directory,
      redirectUri,
    });
  }
  const form = new URLSearchParams(await request.text());
  if (form.has("abort")) return backWithError("consentDeclined");
  const planted = plantedError(options.plan, "back");
  if (planted !== undefined) return backWithError(planted);
  const typed = (form.get("account") ?? "").trim();
  if (!/^[^@\s]+@[^@\s]+$/.test(typed)) {
    return consentPage({
      hint: typed,
      problem: "Type a mail address, such as that of the sandbox.",
      scope: asked.get("scope") ?? "",
      directory,
      redirectUri,
    });
  }
  const account = options.plan.isActive("wrong-account")
    ? `${OTHER_PERSON}@${directory.domain}`
    : typed;
  const nonce = asked.get("nonce");
  const code = options.store.newCode({
    account,
    scope: asked.get("scope") ?? "",
    ...(nonce === null ? {} : { nonce }),
    redirectUri,
    codeChallenge: asked.get("code_challenge") ?? undefined,
  });
  return back({ code, session_state: crypto.randomUUID() });
}

/** The page on which a person types the code of the device flow. */
export async function approveDevice(request: Request, options: SignInOptions): Promise<Response> {
  const { directory, store, nowMs } = options;
  const hint = new URL(request.url).searchParams.get("user_code") ?? "";
  if (request.method === "GET") return devicePage({ directory, userCode: hint });
  const form = new URLSearchParams(await request.text());
  const userCode = (form.get("user_code") ?? "").toUpperCase().replaceAll(/[^A-Z]/g, "");
  const device = [...store.devices.values()].find((candidate) => candidate.userCode === userCode);
  const isOpen = device?.decision === undefined && (device?.expiresAtMs ?? 0) > nowMs();
  if (device === undefined || !isOpen) {
    return devicePage({
      directory,
      userCode,
      problem: "That code is not known, used already, or too old. Compare it letter by letter.",
    });
  }
  device.decision = form.has("abort") ? null : form.get("account")?.trim() || directory.account;
  return messagePage({
    title: device.decision === null ? "You said no" : "You have signed in",
    lines: ["Go back to the device that showed the code; this window can be closed."],
    isBad: device.decision === null,
  });
}

/** The planted error of the sign-in that is shown here, or of those that go back. */
function plantedError(plan: FaultPlan, kind: "page" | "back"): EntraErrorName | undefined {
  for (const fault of FAULTS) {
    if (fault.where !== "sign-in" || !("entra" in fault) || !plan.isActive(fault.name)) continue;
    if ((ENTRA_ERRORS[fault.entra].error === "access_denied") === (kind === "back")) {
      return fault.entra;
    }
  }
  return undefined;
}

function errorForThePage(
  asked: URLSearchParams,
  tenant: string,
  { directory, plan }: SignInOptions,
): EntraErrorName | undefined {
  const planted = plantedError(plan, "page");
  if (planted !== undefined) return planted;
  if (!isTenant(directory, tenant)) return "tenantUnknown";
  if (asked.get("client_id") !== directory.clientId) return "appUnknown";
  return isRegistered(directory, asked.get("redirect_uri") ?? "") ? undefined : "redirectMismatch";
}

function errorToGoBack(
  asked: URLSearchParams,
): { readonly name: EntraErrorName; readonly values: ErrorValues } | undefined {
  if (asked.get("response_type") !== "code") return { name: "responseType", values: {} };
  const challenge = asked.get("code_challenge");
  const isS256 = asked.get("code_challenge_method") === "S256" &&
    /^[\w-]{43,128}$/.test(challenge ?? "");
  if (challenge !== null && !isS256) return { name: "challengeMethod", values: {} };
  const scope = readScope(asked.get("scope") ?? "");
  return "error" in scope
    ? { name: scope.error, values: { parameter: scope.parameter } }
    : undefined;
}

function goBack(redirectUri: string, parameters: Readonly<Record<string, string>>): Response {
  const to = new URL(redirectUri);
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== "") to.searchParams.set(name, value);
  }
  return new Response(null, {
    status: 302,
    headers: { location: to.href, "cache-control": "no-store", "referrer-policy": "no-referrer" },
  });
}
