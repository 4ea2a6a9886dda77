// Makes the executables: one bundle, then one `deno compile` for each target.
//
//   deno task compile                     all six targets, into dist/
//   deno task compile host                this machine only
//   deno task compile x86_64-pc-windows-msvc …
//   deno task compile bundle              the bundle alone, which any Deno runs
//
// The bundle comes first so that only what the program uses goes in: `deno compile` on the project itself
// embeds every package of deno.json, those for the tests included. The runtime is fetched by `deno compile`;
// $PLANTPOST_COMPILER names another command to be called in its place.

import { BROWSER_PROGRAMS } from "../src/oauth/browser.ts";

const TARGETS = {
  "x86_64-pc-windows-msvc": "windows-x64.exe",
  "aarch64-pc-windows-msvc": "windows-arm64.exe",
  "x86_64-unknown-linux-gnu": "linux-x64",
  "aarch64-unknown-linux-gnu": "linux-arm64",
  "x86_64-apple-darwin": "macos-x64",
  "aarch64-apple-darwin": "macos-arm64",
} as const;

type Target = keyof typeof TARGETS;

/** The least that works: hosts, files and variables are the profile's to name, programs are not. */
function permissions(os: keyof typeof BROWSER_PROGRAMS): readonly string[] {
  return [
    "--no-prompt",
    "--allow-net",
    "--allow-read",
    "--allow-write",
    "--allow-env",
    "--allow-sys=hostname,uid,statfs",
    `--allow-run=${BROWSER_PROGRAMS[os]}`,
  ];
}

const BUNDLE = "dist/bundle";

// Not minified: the minifier writes the only use of an `await using` variable in its place, and the disposal,
// here QUIT and the closing of the connection, is gone. Names in stack traces stay readable, too.
async function bundle(): Promise<void> {
  await Deno.mkdir("dist", { recursive: true });
  await Deno.remove(BUNDLE, { recursive: true }).catch((cause) => {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
  });
  await call([
    Deno.execPath(),
    "bundle",
    "--quiet",
    "--platform=deno",
    "--code-splitting",
    `--outdir=${BUNDLE}`,
    "main.ts",
  ]);
}

async function compile(target: Target | "host"): Promise<void> {
  const compiler = Deno.env.get("PLANTPOST_COMPILER")?.split(" ") ?? [Deno.execPath(), "compile"];
  const output = target === "host"
    ? `dist/plantpost${Deno.build.os === "windows" ? ".exe" : ""}`
    : `dist/plantpost-${TARGETS[target]}`;
  await call([
    ...compiler,
    "--quiet",
    "--no-check",
    "--no-config",
    "--no-lock",
    ...permissions(osOf(target)),
    ...(target === "host" ? [] : ["--target", target]),
    "--output",
    output,
    `${BUNDLE}/main.js`,
  ]);
  const { size } = await Deno.stat(output);
  say(`${output} ${(size / 1e6).toFixed(1)} MB`);
}

function osOf(target: Target | "host"): keyof typeof BROWSER_PROGRAMS {
  const name = target === "host" ? Deno.build.os : target;
  if (name.includes("windows")) return "windows";
  return name.includes("darwin") ? "darwin" : "linux";
}

async function call(command: readonly string[]): Promise<void> {
  const [program = "", ...args] = command;
  const { success, code } = await new Deno.Command(program, { args, stdin: "null" }).spawn().status;
  if (success) return;
  say(`${command.join(" ")} ended with ${code}`);
  Deno.exit(1);
}

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

function isTarget(name: string): name is Target | "host" {
  return name === "host" || Object.hasOwn(TARGETS, name);
}

async function main(): Promise<void> {
  const wanted = Deno.args.length === 0 ? Object.keys(TARGETS) : Deno.args;
  for (const name of wanted) {
    if (isTarget(name) || name === "bundle") continue;
    say(`unknown target "${name}": wanted host, bundle, ${Object.keys(TARGETS).join(", ")}`);
    Deno.exit(64);
  }
  await bundle();
  for (const name of wanted.filter(isTarget)) await compile(name);
}

void main();
