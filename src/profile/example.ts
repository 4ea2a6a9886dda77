// The commented profile file, written from the key table: `config.example.toml` and what `init` writes. The
// invariant: it parses, and taking the `#` from any line with a default changes nothing.

import { KEY_TEXTS } from "./key_texts.ts";
import { type Key, type KeyPath, KEYS } from "./keys.ts";
import type { ProviderName } from "./profile.ts";
import { tomlPath } from "./problems.ts";
import { type Provider, PROVIDERS } from "./providers.ts";
import { fillTenant } from "./provider_values.ts";

/** What is known when the file is written; the rest are placeholders. */
export interface ExampleAnswers {
  /** Name of the profile; `plant` where it is left out. */
  readonly profile?: string;
  readonly provider?: ProviderName;
  readonly tenant?: string;
  readonly user?: string;
  readonly clientId?: string;
  readonly redirectUri?: string;
  /** YYYY-MM-DD. */
  readonly clientSecretExpires?: string;
  readonly label?: string;
  readonly senderName?: string;
  readonly senderAddress?: string;
  /** The next three are needed for `custom` and overrides elsewhere. */
  readonly authorizationEndpoint?: string;
  readonly tokenEndpoint?: string;
  readonly smtpHost?: string;
}

const WIDTH = 96;
const PLACEHOLDER_TENANT = "contoso.onmicrosoft.com";
const PLACEHOLDER_USER = "reports@contoso.com";

/** Headings of the tables, in the order of the file. */
const TABLES: readonly (readonly [string, string])[] = [
  ["profiles.*.sender", "The sender"],
  ["profiles.*.smtp", "The mail server"],
  ["profiles.*.send", "The way messages take"],
  ["profiles.*.limits", "Pace"],
  ["groups", "Groups of recipients"],
  ["vault", "The vault, which holds the sign-in and secrets"],
  ["outbox", "The outbox"],
  ["relay", "The relay for programs that know only plain SMTP"],
  ["log", "The log"],
  ["sms.gateways", "Text messages by mail"],
];

/** The text of a profile file with LF line ends. Secrets are no part of it. */
export function exampleProfile(answers: ExampleAnswers = {}): string {
  const name = answers.profile ?? "plant";
  const provider = answers.provider ?? "microsoft365";
  const live = liveValues(answers, provider);
  const known = knownTexts(PROVIDERS[provider], answers);
  const header = (table: string): string => table.replace("*", tomlPath([name]));
  const write = (table: string): string[] => writeKeys(table, { name, live, known });
  const lines = [
    ...head([...live.keys()].filter((path) => REQUIRED.has(path))),
    ...write(""),
    `[${header("profiles.*")}]`,
    ...write("profiles.*"),
    `[${header("profiles.*.oauth")}]`,
    '# The client secret is not kept in this file: after filling it in, run "plantpost secret set".',
    "",
    ...write("profiles.*.oauth"),
  ];
  for (const [table, title] of TABLES) {
    const release = isWhollyUnbuilt(table) ? " (not in this release)" : "";
    lines.push(`# ---- ${title}${release} ----`, `[${header(table)}]`, ...write(table));
  }
  return `${lines.join("\n").trimEnd()}\n`;
}

const REQUIRED: ReadonlySet<KeyPath> = new Set<KeyPath>([
  "profiles.*.provider",
  "profiles.*.tenant",
  "profiles.*.user",
  "profiles.*.oauth.client_id",
  "profiles.*.oauth.authorization_endpoint",
  "profiles.*.oauth.token_endpoint",
  "profiles.*.smtp.host",
]);

/** The lines without `#`: what was answered, and placeholders for what the provider needs. */
function liveValues(
  answers: ExampleAnswers,
  provider: ProviderName,
): ReadonlyMap<KeyPath, string> {
  const { isMicrosoft, tenant: ownTenant } = PROVIDERS[provider];
  const needsTenant = isMicrosoft && ownTenant === undefined;
  const forCustom = (path: KeyPath): string | undefined =>
    provider === "custom" ? unquoted(KEY_TEXTS[path].example) : undefined;
  const rows: readonly (readonly [KeyPath, string | undefined])[] = [
    ["profiles.*.provider", provider],
    ["profiles.*.tenant", answers.tenant ?? (needsTenant ? PLACEHOLDER_TENANT : undefined)],
    ["profiles.*.user", answers.user ?? PLACEHOLDER_USER],
    ["profiles.*.oauth.client_id", answers.clientId ?? "00000000-0000-0000-0000-000000000000"],
    ["profiles.*.label", answers.label],
    ["profiles.*.sender.name", answers.senderName],
    ["profiles.*.sender.address", answers.senderAddress],
    ["profiles.*.oauth.redirect_uri", answers.redirectUri ?? "http://localhost:3017/"],
    ["profiles.*.oauth.client_secret_expires", answers.clientSecretExpires],
    [
      "profiles.*.oauth.authorization_endpoint",
      answers.authorizationEndpoint ?? forCustom("profiles.*.oauth.authorization_endpoint"),
    ],
    [
      "profiles.*.oauth.token_endpoint",
      answers.tokenEndpoint ?? forCustom("profiles.*.oauth.token_endpoint"),
    ],
    ["profiles.*.smtp.host", answers.smtpHost ?? forCustom("profiles.*.smtp.host")],
  ];
  const live = new Map<KeyPath, string>();
  for (const [path, value] of rows) {
    if (value === undefined) continue;
    live.set(path, path.endsWith("client_secret_expires") ? value : quoted(value));
  }
  return live;
}

/** Defaults that come from the provider or from other keys, as TOML. */
function knownTexts(provider: Provider, answers: ExampleAnswers): ReadonlyMap<KeyPath, string> {
  const tenant = answers.tenant ?? provider.tenant ?? PLACEHOLDER_TENANT;
  const endpoint = (text: string | undefined): string | undefined => fillTenant(text, tenant);
  const rows: readonly (readonly [KeyPath, string | undefined])[] = [
    ["profiles.*.tenant", provider.tenant],
    ["profiles.*.sender.address", answers.user ?? PLACEHOLDER_USER],
    ["log.file", "plantpost-data/plantpost.log"],
    ["profiles.*.oauth.authorization_endpoint", endpoint(provider.authorizationEndpoint)],
    ["profiles.*.oauth.token_endpoint", endpoint(provider.tokenEndpoint)],
    ["profiles.*.oauth.device_endpoint", endpoint(provider.deviceEndpoint)],
    ["profiles.*.oauth.scope", provider.scope],
    ["profiles.*.smtp.host", provider.smtpHost],
    ["profiles.*.smtp.tls", provider.smtpPort === 465 ? "implicit" : "starttls"],
  ];
  const texts = new Map<KeyPath, string>();
  for (const [path, text] of rows) if (text !== undefined) texts.set(path, quoted(text));
  texts.set("profiles.*.smtp.port", String(provider.smtpPort));
  texts.set("profiles.*.limits.messages_per_minute", String(provider.messagesPerMinute));
  texts.set("profiles.*.limits.connections", String(provider.connections));
  return texts;
}

interface WriteOptions {
  readonly name: string;
  readonly live: ReadonlyMap<KeyPath, string>;
  readonly known: ReadonlyMap<KeyPath, string>;
}

/** The keys directly in one table, those to fill in first. */
function writeKeys(table: string, options: WriteOptions): string[] {
  const here = KEYS.filter((key) => tableOf(key.path) === table);
  const isLive = (key: Key & { path: KeyPath }): boolean => options.live.has(key.path);
  const ordered = [...here.filter(isLive), ...here.filter((key) => !isLive(key))];
  return ordered.flatMap((key) => writeKey(key, options));
}

function writeKey(key: Key & { readonly path: KeyPath }, options: WriteOptions): string[] {
  const { sentence, example = '""' } = KEY_TEXTS[key.path];
  const leaf = key.path.slice(tableOf(key.path).length).replace(/^\./, "");
  const name = { "groups.*": "operators", "sms.gateways.*": "verizon" }[key.path as string] ?? leaf;
  const unbuilt = key.built === false && !isWhollyUnbuilt(tableOf(key.path))
    ? " (Not in this release.)"
    : "";
  const about = comment(sentence + unbuilt);
  const live = options.live.get(key.path);
  if (live !== undefined) return [...about, `${name} = ${live}`, ""];
  const value = key.default === undefined ? options.known.get(key.path) : tomlValue(key.default);
  if (value !== undefined) return [...about, `# ${name} = ${value}`, ""];
  const shown = key.path === "default_profile" ? quoted(options.name) : example;
  return [...about, `# ${name} = ${shown}   # an example`, ""];
}

function isWhollyUnbuilt(table: string): boolean {
  const keys: readonly Key[] = KEYS;
  return keys.filter((key) => tableOf(key.path) === table).every((key) => key.built === false);
}

function tableOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf("."), 0));
}

function head(required: readonly KeyPath[]): string[] {
  const names = required.map((path) => path.replace(/^profiles\.\*\./, "")).join(", ");
  return [
    ...comment(
      "plantpost profile file. Lines that begin with # are comments: take the # away to set the key. " +
        'Those marked "an example" are not set; all other values shown are the defaults.',
    ),
    "#",
    ...comment(`To fill in: ${names}.`),
    ...comment('Then run "plantpost login" once, and "plantpost test" to try it.'),
    ...comment("Durations have a unit (500ms, 30s, 15m, 12h, 5d), sizes too (10KB, 25MB, 2GB)."),
    ...comment("Write Windows paths in single quotes: 'C:\\plant\\plant-ca.pem'"),
    "",
  ];
}

function comment(text: string): string[] {
  const lines: string[] = [];
  let line = "#";
  for (const word of text.split(" ")) {
    if (line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = "#";
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}

function tomlValue(value: NonNullable<Key["default"]>): string {
  if (typeof value === "string") return quoted(value);
  if (typeof value === "object") return `[${value.map(quoted).join(", ")}]`;
  return String(value);
}

/** A TOML basic string: JSON's escapes are among TOML's, which wants DEL escaped as well. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll("\x7F", "\\u007F");
}

function unquoted(toml: string | undefined): string | undefined {
  return toml?.replace(/^"(.*)"$/, "$1");
}
