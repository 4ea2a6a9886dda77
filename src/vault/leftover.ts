// What a killed writer left beside the vault: a whole new vault that only lacks its name, or reserved room with
// a note of the refresh that was under way. The invariant: room becomes a vault in one step, so whoever reads
// finds the note until the new vault is whole.

import { Failure } from "../base/failure.ts";
import { parseSealedVault, type SealedVault } from "./envelope.ts";

/** A refresh that is about to be asked for, or was when its process was killed. */
export interface Underway {
  readonly profile: string;
  readonly atMs: number;
}

export interface Leftover {
  /** A vault of the right form; whether it is genuine and newer is for the caller to see. */
  readonly sealed?: SealedVault;
  /** The octets of that vault, where room that was not cut off yet lies behind them. */
  readonly part?: Uint8Array;
  readonly interrupted?: Underway;
}

const PREFIX = "plantpost refresh ";
/** The note's profile name and time; more is none of ours. */
const LONGEST_NOTE_BYTES = 4096;

/** The note as one line, without its end. */
export function noteOf(underway: Underway): string {
  const at = new Date(underway.atMs).toISOString();
  return PREFIX + JSON.stringify({ profile: underway.profile, at });
}

/** Never throws for what the octets are: most leftovers are random filling. */
export function readLeftover(octets: Uint8Array, path: string): Leftover {
  const interrupted = readNote(octets);
  const note = interrupted === undefined ? {} : { interrupted };
  const part = vaultPart(octets);
  try {
    const sealed = parseSealedVault(part, path);
    return { sealed, ...note, ...(part.length < octets.length ? { part } : {}) };
  } catch (cause) {
    if (cause instanceof Failure) return note;
    throw cause;
  }
}

// A vault ends with the first brace that stands alone on its line; behind it may lie room not cut off yet.
function vaultPart(octets: Uint8Array): Uint8Array {
  const text = new TextDecoder("latin1").decode(octets); // one character an octet
  const end = text.indexOf("\n}\n");
  return end < 0 ? octets : octets.subarray(0, end + 3);
}

function readNote(octets: Uint8Array): Underway | undefined {
  const tail = new TextDecoder().decode(octets.subarray(-LONGEST_NOTE_BYTES));
  const line = /\n([^\n]*)\n$/.exec(tail)?.[1];
  if (line?.startsWith(PREFIX) !== true) return undefined;
  try {
    const { profile, at } = JSON.parse(line.slice(PREFIX.length)) as Record<string, unknown>;
    const atMs = typeof at === "string" ? Date.parse(at) : Number.NaN;
    return typeof profile === "string" && !Number.isNaN(atMs) ? { profile, atMs } : undefined;
  } catch {
    return undefined; // not a note after all
  }
}
