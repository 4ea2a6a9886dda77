// The client against a server that does what it likes: 100,000 dialogs from one seed, which is printed. Whatever the
// server says, the client ends, with a failure or a result, and a result is true, also where the envelope of the next
// message went ahead. PLANTPOST_FUZZ_SEED and PLANTPOST_FUZZ_CASES choose others; a dialog that goes wrong is printed.

import assert from "node:assert/strict";
import { Failure } from "../../src/base/failure.ts";
import type { MessageSource } from "../../src/base/message_source.ts";
import type { ByteStream } from "../../src/base/world.ts";
import {
  type Credentials,
  type DsnRequest,
  type Envelope,
  openSession,
  type SessionOptions,
} from "../../src/smtp/client.ts";
import type { LocalStream } from "../../src/smtp/network.ts";
import { type Account, FuzzPeer, randomFrom } from "./fuzz_peer.ts";

// Under Wine a tenth of them takes as long.
const USUAL_CASES = Deno.build.os === "windows" ? 10_000 : 100_000;
const CASES = Number(Deno.env.get("PLANTPOST_FUZZ_CASES") ?? USUAL_CASES);
const SEED = Number(
  Deno.env.get("PLANTPOST_FUZZ_SEED") ?? crypto.getRandomValues(new Uint32Array(1))[0] ?? 1,
);
const LONGEST_CASE_MS = 10_000;

Deno.test(`openSession() and send() end and tell the truth in ${CASES} dialogs from seed ${SEED}`, async () => {
  const ends = new Map<string, number>();
  for (let at = 0; at < CASES; at++) {
    const problem = await playCase(SEED + at, ends);
    if (problem === undefined) continue;
    const dialog: string[] = [];
    await playCase(SEED + at, new Map(), (line) => dialog.push(line));
    assert.fail(
      `${problem}; PLANTPOST_FUZZ_SEED=${SEED + at} PLANTPOST_FUZZ_CASES=1\n${dialog.join("\n")}`,
    );
  }
  if (CASES < 10_000) return;
  // A fuzzer that reaches little proves little.
  for (
    const end of [
      ...["sent", "partial", "nobody", "smtp.outcome_unknown", "net.timeout", "stopped"],
      ...["ahead", "sent behind", "left"],
    ]
  ) {
    assert.ok((ends.get(end) ?? 0) > CASES / 5000, `${end}: ${JSON.stringify([...ends])}`);
  }
});

const STOP = new Error("stopped by the caller");

interface Case {
  readonly random: () => number;
  readonly peer: FuzzPeer;
  readonly stop: AbortController;
  readonly ends: Map<string, number>;
}

/** Resolves to what is wrong with the client, if anything. */
async function playCase(
  seed: number,
  ends: Map<string, number>,
  log?: (line: string) => void,
): Promise<string | undefined> {
  const random = randomFrom(seed);
  const chance = (likelihood: number): boolean => random() < likelihood;
  const stop = new AbortController();
  const isTimed = chance(0.008);
  const messageBytes = chance(0.005)
    ? 140_000 + Math.floor(random() * 100_000)
    : Math.floor(random() * 400);
  const tls = chance(0.2) ? "starttls" : chance(0.3) ? "implicit" : "none";
  const peer = new FuzzPeer({
    random,
    mischief: chance(0.2) ? 0 : random() * 0.25,
    messageBytes,
    offers: [
      ...(chance(0.7) ? ["PIPELINING"] : []),
      ...(chance(0.5) ? ["CHUNKING"] : []),
      ...(chance(0.5) ? [`SIZE ${chance(0.1) ? 100 : 10_000_000}`] : []),
      ...(chance(0.7) ? ["8BITMIME"] : []),
      ...(chance(0.3) ? ["DSN"] : []),
      ...(chance(0.2) ? ["SMTPUTF8"] : []),
      ...(tls === "starttls" && chance(0.95) ? ["STARTTLS"] : []),
      ...(chance(0.9) ? [`AUTH ${chance(0.5) ? "XOAUTH2 PLAIN" : "LOGIN OAUTHBEARER"}`] : []),
    ],
    ...(log === undefined ? {} : { log }),
  });
  let problem: string | undefined;
  peer.onStall = () => {
    if (!peer.isStalled && !peer.isOutOfStep) {
      problem ??= "the client waits for what nobody owes it";
    }
    // A timed case waits for the client's own patience to end.
    if (!isTimed) queueMicrotask(() => stop.abort(STOP));
  };
  const options = sessionOptions({ random, peer, stop, ends }, {
    tls,
    timeoutMs: isTimed ? 2 : 60_000,
  });
  const watchdog = Promise.withResolvers<string>();
  const timer = setTimeout(() => watchdog.resolve("the client hangs"), LONGEST_CASE_MS);
  const found = await Promise.race([
    converse({ random, peer, stop, ends }, { options, messageBytes }).catch((error) =>
      `it threw ${error instanceof Error ? error.stack : error}`
    ),
    watchdog.promise,
  ]);
  clearTimeout(timer);
  return problem ?? found;
}

async function converse(
  the: Case,
  { options, messageBytes }: { readonly options: SessionOptions; readonly messageBytes: number },
): Promise<string | undefined> {
  const { random, peer } = the;
  let session: Awaited<ReturnType<typeof openSession>>;
  try {
    session = await openSession(options);
  } catch (error) {
    count(the.ends, nameOf(error));
    return isProper(error) ? undefined : `openSession() threw ${error}`;
  }
  try {
    const mails = mailsOf(random, messageBytes);
    for (const [at, mail] of mails.entries()) {
      if (session.isBroken) break;
      mail.isSent = true;
      const following = random() < 0.6 ? mails[at + 1] : undefined;
      const end = await session
        .send(mail.envelope, mail.message, { next: () => following })
        .catch((error: unknown) => ({ error }));
      const account = accountOf(mail, peer);
      const isAhead = following !== undefined && accountOf(following, peer) !== undefined;
      const problem = "error" in end
        ? judgeFailure(end.error, { account, peer, hadFollowing: following !== undefined })
        : judgeResult(end, { account, peer, mail });
      const name = "error" in end ? nameOf(end.error) : nameOfResult(end);
      count(the.ends, name);
      if (problem !== undefined) return problem;
      if (isAhead) count(the.ends, "ahead");
      if (isAhead && !session.isBroken && random() < 0.1) {
        count(the.ends, "left");
        break;
      }
      if (name === "sent" && mail.isAhead) count(the.ends, "sent behind");
      if (following !== undefined) following.isAhead = isAhead;
    }
    session.close();
    const early = mails.find((mail) => !mail.isSent && accountOf(mail, peer)?.isComplete === true);
    return early === undefined || peer.isOutOfStep
      ? undefined
      : `${early.envelope.reversePath} was completed before it was to be sent`;
  } finally {
    await session[Symbol.asyncDispose]();
  }
}

interface FuzzMail {
  readonly envelope: Envelope;
  readonly message: MessageSource;
  readonly breaksOff: boolean;
  isAhead: boolean;
  isSent: boolean;
}

function mailsOf(random: () => number, messageBytes: number): readonly FuzzMail[] {
  return Array.from({ length: 1 + Math.floor(random() * 3) }, (_, at) => {
    const recipients = Array.from(
      { length: 1 + Math.floor(random() * 4) },
      (_, i) => `r${i}@x.example`,
    );
    const dsn: DsnRequest | undefined = random() < 0.2
      ? { notify: ["failure"], ret: "hdrs" }
      : undefined;
    const breaksOff = random() < 0.03;
    const reversePath = `plant${at}@x.example`;
    return {
      envelope: { reversePath, recipients, ...(dsn === undefined ? {} : { dsn }) },
      message: messageOf(messageBytes, breaksOff),
      breaksOff,
      isAhead: false,
      isSent: false,
    };
  });
}

function accountOf({ envelope }: FuzzMail, peer: FuzzPeer): Account | undefined {
  return peer.accounts.findLast(({ reversePath }) => reversePath === envelope.reversePath);
}

type Judged = {
  readonly account: Account | undefined;
  readonly peer: FuzzPeer;
};

function judgeFailure(
  error: unknown,
  { account, peer, hadFollowing }: Judged & { readonly hadFollowing: boolean },
): string | undefined {
  if (!isProper(error)) return `send() threw ${error instanceof Error ? error.stack : error}`;
  const isUnknown = error instanceof Failure && error.code === "smtp.outcome_unknown";
  // A write that fails may have handed over all but the end of what goes ahead of the next message.
  const isHandedOver = account?.isComplete === true || account?.isThrownAway === true;
  const mayBeOut = isHandedOver || (hadFollowing && peer.hasRefusedWrite);
  if (isUnknown && !mayBeOut) return "unknown before the last octet was out";
  // Without a fault of the server behind it, an acceptance that was sent must not come out as a failure.
  if (!isUnknown && account?.isAccepted === true && !peer.isOutOfStep && error !== STOP) {
    return `the server took the message, and the client says ${error}`;
  }
  return undefined;
}

function judgeResult(
  result: {
    readonly accepted: readonly string[];
    readonly rejected: readonly unknown[];
    readonly reply?: string;
  },
  { account, peer, mail }: Judged & { readonly mail: FuzzMail },
): string | undefined {
  if (result.accepted.length + result.rejected.length !== mail.envelope.recipients.length) {
    return "a recipient is missing";
  }
  if ((result.reply !== undefined) !== (result.accepted.length > 0)) {
    return "a reply to the message without recipients, or recipients without one";
  }
  if (peer.isOutOfStep && account?.isAnsweredInStep !== true) return undefined;
  if (result.reply === undefined) {
    return account?.isAccepted === true ? "nobody, and the server took the message" : undefined;
  }
  if (mail.breaksOff) return "sent, and the message was never whole";
  if (account?.isComplete !== true || !account.isAccepted) {
    return "sent, and the server did not take it";
  }
  return account.recipients.join() === result.accepted.join()
    ? undefined
    : `sent to ${result.accepted}, and the server took it for ${account.recipients}`;
}

function isProper(error: unknown): boolean {
  return error === STOP || error instanceof Failure;
}

function nameOf(error: unknown): string {
  return error instanceof Failure ? error.code : error === STOP ? "stopped" : "bug";
}

function nameOfResult(
  result: { accepted: readonly string[]; rejected: readonly unknown[] },
): string {
  if (result.accepted.length === 0) return "nobody";
  return result.rejected.length === 0 ? "sent" : "partial";
}

function count(ends: Map<string, number>, name: string): void {
  ends.set(name, (ends.get(name) ?? 0) + 1);
}

function sessionOptions(
  { random, peer, stop }: Case,
  { tls, timeoutMs }: Pick<SessionOptions, "tls" | "timeoutMs">,
): SessionOptions {
  const pick = <T>(...choices: readonly T[]): T =>
    choices[Math.floor(random() * choices.length)] as T;
  const credentials: Credentials = pick<Credentials>(
    { kind: "none" },
    { kind: "none" },
    { kind: "password", user: "a@x", password: "geheim" },
    { kind: "token", mechanism: "auto", user: "a@x", accessToken: "TOKEN" },
  );
  return {
    host: "smtp.example.com",
    port: 587,
    tls,
    timeoutMs,
    caCerts: [],
    network: {
      connect: () => Promise.resolve(peer),
      connectTls: () => Promise.resolve(peer),
      startTls: (same: ByteStream) => Promise.resolve(same as LocalStream),
    },
    credentials: () => Promise.resolve(credentials),
    initialResponse: pick("auto", "always", "never"),
    chunking: pick("auto", "never"),
    signal: stop.signal,
  };
}

function messageOf(sizeBytes: number, breaksOff: boolean): MessageSource {
  const octets = new Uint8Array(sizeBytes).fill(0x61);
  // Lines, some of which begin with a dot.
  for (let i = 70; i + 1 < octets.length; i += 72) {
    octets.set([0x0d, 0x0a, 0x2e].slice(0, octets.length - i), i);
  }
  return {
    sizeBytes,
    needsEightBitMime: false,
    needsSmtpUtf8: false,
    async *chunks(): AsyncGenerator<Uint8Array, void> {
      await Promise.resolve();
      if (breaksOff) {
        yield octets.subarray(0, sizeBytes >> 1);
        throw new Failure("input.unreadable", "cannot read a.pdf: disk removed");
      }
      yield octets;
    },
  };
}
