// A QR code (ISO/IEC 18004) as lines of text for a terminal. The invariant: light is what is drawn, on a dark ground
// and with the quiet zone around it, in half blocks, which the code pages of Windows' consoles (437, 850) and their
// fonts have had from the beginning.

import { encode } from "uqr";

/** Modules that must be light on each side. */
const QUIET_ZONE = 4;
/** What fits into a window of 80 columns. */
const MOST_COLUMNS = 78;

const BOTH_LIGHT = "\u2588";
const UPPER_LIGHT = "\u2580";
const LOWER_LIGHT = "\u2584";
const BOTH_DARK = " ";

/** Undefined where the text is too long for a window of usual width. */
export function qrLines(text: string): readonly string[] | undefined {
  const { data: isDark } = encode(text, { ecc: "M", border: QUIET_ZONE });
  if (isDark.length > MOST_COLUMNS) return undefined;
  const lines: string[] = [];
  for (let row = 0; row < isDark.length; row += 2) {
    const [upper = [], lower = []] = [isDark[row], isDark[row + 1]];
    lines.push(upper.map((dark, column) => block(dark, lower[column] ?? false)).join(""));
  }
  return lines;
}

function block(isUpperDark: boolean, isLowerDark: boolean): string {
  if (isUpperDark) return isLowerDark ? BOTH_DARK : LOWER_LIGHT;
  return isLowerDark ? UPPER_LIGHT : BOTH_LIGHT;
}
