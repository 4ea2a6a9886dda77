// Header fields that a person adds (RFC 5322 §3.6, RFC 8098, RFC 8601). The invariant: what comes out of here stands
// in no other field's place, claims nothing that only mail servers may say, and brings no further field along.

import { Failure } from "../base/failure.ts";
import type { ExtraField } from "./compose.ts";
import { fieldName, oneLine } from "./header.ts";

const BY_FLAG: ReadonlyMap<string, string> = new Map([
  ["from", "--from ADDRESS"],
  ["to", "--to ADDRESS"],
  ["cc", "--cc ADDRESS"],
  ["bcc", "--bcc ADDRESS"],
  ["reply-to", "--reply-to ADDRESS"],
  ["subject", "--subject TEXT"],
  ["importance", "--importance high or --importance low"],
  ["x-priority", "--importance high or --importance low"],
  ["x-msmail-priority", "--importance high or --importance low"],
  ["disposition-notification-to", "--request-receipt"],
]);

const OWN = /^(?:date|message-id|mime-version|auto-submitted|content-.*)$/;

// Trace fields, and what a server reads as another one's word or as an order where to deliver.
const OF_SERVERS =
  /^(?:received|return-path|sender|resent-.*|delivered-to|envelope-to|apparently-to|original-.*|x-original-to|x-envelope-.*|x-receive[dr]|received-spf|authentication-results|arc-.*|dkim-signature|domainkey-signature|errors-to|require-recipient-valid-since)$/;

const MESSAGE_IDS = /^(?:in-reply-to|references)$/;
const ONCE = /^(?:in-reply-to|references|list-.*)$/;

/**
 * Reads `Name: value` each.
 * @throws {Failure} `usage.invalid`, with the field and the reason; `message.invalid` for a line break or NUL
 */
export function parseExtraFields(lines: readonly string[]): readonly ExtraField[] {
  const seen = new Set<string>();
  return lines.map((line) => {
    const field = parseExtraField(line);
    const name = field.name.toLowerCase();
    if (ONCE.test(name) && seen.has(name)) {
      throw new Failure("usage.invalid", `header ${field.name} is given twice`, {
        remedy: "put all of it into one",
      });
    }
    seen.add(name);
    return field;
  });
}

function parseExtraField(line: string): ExtraField {
  const colon = line.indexOf(":");
  const name = line.slice(0, Math.max(colon, 0));
  if (colon <= 0 || !/^[!-9;-~]+$/.test(name)) {
    throw new Failure(
      "usage.invalid",
      `header ${JSON.stringify(shortened(line))} has no name with a colon behind it`,
      { remedy: "write it as in --header 'X-Plant: 7'" },
    );
  }
  refuseTaken(fieldName(name));
  const value = oneLine(line.slice(colon + 1), `header ${name}`).trim();
  const lower = name.toLowerCase();
  if (MESSAGE_IDS.test(lower)) return { name, value: messageIds(name, value) };
  if (lower.startsWith("list-")) return { name, value: asciiWords(name, value) };
  return { name, value };
}

function refuseTaken(name: string): void {
  const lower = name.toLowerCase();
  const flag = BY_FLAG.get(lower);
  if (flag !== undefined) {
    throw new Failure("usage.invalid", `header ${name} has a flag of its own`, {
      remedy: `use ${flag}`,
    });
  }
  const reason = OWN.test(lower)
    ? "is written by plantpost itself"
    : OF_SERVERS.test(lower)
    ? "is for mail servers to write"
    : undefined;
  if (reason === undefined) return;
  throw new Failure("usage.invalid", `header ${name} ${reason}`, {
    remedy: `leave it out; a field of your own begins with X-, as in X-Plant-${
      name.replace(/^X-/i, "").slice(0, 30)
    }`,
  });
}

function messageIds(name: string, value: string): string {
  const ids = value.split(/[ \t]+/);
  if (ids.every((id) => id.length <= 250 && /^<[!-;=?-~]+@[!-;=?-~]+>$/.test(id))) {
    return ids.join(" ");
  }
  throw new Failure(
    "usage.invalid",
    `header ${name} holds ${JSON.stringify(shortened(value))}, wanted message ids such as <a@host>`,
    { remedy: "copy them with their angle brackets, with a blank between them" },
  );
}

// Programs read these fields, and they know nothing of encoded-words.
function asciiWords(name: string, value: string): string {
  const words = value.split(/[ \t]+/);
  if (words.every((word) => word.length <= 900 && /^[!-~]*$/.test(word) && !word.includes("=?"))) {
    return words.join(" ");
  }
  throw new Failure("usage.invalid", `header ${name} holds more than short words in ASCII`, {
    remedy: "percent-encode the rest, as URLs want it",
  });
}

function shortened(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}...` : text;
}
