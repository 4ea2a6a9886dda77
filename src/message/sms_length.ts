// How many text messages a text makes (3GPP TS 23.038 §6.2.1, TS 23.040 §9.2.3.24): 160 characters of the GSM 7-bit
// alphabet or 70 of UCS-2, and fewer a part where there are several. The invariant: one character outside the
// alphabet makes the whole text UCS-2.

// The basic table in the order of its codes; the place of the escape (0x1b) holds what never occurs in a text.
const BASIC = "@\u00a3$\u00a5\u00e8\u00e9\u00f9\u00ec\u00f2\u00c7\n\u00d8\u00f8\r\u00c5\u00e5" +
  "\u0394_\u03a6\u0393\u039b\u03a9\u03a0\u03a8\u03a3\u0398\u039e\0\u00c6\u00e6\u00df\u00c9" +
  " !\"#\u00a4%&'()*+,-./0123456789:;<=>?" +
  "\u00a1ABCDEFGHIJKLMNOPQRSTUVWXYZ\u00c4\u00d6\u00d1\u00dc\u00a7" +
  "\u00bfabcdefghijklmnopqrstuvwxyz\u00e4\u00f6\u00f1\u00fc\u00e0";

/** These go behind an escape and count twice. */
const EXTENSION = "\f^{}\\[~]|\u20ac";

const BASIC_SET: ReadonlySet<string> = new Set(
  [...BASIC].filter((character) => character !== "\0"),
);
const EXTENSION_SET: ReadonlySet<string> = new Set(EXTENSION);

export interface SmsLength {
  readonly alphabet: "GSM 7-bit" | "UCS-2";
  /** As they count: a character of the extension table is two, and so is one outside the BMP in UCS-2. */
  readonly characters: number;
  /** How many text messages it takes; 1 for an empty text. */
  readonly parts: number;
  /** The first character that is not of the GSM alphabet. */
  readonly foreign?: string;
}

export function smsLength(text: string): SmsLength {
  const foreign = [...text].find((one) => !BASIC_SET.has(one) && !EXTENSION_SET.has(one));
  if (foreign !== undefined) {
    const units = [...text].map((character) => character.length);
    return { alphabet: "UCS-2", ...counted(units, { alone: 70, each: 67 }), foreign };
  }
  const units = [...text].map((character) => EXTENSION_SET.has(character) ? 2 : 1);
  return { alphabet: "GSM 7-bit", ...counted(units, { alone: 160, each: 153 }) };
}

// What counts twice is not torn between two parts.
function counted(
  units: readonly number[],
  limit: { readonly alone: number; readonly each: number },
): { readonly characters: number; readonly parts: number } {
  const characters = units.reduce((sum, unit) => sum + unit, 0);
  if (characters <= limit.alone) return { characters, parts: 1 };
  let parts = 1;
  let used = 0;
  for (const unit of units) {
    if (used + unit > limit.each) {
      parts++;
      used = 0;
    }
    used += unit;
  }
  return { characters, parts };
}
