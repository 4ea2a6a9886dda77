// Waiting for something to become true, instead of for a time to pass.

export interface UntilOptions {
  /** What is waited for, for the error message. */
  readonly what: string;
  readonly timeoutMs?: number;
}

/**
 * Resolves to the condition's first result that is neither undefined, null nor false; asks every 10 ms.
 * @throws {Error} naming what was waited for, when the time (10 s unless told) is over
 */
export async function until<T>(
  condition: () => T | Promise<T>,
  { what, timeoutMs = 10_000 }: UntilOptions,
): Promise<Exclude<T, undefined | null | false>> {
  const deadlineMs = performance.now() + timeoutMs;
  while (true) {
    const found = await condition();
    if (found !== undefined && found !== null && found !== false) {
      return found as Exclude<T, undefined | null | false>;
    }
    if (performance.now() > deadlineMs) {
      throw new Error(`waited ${timeoutMs} ms in vain for ${what}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
