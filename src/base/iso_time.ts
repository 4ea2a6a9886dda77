// A moment as text, for what every command writes. The invariant: the same text as `Date.toISOString()`, whose code
// the runtime reads into memory at its first use: 1.2 MB of a send.

/** `2026-07-27T06:05:09.120Z`, for the years 0 to 9999. */
export function isoTime(atMs: number): string {
  const at = new Date(atMs);
  const year = String(at.getUTCFullYear()).padStart(4, "0");
  const date = `${year}-${two(at.getUTCMonth() + 1)}-${two(at.getUTCDate())}`;
  const time = [at.getUTCHours(), at.getUTCMinutes(), at.getUTCSeconds()].map(two).join(":");
  return `${date}T${time}.${String(at.getUTCMilliseconds()).padStart(3, "0")}Z`;
}

function two(number: number): string {
  return String(number).padStart(2, "0");
}
