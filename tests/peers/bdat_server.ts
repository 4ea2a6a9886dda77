// A server that takes messages by BDAT alone (RFC 3030) and keeps each as it came, octet for octet. It speaks no TLS
// and asks for no sign-in. The invariant: no octet of a message is looked at, only counted.

import { joinOctets } from "../../src/base/octets.ts";

export interface BdatServer extends AsyncDisposable {
  readonly port: number;
  readonly messages: readonly Uint8Array[];
  /** How many chunks the messages came in. */
  readonly chunkCount: number;
}

export function startBdatServer(): BdatServer {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<Deno.Conn>();
  const kept: { readonly messages: Uint8Array[]; chunkCount: number } = {
    messages: [],
    chunkCount: 0,
  };
  const accepting = (async (): Promise<void> => {
    for await (const connection of listener) {
      open.add(connection);
      connection.setNoDelay(true); // replies to a pipelined group go out one by one
      void serve(connection, kept).catch(() => {}).finally(() => {
        open.delete(connection);
        try {
          connection.close();
        } catch { /* the end of the test has closed it */ }
      });
    }
  })();
  return {
    port: listener.addr.port,
    messages: kept.messages,
    get chunkCount(): number {
      return kept.chunkCount;
    },
    async [Symbol.asyncDispose](): Promise<void> {
      listener.close();
      for (const connection of open) connection.close();
      await accepting;
    },
  };
}

async function serve(
  connection: Deno.Conn,
  kept: { readonly messages: Uint8Array[]; chunkCount: number },
): Promise<void> {
  const input = new Input(connection);
  const say = (text: string): Promise<number> =>
    connection.write(new TextEncoder().encode(`${text}\r\n`));
  await say("220 bdat ESMTP");
  let chunks: Uint8Array[] = [];
  for (;;) {
    const line = await input.line();
    if (line === null) return;
    const [, size = "0", last] = /^BDAT (\d+)( LAST)?$/.exec(line) ?? [];
    if (line.startsWith("EHLO")) {
      await say("250-bdat\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 CHUNKING");
    } else if (line.startsWith("BDAT")) {
      chunks.push(await input.octets(Number(size)));
      kept.chunkCount++;
      if (last !== undefined) {
        kept.messages.push(joinOctets(chunks));
        chunks = [];
      }
      await say("250 2.0.0 kept");
    } else if (line === "DATA") {
      await say("502 5.5.1 by BDAT only");
    } else {
      await say(line === "QUIT" ? "221 2.0.0 bye" : "250 2.0.0 ok");
    }
  }
}

class Input {
  readonly #connection: Deno.Conn;
  #held = new Uint8Array();

  constructor(connection: Deno.Conn) {
    this.#connection = connection;
  }

  async line(): Promise<string | null> {
    for (;;) {
      const end = this.#held.indexOf(0x0a);
      if (end >= 0) return new TextDecoder().decode(await this.octets(end + 1)).trimEnd();
      if (!await this.#more()) return null;
    }
  }

  async octets(count: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    for (let missing = count; missing > 0;) {
      if (this.#held.length === 0 && !await this.#more()) throw new Error("the client has gone");
      const part = this.#held.subarray(0, missing);
      parts.push(part);
      missing -= part.length;
      this.#held = this.#held.subarray(part.length);
    }
    return joinOctets(parts);
  }

  async #more(): Promise<boolean> {
    const buffer = new Uint8Array(65_536);
    const count = await this.#connection.read(buffer);
    if (count === null) return false;
    this.#held = joinOctets([this.#held, buffer.subarray(0, count)]);
    return true;
  }
}
