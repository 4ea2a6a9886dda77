// `explain`: what a code means, who must act, and what to do. The invariant: it needs no profile, no vault and
// no network, so that it works where nothing else does.

import { EXIT, Failure } from "../base/failure.ts";
import { codesOf, explainText, type Explanation } from "../catalogue/explain.ts";
import { exitCodeOf } from "../catalogue/plantpost.ts";
import { stepsOf } from "../catalogue/remedy.ts";
import type { Context } from "./context.ts";

/** A log of any size is read, but codes are looked for in its last part only. */
const LONGEST_BYTES = 1_000_000;

export async function run(context: Context): Promise<number> {
  const text = await textOf(context);
  const { found, unknown, near, isAmbiguous } = explainText(text);
  if (found.length === 0) throw notKnown(unknown, near);
  const more = near.length === 0 ? "" : `; ${question(near)}`;
  if (unknown.length > 0) context.note(`not in the catalogue: ${unknown.join(", ")}${more}`);
  if (isAmbiguous) {
    context.note(
      `${text.trim()} stands for ${found.length} things; the words behind it tell which: explain the whole line`,
    );
  }
  context.result(
    {
      explanations: found.map(explanationJson),
      ...(unknown.length === 0 ? {} : { unknown }),
    },
    found.map(explanationText).join("\n"),
  );
  return EXIT.ok;
}

async function textOf(context: Context): Promise<string> {
  const { positionals } = context.flags;
  if (positionals.length === 0) {
    throw new Failure("usage.invalid", "explain: a code or text is missing", {
      remedy:
        'use: plantpost explain AADSTS7000222, or "535 5.7.139", a file, or - for standard input',
    });
  }
  const joined = positionals.join(" ");
  if (joined === "-") return decode(await context.world.terminal.readInput());
  return await fileText(joined) ?? joined;
}

// Undefined where no file of that name is: then it is a text.
async function fileText(path: string): Promise<string | undefined> {
  try {
    if (!(await Deno.stat(path)).isFile) return undefined;
  } catch {
    return undefined;
  }
  try {
    return decode(await Deno.readFile(path));
  } catch (cause) {
    throw new Failure("input.unreadable", `explain: cannot read ${path}`, {
      remedy: "let the account that runs plantpost read the file, or paste its text",
      cause,
    });
  }
}

// Windows PowerShell writes files as UTF-16.
function decode(octets: Uint8Array): string {
  const isUtf16 = octets[0] === 0xff && octets[1] === 0xfe;
  return new TextDecoder(isUtf16 ? "utf-16le" : "utf-8").decode(
    isUtf16 ? octets : octets.subarray(-LONGEST_BYTES),
  );
}

function explanationJson({ code, entry }: Explanation): Readonly<Record<string, unknown>> {
  const exitCode = exitCodeOf(entry.id);
  return {
    code,
    id: entry.id,
    area: entry.area,
    meaning: entry.meaning,
    who: entry.who,
    steps: stepsOf(entry),
    retry: entry.retry,
    ...(exitCode === undefined ? {} : { exitCode }),
  };
}

function explanationText({ code, entry }: Explanation): string {
  const exitCode = exitCodeOf(entry.id);
  const also = code === entry.id || code === codesOf(entry) ? "" : ` (${entry.id})`;
  return [
    `${code}${also}: ${entry.meaning}`,
    ...(exitCode === undefined ? [] : [`  exit code:    ${exitCode}`]),
    `  who must act: ${WHO[entry.who]}`,
    "  what to do:",
    ...stepsOf(entry).map((step, at) => `    ${at + 1}. ${step}`),
    `  trying again: ${RETRY[entry.retry]}`,
    "",
  ].join("\n");
}

const WHO = {
  user: "user (who signs in and owns the account)",
  administrator: "administrator (of the tenant, Google Workspace or Exchange)",
  operator: "operator (who runs plantpost on the PC)",
} as const;

const RETRY = {
  later: "helps after a while",
  "after-login": "helps once somebody has signed in again",
  never: "does not help before the steps are done",
} as const;

function notKnown(unknown: readonly string[], near: readonly string[]): Failure {
  return new Failure(
    "usage.invalid",
    unknown.length === 0
      ? "explain: found no code in the text that the catalogue knows"
      : `explain: the catalogue does not know ${unknown.map((code) => `"${code}"`).join(", ")}`,
    {
      remedy: near.length > 0
        ? question(near)
        : "give the code as it stands in the error: AADSTS7000222, 535 5.7.139, invalid_grant",
    },
  );
}

function question(near: readonly string[]): string {
  const last = near.at(-1);
  return near.length < 2
    ? `did you mean ${last}?`
    : `did you mean ${near.slice(0, -1).join(", ")} or ${last}?`;
}
