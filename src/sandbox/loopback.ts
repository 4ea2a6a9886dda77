// Binding one port on 127.0.0.1 and, where the PC has IPv6, on ::1. The invariant: no other address is ever bound, so
// nobody from outside gets in and no firewall asks; and both are ours, or a program on ::1 gets what is for us.

import { Failure } from "../base/failure.ts";

const TRIES = 20;

/**
 * Calls `bind` for each loopback address with the same port; 0 means any that is free on both.
 * @throws {Failure} `file.cannot_create` when the port is taken
 */
export function bindLoopback<Bound>(
  port: number,
  options: {
    readonly bind: (at: { readonly hostname: string; readonly port: number }) => Bound;
    readonly portOf: (bound: Bound) => number;
    readonly close: (bound: Bound) => void;
  },
): { readonly bound: readonly Bound[]; readonly port: number } {
  for (let left = TRIES;; left--) {
    const bound: Bound[] = [];
    try {
      const first = options.bind({ hostname: "127.0.0.1", port });
      bound.push(first);
      const actual = options.portOf(first);
      const second = bindIfThere(() => options.bind({ hostname: "::1", port: actual }));
      if (second !== undefined) bound.push(second);
      return { bound, port: actual };
    } catch (cause) {
      bound.forEach(options.close);
      const isTaken = cause instanceof Deno.errors.AddrInUse;
      if (isTaken && port === 0 && left > 0) continue;
      const why = isTaken
        ? "another program uses it"
        : "the system does not let this account use it";
      throw new Failure("file.cannot_create", `cannot listen on port ${port} of loopback: ${why}`, {
        remedy: "choose another port, or none for one that is free",
        cause,
      });
    }
  }
}

function bindIfThere<Bound>(bind: () => Bound): Bound | undefined {
  try {
    return bind();
  } catch (cause) {
    if (cause instanceof Deno.errors.AddrNotAvailable) return undefined; // IPv6 is switched off on this PC
    // Linux without IPv6 names the missing family instead, which Deno has no class for.
    if (/os error 97\b|not supported/i.test(String(cause))) return undefined;
    throw cause;
  }
}
