// Google's OAuth errors. Google gives no numbers: its sentences tell one cause from another, so some entries
// go by text. Errors of the sign-in page are seen in the browser and reach plantpost through `explain` only.

import type { Entry } from "./entry.ts";
import { LOGIN, LOGIN_ANEW } from "./steps.ts";

const CLIENTS = "console.cloud.google.com > Google Auth Platform > Clients";
const AUDIENCE = "console.cloud.google.com > Google Auth Platform > Audience";
const API_CONTROLS =
  "admin.google.com > Security > Access and data control > API controls > Manage third-party app access";
const MAIL_SCOPE = "https://mail.google.com/";

export const GOOGLE: readonly Entry[] = [
  {
    id: "google.token_expired_or_revoked",
    area: "google",
    meaning:
      "Google has ended the sign-in: password changed, access removed, six months unused, or seven days of an app in Testing",
    who: "user",
    steps: [
      LOGIN,
      `if this comes back every 7 days: ${AUDIENCE} > Publish app, then sign in once more`,
      "if it comes back sooner: over 100 sign-ins with one client ID end the oldest, and an administrator may have " +
      `blocked the app (${API_CONTROLS})`,
    ],
    retry: "after-login",
    errors: [{ error: "invalid_grant", text: /token has been (?:expired|revoked)/i }],
  },
  {
    id: "google.bad_code",
    area: "google",
    meaning: "Google takes the code no more: used before, too old, or of another redirect URI",
    who: "user",
    steps: [LOGIN_ANEW, "set the clock of the PC right"],
    retry: "after-login",
    errors: [
      { error: "invalid_grant", text: /^bad request$/i },
      { error: "invalid_grant", text: /malformed auth code/i },
    ],
  },
  {
    id: "invalid_rapt",
    area: "google",
    meaning: "a session length set by the Workspace administrator has run out",
    who: "user",
    steps: [
      LOGIN,
      "so that it does not return: the administrator exempts trusted apps under admin.google.com > Security > Access and " +
      "data control > Google Cloud session control",
    ],
    retry: "after-login",
    errors: [{ error: "invalid_grant", suberror: "invalid_rapt" }],
  },
  {
    id: "google.client_not_found",
    area: "google",
    meaning: "Google knows no such client ID, or its secret is another one",
    who: "operator",
    steps: [
      `open ${CLIENTS} > the client and copy Client ID into oauth.client_id`,
      'run "plantpost secret set" and paste its Client secret',
      LOGIN,
    ],
    retry: "never",
    errors: [
      { error: "invalid_client", text: /oauth client was not found/i },
      { error: "invalid_client", text: /^unauthorized$/i },
    ],
  },
  {
    id: "google.client_secret_missing",
    area: "google",
    meaning: "Google wants the client secret even of a desktop app, and none was sent",
    who: "operator",
    steps: [
      `open ${CLIENTS} > the client and copy Client secret`,
      'run "plantpost secret set" and paste it',
      LOGIN,
    ],
    retry: "never",
    errors: [{ text: /client_secret is missing/i }],
  },
  {
    id: "deleted_client",
    area: "google",
    meaning: "the OAuth client was deleted at Google",
    who: "administrator",
    steps: [
      `open ${CLIENTS} > Create client > Desktop app; a deleted one can be restored there for 30 days`,
      "put its Client ID into oauth.client_id",
      'run "plantpost secret set" and paste its Client secret',
      LOGIN,
    ],
    retry: "after-login",
  },
  {
    id: "redirect_uri_mismatch",
    area: "google",
    meaning:
      "the redirect URI is not registered with the Web client, or is no loopback address for a Desktop client",
    who: "administrator",
    steps: [
      `open ${CLIENTS} > Create client > Desktop app: it takes http://localhost and http://127.0.0.1 with any port`,
      "or add oauth.redirect_uri of the profile to the Web client, letter for letter, with port and last slash",
      LOGIN,
    ],
    retry: "after-login",
  },
  {
    id: "google.scope_refused",
    area: "google",
    meaning: "Google does not know the scope, or does not give it in the device flow",
    who: "operator",
    steps: [
      `set oauth.scope = "${MAIL_SCOPE}", or leave it out`,
      "sign in through the browser, without --device",
      LOGIN,
    ],
    retry: "after-login",
    errors: [
      {
        error: "invalid_scope",
        text: /requested scopes? (?:were|was|is) (?:invalid|unknown|malformed)|googleapis/i,
      },
      { error: "invalid_scope", text: /invalid device flow scope/i },
    ],
  },
  {
    id: "google.not_a_test_user",
    area: "google",
    meaning: "the app is in Testing, and the account is not one of its test users",
    who: "administrator",
    steps: [
      `open ${AUDIENCE} > Publish app (a sign-in lasts 7 days only while in Testing)`,
      `or ${AUDIENCE} > Test users > Add users: {user}`,
      LOGIN,
    ],
    retry: "after-login",
    errors: [
      { text: /has not completed the Google verification process|developer-approved testers/i },
    ],
  },
  {
    id: "admin_policy_enforced",
    area: "google",
    meaning: "the Workspace administrator blocks the app or the mail scope",
    who: "administrator",
    steps: [
      `open ${API_CONTROLS} > Configure new app, search for the client ID, and set it to Trusted`,
      LOGIN,
    ],
    retry: "after-login",
  },
  {
    id: "org_internal",
    area: "google",
    meaning: "the app is for the accounts of its own organisation, and this account is of another",
    who: "user",
    steps: [
      'run "plantpost login --force" and sign in as {user}',
      `for accounts outside the organisation: ${AUDIENCE} > User type > Make external`,
    ],
    retry: "after-login",
  },
  {
    id: "disallowed_useragent",
    area: "google",
    meaning: "the sign-in page was opened in a window that Google does not take for a browser",
    who: "user",
    steps: [
      'run "plantpost login --no-browser" and open the address in Chrome, Edge or Firefox on this PC',
    ],
    retry: "after-login",
  },
  {
    id: "google.no_delegation",
    area: "google",
    meaning: "the service account may not act for users of this Workspace",
    who: "administrator",
    steps: [
      "open admin.google.com > Security > Access and data control > API controls > Manage domain-wide delegation > Add new",
      `enter the service account's client ID and the scope ${MAIL_SCOPE}`,
    ],
    retry: "never",
    errors: [{ error: "unauthorized_client", text: /unauthorized to retrieve access tokens/i }],
  },
  {
    id: "google.temporary",
    aliases: ["internal_failure", "rateLimitExceeded"],
    area: "google",
    meaning: "Google has trouble of its own, or was asked too often",
    who: "operator",
    steps: [
      "wait a few minutes and try again",
      "if it lasts over an hour, look at https://www.google.com/appsstatus",
    ],
    retry: "later",
  },
];
