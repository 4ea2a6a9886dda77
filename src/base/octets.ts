// Octets as they are joined, written out and shown; the few lines that every stream and digest needs.

export function joinOctets(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

const HEX = Array.from({ length: 256 }, (_, octet) => octet.toString(16).padStart(2, "0"));

/** Two lower-case digits an octet. */
export function toHex(octets: Uint8Array): string {
  let hex = "";
  for (const octet of octets) hex += HEX[octet];
  return hex;
}

/** Writes all of it to what, like Deno's files and connections, may take a part at a time. */
export async function writeAll(
  to: { write(octets: Uint8Array): Promise<number> },
  octets: Uint8Array,
): Promise<void> {
  for (let at = 0; at < octets.length;) at += await to.write(octets.subarray(at));
}
