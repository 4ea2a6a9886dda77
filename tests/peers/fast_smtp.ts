// A submission server that is quick enough not to be what a benchmark measures: PIPELINING (RFC 2920),
// 8BITMIME, SMTPUTF8, SIZE, STARTTLS, AUTH XOAUTH2 and, where told, CHUNKING (RFC 3030). It counts
// messages and octets and keeps nothing. On Node's sockets: Deno's own cannot upgrade an accepted
// connection to TLS, nor switch Nagle's algorithm off on a TLS one, which costs 40 ms here and there.

import { createServer, type Socket } from "node:net";
import { createSecureContext, TLSSocket } from "node:tls";
import type { TestCertificates } from "./certificates.ts";
import { type Wire, wireOf } from "./node_stream.ts";
import { WireReader } from "./wire_reader.ts";

export interface FastSmtpOptions {
  readonly certificates: TestCertificates;
  readonly offersChunking: boolean;
  readonly accepts?: (credentials: { user: string; accessToken: string }) => boolean;
}

export interface FastSmtp {
  readonly host: "localhost";
  readonly port: number;
  readonly messageCount: number;
  /** Octets of message content, still dot-stuffed where they came by DATA. */
  readonly contentBytes: number;
  readonly connectionCount: number;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts a server on a free loopback port. */
export async function startFastSmtp(options: FastSmtpOptions): Promise<FastSmtp> {
  const counts = { messages: 0, contentBytes: 0, connections: 0 };
  const secureContext = createSecureContext(options.certificates);
  const open = new Set<Socket>();

  const serve = async (socket: Socket): Promise<void> => {
    counts.connections++;
    const wire = wireOf(socket);
    await wire.write("220 localhost ESMTP\r\n");
    const { startsTls } = await new Session(wire, options, counts).run();
    if (startsTls) {
      wire.release();
      const secure = new TLSSocket(socket, { isServer: true, secureContext });
      await new Session(wireOf(secure), options, counts, { isSecure: true }).run();
      secure.end();
    } else {
      socket.end();
    }
  };
  const server = createServer({ noDelay: true }, (socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    void serve(socket).catch(() => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const address = server.address();
  if (address === null || typeof address === "string") {
    throw new Error("the server has no port");
  }
  return {
    host: "localhost",
    port: address.port,
    get messageCount(): number {
      return counts.messages;
    },
    get contentBytes(): number {
      return counts.contentBytes;
    },
    get connectionCount(): number {
      return counts.connections;
    },
    [Symbol.asyncDispose](): Promise<void> {
      return new Promise((resolve) => {
        server.close(() => resolve());
        open.forEach((socket) => socket.destroy());
      });
    },
  };
}

interface Counts {
  messages: number;
  contentBytes: number;
}

/** One client, before or after STARTTLS. */
class Session {
  readonly #wire: Wire;
  readonly #reader: WireReader;
  readonly #options: FastSmtpOptions;
  readonly #counts: Counts;
  readonly #isSecure: boolean;
  #replies = "";

  constructor(
    wire: Wire,
    options: FastSmtpOptions,
    counts: Counts,
    { isSecure = false } = {},
  ) {
    this.#wire = wire;
    this.#reader = new WireReader(wire);
    this.#options = options;
    this.#counts = counts;
    this.#isSecure = isSecure;
  }

  /** Answers commands until the client goes, or wants TLS. */
  async run(): Promise<{ startsTls: boolean }> {
    while (true) {
      // Replies to a pipelined group go out together, when nothing of it is left to read.
      if (!this.#reader.hasLine()) {
        await this.#flush();
      }
      const line = await this.#reader.readLine();
      if (line === null) {
        return { startsTls: false };
      }
      const [verb = "", ...words] = line.split(" ");
      switch (verb.toUpperCase()) {
        case "EHLO":
          this.#greet();
          break;
        case "STARTTLS":
          this.#replies += "220 2.0.0 go ahead\r\n";
          await this.#flush();
          return { startsTls: true };
        case "AUTH":
          await this.#authenticate(words[1]);
          break;
        case "DATA":
          this.#replies += "354 go ahead\r\n";
          await this.#flush();
          this.#counts.contentBytes += await this.#reader.skipDotted();
          this.#accept();
          break;
        case "BDAT":
          await this.#reader.skip(Number(words[0]));
          this.#counts.contentBytes += Number(words[0]);
          if (words[1]?.toUpperCase() === "LAST") {
            this.#accept();
          } else {
            this.#replies += "250 2.0.0 chunk kept\r\n";
          }
          break;
        case "QUIT":
          this.#replies += "221 2.0.0 bye\r\n";
          await this.#flush();
          return { startsTls: false };
        case "MAIL":
        case "RCPT":
        case "RSET":
        case "NOOP":
          this.#replies += "250 2.1.0 ok\r\n";
          break;
        default:
          this.#replies += "502 5.5.1 not here\r\n";
      }
    }
  }

  #greet(): void {
    const keywords = ["localhost", "PIPELINING", "SIZE 157286400", "8BITMIME", "SMTPUTF8"];
    keywords.push(this.#isSecure ? "AUTH XOAUTH2" : "STARTTLS", "ENHANCEDSTATUSCODES");
    if (this.#options.offersChunking) {
      keywords.push("CHUNKING");
    }
    this.#replies += keywords
      .map((keyword, index) => `250${index === keywords.length - 1 ? " " : "-"}${keyword}\r\n`)
      .join("");
  }

  async #authenticate(initialResponse: string | undefined): Promise<void> {
    let response = initialResponse;
    if (response === undefined) {
      this.#replies += "334 \r\n";
      await this.#flush();
      response = await this.#reader.readLine() ?? "";
    }
    const [user = "", accessToken = ""] = atob(response).split("\u0001")
      .map((part) => part.replace(/^(?:user=|auth=Bearer )/u, ""));
    const isRight = accessToken !== "" &&
      (this.#options.accepts?.({ user, accessToken }) ?? true);
    if (!isRight) {
      this.#replies += `334 ${btoa('{"status":"401","schemes":"bearer","scope":"smtp"}')}\r\n`;
      await this.#flush();
      await this.#reader.readLine();
    }
    this.#replies += isRight ? "235 2.7.0 welcome\r\n" : "535 5.7.8 who are you\r\n";
  }

  #accept(): void {
    this.#counts.messages++;
    this.#replies += `250 2.0.0 message ${this.#counts.messages} kept\r\n`;
  }

  async #flush(): Promise<void> {
    const replies = this.#replies;
    this.#replies = "";
    if (replies !== "") {
      await this.#wire.write(replies);
    }
  }
}
