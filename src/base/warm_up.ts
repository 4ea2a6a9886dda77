// Gets work under way that the runtime would otherwise do when somebody waits for it.

/**
 * Has the random generator of the runtime's cryptography seeded on another thread. At its first use, which is
 * the TLS handshake, that would hold everything up for 30 ms (Deno 2.9; 2.4 has nothing to seed).
 */
export function warmUpCryptography(): void {
  void crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt"]);
}
