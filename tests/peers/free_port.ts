// A port for programs that cannot be asked to listen on port 0. Another process may take it in between,
// so it is only for those.

/** A loopback TCP port that was free a moment ago. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
