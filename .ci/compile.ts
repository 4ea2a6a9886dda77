// Makes the executables: one bundle, then one `deno compile` for each target.
//
//   deno task compile                     all six targets, into dist/
//   deno task compile host                this machine only
//   deno task compile x86_64-pc-windows-msvc …
//   deno task compile bundle              the bundle alone, which any Deno runs
//   deno task compile script              the same with commands that run it, for a Deno that is installed
//   deno task --quiet compile permissions windows
//                                         the flags that the executables of a platform carry, one a line
//
// The bundle comes first so that only what the program uses goes in: `deno compile` on the project itself
// embeds every package of deno.json, those for the tests included. The runtime is fetched by `deno compile`;
// $PLANTPOST_COMPILER names another command to be called in its place.

import { VERSION } from "../src/base/version.ts";
import { BUNDLE, bundle, readBundle } from "./bundle.ts";
import { call, say } from "./call.ts";
import { isPlatform, permissions, type Platform, PLATFORMS, V8_FLAGS } from "./permissions.ts";
import { scriptCommand } from "./script_command.ts";

const TARGETS = {
  "x86_64-pc-windows-msvc": "windows-x64.exe",
  "aarch64-pc-windows-msvc": "windows-arm64.exe",
  "x86_64-unknown-linux-gnu": "linux-x64",
  "aarch64-unknown-linux-gnu": "linux-arm64",
  "x86_64-apple-darwin": "macos-x64",
  "aarch64-apple-darwin": "macos-arm64",
} as const;

type Target = keyof typeof TARGETS;

async function compile(target: Target | "host"): Promise<void> {
  const compiler = Deno.env.get("PLANTPOST_COMPILER")?.split(" ") ?? [Deno.execPath(), "compile"];
  const platform = platformOf(target === "host" ? Deno.build.os : target);
  const output = target === "host"
    ? `dist/plantpost${platform === "windows" ? ".exe" : ""}`
    : `dist/plantpost-${TARGETS[target]}`;
  await call([
    ...compiler,
    "--quiet",
    "--no-check",
    "--no-config",
    "--no-lock",
    // The cache of compiled code would lie under a fixed name in the folder for temporary files, where another
    // account may have put one of its own making. It saves 2 ms.
    "--no-code-cache",
    V8_FLAGS,
    ...permissions(platform),
    ...(target === "host" ? [] : ["--target", target]),
    "--output",
    output,
    `${BUNDLE}/main.js`,
  ], cleanEnvironment());
  if (platform === "windows") await nameExecutable(output);
  const { size } = await Deno.stat(output);
  say(`${output} ${(size / 1e6).toFixed(1)} MB`);
}

async function nameExecutable(path: string): Promise<void> {
  const { withIdentity } = await import("./windows_resources.ts");
  const license = await Deno.readTextFile("LICENSE");
  await Deno.writeFile(
    path,
    withIdentity(await Deno.readFile(path), {
      version: VERSION,
      icon: await Deno.readFile("docs/pictures/plantpost.ico"),
      copyright: /^Copyright .*$/m.exec(license)?.[0] ?? "",
    }),
  );
}

/** The bundle beside a command for each platform, which runs it under the permissions of the executable. */
async function writeScript(): Promise<void> {
  const folder = "dist/plantpost-script";
  await Deno.mkdir(folder, { recursive: true });
  for (const [name, text] of await readBundle()) {
    await Deno.writeTextFile(`${folder}/${name}`, text);
  }
  for (const platform of PLATFORMS) {
    const { name, text } = scriptCommand(platform);
    await Deno.writeTextFile(`${folder}/${name}`, text, { mode: 0o755 });
  }
  say(folder);
}

/** Without what `deno compile` would keep in the executable: authorities to trust, engine flags, telemetry. */
function cleanEnvironment(): Readonly<Record<string, string>> {
  const kept = ["DENO_DIR", "DENORT_BIN", "DENO_NO_UPDATE_CHECK"];
  return Object.fromEntries(
    Object.entries(Deno.env.toObject()).filter(([name]) =>
      kept.includes(name) || !/^(?:DENO_|OTEL_)/.test(name)
    ),
  );
}

function platformOf(name: string): Platform {
  if (name.includes("windows")) return "windows";
  return name.includes("darwin") ? "darwin" : "linux";
}

function isTarget(name: string): name is Target | "host" {
  return name === "host" || Object.hasOwn(TARGETS, name);
}

async function main(): Promise<void> {
  const [first, second = platformOf(Deno.build.os)] = Deno.args;
  if (first === "permissions" && isPlatform(second)) {
    for (const flag of permissions(second)) say(flag);
    return;
  }
  const wanted = first === undefined ? Object.keys(TARGETS) : Deno.args;
  for (const name of wanted) {
    if (isTarget(name) || name === "bundle" || name === "script") continue;
    say(
      `unknown target "${name}": wanted host, bundle, script, ${Object.keys(TARGETS).join(", ")}`,
    );
    Deno.exit(64);
  }
  await bundle();
  for (const name of wanted.filter(isTarget)) await compile(name);
  if (wanted.includes("script")) await writeScript();
}

void main();
