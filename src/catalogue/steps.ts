// Portal paths, PowerShell lines and steps that several entries share. Paths are those of November 2026;
// US Government tenants find the same pages at portal.azure.us, 21Vianet at portal.azure.cn.

/** The app's registration: where it is made. */
export const REG =
  "entra.microsoft.com > Entra ID > App registrations > All applications > the app";

/** The app's enterprise application: what it may do in this tenant. */
export const ENT = "entra.microsoft.com > Entra ID > Enterprise applications > the app";

/** The account in the Microsoft 365 admin center. */
export const M365 = "admin.microsoft.com > Users > Active users > the user";

export { LOGIN, TEST } from "./remedy.ts";

export const LOGIN_ANEW = 'run "plantpost login" again and finish the sign-in in one go';

export const SIGN_IN_LOG =
  "open entra.microsoft.com > Entra ID > Monitoring & health > Sign-in logs > the failed entry: it names the cause";

export const POLICY_LOG =
  "open entra.microsoft.com > Entra ID > Monitoring & health > Sign-in logs > the failed entry > Conditional " +
  "Access: it names the policy";

export const COPY_IDS =
  `open ${REG} > Overview and copy Application (client) ID and Directory (tenant) ID anew into oauth.client_id ` +
  "and tenant of the profile";

export const NEW_SECRET: readonly string[] = [
  `open ${REG} > Certificates & secrets > Client secrets > New client secret, choose when it expires, and press Add`,
  "copy the Value at once, it is shown only now; the Secret ID beside it is of no use",
];

export const STORE_SECRET: readonly string[] = [
  'run "plantpost secret set" on the PC and paste the Value',
  'run "plantpost refresh"; if that is refused, "plantpost login"',
];

export const CERTIFICATE_INSTEAD =
  'to be rid of secrets that expire: run "plantpost cert new" and upload the .cer file it writes: certificates last ' +
  "for years";

/** `{exchange}` stands for what names a cloud of its own. */
export const CONNECT_EXCHANGE =
  "in PowerShell: Install-Module ExchangeOnlineManagement (once), then Connect-ExchangeOnline{exchange}";

/** What an app without a user needs in Entra, beside its secret or certificate. */
export const ADD_SEND_AS_APP =
  `open ${REG} > API permissions > Add a permission > APIs my organization uses > Office 365 Exchange Online > ` +
  "Application permissions, tick SMTP.SendAsApp, and press Grant admin consent";

/** What it needs in Exchange, once: as lines for PowerShell. */
export const NEW_SERVICE_PRINCIPAL = "New-ServicePrincipal -AppId {clientId} -ObjectId OBJECT_ID";

export const OBJECT_ID =
  "OBJECT_ID is the object ID under Enterprise applications, not the one under App registrations";

export const ADD_MAILBOX_PERMISSION =
  'Add-MailboxPermission -Identity "{user}" -User OBJECT_ID -AccessRights FullAccess';

export const MAILBOX_SWITCH =
  "Set-CASMailbox -Identity {user} -SmtpClientAuthenticationDisabled $false";

export const TENANT_SWITCH = "Set-TransportConfig -SmtpClientAuthenticationDisabled $false";

export const EMAIL_APPS =
  `open ${M365} > Mail > Manage email apps and tick Authenticated SMTP; the same in PowerShell: ${MAILBOX_SWITCH}`;

export const SEND_AS: readonly string[] = [
  "the operator sends from {user} itself: leave sender.address out of the profile, and --from out of the command",
  "or an Exchange administrator grants the right to send as the other address: " +
  'Add-RecipientPermission -Identity "{sender}" -Trustee "{user}" -AccessRights SendAs',
  "it takes up to an hour until the right works",
];

export const REPORT =
  "run the command again with --verbose and report the lines: plantpost or an endpoint of the profile is at fault";

export const USE_OAUTH =
  'set smtp.auth = "xoauth2" in the profile and run "plantpost login": password sign-in is what is refused';

export const WAIT = "wait a few minutes and try again; the stored sign-in is kept";
