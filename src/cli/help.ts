// `--help`, made from the tables of commands and flags, so that it cannot lag behind them.

import { type Command, COMMANDS, GLOBAL_FLAGS } from "./commands.ts";
import type { FlagDefinition } from "./flags.ts";

const COLUMNS = 80;
const WIDEST_LEFT = 24;

const EXIT_CODES = `exit codes: 0 done, 64 wrong use, 65 bad message, 66 input file missing,
  67 recipient refused, 68 unknown host, 69 refused for good, 70 bug,
  73 cannot create, 74 disk or unknown outcome, 75 temporary (stored nowhere),
  76 protocol, 77 login needed, 78 profile wrong, 130 Ctrl-C
`;

export function helpText(command: Command | undefined): string {
  return command === undefined ? overview() : helpOf(command);
}

function overview(): string {
  const commands = twoColumns(COMMANDS.map((command) => [commandLine(command), command.about]));
  return `plantpost sends mail from plant PCs through Microsoft 365, Google or any SMTP
service with OAuth 2.0

usage: plantpost COMMAND [FLAGS]

${commands}
flags of every command:
${flagLines(GLOBAL_FLAGS)}
plantpost COMMAND --help shows the flags of a command, with examples

${EXIT_CODES}`;
}

function helpOf(command: Command): string {
  const flags = command.flags.length === 0 ? "" : `\nflags:\n${flagLines(command.flags)}`;
  const options = command.options === undefined ? "" : `\noptions:\n${twoColumns(command.options)}`;
  const examples = command.examples.map((example) => `  ${example}\n`).join("");
  return `${wrap(`plantpost ${command.name}: ${command.about}`, COLUMNS).join("\n")}

usage: plantpost ${commandLine(command)} [FLAGS]
${options}${flags}
flags of every command:
${flagLines(GLOBAL_FLAGS)}
examples:
${examples}
${EXIT_CODES}`;
}

function commandLine(command: Command): string {
  return command.operands === undefined ? command.name : `${command.name} ${command.operands}`;
}

function flagLines(flags: readonly FlagDefinition[]): string {
  const written = flags.map((flag) =>
    `--${flag.name}${flag.value === undefined ? "" : ` ${flag.value}`}`
  );
  return twoColumns(flags.map((flag, at) => [written[at] ?? "", flag.about]));
}

// A left text that is too wide has its line to itself, so that one long one does not push all others away.
function twoColumns(rows: readonly (readonly [left: string, right: string])[]): string {
  const widths = rows.map(([left]) => left.length).filter((width) => width <= WIDEST_LEFT);
  const width = Math.max(0, ...widths);
  const indent = " ".repeat(width + 4);
  return rows.map(([left, right]) => {
    const [first = "", ...more] = wrap(right, COLUMNS - indent.length);
    const start = left.length > width
      ? `  ${left}\n${indent}${first}`
      : `  ${left.padEnd(width)}  ${first}`;
    return `${[start, ...more.map((line) => indent + line)].join("\n")}\n`;
  }).join("");
}

function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
