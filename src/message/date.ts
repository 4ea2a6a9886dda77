// The date-time of a header (RFC 5322 §3.3).

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** `Mon, 27 Jul 2026 08:05:09 +0200`; the offset counts eastwards of UTC. */
export function formatDate(atMs: number, utcOffsetMinutes: number): string {
  const local = new Date(atMs + utcOffsetMinutes * 60_000);
  const offset = Math.abs(utcOffsetMinutes);
  const day = `${DAYS[local.getUTCDay()]}, ${local.getUTCDate()}`;
  const month = MONTHS[local.getUTCMonth()];
  const year = String(local.getUTCFullYear()).padStart(4, "0");
  const time = [local.getUTCHours(), local.getUTCMinutes(), local.getUTCSeconds()].map(two).join(
    ":",
  );
  const zone = `${utcOffsetMinutes < 0 ? "-" : "+"}${two(Math.floor(offset / 60))}${
    two(offset % 60)
  }`;
  return `${day} ${month} ${year} ${time} ${zone}`;
}

function two(number: number): string {
  return String(number).padStart(2, "0");
}
