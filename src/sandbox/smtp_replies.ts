// The words of Exchange Online, as its clients' logs and Microsoft's pages show them (November 2026). Data only.

export const HOST = "SANDBOX.PROD.OUTLOOK.COM";

/** Where Exchange names the front-end host, the time and a request ID. */
const WHERE = `[${HOST}]`;

export const REPLIES = {
  notAvailable: `421 4.3.2 Service not available, closing transmission channel ${WHERE}`,
  ok: "250 2.0.0 OK",
  reset: "250 2.0.0 Resetting",
  closing: "221 2.0.0 Service closing transmission channel",
  cannotVerify: "252 2.1.5 Cannot VRFY user",
  lineTooLong: "500 5.5.2 Syntax error, command line too long",
  invalidDomain: "501 5.5.4 Invalid domain name",
  badArguments: "501 5.5.4 Invalid arguments",
  badAddress: "501 5.1.3 Invalid address",
  helloFirst: "503 5.5.2 Send hello first",
  mailFirst: "503 5.5.2 Need mail command",
  rcptFirst: "503 5.5.2 Need rcpt command",
  senderAlready: "503 5.5.2 Sender already specified",

  startTls: "220 2.0.0 SMTP server ready",
  tlsAlready: "503 5.5.2 Only one STARTTLS command can be issued per session",

  userName: "334 VXNlcm5hbWU6",
  password: "334 UGFzc3dvcmQ6",
  signedIn: "235 2.7.0 Authentication successful",
  authAlready: "503 5.5.2 Already authenticated",
  authUnknown: "504 5.7.4 Unrecognized authentication type",
  authCancelled: "501 5.7.0 Authentication cancelled",
  authTemporary: `454 4.7.0 Temporary authentication failure ${WHERE}`,
  tokenRefused: `535 5.7.3 Authentication unsuccessful ${WHERE}`,
  noPasswords:
    `535 5.7.139 Authentication unsuccessful, basic authentication is disabled. ${WHERE}`,
  authOffForTenant:
    "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. " +
    `Visit https://aka.ms/smtp_auth_disabled for more information. ${WHERE}`,
  authOffForMailbox:
    "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox. " +
    `Visit https://aka.ms/smtp_auth_disabled for more information. ${WHERE}`,

  notSignedIn: `530 5.7.57 Client not authenticated to send mail. ${WHERE}`,
  senderOk: "250 2.1.0 Sender OK",
  recipientOk: "250 2.1.5 Recipient OK",
  recipientUnknown:
    "550 5.1.1 The email account that you tried to reach does not exist: bad destination mailbox address",
  tooManyRecipients: "452 4.5.3 Too many recipients",
  startInput: "354 Start mail input; end with <CRLF>.<CRLF>",

  cannotSendAs: `550 5.7.60 SMTP; Client does not have permissions to send as this sender ${WHERE}`,
  sendAsDenied:
    "554 5.2.252 SendAsDenied; {user} not allowed to send as {other}; STOREDRV.Submission.Exception:" +
    "SendAsDeniedException.MapiExceptionSendAsDenied; Failed to process message due to a permanent exception " +
    `with message Cannot submit message. ${WHERE}`,
  restrictedSender: `550 5.1.8 Access denied, bad outbound sender AS(42004) ${WHERE}`,
  noFrom: "550 5.7.512 Access denied, message must be RFC 5322 section 3.6.2 compliant",
  concurrent:
    "432 4.3.2 Concurrent connections limit exceeded. Visit https://aka.ms/concurrent_sending for more " +
    `information. ${WHERE}`,
  rateLimit:
    "421 4.4.2 Message submission rate for this client has exceeded the configured limit, closing transmission " +
    "channel",
  quota:
    "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; Failed to process message due to " +
    `a permanent exception with message The message can't be submitted because the sender's submission quota was ` +
    `exceeded. ${WHERE}`,
  mailboxFull:
    "554 5.2.2 mailbox full; STOREDRV.Submission.Exception:QuotaExceededException.MapiExceptionShutoffQuotaExceeded; " +
    `Failed to process message due to a permanent exception. ${WHERE}`,
  logonFailed:
    `430 4.2.0 STOREDRV; mailbox logon failure; failed to process message due to a transient exception with ` +
    `message Cannot open mailbox. MapiExceptionLogonFailed: Unable to open message store. ${WHERE}`,
  tooBig: "552 5.3.4 Message size exceeds fixed maximum message size",
  headerTooBig: "552 5.3.4 Header size exceeds fixed maximum size",
} as const;
