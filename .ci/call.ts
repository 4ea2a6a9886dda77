// Runs the commands of the release scripts. The invariant: a command that fails ends the script with what it was.

/** Runs it with this script's output; ends the script when it fails. */
export async function call(
  command: readonly string[],
  env?: Readonly<Record<string, string>>,
): Promise<void> {
  const [program = "", ...args] = command;
  const { success, code } = await new Deno.Command(program, {
    args,
    stdin: "null",
    ...(env === undefined ? {} : { env, clearEnv: true }),
  }).spawn().status;
  if (success) return;
  say(`${command.join(" ")} ended with ${code}`);
  Deno.exit(1);
}

export function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}
