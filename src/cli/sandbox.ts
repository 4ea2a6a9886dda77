// `sandbox`: a stand-in for Microsoft 365 on this PC until Ctrl-C, with a profile that is ready for it. The invariant:
// what it made on the disk is gone at the end, unless a folder was named.

import { EXIT, Failure } from "../base/failure.ts";
import { toHex } from "../base/octets.ts";
import { joinPath } from "../base/paths.ts";
import { parseFault } from "../sandbox/fault_plan.ts";
import { FAULTS } from "../sandbox/faults.ts";
import { writeSandboxProfile } from "../sandbox/profile_files.ts";
import { type Sandbox, startSandbox } from "../sandbox/sandbox.ts";
import type { Context } from "./context.ts";

export async function run(context: Context): Promise<number> {
  if (context.flags.has("list-faults")) return listFaults(context);
  const { flags, world } = context;
  const faults = flags.texts("fault").map(parseFault);
  const redirectPort = portOf(context, "redirect-port");
  const port = portOf(context, "port");
  const smtpPort = portOf(context, "smtp-port");
  const account = flags.text("user");
  await using sandbox = await startSandbox({
    faults,
    ...(redirectPort === undefined ? {} : { redirectUri: `http://localhost:${redirectPort}/` }),
    ...(port === undefined ? {} : { port }),
    ...(smtpPort === undefined ? {} : { smtpPort }),
    ...(account === undefined ? {} : { account }),
    clientSecret: newSecret(world.randomBytes(24)),
    platform: flags.has("web") ? "web" : "mobile",
  });
  await using folder = await openFolder(context);
  const file = await writeSandboxProfile(sandbox, { folder: folder.path, on: world });
  tell(context, { sandbox, file });
  await interrupted(context.signal);
  context.note("the sandbox ends");
  return EXIT.interrupted;
}

function listFaults(context: Context): number {
  const width = Math.max(...FAULTS.map(({ name }) => name.length));
  const lines = FAULTS.map(({ name, where, exitCode, answers }) =>
    `${name.padEnd(width)}  ${where.padEnd(7)}  ${String(exitCode).padStart(2)}  ${answers}\n`
  );
  const head = `${"fault".padEnd(width)}  ${"where".padEnd(7)}  exit code and answer\n`;
  context.result(
    FAULTS.map(({ name, where, answers, exitCode }) => ({ name, where, answers, exitCode })),
    head + lines.join(""),
  );
  return EXIT.ok;
}

function tell(
  context: Context,
  at: { readonly sandbox: Sandbox; readonly file: string },
): void {
  const { sandbox, file } = at;
  const { account, clientSecret, platform } = sandbox.directory;
  if (context.isJson) {
    context.result({
      config: file,
      inbox: `${sandbox.origin}/`,
      smtp: `localhost:${sandbox.smtpPort}`,
      account,
      clientSecret,
    }, "");
  }
  const command = (words: string): string => `  plantpost --config ${quoted(file)} ${words}`;
  context.note(`a stand-in for Microsoft 365 runs on this PC, for ${account}; in another window:`);
  if (platform === "web") {
    context.note(`${command("secret set")}    (the secret: ${clientSecret})`);
  }
  context.note(command("login"));
  context.note(
    `${
      command("login --device")
    }    (in its place; type the code at ${sandbox.origin}/devicelogin)`,
  );
  context.note(command("test"));
  if (platform === "mobile") {
    context.note("or as an app, which no person signs in for:");
    context.note(command("--profile app test"));
  }
  context.note(`what arrives shows at ${sandbox.origin}/`);
  for (const { name, messagesLeft } of sandbox.faults.planted) {
    const when = messagesLeft === 0
      ? "from now on"
      : `after ${messagesLeft} message${messagesLeft === 1 ? "" : "s"}`;
    context.note(`fault ${name}: ${when}`);
  }
  context.note("Ctrl-C ends it");
}

interface Folder extends AsyncDisposable {
  readonly path: string;
}

async function openFolder(context: Context): Promise<Folder> {
  const named = context.flags.text("dir");
  if (named !== undefined) {
    return {
      path: joinPath(Deno.cwd(), named, context.world),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }
  const path = await Deno.makeTempDir({ prefix: "plantpost-sandbox-" });
  return {
    path,
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}

function portOf(context: Context, flag: string): number | undefined {
  const text = context.flags.text(flag);
  if (text === undefined) return undefined;
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new Failure("usage.invalid", `--${flag} must be a port from 0 to 65535, found "${text}"`);
}

function interrupted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

function newSecret(octets: Uint8Array): string {
  return `sandbox~${toHex(octets)}`;
}

function quoted(path: string): string {
  return path.includes(" ") ? `"${path}"` : path;
}
