// Plays a written dialog against the client: an in-memory stream whose other end is the script. Lines of a file:
//   # comment       source of the dialog          @ key value   how the session is opened, and what is sent
//   @ ahead yes     each send names the next one, as a batch does; `@ ahead A > B` one more, which is then not sent
//   C: text         the client must say exactly this line        C~ pattern   or a line that matches
//   C# n            n octets of the message       S: text       the server says this line
//   * TLS           the client must start TLS here              * EOF, * RESET   how the connection ends
//   * STALL         the server says nothing any more, and the client's time (@ timeout) runs out
// The client gets no reply to what it has not said yet, so a script also proves who speaks when.

import { Failure } from "../../src/base/failure.ts";
import type { MessageSource } from "../../src/base/message_source.ts";
import type { ByteStream } from "../../src/base/world.ts";
import {
  type Credentials,
  type DsnRequest,
  type NextMail,
  openSession,
  type SessionOptions,
  type SmtpSession,
} from "../../src/smtp/client.ts";
import type { LocalStream, Network } from "../../src/smtp/network.ts";

export interface Script {
  readonly settings: ReadonlyMap<string, string>;
  readonly sends: readonly string[];
  readonly steps: readonly Step[];
}

interface Step {
  readonly kind: "C:" | "C~" | "C#" | "S:" | "*";
  readonly text: string;
  readonly line: number;
}

export function parseScript(text: string): Script {
  const settings = new Map<string, string>();
  const sends: string[] = [];
  const steps: Step[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line === "" || line.startsWith("#")) continue;
    const match = /^(C:|C~|C#|S:|\*|@)(?: (.*))?$/.exec(line);
    const kind = match?.[1];
    const rest = match?.[2] ?? "";
    if (kind === "@") {
      const [key = "", ...value] = rest.split(" ");
      if (key === "send") sends.push(value.join(" "));
      else settings.set(key, value.join(" "));
    } else if (kind === "C:" || kind === "C~" || kind === "C#" || kind === "S:" || kind === "*") {
      steps.push({ kind, text: rest, line: index + 1 });
    } else {
      throw new Error(`line ${index + 1} is no line of a dialog: ${line}`);
    }
  }
  return { settings, sends, steps };
}

/** Says how many of the octets at hand the stream passes on at once. */
export type Cut = (available: number) => number;

class ScriptedStream implements LocalStream {
  readonly localAddress: string;
  complaint: string | undefined;
  readonly #steps: Step[];
  readonly #cut: Cut;
  #said = new Uint8Array(0);
  #toSay = new Uint8Array(0);
  #messageOctets = 0;
  #octetsDue: number | undefined;
  #isClosed = false;
  #wake = Promise.withResolvers<void>();

  constructor(script: Script, cut: Cut) {
    this.localAddress = script.settings.get("local") ?? "192.168.1.5";
    this.#steps = [...script.steps];
    this.#cut = cut;
    this.#advance();
  }

  async read(into: Uint8Array): Promise<number | null> {
    while (true) {
      await Promise.resolve();
      if (this.#isClosed) throw new Deno.errors.Interrupted("operation canceled");
      if (this.#toSay.length > 0) {
        const count = Math.min(this.#cut(this.#toSay.length), into.length);
        into.set(this.#toSay.subarray(0, count));
        this.#toSay = this.#toSay.slice(count);
        return count;
      }
      const step = this.#steps[0];
      if (step?.kind === "*" && step.text === "EOF") return null;
      if (step?.kind === "*" && step.text === "RESET") {
        throw new Deno.errors.ConnectionReset("Connection reset by peer");
      }
      if (step?.kind === "*" && step.text === "STALL") {
        await this.#wake.promise;
        continue;
      }
      if (step === undefined || (this.#said.length === 0 && step.kind === "*")) {
        this.#complain(`client waits for a reply where the script has ${describe(step)}`);
        continue;
      }
      await this.#wake.promise;
    }
  }

  async write(bytes: Uint8Array): Promise<number> {
    await Promise.resolve();
    if (this.#isClosed) throw new Deno.errors.BrokenPipe("closed");
    const count = this.#cut(bytes.length);
    const joined = new Uint8Array(this.#said.length + count);
    joined.set(this.#said);
    joined.set(bytes.subarray(0, count), this.#said.length);
    this.#said = joined;
    this.#advance();
    return count;
  }

  closeWrite(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {
    this.#isClosed = true;
    this.#wakeUp();
  }

  startTls(): void {
    const step = this.#steps.shift();
    if (step?.kind !== "*" || step.text !== "TLS" || this.#toSay.length + this.#said.length > 0) {
      this.#complain(`client starts TLS where the script has ${describe(step)}`);
    }
    this.#advance();
  }

  /** What the client left out, or did beyond the script. */
  finish(): string | undefined {
    const left = this.#steps[0];
    if (left !== undefined && left.kind !== "*") {
      this.#complain(`client ended where the script has ${describe(left)}`);
    }
    if (this.#said.length > 0) {
      const text = new TextDecoder().decode(this.#said.subarray(0, 200));
      this.#complain(`client said ${JSON.stringify(text)} where the script has ${describe(left)}`);
    }
    return this.complaint;
  }

  #advance(): void {
    for (let step = this.#steps[0]; step !== undefined; step = this.#steps[0]) {
      if (step.kind === "S:") this.#say(step.text);
      else if (step.kind === "*" || !this.#hear(step)) break;
      this.#steps.shift();
    }
    this.#wakeUp();
  }

  #hear(step: Step): boolean {
    if (step.kind === "C#") {
      this.#octetsDue ??= Number(step.text);
      const heard = Math.min(this.#octetsDue, this.#said.length);
      for (const octet of this.#said.subarray(0, heard)) {
        if (octet !== messageOctet(this.#messageOctets++)) {
          this.#complain(`octet ${this.#messageOctets - 1} of the message differs`);
          return false;
        }
      }
      this.#said = this.#said.slice(heard);
      this.#octetsDue -= heard;
      if (this.#octetsDue > 0) return false;
      this.#octetsDue = undefined;
      return true;
    }
    const end = this.#said.indexOf(0x0a);
    if (end < 0) return false;
    const line = new TextDecoder().decode(this.#said.subarray(0, end + 1));
    this.#said = this.#said.slice(end + 1);
    const isRight = step.kind === "C~"
      ? new RegExp(`^(?:${step.text})\r\n$`).test(line)
      : line === `${step.text}\r\n`;
    if (!isRight) this.#complain(`client said ${JSON.stringify(line)}, wanted ${describe(step)}`);
    return isRight;
  }

  #say(text: string): void {
    const line = new TextEncoder().encode(
      `${text.replaceAll("\\n", "\n").replaceAll("\\e", "\x1b")}\r\n`,
    );
    const joined = new Uint8Array(this.#toSay.length + line.length);
    joined.set(this.#toSay);
    joined.set(line, this.#toSay.length);
    this.#toSay = joined;
  }

  #complain(what: string): void {
    this.complaint ??= what;
    this.close();
  }

  #wakeUp(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers<void>();
  }
}

function describe(step: Step | undefined): string {
  return step === undefined ? "its end" : `line ${step.line}: ${step.kind} ${step.text}`;
}

/** Octets of a generated message: letters in lines of 64. */
function messageOctet(place: number): number {
  const column = place % 64;
  return column === 62 ? 0x0d : column === 63 ? 0x0a : 0x61 + (place % 23);
}

export interface Played {
  /** Results of the sends, the last one possibly a failure. */
  readonly outcome: readonly unknown[];
  readonly complaint: string | undefined;
  readonly transcript: readonly string[];
}

export async function play(script: Script, cut: Cut): Promise<Played> {
  const stream = new ScriptedStream(script, cut);
  const transcript: string[] = [];
  const outcome: unknown[] = [];
  try {
    const session = await openSession(sessionOptions(script, { stream, transcript }));
    try {
      const mails = script.sends.map((send) => mailOf(send, script));
      const ahead = script.settings.get("ahead");
      const notSent = ahead?.includes(">") === true ? [mailOf(ahead, script)] : [];
      for (const [at, mail] of mails.entries()) {
        const following = ahead === undefined ? undefined : [...mails, ...notSent][at + 1];
        outcome.push(await sendOne(session, { mail, following }));
      }
    } finally {
      await session[Symbol.asyncDispose]();
    }
  } catch (error) {
    outcome.push(failureAsJson(error));
  }
  return { outcome, complaint: stream.finish(), transcript };
}

function mailOf(send: string, script: Script): NextMail {
  const dsn = dsnOf(script.settings.get("dsn"));
  const [addresses = "", text = ""] = send.split(" | ");
  const [reversePath = "", recipients = ""] = addresses.split(" > ");
  const envelope = {
    reversePath: reversePath.replace("<>", ""),
    recipients: recipients.split(" "),
    ...(dsn === undefined ? {} : { dsn }),
  };
  return { envelope, message: messageFor(text) };
}

async function sendOne(
  session: SmtpSession,
  { mail, following }: { readonly mail: NextMail; readonly following: NextMail | undefined },
): Promise<unknown> {
  try {
    return await session.send(mail.envelope, mail.message, { next: () => following });
  } catch (error) {
    return failureAsJson(error);
  }
}

/** `failure,delay hdrs <id@x>`; `-` for what is not asked for. */
function dsnOf(setting: string | undefined): DsnRequest | undefined {
  if (setting === undefined) return undefined;
  const [notify = "", ret = "-", envelopeId = "-"] = setting.split(" ");
  return {
    notify: notify.split(",") as DsnRequest["notify"],
    ...(ret === "-" ? {} : { ret: ret as "full" | "hdrs" }),
    ...(envelopeId === "-" ? {} : { envelopeId }),
  };
}

function sessionOptions(
  script: Script,
  { stream, transcript }: { stream: ScriptedStream; transcript: string[] },
): SessionOptions {
  const setting = (key: string, usual: string): string => script.settings.get(key) ?? usual;
  const network: Network = {
    connect: () => Promise.resolve(stream),
    connectTls: () => Promise.resolve(stream),
    startTls: (same: ByteStream) => {
      stream.startTls();
      return Promise.resolve(same as LocalStream);
    },
  };
  return {
    host: setting("host", "smtp.example.com"),
    port: Number(setting("port", "587")),
    tls: setting("tls", "starttls") as SessionOptions["tls"],
    timeoutMs: Number(setting("timeout", "30000")),
    caCerts: [],
    network,
    credentials: () => Promise.resolve(credentialsFor(setting("auth", "xoauth2"), setting)),
    initialResponse: setting("initial", "auto") as SessionOptions["initialResponse"],
    chunking: setting("chunking", "auto") as SessionOptions["chunking"],
    transcript: (direction, line) => transcript.push(`${direction}: ${line}`),
    signal: new AbortController().signal,
  };
}

function credentialsFor(
  kind: string,
  setting: (key: string, usual: string) => string,
): Credentials {
  const user = setting("user", "plant1@contoso.com");
  if (kind === "none") return { kind };
  if (kind === "password") {
    return { kind, user, password: setting("password", "Sesam-Oeffne-Dich") };
  }
  const mechanism = kind as "xoauth2" | "oauthbearer" | "auto";
  const length = setting("token-length", "");
  const accessToken = length === ""
    ? setting("token", "TOKEN-of-a-plant")
    : "x".repeat(Number(length));
  return { kind: "token", mechanism, user, accessToken };
}

const TEXT = "Subject: hi\r\n\r\n.hi\r\n";

/** `size N`, `fails N` (after that many octets of one more), `eightbit`, `utf8`, or nothing for a short text. */
function messageFor(words: string): MessageSource {
  const [kind = "", number = "0"] = words.split(" ");
  const flags = { needsEightBitMime: kind === "eightbit", needsSmtpUtf8: kind === "utf8" };
  if (kind === "size" || kind === "fails") {
    const size = Number(number);
    return {
      sizeBytes: kind === "fails" ? size + 1 : size,
      ...flags,
      async *chunks(): AsyncGenerator<Uint8Array, void> {
        for (let start = 0; start < size; start += 50_000) {
          await Promise.resolve();
          const length = Math.min(50_000, size - start);
          yield Uint8Array.from({ length }, (_, i) => messageOctet(start + i));
        }
        if (kind === "fails") {
          throw new Failure("input.unreadable", "cannot read a.pdf: disk removed");
        }
      },
    };
  }
  const bytes = new TextEncoder().encode(TEXT);
  return {
    sizeBytes: bytes.length,
    ...flags,
    async *chunks(): AsyncGenerator<Uint8Array, void> {
      await Promise.resolve();
      yield bytes;
    },
  };
}

function failureAsJson(error: unknown): unknown {
  if (!(error instanceof Failure)) throw error;
  const { code, exitCode, message, remedy, retry, refusal } = error;
  const challenge = error.code === "smtp.auth_refused" ? error.cause : undefined;
  return { failure: { code, exitCode, retry, message, remedy, refusal, challenge } };
}
