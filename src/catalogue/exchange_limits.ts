// Exchange Online and Outlook.com: quotas, rates and load. Nearly all of these pass by themselves, some despite
// a reply code that begins with 5.

import type { Entry } from "./entry.ts";

const FEWER = "find out what sends so much, and join mails or use a group address";

export const EXCHANGE_LIMITS: readonly Entry[] = [
  {
    id: "exchange.too_many_connections",
    area: "exchange",
    meaning: "more than 3 connections send for this mailbox at the same time",
    who: "operator",
    steps: [
      "wait half a minute and try again",
      "set limits.connections in the profile lower, and see that no other program sends as {user}",
    ],
    retry: "later",
    replies: [{ codes: [432], enhanced: ["4.3.2"] }],
  },
  {
    id: "exchange.recipient_busy",
    area: "exchange",
    meaning: "the recipient's mailbox takes no more mail for the moment",
    who: "operator",
    steps: ["wait a few minutes and try again"],
    retry: "later",
    replies: [{ codes: [432], enhanced: ["4.3.2"], text: /recipient thread/i }],
  },
  {
    id: "exchange.too_fast",
    area: "exchange",
    meaning: "the mailbox sends faster than 30 mails a minute",
    who: "operator",
    steps: [
      "wait a minute and try again",
      "keep limits.messages_per_minute in the profile at 30 or less, and see that no other program sends as {user}",
    ],
    retry: "later",
    replies: [
      { codes: [421, 432, 451], enhanced: ["4.4.2"], text: /submission rate/i },
      { codes: [432, 451], enhanced: ["4.4.2"] },
    ],
  },
  {
    id: "exchange.idle_too_long",
    area: "exchange",
    meaning: "the server closed a connection on which nothing came for too long",
    who: "operator",
    steps: ["try again; if it comes back, a firewall or virus scanner may hold the data up"],
    retry: "later",
    replies: [{ codes: [421], enhanced: ["4.4.1", "4.4.2"] }],
  },
  {
    id: "exchange.daily_recipients",
    area: "exchange",
    meaning:
      "the mailbox has used up its 10,000 recipients of 24 hours, despite the 5 it passes by itself",
    who: "operator",
    steps: [
      "wait: recipients become free again within 24 hours; try one mail after an hour",
      FEWER,
      "if that cannot be, somebody else sends as {user}: the administrator looks at Exchange admin center > Mail flow > " +
      "Message trace",
    ],
    retry: "later",
    replies: [
      { codes: [554], enhanced: ["5.2.0"], text: /SubmissionQuotaExceeded/i },
      { enhanced: ["5.2.2"], text: /submission quota exceeded/i },
      { firstFigure: 5, text: /SubmissionQuotaExceeded|submission quota exceeded/i },
    ],
  },
  {
    id: "exchange.daily_external_recipients",
    area: "exchange",
    meaning: "the tenant has used up its recipients outside the organisation of 24 hours",
    who: "administrator",
    steps: [
      "wait: it passes within 24 hours",
      "see who sends: Exchange admin center > Reports > Mail flow > Tenant Outbound External Recipients",
      "more licences raise the limit",
    ],
    retry: "later",
    replies: [{ enhanced: ["5.7.233"] }],
  },
  {
    id: "exchange.trial_tenant",
    area: "exchange",
    meaning: "a trial tenant has used up its recipients outside the organisation",
    who: "administrator",
    steps: [
      "buy licences: admin.microsoft.com > Billing > Purchase services",
      "or wait: it passes within 24 hours",
    ],
    retry: "later",
    replies: [{ enhanced: ["5.7.232"] }],
  },
  {
    id: "exchange.recipient_hourly_limit",
    area: "exchange",
    meaning: "the recipient got too many mails within the hour",
    who: "operator",
    steps: ["wait an hour and try again", "join alarms to one mail, or send to several mailboxes"],
    retry: "later",
    replies: [{ enhanced: ["5.2.121", "5.2.122"] }],
  },
  {
    id: "exchange.suspicious_traffic",
    area: "exchange",
    meaning: "Microsoft finds the traffic from this network suspicious and makes it wait",
    who: "administrator",
    steps: [
      "wait at least 15 minutes and try again",
      "if it comes back, look for other senders in the network: the address is shared by all of them",
    ],
    retry: "later",
    replies: [{ codes: [451], enhanced: ["4.7.5xx", "4.7.6xx"] }],
  },
  {
    id: "exchange.ip_reputation",
    area: "exchange",
    meaning: "Outlook.com takes little mail from this address, since its reputation is low",
    who: "administrator",
    steps: [
      "wait an hour and try again",
      "send through the provider's own server (smtp.office365.com) and not straight from the plant's network",
    ],
    retry: "later",
    replies: [{ codes: [451], enhanced: ["4.7.6xx"], text: /rate limited|reputation/i }],
  },
  {
    id: "exchange.receiver_refuses_connection",
    area: "exchange",
    meaning:
      "the recipient's server refuses the connection; Exchange goes on trying (a report by mail)",
    who: "operator",
    steps: ["wait: Exchange tries for a day", "see that the recipient's domain is written right"],
    retry: "later",
    replies: [{ enhanced: ["4.4.316"] }],
  },
];
