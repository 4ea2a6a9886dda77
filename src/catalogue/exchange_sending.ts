// Exchange Online and Outlook.com: replies to a mail, its sender and its recipients. Those that are marked as
// reports come back as a mail long after the server has said 250.

import type { Entry } from "./entry.ts";
import {
  ADD_MAILBOX_PERMISSION,
  CONNECT_EXCHANGE,
  NEW_SERVICE_PRINCIPAL,
  OBJECT_ID,
  SEND_AS,
} from "./steps.ts";

const RECIPIENTS_RULES =
  "ask the recipient's administrator to let {sender} write to this group or mailbox: Exchange admin center > Recipients > " +
  "the group > Settings > Delivery management";

const SUPPORT = "open a case with Microsoft: admin.microsoft.com > Support > Help & support";

export const EXCHANGE_SENDING: readonly Entry[] = [
  {
    id: "exchange.no_right_on_mailbox",
    area: "exchange",
    meaning: "the app has no right on the mailbox; it looks temporary and is not",
    who: "administrator",
    steps: [
      CONNECT_EXCHANGE,
      `if Get-ServicePrincipal does not list the app: ${NEW_SERVICE_PRINCIPAL} (${OBJECT_ID})`,
      ADD_MAILBOX_PERMISSION,
      'to send as another address: Add-RecipientPermission -Identity "{sender}" -Trustee OBJECT_ID -AccessRights SendAs',
      "it takes up to an hour until the right works",
    ],
    retry: "never",
    replies: [{ codes: [430], enhanced: ["4.2.0"], text: /logon failure|LogonFailed/i }],
  },
  {
    id: "exchange.send_as_denied",
    area: "exchange",
    meaning: "the account that signed in may not send as this sender",
    who: "administrator",
    steps: SEND_AS,
    retry: "never",
    replies: [
      { codes: [550, 554], enhanced: ["5.7.60"] },
      { codes: [550, 554], enhanced: ["5.2.252"] },
      { codes: [554], enhanced: ["5.2.0"], text: /SendAsDenied/i },
    ],
  },
  {
    id: "exchange.store_busy",
    area: "exchange",
    meaning: "the mailbox store has passing trouble, despite the 5 of its code",
    who: "operator",
    steps: ["wait a few minutes and try again"],
    retry: "later",
    replies: [{
      codes: [554],
      enhanced: ["5.2.0"],
      text: /Exception[^ ]*Transient|Transient[^ ]*Exception/,
    }],
  },
  {
    id: "exchange.store_refused",
    area: "exchange",
    meaning: "the mailbox store refuses the mail; the name of the exception says why",
    who: "administrator",
    steps: [
      "read the words behind STOREDRV.Submission.Exception: they name the cause",
      "look at the mailbox: admin.microsoft.com > Users > Active users > the user: licence, sign-in, storage",
      "send a mail as {user} in Outlook on the web: if that fails too, open a case with Microsoft",
    ],
    retry: "never",
    replies: [{ codes: [554], enhanced: ["5.2.0"] }],
  },
  {
    id: "exchange.mailbox_full",
    area: "exchange",
    meaning: "the sender's mailbox is full: every mail that is sent is kept in Sent Items",
    who: "user",
    steps: [
      "empty Sent Items and Deleted Items of {user}",
      "let the administrator set a retention policy on Sent Items: purview.microsoft.com > Data lifecycle management",
    ],
    retry: "never",
    replies: [
      { codes: [554], enhanced: ["5.2.2"] },
      {
        codes: [552, 554],
        enhanced: ["5.2.2"],
        text: /mailbox (?:is )?full|(?<!Submission)QuotaExceededException/i,
      },
    ],
  },
  {
    id: "exchange.blocked_sender",
    area: "exchange",
    meaning: "the account is blocked, since it sent what looks like spam",
    who: "administrator",
    steps: [
      "find out who sent it, and change the password of {user} if it was not you",
      "open security.microsoft.com > Email & collaboration > Review > Restricted entities and release {user}",
      "it takes up to an hour until it may send again",
    ],
    retry: "never",
    replies: [{ codes: [550], enhanced: ["5.1.8"] }],
  },
  {
    id: "exchange.recipient_not_found",
    area: "exchange",
    meaning: "there is no such recipient",
    who: "operator",
    steps: ["correct the address in the command, the group or the script that sends"],
    retry: "never",
    replies: [{ codes: [550], enhanced: ["5.1.10"] }],
  },
  {
    id: "exchange.sender_denied",
    area: "exchange",
    meaning: "the server does not take the address of the sender or the recipient",
    who: "operator",
    steps: [
      "compare sender.address of the profile with the mailbox's address",
      "correct the recipient's address",
    ],
    retry: "never",
    replies: [{ codes: [550], enhanced: ["5.1.0"] }],
  },
  {
    id: "exchange.recipient_at_edge",
    area: "exchange",
    meaning: "the recipient's domain knows no such address, or takes no mail for this domain",
    who: "operator",
    steps: [
      "correct the recipient's address and its domain",
      "if the address is right, the recipient's administrator must see why the domain refuses it",
    ],
    retry: "never",
    replies: [{ codes: [550], enhanced: ["5.4.1"] }],
  },
  {
    id: "exchange.header_too_big",
    area: "exchange",
    meaning: "the server counts the whole mail as header; seen where mail goes in chunks (BDAT)",
    who: "operator",
    steps: ['set smtp.chunking = "never" in the profile'],
    retry: "never",
    replies: [{ codes: [552], enhanced: ["5.3.4"], text: /header size/i }],
  },
  {
    id: "exchange.message_too_big",
    area: "exchange",
    meaning:
      "the mail is bigger than the mailbox or the tenant allows; attachments grow by a third on the way",
    who: "operator",
    steps: [
      "send fewer or smaller attachments, or a link",
      "or the administrator raises the limit, up to 150 MB: Set-Mailbox -Identity {user} -MaxSendSize 150MB",
    ],
    retry: "never",
    replies: [{ codes: [552], enhanced: ["5.3.4"] }],
  },
  {
    id: "exchange.unable_to_relay",
    area: "exchange",
    meaning: "this server does not pass on mail to this recipient without a sign-in",
    who: "operator",
    steps: [
      'set smtp.host = "smtp.office365.com", smtp.port = 587 and smtp.auth = "xoauth2" in the profile',
      'run "plantpost login" and sign in as {user}',
    ],
    retry: "never",
    replies: [
      {
        codes: [550, 554],
        enhanced: ["5.7.1"],
        text: /unable to relay|relay(?:ing)? (?:denied|not)/i,
      },
      { codes: [550], enhanced: ["5.7.1"], text: /was not authenticated/i },
    ],
  },
  {
    id: "exchange.delivery_not_authorized",
    area: "exchange",
    meaning: "a rule of the recipient's organisation refuses the mail",
    who: "administrator",
    steps: [
      "read the text: it mostly names the rule",
      RECIPIENTS_RULES,
      "for recipients of your own organisation: Exchange admin center > Mail flow > Rules",
    ],
    retry: "never",
    replies: [{ codes: [550], enhanced: ["5.7.1"] }],
  },
  {
    id: "exchange.restricted_recipient",
    area: "exchange",
    meaning: "the group or mailbox takes mail from certain senders only",
    who: "administrator",
    steps: [RECIPIENTS_RULES, "or send to the members one by one"],
    retry: "never",
    replies: [{
      codes: [550],
      enhanced: ["5.7.124", "5.7.133", "5.7.134", "5.7.135", "5.7.136", "5.7.12", "5.7.13"],
    }],
  },
  {
    id: "exchange.bare_line_feed",
    area: "exchange",
    meaning: "the mail holds a line feed without a carriage return",
    who: "operator",
    steps: [
      "write the file of --raw with CRLF line ends",
      "without --raw: report it, plantpost writes CRLF itself",
    ],
    retry: "never",
    replies: [{ codes: [550], enhanced: ["5.6.11"] }],
  },
  {
    id: "exchange.no_valid_from",
    area: "exchange",
    meaning: "the mail has no From header that follows RFC 5322, or more than one",
    who: "operator",
    steps: [
      "set sender.address in the profile to one plain address",
      "with --raw: give the file exactly one From header, with the address in angle brackets",
    ],
    retry: "never",
    replies: [{ codes: [550], enhanced: ["5.7.512"] }],
  },
  {
    id: "exchange.spf_or_dmarc",
    area: "exchange",
    meaning: "the DNS records of the sender's domain (SPF, DKIM, DMARC) do not cover this server",
    who: "administrator",
    steps: [
      "add include:spf.protection.outlook.com to the domain's SPF record (TXT)",
      "switch on DKIM: security.microsoft.com > Email & collaboration > Policies & rules > Threat policies > Email " +
      "authentication settings",
      "or send from an address of a domain that has these records",
    ],
    retry: "never",
    replies: [{ codes: [550], enhanced: ["5.7.23", "5.7.509"] }],
  },
  {
    id: "exchange.banned_sender",
    area: "exchange",
    meaning: "Microsoft has banned the sender, since the account sent what looks like spam",
    who: "administrator",
    steps: [
      "find out who sent it, and change the password of {user}",
      "release the account: security.microsoft.com > Email & collaboration > Review > Restricted entities",
      SUPPORT,
    ],
    retry: "never",
    replies: [{ codes: [550], enhanced: ["5.7.501", "5.7.502", "5.7.503", "5.7.511"] }],
  },
  {
    id: "exchange.tenant_blocked",
    area: "exchange",
    meaning:
      "the tenant may not send: it passed the threshold for spam, or its licences have ended",
    who: "administrator",
    steps: [
      "look at admin.microsoft.com > Billing > Your products: is anything expired",
      "look for accounts that send spam: security.microsoft.com > Email & collaboration > Review > Restricted entities",
      SUPPORT,
    ],
    retry: "never",
    replies: [{ enhanced: ["5.7.705"] }],
  },
  {
    id: "exchange.bad_ip",
    area: "exchange",
    meaning:
      "Microsoft takes no mail from this address: a new or trial tenant, or an address of low reputation",
    who: "administrator",
    steps: ["send from a tenant with paid licences", SUPPORT],
    retry: "never",
    replies: [{ enhanced: ["5.7.708"] }],
  },
  {
    id: "exchange.unregistered_domain",
    area: "exchange",
    meaning: "the domain of the sender is not one of the tenant's own",
    who: "administrator",
    steps: [
      "set sender.address in the profile to an address of the tenant",
      "or add the domain: admin.microsoft.com > Settings > Domains > Add domain",
    ],
    retry: "never",
    replies: [{ enhanced: ["5.7.750"] }],
  },
  {
    id: "exchange.message_expired",
    area: "exchange",
    meaning: "Exchange could not deliver the mail in time and has given up (a report by mail)",
    who: "operator",
    steps: [
      "see whether the recipient's domain takes mail at all",
      "send the mail again when it does",
    ],
    retry: "never",
    replies: [{ enhanced: ["4.4.7", "5.4.300"] }],
  },
];
