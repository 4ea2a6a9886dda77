// The sandbox's web server: which address is answered by what. The invariant: only requests that name this server by
// a loopback name are answered (a page elsewhere that points its own name at 127.0.0.1 gets nothing), and faults are
// planted by nobody but its own page and scripts on this PC.

import type { Directory } from "./directory.ts";
import { type FaultPlan, parseFault } from "./fault_plan.ts";
import { Failure } from "../base/failure.ts";
import { html, page } from "./html.ts";
import type { Inbox, InboxMessage } from "./inbox.ts";
import {
  attachmentDownload,
  inboxJson,
  inboxPage,
  type InboxState,
  messageHtml,
  messagePage,
  messageSource,
} from "./inbox_pages.ts";
import { registration, REGISTRATION_PATH } from "./registration_page.ts";
import { approveDevice, authorize } from "./sign_in.ts";
import {
  answerDeviceRequest,
  answerTokenRequest,
  type TokenEndpointOptions,
} from "./token_endpoint.ts";

export interface WebOptions extends TokenEndpointOptions {
  readonly inbox: Inbox;
}

const LOOPBACK = ["localhost", "127.0.0.1", "[::1]"];

export async function answerRequest(request: Request, options: WebOptions): Promise<Response> {
  const url = new URL(request.url);
  if (!LOOPBACK.includes(url.hostname)) return plain(421, "this server answers to localhost only");
  if (!isFromHere(request)) return plain(403, "only pages of this sandbox may ask for that");
  const [, tenant = "", path = ""] = /^\/([^/]+)\/(.+)$/.exec(url.pathname) ?? [];
  switch (path) {
    case "oauth2/v2.0/authorize":
      return await authorize(request, tenant, options);
    case "oauth2/v2.0/token":
      return await answerTokenRequest(request, tenant, options);
    case "oauth2/v2.0/devicecode":
      return await answerDeviceRequest(request, tenant, options);
    case "discovery/v2.0/keys":
      return Response.json(options.idTokens.jwks);
    case ".well-known/openid-configuration":
    case "v2.0/.well-known/openid-configuration":
      return Response.json(metadata(options.origin(), options.directory));
  }
  switch (url.pathname) {
    case "/":
      return inboxPage(await stateOf(options));
    case "/inbox.json":
      return Response.json(inboxJson(await stateOf(options)));
    case "/devicelogin":
      return await approveDevice(request, options);
    case REGISTRATION_PATH:
      return await registration(request, options.directory);
    case "/faults":
      return await changeFaults(request, options.plan);
  }
  return await messagePart(url.pathname, options.inbox) ?? nothingHere();
}

async function messagePart(path: string, inbox: Inbox): Promise<Response | undefined> {
  const [, id = "", part = "", at = ""] =
    /^\/messages\/(\d+)(?:\/(html|source|attachments\/(\d+)))?$/.exec(path) ?? [];
  const message: InboxMessage | undefined = await inbox.find(id);
  if (message === undefined) return undefined;
  if (part === "html") return messageHtml(message);
  if (part === "source") return messageSource(message);
  return part === "" ? messagePage(message) : attachmentDownload(message, Number(at));
}

/** Form or JSON: `plant` is a fault as `--fault` takes it, `clear` a name or `all`. */
async function changeFaults(request: Request, plan: FaultPlan): Promise<Response> {
  if (request.method === "GET") return Response.json(plan.planted);
  const isJson = request.headers.get("content-type")?.startsWith("application/json") === true;
  let asked: URLSearchParams;
  try {
    asked = isJson
      ? new URLSearchParams(Object.entries(await request.json()).map(([k, v]) => [k, String(v)]))
      : new URLSearchParams(await request.text());
    const clear = asked.get("clear");
    if (clear === "all") plan.clear();
    else if (clear !== null) plan.clear(parseFault(clear).name);
    for (const fault of asked.getAll("plant")) plan.plant(parseFault(fault));
  } catch (cause) {
    if (cause instanceof Failure) {
      return plain(400, [cause.message, cause.remedy].join("; "));
    }
    if (cause instanceof SyntaxError || cause instanceof TypeError) {
      return plain(400, "wanted a form or a JSON object with plant or clear");
    }
    throw cause;
  }
  if (isJson) return Response.json(plan.planted);
  return new Response(null, { status: 303, headers: { location: "/" } });
}

/** A browser names the page that sends a form; a script does not. */
function isFromHere(request: Request): boolean {
  const origin = request.headers.get("origin");
  if (request.method === "GET" || request.method === "HEAD" || origin === null) return true;
  return origin === new URL(request.url).origin;
}

function metadata(origin: string, { tenantId }: Directory): Readonly<Record<string, unknown>> {
  const base = `${origin}/${tenantId}`;
  return {
    issuer: `${base}/v2.0`,
    authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
    token_endpoint: `${base}/oauth2/v2.0/token`,
    device_authorization_endpoint: `${base}/oauth2/v2.0/devicecode`,
    jwks_uri: `${base}/discovery/v2.0/keys`,
    response_types_supported: ["code"],
    response_modes_supported: ["query"],
    subject_types_supported: ["pairwise"],
    id_token_signing_alg_values_supported: ["ES256"],
    token_endpoint_auth_methods_supported: [
      "client_secret_post",
      "private_key_jwt",
      "client_secret_basic",
      "none",
    ],
    token_endpoint_auth_signing_alg_values_supported: ["RS256", "PS256"],
    grant_types_supported: [
      "authorization_code",
      "refresh_token",
      "client_credentials",
      "urn:ietf:params:oauth:grant-type:device_code",
    ],
    code_challenge_methods_supported: ["S256"],
    scopes_supported: ["openid", "profile", "email", "offline_access"],
  };
}

async function stateOf({ inbox, directory, plan }: WebOptions): Promise<InboxState> {
  return { messages: await inbox.list(), directory, planted: plan.planted };
}

function nothingHere(): Response {
  return page({
    title: "Nothing is here",
    layout: "card",
    status: 404,
    body: html`
      <h1>Nothing is here</h1>
      <p>The <a href="/">inbox</a> shows what arrived.</p>
    `,
  });
}

function plain(status: number, text: string): Response {
  return new Response(`${text}\n`, {
    status,
    headers: { "content-type": "text/plain; charset=utf-8" },
  });
}
