// One SMTP session as Exchange Online leads it: extensions, replies and their wording (RFC 5321, 3207, 4954, 3030).
// Octets go in, text and what to do next come out; no socket, no clock. The invariant: after STARTTLS nothing is
// known of what came before, and nothing that came before TLS is read as a command.

import { fromBase64 } from "../base/base64.ts";
import type { Arrival } from "./inbox.ts";
import type { FaultName } from "./faults.ts";
import { Intake } from "./smtp_intake.ts";
import { HOST, REPLIES } from "./smtp_replies.ts";

/** What the session asks of the world around it. */
export interface SmtpRules {
  /** The mailbox. */
  readonly account: string;
  readonly isActive: (fault: FaultName) => boolean;
  readonly takeOnce: (fault: FaultName) => boolean;
  /** Whose the token is; undefined where it is not good for mail of this user. */
  readonly senderBy: (token: string, user: string) => "user" | "app" | undefined;
  /** Keeps an accepted message; returns its ID. */
  readonly accept: (arrival: Arrival) => string;
}

export interface SmtpStep {
  readonly reply: string;
  /** `tls`: go on behind TLS with a new session; `close`: after the reply; `drop`: at once, as if a cable was cut. */
  readonly next: "read" | "tls" | "close" | "drop";
}

export const MAX_MESSAGE_BYTES = 157_286_400;
const MAX_RECIPIENTS = 500;

type Expects = "command" | "xoauth2" | "login-user" | "login-password" | "data" | "chunk";

export class SmtpSession {
  readonly #rules: SmtpRules;
  readonly #isSecure: boolean;
  readonly #intake = new Intake();
  #expects: Expects = "command";
  #hasGreeted = false;
  #user: string | undefined;
  #isApp = false;
  #reversePath: string | undefined;
  #recipients: string[] = [];
  #chunk = { isLast: false, isWanted: false };
  #out: string[] = [];
  #next: SmtpStep["next"] = "read";

  constructor(rules: SmtpRules, options: { readonly isSecure: boolean }) {
    this.#rules = rules;
    this.#isSecure = options.isSecure;
  }

  /** What the server says first. */
  greeting(nowMs: number): SmtpStep {
    if (this.#rules.isActive("greeting-421")) {
      return { reply: `${REPLIES.notAvailable}\r\n`, next: "close" };
    }
    const time = new Date(nowMs).toUTCString().replace("GMT", "+0000");
    return { reply: `220 ${HOST} Microsoft ESMTP MAIL Service ready at ${time}\r\n`, next: "read" };
  }

  /** Takes what the client sent, in pieces of any size. */
  feed(octets: Uint8Array): SmtpStep {
    this.#intake.push(octets);
    this.#out = [];
    this.#next = "read";
    while (this.#next === "read" && this.#advance());
    return { reply: this.#out.map((line) => `${line}\r\n`).join(""), next: this.#next };
  }

  /** Whether there was enough to go on with. */
  #advance(): boolean {
    if (this.#expects === "data" || this.#expects === "chunk") return this.#takeContent();
    const line = this.#intake.line();
    if (line === "too long") {
      this.#out.push(REPLIES.lineTooLong);
      this.#next = "close";
      return false;
    }
    if (line === undefined) return false;
    if (this.#expects === "command") this.#command(line);
    else this.#authStep(line);
    return true;
  }

  #command(line: string): void {
    const [, verb = "", rest = ""] = /^(\S*) ?(.*)$/s.exec(line) ?? [];
    const name = verb.toUpperCase();
    switch (name) {
      case "EHLO":
      case "HELO":
        return this.#greet(name, rest.trim());
      case "STARTTLS":
        return this.#startTls();
      case "AUTH":
        return this.#auth(rest.trim());
      case "MAIL":
        return this.#mail(rest);
      case "RCPT":
        return this.#rcpt(rest);
      case "DATA":
        return this.#data();
      case "BDAT":
        return this.#bdat(rest);
      case "RSET":
        this.#reset();
        return this.#say(REPLIES.reset);
      case "NOOP":
        return this.#say(REPLIES.ok);
      case "VRFY":
        return this.#say(REPLIES.cannotVerify);
      case "QUIT":
        this.#say(REPLIES.closing);
        this.#next = "close";
        return;
      default:
        return this.#say(`500 5.3.3 Unrecognized command '${printable(verb)}'`);
    }
  }

  #greet(verb: "EHLO" | "HELO", name: string): void {
    if (!/^(?:[A-Za-z0-9.-]+|\[[\w:.]+\])$/.test(name)) return this.#say(REPLIES.invalidDomain);
    this.#hasGreeted = true;
    this.#reset();
    const hello = `${HOST} Hello ${name}`;
    if (verb === "HELO") return this.#say(`250 ${hello}`);
    const tls = this.#rules.isActive("no-starttls") ? [] : ["STARTTLS"];
    const lines = [
      hello,
      `SIZE ${MAX_MESSAGE_BYTES}`,
      "PIPELINING",
      "DSN",
      "ENHANCEDSTATUSCODES",
      ...(this.#isSecure ? ["AUTH LOGIN XOAUTH2"] : tls),
      "8BITMIME",
      "BINARYMIME",
      "CHUNKING",
    ];
    this.#out.push(...lines.map((line) => `250-${line}`), "250 SMTPUTF8");
  }

  #startTls(): void {
    if (this.#isSecure) return this.#say(REPLIES.tlsAlready);
    if (!this.#hasGreeted) return this.#say(REPLIES.helloFirst);
    this.#say(REPLIES.startTls);
    // What a man in the middle puts into the clear part, to be read as if it came from behind TLS.
    if (this.#rules.isActive("starttls-injection")) this.#say("250 2.0.0 slipped in");
    this.#next = "tls";
  }

  #auth(rest: string): void {
    const [mechanism = "", initial] = rest.split(" ");
    if (!this.#hasGreeted) return this.#say(REPLIES.helloFirst);
    if (this.#user !== undefined) return this.#say(REPLIES.authAlready);
    const name = mechanism.toUpperCase();
    if (!this.#isSecure || !["XOAUTH2", "LOGIN"].includes(name)) {
      return this.#say(REPLIES.authUnknown);
    }
    if (name === "XOAUTH2") {
      if (initial !== undefined) return this.#xoauth2(initial);
      this.#expects = "xoauth2";
      return this.#say("334 ");
    }
    this.#expects = initial === undefined ? "login-user" : "login-password";
    this.#say(initial === undefined ? REPLIES.userName : REPLIES.password);
  }

  #authStep(line: string): void {
    const step = this.#expects;
    this.#expects = "command";
    if (line === "*") return this.#say(REPLIES.authCancelled);
    if (step === "xoauth2") return this.#xoauth2(line);
    if (step === "login-password") return this.#say(REPLIES.noPasswords);
    this.#expects = "login-password";
    this.#say(REPLIES.password);
  }

  #xoauth2(response: string): void {
    const octets = fromBase64(response);
    const text = octets === undefined ? "" : new TextDecoder().decode(octets);
    // deno-lint-ignore no-control-regex
    const [, user, token] = /^user=([^\x01]+)\x01auth=Bearer ([^\x01]+)\x01\x01$/i.exec(text) ?? [];
    const { isActive, takeOnce, senderBy, account } = this.#rules;
    if (isActive("smtp-auth-disabled-tenant")) return this.#say(REPLIES.authOffForTenant);
    if (isActive("smtp-auth-disabled-mailbox")) return this.#say(REPLIES.authOffForMailbox);
    if (isActive("auth-temporary")) return this.#say(REPLIES.authTemporary);
    const isHere = user !== undefined && token !== undefined &&
      user.toLowerCase() === account.toLowerCase();
    const by = isHere ? senderBy(token, user) : undefined;
    const isStranger = by === "app" && isActive("service-principal-missing");
    if (
      by === undefined || isStranger || isActive("token-refused") ||
      takeOnce("token-refused-once")
    ) return this.#say(REPLIES.tokenRefused);
    this.#isApp = by === "app";
    this.#user = user;
    this.#say(REPLIES.signedIn);
  }

  #mail(rest: string): void {
    if (!this.#hasGreeted) return this.#say(REPLIES.helloFirst);
    if (this.#user === undefined) return this.#say(REPLIES.notSignedIn);
    if (this.#reversePath !== undefined) return this.#say(REPLIES.senderAlready);
    const { isActive } = this.#rules;
    const [, path, parameters = ""] = /^FROM: ?<([^<>]*)>(.*)$/i.exec(rest) ?? [];
    if (path === undefined || !PARAMETERS.test(parameters)) return this.#say(REPLIES.badArguments);
    if (isActive("rate-limit")) {
      this.#say(REPLIES.rateLimit);
      this.#next = "close";
      return;
    }
    if (isActive("send-as-denied")) return this.#say(REPLIES.cannotSendAs);
    const size = Number(/ SIZE=(\d{1,15})/i.exec(parameters)?.[1] ?? 0);
    if (size > MAX_MESSAGE_BYTES || isActive("too-big")) return this.#say(REPLIES.tooBig);
    this.#reversePath = path;
    this.#say(REPLIES.senderOk);
  }

  #rcpt(rest: string): void {
    if (this.#reversePath === undefined) return this.#say(REPLIES.mailFirst);
    const [, path, parameters = ""] = /^TO: ?<([^<>]+)>(.*)$/i.exec(rest) ?? [];
    if (path === undefined || !PARAMETERS.test(parameters)) return this.#say(REPLIES.badArguments);
    if (!/^[^@]+@[^@]+$/.test(path)) return this.#say(REPLIES.badAddress);
    if (this.#recipients.length >= MAX_RECIPIENTS) return this.#say(REPLIES.tooManyRecipients);
    if (this.#rules.isActive("recipient-unknown") && /nobody/i.test(path)) {
      return this.#say(REPLIES.recipientUnknown);
    }
    this.#recipients.push(path);
    this.#say(REPLIES.recipientOk);
  }

  #data(): void {
    if (this.#reversePath === undefined) return this.#say(REPLIES.mailFirst);
    if (this.#recipients.length === 0) return this.#say(REPLIES.rcptFirst);
    this.#intake.beginDotted();
    this.#expects = "data";
    this.#say(REPLIES.startInput);
  }

  #bdat(rest: string): void {
    const [, size, last] = /^(\d{1,10})( LAST)? *$/i.exec(rest) ?? [];
    if (size === undefined) return this.#say(REPLIES.badArguments);
    // A chunk that nobody wants still comes, and is still no command.
    this.#chunk = { isLast: last !== undefined, isWanted: this.#recipients.length > 0 };
    this.#intake.beginCounted(Number(size));
    this.#expects = "chunk";
  }

  #takeContent(): boolean {
    const isWhole = this.#intake.takeContent();
    if (this.#rules.isActive("drop-mid-message") && this.#recipients.length > 0) {
      this.#next = "drop";
      return false;
    }
    if (this.#intake.contentBytes > MAX_MESSAGE_BYTES) {
      // Nobody who keeps to the SIZE of EHLO gets here.
      this.#say(REPLIES.tooBig);
      this.#next = "close";
      return false;
    }
    if (!isWhole) return false;
    const isChunk = this.#expects === "chunk";
    this.#expects = "command";
    if (!isChunk) this.#finish();
    else if (!this.#chunk.isWanted) {
      this.#intake.content();
      this.#say(this.#reversePath === undefined ? REPLIES.mailFirst : REPLIES.rcptFirst);
    } else if (this.#rules.isActive("bdat-header-size")) {
      this.#reset();
      this.#say(REPLIES.headerTooBig);
    } else if (this.#chunk.isLast) this.#finish();
    else this.#say(`250 2.6.0 CHUNK received OK, ${this.#intake.contentBytes} octets so far`);
    return true;
  }

  #finish(): void {
    const source = this.#intake.content();
    const arrival = {
      reversePath: this.#reversePath ?? "",
      recipients: this.#recipients,
      source,
    };
    this.#reset();
    const refusal = this.#refusal(arrival);
    if (refusal !== undefined) return this.#say(refusal);
    const id = this.#rules.accept(arrival);
    if (this.#rules.isActive("drop-after-message")) this.#next = "drop";
    else this.#say(`250 2.0.0 OK <${id}> [Hostname=${HOST}]`);
  }

  #refusal({ reversePath, source }: Arrival): string | undefined {
    const { isActive, account } = this.#rules;
    if (isActive("concurrent-connections")) return REPLIES.concurrent;
    if (isActive("quota")) return REPLIES.quota;
    if (isActive("mailbox-full")) return REPLIES.mailboxFull;
    const hasNoRight = this.#isApp && isActive("mailbox-permission-missing");
    if (isActive("logon-failed") || hasNoRight) return REPLIES.logonFailed;
    if (isActive("restricted-sender")) return REPLIES.restrictedSender;
    const from = fromAddress(source);
    if (from === undefined) return REPLIES.noFrom;
    const other = [reversePath, from].find((address) =>
      address !== "" && address.toLowerCase() !== account.toLowerCase()
    );
    if (other === undefined && !isActive("send-as-denied-data")) return undefined;
    return REPLIES.sendAsDenied.replace("{user}", account).replace(
      "{other}",
      printable(other ?? from),
    );
  }

  #reset(): void {
    this.#reversePath = undefined;
    this.#recipients = [];
    this.#intake.content();
  }

  #say(line: string): void {
    this.#out.push(line);
  }
}

/** Parameters of MAIL and RCPT as RFC 5321 §4.1.2 writes them. */
const PARAMETERS = /^(?: [A-Za-z0-9][A-Za-z0-9-]*(?:=[^ =]+)?)* *$/;

/** The address in the From field of a message. */
function fromAddress(source: Uint8Array): string | undefined {
  // Some header is longer, but no From field stands behind 256 KB of others.
  const text = new TextDecoder().decode(source.subarray(0, 262_144));
  const header = text.split(/\r?\n\r?\n/, 1)[0] ?? "";
  const field = /^From:((?:.*)(?:\r?\n[ \t].*)*)/im.exec(header)?.[1];
  if (field === undefined) return undefined;
  return /<([^<>@\s]+@[^<>\s]+)>/.exec(field)?.[1] ?? /[^\s<>"(),]+@[^\s<>"(),]+/.exec(field)?.[0];
}

function printable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, "?").slice(0, 200);
}
