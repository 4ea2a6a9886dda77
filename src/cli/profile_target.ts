// Where `profile import` writes: the profile file of this PC and the files beside it. Looking comes first and
// writes nothing; the invariant: a file that is there is exchanged only where its other lines stay as they are.

import { createDurably, diskRemedy, reason } from "../base/durable_file.ts";
import { Failure } from "../base/failure.ts";
import { baseName, dirName } from "../base/paths.ts";
import { replaceFile } from "../base/replace_file.ts";
import type { World } from "../base/world.ts";
import { mergedText } from "../profile/carried_text.ts";
import { type FileReference, fileReferences } from "../profile/file_references.ts";
import { parseSettings } from "../profile/parse.ts";
import type { Profile, Settings } from "../profile/profile.ts";
import type { CarriedProfile } from "../vault/sealed_profile.ts";
import type { Context } from "./context.ts";

export interface Target {
  /** Absolute path of the profile file. */
  readonly file: string;
  /** What the file says now; undefined where there is none. */
  readonly before: Uint8Array | undefined;
  /** What it is to say; undefined where it stays as it is. */
  readonly text: string | undefined;
  /** Whether the profile joins others in the file. */
  readonly isAdded: boolean;
  /** Of that text. */
  readonly settings: Settings;
  readonly profile: Profile;
  /** Files beside it that came along; `content` only where the file is not there yet. */
  readonly files: readonly (FileReference & { readonly content?: Uint8Array })[];
  /** Files that the profile names, that did not come along and are not there. */
  readonly missing: readonly FileReference[];
}

/**
 * Looks at everything that is to be written.
 * @throws {Failure} `profile.invalid`, `profile.missing`, `file.cannot_create`, `input.unreadable`
 */
export async function openTarget(
  context: Context,
  what: {
    readonly carried: CarriedProfile;
    readonly from: string;
    readonly shallReplace: boolean;
  },
): Promise<Target> {
  const { world } = context;
  const { carried, from } = what;
  const file = await context.targetFile();
  const before = await readIfThere(file);
  const at = { file, platform: world.platform };
  const { text, isAdded } = newText(before, { ...what, ...at });
  const settings = checkedSettings(text ?? decode(before ?? new Uint8Array(), file), {
    ...at,
    before,
  });
  const profile = settings.profiles.get(carried.name);
  if (profile === undefined) {
    throw new Failure("input.unreadable", `${from} does not hold the profile that it names`, {
      remedy: "make it anew: plantpost profile export --seal",
    });
  }
  const references = fileReferences(profile, at);
  const files: Target["files"][number][] = [];
  const missing: FileReference[] = [];
  for (const reference of references) {
    const came = carried.files.find(({ key }) => key === reference.key);
    if (came === undefined || reference.relative === undefined) {
      if (await readIfThere(reference.path).catch(() => undefined) === undefined) {
        missing.push(reference);
      }
      continue;
    }
    const there = await readIfThere(reference.path);
    if (there === undefined) files.push({ ...reference, content: came.content });
    else if (isEqual(there, came.content)) files.push(reference);
    else throw differentFile(reference);
  }
  return { file, before, text, isAdded, settings, profile, files, missing };
}

/** Writes it, the profile file last: it is there only when the files are that it names. */
export async function writeTarget(
  target: Target,
  on: Pick<World, "platform">,
): Promise<void> {
  for (const reference of target.files) {
    const { path, content, isPublic } = reference;
    if (content === undefined) continue;
    await makeFolder(dirName(path, on));
    const isNew = await createDurably(path, content, { mode: isPublic ? 0o644 : 0o600 });
    if (!isNew) throw differentFile(reference);
  }
  const { file, before, text } = target;
  if (text === undefined) return;
  const after = new TextEncoder().encode(text);
  if (before !== undefined) return await replaceFile(file, { before, after });
  if (await createDurably(file, after, { mode: 0o644 })) return;
  throw new Failure("file.cannot_create", `${file} came into being just now`, {
    remedy: "run the command again",
  });
}

/**
 * Makes a folder that others may look into.
 * @throws {Failure} `file.cannot_create`
 */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await Deno.mkdir(folder, { recursive: true });
  } catch (cause) {
    throw new Failure(
      "file.cannot_create",
      `cannot create the folder ${folder}: ${reason(cause)}`,
      { remedy: diskRemedy(cause, folder), cause },
    );
  }
}

function newText(
  before: Uint8Array | undefined,
  what: {
    readonly carried: CarriedProfile;
    readonly file: string;
    readonly platform: World["platform"];
    readonly shallReplace: boolean;
  },
): { readonly text: string | undefined; readonly isAdded: boolean } {
  const { carried, file, shallReplace } = what;
  if (before === undefined) return { text: carried.file, isAdded: false };
  const { was, differing, text } = mergedText(decode(before, file), {
    ...carried,
    file: { name: baseName(file, what), path: file },
  });
  if (was === "same") return { text: undefined, isAdded: false };
  if (was === "other" && !shallReplace) {
    throw new Failure(
      "file.cannot_create",
      `${file} has a profile "${carried.name}" already; other values there: ${
        differing.join(", ")
      }`,
      {
        remedy: "import with --replace to exchange that profile; all other lines of the file stay",
      },
    );
  }
  return { text, isAdded: was === "missing" };
}

// Where the file was wrong before, that is what to say.
function checkedSettings(
  text: string,
  at: {
    readonly file: string;
    readonly platform: World["platform"];
    readonly before: Uint8Array | undefined;
  },
): Settings {
  try {
    return parseSettings(text, at);
  } catch (failure) {
    if (!(failure instanceof Failure) || failure.code !== "profile.invalid") throw failure;
    if (at.before !== undefined) parseSettings(decode(at.before, at.file), at);
    throw new Failure("profile.invalid", failure.message, {
      remedy:
        "nothing was written; correct the profile on the PC that it comes from and export it " +
        "again, or use the same release of plantpost on both",
      cause: failure,
    });
  }
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await Deno.readFile(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return undefined;
    throw new Failure("file.cannot_create", `cannot look at ${path}: ${reason(cause)}`, {
      remedy: "let this account read the file, or name another profile file with --config",
      cause,
    });
  }
}

// With its byte order mark, which stays.
function decode(octets: Uint8Array, path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(octets);
  } catch (cause) {
    throw new Failure("profile.invalid", `${path}: is not UTF-8 text`, {
      remedy: "save it as UTF-8 in the editor (Notepad: Save as > Encoding > UTF-8)",
      cause,
    });
  }
}

function differentFile({ key, path }: FileReference): Failure {
  return new Failure(
    "file.cannot_create",
    `${path} (${key}) is there already, with other content than the carried file`,
    {
      remedy:
        "compare the two; where the carried one is right, move that file away and import again",
    },
  );
}

function isEqual(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((octet, at) => octet === other[at]);
}
