// Files that another program holds. On Windows a virus scanner, a backup or an editor that has a file open can
// keep everybody else from opening, renaming and removing it; most let go within a second. Elsewhere this does
// not happen, and nothing here waits.

/** Some 2.5 seconds in all. */
const LONGEST_WAIT_MS = 2000;

/** ERROR_SHARING_VIOLATION and ERROR_LOCK_VIOLATION, for which Deno has no class. */
export function isHeld(cause: unknown): boolean {
  return Deno.build.os === "windows" && cause instanceof Error &&
    /\bos error 3[23]\b/.test(cause.message);
}

/** Calls again while it fails because of that, and fails like the last call. */
export async function patiently<Result>(
  call: () => Promise<Result>,
  isPassing: (cause: unknown) => boolean = isHeld,
): Promise<Result> {
  for (let waitMs = 10;; waitMs *= 2) {
    try {
      return await call();
    } catch (cause) {
      if (!isPassing(cause) || waitMs > LONGEST_WAIT_MS) throw cause;
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  }
}

/** What to do when it is held for longer. */
export function heldRemedy(path: string): string {
  return `close the program that has ${path} open (an editor, a viewer, a backup, a virus scanner), then try again`;
}
