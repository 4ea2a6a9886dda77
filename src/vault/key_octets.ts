// The 32 octets of a vault key, and what they are known by.

import { joinOctets, toHex } from "../base/octets.ts";

/** The key as the runtime's cryptography wants it; it cannot be got out again. */
export async function importOctets(octets: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  return await crypto.subtle.importKey("raw", octets, "AES-GCM", false, ["encrypt", "decrypt"]);
}

/** Tells a wrong key from a damaged file. It helps a guesser no more than the tag of the file itself does. */
export async function identify(octets: Uint8Array): Promise<string> {
  const label = new TextEncoder().encode("plantpost key id\0");
  const digest = await crypto.subtle.digest("SHA-256", joinOctets([label, octets]));
  return toHex(new Uint8Array(digest, 0, 8));
}
