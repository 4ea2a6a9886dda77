// The faults that the sandbox can play, as data: where they strike, what is answered, and the exit code that the
// person in front of plantpost gets. The tests hold the exit codes to what the program really does.

import { EXIT } from "../base/failure.ts";
import { DEVICE_FAULTS } from "./device_faults.ts";
import type { EntraErrorName } from "./entra_errors.ts";

export interface Fault {
  readonly name: string;
  /**
   * `sign-in`: the page in the browser; `token`: every request to the token endpoint; `refresh`: only requests with a
   * refresh token; `device`: only questions whether a code was approved; `app`: what an app meets that signs in for itself, at the token endpoint or the mail server; `smtp`:
   * the mail server.
   */
  readonly where: "sign-in" | "token" | "refresh" | "device" | "app" | "smtp";
  readonly answers: string;
  /** Of the command that meets the fault: `login`, `refresh` or `send`. */
  readonly exitCode: number;
  /** The error that the sign-in page or the token endpoint gives. */
  readonly entra?: EntraErrorName;
}

export const FAULTS = [
  {
    name: "app-unknown",
    where: "sign-in",
    answers: "a page with AADSTS700016 that never comes back",
    exitCode: EXIT.loginNeeded,
    entra: "appUnknown",
  },
  {
    name: "redirect-mismatch",
    where: "sign-in",
    answers: "a page with AADSTS50011 that never comes back",
    exitCode: EXIT.loginNeeded,
    entra: "redirectMismatch",
  },
  {
    name: "tenant-unknown",
    where: "sign-in",
    answers: "a page with AADSTS90002 that never comes back",
    exitCode: EXIT.loginNeeded,
    entra: "tenantUnknown",
  },
  {
    name: "consent-declined",
    where: "sign-in",
    answers: "access_denied, AADSTS65004, whatever is clicked",
    exitCode: EXIT.loginNeeded,
    entra: "consentDeclined",
  },
  {
    name: "admin-consent",
    where: "sign-in",
    answers: "access_denied, AADSTS90094: an administrator must consent",
    exitCode: EXIT.loginNeeded,
    entra: "adminConsent",
  },
  {
    name: "wrong-account",
    where: "sign-in",
    answers: "another account signs in; later 535 5.7.3 to its token",
    exitCode: EXIT.loginNeeded,
  },
  {
    name: "wrong-audience",
    where: "token",
    answers: "tokens for Microsoft Graph; later 535 5.7.3 to them",
    exitCode: EXIT.loginNeeded,
  },
  {
    name: "no-refresh-token",
    where: "token",
    answers: "tokens without a refresh token",
    exitCode: EXIT.loginNeeded,
  },
  {
    name: "secret-expired",
    where: "token",
    answers: "401 invalid_client, AADSTS7000222",
    exitCode: EXIT.loginNeeded,
    entra: "secretExpired",
  },
  {
    name: "secret-wrong",
    where: "token",
    answers: "401 invalid_client, AADSTS7000215",
    exitCode: EXIT.loginNeeded,
    entra: "secretWrong",
  },
  {
    name: "secret-missing",
    where: "token",
    answers: "401 invalid_client, AADSTS7000218",
    exitCode: EXIT.loginNeeded,
    entra: "secretMissing",
  },
  {
    name: "secret-not-wanted",
    where: "token",
    answers: "401 invalid_client, AADSTS700025",
    exitCode: EXIT.loginNeeded,
    entra: "secretNotWanted",
  },
  {
    name: "consent-missing",
    where: "token",
    answers: "400 invalid_grant, AADSTS65001",
    exitCode: EXIT.loginNeeded,
    entra: "consentMissing",
  },
  {
    name: "grant-revoked",
    where: "refresh",
    answers: "400 invalid_grant, AADSTS50173: password changed, or sessions revoked",
    exitCode: EXIT.loginNeeded,
    entra: "grantRevoked",
  },
  {
    name: "grant-idle",
    where: "refresh",
    answers: "400 invalid_grant, AADSTS700082: 90 days without use",
    exitCode: EXIT.loginNeeded,
    entra: "grantIdle",
  },
  {
    name: "mfa-needed",
    where: "refresh",
    answers: "400 interaction_required, AADSTS50076",
    exitCode: EXIT.loginNeeded,
    entra: "mfaNeeded",
  },
  {
    name: "conditional-access",
    where: "refresh",
    answers: "400 invalid_grant, AADSTS53003",
    exitCode: EXIT.loginNeeded,
    entra: "conditionalAccess",
  },
  {
    name: "token-throttled",
    where: "token",
    answers: "429 with Retry-After: 17",
    exitCode: EXIT.tryLater,
    entra: "throttled",
  },
  {
    name: "token-down",
    where: "token",
    answers: "503 with an HTML page",
    exitCode: EXIT.tryLater,
  },
  {
    name: "token-slow",
    where: "token",
    answers: "nothing, ever",
    exitCode: EXIT.tryLater,
  },
  {
    name: "bad-token-answer",
    where: "token",
    answers: "200 with an HTML page, as a proxy does",
    exitCode: EXIT.protocol,
  },
  ...DEVICE_FAULTS,
  {
    name: "app-secret-missing",
    where: "app",
    answers: "401 invalid_client, AADSTS7000216",
    exitCode: EXIT.loginNeeded,
    entra: "appCredentialMissing",
  },
  {
    name: "app-wrong-scope",
    where: "app",
    answers: "400 invalid_scope, AADSTS1002012: not .default",
    exitCode: EXIT.loginNeeded,
    entra: "scopeNotDefault",
  },
  {
    name: "app-wrong-tenant",
    where: "app",
    answers: "400 invalid_request, AADSTS9001023: common in the place of the tenant",
    exitCode: EXIT.loginNeeded,
    entra: "notForAllTenants",
  },
  {
    name: "app-consent-missing",
    where: "app",
    answers: "tokens that permit nothing; later 535 5.7.3 to them",
    exitCode: EXIT.loginNeeded,
  },
  {
    name: "service-principal-missing",
    where: "app",
    answers: "535 5.7.3: Exchange does not know the app",
    exitCode: EXIT.loginNeeded,
  },
  {
    name: "mailbox-permission-missing",
    where: "app",
    answers: "430 4.2.0 mailbox logon failure, after the message",
    exitCode: EXIT.unavailable,
  },
  {
    name: "client-certificate-unknown",
    where: "token",
    answers: "401 invalid_client, AADSTS700027: not uploaded",
    exitCode: EXIT.loginNeeded,
    entra: "certificateUnknown",
  },
  {
    name: "client-certificate-expired",
    where: "token",
    answers: "401 invalid_client, AADSTS700027: the certificate has ended",
    exitCode: EXIT.loginNeeded,
    entra: "certificateExpired",
  },
  {
    name: "client-clock-wrong",
    where: "token",
    answers: "401 invalid_client, AADSTS700024: the clock of the PC is wrong",
    exitCode: EXIT.loginNeeded,
    entra: "assertionTime",
  },
  {
    name: "greeting-421",
    where: "smtp",
    answers: "421 4.3.2 Service not available instead of the greeting",
    exitCode: EXIT.tryLater,
  },
  {
    name: "no-starttls",
    where: "smtp",
    answers: "EHLO without STARTTLS",
    exitCode: EXIT.protocol,
  },
  {
    name: "starttls-injection",
    where: "smtp",
    answers: "a reply slipped in behind the 220 to STARTTLS",
    exitCode: EXIT.protocol,
  },
  {
    name: "certificate-untrusted",
    where: "smtp",
    answers: "a certificate of an authority that nobody trusts",
    exitCode: EXIT.protocol,
  },
  {
    name: "certificate-expired",
    where: "smtp",
    answers: "a certificate that ended yesterday",
    exitCode: EXIT.protocol,
  },
  {
    name: "smtp-auth-disabled-tenant",
    where: "smtp",
    answers: "535 5.7.139 SmtpClientAuthentication is disabled for the Tenant",
    exitCode: EXIT.loginNeeded,
  },
  {
    name: "smtp-auth-disabled-mailbox",
    where: "smtp",
    answers: "535 5.7.139 SmtpClientAuthentication is disabled for the Mailbox",
    exitCode: EXIT.loginNeeded,
  },
  {
    name: "auth-temporary",
    where: "smtp",
    answers: "454 4.7.0 Temporary authentication failure",
    exitCode: EXIT.tryLater,
  },
  {
    name: "token-refused-once",
    where: "smtp",
    answers: "535 5.7.3 to the next AUTH only: a new token gets through",
    exitCode: EXIT.ok,
  },
  {
    name: "token-refused",
    where: "smtp",
    answers: "535 5.7.3 to every AUTH",
    exitCode: EXIT.loginNeeded,
  },
  {
    name: "send-as-denied",
    where: "smtp",
    answers: "550 5.7.60 to MAIL FROM",
    exitCode: EXIT.unavailable,
  },
  {
    name: "send-as-denied-data",
    where: "smtp",
    answers: "554 5.2.252 SendAsDenied after the message",
    exitCode: EXIT.unavailable,
  },
  {
    name: "restricted-sender",
    where: "smtp",
    answers: "550 5.1.8 Access denied, bad outbound sender",
    exitCode: EXIT.unavailable,
  },
  {
    name: "recipient-unknown",
    where: "smtp",
    answers: '550 5.1.1 to recipients whose address contains "nobody"',
    exitCode: EXIT.recipientRefused,
  },
  {
    name: "concurrent-connections",
    where: "smtp",
    answers: "432 4.3.2 Concurrent connections limit exceeded",
    exitCode: EXIT.tryLater,
  },
  {
    name: "rate-limit",
    where: "smtp",
    answers: "421 4.4.2 submission rate exceeded, to MAIL FROM",
    exitCode: EXIT.tryLater,
  },
  {
    name: "quota",
    where: "smtp",
    answers: "554 5.2.0 SubmissionQuotaExceededException",
    exitCode: EXIT.tryLater,
  },
  {
    name: "mailbox-full",
    where: "smtp",
    answers: "554 5.2.2 mailbox full",
    exitCode: EXIT.unavailable,
  },
  {
    name: "logon-failed",
    where: "smtp",
    answers: "430 4.2.0 mailbox logon failure",
    exitCode: EXIT.unavailable,
  },
  {
    name: "too-big",
    where: "smtp",
    answers: "552 5.3.4 Message size exceeds fixed maximum message size",
    exitCode: EXIT.badMessage,
  },
  {
    name: "bdat-header-size",
    where: "smtp",
    answers: "552 5.3.4 Header size exceeds fixed maximum size, to BDAT: DATA gets through",
    exitCode: EXIT.ok,
  },
  {
    name: "drop-after-message",
    where: "smtp",
    answers: "takes the whole message and closes the connection without a word",
    exitCode: EXIT.io,
  },
  {
    name: "drop-mid-message",
    where: "smtp",
    answers: "closes the connection inside the message (small mail: exit code 74)",
    exitCode: EXIT.tryLater,
  },
] as const satisfies readonly Fault[];

export type FaultName = typeof FAULTS[number]["name"];
