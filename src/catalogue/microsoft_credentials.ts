// Microsoft Entra: what it says about the app itself, its secret, its certificate and its ID.

import type { Entry } from "./entry.ts";
import {
  CERTIFICATE_INSTEAD,
  COPY_IDS,
  ENT,
  LOGIN,
  NEW_SECRET,
  REG,
  REPORT,
  STORE_SECRET,
  TEST,
} from "./steps.ts";

export const MICROSOFT_CREDENTIALS: readonly Entry[] = [
  {
    id: "AADSTS7000222",
    area: "microsoft",
    meaning: "the client secret of the app has expired",
    who: "administrator",
    steps: [
      ...NEW_SECRET,
      "delete the expired secret from the list",
      ...STORE_SECRET,
      "write the new date into oauth.client_secret_expires of the profile, so that a warning comes before mail stops",
      CERTIFICATE_INSTEAD,
    ],
    retry: "never",
  },
  {
    id: "AADSTS7000215",
    aliases: ["AADSTS70002"],
    area: "microsoft",
    meaning:
      "the client secret is wrong: the Secret ID was taken for the Value, it was cut or padded, or it is another app's",
    who: "operator",
    steps: [
      'if the Value is still at hand: run "plantpost secret set" and paste it whole, without blanks or quotes',
      `compare oauth.client_id of the profile with ${REG} > Overview: secret and ID must be of the same app`,
      `else make a new one: ${NEW_SECRET[0]}`,
      ...NEW_SECRET.slice(1),
      ...STORE_SECRET,
      CERTIFICATE_INSTEAD,
    ],
    retry: "never",
  },
  {
    id: "AADSTS7000218",
    area: "microsoft",
    meaning:
      "the app needs a secret and none was sent: its redirect URI is registered as Web, or public client flows are off",
    who: "operator",
    steps: [
      'to stay with Web: run "plantpost secret set" and paste the Value of a client secret',
      `or, without any secret: ${REG} > Authentication, remove the Web URI, add the platform Mobile and desktop ` +
      "applications with the profile's redirect_uri",
      `for the device flow: ${REG} > Authentication > Allow public client flows = Yes`,
      LOGIN,
    ],
    retry: "never",
  },
  {
    id: "AADSTS700025",
    area: "microsoft",
    meaning: "the app is registered as a public client, and a public client must not send a secret",
    who: "operator",
    steps: [
      'run "plantpost secret clear", and take client_secret, client_secret_env and client_secret_file out of the profile',
      `or register the redirect URI under ${REG} > Authentication > Web instead`,
      LOGIN,
    ],
    retry: "never",
  },
  {
    id: "AADSTS7000216",
    area: "microsoft",
    meaning:
      "an app that signs in without a person must prove who it is, and neither secret nor certificate was sent",
    who: "operator",
    steps: [
      'run "plantpost secret set" and paste the Value of a client secret',
      'or, without any secret: run "plantpost cert new" and let an administrator upload the .cer file that it writes',
      TEST,
    ],
    retry: "never",
  },
  {
    id: "AADSTS700027",
    aliases: ["AADSTS50012"],
    area: "microsoft",
    meaning:
      "the certificate credential is refused: it was not uploaded to this app, it has ended, or the key is another's",
    who: "administrator",
    steps: [
      `open ${REG} > Certificates & secrets > Certificates and compare: is the PC's certificate there, and not expired`,
      "if it is missing there: upload the .cer file that plantpost cert new wrote, or that belongs to oauth.certificate_file",
      'if it has expired: run "plantpost cert new" on the PC and upload the new .cer file; it lasts for years',
      `see that oauth.client_id of the profile is the Application (client) ID of that same app: ${REG} > Overview`,
      TEST,
    ],
    retry: "never",
  },
  {
    id: "AADSTS700024",
    area: "microsoft",
    meaning:
      "the signed assertion is not valid at this time, mostly because the clock of the PC is wrong",
    who: "operator",
    steps: [
      "set date, time and time zone of the PC right (Windows: w32tm /resync)",
      TEST,
    ],
    retry: "never",
  },
  {
    id: "AADSTS700023",
    area: "microsoft",
    meaning:
      "the signed assertion is made out to another server than the tenant's token endpoint, or the scope names no service",
    who: "operator",
    steps: [
      "take oauth.token_endpoint and oauth.scope out of the profile, and set tenant to the Directory (tenant) ID: the " +
      "provider gives the rest",
      REPORT,
    ],
    retry: "never",
  },
  {
    id: "AADSTS700021",
    area: "microsoft",
    meaning: "the signed assertion names another app than the request",
    who: "operator",
    steps: [COPY_IDS, REPORT],
    retry: "never",
  },
  {
    id: "AADSTS50027",
    area: "microsoft",
    meaning:
      "the signed assertion, or another token in the request, is malformed: a wrong kind of key, or changed on the way",
    who: "operator",
    steps: [
      "use a certificate with an RSA key, as plantpost cert new makes it",
      "if the request goes through a proxy (oauth.proxy), let it pass requests unchanged",
      REPORT,
    ],
    retry: "never",
  },
  {
    id: "AADSTS700030",
    area: "microsoft",
    meaning: "the certificate's subject name is not allowed for this app",
    who: "administrator",
    steps: [
      `open ${REG} > Certificates & secrets > Certificates and see which certificate is registered`,
      "use that one in oauth.certificate_file, or register this one",
    ],
    retry: "never",
  },
  {
    id: "AADSTS700016",
    aliases: ["AADSTS700011"],
    area: "microsoft",
    meaning:
      "the tenant knows no app of this client ID: a typing error, the wrong tenant, or no consent there yet",
    who: "operator",
    steps: [
      COPY_IDS,
      "see that authorization_endpoint and token_endpoint, where the profile names them, hold that same tenant",
      "an app of another tenant must first get admin consent in this one",
      LOGIN,
    ],
    retry: "never",
  },
  {
    id: "AADSTS7000112",
    aliases: ["AADSTS70001"],
    area: "microsoft",
    meaning: "the app is disabled in the tenant",
    who: "administrator",
    steps: [
      `open ${ENT} > Properties and set Enabled for users to sign-in to Yes`,
      'run "plantpost refresh"',
    ],
    retry: "never",
  },
  {
    id: "AADSTS7000110",
    area: "microsoft",
    meaning: "the code or the refresh token was given to another client ID",
    who: "user",
    steps: [
      "the client ID in the profile was changed after the sign-in; see that it is the wanted one",
      LOGIN,
    ],
    retry: "after-login",
  },
  {
    id: "AADSTS7000114",
    area: "microsoft",
    meaning: "the app may not ask for tokens on behalf of somebody else",
    who: "operator",
    steps: [
      "plantpost never asks that way: see that oauth.token_endpoint in the profile is Microsoft's own",
      COPY_IDS,
    ],
    retry: "never",
  },
  {
    id: "AADSTS7000229",
    area: "microsoft",
    meaning: "the app has no service principal in the tenant, so nobody can sign in with it there",
    who: "administrator",
    steps: [
      `open ${REG} > API permissions > Grant admin consent, signed in to the tenant that owns the mailbox`,
      "for an app of another tenant: open https://login.microsoftonline.com/TENANT/v2.0/adminconsent?client_id={clientId} " +
      "with the tenant in its place",
    ],
    retry: "never",
  },
  {
    id: "AADSTS1000031",
    area: "microsoft",
    meaning: "the app cannot be used at this time",
    who: "administrator",
    steps: [
      `look at ${ENT} > Properties: is it enabled, and is there a notice of Microsoft about it`,
      "if all is well there, report trace and correlation ID to Microsoft",
    ],
    retry: "never",
  },
  {
    id: "AADSTS50105",
    area: "microsoft",
    meaning: "the app is for assigned users only, and this user is not assigned",
    who: "administrator",
    steps: [
      `open ${ENT} > Users and groups > Add user/group and add {user}`,
      `or open ${ENT} > Properties and set Assignment required to No`,
      LOGIN,
    ],
    retry: "after-login",
  },
];
