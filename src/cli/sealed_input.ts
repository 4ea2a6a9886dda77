// The sealed file that `profile import` reads: a file, standard input, or what somebody pastes into a terminal.
// The invariant: of what may come from anywhere a bounded part is read.

import { reason } from "../base/durable_file.ts";
import { Failure } from "../base/failure.ts";
import { joinOctets } from "../base/octets.ts";
import { joinPath } from "../base/paths.ts";
import type { Terminal } from "../base/world.ts";
import type { Context } from "./context.ts";

/** Two carried files of 1 MB, in base64, in armour, as UTF-16, and room. */
const MOST_BYTES = 8_000_000;

export interface SealedInput {
  readonly octets: Uint8Array;
  /** What messages call it. */
  readonly from: string;
}

/** @throws {Failure} `input.unreadable` */
export async function readSealed(context: Context): Promise<SealedInput> {
  const { terminal } = context.world;
  const [, operand = "-"] = context.flags.positionals;
  if (operand !== "-") {
    const from = joinPath(Deno.cwd(), operand, context.world);
    return { octets: bounded(await readFile(from), from), from };
  }
  const octets = terminal.isInteractive
    ? await readPasted(terminal)
    : await terminal.readInput(MOST_BYTES);
  return { octets: bounded(octets, "standard input"), from: "standard input" };
}

async function readFile(path: string): Promise<Uint8Array> {
  try {
    using file = await Deno.open(path, { read: true });
    const parts: Uint8Array[] = [];
    const buffer = new Uint8Array(65_536);
    for (let total = 0; total <= MOST_BYTES;) {
      const count = await file.read(buffer);
      if (count === null) break;
      parts.push(buffer.slice(0, count));
      total += count;
    }
    return joinOctets(parts);
  } catch (cause) {
    throw new Failure("input.unreadable", `cannot read ${path}: ${reason(cause)}`, {
      remedy: "see that the path is right, and that this account may read the file",
      cause,
    });
  }
}

async function readPasted(terminal: Terminal): Promise<Uint8Array> {
  const { END_OF_ARMOUR } = await import("../vault/age_file.ts");
  terminal.err(`paste the sealed file, down to its last line ${END_OF_ARMOUR}:`);
  let text = "";
  while (text.length <= MOST_BYTES) {
    const line = await terminal.ask("");
    if (line === null) break;
    text += `${line}\n`;
    if (line.trim() === END_OF_ARMOUR) break;
  }
  return new TextEncoder().encode(text);
}

function bounded(octets: Uint8Array, from: string): Uint8Array {
  if (octets.length <= MOST_BYTES) return octets;
  throw new Failure(
    "input.unreadable",
    `cannot open ${from}: it has more than ${MOST_BYTES} octets, which no sealed profile has`,
    { remedy: 'name the file that "plantpost profile export --seal" wrote' },
  );
}
