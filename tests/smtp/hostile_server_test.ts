// Servers that never come to an end: each gets a clear one, with the right failure, in bounded time and memory.

import assert from "node:assert/strict";
import { Failure } from "../../src/base/failure.ts";
import { openSession, type SmtpSession } from "../../src/smtp/client.ts";
import type { LocalStream } from "../../src/smtp/network.ts";
import { timeoutsOf } from "../../src/smtp/timeouts.ts";

interface Server extends LocalStream {
  /** Octets that the client has read. */
  taken: number;
}

interface Conduct {
  /** What it says, piece by piece; after the last it says nothing, or hangs up with `null`. */
  readonly says: Iterator<Uint8Array | string | null>;
  /** How many octets of a write it takes at once, each time after a millisecond. */
  readonly takesAtOnce?: number;
}

function server(conduct: Conduct): Server {
  const { says } = conduct;
  const closed = Promise.withResolvers<never>();
  closed.promise.catch(() => {});
  let rest: Uint8Array = new Uint8Array(0);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const turn = async (ms: number): Promise<void> => {
    const passed = new Promise<void>((resolve) => timer = setTimeout(resolve, ms));
    await Promise.race([passed, closed.promise]);
  };
  const made: Server = {
    localAddress: "192.168.1.5",
    taken: 0,
    read: async (into) => {
      if (rest.length === 0) {
        const { value, done } = says.next();
        if (done === true) await closed.promise;
        if (value === null) return null;
        rest = typeof value === "string" ? new TextEncoder().encode(value) : value ?? rest;
      }
      // A turn of the event loop, for timers to come in between.
      await turn(0);
      const part = rest.subarray(0, into.length);
      into.set(part);
      rest = rest.subarray(part.length);
      made.taken += part.length;
      return part.length;
    },
    write: async (bytes) => {
      const { takesAtOnce } = conduct;
      if (takesAtOnce === undefined) return bytes.length;
      await turn(1);
      return Math.min(takesAtOnce, bytes.length);
    },
    closeWrite: () => Promise.resolve(),
    close: () => {
      clearTimeout(timer);
      closed.reject(new Deno.errors.Interrupted("operation canceled"));
    },
  };
  return made;
}

async function open(stream: Server, timeoutMs: number): Promise<SmtpSession> {
  return await openSession({
    host: "smtp.example.com",
    port: 25,
    tls: "none",
    timeoutMs,
    caCerts: [],
    network: {
      connect: () => Promise.resolve(stream),
      connectTls: () => Promise.resolve(stream),
      startTls: () => Promise.resolve(stream),
    },
    credentials: () => Promise.resolve({ kind: "none" }),
    initialResponse: "auto",
    chunking: "auto",
    signal: new AbortController().signal,
  });
}

function* endless(piece: string, first = ""): Generator<string> {
  yield first + piece;
  for (;;) yield piece;
}

const GREETING = "220 hi\r\n";
const X_64K = "x".repeat(65_536);

const ROWS: readonly (readonly [string, () => Iterator<string | null>, string, RegExp])[] = [
  ["a line without end", () => endless(X_64K, "220 "), "smtp.protocol", /more than 4096 octets/],
  [
    "a reply of endless lines",
    () => endless("220-go on\r\n".repeat(50)),
    "smtp.protocol",
    /more than 200 lines/,
  ],
  [
    "empty lines without end",
    () => endless("\r\n".repeat(500)),
    "smtp.protocol",
    /where a reply was wanted/,
  ],
  ["an octet now and then", () => endless("2"), "net.timeout", /did not answer within 0\.1 s/],
  [
    "a line now and then",
    () => endless("220-a\r\n"),
    "net.timeout",
    /did not answer within 0\.1 s/,
  ],
  [
    "the end in the middle of a line",
    () => ["220 h", null].values(),
    "net.lost",
    /closed the connection/,
  ],
  [
    "the end in the middle of a reply",
    () => [GREETING, "250-a\r\n", null].values(),
    "net.lost",
    /closed/,
  ],
  ["silence", () => [].values(), "net.timeout", /did not answer within 0\.1 s/],
  [
    "silence in the middle of a reply",
    () => [GREETING, "250-a\r\n250"].values(),
    "net.timeout",
    /within 0\.1 s/,
  ],
  [
    "a greeting twice",
    () => [GREETING + GREETING].values(),
    "smtp.protocol",
    /sent "220 hi" that answers nothing/,
  ],
  [
    "a page of the web",
    () => ["HTTP/1.1 400 Bad\r\n\r\n<html>"].values(),
    "smtp.protocol",
    /sent "HTTP\/1\.1 400/,
  ],
];

for (const [what, says, code, words] of ROWS) {
  Deno.test(`openSession() ends with ${code} at ${what}`, async () => {
    const stream = server({ says: says() });
    // Long enough for a busy machine where no time is to run out.
    await assert.rejects(open(stream, code === "net.timeout" ? 100 : 10_000), (error) => {
      assert.ok(error instanceof Failure, String(error));
      assert.equal(error.code, code, error.message);
      assert.match(error.message, words);
      return true;
    });
    assert.ok(stream.taken <= 16_384, `${stream.taken} octets were read`);
  });
}

Deno.test("SmtpSession.send() gives up on a server that takes an octet now and then, before the end", async () => {
  const replies = [GREETING, "250 hi\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n"];
  const conduct = { says: replies.values(), takesAtOnce: 1000 as number };
  const session = await open(server(conduct), 100);
  await using slow = session;
  conduct.takesAtOnce = 1;
  const octets = new Uint8Array(200_000).fill(0x61);
  const sending = slow.send({ reversePath: "a@x", recipients: ["b@x"] }, {
    sizeBytes: octets.length,
    needsEightBitMime: false,
    needsSmtpUtf8: false,
    async *chunks(): AsyncGenerator<Uint8Array, void> {
      await Promise.resolve();
      yield octets;
    },
  });
  await assert.rejects(sending, (error) => {
    assert.ok(error instanceof Failure, String(error));
    assert.equal(error.code, "net.timeout", error.message);
    assert.match(error.message, /took no more data within 0\.[12] s/);
    return true;
  });
  assert.equal(session.isBroken, true);
});

Deno.test("timeoutsOf() keeps the proportions of RFC 5321, and lets the fate of a message take longest", () => {
  const times = timeoutsOf(30_000);
  assert.deepEqual(times, {
    sessionMs: 30_000,
    envelopeMs: 75_000,
    dataMs: 30_000,
    blockMs: 45_000,
    messageMs: 300_000,
  });
  assert.equal(times.envelopeMs / times.dataMs, 5 / 2);
  assert.equal(times.blockMs / times.dataMs, 3 / 2);
});
