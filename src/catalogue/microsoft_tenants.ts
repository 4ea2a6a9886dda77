// Microsoft Entra: what it says about the tenant, the cloud it lives in, and the permissions given there.

import type { Entry } from "./entry.ts";
import { ADD_SEND_AS_APP, COPY_IDS, ENT, LOGIN, REG } from "./steps.ts";

const SCOPE =
  "take oauth.scope out of the profile: the provider gives it; or set it to https://outlook.office.com/SMTP.Send " +
  "offline_access with one blank between, for flow app to https://outlook.office365.com/.default";

const ADD_PERMISSION =
  `open ${REG} > API permissions > Add a permission > Microsoft Graph > Delegated permissions > SMTP.Send (for ` +
  "an app without a user: APIs my organization uses > Office 365 Exchange Online > Application permissions > SMTP.SendAsApp)";

const GRANT_CONSENT =
  `open ${REG} > API permissions > Grant admin consent, as Cloud Application Administrator or higher`;

export const MICROSOFT_TENANTS: readonly Entry[] = [
  {
    id: "AADSTS90002",
    area: "microsoft",
    meaning:
      "no tenant of this name or ID exists here: a typing error, an unregistered domain, or another cloud",
    who: "operator",
    steps: [
      COPY_IDS,
      "a tenant of the US Government or of 21Vianet needs its own provider: microsoft365-gcc-high, microsoft365-dod, " +
      "microsoft365-china",
      LOGIN,
    ],
    retry: "after-login",
  },
  {
    id: "AADSTS90019",
    aliases: ["AADSTS50059", "AADSTS50128"],
    area: "microsoft",
    meaning: "nothing in the request says which tenant is meant",
    who: "operator",
    steps: [
      "set tenant in the profile to the Directory (tenant) ID or a domain of the tenant",
      LOGIN,
    ],
    retry: "after-login",
  },
  {
    id: "AADSTS900439",
    aliases: ["AADSTS90038", "AADSTS900382", "AADSTS900432"],
    area: "microsoft",
    meaning: "app or tenant belong to another Microsoft cloud than this sign-in host",
    who: "operator",
    steps: [
      "choose the provider of that cloud in the profile: microsoft365-gcc-high, microsoft365-dod or microsoft365-china",
      "register the app there anew (portal.azure.us or portal.azure.cn): no registration is shared between clouds",
      LOGIN,
    ],
    retry: "after-login",
  },
  {
    id: "AADSTS50020",
    area: "microsoft",
    meaning: "the account that signed in belongs to another tenant, or is a personal one",
    who: "user",
    steps: [
      'run "plantpost login --force" and sign in as {user}: the browser may have taken the account it knew',
      "if it is the right one, the administrator invites it as a guest: entra.microsoft.com > Entra ID > Users > " +
      "Invite external user",
    ],
    retry: "after-login",
  },
  {
    id: "AADSTS50034",
    aliases: ["AADSTS16000", "AADSTS50014", "AADSTS51004", "AADSTS16003"],
    area: "microsoft",
    meaning: "the tenant has no such user",
    who: "user",
    steps: [
      "compare user in the profile with the address as the admin center shows it, and tenant with its tenant",
      'run "plantpost login --force" and type the address by hand',
    ],
    retry: "after-login",
  },
  {
    id: "AADSTS500021",
    aliases: ["AADSTS500022"],
    area: "microsoft",
    meaning: "the company's proxy lets nobody sign in to this tenant (tenant restrictions)",
    who: "administrator",
    steps: [
      "whoever runs the proxy adds the tenant to its header Restrict-Access-To-Tenants",
      "or lets the PC reach login.microsoftonline.com without that proxy",
      LOGIN,
    ],
    retry: "after-login",
  },
  {
    id: "AADSTS500212",
    aliases: ["AADSTS500213"],
    area: "microsoft",
    meaning: "a policy between two tenants forbids this access",
    who: "administrator",
    steps: [
      "open entra.microsoft.com > Entra ID > External Identities > Cross-tenant access settings and allow the app for " +
      "the other tenant, inbound and outbound",
      LOGIN,
    ],
    retry: "after-login",
  },
  {
    id: "AADSTS500011",
    area: "microsoft",
    meaning:
      "the tenant does not know the service that the scope names: misspelt, another cloud's, or no Exchange Online",
    who: "operator",
    steps: [
      SCOPE,
      "see that the provider in the profile is that of the tenant's cloud",
      "see that the tenant has a licence with Exchange Online",
      LOGIN,
    ],
    retry: "after-login",
  },
  {
    id: "AADSTS50001",
    aliases: ["AADSTS650052", "AADSTS650054"],
    area: "microsoft",
    meaning:
      "the service that the scope names is switched off, removed or not paid for in this tenant",
    who: "administrator",
    steps: [
      "open admin.microsoft.com > Billing > Licenses and assign one with Exchange Online to {user}",
      "open entra.microsoft.com > Entra ID > Enterprise applications > Office 365 Exchange Online > Properties and see " +
      "that it is enabled",
      LOGIN,
    ],
    retry: "after-login",
  },
  {
    id: "AADSTS65001",
    area: "microsoft",
    meaning:
      "nobody has consented to the app's permissions, or they were changed after the sign-in",
    who: "user",
    steps: [
      'run "plantpost login" and press Accept on the page of permissions',
      `if the page does not offer that: the administrator opens ${REG} > API permissions > Grant admin consent, then ` +
      "sign in again",
    ],
    appSteps: [ADD_SEND_AS_APP, LOGIN],
    retry: "after-login",
  },
  {
    id: "AADSTS65004",
    area: "microsoft",
    meaning: "the permissions were declined on the page",
    who: "user",
    steps: ['run "plantpost login" and press Accept on the page of permissions'],
    retry: "after-login",
  },
  {
    id: "AADSTS90094",
    area: "microsoft",
    meaning:
      "only an administrator may consent: users may not, or the app is another tenant's and its publisher not verified",
    who: "administrator",
    steps: [
      GRANT_CONSENT,
      "or open https://login.microsoftonline.com/TENANT/adminconsent?client_id={clientId} with the tenant in its place",
      LOGIN,
    ],
    retry: "after-login",
  },
  {
    id: "AADSTS90095",
    area: "microsoft",
    meaning: "an administrator must approve the app, and the user can ask for it on the page",
    who: "administrator",
    steps: [
      "the user writes a reason on the page and sends the request",
      "approve it: entra.microsoft.com > Entra ID > Enterprise applications > Admin consent requests",
      LOGIN,
    ],
    retry: "after-login",
  },
  {
    id: "AADSTS90008",
    area: "microsoft",
    meaning: "the app lacks the basic permission to sign users in",
    who: "administrator",
    steps: [
      `open ${REG} > API permissions > Add a permission > Microsoft Graph > Delegated permissions > User.Read`,
      "press Grant admin consent on the same page",
      LOGIN,
    ],
    retry: "after-login",
  },
  {
    id: "AADSTS650057",
    aliases: ["AADSTS65005", "AADSTS650056"],
    area: "microsoft",
    meaning: "the app registration does not list the permission that the scope asks for",
    who: "administrator",
    steps: [ADD_PERMISSION, "press Grant admin consent on the same page", LOGIN],
    retry: "after-login",
  },
  {
    id: "AADSTS650053",
    area: "microsoft",
    meaning:
      "the service knows no permission of the name in the scope: a typing error, or a line end in it",
    who: "operator",
    steps: [SCOPE, LOGIN],
    retry: "after-login",
  },
  {
    id: "AADSTS70011",
    aliases: ["AADSTS28002", "AADSTS28003"],
    area: "microsoft",
    meaning: "the scope is not valid: commas in it, empty, or not for this kind of account",
    who: "operator",
    steps: [SCOPE, LOGIN],
    retry: "after-login",
  },
  {
    id: "AADSTS28000",
    aliases: ["AADSTS700022"],
    area: "microsoft",
    meaning: "the scope names more than one service, and a token is for one only",
    who: "operator",
    steps: [
      "take every scope of Microsoft Graph, such as User.Read, out of oauth.scope",
      SCOPE,
      LOGIN,
    ],
    retry: "after-login",
  },
  {
    id: "AADSTS1002012",
    area: "microsoft",
    meaning: "an app that signs in by itself must ask for the scope that ends in /.default",
    who: "operator",
    steps: [
      "set oauth.scope to https://outlook.office365.com/.default and nothing else, or leave it out",
    ],
    retry: "never",
  },
  {
    id: "AADSTS700020",
    area: "microsoft",
    meaning: "this cannot go on without a person at the sign-in page",
    who: "user",
    steps: [LOGIN],
    retry: "after-login",
  },
  {
    id: "AADSTS65002",
    area: "microsoft",
    meaning:
      "the client ID is that of one of Microsoft's own apps, which may not be used like this",
    who: "administrator",
    steps: [
      "register an app of your own: entra.microsoft.com > Entra ID > App registrations > New registration",
      "put its Application (client) ID into oauth.client_id of the profile",
      `see also ${ENT}: it appears there after the first consent`,
      LOGIN,
    ],
    retry: "after-login",
  },
];
