// Microsoft Entra: what it says about the redirect URI, the form of a request, and which endpoint it came to.

import type { Entry } from "./entry.ts";
import { COPY_IDS, LOGIN, LOGIN_ANEW, REG, REPORT } from "./steps.ts";

const CHECK_ENDPOINTS =
  `compare authorization_endpoint and token_endpoint of the profile with ${REG} > Overview > Endpoints, first and ` +
  "second line; better, leave both out: the provider and the tenant give them";

const REGISTER_URI =
  `open ${REG} > Authentication > Add a platform > Mobile and desktop applications (Web, where a client secret is ` +
  "used) and add oauth.redirect_uri of the profile, letter for letter";

export const MICROSOFT_REQUESTS: readonly Entry[] = [
  {
    id: "AADSTS50011",
    aliases: ["AADSTS70004"],
    area: "microsoft",
    meaning: "the redirect URI of the request is not among those of the app registration",
    who: "administrator",
    steps: [
      REGISTER_URI,
      "compare host (localhost is not 127.0.0.1), the case of the path and the slash at the end",
      "127.0.0.1 cannot be typed there: it goes into redirectUris of the Manifest page",
      "wait some minutes until the change works",
      LOGIN,
    ],
    retry: "after-login",
  },
  {
    id: "AADSTS500113",
    area: "microsoft",
    meaning: "the app registration has no redirect URI at all",
    who: "administrator",
    steps: [REGISTER_URI, LOGIN],
    retry: "after-login",
  },
  {
    id: "AADSTS900971",
    area: "microsoft",
    meaning:
      "the sign-in came without a redirect URI, and the registration has none to fall back on",
    who: "operator",
    steps: ["set oauth.redirect_uri in the profile", REGISTER_URI, LOGIN],
    retry: "after-login",
  },
  {
    id: "AADSTS54005",
    area: "microsoft",
    meaning: "the authorization code was used before; each is good for one time",
    who: "user",
    steps: ["close the browser's window of the sign-in, do not reload it", LOGIN_ANEW],
    retry: "after-login",
  },
  {
    id: "AADSTS70000",
    area: "microsoft",
    meaning: "the stored sign-in, or the code of this one, is not valid any more",
    who: "user",
    steps: [LOGIN],
    retry: "after-login",
  },
  {
    id: "AADSTS700005",
    area: "microsoft",
    meaning: "the authorization code was issued by one tenant and redeemed at another",
    who: "operator",
    steps: [
      "let authorization_endpoint and token_endpoint of the profile name the same tenant, or leave both out",
      LOGIN,
    ],
    retry: "after-login",
  },
  {
    id: "AADSTS50147",
    aliases: ["AADSTS501481", "AADSTS501491"],
    area: "microsoft",
    meaning:
      "the PKCE code verifier does not belong to this authorization code: two sign-ins got mixed up",
    who: "user",
    steps: [
      "close every window of a sign-in that is still open, and end other runs of plantpost login",
      LOGIN_ANEW,
    ],
    retry: "after-login",
  },
  {
    id: "AADSTS90014",
    area: "microsoft",
    meaning: "a field that the request must have is missing; the text names it",
    who: "operator",
    steps: [
      "fill in the profile's key of that name (client_id, scope, redirect_uri)",
      CHECK_ENDPOINTS,
      REPORT,
    ],
    retry: "never",
  },
  {
    id: "AADSTS900144",
    area: "microsoft",
    meaning:
      "the body of the request lacks a parameter, or something on the way changed its content type",
    who: "operator",
    steps: [
      "read which parameter is named, and fill in the profile's key of that name",
      "if the request goes through a proxy (oauth.proxy), let it pass requests unchanged",
      REPORT,
    ],
    retry: "never",
  },
  {
    id: "AADSTS9002313",
    area: "microsoft",
    meaning:
      "the request is malformed: a wrong endpoint, pasted blanks, or a damaged refresh token",
    who: "operator",
    steps: [
      CHECK_ENDPOINTS,
      "look for blanks and line ends in client_id, tenant and scope of the profile",
      'run "plantpost reset --login": a damaged token is of no use to anybody',
    ],
    retry: "after-login",
  },
  {
    id: "AADSTS90023",
    aliases: ["AADSTS90100", "AADSTS90004", "AADSTS90013"],
    area: "microsoft",
    meaning: "a parameter of the request has a form that Microsoft does not take",
    who: "operator",
    steps: [
      "look for blanks, quotes and line ends in client_id, tenant, scope and redirect_uri",
      CHECK_ENDPOINTS,
      REPORT,
    ],
    retry: "never",
  },
  {
    id: "AADSTS90015",
    area: "microsoft",
    meaning: "the address of the sign-in is too long",
    who: "operator",
    steps: ["shorten oauth.scope: for mail, SMTP.Send and offline_access are enough", LOGIN],
    retry: "after-login",
  },
  {
    id: "AADSTS900561",
    aliases: ["AADSTS90056"],
    area: "microsoft",
    meaning:
      "the token endpoint was opened like a page: the two endpoints are swapped, or somebody pasted its address",
    who: "operator",
    steps: [CHECK_ENDPOINTS, LOGIN],
    retry: "after-login",
  },
  {
    id: "AADSTS70003",
    area: "microsoft",
    meaning: "the app or the endpoint does not support this way of getting a token",
    who: "operator",
    steps: ['set oauth.flow = "code" in the profile', CHECK_ENDPOINTS, REPORT],
    retry: "never",
  },
  {
    id: "AADSTS70005",
    aliases: ["AADSTS700054"],
    area: "microsoft",
    meaning:
      "the sign-in asked for a kind of answer that the app may not get; plantpost asks for a code only",
    who: "operator",
    steps: [
      "remove everything behind the ? from oauth.authorization_endpoint of the profile",
      LOGIN,
    ],
    retry: "after-login",
  },
  {
    id: "AADSTS9002327",
    aliases: ["AADSTS9002325", "AADSTS9002326"],
    area: "microsoft",
    meaning:
      "the redirect URI is registered as a single-page application, which is for browsers only and lasts 24 hours",
    who: "administrator",
    steps: [
      `open ${REG} > Authentication and remove the URI from Single-page application`,
      "add it under Mobile and desktop applications, or under Web if a client secret is used",
      LOGIN,
    ],
    retry: "after-login",
  },
  {
    id: "AADSTS9001023",
    area: "microsoft",
    meaning: "this way of getting a token does not work at the endpoint for all tenants",
    who: "operator",
    steps: [
      "set tenant in the profile to the Directory (tenant) ID, not to common, organizations or consumers",
    ],
    retry: "never",
  },
  {
    id: "AADSTS50194",
    area: "microsoft",
    meaning:
      "the app belongs to one tenant only, and the sign-in went to the endpoint for all tenants",
    who: "operator",
    steps: [
      COPY_IDS,
      `or, for accounts of several tenants: ${REG} > Authentication > Supported account types`,
      LOGIN,
    ],
    retry: "after-login",
  },
  {
    id: "AADSTS9002332",
    aliases: ["AADSTS90130", "AADSTS90124", "AADSTS500208"],
    area: "microsoft",
    meaning:
      "the kind of account does not fit the endpoint: a personal account at a work tenant, or the other way round",
    who: "operator",
    steps: [
      'for a personal account (outlook.com, hotmail.com): provider = "outlook" in the profile',
      "for a work account: set tenant to the Directory (tenant) ID",
      `see that ${REG} > Authentication > Supported account types includes this kind of account`,
      LOGIN,
    ],
    retry: "after-login",
  },
  {
    id: "AADSTS901002",
    area: "microsoft",
    meaning: "a request in the manner of the old endpoint (v1) came to the new one (v2)",
    who: "operator",
    steps: [
      "remove resource=... from the endpoints of the profile: the scope names the resource",
      CHECK_ENDPOINTS,
    ],
    retry: "never",
  },
];
