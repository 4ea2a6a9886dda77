// Who asks at the token endpoint, with Entra's checks in Entra's order: the tenant, the app, and the proof that it is
// that app. The invariant, as at Entra: whether a proof is wanted, allowed or refused is decided by the platform of
// the registration, but a request without any user always wants one.

import { fromBase64 } from "../base/base64.ts";
import { assertionRefusal } from "./client_assertion.ts";
import { type Directory, isTenant } from "./directory.ts";
import { Refused } from "./entra_errors.ts";

export interface At {
  readonly tenant: string;
  readonly directory: Directory;
}

export interface ClientAt extends At {
  /** `http://localhost:PORT`. */
  readonly origin: string;
  readonly nowMs: number;
}

const JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const ALL_TENANTS = ["common", "organizations", "consumers"];

export async function checkClient(
  request: Request,
  form: URLSearchParams,
  at: ClientAt,
): Promise<Refused | undefined> {
  const basic = basicCredentials(request.headers.get("authorization"));
  if (basic !== undefined && !form.has("client_id")) form.set("client_id", basic.id);
  const isApp = form.get("grant_type") === "client_credentials";
  if (isApp && ALL_TENANTS.includes(at.tenant)) return new Refused("notForAllTenants");
  const wrong = checkTenantAndId(form, at);
  if (wrong !== undefined) return wrong;
  const secret = form.get("client_secret") ?? basic?.secret;
  const assertion = form.get("client_assertion") ?? undefined;
  const isProved = secret !== undefined || assertion !== undefined;
  if (!isApp && at.directory.platform === "mobile") {
    return isProved ? new Refused("secretNotWanted") : undefined;
  }
  if (!isProved) return new Refused(isApp ? "appCredentialMissing" : "secretMissing");
  if (assertion === undefined) {
    return secret === at.directory.clientSecret ? undefined : new Refused("secretWrong");
  }
  if (form.get("client_assertion_type") !== JWT_BEARER) {
    return new Refused("parameterMissing", { parameter: "client_assertion_type" });
  }
  const base = `${at.origin}/${at.tenant}`;
  return await assertionRefusal(assertion, {
    directory: at.directory,
    audiences: [`${base}/v2.0`, `${base}/oauth2/v2.0/token`],
    nowMs: at.nowMs,
  });
}

/** For the endpoints at which a public client asks. */
export function checkTenantAndId(form: URLSearchParams, at: At): Refused | undefined {
  if (!isTenant(at.directory, at.tenant)) return new Refused("tenantUnknown");
  const clientId = form.get("client_id");
  if (clientId === null) return new Refused("parameterMissing", { parameter: "client_id" });
  return clientId === at.directory.clientId ? undefined : new Refused("appUnknown");
}

/** RFC 6749 §2.3.1: both parts are form-encoded before they are joined. */
function basicCredentials(
  header: string | null,
): { readonly id: string; readonly secret: string } | undefined {
  const [, encoded] = /^Basic (\S+)$/i.exec(header ?? "") ?? [];
  const octets = encoded === undefined ? undefined : fromBase64(encoded);
  if (octets === undefined) return undefined;
  const [id = "", ...rest] = new TextDecoder().decode(octets).split(":");
  const decode = (text: string): string => new URLSearchParams(`x=${text}`).get("x") ?? "";
  return { id: decode(id), secret: decode(rest.join(":")) };
}
