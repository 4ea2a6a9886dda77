// Sums the JUnit reports of all test runs, and holds the skips to account: a test that no run has run is a
// failure, whatever its reason says.

/** What no machine here can run; .github/workflows does. */
const ELSEWHERE: readonly string[] = [
  "PowerShell completes by its script",
  "the recipe of a scheduled report in PowerShell",
  "another account opens what is sealed for the machine, and not what is sealed for a user",
];

interface Case {
  readonly name: string;
  readonly state: "passed" | "failed" | "skipped";
}

function casesOf(xml: string): readonly Case[] {
  return [...xml.matchAll(/<testcase name="([^"]*)"[^>]*?(?:\/>|>([\s\S]*?)<\/testcase>)/g)].map(
    ([, name = "", body = ""]) => ({
      // The reason, which differs from machine to machine, is not part of the name.
      name: name.replace(/ \((?:skipped: |needs )[^)]*\)$/, ""),
      state: /<(failure|error)\b/.test(body)
        ? "failed"
        : body.includes("<skipped")
        ? "skipped"
        : "passed",
    }),
  );
}

async function main(): Promise<void> {
  const folder = Deno.args[0] ?? "dist/reports";
  const lines: string[] = [];
  const all: Case[] = [];
  const files: string[] = [];
  for await (const file of Deno.readDir(folder)) {
    files.push(file.name);
    const cases = casesOf(await Deno.readTextFile(`${folder}/${file.name}`));
    if (cases.length === 0) lines.push(`${file.name}: holds no tests`);
    all.push(...cases);
  }
  const count = (state: Case["state"]): number => all.filter((item) => item.state === state).length;
  const ran = new Set(all.filter((item) => item.state !== "skipped").map((item) => item.name));
  const never = new Set(
    all.filter((item) =>
      item.state === "skipped" && !ran.has(item.name) && !ELSEWHERE.includes(item.name)
    ).map((item) => item.name),
  );
  for (const name of never) lines.push(`skipped in every run: ${name}`);
  lines.push(`${count("passed")} passed, ${count("failed")} failed, ${count("skipped")} skipped`);
  Deno.stdout.writeSync(new TextEncoder().encode(lines.map((line) => `${line}\n`).join("")));
  // With one kind of machine at hand, what belongs to the others cannot have run.
  const isWholeRun = all.length > 0 &&
    files.includes("windows.xml");
  Deno.exit(count("failed") > 0 || all.length === 0 || (isWholeRun && never.size > 0) ? 1 : 0);
}

void main();
