// The one table of all keys of a profile file. Parser, defaults, warnings and the example file follow from
// it; the sentences for people are in `key_texts.ts`, which sending a message does not load.
// `*` stands for a name that the file's author chooses. Defaults are written as in the file.

import type { Format } from "./formats.ts";
import { PROVIDER_NAMES } from "./providers.ts";

export type KeyType =
  | "text"
  | "integer"
  | "switch"
  | "duration"
  | "size"
  | "date"
  | "texts"
  | "rewrites";

export interface Key {
  readonly path: string;
  readonly type: KeyType;
  /** What a text, or each text of a list, must look like; a line of text where absent. */
  readonly format?: Format;
  readonly choices?: readonly string[];
  /** Smallest and largest value as written in the file: an integer, a duration or a size. */
  readonly range?: readonly [number, number] | readonly [string, string];
  /** As written in the file. Keys whose default comes from the provider or from another key have none. */
  readonly default?: string | number | boolean | readonly string[];
  /** The value may hold a secret, and appears in no message. */
  readonly secret?: true;
  /** False where this release accepts the key and does nothing with it. */
  readonly built?: false;
  /** The same for single values. */
  readonly unbuiltChoices?: readonly string[];
}

export const FLOWS = ["code", "device", "app"] as const;
export const CLIENT_AUTHS = ["post", "basic"] as const;
export const TLS_MODES = ["starttls", "implicit", "none"] as const;
export const AUTHS = ["xoauth2", "oauthbearer", "auto", "password", "none"] as const;
export const INITIAL_RESPONSES = ["auto", "always", "never"] as const;
export const CHUNKINGS = ["auto", "never"] as const;
export const TRANSPORTS = ["smtp", "graph", "auto"] as const;
export const VAULT_KEYS = [
  "auto",
  "dpapi-machine",
  "dpapi-user",
  "key-file",
  "passphrase",
] as const;
export const RELAY_FROMS = ["keep", "sender"] as const;
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;

export const KEYS = [
  { path: "default_profile", type: "text", format: "name" },
  { path: "data_dir", type: "text", format: "path", default: "plantpost-data" },

  { path: "profiles.*.label", type: "text" },
  { path: "profiles.*.provider", type: "text", choices: PROVIDER_NAMES },
  { path: "profiles.*.tenant", type: "text", format: "tenant" },
  { path: "profiles.*.user", type: "text" },
  { path: "profiles.*.sender.name", type: "text" },
  { path: "profiles.*.sender.address", type: "text", format: "address" },

  {
    path: "profiles.*.oauth.flow",
    type: "text",
    choices: FLOWS,
    default: "code",
  },
  { path: "profiles.*.oauth.client_id", type: "text", format: "word" },
  {
    path: "profiles.*.oauth.redirect_uri",
    type: "text",
    format: "redirect",
    default: "http://localhost:3017/",
  },
  {
    path: "profiles.*.oauth.client_auth",
    type: "text",
    choices: CLIENT_AUTHS,
    default: "post",
  },
  { path: "profiles.*.oauth.client_secret", type: "text", format: "secret", secret: true },
  { path: "profiles.*.oauth.client_secret_env", type: "text", format: "word" },
  { path: "profiles.*.oauth.client_secret_file", type: "text", format: "path" },
  { path: "profiles.*.oauth.client_secret_expires", type: "date" },
  { path: "profiles.*.oauth.certificate_file", type: "text", format: "path" },
  { path: "profiles.*.oauth.authorization_endpoint", type: "text", format: "endpoint" },
  { path: "profiles.*.oauth.token_endpoint", type: "text", format: "endpoint" },
  {
    path: "profiles.*.oauth.device_endpoint",
    type: "text",
    format: "endpoint",
  },
  {
    path: "profiles.*.oauth.proxy",
    type: "text",
    format: "proxy",
    secret: true,
  },
  { path: "profiles.*.oauth.issuer", type: "text", format: "endpoint" },
  { path: "profiles.*.oauth.scope", type: "text", format: "scope" },

  { path: "profiles.*.smtp.host", type: "text", format: "host" },
  { path: "profiles.*.smtp.port", type: "integer", range: [1, 65_535] },
  { path: "profiles.*.smtp.tls", type: "text", choices: TLS_MODES },
  { path: "profiles.*.smtp.auth", type: "text", choices: AUTHS, default: "xoauth2" },
  {
    path: "profiles.*.smtp.initial_response",
    type: "text",
    choices: INITIAL_RESPONSES,
    default: "auto",
  },
  { path: "profiles.*.smtp.chunking", type: "text", choices: CHUNKINGS, default: "auto" },
  { path: "profiles.*.smtp.ca_file", type: "text", format: "path" },
  { path: "profiles.*.smtp.proxy", type: "text", format: "smtpProxy", secret: true },
  { path: "profiles.*.smtp.timeout", type: "duration", range: ["1s", "10m"], default: "30s" },
  { path: "profiles.*.smtp.allow_cleartext", type: "switch", default: false },

  {
    path: "profiles.*.send.transport",
    type: "text",
    choices: TRANSPORTS,
    default: "smtp",
    unbuiltChoices: ["graph", "auto"],
  },
  {
    path: "profiles.*.limits.messages_per_minute",
    type: "integer",
    range: [1, 10_000],
    built: false,
  },
  { path: "profiles.*.limits.connections", type: "integer", range: [1, 100], built: false },

  {
    path: "vault.key",
    type: "text",
    choices: VAULT_KEYS,
    default: "auto",
  },
  { path: "vault.key_file", type: "text", format: "path" },
  { path: "vault.accounts", type: "texts", default: [] },
  { path: "vault.group", type: "text", format: "word" },

  {
    path: "outbox.retry_for",
    type: "duration",
    range: ["1s", "365d"],
    default: "5d",
    built: false,
  },
  {
    path: "outbox.history_for",
    type: "duration",
    range: ["1s", "3650d"],
    default: "30d",
    built: false,
  },
  {
    path: "outbox.max_size",
    type: "size",
    range: ["1KB", "1000GB"],
    default: "2GB",
    built: false,
  },

  {
    path: "relay.listen",
    type: "texts",
    format: "listen",
    default: ["127.0.0.1:2525"],
    built: false,
  },
  {
    path: "relay.allow",
    type: "texts",
    format: "network",
    default: ["127.0.0.0/8", "::1/128"],
    built: false,
  },
  { path: "relay.allow_anonymous", type: "switch", default: false, built: false },
  {
    path: "relay.from",
    type: "rewrites",
    choices: RELAY_FROMS,
    default: "keep",
    built: false,
  },
  {
    path: "relay.max_message",
    type: "size",
    range: ["1KB", "2GB"],
    default: "150MB",
    built: false,
  },
  { path: "relay.tls_cert_file", type: "text", format: "path", built: false },
  { path: "relay.tls_key_file", type: "text", format: "path", built: false },
  { path: "relay.metrics", type: "text", format: "listen", built: false },

  { path: "log.file", type: "text", format: "path" },
  { path: "log.level", type: "text", choices: LOG_LEVELS, default: "info" },
  { path: "log.max_size", type: "size", range: ["1KB", "10GB"], default: "10MB" },
  { path: "log.keep", type: "integer", range: [0, 1000], default: 5 },

  { path: "groups.*", type: "texts", format: "address" },
  { path: "sms.gateways.*", type: "text", format: "domain" },
] as const satisfies readonly Key[];

/** The path of a key as it stands in the table. */
export type KeyPath = (typeof KEYS)[number]["path"];

export const KEY_BY_PATH: ReadonlyMap<string, Key> = new Map(KEYS.map((key) => [key.path, key]));

/** The keys of one profile, without `profiles.*.`. */
export type ProfileKey = KeyPath extends infer Path
  ? Path extends `profiles.*.${infer Rest}` ? Rest : never
  : never;

/** The keys that are no profile's and have no chosen names. */
export type GlobalKey = Exclude<KeyPath, `${string}*${string}`>;
