// `deno task demo`: the program's main job on the sandbox, in front of the reader's eyes and without an account: a
// profile, the sign-in, a report with an attachment, and the day on which the client secret has expired. The
// invariant: what is shown is the real program's output, and nothing is left behind.
//
// `--keep` leaves the sandbox running at the end, to look around in the inbox until Ctrl-C.

import { reason } from "../base/durable_file.ts";
import { writeSandboxProfile } from "./profile_files.ts";
import { type Sandbox, startSandbox } from "./sandbox.ts";

const MAIN = decodeURIComponent(new URL("../../main.ts", import.meta.url).pathname)
  .replace(/^\/([A-Za-z]:)/, "$1");
const REPORT = "report.csv;name=Tagesübersicht Öl–Kessel №3.csv";

interface Stage {
  readonly folder: string;
  readonly sandbox: Sandbox;
  readonly clientSecret: string;
}

async function main(): Promise<void> {
  const startedMs = performance.now();
  const folder = await Deno.makeTempDir({ prefix: "plantpost-demo-" });
  try {
    const clientSecret = `demo~${crypto.randomUUID()}`;
    await using sandbox = await startSandbox({ clientSecret, redirectUri: freeRedirectUri() });
    await play({ folder, sandbox, clientSecret });
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
    say(
      `\nThat took ${seconds} s. Now with a real mailbox: README.md, "First mail through Microsoft 365".`,
    );
    if (Deno.args.includes("--keep")) await keepOpen(sandbox);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function play(stage: Stage): Promise<void> {
  const { sandbox } = stage;
  say(
    "A stand-in for Microsoft 365 runs on this PC: sign-in page, token endpoint, mail server and inbox.",
  );
  await writeSandboxProfile(sandbox, {
    folder: stage.folder,
    on: { platform: Deno.build.os === "windows" ? "windows" : "linux" },
  });
  say("Its profile file is written. Three commands, and the mail is out:");
  await perform(stage, { args: ["secret", "set"], input: stage.clientSecret, expected: 0 });
  await perform(stage, { args: ["login", "--no-browser"], signsIn: true, expected: 0 });
  await Deno.writeTextFile(
    `${stage.folder}/report.csv`,
    "time;pressure kPa;oil °C\r\n06:00;1250;87\r\n",
  );
  await perform(stage, {
    args: [
      ...["send", "--to", "anna@contoso.example", "--subject", "Tagesbericht Kessel №3"],
      ...["--text", "All valves closed. The figures are attached.", "--attach", REPORT],
    ],
    expected: 0,
  });
  await showInbox(sandbox);
  say("\nTwo years later the client secret expires. The next mail says so, and who must do what:");
  sandbox.plant("secret-expired");
  await perform(stage, {
    args: [
      "send",
      "--to",
      "anna@contoso.example",
      "--subject",
      "Tagesbericht",
      "--text",
      "All is well.",
    ],
    expected: 77,
  });
}

interface Act {
  readonly args: readonly string[];
  readonly input?: string;
  readonly signsIn?: boolean;
  readonly expected: number;
}

// Runs the real program and shows what it prints; an exit code that is not the expected one ends the demo.
async function perform(stage: Stage, act: Act): Promise<void> {
  say(`\n$ plantpost ${act.args.map((arg) => /[ ;]/.test(arg) ? `"${arg}"` : arg).join(" ")}`);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", MAIN, ...act.args],
    cwd: stage.folder,
    env: { PLANTPOST_CONFIG: "" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(act.input ?? ""));
  await writer.close();
  const [stdout, , { code }] = await Promise.all([
    new Response(child.stdout).text(),
    pass(child.stderr, act.signsIn === true ? stage.sandbox : undefined),
    child.status,
  ]);
  say(stdout.trimEnd());
  if (code !== 0) say(`(exit code ${code})`);
  if (code !== act.expected) {
    throw new Error(`plantpost ${act.args[0]} ended with ${code}, not ${act.expected}`);
  }
}

async function pass(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  signsInAt: Sandbox | undefined,
): Promise<void> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const isAddress = /^https?:\/\/\S+$/.test(line);
      say(isAddress ? `${line.slice(0, 60)}…` : line);
      if (!isAddress || signsInAt === undefined) continue;
      const page = await signsInAt.signIn(line);
      await page.body?.cancel();
      say("(the demo accepts on that page in your place)");
    }
  }
}

async function showInbox(sandbox: Sandbox): Promise<void> {
  say("\nIn Anna's inbox:");
  for (const { content, recipients } of await sandbox.messages()) {
    say(`  From:     ${content.from?.name ?? ""} <${content.from?.address ?? ""}>`);
    say(`  To:       ${recipients.join(", ")}`);
    say(`  Subject:  ${content.subject ?? ""}`);
    say(`  Text:     ${content.text?.trim() ?? ""}`);
    for (const { filename, content: file } of content.attachments) {
      const size = typeof file === "string" ? file.length : file.byteLength;
      say(`  Attached: ${filename ?? ""} (${size} bytes)`);
    }
  }
}

async function keepOpen(sandbox: Sandbox): Promise<void> {
  say(`The inbox is at ${sandbox.origin}/ until Ctrl-C.`);
  const { promise, resolve } = Promise.withResolvers<void>();
  Deno.addSignalListener("SIGINT", resolve);
  await promise;
}

function freeRedirectUri(): string {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return `http://localhost:${listener.addr.port}/`;
}

function say(text: string): void {
  if (text !== "") Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}

main().catch((cause) => {
  say(`the demo failed: ${reason(cause)}`);
  Deno.exit(1);
});
