// A stand-in for Microsoft 365 on this PC: sign-in page, token endpoint, mail server and inbox, on loopback only, with
// faults on demand. Used by the command, the demo and the tests. The invariant: it keeps nothing on the disk but the
// profile that is asked for, and disposing of it ends every listener and connection.

import { AppCertificates } from "./app_certificates.ts";
import { type Authority, makeAuthority } from "./authority.ts";
import type { Directory } from "./directory.ts";
import { FaultPlan, type FaultRequest } from "./fault_plan.ts";
import type { FaultName } from "./faults.ts";
import { Inbox, type InboxMessage } from "./inbox.ts";
import { bindLoopback } from "./loopback.ts";
import { type SmtpServer, startSmtpServer } from "./smtp_server.ts";
import { IdTokens, randomText, TokenStore } from "./token_store.ts";
import { answerRequest, type WebOptions } from "./web.ts";

export interface SandboxOptions {
  /** Of the web server; 0, the default, for any free one. */
  readonly port?: number;
  /** Of the mail server; 0, the default, for any free one. */
  readonly smtpPort?: number;
  /** The mailbox that may send. */
  readonly account?: string;
  /** As registered; the sign-in comes back there. */
  readonly redirectUri?: string;
  /** Else one is made up. */
  readonly clientSecret?: string;
  /** `web`, where a secret is given, makes the app a confidential client. */
  readonly platform?: Directory["platform"];
  readonly accessTokenSeconds?: number;
  /** Whether a refresh token that is used again ends the sign-in. */
  readonly detectsReuse?: boolean;
  readonly faults?: readonly FaultRequest[];
  readonly nowMs?: () => number;
}

export interface SignInAnswer {
  /** Else the one that the request names as a hint. */
  readonly account?: string;
  readonly accepts?: boolean;
}

export interface Sandbox extends AsyncDisposable {
  readonly directory: Directory;
  /** `http://localhost:PORT`. */
  readonly origin: string;
  readonly smtpPort: number;
  /** The certificate of the authority, PEM. */
  readonly caCertificate: string;
  readonly faults: FaultPlan;
  plant(name: FaultName, options?: { readonly after?: number }): void;
  clear(name?: FaultName): void;
  /** The newest first. */
  messages(): Promise<readonly InboxMessage[]>;
  /** What a person does in the browser: opens the address, answers the page, and follows to its end. */
  signIn(url: string, answer?: SignInAnswer): Promise<Response>;
}

export const SANDBOX_ACCOUNT = "reports@contoso.example";
export const SANDBOX_REDIRECT_URI = "http://localhost:3017/";
const ACCESS_TOKEN_SECONDS = 4500;
/** How long the end waits for answers that are on their way. */
const PATIENCE_MS = 500;

/** @throws {Failure} `file.cannot_create` when a port is taken */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const nowMs = options.nowMs ?? ((): number => Date.now());
  const [authority, idTokens] = await Promise.all([makeAuthority(nowMs()), IdTokens.create()]);
  const store = new TokenStore(nowMs);
  const inbox = new Inbox();
  const directory = directoryOf(options);
  // As if their hour was over: otherwise nobody would meet the fault before the next refresh is due.
  const plan = new FaultPlan((fault) => {
    if (["token", "refresh", "app"].includes(fault.where)) store.endAccessTokens();
  });
  for (const fault of options.faults ?? []) plan.plant(fault);

  const smtp = await startSmtpServer({
    port: options.smtpPort ?? 0,
    authority,
    nowMs,
    rules: {
      account: directory.account,
      isActive: (fault) => plan.isActive(fault),
      takeOnce: (fault) => plan.takeOnce(fault),
      senderBy: (token, user) => store.senderBy(token, user),
      accept: (arrival) => {
        const id = inbox.add(arrival, nowMs());
        plan.countMessage();
        return `${id}.${crypto.randomUUID()}@sandbox`;
      },
    },
  });
  try {
    const end = new AbortController();
    const web = startWeb(options.port ?? 0, {
      directory,
      store,
      plan,
      idTokens,
      inbox,
      nowMs,
      accessTokenSeconds: options.accessTokenSeconds ?? ACCESS_TOKEN_SECONDS,
      detectsReuse: options.detectsReuse === true,
      signal: end.signal,
    });
    return new RunningSandbox({ directory, authority, plan, inbox, smtp, web, end });
  } catch (failure) {
    await smtp[Symbol.asyncDispose]();
    throw failure;
  }
}

interface Web {
  readonly origin: string;
  readonly servers: readonly Deno.HttpServer<Deno.NetAddr>[];
}

interface Parts {
  readonly directory: Directory;
  readonly authority: Authority;
  readonly plan: FaultPlan;
  readonly inbox: Inbox;
  readonly smtp: SmtpServer;
  readonly web: Web;
  readonly end: AbortController;
}

class RunningSandbox implements Sandbox {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  get directory(): Directory {
    return this.#parts.directory;
  }

  get origin(): string {
    return this.#parts.web.origin;
  }

  get smtpPort(): number {
    return this.#parts.smtp.port;
  }

  get caCertificate(): string {
    return this.#parts.authority.certificate;
  }

  get faults(): FaultPlan {
    return this.#parts.plan;
  }

  plant(name: FaultName, options: { readonly after?: number } = {}): void {
    this.#parts.plan.plant({ name, after: options.after ?? 0 });
  }

  clear(name?: FaultName): void {
    this.#parts.plan.clear(name);
  }

  async messages(): Promise<readonly InboxMessage[]> {
    return await this.#parts.inbox.list();
  }

  async signIn(url: string, answer: SignInAnswer = {}): Promise<Response> {
    const hint = new URL(url).searchParams.get("login_hint") ?? this.directory.account;
    return await fetch(url, {
      method: "POST",
      body: new URLSearchParams(
        answer.accepts === false
          ? { abort: "1" }
          : { account: answer.account ?? hint, accept: "1" },
      ),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { end, web, smtp } = this.#parts;
    end.abort();
    await smtp[Symbol.asyncDispose]();
    // A browser keeps spare connections on which it says nothing, and Deno 2.4 would wait for those.
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, PATIENCE_MS);
    await Promise.race([Promise.all(web.servers.map((server) => server.finished)), late]);
    clearTimeout(timer);
  }
}

function startWeb(port: number, options: Omit<WebOptions, "origin">): Web {
  let origin = "";
  const handler = (request: Request): Promise<Response> =>
    answerRequest(request, { ...options, origin: () => origin });
  const { bound, port: actual } = bindLoopback<Deno.HttpServer<Deno.NetAddr>>(port, {
    bind: (at) => Deno.serve({ ...at, handler, signal: options.signal, onListen: () => {} }),
    portOf: (server) => server.addr.port,
    close: (server) => void server.shutdown(),
  });
  origin = `http://localhost:${actual}`;
  return { origin, servers: bound };
}

function directoryOf(options: SandboxOptions): Directory {
  const account = options.account ?? SANDBOX_ACCOUNT;
  return {
    tenantId: crypto.randomUUID(),
    domain: account.slice(account.lastIndexOf("@") + 1).toLowerCase(),
    account,
    clientId: crypto.randomUUID(),
    platform: options.platform ?? (options.clientSecret === undefined ? "mobile" : "web"),
    clientSecret: options.clientSecret ?? `sandbox~${randomText(24)}`,
    certificates: new AppCertificates(),
    redirectUri: options.redirectUri ?? SANDBOX_REDIRECT_URI,
  };
}
