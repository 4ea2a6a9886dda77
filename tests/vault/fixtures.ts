// Profiles, settings and a world by hand, so that the vault is tested without the profile parser. Nothing
// here touches the machine's own state: folders are temporary and the key file is named.

import { joinPath } from "../../src/base/paths.ts";
import type { World } from "../../src/base/world.ts";
import type { OauthProfile, Profile, Settings, VaultSettings } from "../../src/profile/profile.ts";
import type { Grant } from "../../src/vault/content.ts";
import { bindingOf } from "../../src/vault/content.ts";

export const PLATFORM: World["platform"] = Deno.build.os === "windows"
  ? "windows"
  : Deno.build.os === "darwin"
  ? "darwin"
  : "linux";

export interface TestWorld extends
  Pick<
    World,
    | "env"
    | "platform"
    | "terminal"
    | "whoAmI"
    | "keepSecret"
    | "nowMs"
    | "fetch"
    | "sleep"
    | "randomBytes"
  > {
  readonly secrets: string[];
  readonly questions: string[];
}

export interface WorldOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly platform?: World["platform"];
  readonly isRoot?: boolean;
  /** What a person types; undefined means that nobody sits there. */
  readonly answers?: readonly string[];
  readonly nowMs?: () => number;
  readonly fetch?: typeof fetch;
  readonly pc?: string;
  /** Without it nothing is waited for. */
  readonly sleep?: World["sleep"];
  readonly randomBytes?: World["randomBytes"];
}

export function testWorld(options: WorldOptions = {}): TestWorld {
  const secrets: string[] = [];
  const questions: string[] = [];
  const answers = [...options.answers ?? []];
  function ask(question: string): Promise<string | null> {
    questions.push(question);
    return Promise.resolve(answers.shift() ?? null);
  }
  return {
    secrets,
    questions,
    platform: options.platform ?? PLATFORM,
    env: (name) => options.env?.[name],
    whoAmI: () => ({
      pc: options.pc ?? "PANEL-7",
      account: "anna",
      isRoot: options.isRoot ?? false,
    }),
    keepSecret: (text) => void secrets.push(text),
    nowMs: options.nowMs ?? (() => Date.now()),
    fetch: options.fetch ?? fetch,
    sleep: options.sleep ?? (() => Promise.resolve()),
    randomBytes: options.randomBytes ?? ((count) => crypto.getRandomValues(new Uint8Array(count))),
    terminal: {
      isInteractive: options.answers !== undefined,
      out: () => {},
      outOctets: () => {},
      err: () => {},
      ask,
      askHidden: ask,
      input: async function* (): AsyncGenerator<Uint8Array> {},
      readInput: () => Promise.resolve(new Uint8Array()),
    },
  };
}

export interface ProfileChange {
  readonly name?: string;
  readonly smtpHost?: string;
  readonly oauth?: Partial<OauthProfile>;
}

export type OauthTestProfile = Profile & { readonly oauth: OauthProfile };

export function testProfile(change: ProfileChange = {}): OauthTestProfile {
  return {
    name: change.name ?? "plant",
    provider: "custom",
    user: "reports@contoso.example",
    sender: { address: "reports@contoso.example" },
    oauth: {
      flow: "code",
      clientId: "11111111-2222-3333-4444-555555555555",
      redirectUri: "http://localhost:3017/",
      clientAuth: "post",
      clientSecret: { from: "vault" },
      authorizationEndpoint: "https://login.example/authorize",
      tokenEndpoint: "https://login.example/token",
      scope: "https://mail.example/SMTP.Send offline_access",
      authorizationExtras: {},
      ...change.oauth,
    },
    smtp: {
      host: change.smtpHost ?? "smtp.example",
      port: 587,
      tls: "starttls",
      auth: "xoauth2",
      initialResponse: "auto",
      chunking: "auto",
      timeoutMs: 30_000,
      allowCleartext: false,
    },
    transport: "smtp",
    limits: { messagesPerMinute: 30, connections: 3 },
  };
}

/** Settings whose data folder and key file lie in two folders of `folder`; nothing is made yet. */
export function testSettings(
  folder: string,
  change: { readonly vault?: Partial<VaultSettings>; readonly dataDir?: string } = {},
): Settings {
  const at = (path: string): string => joinPath(folder, path, { platform: PLATFORM });
  const profile = testProfile();
  return {
    file: at("plantpost.toml"),
    dataDir: change.dataDir ?? at("data"),
    profiles: new Map([[profile.name, profile]]),
    vault: { key: "key-file", keyFile: at("keys/vault.key"), accounts: [], ...change.vault },
    outbox: { retryForMs: 1, historyForMs: 1, maxBytes: 1 },
    relay: { listen: [], allow: [], allowAnonymous: false, from: "keep", maxMessageBytes: 1 },
    log: { file: at("plantpost.log"), level: "info", maxBytes: 1, keep: 1 },
    groups: new Map(),
    smsGateways: new Map(),
    warnings: [],
  };
}

export function testGrant(profile: Profile, change: Partial<Grant> = {}): Grant {
  return {
    binding: bindingOf(profile),
    scope: "s",
    accessToken: "access-token-0",
    accessTokenIssuedAtMs: 1_000_000,
    accessTokenExpiresAtMs: 4_600_000,
    refreshToken: "refresh-token-0",
    refreshTokenIssuedAtMs: 1_000_000,
    refreshTokenLastUsedAtMs: 1_000_000,
    ...change,
  };
}

/** Lends a temporary folder and removes it. */
export async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "plantpost-vault-" }));
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The names in a folder, sorted; empty when there is no folder. */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    const names: string[] = [];
    for await (const entry of Deno.readDir(folder)) names.push(entry.name);
    return names.sort();
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return [];
    throw cause;
  }
}

/** For `assert.rejects`: a Failure of this code whose message and remedy match. */
export function isFailure(
  code: string,
  ...patterns: readonly RegExp[]
): (failure: unknown) => boolean {
  return (failure) => {
    const { code: found, message, remedy } = failure as {
      readonly code?: string;
      readonly message: string;
      readonly remedy?: string;
    };
    const text = `${message}\n${remedy ?? ""}`;
    if (found !== code) throw new Error(`wanted ${code}, found ${found}: ${text}`);
    for (const pattern of patterns) {
      if (!pattern.test(text)) throw new Error(`wanted ${pattern} in: ${text}`);
    }
    return true;
  };
}

/** Runs a script of this folder in a process of its own, with JSON as its argument. */
export function spawnChild(script: string, input: unknown): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-check",
      "--allow-all",
      decodeURIComponent(new URL(script, import.meta.url).pathname).replace(/^\/([A-Z]:)/, "$1"),
      JSON.stringify(input),
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}
