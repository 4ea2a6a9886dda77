// A reader of DER (ITU-T X.690), as much as keys and certificates need. The invariant: a length that leads outside of
// its element is refused, so whatever the octets are, nothing but them is read.

export interface DerElement {
  /** The first octet: class, form and number. */
  readonly tag: number;
  readonly content: Uint8Array<ArrayBuffer>;
  /** With tag and length. */
  readonly whole: Uint8Array<ArrayBuffer>;
}

export const DER_TAG = {
  integer: 0x02,
  octetString: 0x04,
  objectId: 0x06,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
} as const;

/** The elements side by side in the octets; undefined where they are no DER. */
export function readElements(
  octets: Uint8Array<ArrayBuffer>,
): readonly DerElement[] | undefined {
  const elements: DerElement[] = [];
  for (let at = 0; at < octets.length;) {
    const element = readOne(octets, at);
    if (element === undefined) return undefined;
    elements.push(element);
    at += element.whole.length;
  }
  return elements;
}

/** The one element that the octets are; undefined where they are anything else. */
export function readElement(octets: Uint8Array<ArrayBuffer>): DerElement | undefined {
  const element = readOne(octets, 0);
  return element?.whole.length === octets.length ? element : undefined;
}

/** What is inside a sequence; none for anything else. */
export function partsOf(element: DerElement | undefined): readonly DerElement[] {
  if (element === undefined || (element.tag & 0x20) === 0) return [];
  return readElements(element.content) ?? [];
}

/** An object identifier in dotted form; undefined for another element. */
export function objectIdOf(element: DerElement | undefined): string | undefined {
  if (element?.tag !== DER_TAG.objectId) return undefined;
  const arcs: number[] = [];
  let arc = 0;
  for (const octet of element.content) {
    arc = arc * 128 + (octet & 0x7f);
    if ((octet & 0x80) !== 0) continue;
    if (arcs.length === 0) arcs.push(Math.min(Math.floor(arc / 40), 2));
    arcs.push(arcs.length === 1 ? arc - (arcs[0] ?? 0) * 40 : arc);
    arc = 0;
  }
  return arcs.join(".");
}

/** Milliseconds since 1970 of a UTCTime or GeneralizedTime (RFC 5280 §4.1.2.5). */
export function timeOf(element: DerElement | undefined): number | undefined {
  const text = new TextDecoder().decode(element?.content);
  const isShort = element?.tag === DER_TAG.utcTime;
  if (!isShort && element?.tag !== DER_TAG.generalizedTime) return undefined;
  const match = /^(\d{2}|\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/.exec(text);
  if (match === null) return undefined;
  const [, year = "", month, day, hour, minute, second] = match;
  const century = year.length === 4 ? "" : Number(year) < 50 ? "20" : "19";
  const atMs = Date.parse(`${century}${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(atMs) ? undefined : atMs;
}

function readOne(octets: Uint8Array<ArrayBuffer>, at: number): DerElement | undefined {
  const [tag, first] = [octets[at], octets[at + 1]];
  // Numbers from 31 on take more octets; no key and no certificate has one.
  if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f) return undefined;
  let start = at + 2;
  let length = first;
  if (first >= 0x80) {
    const digits = first & 0x7f;
    if (digits === 0 || digits > 4) return undefined;
    length = 0;
    for (let digit = 0; digit < digits; digit++) length = length * 256 + (octets[start++] ?? 0);
  }
  const end = start + length;
  if (end > octets.length) return undefined;
  return { tag, content: octets.subarray(start, end), whole: octets.subarray(at, end) };
}
