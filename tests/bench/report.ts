// What the benchmark found, as a table for people or as JSON.

/** One measured number. */
export interface Figure {
  readonly row: string;
  readonly who: string;
  readonly value: number;
  readonly unit: "ms" | "turns" | "MB" | "messages/s";
}

/** What the program promises in a row: its figure against another's, or against a number. */
export interface Budget {
  readonly row: string;
  readonly who: string;
  readonly against: string | number;
  /** For figures against another's: the factor that may be reached. */
  readonly factor?: number;
  readonly better: "lower" | "higher";
}

export interface Verdict {
  readonly row: string;
  readonly who: string;
  readonly wanted: string;
  readonly found: number;
  readonly isWithin: boolean;
}

export interface Report {
  readonly figures: readonly Figure[];
  readonly verdicts: readonly Verdict[];
  /** Rows and tools that were not measured, and why. */
  readonly notMeasured: readonly string[];
}

/** Judges the budgets whose figures were measured. */
export function judge(figures: readonly Figure[], budgets: readonly Budget[]): Verdict[] {
  const find = (row: string, who: string): number | undefined =>
    figures.find((figure) => figure.row === row && figure.who === who)?.value;
  return budgets.flatMap(({ row, who, against, factor = 1, better }) => {
    const value = find(row, who);
    const other = typeof against === "number" ? against : find(row, against);
    if (value === undefined || other === undefined) {
      return [];
    }
    const isNumber = typeof against === "number";
    const limit = isNumber ? against : factor;
    const found = isNumber ? value : value / other;
    return [{
      row,
      who,
      wanted: `${better === "lower" ? "at most" : "at least"} ${limit}${
        isNumber ? "" : ` × ${against}`
      }`,
      found,
      isWithin: better === "lower" ? found <= limit : found >= limit,
    }];
  });
}

export function asText({ figures, verdicts, notMeasured }: Report): string {
  const lines: string[] = [];
  for (const row of new Set(figures.map((figure) => figure.row))) {
    lines.push(row);
    const ofRow = figures.filter((figure) => figure.row === row);
    const reference = ofRow[0]?.value ?? NaN;
    for (const { who, value, unit } of ofRow) {
      const ratio = who === ofRow[0]?.who ? "" : `${(value / reference).toFixed(2)} ×`;
      lines.push(`  ${who.padEnd(32)}${round(value).padStart(10)} ${unit.padEnd(11)}${ratio}`);
    }
    for (const verdict of verdicts.filter((candidate) => candidate.row === row)) {
      const found = verdict.found.toFixed(2);
      const word = verdict.isWithin ? "within" : "MISSED";
      lines.push(`  ${word}: ${verdict.who}: ${verdict.wanted}, found ${found}`);
    }
  }
  lines.push(...notMeasured.map((reason) => `not measured: ${reason}`));
  return `${lines.join("\n")}\n`;
}

/** A table for the README: a line for each row, what is plantpost's apart from the others'. */
export function asMarkdown({ figures, verdicts }: Report): string {
  const lines = [...new Set(figures.map(({ row }) => row))].map((row) => {
    const ofRow = figures.filter((figure) => figure.row === row);
    const cell = (isOwn: boolean): string =>
      ofRow.filter(({ who }) => isPlantposts(who) === isOwn)
        .map(({ who, value, unit }) => `${shortName(who)} ${round(value)} ${unit}`.trim())
        .join("<br>");
    const judged = verdicts.filter((verdict) => verdict.row === row)
      .map(({ wanted, found, isWithin }) =>
        `${wanted}: ${found.toFixed(2)}${isWithin ? "" : " (missed)"}`
      );
    return `| ${row} | ${cell(true)} | ${cell(false)} | ${judged.join("<br>")} |`;
  });
  return ["| what | plantpost | others | budget |", "| --- | --- | --- | --- |", ...lines, ""].join(
    "\n",
  );
}

function isPlantposts(who: string): boolean {
  return who.startsWith("plantpost") || who.endsWith("messages");
}

function shortName(who: string): string {
  return who.replace(/^plantpost(?:, |$)/, "");
}

function round(value: number): string {
  return value.toFixed(value < 100 ? 1 : 0);
}
