// SASL mechanisms without a socket: XOAUTH2 (Google's and Microsoft's description of it), OAUTHBEARER (RFC 7628),
// PLAIN (RFC 4616) and LOGIN (draft-murchison-sasl-login). Everything that goes in and out is base64 text. The
// invariant: after the last thing a mechanism has to say, another challenge is a fault of the server.

import { Failure } from "../base/failure.ts";

/** What a server says about a token it does not take (RFC 7628 §3.2.2); fields it left out are absent. */
export interface ErrorChallenge {
  readonly status?: string;
  readonly schemes?: string;
  readonly scope?: string;
}

export interface SaslExchange {
  readonly mechanism: string;
  /** Base64. Undefined where the server speaks first; that is not the same as an empty response. */
  readonly initialResponse: string | undefined;
  /** Everything in plain and base64 form that must not be seen. */
  readonly secrets: readonly string[];
  /** The decoded error challenge, once the server sent one. */
  readonly errorChallenge: ErrorChallenge | undefined;
  /**
   * The base64 answer to a challenge that came after the initial response.
   * @throws {Failure} `smtp.protocol` where the mechanism has nothing left to say
   */
  next(challenge: string): string;
}

/** @throws {Failure} `message.invalid` for a user, `oauth.protocol` for a token, that holds a control character */
export function xoauth2(options: { user: string; accessToken: string }): SaslExchange {
  checkBearer(options);
  const message = `user=${options.user}\x01auth=Bearer ${options.accessToken}\x01\x01`;
  return new BearerExchange("XOAUTH2", { message, token: options.accessToken, farewell: "" });
}

/** @throws {Failure} as `xoauth2()` */
export function oauthBearer(
  options: { user: string; accessToken: string; host: string; port: number },
): SaslExchange {
  checkBearer(options);
  const user = options.user.replaceAll("=", "=3D").replaceAll(",", "=2C");
  const message = `n,a=${user},\x01host=${options.host}\x01port=${options.port}` +
    `\x01auth=Bearer ${options.accessToken}\x01\x01`;
  // RFC 7628 §3.2.3: the answer to an error challenge is one 0x01.
  const farewell = base64("\x01");
  return new BearerExchange("OAUTHBEARER", { message, token: options.accessToken, farewell });
}

/** @throws {Failure} `message.invalid` for a user or password that holds a NUL */
export function plain(options: { user: string; password: string }): SaslExchange {
  if (options.user.includes("\0") || options.password.includes("\0")) {
    throw new Failure("message.invalid", "user name or password: must not hold a NUL");
  }
  const initialResponse = base64(`\0${options.user}\0${options.password}`);
  return {
    mechanism: "PLAIN",
    initialResponse,
    secrets: [options.password, base64(options.password), initialResponse],
    errorChallenge: undefined,
    next: () => {
      throw oneChallengeTooMany("PLAIN");
    },
  };
}

/** Answers user name, then password, whatever the two prompts say. */
export function login(options: { user: string; password: string }): SaslExchange {
  const answers = [base64(options.user), base64(options.password)];
  return {
    mechanism: "LOGIN",
    initialResponse: undefined,
    secrets: [options.password, base64(options.password)],
    errorChallenge: undefined,
    next: () => {
      const answer = answers.shift();
      if (answer === undefined) throw oneChallengeTooMany("LOGIN");
      return answer;
    },
  };
}

class BearerExchange implements SaslExchange {
  readonly initialResponse: string;
  readonly secrets: readonly string[];
  readonly #farewell: string;
  #errorChallenge: ErrorChallenge | undefined;

  constructor(
    readonly mechanism: string,
    options: { message: string; token: string; farewell: string },
  ) {
    this.initialResponse = base64(options.message);
    this.secrets = [options.token, base64(options.token), this.initialResponse];
    this.#farewell = options.farewell;
  }

  get errorChallenge(): ErrorChallenge | undefined {
    return this.#errorChallenge;
  }

  next(challenge: string): string {
    if (this.#errorChallenge !== undefined) throw oneChallengeTooMany(this.mechanism);
    this.#errorChallenge = readErrorChallenge(challenge);
    return this.#farewell;
  }
}

function readErrorChallenge(challenge: string): ErrorChallenge {
  let value: unknown;
  try {
    const bytes = Uint8Array.from(atob(challenge), (char) => char.charCodeAt(0));
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    // The reply that follows says that the token was refused; a challenge nobody can read adds nothing to it.
    return {};
  }
  if (typeof value !== "object" || value === null) return {};
  const fields: { status?: string; schemes?: string; scope?: string } = {};
  for (const [name, field] of Object.entries(value)) {
    if (name !== "status" && name !== "schemes" && name !== "scope") continue;
    if (typeof field === "string" || typeof field === "number") {
      fields[name] = `${field}`.replace(/\p{Cc}/gu, "\ufffd");
    }
  }
  return fields;
}

function checkBearer(options: { user: string; accessToken: string }): void {
  if (/\p{Cc}/u.test(options.user)) {
    throw new Failure("message.invalid", "user name: must not hold a control character");
  }
  // RFC 6750 §2.1: a bearer token is one word. A line break usually comes from a copied file.
  if (!/^[\x21-\x7e]+$/.test(options.accessToken)) {
    throw new Failure(
      "oauth.protocol",
      "access token: must be one word of ASCII characters without blanks and line breaks",
    );
  }
}

function oneChallengeTooMany(mechanism: string): Failure {
  return new Failure(
    "smtp.protocol",
    `server sent one challenge too many during AUTH ${mechanism}`,
  );
}

function base64(text: string): string {
  let binary = "";
  for (const byte of new TextEncoder().encode(text)) binary += String.fromCharCode(byte);
  return btoa(binary);
}
