// The mobile carriers' gateways from mail to SMS, and which of them still work (as known in November 2026). The
// invariant: nothing is said to work; a gateway that takes a mail says nothing about the text message.

export interface SmsGateway {
  /** The short name that may stand for the domain. */
  readonly name: string;
  readonly carrier: string;
  readonly domains: readonly string[];
  /**
   * `ended`: it takes no more, or loses what it takes. `ending`: that day is known. `unsure`: nobody says that it
   * works.
   */
  readonly state: "ended" | "ending" | "unsure";
  /** The last day, or the first one without: YYYY-MM-DD, or YYYY-MM where no day is known. */
  readonly endsOn?: string;
  /** Behind "the SMS gateway of X". */
  readonly reason: string;
  /** Characters of text, subject and sender's address together. */
  readonly mostCharacters?: number;
}

export const SMS_GATEWAYS: readonly SmsGateway[] = [
  {
    name: "att",
    carrier: "AT&T",
    domains: ["txt.att.net", "mms.att.net"],
    state: "ended",
    endsOn: "2025-06-17",
    reason: "was shut down on 17 June 2025",
  },
  {
    name: "verizon",
    carrier: "Verizon",
    domains: ["vtext.com", "vzwpix.com"],
    state: "ending",
    endsOn: "2027-03-31",
    reason: "ends on 31 March 2027, and has lost messages since late 2024",
    mostCharacters: 140,
  },
  {
    name: "tmobile",
    carrier: "T-Mobile",
    domains: ["tmomail.net"],
    state: "ended",
    endsOn: "2024-12",
    reason: "has lost messages without a word since December 2024",
  },
  {
    name: "sprint",
    carrier: "Sprint",
    domains: ["messaging.sprintpcs.com"],
    state: "ended",
    reason:
      "went away when Sprint became part of T-Mobile, whose own has lost messages since December 2024",
  },
  {
    name: "cricket",
    carrier: "Cricket",
    domains: ["sms.cricketwireless.net", "mms.cricketwireless.net"],
    state: "unsure",
    reason:
      "belongs to AT&T, which shut down its own on 17 June 2025; nobody says whether this one still works",
  },
  {
    name: "uscellular",
    carrier: "US Cellular",
    domains: ["email.uscc.net", "mms.uscc.net"],
    state: "unsure",
    reason:
      "belongs to a network that was sold to T-Mobile in 2025; nobody says whether it still works",
  },
  {
    name: "googlefi",
    carrier: "Google Fi",
    domains: ["msg.fi.google.com"],
    state: "unsure",
    reason: "is not confirmed to work by anybody",
  },
];

/** The gateway of this domain; undefined for one that is not in the table. */
export function gatewayOfDomain(domain: string): SmsGateway | undefined {
  const wanted = domain.toLowerCase();
  return SMS_GATEWAYS.find(({ domains }) => domains.includes(wanted));
}

export function gatewayNamed(name: string): SmsGateway | undefined {
  const wanted = name.toLowerCase();
  return SMS_GATEWAYS.find((gateway) => gateway.name === wanted);
}

/** Whether it is over by that day. */
export function hasEnded(gateway: SmsGateway, nowMs: number): boolean {
  if (gateway.state === "ended") return true;
  if (gateway.endsOn === undefined) return false;
  return new Date(nowMs).toISOString().slice(0, gateway.endsOn.length) > gateway.endsOn;
}
