import assert from "node:assert/strict";
import { Failure, type FailureCode } from "../../src/base/failure.ts";
import type { MessageSource } from "../../src/base/message_source.ts";
import { SteadySession } from "../../src/outbox/steady_session.ts";
import type { NextMail, SmtpSession, TransactionResult } from "../../src/smtp/client.ts";
import { noExtensions } from "../../src/smtp/extensions.ts";

const ENVELOPE = { reversePath: "a@x.org", recipients: ["b@x.org"] };
const SENT: TransactionResult = { accepted: ["b@x.org"], rejected: [], reply: "250 kept" };
const MESSAGE: MessageSource = {
  sizeBytes: 0,
  needsEightBitMime: false,
  needsSmtpUtf8: false,
  async *chunks(): AsyncGenerator<Uint8Array> {},
};

Deno.test("SteadySession sends again, once and over a new connection, what the end of a used one kept from being taken", async () => {
  const reasons = [
    fault("net.lost"),
    fault("net.timeout"),
    fault("smtp.auth_refused", "535 5.7.3 expired"),
    fault("smtp.temporary", "421 4.7.0 closing"),
    fault("smtp.temporary", "451 4.7.1 too many messages in this connection"),
    fault("smtp.temporary", "452 4.3.1 message limit per session reached"),
  ];
  for (const reason of reasons) {
    const scene = open([SENT, reason], [SENT]);
    assert.equal(await scene.send(), "sent");
    assert.equal(await scene.send(), "sent", reason.message);
    assert.deepEqual([scene.opened, scene.sent], [2, 3]);
  }
});

Deno.test("SteadySession tells the failure of a message that a new connection does not help", async () => {
  const scene = open([
    SENT,
    fault("smtp.refused", "554 5.6.0 no"),
    fault("smtp.temporary", "451 4.7.1 slow down"),
    fault("message.invalid"),
    SENT,
  ]);
  const results = [];
  for (let i = 0; i < 5; i++) results.push(await scene.send());
  assert.deepEqual(results, ["sent", "smtp.refused", "smtp.temporary", "message.invalid", "sent"]);
  assert.deepEqual([scene.opened, scene.sent], [1, 5]);
});

Deno.test("SteadySession never sends again what may have been taken", async () => {
  const scene = open([SENT, fault("smtp.outcome_unknown")], [SENT]);
  assert.deepEqual([await scene.send(), await scene.send(), await scene.send()], [
    "sent",
    "smtp.outcome_unknown",
    "sent",
  ]);
  assert.deepEqual([scene.opened, scene.sent], [2, 3]);
});

Deno.test("SteadySession does not send again over a connection whose first message failed", async () => {
  const scene = open([fault("net.lost")], [fault("smtp.temporary", "421 4.3.2 busy")], [SENT]);
  assert.deepEqual([await scene.send(), await scene.send(), await scene.send()], [
    "net.lost",
    "smtp.temporary",
    "sent",
  ]);
});

Deno.test("SteadySession gives up for a minute after three messages in a row whose connection failed", async () => {
  const unknown = fault("smtp.outcome_unknown");
  const scene = open([unknown], [unknown], [unknown], [SENT]);
  const results = [];
  for (let i = 0; i < 1000; i++) results.push(await scene.send());
  assert.deepEqual(results.slice(0, 4), [
    ...Array(3).fill("smtp.outcome_unknown"),
    "net.lost: not tried",
  ]);
  assert.equal(new Set(results.slice(3)).size, 1);
  assert.deepEqual([scene.opened, scene.sent], [3, 3]);
  scene.nowMs += 60_000;
  assert.equal(await scene.send(), "sent");
  assert.deepEqual([scene.opened, scene.sent], [4, 4]);
});

Deno.test("SteadySession counts anew behind a message that got through, or was refused over a good connection", async () => {
  const [lost, no] = [fault("net.lost"), fault("smtp.refused", "554 no")];
  const scene = open([lost], [lost], [no, fault("smtp.outcome_unknown")], [lost], [SENT]);
  const results = [];
  for (let i = 0; i < 6; i++) results.push(await scene.send());
  assert.deepEqual(results, [
    "net.lost",
    "net.lost",
    "smtp.refused",
    "smtp.outcome_unknown",
    "net.lost",
    "sent",
  ]);
});

Deno.test("SteadySession meets what fails before the first connection once, for whatever number of messages", async () => {
  for (
    const code of ["oauth.grant_expired", "net.unknown_host", "net.unreachable"] as const
  ) {
    const scene = open(fault(code));
    const results = new Set<string>();
    for (let i = 0; i < 10_000; i++) results.add(await scene.send());
    assert.deepEqual([...results], [code]);
    assert.deepEqual([scene.opened, scene.waitsMs], [1, []]);
  }
});

Deno.test("SteadySession waits for a server that worked before, a few times, and then gives up for the others, too", async () => {
  const gone = fault("net.unreachable");
  const back = open([SENT, fault("net.lost")], gone, gone, [SENT]);
  assert.deepEqual([await back.send(), await back.send()], ["sent", "sent"]);
  assert.deepEqual(back.waitsMs, [1_000, 5_000]);
  const away = open([SENT, fault("net.lost")], gone, gone, gone);
  const results = [];
  for (let i = 0; i < 5; i++) results.push(await away.send());
  assert.deepEqual(results, ["sent", ...Array(4).fill("net.unreachable")]);
  assert.deepEqual([away.opened, away.sent], [4, 2]);
});

Deno.test("SteadySession does not wait where only a person can help", async () => {
  const scene = open([SENT, fault("net.lost")], fault("oauth.grant_expired"));
  assert.deepEqual([await scene.send(), await scene.send(), await scene.send()], [
    "sent",
    "oauth.grant_expired",
    "oauth.grant_expired",
  ]);
  assert.deepEqual([scene.opened, scene.waitsMs], [2, []]);
});

Deno.test("SteadySession takes a sign-in that is refused over a new connection for everybody's", async () => {
  const refused = fault("smtp.auth_refused", "550 5.7.30 Basic authentication is not supported");
  const scene = open([SENT, refused], [refused]);
  const results = [];
  for (let i = 0; i < 4; i++) results.push(await scene.send());
  assert.deepEqual(results, ["sent", ...Array(3).fill("smtp.auth_refused")]);
  assert.deepEqual([scene.opened, scene.sent], [2, 3]);
});

Deno.test("SteadySession lets the next message go ahead until a connection is lost without a word of the server's", async () => {
  const closing = fault("smtp.temporary", "421 4.7.0 closing");
  const no = fault("smtp.refused", "554 no");
  for (const loss of [fault("net.lost"), fault("net.timeout"), fault("smtp.outcome_unknown")]) {
    const scene = open([SENT, no, closing], [SENT, loss], [SENT, SENT, SENT]);
    for (let i = 0; i < 6; i++) await scene.send();
    assert.deepEqual(scene.wentAhead.slice(0, 5), Array(5).fill(true));
    assert.deepEqual([...new Set(scene.wentAhead.slice(5))], [false], loss.code);
  }
});

Deno.test("SteadySession that is interrupted opens nothing any more, and holds nothing against the server", async () => {
  const scene = open([SENT], [SENT]);
  scene.interrupt();
  assert.equal(await scene.send(), "interrupted");
  assert.equal(scene.opened, 0);
});

interface Scene {
  opened: number;
  sent: number;
  nowMs: number;
  readonly waitsMs: number[];
  /** For each message that was handed over, whether the session heard of the next one. */
  readonly wentAhead: boolean[];
  interrupt(): void;
  /** Sends a message: `sent`, or the code of its failure. */
  send(): Promise<string>;
}

/** Each connection is what its messages meet, or why there is none. */
function open(
  ...connections: readonly (Failure | readonly (Failure | TransactionResult)[])[]
): Scene {
  const script = [...connections];
  const interruption = new AbortController();
  const scene: Scene = {
    opened: 0,
    sent: 0,
    nowMs: 0,
    waitsMs: [],
    wentAhead: [],
    interrupt: () => interruption.abort(fault("interrupted")),
    async send(): Promise<string> {
      try {
        const next = (): NextMail => ({ envelope: ENVELOPE, message: MESSAGE });
        assert.equal(await steady.send(ENVELOPE, MESSAGE, { next }), SENT);
        return "sent";
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        return error.message.startsWith("not tried") ? `${error.code}: not tried` : error.code;
      }
    },
  };
  const steady = new SteadySession({
    open: () => {
      scene.opened++;
      const next = script.shift();
      assert.ok(next !== undefined, "one connection too many");
      return next instanceof Failure ? Promise.reject(next) : Promise.resolve(session(next));
    },
    world: {
      nowMs: () => scene.nowMs,
      sleep: (ms) => {
        scene.waitsMs.push(ms);
        return Promise.resolve();
      },
    },
    signal: interruption.signal,
  });
  return scene;

  function session(ends: readonly (Failure | TransactionResult)[]): SmtpSession {
    const rest = [...ends];
    let isBroken = false;
    return {
      extensions: noExtensions(),
      get isBroken(): boolean {
        return isBroken;
      },
      send: (_envelope, _message, options) => {
        scene.sent++;
        scene.wentAhead.push(options?.next?.() !== undefined);
        const end = rest.shift();
        assert.ok(end !== undefined, "one message too many");
        if (!(end instanceof Failure)) return Promise.resolve(end);
        const { refusal } = end;
        isBroken = refusal?.kind !== "smtp" || refusal.replyCode === 421;
        if (end.code === "message.invalid") isBroken = false;
        return Promise.reject(end);
      },
      close: () => {},
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }
}

function fault(code: FailureCode, reply?: string): Failure {
  if (reply === undefined) return new Failure(code, code);
  const [replyCode = "", ...words] = reply.split(" ");
  return new Failure(code, reply, {
    refusal: {
      kind: "smtp",
      command: "MAIL",
      replyCode: Number(replyCode),
      lines: [words.join(" ")],
    },
  });
}
