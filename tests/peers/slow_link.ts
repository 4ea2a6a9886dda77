// A long line between client and server: passes octets on after a fixed time, each chunk on its own
// clock, so that delays do not add up. A new connection is held back as the TCP handshake would be.
// It also counts turns: how often the client speaks after the server has spoken.

export interface SlowLinkOptions {
  readonly port: number;
  /** In each direction; half a round trip. */
  readonly oneWayMs: number;
}

export interface SlowLink {
  readonly port: number;
  /** Turns of each connection so far, in the order they came. */
  readonly turns: readonly number[];
  [Symbol.asyncDispose](): Promise<void>;
}

/** Opens a line on a free loopback port to a loopback server. */
export function openSlowLink({ port, oneWayMs }: SlowLinkOptions): SlowLink {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const turns: number[] = [];
  const open = new Set<Deno.Conn>();

  const connect = async (client: Deno.TcpConn): Promise<void> => {
    const index = turns.push(0) - 1;
    let serverSpokeLast = true;
    // SYN, SYN-ACK and ACK: the server sees a client after one and a half round trips.
    await sleep(3 * oneWayMs);
    const server = await Deno.connect({ hostname: "127.0.0.1", port });
    for (const connection of [client, server]) {
      connection.setNoDelay(true);
      open.add(connection);
    }
    const up = pass(client, server, {
      oneWayMs,
      onRead(octets): void {
        if (isCloseNotify(octets)) {
          return;
        }
        turns[index] = (turns[index] ?? 0) + (serverSpokeLast ? 1 : 0);
        serverSpokeLast = false;
      },
    });
    const down = pass(server, client, {
      oneWayMs,
      onWrite(): void {
        serverSpokeLast = true;
      },
    });
    await Promise.all([up, down]);
    for (const connection of [client, server]) {
      open.delete(connection);
      closeQuietly(connection);
    }
  };
  const accepting = (async (): Promise<void> => {
    for await (const client of listener) {
      void connect(client).catch(() => closeQuietly(client));
    }
  })();

  return {
    port: listener.addr.port,
    turns,
    async [Symbol.asyncDispose](): Promise<void> {
      listener.close();
      [...open].forEach(closeQuietly);
      await accepting;
    },
  };
}

interface PassOptions {
  readonly oneWayMs: number;
  readonly onRead?: (octets: Uint8Array) => void;
  readonly onWrite?: () => void;
}

async function pass(from: Deno.Conn, to: Deno.Conn, options: PassOptions): Promise<void> {
  const { oneWayMs, onRead, onWrite } = options;
  let last = Promise.resolve();
  const deliver = (dueMs: number, send: () => Promise<void>): void => {
    last = last.then(async () => {
      await sleep(dueMs - performance.now());
      await send();
    }).catch(() => closeQuietly(from));
  };
  try {
    while (true) {
      const buffer = new Uint8Array(65_536);
      const count = await from.read(buffer);
      if (count === null) {
        break;
      }
      onRead?.(buffer.subarray(0, count));
      deliver(performance.now() + oneWayMs, async () => {
        // Before the write: a quick client answers before a line behind it runs.
        onWrite?.();
        for (let at = 0; at < count;) {
          at += await to.write(buffer.subarray(at, count));
        }
      });
    }
  } catch {
    // A reset ends the direction like a goodbye does.
  }
  deliver(performance.now() + oneWayMs, () => to.closeWrite());
  await last;
}

/** A lone TLS 1.3 alert record (RFC 8446 §5.2, §6.1): a goodbye below SMTP, shorter than any command. */
function isCloseNotify(octets: Uint8Array): boolean {
  return octets.length === 24 && octets[0] === 23 && octets[4] === 19;
}

function sleep(ms: number): Promise<void> {
  return ms <= 0 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, ms));
}

function closeQuietly(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // Closed already.
  }
}
