// The server at the end of the road: keeps every message as it came, with its envelope. It is
// `smtp-server`, so it also plays a submission service with STARTTLS and XOAUTH2 where a
// test needs no Dovecot. Nothing it keeps is parsed: what the tests read is what was on the wire, after
// dot-unstuffing (RFC 5321 §4.5.2).

import { SMTPServer, type SMTPServerOptions } from "smtp-server";
import { Buffer } from "node:buffer";
import type { TestCertificates } from "./certificates.ts";
import { until } from "./wait.ts";

export interface ReceivedMessage {
  readonly raw: Uint8Array<ArrayBuffer>;
  readonly reversePath: string;
  readonly recipients: readonly string[];
  /** Who authenticated, where someone did. */
  readonly user?: string;
}

export interface SinkOptions {
  /** Offers STARTTLS with these; a sink without speaks cleartext only. */
  readonly certificates?: TestCertificates;
  /** Wants XOAUTH2 and lets in whom this accepts; a sink without asks nobody. */
  readonly accepts?: (credentials: { user: string; accessToken: string }) => boolean;
  /** Keeps only the count of messages, for measuring. */
  readonly countOnly?: boolean;
  /** Passed on to `smtp-server` last. */
  readonly server?: SMTPServerOptions;
}

export interface Sink {
  readonly host: "127.0.0.1";
  readonly port: number;
  readonly messages: readonly ReceivedMessage[];
  readonly messageCount: number;
  readonly connectionCount: number;
  /** Resolves to all messages once there are at least that many. */
  untilMessages(count: number): Promise<readonly ReceivedMessage[]>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts a sink on a free loopback port. */
export async function startSink(options: SinkOptions = {}): Promise<Sink> {
  const messages: ReceivedMessage[] = [];
  let messageCount = 0;
  let connectionCount = 0;
  const { certificates, accepts } = options;

  const server = new SMTPServer({
    name: "sink.test",
    disableReverseLookup: true,
    closeTimeout: 100,
    disabledCommands: [
      ...(certificates === undefined ? ["STARTTLS"] : []),
      ...(accepts === undefined ? ["AUTH"] : []),
    ],
    authMethods: ["XOAUTH2"],
    authOptional: accepts === undefined,
    ...(certificates === undefined ? {} : { cert: certificates.cert, key: certificates.key }),
    onAuth(auth, _session, done): void {
      const credentials = { user: auth.username ?? "", accessToken: auth.accessToken ?? "" };
      if (accepts?.(credentials) === true) {
        done(null, { user: credentials.user });
      } else {
        done(null, { data: { status: "401", schemes: "bearer", scope: "smtp" } });
      }
    },
    onConnect(_session, done): void {
      connectionCount++;
      done();
    },
    onData(stream, session, done): void {
      const parts: Uint8Array[] = [];
      stream.on("data", (part: Uint8Array) => {
        if (options.countOnly !== true) {
          parts.push(part);
        }
      });
      stream.on("end", () => {
        messageCount++;
        const { mailFrom, rcptTo } = session.envelope;
        if (options.countOnly !== true) {
          messages.push({
            raw: new Uint8Array(Buffer.concat(parts)),
            reversePath: mailFrom === false ? "" : mailFrom.address,
            recipients: rcptTo.map((recipient) => recipient.address),
            ...(session.user === undefined ? {} : { user: String(session.user) }),
          });
        }
        done(null, `2.0.0 message ${messageCount} kept`);
      });
    },
    ...options.server,
  });
  // A client that walks away in the middle is the test's affair, not an uncaught error.
  server.on("error", () => {});

  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve());
  });
  const address = server.server.address();
  if (address === null || typeof address === "string") {
    throw new Error("the sink has no port");
  }
  return {
    host: "127.0.0.1",
    port: address.port,
    messages,
    get messageCount(): number {
      return messageCount;
    },
    get connectionCount(): number {
      return connectionCount;
    },
    async untilMessages(count): Promise<readonly ReceivedMessage[]> {
      await until(() => messageCount >= count, { what: `message ${count} in the sink` });
      return messages;
    },
    [Symbol.asyncDispose](): Promise<void> {
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
