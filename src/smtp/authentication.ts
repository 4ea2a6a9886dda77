// AUTH over a connection (RFC 4954): which mechanism, the initial response in line or in a second step, and the
// answer to an error challenge. The invariant: what signs in is never shown, neither when it is sent nor when the
// server repeats it.

import { Failure } from "../base/failure.ts";
import { authCommand, MAX_COMMAND_LINE_BYTES } from "./command.ts";
import type { Connection } from "./connection.ts";
import type { Extensions } from "./extensions.ts";
import type { Reply } from "./reply.ts";
import { refusalFailure } from "./reply_class.ts";
import { login, oauthBearer, plain, type SaslExchange, xoauth2 } from "./sasl.ts";

export type Credentials =
  | { readonly kind: "none" }
  | { readonly kind: "password"; readonly user: string; readonly password: string }
  | {
    readonly kind: "token";
    readonly mechanism: "xoauth2" | "oauthbearer" | "auto";
    readonly user: string;
    readonly accessToken: string;
  };

export interface AuthenticationOptions {
  readonly host: string;
  readonly port: number;
  readonly initialResponse: "auto" | "always" | "never";
  readonly extensions: Extensions;
}

/**
 * Signs in. A refusal carries the server's lines as `refusal` and a decoded error challenge as `cause`.
 * @throws {Failure} `smtp.auth_refused`, `smtp.temporary`, `smtp.protocol`, and those of the connection
 */
export async function authenticate(
  connection: Connection,
  options: AuthenticationOptions & { credentials: Exclude<Credentials, { kind: "none" }> },
): Promise<void> {
  const exchange = chooseMechanism(connection, options);
  connection.hide(exchange.secrets);
  const reply = await converse(connection, { exchange, initialResponse: options.initialResponse });
  if (reply.code !== 235) {
    const challenge = exchange.errorChallenge;
    throw refusalFailure(reply, {
      phase: "auth",
      command: `AUTH ${exchange.mechanism}`,
      what: `the sign-in of ${options.credentials.user}${challengeWords(challenge)}`,
      server: connection.server,
      cause: challenge,
    });
  }
  connection.hide([]);
}

async function converse(
  connection: Connection,
  { exchange, initialResponse }: {
    exchange: SaslExchange;
    initialResponse: AuthenticationOptions["initialResponse"];
  },
): Promise<Reply> {
  const { mechanism } = exchange;
  let waiting = exchange.initialResponse;
  const inline = waiting === undefined ? undefined : authCommand(mechanism, waiting);
  if (inline !== undefined && isSentInline(inline, initialResponse)) {
    connection.putLine(inline, `AUTH ${mechanism} <redacted>`);
    waiting = undefined;
  } else {
    connection.putLine(authCommand(mechanism));
  }
  connection.assertInStep();
  await connection.flush();
  let reply = await connection.readReply();
  while (reply.code === 334) {
    connection.assertInStep();
    const answer = waiting ?? answerTo(reply, { connection, exchange });
    waiting = undefined;
    connection.putLine(answer, answer === "" ? "" : "<redacted>");
    await connection.flush();
    reply = await connection.readReply();
  }
  return reply;
}

// In the middle of an exchange even QUIT would be taken for a response.
function answerTo(
  reply: Reply,
  { connection, exchange }: { connection: Connection; exchange: SaslExchange },
): string {
  try {
    return exchange.next(reply.lines.join("").trim());
  } catch (error) {
    connection.drop(error);
    throw error;
  }
}

function isSentInline(command: string, mode: AuthenticationOptions["initialResponse"]): boolean {
  if (mode !== "auto") return mode === "always";
  return command.length + 2 <= MAX_COMMAND_LINE_BYTES;
}

function chooseMechanism(
  connection: Connection,
  { credentials, extensions, host, port }: Parameters<typeof authenticate>[1],
): SaslExchange {
  if (!extensions.isExtended) throw withoutExtensions(connection, "AUTH");
  const offered = extensions.authMechanisms;
  if (credentials.kind === "password") {
    if (offered.includes("PLAIN")) return plain(credentials);
    if (offered.includes("LOGIN")) return login(credentials);
    throw notOffered(connection, { wanted: "PLAIN or LOGIN", offered });
  }
  const { mechanism, user, accessToken } = credentials;
  if (mechanism !== "oauthbearer" && offered.includes("XOAUTH2")) {
    return xoauth2({ user, accessToken });
  }
  if (mechanism !== "xoauth2" && offered.includes("OAUTHBEARER")) {
    return oauthBearer({ user, accessToken, host, port });
  }
  const wanted = mechanism === "auto" ? "XOAUTH2 or OAUTHBEARER" : mechanism.toUpperCase();
  throw notOffered(connection, { wanted, offered });
}

/** The failure for a server that knows only HELO, where the profile wants more. */
export function withoutExtensions(connection: Connection, wanted: "STARTTLS" | "AUTH"): Failure {
  return new Failure(
    "smtp.protocol",
    `${connection.server} does not know EHLO, and so offers no ${wanted}, which the profile wants`,
    {
      remedy:
        "check smtp.host and smtp.port; if they are right, a firewall that inspects mail may stand in " +
        "between (ESMTP inspection, SMTP fixup): have its administrator let EHLO pass",
    },
  );
}

function notOffered(
  connection: Connection,
  { wanted, offered }: { wanted: string; offered: readonly string[] },
): Failure {
  return offered.length === 0
    ? new Failure(
      "smtp.auth_refused",
      `${connection.server} offers no AUTH at all, wanted ${wanted}`,
      {
        retry: "never",
        remedy:
          "SMTP AUTH may be switched off for this server or account; check smtp.tls too, since most servers " +
          "offer AUTH behind TLS only",
      },
    )
    : new Failure(
      "smtp.auth_refused",
      `${connection.server} does not offer AUTH ${wanted}, only ${offered.join(", ")}`,
      { retry: "never", remedy: "set smtp.auth in the profile to what the server offers" },
    );
}

function challengeWords(challenge: SaslExchange["errorChallenge"]): string {
  if (challenge === undefined) return "";
  const parts = [];
  if (challenge.status !== undefined) parts.push(`status ${challenge.status}`);
  if (challenge.scope !== undefined) parts.push(`wanted scope ${challenge.scope}`);
  return parts.length === 0 ? "" : ` (${parts.join(", ")})`;
}
