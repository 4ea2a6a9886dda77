// Base64 of short values (RFC 4648 §4 and §5): keys, nonces, ciphertexts, token claims. Message bodies have
// their own streaming encoder.

export function toBase64(octets: Uint8Array): string {
  let binary = "";
  for (let at = 0; at < octets.length; at += 8192) {
    binary += String.fromCharCode(...octets.subarray(at, at + 8192));
  }
  return btoa(binary);
}

/** The octets of standard or URL-safe base64, with or without padding; undefined when it is neither. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  const standard = text.replaceAll("-", "+").replaceAll("_", "/");
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(standard)) return undefined;
  try {
    // Deno 2.4 has no decoder of its own.
    return Uint8Array.fromBase64?.(standard) ??
      Uint8Array.from(atob(standard), (character) => character.charCodeAt(0));
  } catch {
    return undefined; // atob refuses a length that no octets have
  }
}
