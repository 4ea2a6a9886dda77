// Gmail and Google Workspace: SMTP replies. The text tells Google's replies from those of others with the same
// codes: it ends in "gsmtp", or in "gcdp" for a rule of the customer's administrator.

import type { Entry } from "./entry.ts";
import { LOGIN, REPORT, USE_OAUTH } from "./steps.ts";

const GOOGLES = /\bg(?:smtp|cdp)\b|support\.google\.com|google/i;

const STATUS_PAGE = "if it lasts over an hour, look at https://www.google.com/appsstatus";

export const GMAIL: readonly Entry[] = [
  {
    id: "gmail.token_refused",
    area: "gmail",
    meaning:
      "Gmail does not take the access token for this user: another account's, or not for the mail scope",
    who: "user",
    steps: [
      'set oauth.scope = "https://mail.google.com/" in the profile, or leave it out: SMTP takes no other, gmail.send included',
      'run "plantpost login --force" and sign in as {user}',
    ],
    retry: "after-login",
    replies: [
      { codes: [535], enhanced: ["5.7.8"] },
      { codes: [535], enhanced: ["5.7.8", "5.7.1"], text: /username and password not accepted/i },
    ],
  },
  {
    id: "gmail.app_password_wanted",
    area: "gmail",
    meaning: "the account's own password was sent, and Google takes none of those",
    who: "operator",
    steps: [
      USE_OAUTH,
      'or, where password sign-in must stay: make one at https://myaccount.google.com/apppasswords and "plantpost secret set"',
    ],
    retry: "after-login",
    replies: [
      { codes: [534, 535], enhanced: ["5.7.9", "5.7.1"], text: /application-specific password/i },
      { codes: [534], enhanced: ["5.7.9"] },
    ],
  },
  {
    id: "gmail.web_login_wanted",
    area: "gmail",
    meaning: "Google wants to see the owner of the account in a browser first",
    who: "user",
    steps: [
      "open https://mail.google.com as {user}, best on this PC, and answer what is asked",
      LOGIN,
    ],
    retry: "after-login",
    replies: [
      { codes: [534], enhanced: ["5.7.14"] },
      {
        codes: [534],
        enhanced: ["5.7.14", "5.7.9"],
        text: /log in (?:via|with|through) your web browser/i,
      },
    ],
  },
  {
    id: "gmail.no_initial_response",
    area: "gmail",
    meaning: "the server takes no initial response for this mechanism",
    who: "operator",
    steps: ['set smtp.initial_response = "never" in the profile'],
    retry: "never",
    replies: [{ codes: [535], enhanced: ["5.5.4"] }],
  },
  {
    id: "gmail.authentication_required",
    area: "gmail",
    meaning: "Gmail takes no mail without a sign-in",
    who: "operator",
    steps: ['set smtp.auth = "xoauth2" in the profile', LOGIN],
    retry: "after-login",
    replies: [
      { codes: [530], enhanced: ["5.5.1"] },
      { codes: [530], enhanced: ["5.7.0"], text: /authentication required/i },
    ],
  },
  {
    id: "gmail.too_many_sign_ins",
    area: "gmail",
    meaning: "too many sign-ins in a short time, or Google cannot check them for the moment",
    who: "operator",
    steps: [
      "wait at least 15 minutes and try again",
      "send many mails over one connection: a sign-in for each of them is what Google minds",
    ],
    retry: "later",
    replies: [{
      codes: [421, 454],
      enhanced: ["4.7.0"],
      text: /too many login attempts|cannot authenticate due to|454.*gsmtp/i,
    }],
  },
  {
    id: "gmail.starttls_order",
    area: "gmail",
    meaning: "something was sent behind STARTTLS too early, or STARTTLS came twice",
    who: "operator",
    steps: ["switch off a virus scanner or firewall that changes mail traffic on this PC", REPORT],
    retry: "never",
    replies: [{ codes: [454], enhanced: ["4.5.0", "5.5.1"] }],
  },
  {
    id: "gmail.try_later",
    area: "gmail",
    meaning: "Gmail has passing trouble, or takes no mail from this address for a while",
    who: "operator",
    steps: [
      "wait 15 minutes and try again",
      "if the text speaks of unsolicited mail: look for other senders in the network, they share the address",
      STATUS_PAGE,
    ],
    retry: "later",
    replies: [
      { codes: [421], enhanced: ["4.7.0"] },
      { codes: [421], enhanced: ["4.3.0", "4.4.5"] },
      { codes: [451], enhanced: ["4.3.0", "4.4.2", "4.5.0"], text: GOOGLES },
      { codes: [451], enhanced: ["4.3.0", "4.5.0"] },
    ],
  },
  {
    id: "gmail.rate",
    area: "gmail",
    meaning: "the recipient gets, or the relay passes on, mail too quickly",
    who: "operator",
    steps: ["wait some minutes and try again", "join alarms to one mail"],
    retry: "later",
    replies: [
      { codes: [450], enhanced: ["4.2.1"] },
      { codes: [550], enhanced: ["5.2.1"], text: /rate|too quickly/i },
    ],
  },
  {
    id: "gmail.recipient_over_quota",
    area: "gmail",
    meaning: "the recipient's mailbox is full",
    who: "operator",
    steps: [
      "tell the recipient by another way",
      "try again tomorrow; after some days take the address out",
    ],
    retry: "later",
    replies: [{ codes: [452, 552], enhanced: ["4.2.2"] }],
  },
  {
    id: "gmail.daily_limit",
    area: "gmail",
    meaning: "the account has used up its mails of a day; it passes within 24 hours, despite the 5",
    who: "operator",
    steps: [
      "wait: try one mail after an hour; it is over within 24 hours",
      "find out what sends so much, and join mails or use a group address",
      "a Workspace account may send 2,000 mails a day, a personal one 500",
    ],
    retry: "later",
    replies: [
      { codes: [550], enhanced: ["5.4.5"] },
      { codes: [550], enhanced: ["5.4.5", "5.7.1"], text: /daily .*(?:limit|quota) exceeded/i },
    ],
  },
  {
    id: "gmail.recipient_disabled",
    area: "gmail",
    meaning: "the recipient's account is disabled",
    who: "operator",
    steps: ["take the address out of the command, the group or the script that sends"],
    retry: "never",
    replies: [{ codes: [550], enhanced: ["5.2.1"] }],
  },
  {
    id: "gmail.sending_denied",
    area: "gmail",
    meaning: "the Workspace or its relay does not let this account send",
    who: "administrator",
    steps: [
      "relay: admin.google.com > Apps > Google Workspace > Gmail > Routing > SMTP relay service: allow the sender and the " +
      "plant's address",
      "account: admin.google.com > Directory > Users > {user}: is it active, and Gmail switched on",
    ],
    retry: "never",
    replies: [
      { codes: [550], enhanced: ["5.7.0"] },
      {
        codes: [550],
        enhanced: ["5.7.1"],
        text: /invalid credentials for relay|credentials.*relay/i,
      },
    ],
  },
  {
    id: "gmail.looks_like_spam",
    area: "gmail",
    meaning: "Google takes the mail for unsolicited, or a policy refuses it",
    who: "administrator",
    steps: [
      "read the address in the text: it names the rule",
      "let the sender's domain have SPF, DKIM and DMARC: admin.google.com > Apps > Google Workspace > Gmail > Authenticate email",
      "send fewer mails of the same text, and no bare links",
    ],
    retry: "never",
    replies: [{ codes: [550, 552], enhanced: ["5.7.1"], text: GOOGLES }, {
      codes: [550],
      enhanced: ["5.7.1"],
      text: /unsolicited/i,
    }],
  },
  {
    id: "gmail.unauthenticated_sender",
    area: "gmail",
    meaning: "the sender's domain does not prove its mail (SPF, DKIM, DMARC)",
    who: "administrator",
    steps: [
      "add the server that sends to the domain's SPF record (TXT)",
      "switch on DKIM at the provider that sends, and add its record to the domain",
      "or send from an address of a domain that has these records",
    ],
    retry: "never",
    replies: [{ codes: [550], enhanced: ["5.7.26"] }],
  },
  {
    id: "gmail.message_too_big",
    area: "gmail",
    meaning: "the mail is over Google's 25 MB; attachments grow by a third on the way",
    who: "operator",
    steps: ["send fewer or smaller attachments, or a link"],
    retry: "never",
    replies: [{ codes: [552], enhanced: ["5.2.3"] }],
  },
  {
    id: "gmail.blocked_attachment",
    area: "gmail",
    meaning: "Google blocks an attachment of this type; in a zip file it finds it all the same",
    who: "operator",
    steps: ["send another type of file (no program, script or macro), or a link"],
    retry: "never",
    replies: [{ codes: [552], enhanced: ["5.7.0"] }],
  },
  {
    id: "gmail.malformed_message",
    area: "gmail",
    meaning: "the mail is malformed, or has passed over 50 servers",
    who: "operator",
    steps: [
      "with --raw: see that the file has one From header and CRLF line ends",
      "look for a forwarding rule that sends the mail round in a circle",
    ],
    retry: "never",
    replies: [{ codes: [554], enhanced: ["5.6.0"] }],
  },
];
