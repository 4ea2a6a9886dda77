// Every SMTP reply that the catalogue must know, as servers write it: which entry it finds, who must act, and
// whether trying again helps; the SMTP client must class it the same way.

import assert from "node:assert/strict";
import type { SmtpRefusal } from "../../src/base/failure.ts";
import { entryOf, findEntry } from "../../src/catalogue/find.ts";
import { explainText } from "../../src/catalogue/explain.ts";
import { classifyReply, type Phase } from "../../src/smtp/reply_class.ts";

type Row = readonly [
  phase: Phase,
  reply: string,
  id: string,
  who: "user" | "administrator" | "operator",
  retry: "later" | "after-login" | "never",
];

const EXCHANGE_SIGN_IN: readonly Row[] = [
  [
    "auth",
    "535 5.7.3 Authentication unsuccessful [AM0PR01CA0001.eurprd01.prod.exchangelabs.com]",
    "exchange.token_refused",
    "user",
    "after-login",
  ],
  [
    "auth",
    "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. Visit https://aka.ms/smtp_auth_disabled for more information.",
    "exchange.smtp_auth_off_for_tenant",
    "administrator",
    "never",
  ],
  [
    "auth",
    "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox. Visit https://aka.ms/smtp_auth_disabled for more information.",
    "exchange.smtp_auth_off_for_mailbox",
    "administrator",
    "never",
  ],
  [
    "auth",
    "535 5.7.139 Authentication unsuccessful, basic authentication is disabled.",
    "exchange.password_sign_in_off",
    "operator",
    "never",
  ],
  [
    "auth",
    "535 5.7.139 Authentication unsuccessful, user is locked by your organization's security defaults policy. Contact your administrator.",
    "exchange.security_defaults",
    "operator",
    "never",
  ],
  [
    "auth",
    "535 5.7.139 Authentication unsuccessful, the user credentials were incorrect.",
    "exchange.wrong_password",
    "operator",
    "never",
  ],
  [
    "auth",
    "535 5.7.139 Authentication unsuccessful, the request did not meet the criteria to be authenticated successfully. Contact your administrator.",
    "exchange.sign_in_criteria",
    "administrator",
    "never",
  ],
  [
    "auth",
    "535 5.7.139 Authentication unsuccessful, federated STS is unreachable",
    "exchange.federation",
    "administrator",
    "never",
  ],
  [
    "auth",
    "535 5.7.139 Authentication unsuccessful, for a reason of next year",
    "exchange.sign_in_criteria",
    "administrator",
    "never",
  ],
  [
    "auth",
    "550 5.7.30 Basic authentication is not supported for Client Submission.",
    "exchange.password_sign_in_removed",
    "operator",
    "never",
  ],
  [
    "mail",
    "530 5.7.57 Client not authenticated to send mail. [AM0PR01CA0001]",
    "exchange.not_signed_in",
    "operator",
    "after-login",
  ],
  [
    "auth",
    "504 5.7.4 Unrecognized authentication type",
    "reply.mechanism_not_offered",
    "operator",
    "never",
  ],
  [
    "auth",
    "501 5.5.124 Invalid XOAUTH2 auth data - User address provided is not valid",
    "exchange.user_not_valid",
    "operator",
    "never",
  ],
  [
    "auth",
    "454 4.7.0 Temporary authentication failure [AM0PR01CA0001]",
    "exchange.sign_in_unavailable",
    "operator",
    "later",
  ],
  [
    "mail",
    "451 4.7.0 Temporary server error. Please try again later. PRX2",
    "exchange.server_trouble",
    "operator",
    "later",
  ],
  ["mail", "421 4.3.2 Service not active", "exchange.host_going_down", "operator", "later"],
  [
    "auth",
    "530 5.7.0 Must issue a STARTTLS command first",
    "reply.starttls_first",
    "operator",
    "never",
  ],
  [
    "mail",
    "530 5.7.1 Client was not authenticated",
    "reply.sign_in_first",
    "operator",
    "after-login",
  ],
];

const EXCHANGE_SENDING: readonly Row[] = [
  [
    "message",
    "432 4.3.2 Concurrent connections limit exceeded. Visit https://aka.ms/concurrent_sending",
    "exchange.too_many_connections",
    "operator",
    "later",
  ],
  [
    "message",
    "432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded",
    "exchange.too_many_connections",
    "operator",
    "later",
  ],
  [
    "message",
    "432 4.3.2 STOREDRV.Deliver; recipient thread limit exceeded",
    "exchange.recipient_busy",
    "operator",
    "later",
  ],
  [
    "mail",
    "421 4.4.2 Message submission rate for this client has exceeded the configured limit",
    "exchange.too_fast",
    "operator",
    "later",
  ],
  [
    "mail",
    "451 4.4.2 Message submission rate for this client has exceeded the configured limit",
    "exchange.too_fast",
    "operator",
    "later",
  ],
  ["mail", "432 4.4.2 Message submission rate exceeded", "exchange.too_fast", "operator", "later"],
  ["mail", "421 4.4.2 Connection timed out", "exchange.idle_too_long", "operator", "later"],
  ["mail", "421 4.4.1 Connection timed out", "exchange.idle_too_long", "operator", "later"],
  [
    "message",
    "430 4.2.0 STOREDRV; mailbox logon failure; MapiExceptionLogonFailed: Unable to log on",
    "exchange.no_right_on_mailbox",
    "administrator",
    "never",
  ],
  [
    "message",
    "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; Failed to process message",
    "exchange.daily_recipients",
    "operator",
    "later",
  ],
  [
    "message",
    "550 5.2.2 Submission quota exceeded",
    "exchange.daily_recipients",
    "operator",
    "later",
  ],
  [
    "message",
    "554 5.2.2 mailbox full; STOREDRV.Submission.Exception:QuotaExceededException",
    "exchange.mailbox_full",
    "user",
    "never",
  ],
  [
    "message",
    "550 5.7.60 SMTP; Client does not have permissions to send as this sender",
    "exchange.send_as_denied",
    "administrator",
    "never",
  ],
  [
    "message",
    "554 5.7.60 SMTP; Client does not have permissions to send as this sender",
    "exchange.send_as_denied",
    "administrator",
    "never",
  ],
  [
    "message",
    "554 5.2.252 SendAsDenied; a@x not allowed to send as b@x; STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied",
    "exchange.send_as_denied",
    "administrator",
    "never",
  ],
  [
    "message",
    "554 5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied",
    "exchange.send_as_denied",
    "administrator",
    "never",
  ],
  [
    "message",
    "554 5.2.0 STOREDRV.Submission.Exception:StorageTransientException.MapiExceptionTimeout",
    "exchange.store_busy",
    "operator",
    "later",
  ],
  [
    "message",
    "554 5.2.0 STOREDRV.Submission.Exception:InvalidRecipientsException",
    "exchange.store_refused",
    "administrator",
    "never",
  ],
  [
    "message",
    "550 5.1.8 Access denied, bad outbound sender",
    "exchange.blocked_sender",
    "administrator",
    "never",
  ],
  [
    "rcpt",
    "550 5.1.1 Bad destination mailbox address",
    "reply.no_such_recipient",
    "operator",
    "never",
  ],
  [
    "rcpt",
    "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found",
    "exchange.recipient_not_found",
    "operator",
    "never",
  ],
  ["mail", "550 5.1.0 Sender denied", "exchange.sender_denied", "operator", "never"],
  ["rcpt", "501 5.1.3 Invalid address", "reply.malformed_address", "operator", "never"],
  ["rcpt", "550 5.1.3 Invalid address", "reply.malformed_address", "operator", "never"],
  ["ehlo", "501 5.5.4 Invalid domain name", "reply.bad_argument", "operator", "never"],
  ["mail", "503 5.5.1 Bad sequence of commands", "reply.out_of_order", "operator", "never"],
  ["mail", "503 5.5.2 Send hello first", "reply.out_of_order", "operator", "never"],
  ["rcpt", "452 4.5.3 Too many recipients", "reply.too_many_recipients", "operator", "later"],
  [
    "message",
    "552 5.3.4 Message size exceeds fixed maximum message size",
    "exchange.message_too_big",
    "operator",
    "never",
  ],
  [
    "message",
    "552 5.3.4 Header size exceeds fixed maximum size",
    "exchange.header_too_big",
    "operator",
    "never",
  ],
  [
    "message",
    "550 5.7.1 RESOLVER.RST.NotAuthorized; Delivery not authorized",
    "exchange.delivery_not_authorized",
    "administrator",
    "never",
  ],
  ["rcpt", "550 5.7.1 Unable to relay", "exchange.unable_to_relay", "operator", "never"],
  [
    "mail",
    "550 5.7.1 Client was not authenticated",
    "exchange.unable_to_relay",
    "operator",
    "never",
  ],
  ...["5.7.124", "5.7.133", "5.7.134", "5.7.136", "5.7.12", "5.7.13", "5.7.135"].map((
    code,
  ): Row => [
    "rcpt",
    `550 ${code} Sender not in allowed-senders list`,
    "exchange.restricted_recipient",
    "administrator",
    "never",
  ]),
  [
    "rcpt",
    "550 5.4.1 Recipient address rejected: Access denied",
    "exchange.recipient_at_edge",
    "operator",
    "never",
  ],
  [
    "message",
    "550 5.6.11 SMTPSEND.BareLinefeedsAreIllegal",
    "exchange.bare_line_feed",
    "operator",
    "never",
  ],
  [
    "message",
    "550 5.7.512 Access denied, message must be RFC 5322 section 3.6.2 compliant",
    "exchange.no_valid_from",
    "operator",
    "never",
  ],
  ...["5.7.23", "5.7.509"].map((code): Row => [
    "message",
    `550 ${code} Access denied, sending domain does not pass verification`,
    "exchange.spf_or_dmarc",
    "administrator",
    "never",
  ]),
  ...["5.7.501", "5.7.502", "5.7.503", "5.7.511"].map((code): Row => [
    "message",
    `550 ${code} Access denied, banned sender`,
    "exchange.banned_sender",
    "administrator",
    "never",
  ]),
  [
    "message",
    "550 5.7.705 Access denied, tenant has exceeded threshold",
    "exchange.tenant_blocked",
    "administrator",
    "never",
  ],
  [
    "message",
    "550 5.7.708 Access denied, traffic not accepted from this IP",
    "exchange.bad_ip",
    "administrator",
    "never",
  ],
  [
    "message",
    "550 5.7.750 Client blocked from sending from unregistered domains",
    "exchange.unregistered_domain",
    "administrator",
    "never",
  ],
  [
    "message",
    "550 5.7.233 tenant has exceeded its daily limit for sending email to external recipients",
    "exchange.daily_external_recipients",
    "administrator",
    "later",
  ],
  ["message", "550 5.7.232 trial tenant limit", "exchange.trial_tenant", "administrator", "later"],
  ...["5.2.121", "5.2.122"].map((code): Row => [
    "rcpt",
    `550 ${code} Recipient's per hour message receive limit exceeded`,
    "exchange.recipient_hourly_limit",
    "operator",
    "later",
  ]),
  ...["4.7.500", "4.7.699", "4.7.651"].map((code): Row => [
    "mail",
    `451 ${code} Access denied, please try again later (AS780090)`,
    "exchange.suspicious_traffic",
    "administrator",
    "later",
  ]),
  [
    "mail",
    "451 4.7.650 The mail server has been temporarily rate limited due to IP reputation",
    "exchange.ip_reputation",
    "administrator",
    "later",
  ],
  ["message", "550 4.4.7 Message expired", "exchange.message_expired", "operator", "never"],
  ["message", "550 5.4.300 Message expired", "exchange.message_expired", "operator", "never"],
  [
    "message",
    "450 4.4.316 Connection refused",
    "exchange.receiver_refuses_connection",
    "operator",
    "later",
  ],
];

const GMAIL: readonly Row[] = [
  [
    "auth",
    "535 5.7.8 Username and Password not accepted. For more information, go to https://support.google.com/mail/?p=BadCredentials a1 - gsmtp",
    "gmail.token_refused",
    "user",
    "after-login",
  ],
  [
    "auth",
    "535 5.7.1 Username and Password not accepted. a1 - gsmtp",
    "gmail.token_refused",
    "user",
    "after-login",
  ],
  [
    "auth",
    "534 5.7.9 Application-specific password required. a1 - gsmtp",
    "gmail.app_password_wanted",
    "operator",
    "after-login",
  ],
  [
    "auth",
    "535 5.7.1 Application-specific password required. a1 - gsmtp",
    "gmail.app_password_wanted",
    "operator",
    "after-login",
  ],
  [
    "auth",
    "534 5.7.14 Please log in via your web browser and then try again. a1 - gsmtp",
    "gmail.web_login_wanted",
    "user",
    "after-login",
  ],
  [
    "auth",
    "534 5.7.9 Please log in with your web browser and then try again. a1 - gsmtp",
    "gmail.web_login_wanted",
    "user",
    "after-login",
  ],
  [
    "auth",
    "535 5.5.4 Optional Argument not permitted for that AUTH mode. a1 - gsmtp",
    "gmail.no_initial_response",
    "operator",
    "never",
  ],
  [
    "mail",
    "530 5.5.1 Authentication Required. a1 - gsmtp",
    "gmail.authentication_required",
    "operator",
    "after-login",
  ],
  [
    "mail",
    "530 5.7.0 Authentication Required. a1 - gsmtp",
    "gmail.authentication_required",
    "operator",
    "after-login",
  ],
  [
    "mail",
    "530 5.7.0 Must issue a STARTTLS command first. a1 - gsmtp",
    "reply.starttls_first",
    "operator",
    "never",
  ],
  [
    "auth",
    "504 5.7.4 Unrecognized Authentication Type. a1 - gsmtp",
    "reply.mechanism_not_offered",
    "operator",
    "never",
  ],
  [
    "auth",
    "501 5.5.2 Cannot Decode response. a1 - gsmtp",
    "reply.undecodable_response",
    "operator",
    "never",
  ],
  [
    "ehlo",
    "501 5.5.4 HELO/EHLO argument is invalid. a1 - gsmtp",
    "reply.bad_argument",
    "operator",
    "never",
  ],
  [
    "auth",
    "555 5.5.2 Syntax error, command line too long. a1 - gsmtp",
    "reply.line_too_long",
    "operator",
    "never",
  ],
  [
    "auth",
    "454 4.7.0 Cannot authenticate due to a temporary system problem. Try again later. a1 - gsmtp",
    "gmail.too_many_sign_ins",
    "operator",
    "later",
  ],
  [
    "auth",
    "454 4.7.0 Too many login attempts, please try again later. a1 - gsmtp",
    "gmail.too_many_sign_ins",
    "operator",
    "later",
  ],
  [
    "starttls",
    "454 4.5.0 SMTP protocol violation, no commands allowed to pipeline after STARTTLS. a1 - gsmtp",
    "gmail.starttls_order",
    "operator",
    "never",
  ],
  [
    "starttls",
    "454 5.5.1 STARTTLS may not be repeated. a1 - gsmtp",
    "gmail.starttls_order",
    "operator",
    "never",
  ],
  [
    "mail",
    "421 4.7.0 Temporary System Problem. Try again later. a1 - gsmtp",
    "gmail.try_later",
    "operator",
    "later",
  ],
  [
    "mail",
    "421 4.7.0 Our system has detected an unusual rate of unsolicited mail originating from your IP address. a1 - gsmtp",
    "gmail.try_later",
    "operator",
    "later",
  ],
  ...["421 4.3.0", "421 4.4.5", "451 4.3.0", "451 4.4.2", "451 4.5.0"].map((codes): Row => [
    "mail",
    `${codes} Temporary System Problem. Try again later. a1 - gsmtp`,
    "gmail.try_later",
    "operator",
    "later",
  ]),
  [
    "rcpt",
    "450 4.2.1 The user you are trying to contact is receiving mail too quickly. a1 - gsmtp",
    "gmail.rate",
    "operator",
    "later",
  ],
  [
    "rcpt",
    "452 4.2.2 The recipient's inbox is out of storage space. a1 - gsmtp",
    "gmail.recipient_over_quota",
    "operator",
    "later",
  ],
  [
    "rcpt",
    "452 4.5.3 Your message has too many recipients. a1 - gsmtp",
    "reply.too_many_recipients",
    "operator",
    "later",
  ],
  [
    "message",
    "550 5.4.5 Daily user sending limit exceeded. a1 - gsmtp",
    "gmail.daily_limit",
    "operator",
    "later",
  ],
  [
    "message",
    "550 5.4.5 Daily SMTP relay limit exceeded for customer. a1 - gsmtp",
    "gmail.daily_limit",
    "operator",
    "later",
  ],
  [
    "message",
    "550 5.7.1 Daily SMTP relay limit exceeded for customer. a1 - gsmtp",
    "gmail.daily_limit",
    "operator",
    "later",
  ],
  [
    "rcpt",
    "550 5.1.1 The email account that you tried to reach does not exist. a1 - gsmtp",
    "reply.no_such_recipient",
    "operator",
    "never",
  ],
  [
    "rcpt",
    "550 5.2.1 The email account that you tried to reach is disabled. a1 - gsmtp",
    "gmail.recipient_disabled",
    "operator",
    "never",
  ],
  [
    "rcpt",
    "550 5.2.1 The user you are trying to contact is receiving mail too quickly. a1 - gsmtp",
    "gmail.rate",
    "operator",
    "later",
  ],
  [
    "mail",
    "550 5.7.0 Mail relay denied. a1 - gsmtp",
    "gmail.sending_denied",
    "administrator",
    "never",
  ],
  [
    "mail",
    "550 5.7.0 Mail Sending denied. a1 - gsmtp",
    "gmail.sending_denied",
    "administrator",
    "never",
  ],
  [
    "mail",
    "550 5.7.1 Invalid credentials for relay. a1 - gsmtp",
    "gmail.sending_denied",
    "administrator",
    "never",
  ],
  [
    "message",
    "550 5.7.1 Our system has detected that this message is likely unsolicited mail. a1 - gsmtp",
    "gmail.looks_like_spam",
    "administrator",
    "never",
  ],
  [
    "message",
    "550 5.7.26 This mail has been blocked because the sender is unauthenticated. a1 - gsmtp",
    "gmail.unauthenticated_sender",
    "administrator",
    "never",
  ],
  [
    "message",
    "552 5.2.3 Your message exceeded Google's message size limits. a1 - gsmtp",
    "gmail.message_too_big",
    "operator",
    "never",
  ],
  [
    "message",
    "552 5.7.0 This message was blocked because its content presents a potential security issue. a1 - gsmtp",
    "gmail.blocked_attachment",
    "operator",
    "never",
  ],
  ...["5.1.2", "5.1.3", "5.1.7"].map((code): Row => [
    "rcpt",
    `553 ${code} The address is not a valid RFC 5321 address. a1 - gsmtp`,
    "reply.malformed_address",
    "operator",
    "never",
  ]),
  ...["502 5.5.1 Unrecognized command", "503 5.5.1 Bad sequence of commands"].map((words): Row => [
    "mail",
    `${words}. a1 - gsmtp`,
    "reply.out_of_order",
    "operator",
    "never",
  ]),
  [
    "message",
    "554 5.6.0 Mail message is malformed. Not accepted. a1 - gsmtp",
    "gmail.malformed_message",
    "operator",
    "never",
  ],
];

const OTHERS: readonly Row[] = [
  [
    "auth",
    "535 5.7.8 Error: authentication failed: UGFzc3dvcmQ6",
    "reply.sign_in_refused",
    "user",
    "after-login",
  ],
  ["auth", "535 authentication failed", "reply.sign_in_refused", "user", "after-login"],
  ["auth", "538 no", "reply.sign_in_not_possible", "operator", "never"],
  ["mail", "530 Must issue a STARTTLS command first", "reply.starttls_first", "operator", "never"],
  ["message", "552 message too large", "reply.too_big", "operator", "never"],
  ["rcpt", "550 no such user", "reply.recipient_refused", "operator", "never"],
  ["rcpt", "450 greylisted", "reply.temporary", "operator", "later"],
  ["message", "571 never", "reply.refused", "operator", "never"],
];

for (
  const [whose, rows] of Object.entries({ EXCHANGE_SIGN_IN, EXCHANGE_SENDING, GMAIL, OTHERS })
) {
  Deno.test(`findEntry() finds each reply of ${whose}, as the SMTP client classes it`, () => {
    for (const [phase, line, id, who, retry] of rows) {
      const entry = findEntry(refusal(phase, line));
      assert.deepEqual([entry?.id, entry?.who, entry?.retry], [id, who, retry], line);
      const { enhancedCode, replyCode: code, lines } = refusal(phase, line);
      const reply = { code, lines, text: lines.join("\n"), ...enhanced(enhancedCode) };
      assert.equal(classifyReply(phase, reply).retry, retry, `${phase}: ${line}`);
    }
  });
}

Deno.test("explainText() finds each reply by its line and by its codes alone", () => {
  for (const [, line, id] of [...EXCHANGE_SIGN_IN, ...EXCHANGE_SENDING, ...GMAIL]) {
    assert.equal(explainText(`> ${line}`).found[0]?.entry.id, id, line);
    const codes = line.split(" ", 2);
    for (const asked of [codes.join(" "), codes.join("-"), codes[1] ?? ""]) {
      const ids = explainText(asked).found.map(({ entry }) => entry.id);
      assert.ok(ids.includes(id), `${asked}: ${ids.join()}`);
    }
  }
});

Deno.test("explainText() knows the replies that are no errors", () => {
  for (
    const [asked, id] of [
      ["235 2.7.0", "reply.signed_in"],
      ["235 2.7.0 Authentication successful", "reply.signed_in"],
      ["334", "reply.sign_in_goes_on"],
      ["S: 334 ", "reply.sign_in_goes_on"],
    ] as const
  ) {
    assert.deepEqual(explainText(asked).found.map(({ entry }) => entry), [entryOf(id)], asked);
  }
});

function refusal(phase: Phase, line: string): SmtpRefusal {
  const [code, second = ""] = line.split(" ");
  return {
    kind: "smtp",
    command: COMMANDS[phase],
    replyCode: Number(code),
    lines: [line.slice(4)],
    ...(/^[245]\.\d+\.\d+$/.test(second) ? { enhancedCode: second } : {}),
  };
}

function enhanced(enhancedCode: string | undefined): { readonly enhancedCode?: string } {
  return enhancedCode === undefined ? {} : { enhancedCode };
}

const COMMANDS: Readonly<Record<Phase, string>> = {
  greeting: "",
  ehlo: "EHLO [127.0.0.1]",
  starttls: "STARTTLS",
  auth: "AUTH XOAUTH2",
  mail: "MAIL FROM:<a@example.com>",
  rcpt: "RCPT TO:<b@example.com>",
  data: "DATA",
  message: "DATA",
  rset: "RSET",
};
