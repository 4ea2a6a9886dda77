// File paths as text, for the platform that the caller names: no call to the operating system, no `node:path`.
// Windows paths know drive letters, UNC shares and both slashes, and come back with backslashes.

import type { World } from "./world.ts";

type OnPlatform = Pick<World, "platform">;

/** Whether the path means the same file whatever the working folder and drive are. */
export function isAbsolutePath(path: string, on: OnPlatform): boolean {
  return on.platform === "windows"
    ? /^(?:[A-Za-z]:[\\/]|[\\/]{2}[^\\/])/.test(path)
    : path.startsWith("/");
}

/**
 * `path` seen from `folder`: an absolute path stays what it is, `.` and `..` are resolved, and none leads
 * above the root. On Windows `\x` keeps the drive or share of `folder`; `D:x` without a slash is taken from
 * `folder` on the same drive and from the root on another one.
 */
export function joinPath(folder: string, path: string, on: OnPlatform): string {
  if (isAbsolutePath(path, on)) return assemble(splitRoot(path, on), on);
  const base = splitRoot(folder, on);
  if (on.platform === "windows") {
    const drive = /^([A-Za-z]:)(.*)$/s.exec(path);
    if (drive !== null) {
      const [, letter = "", rest = ""] = drive;
      const isSameDrive = base.root.toUpperCase().startsWith(letter.toUpperCase());
      const start = isSameDrive ? base : { root: `${letter}\\`, rest: "" };
      return assemble({ root: start.root, rest: `${start.rest}\\${rest}` }, on);
    }
    if (/^[\\/]/.test(path)) return assemble({ root: base.root, rest: path }, on);
  }
  return assemble({ root: base.root, rest: `${base.rest}/${path}` }, on);
}

/** The folder that holds the path; of a root the root itself, of a bare name `.`. */
export function dirName(path: string, on: OnPlatform): string {
  const { root, rest } = splitRoot(path, on);
  const names = split(rest, on);
  if (names.length < 2) return root === "" ? "." : root;
  return root + names.slice(0, -1).join(separator(on));
}

/** The last name in the path; empty for a root. */
export function baseName(path: string, on: OnPlatform): string {
  return split(splitRoot(path, on).rest, on).at(-1) ?? "";
}

interface Parts {
  /** `C:\`, `\\server\share\`, `/` or empty, with its closing separator. */
  readonly root: string;
  readonly rest: string;
}

function splitRoot(path: string, on: OnPlatform): Parts {
  if (on.platform !== "windows") {
    return path.startsWith("/") ? { root: "/", rest: path.slice(1) } : { root: "", rest: path };
  }
  const unc = /^[\\/]{2}([^\\/]+)[\\/]+([^\\/]+)/.exec(path);
  if (unc !== null) return { root: `\\\\${unc[1]}\\${unc[2]}\\`, rest: path.slice(unc[0].length) };
  const drive = /^([A-Za-z]:)[\\/]/.exec(path);
  if (drive !== null) return { root: `${drive[1]}\\`, rest: path.slice(drive[0].length) };
  return /^[\\/]/.test(path) ? { root: "\\", rest: path.slice(1) } : { root: "", rest: path };
}

function assemble(parts: Parts, on: OnPlatform): string {
  const names: string[] = [];
  for (const name of split(parts.rest, on)) {
    if (name === ".") continue;
    const canGoUp = names.length > 0 && names.at(-1) !== "..";
    if (name !== "..") names.push(name);
    else if (canGoUp) names.pop();
    else if (parts.root === "") names.push(name);
  }
  const joined = parts.root + names.join(separator(on));
  return joined === "" ? "." : joined;
}

function split(rest: string, on: OnPlatform): string[] {
  const pattern = on.platform === "windows" ? /[\\/]+/ : /\/+/;
  return rest.split(pattern).filter((name) => name !== "");
}

function separator(on: OnPlatform): string {
  return on.platform === "windows" ? "\\" : "/";
}
