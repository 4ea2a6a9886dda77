import assert from "node:assert/strict";
import { Failure } from "../../src/base/failure.ts";
import { Connection } from "../../src/smtp/connection.ts";
import { denoNetwork } from "../../src/smtp/network.ts";

interface Pair extends Disposable {
  readonly connection: Connection;
  readonly peer: Deno.Conn;
}

async function connected(options: { timeoutMs: number; signal?: AbortSignal }): Promise<Pair> {
  const signal = options.signal ?? new AbortController().signal;
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const target = {
    host: "127.0.0.1",
    port: listener.addr.port,
    signal: new AbortController().signal,
  };
  const stream = await denoNetwork().connect(target);
  const peer = await listener.accept();
  const connection = new Connection(stream, { ...target, timeoutMs: options.timeoutMs, signal });
  return { connection, peer, [Symbol.dispose]: () => peer.close() };
}

function hasCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof Failure && error.code === code;
}

Deno.test("Connection.readReply() gives up at its deadline however the server dribbles", async () => {
  using pair = await connected({ timeoutMs: 150 });
  const begun = performance.now();
  let isOver = false;
  const dribble = (async () => {
    while (!isOver) {
      await pair.peer.write(new Uint8Array([0x32])).catch(() => isOver = true);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  })();
  await assert.rejects(pair.connection.readReply(), hasCode("net.timeout"));
  isOver = true;
  await dribble;
  assert.ok(performance.now() - begun < 5_000);
  await assert.rejects(pair.connection.readReply(), hasCode("net.timeout"));
  await pair.connection.close();
});

Deno.test("Connection.flush() gives up when the server takes nothing", async () => {
  using pair = await connected({ timeoutMs: 200 });
  const block = new Uint8Array(1024 * 1024);
  await assert.rejects(
    (async () => {
      while (true) {
        pair.connection.putBytes(block);
        await pair.connection.flush();
      }
    })(),
    hasCode("net.timeout"),
  );
  assert.equal(pair.connection.isBroken, true);
});

Deno.test("Connection.readReply() rejects with the reason of its signal", async () => {
  const controller = new AbortController();
  using pair = await connected({ timeoutMs: 60_000, signal: controller.signal });
  const waiting = pair.connection.readReply();
  const reason = new Error("stop");
  controller.abort(reason);
  await assert.rejects(waiting, reason);
  await assert.rejects(pair.connection.readReply(), reason);
});

Deno.test("Connection.readReply() ends the dialog at a 421 and keeps its words", async () => {
  using pair = await connected({ timeoutMs: 10_000 });
  await pair.peer.write(new TextEncoder().encode("421 4.3.2 Service shutting down\r\n"));
  await assert.rejects(
    pair.connection.readReply(),
    (error) =>
      error instanceof Failure && error.code === "smtp.temporary" &&
      error.message.endsWith("421 4.3.2 Service shutting down"),
  );
  assert.equal(pair.connection.isBroken, true);
});

Deno.test("Connection.close() says QUIT and does not wait for the answer", async () => {
  using pair = await connected({ timeoutMs: 10_000 });
  await pair.connection.close();
  const buffer = new Uint8Array(20);
  const count = await pair.peer.read(buffer);
  assert.equal(new TextDecoder().decode(buffer.subarray(0, count ?? 0)), "QUIT\r\n");
  assert.equal(await pair.peer.read(buffer), null);
});
