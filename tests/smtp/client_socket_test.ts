// The client on real sockets against `smtp-server`, which other people wrote, and through a proxy that counts turns.

import assert from "node:assert/strict";
import { once } from "node:events";
import { SMTPServer } from "smtp-server";
import { Failure } from "../../src/base/failure.ts";
import type { MessageSource } from "../../src/base/message_source.ts";
import { joinOctets } from "../../src/base/octets.ts";
import { openSession, type SessionOptions } from "../../src/smtp/client.ts";
import { denoNetwork } from "../../src/smtp/network.ts";
import { makeCertificates, type TestCertificates } from "../peers/certificates.ts";
import { openSlowLink } from "../peers/slow_link.ts";
import { until } from "../peers/wait.ts";

interface Peer extends AsyncDisposable {
  readonly port: number;
  readonly messages: string[];
  /** Of each message. */
  readonly recipients: (readonly string[])[];
  readonly tokens: string[];
}

async function startPeer(certificates: TestCertificates): Promise<Peer> {
  const messages: string[] = [];
  const recipients: (readonly string[])[] = [];
  const tokens: string[] = [];
  const server = new SMTPServer({
    cert: certificates.cert,
    key: certificates.key,
    authMethods: ["XOAUTH2"],
    disableReverseLookup: true,
    onAuth: (auth, _session, callback) => {
      tokens.push(auth.accessToken ?? "");
      if (auth.accessToken === "WRONG") {
        callback(null, { data: { status: "401", schemes: "bearer", scope: "mail" } });
      } else {
        callback(null, { user: auth.username });
      }
    },
    onData: (stream, { envelope }, callback) => {
      recipients.push(envelope.rcptTo.map(({ address }) => address));
      const parts: Uint8Array[] = [];
      stream.on("data", (part: Uint8Array) => parts.push(part));
      stream.on("end", () => {
        messages.push(new TextDecoder().decode(joinOctets(parts)));
        callback();
      });
    },
  });
  server.on("error", () => undefined);
  const listening = server.listen(0, "127.0.0.1");
  await once(listening, "listening");
  return {
    port: (listening.address() as { port: number }).port,
    messages,
    recipients,
    tokens,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

function messageOf(text: string): MessageSource {
  const bytes = new TextEncoder().encode(text);
  return {
    sizeBytes: bytes.length,
    needsEightBitMime: false,
    needsSmtpUtf8: false,
    async *chunks(): AsyncGenerator<Uint8Array, void> {
      await Promise.resolve();
      for (let start = 0; start < bytes.length; start += 10_001) {
        yield bytes.subarray(start, start + 10_001);
      }
    },
  };
}

function options(
  port: number,
  more: Partial<SessionOptions> & { readonly token?: string } = {},
): SessionOptions {
  return {
    host: "localhost",
    port,
    tls: "starttls",
    timeoutMs: 10_000,
    caCerts: [],
    network: denoNetwork(),
    credentials: () =>
      Promise.resolve({
        kind: "token",
        mechanism: "xoauth2",
        user: "plant1@contoso.com",
        accessToken: more.token ?? "TOKEN",
      }),
    initialResponse: "auto",
    chunking: "auto",
    signal: new AbortController().signal,
    ...more,
  };
}

const ENVELOPE = { reversePath: "plant1@contoso.com", recipients: ["anna@example.com"] };

Deno.test({
  name: `openSession() sends through smtp-server in eight turns without CHUNKING`,
  fn: async () => {
    await using certificates = await makeCertificates();
    await using peer = await startPeer(certificates);
    // A link without delay; it counts how often the client speaks after the server did.
    await using link = openSlowLink({ port: peer.port, oneWayMs: 0 });
    const session = await openSession(options(link.port, { caCerts: [certificates.ca] }));
    const text = "Subject: hi\r\n\r\n.hi\r\n.\r\nbye\r\n";
    const result = await session.send(ENVELOPE, messageOf(text));
    await session[Symbol.asyncDispose]();
    assert.deepEqual(result.accepted, ENVELOPE.recipients);
    assert.match(result.reply ?? "", /^250 /);
    assert.deepEqual(peer.messages, [text]);
    assert.deepEqual(peer.tokens, ["TOKEN"]);
    await until(() => link.turns[0] === 8, { what: "the eighth turn, QUIT" });
    assert.deepEqual(link.turns, [8]);
  },
});

Deno.test({
  name: `SmtpSession.send() sends many small and one large message over one connection`,
  fn: async () => {
    await using certificates = await makeCertificates();
    await using peer = await startPeer(certificates);
    const token = "x".repeat(2_000);
    const caCerts = [certificates.ca];
    await using session = await openSession(options(peer.port, { caCerts, token }));
    const line = `.${"abcdefghij".repeat(7)}\r\n`;
    const texts = ["a\r\n", "", line.repeat(20_000), ".\r\n"];
    for (const text of texts) await session.send(ENVELOPE, messageOf(text));
    assert.deepEqual(peer.messages, ["a\r\n", "", line.repeat(20_000), ".\r\n"]);
    assert.deepEqual(peer.tokens, [token]);
  },
});

Deno.test({
  name:
    `SmtpSession.send() takes one turn at smtp-server for each message whose envelope went ahead`,
  fn: async () => {
    await using certificates = await makeCertificates();
    await using peer = await startPeer(certificates);
    await using link = openSlowLink({ port: peer.port, oneWayMs: 0 });
    const session = await openSession(options(link.port, { caCerts: [certificates.ca] }));
    const line = `.${"abcdefghij".repeat(7)}\r\n`;
    const texts = ["a\r\n", "", line.repeat(20_000), ".\r\n", ...Array(16).fill(line)];
    const mails = texts.map((text, at) => ({
      envelope: { ...ENVELOPE, recipients: [`p${at}@example.com`, "bo@example.com"] },
      message: messageOf(text),
    }));
    for (const [at, { envelope, message }] of mails.entries()) {
      const { accepted } = await session.send(envelope, message, { next: () => mails[at + 1] });
      assert.deepEqual(accepted, envelope.recipients);
    }
    await session[Symbol.asyncDispose]();
    assert.deepEqual(peer.messages, texts);
    assert.deepEqual(peer.recipients, mails.map(({ envelope }) => envelope.recipients));
    // Eight for the first with QUIT, as above.
    await until(() => link.turns[0] === 8 + 19, { what: "the last turn, QUIT" });
  },
});

Deno.test({
  name: `openSession() tells a refused token with the server's challenge`,
  fn: async () => {
    await using certificates = await makeCertificates();
    await using peer = await startPeer(certificates);
    await assert.rejects(
      openSession(options(peer.port, { caCerts: [certificates.ca], token: "WRONG" })),
      (error) =>
        error instanceof Failure && error.code === "smtp.auth_refused" &&
        error.message.includes("status 401") && !error.message.includes("WRONG"),
    );
  },
});

Deno.test({
  name: `openSession() gives up on a server that says nothing in the middle of TLS`,
  fn: async () => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr;
    const serving = (async () => {
      const conn = await listener.accept();
      const say = (text: string): Promise<number> => conn.write(new TextEncoder().encode(text));
      await say("220 hi\r\n");
      await conn.read(new Uint8Array(100));
      await say("250-hi\r\n250 STARTTLS\r\n");
      await conn.read(new Uint8Array(100));
      await say("220 go\r\n");
      return conn;
    })();
    await assert.rejects(openSession(options(port, { timeoutMs: 200 })), (error) => {
      assert.ok(error instanceof Failure && error.code === "net.timeout", String(error));
      assert.equal(error.message, `cannot start TLS with localhost port ${port} within 0.2 s`);
      assert.match(error.remedy ?? "", /TLS inspection/);
      return true;
    });
    // The runtime lets go of a socket that is in the middle of TLS only when the other side does.
    (await serving).close();
  },
});

Deno.test({
  name: `openSession() tells an unknown authority from a name that does not match`,
  fn: async () => {
    await using certificates = await makeCertificates();
    await using peer = await startPeer(certificates);
    const network = denoNetwork();
    const refused = (words: RegExp) => (error: unknown): boolean =>
      error instanceof Failure && error.code === "net.tls" && words.test(error.message) &&
      error.remedy?.includes("smtp.ca_file") === true;
    await assert.rejects(
      openSession(options(peer.port)),
      refused(
        /not trusted here .*: the certificate is for "localhost", issued by "plantpost sandbox authority", valid until \d{4}-/,
      ),
    );
    await assert.rejects(
      openSession(
        options(peer.port, {
          caCerts: [certificates.ca],
          host: "other.example.com",
          network: {
            ...network,
            connect: (target) => network.connect({ ...target, host: "127.0.0.1" }),
          },
        }),
      ),
      refused(/for another name/),
    );
  },
});
