// Header fields (RFC 5322 §2.2, §3.6; RFC 2047): each function gives one whole field with its line end, folded. The
// invariant: no value brings a line end of its own, so nobody can smuggle in a field.

import { Failure } from "../base/failure.ts";
import { type Mailbox, mailboxWords, parseAddress } from "./address.ts";
import { encodedWords, needsEncodedWords } from "./encoded_word.ts";

// RFC 5322 asks for 78, RFC 2047 §2 for 76 on lines with encoded-words: the smaller one fits both.
const LINE_MAX = 76;
// A word without blanks cannot be folded; beyond this it would come too near to the hard limit of 998.
const WORD_MAX = 900;
// An encoded-word of one character takes up to 24, and stands beside the name.
const NAME_MAX = LINE_MAX - 24 - ": ".length;

/**
 * A field with free text, for example Subject.
 * @throws {Failure} `message.invalid`
 */
export function unstructured(name: string, value: string): string {
  const text = oneLine(value, name);
  const words = text.split(" ");
  if (needsEncodedWords(text) || words.some((word) => word.length > WORD_MAX)) {
    return fold(name, encodedWords(text, LINE_MAX - name.length - 2));
  }
  return fold(name, words);
}

/**
 * A field with mailboxes, for example To. An address with a local part outside ASCII stands in it as raw UTF-8
 * (RFC 6532).
 * @throws {Failure} `message.invalid`
 */
export function addressHeader(name: string, mailboxes: readonly Mailbox[]): string {
  const words = mailboxes.flatMap((mailbox, index) => {
    const firstMax = index === 0 ? LINE_MAX - name.length - 2 : LINE_MAX - 1;
    const own = [...mailboxWords(checked(mailbox, name), firstMax)];
    if (index < mailboxes.length - 1) own.push(`${own.pop() ?? ""},`);
    return own;
  });
  return fold(name, words);
}

/**
 * The name of a field, when it is one (RFC 5322 §3.6.8) that leaves room for an encoded-word beside it.
 * @throws {Failure} `message.invalid`
 */
export function fieldName(name: string): string {
  if (/^[!-9;-~]+$/.test(name) && name.length <= NAME_MAX) return name;
  throw new Failure("message.invalid", `${JSON.stringify(name)} is not the name of a field`, {
    remedy: `use at most ${NAME_MAX} letters, digits and hyphens, as in X-Plant`,
  });
}

/** A field of words between which it may be folded. The first one always stands beside the name. */
export function fold(name: string, words: readonly string[]): string {
  let folded = "";
  let line = `${name}:`;
  let isFirst = true;
  for (const word of words) {
    if (!isFirst && line.length + 1 + word.length > LINE_MAX) {
      folded += `${line}\r\n`;
      line = "";
    }
    if (word !== "" || !isFirst) line += ` ${word}`;
    isFirst = false;
  }
  return `${folded}${line}\r\n`;
}

/**
 * The value itself, when it can stand in a header.
 * @throws {Failure} `message.invalid` when it holds CR, LF or NUL
 */
export function oneLine(value: string, field: string): string {
  const found = /[\r\n\0]/.exec(value)?.[0];
  if (found === undefined) return value;
  const what = found === "\0" ? "a NUL character" : "a line break";
  throw new Failure("message.invalid", `${field}: holds ${what}, wanted text on one line`, {
    remedy: `take it out of ${field}`,
  });
}

function checked(mailbox: Mailbox, field: string): Mailbox {
  const name = oneLine(mailbox.name ?? "", field);
  try {
    return { name, address: parseAddress(oneLine(mailbox.address, field)) };
  } catch (cause) {
    if (!(cause instanceof Failure) || cause.code !== "usage.invalid") throw cause;
    throw new Failure("message.invalid", `${field}: ${cause.message}`, { cause });
  }
}
