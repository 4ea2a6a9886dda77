// `send --sms`: a short text to a phone by the gateway of its carrier. The invariant: a gateway that is known to be
// dead is refused before anything is sent, for it would take the mail and lose the alarm.

import { Failure } from "../base/failure.ts";
import type { World } from "../base/world.ts";
import { asciiDomain } from "../message/address.ts";
import { newMessageId } from "../message/compose.ts";
import {
  gatewayNamed,
  gatewayOfDomain,
  hasEnded,
  SMS_GATEWAYS,
  type SmsGateway,
} from "../message/sms_gateways.ts";
import { type SmsLength, smsLength } from "../message/sms_length.ts";
import { composeSms } from "../message/sms_message.ts";
import type { Settings } from "../profile/profile.ts";
import type { Context } from "./context.ts";
import {
  deliveryOptions,
  distinct,
  type DraftOptions,
  type MailOptions,
  mailOptions,
  senderOf,
} from "./draft.ts";
import { type Mail, withEnvelopeId } from "./mail.ts";
import { readText } from "./text_input.ts";

/** Options of a mail that mean something beside `--sms`. */
const KEPT = ["from", "subject", "text", "text-file", "dsn", "message-id"];

/** Phones put so many parts together again at most, and no gateway takes more. */
const MOST_PARTS = 10;

const INSTEAD =
  "send through an SMS provider that takes mail (its domain goes into [sms.gateways]), an SMS modem or appliance on " +
  "site, or a push or alarm service; or send a mail";

/** @throws {Failure} `usage.invalid`, `message.invalid`, `message.too_big`, `input.unreadable` */
export async function smsMailFromFlags(
  context: Pick<Context, "flags" | "note" | "warn" | "world">,
  at: Omit<DraftOptions, "context">,
): Promise<Mail> {
  const options = mailOptions(context.flags);
  refuseOthers(options, context.flags.has("raw"));
  const targets = context.flags.texts("sms").flatMap((list) => list.split(","))
    .map((target) => parseTarget(target.trim(), at.settings));
  const recipients = distinct(targets.map(({ address }) => address));
  const gateways = new Set(targets.map(({ gateway }) => gateway));
  for (const gateway of gateways) checkGateway(gateway, context);
  const { sender, subject, text } = await texts(options, { context, ...at });
  for (const gateway of gateways) checkLimit(gateway, text.length + subject.length + sender.length);
  checkLength(smsLength(text), context);
  const { world } = context;
  const dateMs = world.nowMs();
  const { dsn, messageId: given } = await deliveryOptions(options);
  const messageId = given ?? newMessageId(world.randomBytes(16), sender);
  const message = composeSms({
    sender,
    recipients,
    subject,
    text,
    dateMs,
    utcOffsetMinutes: world.utcOffsetMinutes(dateMs),
    messageId,
  });
  const envelope = { reversePath: sender, recipients, ...(dsn === undefined ? {} : { dsn }) };
  return { messageId, message, envelope: withEnvelopeId(envelope, messageId) };
}

/** Warns of recipients of a mail whose gateway is dying or dead. */
export function warnOfSmsGateways(
  recipients: readonly string[],
  context: Pick<Context, "warn">,
): void {
  const gateways = new Set(
    recipients.map((address) => gatewayOfDomain(address.slice(address.lastIndexOf("@") + 1))),
  );
  for (const gateway of gateways) {
    if (gateway !== undefined) context.warn({ ...warningOf(gateway), remedy: INSTEAD });
  }
}

interface Target {
  readonly address: string;
  readonly gateway: SmsGateway | undefined;
}

function parseTarget(target: string, settings: Settings): Target {
  const at = target.lastIndexOf("@");
  if (at < 0) {
    throw refused(`--sms wants NUMBER@GATEWAY, found "${target}"`, GATEWAY_REMEDY);
  }
  const name = target.slice(at + 1).trim();
  const domain = domainOf(name, settings);
  const gateway = gatewayOfDomain(domain);
  const number = parseNumber(target.slice(0, at), gateway);
  return { address: `${number}@${domain}`, gateway };
}

const GATEWAY_REMEDY =
  'write for example 5551234567@sms.example.com, or 5551234567@NAME with NAME = "the.domain" in [sms.gateways]';

function domainOf(name: string, settings: Settings): string {
  const own = settings.smsGateways.get(name) ?? gatewayNamed(name)?.domains[0];
  if (own !== undefined) return own;
  const domain = name.includes(".") ? asciiDomain(name) : undefined;
  if (domain !== undefined) return domain;
  const known = [...settings.smsGateways.keys(), ...SMS_GATEWAYS.map((gateway) => gateway.name)];
  throw refused(
    `--sms: "${name}" is no gateway, wanted its domain or one of: ${
      [...new Set(known)].join(", ")
    }`,
    GATEWAY_REMEDY,
  );
}

function parseNumber(written: string, gateway: SmsGateway | undefined): string {
  const digits = written.replaceAll(/[\s()./+-]/g, "");
  const strange = /[^0-9]/.exec(digits)?.[0];
  if (strange !== undefined) {
    throw refused(
      `--sms: the number "${written}" holds "${strange}", wanted digits`,
      NUMBER_REMEDY,
    );
  }
  // All carriers of the table are in North America: ten digits, before which 1 is the country.
  const national = gateway === undefined ? digits : digits.replace(/^1(?=\d{10}$)/, "");
  const [least, most] = gateway === undefined ? [5, 15] : [10, 10];
  if (national.length >= least && national.length <= most) return national;
  const wanted = least === most ? `${least}` : `${least} to ${most}`;
  throw refused(
    `--sms: the number "${written}" has ${national.length} digits, wanted ${wanted}`,
    NUMBER_REMEDY,
  );
}

const NUMBER_REMEDY =
  "write the number as its gateway wants it, with blanks, dots and dashes as you like";

function refuseOthers(options: MailOptions, isRaw: boolean): void {
  const given = Object.keys(options);
  const other = isRaw ? "raw" : given.find((name) => !KEPT.includes(name));
  if (other === undefined) return;
  const isAddress = ["to", "cc", "bcc"].includes(other);
  throw refused(
    `--sms and --${other} exclude each other`,
    isAddress
      ? "send the mail and the SMS with a command each; --sms may be repeated"
      : "an SMS has a text only: --text, --text-file, and --subject where it must be",
  );
}

async function texts(
  options: MailOptions,
  at: DraftOptions,
): Promise<{ readonly sender: string; readonly subject: string; readonly text: string }> {
  const { text: flag, "text-file": file } = options;
  if (flag !== undefined && file !== undefined) {
    throw refused("--text and --text-file exclude each other", "leave one of them out");
  }
  const written = file === undefined ? flag : await readText(file, at.context);
  const text = (written ?? "").replaceAll(/\r\n?/g, "\n").replaceAll("\t", " ").trimEnd();
  const subject = options.subject ?? "";
  if (text === "" && subject === "") {
    throw refused(
      "--sms: there is no text",
      "add --text TEXT, or --text-file - for standard input",
    );
  }
  return { sender: senderOf(options.from, at.profile).address, subject, text };
}

function checkGateway(
  gateway: SmsGateway | undefined,
  context: Pick<Context, "warn"> & { readonly world: Pick<World, "nowMs"> },
): void {
  if (gateway === undefined) return;
  if (hasEnded(gateway, context.world.nowMs())) {
    throw refused(`--sms: the SMS gateway of ${gateway.carrier} ${gateway.reason}`, INSTEAD);
  }
  context.warn({ ...warningOf(gateway), remedy: INSTEAD });
}

function warningOf(gateway: SmsGateway): { readonly code: string; readonly message: string } {
  return {
    code: "sms.gateway",
    message: `the SMS gateway of ${gateway.carrier} ${gateway.reason}`,
  };
}

function checkLimit(gateway: SmsGateway | undefined, characters: number): void {
  const most = gateway?.mostCharacters;
  if (most === undefined || characters <= most) return;
  throw new Failure(
    "message.too_big",
    `--sms: text, subject and sender have ${characters} characters, ${gateway?.carrier} takes at most ${most}`,
    { remedy: "shorten the text, or leave the subject out" },
  );
}

function checkLength(length: SmsLength, context: Pick<Context, "warn">): void {
  const { alphabet, characters, parts, foreign } = length;
  const most = alphabet === "GSM 7-bit" ? [160, 153] : [70, 67];
  const why = foreign === undefined ? "" : `, for "${foreign}" is not of the GSM alphabet`;
  if (parts > MOST_PARTS) {
    throw new Failure(
      "message.too_big",
      `--sms: the text has ${characters} characters in ${alphabet}${why}, wanted at most ${
        MOST_PARTS * (most[1] ?? 0)
      }`,
      { remedy: "shorten the text, or send it as a mail" },
    );
  }
  if (parts === 1) return;
  context.warn({
    code: "sms.parts",
    message:
      `the text has ${characters} characters in ${alphabet}${why}: ${parts} text messages, or cut off behind ` +
      `the first ${most[0]}`,
    remedy: foreign === undefined
      ? `shorten it to ${most[0]} characters`
      : `shorten it to ${most[0]} characters, or write it without such characters: then 160 fit`,
  });
}

function refused(problem: string, remedy: string): Failure {
  return new Failure("usage.invalid", `send: ${problem}`, { remedy });
}
