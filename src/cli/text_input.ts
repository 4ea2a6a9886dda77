// Texts for a mail from files and from standard input. The invariant: whatever the encoding of the file, there is a
// text; an alarm with a wrong umlaut is better than none.

import { reason } from "../base/durable_file.ts";
import { Failure } from "../base/failure.ts";
import { heldRemedy, isHeld, patiently } from "../base/held_file.ts";
import type { Context } from "./context.ts";

/**
 * The text of a file; `-` is standard input.
 * @throws {Failure} `input.unreadable`
 */
export async function readText(
  path: string,
  context: Pick<Context, "note" | "world">,
): Promise<string> {
  let octets: Uint8Array;
  try {
    octets = path === "-"
      ? await context.world.terminal.readInput()
      : await patiently(() => Deno.readFile(path));
  } catch (cause) {
    throw unreadable(path, cause);
  }
  return decodeText(octets, { context, path });
}

/** The failure of a file that was named and cannot be read. */
export function unreadable(path: string, cause: unknown): Failure {
  if (cause instanceof Failure) return cause;
  return new Failure("input.unreadable", `cannot read ${path}: ${reason(cause)}`, {
    remedy: isHeld(cause)
      ? `${heldRemedy(path)}; or attach a copy of it`
      : "correct the path (relative paths start at the working folder), or let the account that runs " +
        "plantpost read the file",
    cause,
  });
}

// PowerShell writes UTF-16, old HMIs the Windows code page.
function decodeText(
  octets: Uint8Array,
  at: { readonly context: Pick<Context, "note">; readonly path: string },
): string {
  if (octets[0] === 0xff && octets[1] === 0xfe) return new TextDecoder("utf-16le").decode(octets);
  if (octets[0] === 0xfe && octets[1] === 0xff) return new TextDecoder("utf-16be").decode(octets);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(octets);
  } catch {
    const name = at.path === "-" ? "standard input" : at.path;
    at.context.note(`warning: ${name} is not UTF-8; it is read as Windows-1252`);
    return new TextDecoder("windows-1252").decode(octets);
  }
}
