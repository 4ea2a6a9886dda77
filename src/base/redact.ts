// The last line of defence for secrets: every line that leaves the program passes here. Code that prints must
// not rely on it; it shows placeholders of its own and never hands a secret to a message.

import { asciiJson } from "./ascii_json.ts";
import { toBase64 } from "./base64.ts";

const PLACEHOLDER = "<redacted>";
const SHORTEST = 6;

/** Replaces every text it was told of, also in its percent-encoded, JSON and base64 forms. */
export class Redactor {
  readonly #forms = new Set<string>();

  /** Texts under 6 characters are ignored: replacing them would tear holes into ordinary words. */
  add(secret: string): void {
    if (secret.length < SHORTEST) return;
    const percent = new URLSearchParams({ "": secret }).toString().slice(1);
    const json = JSON.stringify(secret).slice(1, -1);
    const forms = [
      secret,
      json,
      asciiJson(json),
      percent,
      percent.replaceAll("+", "%20"),
      encodeURIComponent(secret.toWellFormed()),
      ...base64Forms(secret),
    ];
    for (const form of forms) if (form.length >= SHORTEST) this.#forms.add(form);
  }

  /** Secrets that overlap in the text are hidden together; nothing of either is left. */
  redact(text: string): string {
    const holes: Hole[] = [];
    for (const form of this.#forms) {
      if (text.includes(form)) holes.push(...occurrences(text, form));
    }
    if (holes.length === 0) return text;
    holes.sort((a, b) => a.from - b.from);
    let redacted = "";
    let end = 0;
    for (const hole of holes) {
      const isApart = hole.from >= end;
      if (isApart) redacted += text.slice(end, hole.from) + PLACEHOLDER;
      end = Math.max(end, hole.to);
    }
    return redacted + text.slice(end);
  }
}

interface Hole {
  readonly from: number;
  readonly to: number;
}

function occurrences(text: string, form: string): Hole[] {
  const found: Hole[] = [];
  for (let at = text.indexOf(form); at >= 0; at = text.indexOf(form, at + 1)) {
    found.push({ from: at, to: at + form.length });
  }
  return found;
}

// Whole, and as the middle of a longer value such as an HTTP Basic header or an AUTH line: there its first
// octet falls on one of three places, and the characters it shares with its neighbours are not known.
function base64Forms(secret: string): string[] {
  const octets = new TextEncoder().encode(secret);
  const forms = [toBase64(octets)];
  for (const offset of [0, 1, 2]) {
    const shifted = new Uint8Array(offset + octets.length);
    shifted.set(octets, offset);
    const from = Math.ceil((offset * 8) / 6);
    const to = Math.floor((shifted.length * 8) / 6);
    forms.push(toBase64(shifted).slice(from, to));
  }
  return forms.flatMap((form) => [form, form.replaceAll("+", "-").replaceAll("/", "_")]);
}
