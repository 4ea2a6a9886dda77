// A camera in front of a terminal: turns what was printed into pixels, as a console draws half blocks, and has
// `jsqr`, which knows nothing of how it was made, read the code in them.

import jsqr from "jsqr";

/** How the terminal draws text that brings no colours along. */
export interface Look {
  readonly ink: number;
  readonly ground: number;
}

export const DARK_TERMINAL: Look = { ink: 204, ground: 12 };
export const LIGHT_TERMINAL: Look = { ink: 24, ground: 250 };

const COLOURS = "\x1b[97;40m";
const PLAIN = "\x1b[0m";
const WHITE_ON_BLACK: Look = { ink: 255, ground: 0 };
/** Pixels of a character's width; it is twice as high. */
const CELL = 4;
/** Characters of the terminal around it that the camera sees, too. */
const AROUND = 6;

/** Upper and lower half of the characters that a code is made of. */
const HALVES: ReadonlyMap<string, readonly [upper: boolean, lower: boolean]> = new Map([
  [" ", [false, false]],
  ["\u2580", [true, false]],
  ["\u2584", [false, true]],
  ["\u2588", [true, true]],
]);

/** The lines of a terminal's output that are a code: its light margin is on both sides of each. */
export function codeLines(printed: string): readonly string[] {
  return printed.split(/\r?\n/).filter((line) =>
    /^\u2588{4}[ \u2580\u2584\u2588]*\u2588{4}$/.test(withoutColours(line) ?? line)
  );
}

/** The text in colours of its own; undefined where it has none. */
function withoutColours(line: string): string | undefined {
  return line.startsWith(COLOURS) && line.endsWith(PLAIN)
    ? line.slice(COLOURS.length, -PLAIN.length)
    : undefined;
}

/** What the code says; undefined where it cannot be read. `isPatient` also tries it with light and dark exchanged. */
export function readQr(
  lines: readonly string[],
  options: { readonly look: Look; readonly isPatient?: boolean },
): string | undefined {
  const rows = lines.map((line) => {
    const inside = withoutColours(line);
    return inside === undefined
      ? { text: line, look: options.look }
      : { text: inside, look: WHITE_ON_BLACK };
  });
  const columns = Math.max(...rows.map(({ text }) => text.length)) + 2 * AROUND;
  const [width, height] = [columns * CELL, (rows.length + 2 * AROUND) * 2 * CELL];
  const pixels = new Uint8ClampedArray(width * height * 4).fill(255);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      pixels.fill(
        shade(rows, { x, y, page: options.look }),
        (y * width + x) * 4,
        (y * width + x) * 4 + 3,
      );
    }
  }
  return jsqr.default(pixels, width, height, {
    inversionAttempts: options.isPatient === true ? "attemptBoth" : "dontInvert",
  })?.data;
}

function shade(
  rows: readonly { readonly text: string; readonly look: Look }[],
  at: { readonly x: number; readonly y: number; readonly page: Look },
): number {
  const row = rows[Math.floor(at.y / (2 * CELL)) - AROUND];
  const character = row?.text[Math.floor(at.x / CELL) - AROUND];
  if (row === undefined || character === undefined) return at.page.ground;
  const halves = HALVES.get(character);
  if (halves === undefined) throw new Error(`no part of a code: ${JSON.stringify(character)}`);
  const isInk = halves[Math.floor(at.y / CELL) % 2];
  return isInk === true ? row.look.ink : row.look.ground;
}
