// Exchange Online and Outlook.com: replies to AUTH, and to mail that came without it.

import type { Entry } from "./entry.ts";
import {
  ADD_MAILBOX_PERMISSION,
  ADD_SEND_AS_APP,
  CONNECT_EXCHANGE,
  EMAIL_APPS,
  LOGIN,
  M365,
  MAILBOX_SWITCH,
  NEW_SERVICE_PRINCIPAL,
  OBJECT_ID,
  REG,
  SIGN_IN_LOG,
  TENANT_SWITCH,
  TEST,
  USE_OAUTH,
  WAIT,
} from "./steps.ts";

export const EXCHANGE_SIGN_IN: readonly Entry[] = [
  {
    id: "exchange.token_refused",
    area: "exchange",
    meaning:
      "Exchange does not take the access token for this user: a token for Microsoft Graph, another account's, or no permission",
    who: "user",
    steps: [
      "scope: take oauth.scope out of the profile, or set it to https://outlook.office.com/SMTP.Send offline_access; a bare " +
      "SMTP.Send, or one of graph.microsoft.com, gives a token for Microsoft Graph, which Exchange refuses",
      'account: run "plantpost status" and compare the account with {user}; if it is another one, run ' +
      '"plantpost login --force" and sign in as {user}',
      "shared mailbox: an Exchange administrator lets the account that signs in use it: " +
      'Add-MailboxPermission -Identity "{user}" -User SIGNED_IN_ACCOUNT -AccessRights FullAccess',
      `permission: ${REG} > API permissions lists SMTP.Send (Microsoft Graph, delegated); after a change run "plantpost login"`,
      `mailbox: it is in Exchange Online, has a licence, and may send by SMTP: ${MAILBOX_SWITCH}`,
    ],
    appSteps: [
      ADD_SEND_AS_APP,
      CONNECT_EXCHANGE,
      `${NEW_SERVICE_PRINCIPAL} (${OBJECT_ID})`,
      ADD_MAILBOX_PERMISSION,
      `the mailbox may send by SMTP: ${MAILBOX_SWITCH}`,
      `it takes up to an hour; then ${TEST}`,
    ],
    retry: "after-login",
    replies: [{ codes: [535], enhanced: ["5.7.3"] }],
  },
  {
    id: "exchange.smtp_auth_off_for_tenant",
    area: "exchange",
    meaning:
      "SMTP AUTH is switched off for the whole organisation, and the mailbox makes no exception",
    who: "administrator",
    steps: [
      CONNECT_EXCHANGE,
      `switch it on for this mailbox alone, its setting wins: ${MAILBOX_SWITCH}`,
      `or for the whole organisation: ${TENANT_SWITCH}`,
      `without PowerShell, for this mailbox: ${M365} > Mail > Manage email apps, tick Authenticated SMTP`,
      `it takes up to an hour; then ${TEST}`,
    ],
    retry: "never",
    replies: [
      { codes: [535], enhanced: ["5.7.139"], text: /disabled for the tenant/i },
      { text: /SmtpClientAuthentication is disabled for the tenant/i },
    ],
  },
  {
    id: "exchange.smtp_auth_off_for_mailbox",
    area: "exchange",
    meaning: "SMTP AUTH is switched off for this mailbox, for OAuth too",
    who: "administrator",
    steps: [
      CONNECT_EXCHANGE,
      `switch it on for this mailbox: ${MAILBOX_SWITCH}`,
      `if mailboxes shall follow the organisation's setting instead: ${TENANT_SWITCH}, and for this mailbox ` +
      "Set-CASMailbox -Identity {user} -SmtpClientAuthenticationDisabled $null",
      `without PowerShell: ${M365} > Mail > Manage email apps, tick Authenticated SMTP`,
      `it takes up to an hour; then ${TEST}`,
      "a personal outlook.com or hotmail.com account has no such switch: send through a work mailbox or another provider",
    ],
    retry: "never",
    replies: [
      { codes: [535], enhanced: ["5.7.139"], text: /disabled for the mailbox/i },
      { text: /SmtpClientAuthentication is disabled for the mailbox/i },
    ],
  },
  {
    id: "exchange.password_sign_in_off",
    area: "exchange",
    meaning: "a password was sent, and signing in with a password is switched off",
    who: "operator",
    steps: [
      USE_OAUTH,
      "a device that signs in on its own cannot do this: it needs a relay that does",
    ],
    retry: "never",
    replies: [{ codes: [535], enhanced: ["5.7.139"], text: /basic authentication is disabled/i }],
  },
  {
    id: "exchange.security_defaults",
    area: "exchange",
    meaning: "the security defaults of the tenant block the sign-in with a password",
    who: "operator",
    steps: [USE_OAUTH, `if it stays: the administrator lets the mailbox send: ${EMAIL_APPS}`],
    retry: "never",
    replies: [{ codes: [535], enhanced: ["5.7.139"], text: /security defaults/i }],
  },
  {
    id: "exchange.wrong_password",
    area: "exchange",
    meaning: "a password was sent, and it is wrong",
    who: "operator",
    steps: [USE_OAUTH],
    retry: "never",
    replies: [{ codes: [535], enhanced: ["5.7.139"], text: /credentials were incorrect/i }],
  },
  {
    id: "exchange.sign_in_criteria",
    area: "exchange",
    meaning: "Conditional Access or an authentication policy stands against the sign-in",
    who: "administrator",
    steps: [
      SIGN_IN_LOG,
      `let the mailbox send by SMTP: ${EMAIL_APPS}`,
      `if the profile signs in with a password: ${USE_OAUTH}`,
    ],
    retry: "never",
    replies: [
      { codes: [535], enhanced: ["5.7.139"], text: /did not meet the criteria/i },
      { codes: [535], enhanced: ["5.7.139"] },
    ],
  },
  {
    id: "exchange.federation",
    area: "exchange",
    meaning:
      "the organisation's own sign-in service cannot be reached by Exchange, or not over HTTPS",
    who: "administrator",
    steps: ["bring the federation service (AD FS) back, or give its address HTTPS", USE_OAUTH],
    retry: "never",
    replies: [{ codes: [535], enhanced: ["5.7.139"], text: /\bSTS\b|federat/i }],
  },
  {
    id: "exchange.password_sign_in_removed",
    area: "exchange",
    meaning: "Exchange Online has ended sign-in with a password for sending",
    who: "operator",
    steps: [USE_OAUTH],
    retry: "never",
    replies: [{ codes: [550], enhanced: ["5.7.30"] }],
  },
  {
    id: "exchange.not_signed_in",
    area: "exchange",
    meaning: "the mail came without a sign-in, and this server takes none like that",
    who: "operator",
    steps: ['set smtp.auth = "xoauth2" in the profile', LOGIN],
    retry: "after-login",
    replies: [{ codes: [530], enhanced: ["5.7.57"] }],
  },
  {
    id: "exchange.user_not_valid",
    area: "exchange",
    meaning: "the server does not take the user name that came with the token",
    who: "operator",
    steps: [
      "set user in the profile to the full address of the mailbox",
      "at smtp-hve.office365.com: the account must be one for High Volume Email",
    ],
    retry: "never",
    replies: [{ codes: [501], enhanced: ["5.5.124"] }],
  },
  {
    id: "exchange.sign_in_unavailable",
    area: "exchange",
    meaning: "Exchange cannot check sign-ins for the moment",
    who: "operator",
    steps: [WAIT, "if it lasts over an hour, look at https://status.cloud.microsoft"],
    retry: "later",
    replies: [{ codes: [454], enhanced: ["4.7.0"] }],
  },
  {
    id: "exchange.server_trouble",
    area: "exchange",
    meaning: "Exchange has trouble of its own",
    who: "operator",
    steps: [
      "wait a few minutes and try again",
      "if it lasts over an hour, look at https://status.cloud.microsoft",
    ],
    retry: "later",
    replies: [{ codes: [451], enhanced: ["4.7.0"] }],
  },
  {
    id: "exchange.host_going_down",
    area: "exchange",
    meaning:
      "the server that answered goes out of service; the next connection reaches another one",
    who: "operator",
    steps: ["try again at once"],
    retry: "later",
    replies: [{ codes: [421], enhanced: ["4.3.2"] }],
  },
];
