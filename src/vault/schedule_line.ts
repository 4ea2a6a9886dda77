// The one line that has the system run a command of plantpost by itself, to be copied as it stands: schtasks on
// Windows, cron elsewhere. The invariant: full paths, because a scheduler starts in a folder of its own.

import type { World } from "../base/world.ts";

/** Where plantpost is on this PC. */
export interface Installation {
  readonly platform: World["platform"];
  /** The executable; absent where it runs from its source. */
  readonly program?: string;
  /** The profile file. */
  readonly config?: string;
}

export interface Scheduled {
  /** The command with its flags. */
  readonly command: string;
  readonly every: "day" | "week";
}

/** SYSTEM can open the vault of every PC that does not seal for one account alone. */
export function scheduleLine({ command, every }: Scheduled, at: Installation): string {
  const isWindows = at.platform === "windows";
  const quote = isWindows ? quotedForWindows : quotedForShell;
  const config = at.config === undefined ? [] : ["--config", quote(at.config)];
  const run = [quote(at.program ?? "plantpost"), command, ...config].join(" ");
  if (isWindows) {
    const name = command.split(" ", 1)[0];
    const when = every === "day" ? "DAILY" : "WEEKLY";
    const task = run.replaceAll('"', '\\"');
    return `schtasks /create /tn "plantpost ${name}" /sc ${when} /st 06:00 /ru SYSTEM /tr "${task}"`;
  }
  // A percent sign would end the command of a crontab. Cron mails what it prints: errors are worth that, results not.
  const when = every === "day" ? "0 6 * * *" : "0 6 * * 1";
  return `${when} ${run.replaceAll("%", "\\%")} >/dev/null`;
}

// Without blanks a path is easier to read, and to type, without quotes.
function quotedForWindows(path: string): string {
  return /^[\w.:\\/~-]+$/.test(path) ? path : `"${path}"`;
}

function quotedForShell(path: string): string {
  return /^[\w.:/~-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
