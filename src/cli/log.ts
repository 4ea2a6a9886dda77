// The log file of the profile: one JSON object a line, appended by every command that has read a profile. A
// task scheduler swallows standard error, so this is where people look. The invariants: every text passes the
// redactor, and trouble with the log changes neither the result nor the exit code.

import { reason } from "../base/durable_file.ts";
import { EXIT } from "../base/failure.ts";
import { isoTime } from "../base/iso_time.ts";
import { appendLines } from "../base/log_file.ts";
import { dirName } from "../base/paths.ts";
import type { World } from "../base/world.ts";
import type { Settings } from "../profile/profile.ts";
import { makeDataFolder } from "../vault/folder.ts";
import type { Journal, JournalEntry, LogLevel } from "./journal.ts";

/** A reply, a provider's description or a stack is shorter; a message is not what a log is for. */
const LONGEST_TEXT = 8192;
const LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];

export interface LoggedRun {
  readonly command: string;
  /** Undefined where no profile was chosen. */
  readonly profile: string | undefined;
  readonly exitCode: number;
  /** Whether the folder of the log may be made; the file may in any case. */
  readonly mayMakeFolder: boolean;
  readonly journal: Pick<Journal, "entries">;
}

/** Appends the run to the log; resolves to what the person should know where that failed. */
export async function writeLog(
  run: LoggedRun,
  at: { readonly settings: Settings; readonly world: Pick<World, "platform" | "redact"> },
): Promise<string | undefined> {
  const { log, vault } = at.settings;
  const lines = logLines(run, { level: log.level, redact: at.world.redact });
  if (lines.length === 0) return undefined;
  const folder = dirName(log.file, at.world);
  try {
    if (!run.mayMakeFolder && !(await isFolder(folder))) return undefined;
    const file = {
      path: log.file,
      maxBytes: log.maxBytes,
      keep: log.keep,
      mode: vault.group === undefined ? 0o600 : 0o660,
    };
    await appendLines(lines, file).catch(async (cause) => {
      if (!(cause instanceof Deno.errors.NotFound)) throw cause;
      // Windows knows no mode: there the data folder must not come into being without its access list.
      const isGuarded = at.world.platform === "windows" && folder === at.settings.dataDir;
      if (isGuarded) await makeDataFolder(at.settings, at.world);
      else await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
      await appendLines(lines, file);
    });
    return undefined;
  } catch (cause) {
    return `cannot write the log ${log.file}: ${reason(cause)}`;
  }
}

/** The lines of a run from this level on, secrets removed, each with its line end. */
export function logLines(
  run: LoggedRun,
  options: { readonly level: LogLevel; readonly redact: World["redact"] },
): readonly string[] {
  const entries = run.journal.entries.map((entry) => atEnd(entry, run.exitCode))
    .filter((entry) => LEVELS.indexOf(entry.level) >= LEVELS.indexOf(options.level));
  return entries.map(({ timeMs, level, event, fields }) => {
    const line = {
      time: isoTime(timeMs),
      level,
      command: run.command,
      ...(run.profile === undefined ? {} : { profile: run.profile }),
      pid: Deno.pid,
      event,
      ...withoutNames(fields),
    };
    // Text by text: a hole in the finished line could tear its quotes and escapes.
    const json = JSON.stringify(
      line,
      (_, value) => typeof value === "string" ? shortened(options.redact(value)) : value,
    );
    return `${escapeControls(json)}\n`;
  });
}

/** Whether a run that ended so may make the folder of its log. */
export function leavesTraces(
  run: { readonly command: string; readonly isDryRun: boolean; readonly exitCode: number },
): boolean {
  const isLook = run.command === "status" || run.isDryRun;
  return !isLook && run.exitCode !== EXIT.usage && run.exitCode !== EXIT.profile;
}

// A result such as "partial" is worth more than a word in passing. A line of a batch has an exit code of its own.
function atEnd(entry: JournalEntry, runExitCode: number): JournalEntry {
  if (entry.event !== "result" && entry.event !== "failure") return entry;
  const { exitCode = runExitCode } = entry.fields;
  const level = entry.event === "result" && exitCode !== EXIT.ok ? "warn" : entry.level;
  return { ...entry, level, fields: { ...entry.fields, exitCode } };
}

// The line names them already, and the same for every event.
function withoutNames(fields: JournalEntry["fields"]): JournalEntry["fields"] {
  const { time: _time, level: _level, command: _command, profile: _profile, ...rest } = fields;
  return rest;
}

function shortened(text: string): string {
  if (text.length <= LONGEST_TEXT) return text;
  return `${text.slice(0, LONGEST_TEXT)}… (${text.length} characters)`;
}

// JSON leaves these as they are, and a terminal that shows the log would act on them.
function escapeControls(json: string): string {
  return json.replaceAll(
    /[\x7f-\x9f\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isDirectory;
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return false;
    throw cause;
  }
}
