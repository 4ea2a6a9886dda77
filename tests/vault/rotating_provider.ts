// A token endpoint that gives a new refresh token with every answer (RFC 6749 §6), and on wish ends the grant
// when a used one comes again (RFC 9700 §4.14.2). The invariant: after `drain()` every request of a process that
// was killed has been served, so that what the test compares stands still; this is why it speaks HTTP itself.
// Wine now and then keeps a socket whose process was killed in a read: no end of file ever comes. So whoever
// drains waits for the other ends no longer than `PATIENCE_MS`, then closes what they left half asked.

import { until } from "../peers/wait.ts";

const PATIENCE_MS = 3000;

export interface RotatingProvider extends AsyncDisposable {
  readonly endpoint: string;
  /** The refresh token that was given out last. */
  readonly newest: string;
  readonly answers: number;
  /** Whether a used refresh token came again and ended the grant. */
  readonly isRevoked: boolean;
  /** A new grant, as after a sign-in; gives its refresh token. */
  signIn(): string;
  /** Ends the pauses that are under way, and all later ones. */
  hurry(): void;
  drain(): Promise<void>;
}

export function startRotatingProvider(
  options: { readonly detectsReuse: boolean; readonly pauseMs: () => number },
): RotatingProvider {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const haste = Promise.withResolvers<void>();
  const used = new Set<string>();
  const open = new Set<Deno.Conn>();
  let [newest, count, accepted, answers, isRevoked] = ["", 0, 0, 0, false];

  function signIn(): string {
    used.clear();
    isRevoked = false;
    return newest = `refresh-token-${++count}`;
  }

  function answer(refreshToken: string): Response {
    const isKnown = refreshToken === newest || used.has(refreshToken);
    if (options.detectsReuse && used.has(refreshToken)) isRevoked = true;
    if (!isKnown || isRevoked) {
      const body = {
        error: "invalid_grant",
        error_description: "the refresh token was used before",
      };
      return Response.json(body, { status: 400 });
    }
    used.add(newest);
    newest = `refresh-token-${++count}`;
    answers++;
    return Response.json({
      token_type: "Bearer",
      access_token: `access-token-${count}`,
      expires_in: 3600,
      refresh_token: newest,
    });
  }

  async function pause(): Promise<void> {
    const pauseMs = options.pauseMs();
    if (pauseMs === 0) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const over = new Promise<void>((resolve) => timer = setTimeout(resolve, pauseMs));
    await Promise.race([over, haste.promise]);
    clearTimeout(timer);
  }

  async function serve(connection: Deno.Conn): Promise<void> {
    open.add(connection);
    try {
      const body = await readBody(connection);
      if (body === undefined) return;
      const response = answer(new URLSearchParams(body).get("refresh_token") ?? "");
      await pause();
      const json = await response.text();
      const head = `HTTP/1.1 ${response.status} x\r\nContent-Type: application/json\r\n` +
        `Connection: close\r\nContent-Length: ${json.length}\r\n\r\n`;
      await connection.write(new TextEncoder().encode(head + json));
    } catch {
      // The other end was killed; what it had asked for is done all the same.
    } finally {
      if (open.delete(connection)) connection.close();
    }
  }

  async function letGo(): Promise<void> {
    try {
      await until(() => open.size === 0, { what: "the last request", timeoutMs: PATIENCE_MS });
    } catch {
      for (const connection of open) connection.close();
      open.clear();
    }
  }

  const accepting = (async (): Promise<void> => {
    for await (const connection of listener) {
      accepted++;
      void serve(connection);
    }
  })();

  return {
    endpoint: `http://127.0.0.1:${listener.addr.port}/token`,
    get newest(): string {
      return newest;
    },
    get answers(): number {
      return answers;
    },
    get isRevoked(): boolean {
      return isRevoked;
    },
    signIn,
    hurry: () => haste.resolve(),
    async drain(): Promise<void> {
      // Connections are accepted in their order: when this one is, the dead process's were.
      const before = accepted;
      const last = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
      last.close();
      await until(() => accepted > before, { what: "the connection after those of the killed" });
      await letGo();
    },
    async [Symbol.asyncDispose](): Promise<void> {
      listener.close();
      await accepting;
      await letGo();
    },
  };
}

// Undefined when the other end went away before it had asked.
async function readBody(connection: Deno.Conn): Promise<string | undefined> {
  const chunk = new Uint8Array(16_384);
  let text = "";
  while (true) {
    const end = text.indexOf("\r\n\r\n");
    const length = Number(/^content-length: *(\d+)/im.exec(text)?.[1] ?? Number.NaN);
    if (end >= 0 && text.length >= end + 4 + length) return text.slice(end + 4);
    const count = await connection.read(chunk);
    if (count === null) return undefined;
    text += new TextDecoder().decode(chunk.subarray(0, count));
  }
}
