// The command line in the manner of sendmail(8): single letters, alone or several behind one dash, each value glued
// to its letter or in the next argument. The invariant: what would change the mail or its way, and is not done here,
// is refused; what only tells a mail system how to go about it is taken and means nothing.

import { Failure } from "../base/failure.ts";

export interface SendmailOptions {
  readonly readsRecipients: boolean;
  /** Whether a line with nothing but a dot ends the message. */
  readonly endsAtDot: boolean;
  /** As it is written behind `-f`; empty for `<>`. */
  readonly reversePath?: string;
  readonly fullName?: string;
  readonly isVerbose: boolean;
  /** Each may be a comma list. */
  readonly recipients: readonly string[];
  readonly dsn: {
    readonly notify?: string;
    readonly ret?: string;
    readonly envelopeId?: string;
  };
}

type Kind = "switch" | "value" | "optional";

/** What each letter takes (sendmail 8.18, Postfix 3.9, Exim 4.98 and what their callers use). */
const KINDS: Readonly<Record<string, Kind>> = {
  ...kinds("switch", "GImnstTUvi"),
  ...kinds("value", "AbBCDFfhLMNoOpRrVX"),
  ...kinds("optional", "deqQ"),
};

/** Letters that mean nothing here: aliases, queues, logs and mail loops are not this program's. */
const WITHOUT_EFFECT = "AeGhLmnpU";

const BODY_TYPES = ["7bit", "8bitmime"];

/** `-o` with a letter: how errors come back, how it is delivered, and what was done in old times. */
const HARMLESS_O =
  /^(?:e[mpqwe]?|d[biqda]?|m|s|T.*|o|r.*|7|8.*|c|f|F.*|g.*|G|j|L.*|p.*|u.*|A.*|h.*)$/;

const HARMLESS_LONG_O =
  /^(?:DeliveryMode|ErrorMode|MeToo|QueueDirectory|LogLevel|DontBlameSendmail|EightBitMode|MinFreeBlocks)=/i;

/** @throws {Failure} `usage.invalid` */
export function parseSendmailOptions(args: readonly string[]): SendmailOptions {
  const found = new Found();
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? "";
    if (arg === "--") {
      found.recipients.push(...args.slice(at + 1));
      break;
    }
    if (!arg.startsWith("-") || arg === "-") {
      found.recipients.push(arg);
      continue;
    }
    for (let place = 1; place < arg.length; place++) {
      const letter = arg.charAt(place);
      const kind = Object.hasOwn(KINDS, letter) ? KINDS[letter] : undefined;
      if (kind === undefined) throw unknown(arg, letter);
      if (kind === "switch") {
        found.take(letter, "");
        continue;
      }
      const glued = arg.slice(place + 1);
      const value = glued === "" && kind === "value" ? args[++at] : glued;
      if (value === undefined) throw refused(`-${letter} wants a value`);
      found.take(letter, value);
      break;
    }
  }
  return found;
}

class Found implements SendmailOptions {
  readsRecipients = false;
  endsAtDot = true;
  isVerbose = false;
  reversePath?: string;
  fullName?: string;
  readonly recipients: string[] = [];
  readonly dsn: { notify?: string; ret?: string; envelopeId?: string } = {};

  take(letter: string, value: string): void {
    const effect = EFFECTS[letter];
    if (effect !== undefined) effect(this, value);
    else if (!WITHOUT_EFFECT.includes(letter)) {
      throw refused(`-${letter} is not for this sendmail${WHY[letter] ?? ""}`, REMEDIES[letter]);
    }
  }
}

const EFFECTS: Readonly<Record<string, (found: Found, value: string) => void>> = {
  t: (found) => found.readsRecipients = true,
  i: (found) => found.endsAtDot = false,
  v: (found) => found.isVerbose = true,
  f: takeReversePath,
  r: takeReversePath,
  F: (found, value) => found.fullName = value,
  N: (found, value) => {
    if (!/^(?:never|(?:success|failure|delay)(?:,(?:success|failure|delay))*)$/i.test(value)) {
      throw refused(`-N wants never, or of success, failure and delay, found "${value}"`);
    }
    found.dsn.notify = value;
  },
  R: (found, value) => {
    if (!/^(?:hdrs|full)$/i.test(value)) throw refused(`-R wants hdrs or full, found "${value}"`);
    found.dsn.ret = value;
  },
  V: (found, value) => found.dsn.envelopeId = value,
  b: (_, mode) => {
    if (mode === "m") return;
    throw refused(
      `-b${mode} is not for this sendmail${MODES[mode] ?? ""}`,
      mode === "s" || mode === "d"
        ? "hand each message to it on standard input, with -t or recipients"
        : undefined,
    );
  },
  B: (_, type) => {
    if (!BODY_TYPES.includes(type.toLowerCase())) {
      throw refused(`-B wants 7BIT or 8BITMIME, found "${type}"`);
    }
  },
  o: (found, option) => {
    if (option === "i") found.endsAtDot = false;
    else if (!HARMLESS_O.test(option)) throw refused(`-o${option} is not for this sendmail`);
  },
  O: (found, option) => {
    if (/^IgnoreDots(?:=true)?$/i.test(option)) found.endsAtDot = false;
    else if (!HARMLESS_LONG_O.test(option)) throw refused(`-O ${option} is not for this sendmail`);
  },
};

function takeReversePath(found: Found, value: string): void {
  found.reversePath = value.trim() === "<>" ? "" : value.trim();
}

const MODES: Readonly<Record<string, string>> = {
  s: ": it does not speak SMTP on standard input",
  d: ": it is no server",
  D: ": it is no server",
  p: ": it has no queue, every mail is sent at once",
  i: ": it has no aliases; [groups] of the profile file has names for recipients",
  v: ": it does not verify addresses",
  t: ": it has no test mode; send --dry-run prints a message",
};

const WHY: Readonly<Record<string, string>> = {
  q: ": it has no queue, every mail is sent at once",
  Q: ": it has no queue, every mail is sent at once",
  C: ": it reads no sendmail.cf",
  X: ": it writes no traffic to a file",
  d: ": it has no debug levels",
  D: ": it has no debug levels",
};

const REMEDIES: Readonly<Record<string, string>> = {
  C: "name the profile file with --config FILE",
  X: "add --verbose to see the protocol, secrets removed",
  d: "add --verbose to see the protocol, secrets removed",
};

function kinds(kind: Kind, letters: string): Readonly<Record<string, Kind>> {
  return Object.fromEntries([...letters].map((letter) => [letter, kind]));
}

function unknown(arg: string, letter: string): Failure {
  return arg.startsWith("--")
    ? refused(`unknown flag ${arg}`)
    : refused(`unknown option -${letter}${arg.length > 2 ? ` in ${arg}` : ""}`);
}

function refused(
  problem: string,
  remedy = "plantpost sendmail --help lists what it takes",
): Failure {
  return new Failure("usage.invalid", `sendmail: ${problem}`, { remedy });
}
