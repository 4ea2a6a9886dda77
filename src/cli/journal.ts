// What a run leaves in the log, collected while it runs and written by `log.ts`, at its end or, where it is long, in
// portions. It belongs to the start of every command, so nothing is written, formatted or redacted here.

export type LogLevel = "debug" | "info" | "warn" | "error";

export interface JournalEntry {
  readonly timeMs: number;
  readonly level: LogLevel;
  readonly event: "result" | "failure" | "warning" | "protocol";
  readonly fields: Readonly<Record<string, unknown>>;
}

export class Journal {
  #entries: JournalEntry[] = [];
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  get entries(): readonly JournalEntry[] {
    return this.#entries;
  }

  /** The entries so far, which are the caller's to write from now on. */
  take(): readonly JournalEntry[] {
    const entries = this.#entries;
    this.#entries = [];
    return entries;
  }

  result(value: unknown): void {
    const fields = typeof value === "object" && value !== null && !Array.isArray(value)
      ? { ...value }
      : { value };
    this.#add("info", "result", fields);
  }

  failure(fields: Readonly<Record<string, unknown>>): void {
    this.#add("error", "failure", fields);
  }

  /** Keeps a line for the person where it is a warning, or belongs to the one before. */
  note(line: string): void {
    const [, label, text = ""] = /^(?:(warning|who|hint): | {6}(?=\S))(.*)$/s.exec(line) ??
      [line, "none"];
    if (label === "warning") {
      this.#add("warn", "warning", { message: text });
      return;
    }
    const last = this.#entries.at(-1);
    if (last?.event !== "warning" || label === "none") return;
    const remedy = last.fields["remedy"];
    const added = label === "who"
      ? { who: text }
      : { remedy: remedy === undefined ? text : `${remedy}\n${text}` };
    this.#entries[this.#entries.length - 1] = { ...last, fields: { ...last.fields, ...added } };
  }

  protocol(direction: "C" | "S" | "*", line: string): void {
    this.#add("debug", "protocol", { direction, line });
  }

  #add(level: LogLevel, event: JournalEntry["event"], fields: JournalEntry["fields"]): void {
    this.#entries.push({ timeMs: this.#nowMs(), level, event, fields });
  }
}
