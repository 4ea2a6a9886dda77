// What is known of each mail service, as data: endpoints, scopes, hosts, limits. The endpoints and hosts of
// the US Government and China clouds, and the scopes there, come from third parties and can be overridden.
// `{t}` stands for the tenant, `{user}` for the account that signs in.

import type { ProviderName } from "./profile.ts";

export interface Provider {
  readonly isMicrosoft: boolean;
  /** Used where the profile names none; a Microsoft work cloud has none to guess. */
  readonly tenant?: string;
  readonly authorizationEndpoint?: string;
  readonly tokenEndpoint?: string;
  readonly deviceEndpoint?: string;
  readonly scope: string;
  /** The scope of flow `app`; absent where the service has no such flow. */
  readonly appScope?: string;
  /** A refresh token that nobody uses for so long ends; absent where that is not known. */
  readonly refreshTokenIdleDays?: number;
  readonly smtpHost?: string;
  readonly smtpPort: number;
  readonly messagesPerMinute: number;
  readonly connections: number;
  readonly authorizationExtras: Readonly<Record<string, string>>;
  /** `-ExchangeEnvironmentName` of Connect-ExchangeOnline, where it wants one. */
  readonly exchangeEnvironment?: string;
  /** Where the application is registered. */
  readonly portal?: string;
}

export const PROVIDER_NAMES = [
  "microsoft365",
  "microsoft365-gcc-high",
  "microsoft365-dod",
  "microsoft365-china",
  "outlook",
  "google",
  "yahoo",
  "custom",
] as const satisfies readonly ProviderName[];

export const PROVIDERS: Readonly<Record<ProviderName, Provider>> = {
  "microsoft365": {
    ...microsoft("https://login.microsoftonline.com", "https://outlook.office.com"),
    // Microsoft's page on SMTP AUTH insists on this host here, and on the other one above.
    appScope: "https://outlook.office365.com/.default",
    smtpHost: "smtp.office365.com",
    portal: "https://entra.microsoft.com",
  },
  "microsoft365-gcc-high": {
    ...microsoft("https://login.microsoftonline.us", "https://outlook.office365.us"),
    appScope: "https://outlook.office365.us/.default",
    smtpHost: "smtp.office365.us",
    exchangeEnvironment: "O365USGovGCCHigh",
    portal: "https://portal.azure.us",
  },
  "microsoft365-dod": {
    ...microsoft("https://login.microsoftonline.us", "https://outlook.office365.us"),
    appScope: "https://outlook.office365.us/.default",
    smtpHost: "outlook-dod.office365.us",
    exchangeEnvironment: "O365USGovDoD",
    portal: "https://portal.azure.us",
  },
  "microsoft365-china": {
    ...microsoft("https://login.partner.microsoftonline.cn", "https://partner.outlook.cn"),
    appScope: "https://partner.outlook.cn/.default",
    smtpHost: "smtp.partner.outlook.cn",
    exchangeEnvironment: "O365China",
    portal: "https://portal.azure.cn",
  },
  "outlook": {
    ...microsoft("https://login.microsoftonline.com", "https://outlook.office.com"),
    tenant: "consumers",
    smtpHost: "smtp-mail.outlook.com",
    portal: "https://entra.microsoft.com",
  },
  "google": {
    isMicrosoft: false,
    authorizationEndpoint: "https://accounts.google.com/o/oauth2/v2/auth",
    tokenEndpoint: "https://oauth2.googleapis.com/token",
    // The device endpoint of Google does not grant the mail scope, so none is named.
    scope: "https://mail.google.com/ openid email",
    refreshTokenIdleDays: 180,
    smtpHost: "smtp.gmail.com",
    smtpPort: 587,
    // Google counts by the day (2,000 messages) and publishes neither figure: a cautious pace.
    messagesPerMinute: 60,
    connections: 3,
    // Without both, a Web client gets no refresh token at its second sign-in.
    authorizationExtras: { access_type: "offline", prompt: "consent", login_hint: "{user}" },
    portal: "https://console.cloud.google.com/auth/clients",
  },
  "yahoo": {
    isMicrosoft: false,
    authorizationEndpoint: "https://api.login.yahoo.com/oauth2/request_auth",
    tokenEndpoint: "https://api.login.yahoo.com/oauth2/get_token",
    scope: "mail-w",
    smtpHost: "smtp.mail.yahoo.com",
    smtpPort: 465,
    messagesPerMinute: 30,
    connections: 3,
    authorizationExtras: {},
    portal: "https://developer.yahoo.com/apps/",
  },
  "custom": {
    isMicrosoft: false,
    scope: "openid profile offline_access",
    appScope: "",
    smtpPort: 587,
    // Nothing is known of the service: the largest figures a profile may set.
    messagesPerMinute: 10_000,
    connections: 100,
    authorizationExtras: {},
  },
};

type MicrosoftCloud = Omit<
  Provider,
  "smtpHost" | "portal" | "tenant" | "appScope" | "exchangeEnvironment"
>;

/** The limits are those of a mailbox: Microsoft's page of 21 June 2025 on SMTP AUTH submission. */
function microsoft(login: string, resource: string): MicrosoftCloud {
  return {
    isMicrosoft: true,
    authorizationEndpoint: `${login}/{t}/oauth2/v2.0/authorize`,
    tokenEndpoint: `${login}/{t}/oauth2/v2.0/token`,
    deviceEndpoint: `${login}/{t}/oauth2/v2.0/devicecode`,
    scope: `${resource}/SMTP.Send offline_access openid profile`,
    refreshTokenIdleDays: 90,
    smtpPort: 587,
    messagesPerMinute: 30,
    connections: 3,
    authorizationExtras: { prompt: "select_account", login_hint: "{user}" },
  };
}
