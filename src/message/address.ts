// Mailboxes as people write them and as headers hold them (RFC 5322 §3.4, RFC 6532). The invariant: an address that
// leaves here is a valid addr-spec with an ASCII domain, without blanks, comments and control characters, so it may
// be put between angle brackets in a header or in a command.

import { Failure } from "../base/failure.ts";
import { encodedWords, needsEncodedWords } from "./encoded_word.ts";

const UTF8 = new TextEncoder();
const MAX_LOCAL_OCTETS = 64;
const MAX_ADDRESS_OCTETS = 254;
const MAX_WORD = 64;
const WANTED = "wanted user@host or Name <user@host>";

const QUOTED = String.raw`"(?:[^"\\]|\\.)*"`;
// Printable characters above ASCII are atoms as well (RFC 6532 §3.2); invisible ones are slips of copy and paste.
const ATEXT = String
  .raw`(?:[A-Za-z0-9!#$%&'*+\/=?^_\x60{|}~\-]|[^\x00-\x7f\p{Z}\p{Cc}\p{Cf}\p{Cs}])`;
const DOT_ATOM = new RegExp(String.raw`^${ATEXT}+(?:\.${ATEXT}+)*$`, "u");
const QUOTED_ONLY = new RegExp(`^${QUOTED}$`, "u");
const NAME_AND_ADDRESS = new RegExp(`^((?:[^"<]|${QUOTED})*)<(.*)>$`, "u");
const PHRASE_PIECE = new RegExp(`${QUOTED}|[^"]+`, "gu");
const LABEL = "[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?";
const DOMAIN = new RegExp(String.raw`^${LABEL}(?:\.${LABEL})*$`);
const LITERAL =
  /^\[(?:\d{1,3}(?:\.\d{1,3}){3}|IPv6:[0-9A-Fa-f:.]{2,45}|[A-Za-z0-9-]*[A-Za-z0-9]:[!-Z^-~]+)\]$/;

export interface Mailbox {
  /** The display name, decoded; absent when there is none. */
  readonly name?: string;
  /** The addr-spec, without angle brackets. */
  readonly address: string;
}

/**
 * The mailboxes of a comma list, in its order. Comments and empty elements are dropped; encoded-words stay as
 * they are; a domain outside ASCII becomes A-labels; a local part outside ASCII is kept.
 * @throws {Failure} `usage.invalid`, with the piece that is wrong
 */
export function parseAddressList(text: string): readonly Mailbox[] {
  return splitAddressList(text).map(parseMailbox);
}

/**
 * The pieces between the commas that count: not those in quotes, in comments or between brackets. Without comments
 * and empty pieces.
 * @throws {Failure} `usage.invalid` for a control character, and for quotes, comments and brackets that do not end
 */
export function splitAddressList(text: string): readonly string[] {
  if (/\p{Cc}/u.test(text)) {
    throw refused(text, "holds a line break or another control character", {
      remedy: "write the addresses on one line, with commas between them",
    });
  }
  const found: string[] = [];
  let element = "";
  let closer = "";
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (closer === '"' && character === "\\") {
      element += text.slice(at, at + 2);
      at++;
    } else if (closer !== "") {
      element += character;
      // A quoted local part may stand between angle brackets, and hold one.
      if (closer === ">" && character === '"') {
        const quoted = /^"(?:[^"\\]|\\.)*"/u.exec(text.slice(at))?.[0] ?? character;
        element += quoted.slice(1);
        at += quoted.length - 1;
      } else if (character === closer) closer = "";
    } else if (character === ",") {
      found.push(element);
      element = "";
      start = at + 1;
    } else if (character === "(") {
      element += " ";
      at = endOfComment(text, { at, start });
    } else {
      element += character;
      closer = CLOSERS.get(character) ?? "";
    }
  }
  if (closer !== "") throw refused(text.slice(start), `lacks the closing ${closer}`);
  found.push(element);
  return found.map((piece) => piece.trim()).filter((piece) => piece !== "");
}

/**
 * The mailbox as a header holds it, in words between which it may be folded: the name quoted or encoded where it
 * must be. `firstMax` is the room for the first word, in characters.
 */
export function mailboxWords(mailbox: Mailbox, firstMax: number = MAX_WORD): readonly string[] {
  const { name = "", address } = mailbox;
  if (name.trim() === "") return [address];
  return [...phrase(name, Math.min(firstMax, MAX_WORD)), `<${address}>`];
}

/**
 * The addr-spec in the form that the rest of the program uses.
 * @throws {Failure} `usage.invalid`
 */
export function parseAddress(text: string): string {
  const at = text.lastIndexOf("@");
  if (at < 0) throw refused(text, `has no @, ${WANTED}`);
  const local = parseLocalPart(text.slice(0, at), text);
  const domain = asciiDomain(text.slice(at + 1));
  if (domain === undefined) {
    throw refused(text, `has no valid host behind the @, ${WANTED}`);
  }
  const address = `${local}@${domain}`;
  const localOctets = utf8Length(local);
  if (localOctets > MAX_LOCAL_OCTETS) {
    throw refused(
      text,
      `has ${localOctets} octets before the @, at most ${MAX_LOCAL_OCTETS} allowed`,
    );
  }
  const octets = utf8Length(address);
  if (octets > MAX_ADDRESS_OCTETS) {
    throw refused(text, `has ${octets} octets, at most ${MAX_ADDRESS_OCTETS} are allowed`);
  }
  return address;
}

/** The domain or address literal in ASCII (RFC 5890 A-labels); undefined when it is neither. */
export function asciiDomain(domain: string): string | undefined {
  if (/^[ -~]*$/.test(domain)) {
    return LITERAL.test(domain) || (domain.length <= 253 && DOMAIN.test(domain))
      ? domain
      : undefined;
  }
  // What a URL would take for a port, a path, an escape or a blank must not get that far.
  if (/[\p{Z}\p{C} -,/:-@[-^`{-~]/u.test(domain) || domain.endsWith(".")) return undefined;
  try {
    const ascii = new URL(`http://${domain}`).hostname;
    return DOMAIN.test(ascii) && !/^[\d.]+$/.test(ascii) ? ascii : undefined;
  } catch {
    return undefined; // not a domain by UTS #46
  }
}

const CLOSERS: ReadonlyMap<string, string> = new Map([['"', '"'], ["<", ">"], ["[", "]"]]);

function endOfComment(text: string, from: { readonly at: number; readonly start: number }): number {
  let depth = 0;
  for (let at = from.at; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === "\\") at++;
    else if (character === "(") depth++;
    else if (character === ")" && --depth === 0) return at;
  }
  throw refused(text.slice(from.start), "lacks the closing )");
}

function parseMailbox(element: string): Mailbox {
  const parts = NAME_AND_ADDRESS.exec(element);
  if (parts === null) return { address: parseAddress(element) };
  const [, words = "", angle = ""] = parts;
  if (angle.trim() === "") {
    throw refused(element, `has nothing between the angle brackets, ${WANTED}`);
  }
  const address = parseAddress(angle.trim());
  const name = parsePhrase(words, { element, address });
  return name === "" ? { address } : { name, address };
}

function parsePhrase(
  words: string,
  of: { readonly element: string; readonly address: string },
): string {
  let name = "";
  for (const [piece] of words.matchAll(PHRASE_PIECE)) {
    if (piece.startsWith('"')) {
      name += unquoted(piece);
      continue;
    }
    // An @ or a semicolon in a bare name is an address whose comma was forgotten, and it would be lost.
    const isAddress = piece.trim().toLowerCase() === of.address.toLowerCase();
    if (/[;>)\\]/.test(piece) || (piece.includes("@") && !isAddress)) {
      throw refused(of.element, "has a name with special characters that is not in quotes", {
        remedy: 'put commas between addresses, and such a name in quotes: "Name; more" <user@host>',
      });
    }
    name += piece.replace(/ {2,}/g, " ");
  }
  return name.trim();
}

function parseLocalPart(local: string, text: string): string {
  const content = QUOTED_ONLY.test(local) ? unquoted(local) : local;
  if (DOT_ATOM.test(content)) return content;
  if (content === local) {
    const strange = /[^\x21-\x7e\p{L}\p{M}\p{N}\p{P}\p{S}]/u.exec(local)?.[0];
    const problem = local === ""
      ? "has nothing before the @"
      : strange === undefined
      ? "has characters before the @ that may not stand there"
      : `has ${nameOf(strange)} before the @`;
    throw refused(text, `${problem}, ${WANTED}`, {
      remedy: "separate addresses with commas, and put a name with special characters in quotes",
    });
  }
  if (/[\p{Cc}\p{Cs}]/u.test(content)) throw refused(text, "holds a control character");
  return quoted(content);
}

function nameOf(character: string): string {
  if (character === " ") return "a blank";
  const codePoint = character.codePointAt(0) ?? 0;
  return `the character U+${codePoint.toString(16).toUpperCase().padStart(4, "0")}`;
}

function phrase(name: string, firstMax: number): readonly string[] {
  const words = name.split(" ");
  const isFoldable = words.every((word) => word.length <= firstMax);
  if (needsEncodedWords(name) || !isFoldable) return encodedWords(name, firstMax);
  if (words.every((word) => /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+$/.test(word))) return words;
  // Some readers lose blanks where a quoted string is folded, so it is kept whole, or encoded.
  const whole = quoted(name);
  return whole.length <= firstMax ? [whole] : encodedWords(name, firstMax);
}

function quoted(content: string): string {
  return `"${content.replace(/["\\]/g, "\\$&")}"`;
}

function unquoted(piece: string): string {
  return piece.slice(1, -1).replace(/\\(.)/gu, "$1");
}

function utf8Length(text: string): number {
  return UTF8.encode(text).length;
}

function refused(
  piece: string,
  problem: string,
  detail: { readonly remedy?: string } = {},
): Failure {
  const shown = piece.trim();
  const short = shown.length > 80 ? `${shown.slice(0, 80)}...` : shown;
  return new Failure("usage.invalid", `address ${JSON.stringify(short)} ${problem}`, detail);
}
