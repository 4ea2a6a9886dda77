// Parameters of Content-Type and Content-Disposition: file names (RFC 2045 §5.1, RFC 2183, RFC 2231). A name outside
// ASCII gets no plain `filename` beside its `filename*`: Python's email and others would take the plain one.

import { encodedWords, needsEncodedWords } from "./encoded_word.ts";
import { fold } from "./header.ts";

const PLAIN_MAX = 60;
const SEGMENT_MAX = 56;
const UTF8 = new TextEncoder();

/** A field with a value and parameters, each in the words between which it may be folded. */
export function parameterField(
  name: string,
  options: { readonly value: string; readonly parameters: readonly (readonly string[])[] },
): string {
  const parts = [[options.value], ...options.parameters];
  const words = parts.flatMap((part, index) =>
    index === parts.length - 1 ? part : [...part.slice(0, -1), `${part.at(-1) ?? ""};`]
  );
  return fold(name, words);
}

/** `name="value"`, or `name*=UTF-8''value`, in several numbered parts where it is long (RFC 2231 §3, §4). */
export function extendedParameter(name: string, value: string): readonly string[] {
  if (isPlain(value)) return [`${name}="${value}"`];
  const segments: string[] = [];
  let segment = "UTF-8''";
  for (const character of value) {
    const encoded = percentEncoded(character);
    if (segment.length + encoded.length > SEGMENT_MAX) {
      segments.push(segment);
      segment = "";
    }
    segment += encoded;
  }
  segments.push(segment);
  if (segments.length === 1) return [`${name}*=${segment}`];
  return segments.map((text, index) =>
    `${name}*${index}*=${text}${index < segments.length - 1 ? ";" : ""}`
  );
}

/** `name="value"`, with encoded-words in the quotes where needed: against the standard, but old Outlooks read it. */
export function encodedWordParameter(name: string, value: string): readonly string[] {
  if (isPlain(value)) return [`${name}="${value}"`];
  const words = [...encodedWords(value, 64)];
  words[0] = `${name}="${words[0] ?? ""}`;
  words.push(`${words.pop() ?? ""}"`);
  return words;
}

// Readers disagree about escapes in quoted strings and about encoded-words in them, so such names are not plain.
function isPlain(value: string): boolean {
  return value.length <= PLAIN_MAX && !needsEncodedWords(value) && !/["\\%]/.test(value);
}

// RFC 2231 §7 attribute-char: no blanks, controls, tspecials, and none of * ' %.
function percentEncoded(character: string): string {
  if (/^[A-Za-z0-9!#$&+.^_`{|}~-]$/.test(character)) return character;
  return Array.from(
    UTF8.encode(character),
    (octet) => `%${octet.toString(16).toUpperCase().padStart(2, "0")}`,
  ).join("");
}
