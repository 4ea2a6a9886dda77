// The vault file: read by anybody who holds the key, written by one process at a time. The invariant: a
// writer holds the lock from before it reads until after the new file is in place, and has the space for it
// reserved before it asks a provider for anything. A vault that cannot be opened is never overwritten.

import {
  adoptReservation,
  diskRemedy,
  moveIntoPlace,
  reason,
  type Reservation,
  reserveReplacement,
} from "../base/durable_file.ts";
import { Failure } from "../base/failure.ts";
import { heldRemedy, isHeld, patiently } from "../base/held_file.ts";
import { joinPath } from "../base/paths.ts";
import type { World } from "../base/world.ts";
import type { Settings } from "../profile/profile.ts";
import { EMPTY_VAULT, secretsOf, type VaultContent, withSecrets } from "./content.ts";
import {
  type Header,
  type KeyHeader,
  openSealedVault,
  parseSealedVault,
  type SealedVault,
  type SealingKey,
  sealVault,
} from "./envelope.ts";
import { makeDataFolder } from "./folder.ts";
import { groupId } from "./group.ts";
import { sealingKey } from "./key.ts";
import { type Leftover, noteOf, readLeftover, type Underway } from "./leftover.ts";
import { checkPlace } from "./place.ts";

/** More than any content with a few profiles, long tokens and room to grow. */
const RESERVED_BYTES = 262_144;
const LOCK_PATIENCE_MS = 120_000;

export type VaultWorld = Pick<World, "env" | "platform" | "terminal" | "whoAmI" | "keepSecret">;

export interface UpdateOptions {
  /**
   * What is about to be asked of a provider. It is noted on the disk before `change` runs; when this process is
   * killed before `save` is done, the next update marks the profile's grant as interrupted.
   */
  readonly underway?: () => Underway;
  /** Ends the wait for other writers; once `change` runs it is not looked at. */
  readonly signal?: AbortSignal;
}

type Change<Result> = (
  content: VaultContent,
  save: (next: VaultContent) => Promise<void>,
) => Promise<Result>;

interface Opened {
  readonly content: VaultContent;
  /** Undefined when there is no vault yet. */
  readonly header: Header | undefined;
}

/** The vault of one data folder; opening it makes nothing on the disk. */
export class Vault {
  readonly path: string;
  readonly #settings: Settings;
  readonly #world: VaultWorld;
  #key: SealingKey | undefined;
  /** Settles when the writer before has finished, well or badly. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(settings: Settings, world: VaultWorld) {
    this.#settings = settings;
    this.#world = world;
    this.path = joinPath(settings.dataDir, "vault.json", world);
  }

  /** What the key is sealed with, once the vault was opened. */
  get sealedWith(): KeyHeader["kind"] | undefined {
    return this.#key?.header.kind;
  }

  /**
   * The content as it is now, without the lock: a writer replaces the file in one step.
   * @throws {Failure} `vault.*`, `file.io`
   */
  async read(): Promise<VaultContent> {
    return (await this.#open()).content;
  }

  /**
   * Lets `change` turn the content into a new one while no other process can. `change` gets a `save` that
   * makes its argument durable; it may call it once, and whatever it returns is returned.
   * @throws {Failure} `vault.*`, `file.io`, and what `change` throws
   */
  async update<Result>(change: Change<Result>, options: UpdateOptions = {}): Promise<Result> {
    // One at a time in this process: each waiting file lock occupies a thread of the runtime's small pool, and
    // the holder needs one of them to write.
    const result = this.#turn.then(() => this.#updateLocked(change, options));
    this.#turn = result.catch(() => {});
    return await result;
  }

  async #updateLocked<Result>(change: Change<Result>, options: UpdateOptions): Promise<Result> {
    await makeDataFolder(this.#settings, this.#world);
    await checkPlace(this.#settings.dataDir, this.#world.platform);
    const lock = await this.#lock(options.signal);
    try {
      const opened = await this.#recover(await this.#open());
      await this.#keyFor(opened.header);
      const { underway } = options;
      await using room = await reserveReplacement(this.path, {
        bytes: RESERVED_BYTES,
        mode: this.#settings.vault.group === undefined ? 0o600 : 0o660,
        ...(underway === undefined ? {} : { note: noteOf(underway()) }),
      });
      return await change(opened.content, async (next) => {
        await this.#commit(next, { room, before: opened.header });
      });
    } finally {
      lock.close(); // closing releases it on every system; `unlock()` fails on some Windows file systems
    }
  }

  async #open(): Promise<Opened> {
    const sealed = await readSealed(this.path);
    if (sealed === undefined) return { content: EMPTY_VAULT, header: undefined };
    const key = await this.#keyFor(sealed.header);
    const content = await openSealedVault(sealed, { key: key.key, path: this.path });
    return { content: content as VaultContent, header: sealed.header };
  }

  async #commit(
    next: VaultContent,
    to: { readonly room: Reservation; readonly before: Header | undefined },
  ): Promise<Header> {
    const key = await this.#keyFor(to.before);
    const { pc, account } = this.#world.whoAmI();
    const revision = (to.before?.revision ?? 0) + 1;
    const header: Header = { key: key.header, revision, pc, account };
    await to.room.commit(await sealVault(next, { key: key.key, header }));
    await this.#shareWithGroup();
    return header;
  }

  async #recover(current: Opened): Promise<Opened> {
    const path = `${this.path}.new`;
    const octets = await readVaultFile(path);
    if (octets === undefined) return current;
    const { interrupted, ...whole } = readLeftover(octets, path);
    return await this.#takeNewer(whole, { current, path }) ??
      (interrupted === undefined ? current : await this.#markInterrupted(interrupted, current));
  }

  // A process killed between the writing of the new file and its renaming leaves a whole, newer vault under the
  // other name. The tokens in it may be the only ones that the provider still takes.
  async #takeNewer(
    { sealed, part }: Leftover,
    at: { readonly current: Opened; readonly path: string },
  ): Promise<Opened | undefined> {
    const { current, path } = at;
    if (sealed === undefined || sealed.header.revision <= (current.header?.revision ?? 0)) {
      return undefined;
    }
    const key = await this.#keyFor(sealed.header);
    let content: unknown;
    try {
      content = await openSealedVault(sealed, { key: key.key, path });
    } catch (cause) {
      // A part: the old file is the newest whole one. A whole file that cannot be opened now (no key, wrong
      // passphrase) is another matter: going on would overwrite it.
      if (cause instanceof Failure && cause.code === "vault.damaged") return undefined;
      throw cause;
    }
    if (part === undefined) await moveIntoPlace(path, this.path);
    else {
      await using room = await adoptReservation(this.path);
      await room.commit(part);
    }
    return { content: content as VaultContent, header: sealed.header };
  }

  // Kept in the vault before anything else is done: the next reservation overwrites the note.
  async #markInterrupted({ profile, atMs }: Underway, current: Opened): Promise<Opened> {
    const { grant } = secretsOf(current.content, profile);
    if (grant === undefined || grant.interruptedAtMs !== undefined) return current;
    const marked = { ...grant, interruptedAtMs: atMs };
    const content = withSecrets(current.content, profile, { grant: marked });
    try {
      await using room = await adoptReservation(this.path);
      return { content, header: await this.#commit(content, { room, before: current.header }) };
    } catch (failure) {
      // The room may be another account's: then it is enough that this update knows.
      if (!isDenied(failure)) throw failure;
      return { content, header: current.header };
    }
  }

  async #keyFor(header: Header | undefined): Promise<SealingKey> {
    const known = this.#key;
    if (known !== undefined && (header === undefined || header.key.keyId === known.header.keyId)) {
      return known;
    }
    const request = { vaultPath: this.path, settings: this.#settings.vault, header };
    this.#key = await sealingKey(request, this.#world);
    return this.#key;
  }

  async #shareWithGroup(): Promise<void> {
    const { group } = this.#settings.vault;
    if (group === undefined || this.#world.platform === "windows") return;
    await Deno.chown(this.path, null, await groupId(group));
    await Deno.chmod(this.path, 0o660);
  }

  // The umask may have taken the group's right to write, without which nobody else can lock.
  async #shareLock(path: string): Promise<void> {
    const { group } = this.#settings.vault;
    if (group === undefined || this.#world.platform === "windows") return;
    const { mode } = await Deno.stat(path);
    if (((mode ?? 0) & 0o060) === 0o060) return;
    await Deno.chown(path, null, await groupId(group));
    await Deno.chmod(path, 0o660);
  }

  async #lock(signal: AbortSignal | undefined): Promise<Deno.FsFile> {
    signal?.throwIfAborted();
    const path = joinPath(this.#settings.dataDir, "vault.lock", this.#world);
    let file: Deno.FsFile;
    try {
      const mode = this.#settings.vault.group === undefined ? 0o600 : 0o660;
      file = await patiently(() => Deno.open(path, { write: true, create: true, mode }));
      await this.#shareLock(path);
    } catch (cause) {
      throw new Failure("file.io", `cannot open ${path}: ${reason(cause)}`, {
        remedy: diskRemedy(cause, path),
        cause,
      });
    }
    const patience = Promise.withResolvers<"late" | "aborted">();
    const timer = setTimeout(() => patience.resolve("late"), LOCK_PATIENCE_MS);
    const abort = (): void => patience.resolve("aborted");
    signal?.addEventListener("abort", abort, { once: true });
    const locked = file.lock(true).then(() => "locked" as const);
    let first: Awaited<typeof locked | typeof patience.promise>;
    try {
      first = await Promise.race([locked, patience.promise]);
      if (first === "locked") return file;
    } catch (cause) {
      file.close();
      throw new Failure("file.io", `cannot lock ${path}: ${reason(cause)}`, {
        remedy: "set data_dir to a folder on a local disk",
        cause,
      });
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    }
    // The lock may still be granted one day; a long-running process must not keep it then.
    void locked.then(() => file.close(), () => file.close());
    if (first === "aborted") throw signal?.reason;
    throw new Failure(
      "vault.locked",
      `another plantpost has held ${path} for ${LOCK_PATIENCE_MS / 1000} seconds`,
      { remedy: "look for a plantpost process that hangs, and end it" },
    );
  }
}

function isDenied(failure: unknown): boolean {
  return failure instanceof Failure && failure.cause instanceof Deno.errors.PermissionDenied;
}

async function readSealed(path: string): Promise<SealedVault | undefined> {
  const octets = await readVaultFile(path);
  return octets === undefined ? undefined : parseSealedVault(octets, path);
}

async function readVaultFile(path: string): Promise<Uint8Array | undefined> {
  try {
    return await patiently(() => Deno.readFile(path));
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return undefined;
    // Trying again does not help here: the vault is another account's.
    const code = cause instanceof Deno.errors.PermissionDenied
      ? "vault.sealed_elsewhere"
      : "file.io";
    throw new Failure(code, `cannot read the vault ${path}: ${reason(cause)}`, {
      remedy: isHeld(cause)
        ? heldRemedy(path)
        : "run plantpost under the account that signed in, or give this one the right to read the file",
      cause,
    });
  }
}
