// A profile file's text to `Settings`: TOML, then each key, then rules between keys, then defaults. Nothing
// here touches a file, the clock or the network. The invariant: settings exist only when nothing was wrong.

import { Failure } from "../base/failure.ts";
import { nearest } from "../base/nearest.ts";
import { baseName, dirName, joinPath } from "../base/paths.ts";
import type { World } from "../base/world.ts";
import { buildProfile } from "./build_profile.ts";
import { type FoundKey, type KeyValues, readKeys, type Value } from "./key_values.ts";
import { type GlobalKey, type KeyPath, LOG_LEVELS, RELAY_FROMS, VAULT_KEYS } from "./keys.ts";
import { Problems } from "./problems.ts";
import type { Profile, Settings } from "./profile.ts";
import { checkRules } from "./rules.ts";
import { globalSection, type Section, sure } from "./section.ts";
import { parseToml } from "./toml_text.ts";
import { unusedKeys } from "./unused_keys.ts";

export interface ParseOptions {
  /** Absolute path of the profile file; relative paths in it are taken from its folder. */
  readonly file: string;
  readonly platform: World["platform"];
}

/**
 * The settings that the text means, defaults filled in.
 * @throws {Failure} `profile.invalid`; the message has one line for each error, all of them
 */
export function parseSettings(text: string, options: ParseOptions): Settings {
  const name = baseName(options.file, options);
  const problems = new Problems(name);
  const all = readKeys(parseToml(text, { name, path: options.file }), problems);
  checkRules(all, problems);
  if (problems.count > 0) {
    throw new Failure("profile.invalid", problems.text, { remedy: `correct ${options.file}` });
  }
  return buildSettings(all, { ...options, name });
}

/**
 * The profile of that name; without a name `default_profile`, else the only one.
 * @throws {Failure} `usage.invalid` when there is none of that name, or several and nothing to choose by
 */
export function selectProfile(settings: Settings, name?: string): Profile {
  const names = [...settings.profiles.keys()];
  const wanted = name ?? settings.defaultProfile ?? (names.length === 1 ? names[0] : undefined);
  const list = names.join(", ");
  if (wanted === undefined) {
    throw new Failure("usage.invalid", `${settings.file} has several profiles: ${list}`, {
      remedy: "name one with --profile, or set default_profile in the file",
    });
  }
  const profile = settings.profiles.get(wanted);
  if (profile !== undefined) return profile;
  const meant = nearest(wanted, names);
  throw new Failure(
    "usage.invalid",
    `${settings.file} has no profile ${JSON.stringify(wanted)}, it has: ${list}`,
    {
      remedy: meant === undefined ? `use --profile with one of: ${list}` : `use --profile ${meant}`,
    },
  );
}

function buildSettings(
  all: KeyValues,
  options: ParseOptions & { readonly name: string },
): Settings {
  const global = globalSection(all);
  const folder = dirName(options.file, options);
  const resolve = (path: string): string => joinPath(folder, path, options);
  const dataDir = resolve(sure(global.text("data_dir")));
  const logFile = global.text("log.file");
  const defaultProfile = global.text("default_profile");
  return {
    file: options.file,
    ...(defaultProfile === undefined ? {} : { defaultProfile }),
    dataDir,
    profiles: new Map(all.profiles.map((name) => [name, buildProfile(all, { name, resolve })])),
    vault: buildVault(global, resolve),
    outbox: {
      retryForMs: sure(global.number("outbox.retry_for")),
      historyForMs: sure(global.number("outbox.history_for")),
      maxBytes: sure(global.number("outbox.max_size")),
    },
    relay: buildRelay(global, resolve),
    log: {
      file: resolve(logFile ?? joinPath(dataDir, "plantpost.log", options)),
      level: sure(global.choice("log.level", LOG_LEVELS)),
      maxBytes: sure(global.number("log.max_size")),
      keep: sure(global.number("log.keep")),
    },
    groups: new Map(named(all, "groups.*").map(({ name, value }) => [name, asTexts(value)])),
    smsGateways: new Map(
      named(all, "sms.gateways.*").map(({ name, value }) => [name, asText(value)]),
    ),
    warnings: unusedKeys(all, { fileName: options.name }),
  };
}

type Resolve = (path: string) => string;

function buildVault(global: Section<GlobalKey>, resolve: Resolve): Settings["vault"] {
  const keyFile = global.text("vault.key_file");
  const group = global.text("vault.group");
  return {
    key: sure(global.choice("vault.key", VAULT_KEYS)),
    ...(keyFile === undefined ? {} : { keyFile: resolve(keyFile) }),
    accounts: asTexts(global.value("vault.accounts")),
    ...(group === undefined ? {} : { group }),
  };
}

function buildRelay(global: Section<GlobalKey>, resolve: Resolve): Settings["relay"] {
  const from = sure(global.value("relay.from"));
  const tlsCertFile = global.text("relay.tls_cert_file");
  const tlsKeyFile = global.text("relay.tls_key_file");
  const metrics = global.text("relay.metrics");
  return {
    listen: asTexts(global.value("relay.listen")),
    allow: asTexts(global.value("relay.allow")),
    allowAnonymous: global.flag("relay.allow_anonymous"),
    from: isRewrites(from) ? from : sure(global.choice("relay.from", RELAY_FROMS)),
    maxMessageBytes: sure(global.number("relay.max_message")),
    ...(tlsCertFile === undefined ? {} : { tlsCertFile: resolve(tlsCertFile) }),
    ...(tlsKeyFile === undefined ? {} : { tlsKeyFile: resolve(tlsKeyFile) }),
    ...(metrics === undefined ? {} : { metrics }),
  };
}

/** The keys whose last name the file's author chose. */
function named(all: KeyValues, path: KeyPath): readonly FoundKey[] {
  return [...all.found.values()].filter((found) => found.key.path === path);
}

function asTexts(value: Value | undefined): readonly string[] {
  return Array.isArray(value) ? value : [];
}

function asText(value: Value | undefined): string {
  return typeof value === "string" ? value : "";
}

function isRewrites(value: Value): value is Readonly<Record<string, string>> {
  return typeof value === "object" && !Array.isArray(value);
}
