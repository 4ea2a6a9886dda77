// `completions`: the script that lets a shell complete commands, actions, flags and file names, made from the
// tables of commands and flags. The invariant: the script asks nothing of the program when a key is pressed.

import { EXIT, Failure } from "../base/failure.ts";
import { type Command, COMMANDS, GLOBAL_FLAGS } from "./commands.ts";
import type { Context } from "./context.ts";
import type { FlagDefinition } from "./flags.ts";

const SCRIPTS: Readonly<Record<string, () => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
  powershell: powershellScript,
};

export function run(context: Context): Promise<number> {
  const [shell = ""] = context.flags.positionals;
  const script = completionScript(shell);
  context.result({ shell, script }, script);
  return Promise.resolve(EXIT.ok);
}

/** @throws {Failure} `usage.invalid` for a shell that is none of the four */
export function completionScript(shell: string): string {
  const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined;
  if (script !== undefined) return script();
  throw new Failure("usage.invalid", `completions: there is none for "${shell}"`, {
    remedy: `use one of: ${Object.keys(SCRIPTS).join(", ")}`,
  });
}

type ValueKind = "none" | "file" | "choice" | "text";

function valueKind(flag: FlagDefinition): ValueKind {
  if (flag.kind === "switch") return "none";
  if (/^FILE\b/.test(flag.value ?? "")) return "file";
  return choicesOf(flag).length > 1 ? "choice" : "text";
}

/** The words of a value such as `high|normal|low`. */
function choicesOf(flag: FlagDefinition): readonly string[] {
  return /^[a-z0-9-]+(?:\|[a-z0-9-]+)+$/.test(flag.value ?? "")
    ? (flag.value ?? "").split("|")
    : [];
}

function allFlags(command: Command): readonly FlagDefinition[] {
  return [...command.flags, ...GLOBAL_FLAGS];
}

function distinctFlags(): readonly FlagDefinition[] {
  const flags = new Map(COMMANDS.flatMap(allFlags).map((flag) => [flag.name, flag]));
  return [...flags.values()];
}

function names(kind: ValueKind): readonly string[] {
  return distinctFlags().filter((flag) => valueKind(flag) === kind).map((flag) => `--${flag.name}`);
}

function bashScript(): string {
  const commands = COMMANDS.map(({ name }) => name).join(" ");
  const withValue = [...names("file"), ...names("choice"), ...names("text")].join("|");
  const choices = distinctFlags().filter((flag) => valueKind(flag) === "choice").map((flag) =>
    `    --${flag.name}) COMPREPLY=($(compgen -W '${
      choicesOf(flag).join(" ")
    }' -- "$current")); return ;;\n`
  ).join("");
  const words = COMMANDS.map((command) =>
    `    ${command.name}) flags='${flagWords(allFlags(command))}' actions='${
      (command.actions ?? []).join(" ")
    }'${command.actionOperand === undefined ? "" : " operand=file"} ;;\n`
  ).join("");
  return `# plantpost for bash. For this account: add to ~/.bashrc
#   source <(plantpost completions bash)
_plantpost() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  local command="" action="" operand="" flags="" actions="" at
  # bash splits --flag=value at the equals sign
  if [[ $current == "=" ]]; then
    current=""
  elif [[ $previous == "=" ]]; then
    previous="\${COMP_WORDS[COMP_CWORD-2]}"
  fi
  for ((at = 1; at < COMP_CWORD; at++)); do
    case "\${COMP_WORDS[at]}" in
      ${withValue})
        [[ \${COMP_WORDS[at+1]} == "=" ]] && ((at++))
        ((at++)) ;;
      -*|=) ;;
      *)
        if [[ -z $command ]]; then command="\${COMP_WORDS[at]}"
        elif [[ -z $action ]]; then action="\${COMP_WORDS[at]}"
        fi ;;
    esac
  done
  case "$previous" in
    ${names("file").join("|")})
      local IFS=$'\\n'
      compopt -o filenames 2>/dev/null
      COMPREPLY=($(compgen -f -- "$current"))
      return ;;
${choices}    ${names("text").join("|")}) COMPREPLY=(); return ;;
  esac
  case "$command" in
    "") flags='${flagWords(GLOBAL_FLAGS)}' actions='${commands}' ;;
${words}  esac
  if [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$current"))
  elif [[ -z $action ]]; then
    COMPREPLY=($(compgen -W "$actions" -- "$current"))
  elif [[ $operand == file ]]; then
    local IFS=$'\\n'
    compopt -o filenames 2>/dev/null
    COMPREPLY=($(compgen -f -- "$current"))
  fi
}
complete -F _plantpost plantpost plantpost.exe
`;
}

function zshScript(): string {
  const commands = COMMANDS.map(({ name, about }) => `    ${quoted(`${name}:${about}`)}\n`).join(
    "",
  );
  const cases = COMMANDS.map((command) => {
    const actions = command.actions === undefined
      ? ""
      : ` \\\n        ${quoted(`1:action:(${command.actions.join(" ")})`)}`;
    const operand = command.actionOperand === undefined
      ? ""
      : ` \\\n        ${quoted(`2:${command.actionOperand}:_files`)}`;
    return `      ${command.name})\n        _arguments${
      zshFlags(allFlags(command))
    }${actions}${operand} ;;\n`;
  }).join("");
  return `#compdef plantpost
# plantpost for zsh. For this account: add to ~/.zshrc, behind compinit
#   source <(plantpost completions zsh)
_plantpost() {
  local curcontext="$curcontext" state line
  typeset -A opt_args
  local -a commands
  commands=(
${commands}  )
  _arguments -C${zshFlags(GLOBAL_FLAGS)} \\
        '1:command:->command' \\
        '*::argument:->argument'
  case $state in
    command) _describe command commands ;;
    argument)
      case $words[1] in
${cases.replaceAll(/^/gm, "  ").replace(/ +$/, "")}      esac ;;
  esac
}
if [[ $funcstack[1] == _plantpost ]]; then
  _plantpost "$@"
else
  compdef _plantpost plantpost
fi
`;
}

function zshFlags(flags: readonly FlagDefinition[]): string {
  return flags.map((flag) => {
    const many = flag.kind === "texts" ? "*" : "";
    const about = flag.about.replaceAll(/[\\[\]:]/g, "\\$&");
    const label = (flag.value ?? "").replace(/\[.*/, "").replaceAll(":", "\\:");
    const action = { none: "", file: `:${label}:_files`, text: `:${label}: `, choice: "" };
    const choice = `:${flag.name}:(${choicesOf(flag).join(" ")})`;
    const kind = valueKind(flag);
    const equals = kind === "none" ? "" : "=";
    const value = kind === "choice" ? choice : action[kind];
    return ` \\\n        ${quoted(`${many}--${flag.name}${equals}[${about}]${value}`)}`;
  }).join("");
}

function fishScript(): string {
  const every = COMMANDS.map(({ name }) => name).join(" ");
  const noCommand = `not __fish_seen_subcommand_from ${every}`;
  const lines = COMMANDS.flatMap((command) => {
    const seen = `__fish_seen_subcommand_from ${command.name}`;
    const actions = command.actions ?? [];
    return [
      `complete -c plantpost -n ${quoted(noCommand)} -a ${command.name} -d ${
        fishQuoted(command.about)
      }`,
      ...actions.map((action) =>
        `complete -c plantpost -n ${
          quoted(`${seen}; and not __fish_seen_subcommand_from ${actions.join(" ")}`)
        } -a ${action}`
      ),
      ...(command.actionOperand === undefined ? [] : [
        `complete -c plantpost -n ${
          quoted(`${seen}; and __fish_seen_subcommand_from ${actions.join(" ")}`)
        } -F`,
      ]),
      ...command.flags.map((flag) => fishFlag(flag, ` -n ${quoted(seen)}`)),
    ];
  });
  return `# plantpost for fish. For this account:
#   plantpost completions fish > ~/.config/fish/completions/plantpost.fish
complete -c plantpost -f
${GLOBAL_FLAGS.map((flag) => fishFlag(flag, "")).join("\n")}
${lines.join("\n")}
`;
}

function fishFlag(flag: FlagDefinition, condition: string): string {
  const value = {
    none: "",
    file: " -r -F",
    choice: ` -x -a ${quoted(choicesOf(flag).join(" "))}`,
    text: " -x",
  };
  return `complete -c plantpost${condition} -l ${flag.name}${value[valueKind(flag)]} -d ${
    fishQuoted(flag.about)
  }`;
}

function powershellScript(): string {
  const list = (words: readonly string[]): string => `@(${words.map(psQuoted).join(", ")})`;
  const table = (
    rows: readonly Command[],
    words: (row: Command) => readonly string[],
  ): string => rows.map((row) => `    ${psQuoted(row.name)} = ${list(words(row))}\n`).join("");
  const choices = distinctFlags().filter((flag) => valueKind(flag) === "choice").map((flag) =>
    `    ${psQuoted(`--${flag.name}`)} = ${list(choicesOf(flag))}\n`
  ).join("");
  return `# plantpost for PowerShell. For this account: add to the file that $PROFILE names
#   plantpost completions powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName plantpost, plantpost.exe -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $flags = @{
    '' = ${list(GLOBAL_FLAGS.map(({ name }) => `--${name}`))}
${table(COMMANDS, (command) => allFlags(command).map(({ name }) => `--${name}`))}  }
  $actions = @{
    '' = ${list(COMMANDS.map(({ name }) => name))}
${table(COMMANDS.filter(({ actions }) => actions !== undefined), ({ actions }) => actions ?? [])}  }
  $choices = @{
${choices}  }
  $files = ${list(names("file"))}
  $texts = ${list(names("text"))}
  $words = @($commandAst.CommandElements | Select-Object -Skip 1 |
      Where-Object { $_.Extent.EndOffset -lt $cursorPosition } | ForEach-Object { $_.ToString() })
  $command = ''
  $action = ''
  $previous = ''
  foreach ($word in $words) {
    $isValue = $files -contains $previous -or $texts -contains $previous -or $choices.ContainsKey($previous)
    if ($isValue) { $previous = ''; continue }
    $previous = $word
    if ($word.StartsWith('-')) { continue }
    if ($command -eq '') { $command = $word } elseif ($action -eq '') { $action = $word }
  }
  # Nothing offered means file names.
  if ($files -contains $previous) { return }
  $offered = if ($choices.ContainsKey($previous)) { $choices[$previous] }
  elseif ($texts -contains $previous) { @() }
  elseif ($wordToComplete.StartsWith('-')) { $flags[$command] }
  elseif ($action -eq '') { $actions[$command] }
  $offered | Where-Object { $_ -and $_.StartsWith($wordToComplete) } | ForEach-Object {
    [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
  }
}
`;
}

function flagWords(flags: readonly FlagDefinition[]): string {
  return flags.map((flag) => `--${flag.name}`).join(" ");
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function fishQuoted(text: string): string {
  return `'${text.replaceAll(/['\\]/g, "\\$&")}'`;
}

function psQuoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
