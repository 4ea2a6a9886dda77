// `--help`, made from the tables of commands and flags, so that it cannot lag behind them.

import { type Command, COMMANDS, GLOBAL_FLAGS } from "./commands.ts";
import type { FlagDefinition } from "./flags.ts";

const EXIT_CODES =
  `exit codes: 0 done, 64 wrong use, 65 bad message, 66 input file missing, 67 recipient refused,
  68 unknown host, 69 refused for good, 70 bug, 73 cannot create, 74 disk or unknown outcome,
  75 temporary (stored nowhere), 76 protocol, 77 login needed, 78 profile wrong, 130 Ctrl-C
`;

export function helpText(command: Command | undefined): string {
  return command === undefined ? overview() : helpOf(command);
}

function overview(): string {
  const width = Math.max(...COMMANDS.map((command) => commandLine(command).length));
  const commands = COMMANDS.map((command) =>
    `  ${commandLine(command).padEnd(width)}  ${command.about}\n`
  ).join("");
  return `plantpost sends mail from plant PCs through Microsoft 365, Google or any SMTP service with OAuth 2.0

usage: plantpost COMMAND [FLAGS]

${commands}
flags of every command:
${flagLines(GLOBAL_FLAGS)}
${EXIT_CODES}`;
}

function helpOf(command: Command): string {
  const flags = command.flags.length === 0 ? "" : `\nflags:\n${flagLines(command.flags)}`;
  const examples = command.examples.map((example) => `  ${example}\n`).join("");
  return `plantpost ${command.name}: ${command.about}

usage: plantpost ${commandLine(command)} [FLAGS]
${flags}
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
  const width = Math.min(30, Math.max(...written.map((text) => text.length)));
  return flags.map((flag, at) => `  ${(written[at] ?? "").padEnd(width)}  ${flag.about}\n`).join(
    "",
  );
}
