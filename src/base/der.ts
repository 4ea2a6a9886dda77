// A writer of DER (ITU-T X.690), as much as keys and certificates need. `@peculiar/x509` would bring half a megabyte
// and a reflection polyfill into the executable for the few certificates that the program makes.

import { joinOctets } from "./octets.ts";

export type Der = Uint8Array<ArrayBuffer>;

export function sequence(...parts: readonly Uint8Array[]): Der {
  return tagged(0x30, joinOctets(parts));
}

export function set(...parts: readonly Uint8Array[]): Der {
  return tagged(0x31, joinOctets(parts));
}

/** A number that is not negative, from its octets with the highest first. */
export function integer(octets: Uint8Array): Der {
  const start = octets.findIndex((octet) => octet !== 0);
  const digits = start < 0 ? Uint8Array.of(0) : octets.subarray(start);
  const isTakenForNegative = ((digits[0] ?? 0) & 0x80) !== 0;
  return tagged(0x02, isTakenForNegative ? joinOctets([Uint8Array.of(0), digits]) : digits);
}

export function boolean(value: boolean): Der {
  return tagged(0x01, Uint8Array.of(value ? 0xff : 0));
}

/** What stands in the place of parameters that an algorithm has none of. */
export function nothing(): Der {
  return tagged(0x05, new Uint8Array());
}

/** An object identifier in dotted form. */
export function objectId(dotted: string): Der {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const octets = [first * 40 + second];
  for (const arc of rest) {
    const digits = [arc & 0x7f];
    for (let left = arc >>> 7; left > 0; left >>>= 7) digits.unshift((left & 0x7f) | 0x80);
    octets.push(...digits);
  }
  return tagged(0x06, Uint8Array.from(octets));
}

/** A bit string; `unusedBits` of its last octet do not count. */
export function bitString(octets: Uint8Array, unusedBits = 0): Der {
  return tagged(0x03, joinOctets([Uint8Array.of(unusedBits), octets]));
}

export function octetString(octets: Uint8Array): Der {
  return tagged(0x04, octets);
}

export function utf8String(text: string): Der {
  return tagged(0x0c, new TextEncoder().encode(text));
}

/** UTCTime, which RFC 5280 §4.1.2.5 wants up to the year 2049. */
export function utcTime(atMs: number): Der {
  const digits = new Date(atMs).toISOString().replaceAll(/[-:T]|\.\d+/g, "").slice(2);
  return tagged(0x17, new TextEncoder().encode(digits));
}

/** A moment of a certificate: UTCTime up to the year 2049, GeneralizedTime from then on (RFC 5280 §4.1.2.5). */
export function certificateTime(atMs: number): Der {
  if (new Date(atMs).getUTCFullYear() < 2050) return utcTime(atMs);
  const digits = new Date(atMs).toISOString().replaceAll(/[-:T]|\.\d+/g, "");
  return tagged(0x18, new TextEncoder().encode(digits));
}

/** A context-specific tag, around other elements or, when primitive, around bare octets. */
export function context(tag: number, content: Uint8Array, isPrimitive = false): Der {
  return tagged((isPrimitive ? 0x80 : 0xa0) | tag, content);
}

function tagged(tag: number, content: Uint8Array): Der {
  return joinOctets([Uint8Array.of(tag, ...lengthOf(content.length)), content]);
}

function lengthOf(length: number): readonly number[] {
  if (length < 0x80) return [length];
  const digits: number[] = [];
  for (let left = length; left > 0; left >>>= 8) digits.unshift(left & 0xff);
  return [0x80 | digits.length, ...digits];
}
