// The header of a message that somebody else wrote (RFC 5322 §2.2, §3.6), as fields with their octets and the
// numbers of their lines. The invariant: what is not dropped or refused keeps its octets, but for its line ends.

import { Failure } from "../base/failure.ts";
import { LONGEST_LINE, NUL_REMEDY } from "./raw_lines.ts";

const CR = 0x0d;
const LF = 0x0a;

export interface RawField {
  /** In lower case. */
  readonly name: string;
  /** The name as it is written. */
  readonly writtenName: string;
  /** The number of its first line, from 1. */
  readonly line: number;
  /** All lines of the field as text, each with CRLF. */
  readonly text: string;
  /** Whether servers refuse a line of it; of a message that is not read leniently, none is. */
  readonly hasLongLine: boolean;
  /** What stands behind the colon, on one line and without blanks at its ends. */
  readonly value: string;
}

export interface RawHeader {
  readonly fields: readonly RawField[];
  /** Where the body begins in the input. */
  readonly bodyOffset: number;
  /** The number of the body's first line. */
  readonly bodyLine: number;
  /** What was dropped from the beginning of the input. */
  readonly dropped: readonly ("bom" | "mbox")[];
}

export interface HeaderOptions {
  /** Whether `octets` is all there is; else a header that does not end in them is not judged. */
  readonly isWhole: boolean;
  /**
   * Whether a line that is no field begins the body, as sendmail(8) reads it, or is refused; and the same for octets
   * that are not UTF-8, which are read as Windows-1252, and for lines that are too long.
   */
  readonly isLenient: boolean;
  readonly source: string;
}

/**
 * The header at the beginning of `octets`; undefined when more of them are needed.
 * @throws {Failure} `message.invalid` with the number of the line
 */
export function readRawHeader(octets: Uint8Array, options: HeaderOptions): RawHeader | undefined {
  const { isLenient, source } = options;
  if (!options.isWhole && octets.length < 3) return undefined;
  const dropped: ("bom" | "mbox")[] = [];
  if (isUtf16(octets)) {
    throw refused(`${source}: is UTF-16, wanted ASCII or UTF-8`, UTF16_REMEDY);
  }
  const hasBom = octets[0] === 0xef && octets[1] === 0xbb && octets[2] === 0xbf;
  if (hasBom) dropped.push("bom");
  const collected: Line[][] = [];
  let at = hasBom ? 3 : 0;
  for (let number = 1;; number++) {
    const line = lineAt(octets, { at, number, isWhole: options.isWhole });
    if (line === undefined) return undefined;
    const end = { bodyOffset: line.next, bodyLine: number + 1 };
    const header = (body: typeof end): RawHeader => ({
      fields: collected.map((lines) => fieldOf(lines, options)),
      ...body,
      dropped,
    });
    if (line.end === line.start) return header(end);
    at = line.next;
    const first = octets[line.start];
    const isContinuation = first === 0x20 || first === 0x09;
    const last = collected.at(-1);
    if (isContinuation && last !== undefined) last.push(line);
    else if (isField(octets, line)) collected.push([line]);
    else if (number === 1 && isMboxLine(octets, line)) dropped.push("mbox");
    else if (isLenient) return header({ bodyOffset: line.start, bodyLine: number });
    else throw notAField(octets, { line, isContinuation, source });
  }
}

interface Line {
  readonly octets: Uint8Array;
  readonly number: number;
  readonly start: number;
  /** Behind the last octet of the line, without its end. */
  readonly end: number;
  readonly next: number;
}

/** The line that begins there; at the end of a whole input an empty one. */
function lineAt(
  octets: Uint8Array,
  from: { readonly at: number; readonly number: number; readonly isWhole: boolean },
): Line | undefined {
  const { at: start, number, isWhole } = from;
  for (let end = start; end < octets.length; end++) {
    const octet = octets[end];
    if (octet === LF) return { octets, number, start, end, next: end + 1 };
    if (octet !== CR) continue;
    if (end + 1 === octets.length && !isWhole) return undefined;
    return { octets, number, start, end, next: octets[end + 1] === LF ? end + 2 : end + 1 };
  }
  return isWhole ? { octets, number, start, end: octets.length, next: octets.length } : undefined;
}

const FIELD_NAME = /^([!-9;-~]+)[ \t]*:/;

function isField(octets: Uint8Array, line: Line): boolean {
  return FIELD_NAME.test(shown(octets, line, 1000));
}

function isMboxLine(octets: Uint8Array, line: Line): boolean {
  return /^>?From /.test(shown(octets, line, 6));
}

function fieldOf(lines: readonly Line[], options: HeaderOptions): RawField {
  const { isLenient, source } = options;
  let text = "";
  for (const line of lines) {
    const octets = line.octets.subarray(line.start, line.end);
    const where = `${source}: line ${line.number}`;
    if (octets.length > LONGEST_LINE && !isLenient) {
      throw refused(`${where} has ${octets.length} octets, at most ${LONGEST_LINE} are allowed`, {
        remedy: "fold the field: break the line before a blank",
      });
    }
    if (octets.includes(0)) throw refused(`${where} holds a NUL octet`, { remedy: NUL_REMEDY });
    try {
      text += `${UTF8.decode(octets)}\r\n`;
    } catch (cause) {
      if (!(cause instanceof TypeError)) throw cause;
      if (isLenient) {
        text += `${WINDOWS_1252.decode(octets)}\r\n`;
        continue;
      }
      throw refused(`${where} holds octets that are not UTF-8 in a header field`, {
        remedy: "let the program that writes the message encode its header fields (RFC 2047)",
      });
    }
  }
  const [start = "", writtenName = ""] = FIELD_NAME.exec(text) ?? [];
  return {
    name: writtenName.toLowerCase(),
    writtenName,
    line: lines[0]?.number ?? 0,
    text,
    hasLongLine: lines.some(({ start: from, end }) => end - from > LONGEST_LINE),
    value: text.slice(start.length).replaceAll("\r\n", "").replaceAll("\t", " ").trim(),
  };
}

// A byte order mark inside the text is an octet like any other.
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const WINDOWS_1252 = new TextDecoder("windows-1252");

function notAField(
  octets: Uint8Array,
  at: { readonly line: Line; readonly isContinuation: boolean; readonly source: string },
): Failure {
  const { line, isContinuation, source } = at;
  const where = `${source}: line ${line.number}`;
  if (isContinuation) {
    return refused(`${where} begins with a blank, but there is no header field before it`, {
      remedy: "begin the message with its first header field",
    });
  }
  const text = JSON.stringify(shown(octets, line, 40)).replaceAll(/[^ -~]/g, "?");
  const hasColon = shown(octets, line, 1000).includes(":");
  return refused(
    `${where} is no header field: ${
      hasColon ? "its name has blanks or other strange characters" : "it has no colon"
    }, found ${text}`,
    { remedy: "put an empty line between the header and the body, and no blanks on it" },
  );
}

function isUtf16(octets: Uint8Array): boolean {
  const [first, second] = octets;
  return (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
}

const UTF16_REMEDY = {
  remedy:
    "save the message as ASCII or UTF-8; in PowerShell write it with Set-Content -Encoding ascii, not with >",
};

function shown(octets: Uint8Array, line: Line, most: number): string {
  return String.fromCharCode(...octets.subarray(line.start, Math.min(line.end, line.start + most)));
}

function refused(message: string, detail: { readonly remedy: string }): Failure {
  return new Failure("message.invalid", message, detail);
}
