// A Node socket read and written like a `Deno.Conn`: by asking, not by events.

import type { Duplex } from "node:stream";

export interface Wire {
  read(into: Uint8Array): Promise<number | null>;
  write(text: string): Promise<void>;
  /** Stops listening, so that the socket can be handed on. */
  release(): void;
}

/** Takes over a socket; nothing else may read from it until `release()`. */
export function wireOf(socket: Duplex): Wire {
  let wake = (): void => {};
  let isOver = false;
  const onReadable = (): void => wake();
  const onEnd = (): void => {
    isOver = true;
    wake();
  };
  socket.on("readable", onReadable);
  socket.on("end", onEnd);
  socket.on("close", onEnd);
  socket.on("error", onEnd);
  return {
    async read(into): Promise<number | null> {
      while (true) {
        const available = socket.readableLength;
        const part: Uint8Array | null = available === 0
          ? socket.read()
          : socket.read(Math.min(available, into.length));
        if (part !== null) {
          into.set(part);
          return part.length;
        }
        if (isOver) {
          return null;
        }
        await new Promise<void>((resolve) => wake = resolve);
      }
    },
    write(text): Promise<void> {
      return new Promise((resolve) => socket.write(text, "latin1", () => resolve()));
    },
    release(): void {
      socket.off("readable", onReadable);
      socket.off("end", onEnd);
      socket.off("close", onEnd);
    },
  };
}
