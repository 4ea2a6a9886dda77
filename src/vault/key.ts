// Where the vault's key comes from: Windows itself (DPAPI), a key file that never lies beside the vault (a copied
// folder opens nothing), a systemd credential, or a passphrase through PBKDF2-HMAC-SHA-256 (RFC 8018 §5.2). The
// invariant: a key is made only together with a new vault, never for one that exists.

import { fromBase64, toBase64 } from "../base/base64.ts";
import { createDurably, diskRemedy, isDiskFull, reason } from "../base/durable_file.ts";
import { Failure } from "../base/failure.ts";
import { patiently } from "../base/held_file.ts";
import { dirName, isAbsolutePath, joinPath } from "../base/paths.ts";
import type { World } from "../base/world.ts";
import type { VaultSettings } from "../profile/profile.ts";
import { type Header, type KeyHeader, type SealingKey, startAnew } from "./envelope.ts";
import { groupId } from "./group.ts";
import { identify, importOctets } from "./key_octets.ts";

const KEY_FILE_PREFIX = "plantpost-vault-key-v1 ";
const KEY_FILE_NAME = "plantpost/vault.key";
const ROUNDS = 600_000;
/** Fewer would be a forged header that makes guessing cheap, more one that makes every start hang. */
const ROUNDS_BOUNDS = { least: 600_000, most: 10_000_000 } as const;

export type KeyWorld = Pick<World, "env" | "platform" | "terminal" | "whoAmI" | "keepSecret">;

export interface KeyRequest {
  readonly vaultPath: string;
  readonly settings: VaultSettings;
  /** Of the vault that is to be opened; undefined to make a key for a new one. */
  readonly header: Header | undefined;
}

/**
 * The key for an existing vault, or a new one for a vault that does not exist yet.
 * @throws {Failure} `vault.sealed_elsewhere`, `vault.passphrase`, `vault.damaged`, `file.cannot_create`
 */
export async function sealingKey(request: KeyRequest, world: KeyWorld): Promise<SealingKey> {
  const kind = keyKind(request, world);
  switch (kind) {
    case "key-file":
      return await keyFromFile(request, world);
    case "passphrase":
      return await keyFromPassphrase(request, world);
    case "dpapi-machine":
    case "dpapi-user": {
      const { keyFromDpapi } = await import("./dpapi_key.ts");
      return await keyFromDpapi({ ...request, kind }, world);
    }
  }
}

/** The place of the key file that these settings and this account mean. */
export function keyFilePath(
  settings: VaultSettings,
  world: Pick<World, "env" | "platform" | "whoAmI">,
): string {
  if (settings.keyFile !== undefined) return settings.keyFile;
  if (world.platform === "windows") {
    return `${world.env("LOCALAPPDATA") ?? "C:\\ProgramData"}\\plantpost\\vault.key`;
  }
  if (world.whoAmI().isRoot) return "/var/lib/plantpost/vault.key";
  const home = world.env("HOME") ?? "/";
  if (world.platform === "darwin") {
    return joinPath(home, `Library/Application Support/${KEY_FILE_NAME}`, world);
  }
  const state = world.env("XDG_STATE_HOME");
  // A relative value is to be ignored (XDG Base Directory Specification): it would mean another key in every folder.
  const isUsable = state !== undefined && isAbsolutePath(state, world);
  return joinPath(isUsable ? state : joinPath(home, ".local/state", world), KEY_FILE_NAME, world);
}

function keyKind(request: KeyRequest, world: KeyWorld): KeyHeader["kind"] {
  const wanted = request.settings.key;
  const { header } = request;
  const isWindows = world.platform === "windows";
  if (!isWindows && (wanted === "dpapi-machine" || wanted === "dpapi-user")) {
    throw new Failure("profile.invalid", `vault.key: "${wanted}" exists on Windows only`, {
      remedy: 'set vault.key = "auto", which is a key file here and DPAPI on Windows',
    });
  }
  if (!isWindows && header?.key.kind.startsWith("dpapi") === true) {
    throw new Failure(
      "vault.sealed_elsewhere",
      `Windows sealed the vault ${request.vaultPath} on PC "${header.pc}" for "${header.account}", ` +
        "and nothing else opens it",
      { remedy: foreignVaultRemedy(request.vaultPath) },
    );
  }
  const sealedWith = header?.key.kind;
  const kind = wanted === "auto"
    ? sealedWith ?? (isWindows ? "dpapi-machine" : "key-file")
    : wanted;
  if (sealedWith === undefined || sealedWith === kind) return kind;
  throw new Failure(
    "vault.sealed_elsewhere",
    `the vault ${request.vaultPath} was sealed with vault.key "${sealedWith}", ` +
      `but the profile says "${kind}"`,
    {
      remedy: `set vault.key = "${sealedWith}"; or, to change it, move the file away, then run ` +
        '"plantpost secret set" and "plantpost login" again',
    },
  );
}

async function keyFromFile(request: KeyRequest, world: KeyWorld): Promise<SealingKey> {
  const credentials = world.env("CREDENTIALS_DIRECTORY");
  if (credentials !== undefined && request.settings.keyFile === undefined) {
    const path = joinPath(credentials, "plantpost.key", world);
    const octets = await readKeyFile(path, { ...request, isCredential: true });
    if (octets !== undefined) return await importKey(octets, { ...request, path });
  }
  const path = keyFilePath(request.settings, world);
  const found = await readKeyFile(path, { ...request, isCredential: false });
  if (found !== undefined) return await importKey(found, { ...request, path });
  if (request.header !== undefined) throw missingKey(request, { path, header: request.header });
  await makeKeyFile(path, { settings: request.settings, world });
  // Another process may have been first: what counts is what the file says.
  const made = await readKeyFile(path, { ...request, isCredential: false });
  if (made === undefined) throw unreadableKey(path, "it vanished after it was made");
  return await importKey(made, { ...request, path });
}

async function readKeyFile(
  path: string,
  options: KeyRequest & { readonly isCredential: boolean },
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  let text: string;
  try {
    text = await patiently(() => Deno.readTextFile(path));
    // systemd hands credentials out read-only in a folder of its own, and Windows has access lists instead.
    if (!options.isCredential) await checkMode(path, options.settings);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return undefined;
    if (cause instanceof Failure) throw cause;
    throw unreadableKey(path, reason(cause), cause);
  }
  const octets = text.startsWith(KEY_FILE_PREFIX)
    ? fromBase64(text.slice(KEY_FILE_PREFIX.length).trimEnd())
    : undefined;
  if (octets?.length !== 32) throw unreadableKey(path, "it does not hold a key of plantpost");
  return octets;
}

async function checkMode(path: string, settings: VaultSettings): Promise<void> {
  const { mode } = await Deno.stat(path);
  if (mode === null || Deno.build.os === "windows") return;
  const allowed = settings.group === undefined ? 0o600 : 0o640;
  if ((mode & 0o077 & ~allowed) === 0) return;
  throw new Failure(
    "vault.sealed_elsewhere",
    `the key file ${path} has mode ${(mode & 0o777).toString(8)}: other accounts can read it`,
    {
      remedy:
        `run "chmod ${allowed.toString(8)} ${path}"; if others had access to this PC, also run ` +
        '"plantpost reset --login" and make a new client secret',
    },
  );
}

async function makeKeyFile(
  path: string,
  at: { readonly settings: VaultSettings; readonly world: KeyWorld },
): Promise<void> {
  const { settings, world } = at;
  const folder = dirName(path, world);
  const octets = crypto.getRandomValues(new Uint8Array(32));
  const mode = settings.group === undefined ? 0o600 : 0o640;
  const isFolderNew = !await exists(folder);
  try {
    await Deno.mkdir(folder, {
      recursive: true,
      mode: settings.group === undefined ? 0o700 : 0o750,
    });
  } catch (cause) {
    throw new Failure(
      "file.cannot_create",
      `cannot create the folder of ${path}: ${reason(cause)}`,
      {
        remedy: isDiskFull(cause)
          ? diskRemedy(cause, path)
          : "set vault.key_file to a place where this account may write",
        cause,
      },
    );
  }
  const text = `${KEY_FILE_PREFIX}${toBase64(octets)}\n`;
  const isNew = await createDurably(path, new TextEncoder().encode(text), { mode });
  if (!isNew || settings.group === undefined || Deno.build.os === "windows") return;
  const gid = await groupId(settings.group);
  // A folder that was there already, such as /etc, keeps its group.
  if (isFolderNew) await Deno.chown(folder, null, gid);
  await Deno.chown(path, null, gid);
  await Deno.chmod(path, mode); // the account's umask may have taken the group's right away
}

async function exists(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}

async function keyFromPassphrase(request: KeyRequest, world: KeyWorld): Promise<SealingKey> {
  const stored = request.header?.key.kind === "passphrase" ? request.header.key : undefined;
  const rounds = stored?.rounds ?? ROUNDS;
  const salt = stored === undefined
    ? crypto.getRandomValues(new Uint8Array(16))
    : fromBase64(stored.salt);
  const isInBounds = rounds >= ROUNDS_BOUNDS.least && rounds <= ROUNDS_BOUNDS.most;
  const hasSalt = salt !== undefined && salt.length >= 16;
  if (!hasSalt || !isInBounds || !Number.isSafeInteger(rounds)) {
    const why = hasSalt
      ? `asks for ${rounds} rounds of key derivation, ` +
        `wanted ${ROUNDS_BOUNDS.least} to ${ROUNDS_BOUNDS.most}`
      : "has a salt that is too short or no base64";
    throw new Failure(
      "vault.damaged",
      `cannot open the vault ${request.vaultPath}: its header ${why}`,
      { remedy: `put back a copy of ${request.vaultPath} from a backup: somebody changed it` },
    );
  }
  const passphrase = await askPassphrase(request, world);
  const material = await crypto.subtle.importKey(
    "raw",
    new TextEncoder().encode(passphrase.normalize("NFC")),
    "PBKDF2",
    false,
    ["deriveBits"],
  );
  const derivation = { name: "PBKDF2", hash: "SHA-256", salt, iterations: rounds };
  const octets = new Uint8Array(await crypto.subtle.deriveBits(derivation, material, 256));
  const keyId = await identify(octets);
  if (stored !== undefined && stored.keyId !== keyId) {
    throw new Failure("vault.passphrase", `wrong passphrase for the vault ${request.vaultPath}`, {
      remedy:
        "try again, or set PLANTPOST_PASSPHRASE to the passphrase that the vault was made with",
    });
  }
  return {
    key: await importOctets(octets),
    header: stored ?? { kind: "passphrase", keyId, rounds, salt: toBase64(salt) },
  };
}

async function askPassphrase(request: KeyRequest, world: KeyWorld): Promise<string> {
  const given = world.env("PLANTPOST_PASSPHRASE");
  if (given !== undefined) {
    world.keepSecret(given);
    return given;
  }
  const isNew = request.header === undefined;
  if (world.terminal.isInteractive) {
    const question = isNew ? "new passphrase for the vault: " : "passphrase of the vault: ";
    const typed = await world.terminal.askHidden(question) ?? "";
    world.keepSecret(typed);
    const again = isNew && typed !== ""
      ? await world.terminal.askHidden("the same again: ")
      : typed;
    if (typed !== again) {
      throw new Failure("vault.passphrase", "the two passphrases differ", { remedy: "try again" });
    }
    if (typed !== "") return typed;
  }
  throw new Failure("vault.passphrase", `the vault ${request.vaultPath} needs a passphrase`, {
    remedy:
      "set the environment variable PLANTPOST_PASSPHRASE for the account that runs plantpost, " +
      "or run the command at a terminal",
  });
}

async function importKey(
  octets: Uint8Array<ArrayBuffer>,
  request: KeyRequest & { readonly path: string },
): Promise<SealingKey> {
  const keyId = await identify(octets);
  const { header } = request;
  if (header !== undefined && header.key.keyId !== keyId) {
    throw new Failure(
      "vault.sealed_elsewhere",
      `the vault ${request.vaultPath} was sealed with another key than ${request.path}: ` +
        `it was written on PC "${header.pc}" by "${header.account}"`,
      { remedy: foreignKeyRemedy(request.vaultPath) },
    );
  }
  return { key: await importOctets(octets), header: { kind: "key-file", keyId } };
}

function missingKey(
  request: KeyRequest,
  at: { readonly path: string; readonly header: Header },
): Failure {
  return new Failure(
    "vault.sealed_elsewhere",
    `there is no key ${at.path} for the vault ${request.vaultPath}: ` +
      `it was written on PC "${at.header.pc}" by "${at.header.account}"`,
    { remedy: foreignKeyRemedy(request.vaultPath) },
  );
}

function foreignKeyRemedy(vaultPath: string): string {
  return `run plantpost under that account on that PC, or set vault.key_file to the key; ${
    startAnew(vaultPath)
  }`;
}

function foreignVaultRemedy(vaultPath: string): string {
  return `run plantpost under that account on that PC; ${startAnew(vaultPath)}`;
}

function unreadableKey(path: string, why: string, cause?: unknown): Failure {
  return new Failure("vault.sealed_elsewhere", `cannot read the key file ${path}: ${why}`, {
    remedy:
      "run plantpost under the account that signed in, or set vault.group so that both accounts may " +
      "read the key",
    cause,
  });
}
