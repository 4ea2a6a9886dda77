// The two ways of a message to the server, BDAT (RFC 3030) and DATA with its dot-stuffing (RFC 5321 §4.5.2), give the
// same message: the one that was written.

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import type { MessageSource } from "../../src/base/message_source.ts";
import { composeMessage } from "../../src/message/compose.ts";
import { openSession, type SmtpSession } from "../../src/smtp/client.ts";
import { denoNetwork } from "../../src/smtp/network.ts";
import { startBdatServer } from "../peers/bdat_server.ts";
import { startSink } from "../peers/sink.ts";
import { draftOf, mails } from "./made_up_mails.ts";
import { octetsOf, RUNS } from "./readers.ts";

// Dots, and what a server might take for a line end or for the end of the message. No LF stands alone, because
// smtp-server takes it for a line end when it undoes the stuffing (a message source holds none).
const octets = fc.array(
  fc.oneof(
    fc.constantFrom(".", "..", "\r\n", "\r\n.\r\n", "\r\n..\r\n", "\r.\r\n", "\r\r\n", "\r"),
    fc.string({ unit: "binary", maxLength: 20 }),
  ),
  { maxLength: 60 },
).map((pieces) => `${pieces.join("")}\r\n`.replace(/(?<!\r)\n/g, "\r\n"))
  .map((text) => new TextEncoder().encode(text));

/** The octets, so often that they no longer go in one piece. */
const manyOctets = fc.tuple(octets, fc.integer({ min: 150_000, max: 2_500_000 })).map(
  ([one, size]) => new Uint8Array(Buffer.alloc(Math.ceil(size / one.length) * one.length, one)),
);

const cuts = fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1, maxLength: 5 });

Deno.test("BDAT and DATA bring the same message, whatever stands in it and however it is cut", async () => {
  await using ways = await openWays();
  await fc.assert(
    fc.asyncProperty(octets, cuts, (message, cut) => ways.agree(sourceOf(message, cut))),
    { numRuns: RUNS.numRuns * 10 },
  );
});

Deno.test("BDAT and DATA bring the same large message, in several chunks", async () => {
  await using ways = await openWays();
  await fc.assert(
    fc.asyncProperty(manyOctets, cuts, (message, cut) => ways.agree(sourceOf(message, cut))),
    { numRuns: 8 },
  );
  assert.ok(ways.chunkCount > 8, "no message was large enough to go in more than one chunk");
});

Deno.test("BDAT and DATA bring the same mail as the writer has written", async () => {
  await using ways = await openWays();
  await fc.assert(
    fc.asyncProperty(mails, (mail) => ways.agree(composeMessage(draftOf(mail)))),
    RUNS,
  );
});

interface Ways extends AsyncDisposable {
  readonly chunkCount: number;
  /** Sends it both ways and looks at what has come. */
  agree(message: MessageSource): Promise<void>;
}

async function openWays(): Promise<Ways> {
  const stack = new AsyncDisposableStack();
  const byBdat = stack.use(startBdatServer());
  const byData = stack.use(await startSink());
  const sessions = [
    stack.use(await sessionWith(byBdat.port)),
    stack.use(await sessionWith(byData.port)),
  ];
  const envelope = { reversePath: "a@contoso.com", recipients: ["b@contoso.com"] };
  return {
    get chunkCount(): number {
      return byBdat.chunkCount;
    },
    async agree(message): Promise<void> {
      const wanted = await octetsOf(message);
      await Promise.all(sessions.map((session) => session.send(envelope, message)));
      // Buffers are compared at once; a deep comparison of large arrays takes seconds.
      assert.ok(Buffer.from(wanted).equals(byBdat.messages.at(-1) ?? Buffer.alloc(0)), "BDAT");
      assert.ok(Buffer.from(wanted).equals(byData.messages.at(-1)?.raw ?? Buffer.alloc(0)), "DATA");
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

async function sessionWith(port: number): Promise<SmtpSession> {
  return await openSession({
    host: "127.0.0.1",
    port,
    tls: "none",
    timeoutMs: 10_000,
    caCerts: [],
    network: denoNetwork(),
    credentials: () => Promise.resolve({ kind: "none" }),
    initialResponse: "auto",
    chunking: "auto",
    signal: new AbortController().signal,
  });
}

function sourceOf(octets: Uint8Array, cuts: readonly number[]): MessageSource {
  return {
    sizeBytes: octets.length,
    needsEightBitMime: true,
    needsSmtpUtf8: false,
    async *chunks(): AsyncGenerator<Uint8Array> {
      let at = 0;
      for (let turn = 0; at < octets.length; turn++) {
        const piece = octets.subarray(at, at + (cuts[turn % cuts.length] ?? 1));
        at += piece.length;
        yield await piece;
      }
    },
  };
}
