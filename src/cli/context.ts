// What every command gets: the world, its flags, and the profile, settings and vault on demand. The
// invariant: a command that needs no profile file reads none.

import { Failure } from "../base/failure.ts";
import { reason } from "../base/durable_file.ts";
import { readCertificates } from "../base/trust.ts";
import { heldRemedy, isHeld, patiently } from "../base/held_file.ts";
import type { World } from "../base/world.ts";
import type { RemedyFacts } from "../catalogue/remedy.ts";
import type { Who } from "../catalogue/entry.ts";
import type { ProviderFetch } from "../oauth/provider_fetch.ts";
import type { Transcript } from "../oauth/transcript.ts";
import { providerWorld } from "../outbox/provider_world.ts";
import { type LocateOptions, locateProfile, locateTarget } from "../profile/locate.ts";
import { parseSettings, selectProfile } from "../profile/parse.ts";
import type { Profile, Settings } from "../profile/profile.ts";
import { accessFindings } from "../vault/folder.ts";
import { Vault } from "../vault/vault.ts";
import type { ParsedFlags } from "./flags.ts";
import { Journal } from "./journal.ts";
import { jsonLine } from "./output.ts";
import { remedyFacts } from "./remedy_facts.ts";

/** Something worth telling the person, with a stable code for scripts. */
export interface Warning {
  readonly code: string;
  readonly message: string;
  /** One step a line. */
  readonly remedy: string;
  readonly who?: Who;
}

export class Context {
  readonly world: World;
  readonly flags: ParsedFlags;
  /** Aborted by Ctrl-C, with the failure to end with. */
  readonly signal: AbortSignal;
  /** What goes to the log when the command has ended. */
  readonly journal: Journal;
  #settings: Promise<Settings> | undefined;
  #loaded: Settings | undefined;
  #profileName: string | undefined;
  #vault: Vault | undefined;
  readonly #unfinished: Promise<unknown>[] = [];

  constructor(world: World, flags: ParsedFlags, signal: AbortSignal) {
    this.world = world;
    this.flags = flags;
    this.signal = signal;
    this.journal = new Journal(world.nowMs);
  }

  /** The settings, where the command has read them and they are good. */
  get loadedSettings(): Settings | undefined {
    return this.#loaded;
  }

  /** The addresses of the chosen profile and how it signs in, for remedies. */
  get addresses(): RemedyFacts {
    const profile = this.#loaded?.profiles.get(this.#profileName ?? "");
    return profile === undefined ? {} : remedyFacts(profile);
  }

  /** The name of the profile, where the command has chosen one. */
  get profileName(): string | undefined {
    return this.#profileName;
  }

  /** Takes the protocol for `--verbose` and for a log of level debug; asked for after the profile is read. */
  get transcript(): Transcript | undefined {
    const isShown = this.flags.has("verbose");
    const isLogged = this.#loaded?.log.level === "debug";
    if (!isShown && !isLogged) return undefined;
    return (direction, line) => {
      if (isShown) this.world.terminal.err(`${direction}: ${line}`);
      if (isLogged) this.journal.protocol(direction, line);
    };
  }

  get isJson(): boolean {
    return this.flags.has("json");
  }

  /** A line for the person on standard error, unless `--quiet`. */
  note(line: string): void {
    this.journal.note(line);
    if (!this.flags.has("quiet")) this.world.terminal.err(line);
  }

  /** A warning with its remedy, for the person. */
  warn(warning: Warning): void {
    this.note(`warning: ${warning.message}`);
    if (warning.who !== undefined) this.note(`who: ${warning.who}`);
    const [first, ...more] = warning.remedy.split("\n");
    this.note(`hint: ${first}`);
    for (const line of more) this.note(`      ${line}`);
  }

  /** The result on standard output: one JSON value with `--json`, else the text. */
  result(value: unknown, text: string): void {
    this.journal.result(value);
    this.print(value, text);
  }

  /** The same for what the journal knows from elsewhere. */
  print(value: unknown, text: string): void {
    const shown = this.isJson ? jsonLine(value, this.world) : text;
    try {
      this.world.terminal.out(shown);
    } catch {
      // What was done is done: a mail that has left must not count as failed because nobody takes the result.
      this.note(`warning: standard output takes nothing; the result was: ${shown.trimEnd()}`);
    }
  }

  /** @throws {Failure} `profile.*` */
  async settings(): Promise<Settings> {
    this.#settings ??= this.#load();
    return await this.#settings;
  }

  /** @throws {Failure} `profile.*`, `usage.invalid` */
  async profile(): Promise<Profile> {
    const profile = selectProfile(await this.settings(), this.flags.text("profile"));
    this.#profileName = profile.name;
    return profile;
  }

  async vault(): Promise<Vault> {
    return this.#vault ??= new Vault(await this.settings(), this.world);
  }

  /** Takes work that nobody waits for, and that must end before the process does. */
  finishLater(work: Promise<unknown>): void {
    this.#unfinished.push(work);
  }

  /** Settles when that work has ended, well or badly. */
  async finished(): Promise<void> {
    await Promise.allSettled(this.#unfinished);
  }

  /** What is wrong with the rights of the data folder. */
  async accessWarnings(): Promise<readonly Warning[]> {
    const vault = await this.vault();
    const findings = await accessFindings(await this.settings(), {
      platform: this.world.platform,
      vaultPath: vault.path,
      sealedWith: vault.sealedWith,
    });
    return findings.map((finding) => ({ code: "vault.access", ...finding }));
  }

  /** The world as this profile reaches its provider: with the certificates of `smtp.ca_file`, and through its proxy. */
  async worldOf(profile: Profile): Promise<World & { readonly fetch: ProviderFetch }> {
    const { caFile } = profile.smtp;
    const certificates = caFile === undefined ? [] : await readCertificates(caFile);
    const { world, transcript } = this;
    return providerWorld(profile, { world, certificates, transcript });
  }

  /** The path of the profile file to write to, which need not exist. */
  async targetFile(): Promise<string> {
    return await locateTarget(this.#places());
  }

  /** Takes settings that this command is about to write, in the place of those that a file has. */
  adopt(settings: Settings, profileName: string): void {
    this.#settings = Promise.resolve(this.#take(settings));
    this.#profileName = profileName;
  }

  async #load(): Promise<Settings> {
    const file = await locateProfile(this.#places());
    const { platform } = this.world;
    return this.#take(parseSettings(await readProfileFile(file), { file, platform }));
  }

  #take(settings: Settings): Settings {
    for (const profile of settings.profiles.values()) {
      if (profile.oauth?.clientSecret.from === "profile") {
        this.world.keepSecret(profile.oauth.clientSecret.value);
      }
    }
    this.#loaded = settings;
    for (const warning of settings.warnings) this.note(`warning: ${warning}`);
    return settings;
  }

  #places(): LocateOptions {
    const flag = this.flags.text("config");
    return {
      ...(flag === undefined ? {} : { flag }),
      env: this.world.env,
      platform: this.world.platform,
      cwd: Deno.cwd(),
      ...(Deno.build.standalone ? { execPath: Deno.execPath() } : {}),
      exists,
    };
  }
}

async function readProfileFile(path: string): Promise<string> {
  let octets: Uint8Array;
  try {
    octets = await patiently(() => Deno.readFile(path));
  } catch (cause) {
    throw new Failure("profile.missing", `cannot read ${path}: ${reason(cause)}`, {
      remedy: isHeld(cause)
        ? heldRemedy(path)
        : "let the account that runs plantpost read the file",
      cause,
    });
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(octets);
  } catch (cause) {
    throw new Failure("profile.invalid", `${path}: is not UTF-8 text`, {
      remedy: "save it as UTF-8 in the editor (Notepad: Save as > Encoding > UTF-8)",
      cause,
    });
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    return !(await Deno.stat(path)).isDirectory;
  } catch (cause) {
    // A place that may not be looked at, or that no path leads to, holds no file for this account.
    if (cause instanceof Error) return false;
    throw cause;
  }
}
