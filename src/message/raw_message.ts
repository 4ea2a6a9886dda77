// A message that somebody else wrote, as it goes on (RFC 5322, RFC 6409 §8): without Bcc, with the Date and the
// Message-ID that it lacks, and with CRLF line ends. The invariant: every other octet of header and body is handed
// on as it is; of the body never more than a piece is in memory.

import { Failure } from "../base/failure.ts";
import type { MessageSource } from "../base/message_source.ts";
import { joinOctets } from "../base/octets.ts";
import { type RawField, readRawHeader } from "./raw_header.ts";
import { LineRepair } from "./raw_lines.ts";
import { type LocalNames, mailboxesOf } from "./raw_recipients.ts";

/** Servers take far less; a file without an empty line need not be read to its end. */
const LONGEST_HEADER = 1024 * 1024;

/** Octets that can be read again. */
export interface RawInput {
  /** What messages call it. */
  readonly name: string;
  /** The octets from there on, in pieces that stay valid until the next one is asked for. */
  octets(from: number): AsyncIterable<Uint8Array>;
}

export interface RawOptions {
  /**
   * What sendmail(8) does: a line that is no field begins the body, a From line of a mailbox goes without a word,
   * a line of the body that is too long is broken instead of refused, and a header that is not UTF-8 is read as
   * Windows-1252.
   */
  readonly isLenient: boolean;
}

/** A message that is read and found to be good, but for what is in its header. */
export interface RawMessage {
  readonly source: string;
  readonly fields: readonly RawField[];
  /** Lines for the person: what is not as it should be, and goes on nevertheless. */
  readonly warnings: readonly string[];
  readonly body: {
    readonly sizeBytes: number;
    readonly hasEightBit: boolean;
    chunks(): AsyncIterable<Uint8Array>;
  };
}

/** @throws {Failure} `message.invalid` with the number of the line; `input.unreadable` */
export async function readRawMessage(input: RawInput, options: RawOptions): Promise<RawMessage> {
  const { isLenient } = options;
  const source = input.name;
  const header = await readHeader(input, isLenient);
  const repair = (): LineRepair =>
    new LineRepair({ line: header.bodyLine, source, foldsLongLines: isLenient });
  const scan = repair();
  let sizeBytes = 0;
  for await (const piece of input.octets(header.bodyOffset)) sizeBytes += scan.push(piece).length;
  sizeBytes += scan.end().length;
  const warnings = header.dropped.filter((what) => what === "bom" || !isLenient).map((what) =>
    `${source}: ${DROPPED[what]} is left out`
  );
  if (scan.foldedLines > 0) {
    warnings.push(`${source}: lines that are too long for mail servers are broken`);
  }
  return {
    source,
    fields: header.fields,
    warnings,
    body: {
      sizeBytes,
      hasEightBit: scan.hasEightBit,
      chunks: () => repaired(input.octets(header.bodyOffset), repair()),
    },
  };
}

const DROPPED = {
  bom: "the byte order mark at the beginning",
  mbox: 'the "From " line of a mailbox file at the beginning',
};

async function readHeader(
  input: RawInput,
  isLenient: boolean,
): Promise<NonNullable<ReturnType<typeof readRawHeader>>> {
  const source = input.name;
  const parts: Uint8Array[] = [];
  let total = 0;
  for await (const piece of input.octets(0)) {
    parts.push(piece.slice());
    total += piece.length;
    const header = readRawHeader(joinOctets(parts), { isWhole: false, isLenient, source });
    if (header !== undefined) return header;
    if (total > LONGEST_HEADER) {
      throw new Failure(
        "message.invalid",
        `${source}: has no end of its header in its first 1 MB`,
        {
          remedy: "put an empty line between the header and the body",
        },
      );
    }
  }
  if (total === 0 && !isLenient) {
    throw new Failure("message.invalid", `${source}: is empty, wanted a message`, {
      remedy: "write header fields, an empty line and the body into it",
    });
  }
  const header = readRawHeader(joinOctets(parts), { isWhole: true, isLenient, source });
  if (header === undefined) throw new Error("a whole header always ends");
  return header;
}

async function* repaired(
  pieces: AsyncIterable<Uint8Array>,
  repair: LineRepair,
): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) yield repair.push(piece);
  yield repair.end();
}

/** The fields of this name that hold something. */
export function fieldsNamed(message: RawMessage, name: string): readonly RawField[] {
  return message.fields.filter((field) => field.name === name && field.value !== "");
}

/** The Message-ID that the message brings along. */
export function messageIdOf(message: RawMessage): string | undefined {
  return fieldsNamed(message, "message-id")[0]?.value;
}

/**
 * Sees that there is one From field with one mailbox, or with several and a Sender.
 * @throws {Failure} `message.invalid`
 */
export function checkFrom(message: RawMessage, localNames: LocalNames): void {
  const { source } = message;
  const [from, ...more] = fieldsNamed(message, "from");
  const why = "Microsoft 365 and Gmail take messages with exactly one From field only";
  if (from === undefined) {
    throw new Failure("message.invalid", `${source}: has no From field`, {
      remedy: `add a line such as "From: Plant <plant@example.com>" to its header: ${why}`,
    });
  }
  if (more.length > 0) {
    const lines = [from, ...more].map(({ line }) => line).join(", ");
    throw new Failure(
      "message.invalid",
      `${source}: has ${more.length + 1} From fields, on lines ${lines}`,
      { remedy: `leave one of them: ${why}` },
    );
  }
  const mailboxes = mailboxesOf(from, { source, localNames });
  const isSigned = mailboxes.length > 1 && fieldsNamed(message, "sender").length === 1;
  if (mailboxes.length === 1 || isSigned) return;
  throw new Failure(
    "message.invalid",
    `${source}: line ${from.line}: From: wanted one address, found ${mailboxes.length || "none"}`,
    { remedy: "name one sender in From; several need a Sender field beside it" },
  );
}

export interface FinishOptions {
  /** Whole fields, each with its line end, in the place of an empty one of that name or behind all others. */
  readonly added: readonly { readonly name: string; readonly text: string }[];
  /** The same in the place of a field. */
  readonly replaced?: ReadonlyMap<RawField, string>;
}

/** The message as it is handed over. */
export function finishRawMessage(message: RawMessage, options: FinishOptions): MessageSource {
  const added = new Map(options.added.map(({ name, text }) => [name.toLowerCase(), text]));
  let text = "";
  for (const field of message.fields) {
    if (field.name === "bcc" || field.name === "resent-bcc") continue;
    const inPlace = added.get(field.name);
    text += options.replaced?.get(field) ?? inPlace ?? field.text;
    // A second field of the name would say it again.
    if (inPlace !== undefined) added.set(field.name, "");
  }
  const isThere = (name: string): boolean => message.fields.some((field) => field.name === name);
  const missing = [...added].filter(([name]) => !isThere(name)).map(([, one]) => one).join("");
  const head = new TextEncoder().encode(`${text}${missing}\r\n`);
  const hasRawUtf8 = head.some((octet) => octet > 127);
  const { body } = message;
  return {
    sizeBytes: head.length + body.sizeBytes,
    needsEightBitMime: hasRawUtf8 || body.hasEightBit,
    needsSmtpUtf8: hasRawUtf8,
    async *chunks(): AsyncGenerator<Uint8Array> {
      yield head;
      yield* body.chunks();
    },
  };
}
