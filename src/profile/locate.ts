// Where the profile file is: the places of the manual, in their order. The invariant: a file that somebody
// named is the one that is used or the one that is missing; another one never takes its place.

import { Failure } from "../base/failure.ts";
import { dirName, joinPath } from "../base/paths.ts";
import type { World } from "../base/world.ts";

const FILE_NAME = "plantpost.toml";

export interface LocateOptions extends Pick<World, "platform" | "env"> {
  /** The value of `--config`. */
  readonly flag?: string;
  /** Absolute. */
  readonly cwd: string;
  /** Absolute path of plantpost's own executable; left out when Deno runs the program from source. */
  readonly execPath?: string;
  /** The person's home folder; `HOME` or `USERPROFILE` where it is left out. */
  readonly home?: string;
  /** Whether there is a file of that path. */
  readonly exists: (path: string) => Promise<boolean>;
}

/**
 * The absolute path of the profile file.
 * @throws {Failure} `profile.missing` when the named file, or a file in any of the places, does not exist
 */
export async function locateProfile(options: LocateOptions): Promise<string> {
  const named = namedFile(options);
  if (named !== undefined) {
    const path = joinPath(options.cwd, named.path, options);
    if (await options.exists(path)) return path;
    throw new Failure("profile.missing", `${named.by} names ${path}, which does not exist`, {
      remedy: `correct ${named.by}, or run "plantpost init" to write a profile file`,
    });
  }
  const places = profilePlaces(options);
  for (const path of places) {
    if (await options.exists(path)) return path;
  }
  const list = places.map((path) => `\n  ${path}`).join("");
  throw new Failure("profile.missing", `no profile file found, looked for${list}`, {
    remedy: 'run "plantpost init" to write one, or name one with --config',
  });
}

/**
 * The absolute path of the profile file to write to: the one that is named or found, else the one of the working
 * folder, which does not exist then.
 */
export async function locateTarget(options: LocateOptions): Promise<string> {
  const named = namedFile(options);
  if (named !== undefined) return joinPath(options.cwd, named.path, options);
  for (const path of profilePlaces(options)) {
    if (await options.exists(path)) return path;
  }
  return joinPath(options.cwd, FILE_NAME, options);
}

/** The places that are searched when no file is named, first to last. */
export function profilePlaces(options: Omit<LocateOptions, "exists">): readonly string[] {
  const folders = [options.cwd];
  if (options.execPath !== undefined) folders.push(dirName(options.execPath, options));
  const system = options.platform === "windows"
    ? joinPath(variable(options, "PROGRAMDATA") ?? "C:\\ProgramData", "plantpost", options)
    : "/etc/plantpost";
  folders.push(system);
  const own = userFolder(options);
  if (own !== undefined) folders.push(own);
  return [...new Set(folders.map((folder) => joinPath(folder, FILE_NAME, options)))];
}

function namedFile(options: LocateOptions): { path: string; by: string } | undefined {
  if (options.flag !== undefined) return { path: options.flag, by: "--config" };
  const path = variable(options, "PLANTPOST_CONFIG");
  return path === undefined ? undefined : { path, by: "the environment variable PLANTPOST_CONFIG" };
}

function userFolder(options: Omit<LocateOptions, "exists">): string | undefined {
  const isWindows = options.platform === "windows";
  const home = options.home ?? variable(options, isWindows ? "USERPROFILE" : "HOME");
  const under = (folder: string | undefined, path: string): string | undefined =>
    folder === undefined ? undefined : joinPath(folder, path, options);
  if (isWindows) {
    return under(variable(options, "APPDATA"), "plantpost") ??
      under(home, "AppData\\Roaming\\plantpost");
  }
  if (options.platform === "darwin") return under(home, "Library/Application Support/plantpost");
  const config = variable(options, "XDG_CONFIG_HOME");
  // The XDG base directory specification: a relative path is to be ignored.
  const isUsable = config?.startsWith("/") === true;
  return isUsable ? under(config, "plantpost") : under(home, ".config/plantpost");
}

function variable(options: Pick<World, "env">, name: string): string | undefined {
  const value = options.env(name);
  return value === "" ? undefined : value;
}
