// Measures what the program promises about speed and size, side by side with other people's tools, and
// prints figures, ratios and budgets. `--json` prints one JSON value, `--markdown` a table, `--rounds N` sets how often
// each command runs, `--only TEXT` picks rows. What is measured is the bundle that goes into the executable, on the
// Deno that runs the bench; PLANTPOST_EXE measures an executable instead, and PLANTPOST_COMPILER is then the
// command that compiles an empty script to compare it with.

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { LAZY_IMPORTS } from "../../.ci/script_command.ts";
import { makeCertificates } from "../peers/certificates.ts";
import { startFastSmtp } from "../peers/fast_smtp.ts";
import { openSlowLink } from "../peers/slow_link.ts";
import { findTools } from "./contenders.ts";
import { preparePlant, USER } from "./plant.ts";
import { asMarkdown, asText, type Budget, type Figure, judge, type Report } from "./report.ts";
import {
  COLD,
  LARGE,
  MANY,
  MEMORY,
  ROWS,
  type Setting,
  SIZE,
  SLOW,
  START,
  STREAM,
  TURNS,
} from "./rows.ts";

const BUDGETS: readonly Budget[] = [
  {
    row: START,
    who: "plantpost --version",
    against: "empty script",
    factor: 1.25,
    better: "lower",
  },
  { row: COLD, who: "plantpost", against: "nodemailer", factor: 0.7, better: "lower" },
  { row: SLOW, who: "plantpost", against: "msmtp", factor: 1, better: "lower" },
  { row: TURNS, who: "plantpost", against: 8, better: "lower" },
  { row: TURNS, who: "plantpost, CHUNKING", against: 7, better: "lower" },
  { row: TURNS, who: "plantpost, CHUNKING, long token", against: 8, better: "lower" },
  { row: MEMORY, who: "plantpost", against: 48, better: "lower" },
  { row: LARGE, who: "plantpost, on top", against: 16, better: "lower" },
  { row: MANY, who: "plantpost", against: "nodemailer", factor: 3, better: "higher" },
  { row: MANY, who: "plantpost, CHUNKING", against: "nodemailer", factor: 3, better: "higher" },
  // The engine takes some more room while there is work; 40,000 mails that were held would be 100 MB.
  { row: STREAM, who: "50,000 messages", against: "10,000 messages", factor: 1.5, better: "lower" },
  { row: SIZE, who: "plantpost, on top", against: 3, better: "lower" },
];

async function main(): Promise<void> {
  const option = (name: string): string | undefined =>
    Deno.args.includes(name) ? Deno.args[Deno.args.indexOf(name) + 1] : undefined;
  if (Deno.env.get("PLANTPOST_EXE") === undefined) await useBundle();
  const rounds = Number(option("--rounds") ?? 11);
  const only = option("--only") ?? "";
  const folder = await Deno.makeTempDir({ prefix: "plantpost-bench-" });
  try {
    const report = await measure({ rounds, only, folder });
    const text = Deno.args.includes("--json")
      ? `${JSON.stringify(report, null, 2)}\n`
      : Deno.args.includes("--markdown")
      ? asMarkdown(report)
      : asText(report);
    await Deno.stdout.write(new TextEncoder().encode(text));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function useBundle(): Promise<void> {
  const root = fileURLToPath(new URL("../../", import.meta.url));
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", ".ci/compile.ts", "bundle"],
    cwd: root,
  });
  const { success, stderr } = await command.output();
  if (!success) throw new Error(`cannot make the bundle: ${new TextDecoder().decode(stderr)}`);
  Deno.env.set("PLANTPOST_MAIN", join(root, "dist", "bundle", "main.js"));
  Deno.env.set(LAZY_IMPORTS, "1");
}

async function measure(
  { rounds, only, folder }: { rounds: number; only: string; folder: string },
): Promise<Report> {
  const toolbox = await findTools(folder);
  await using stack = new AsyncDisposableStack();
  const certificates = stack.use(await makeCertificates());
  const plain = stack.use(await startFastSmtp({ certificates, offersChunking: false }));
  const chunking = stack.use(await startFastSmtp({ certificates, offersChunking: true }));
  const link = (port: number): ReturnType<typeof openSlowLink> =>
    stack.use(openSlowLink({ port, oneWayMs: 25 }));
  const links = {
    ...Object.fromEntries([...toolbox.tools.keys()].map((name) => [name, link(plain.port)])),
    slow_plain: link(plain.port),
    slow_chunking: link(chunking.port),
    slow_long: link(chunking.port),
  };
  const ports = {
    plain: plain.port,
    chunking: chunking.port,
    slow_plain: links.slow_plain.port,
    slow_chunking: links.slow_chunking.port,
    slow_long: links.slow_long.port,
  };
  const plant = stack.use(await preparePlant(ports, certificates));
  const figures: Figure[] = [];
  const notMeasured = [...toolbox.missing];
  const setting: Setting = {
    rounds,
    folder,
    toolbox,
    plant,
    servers: { plain: plain.port, chunking: chunking.port },
    links,
    task: {
      caFile: certificates.caFile,
      user: USER,
      accessToken: plant.accessToken,
      ...await writeMessage(folder),
    },
  };
  for (const [name, row] of Object.entries(ROWS)) {
    if (name.includes(only)) {
      try {
        figures.push(...await row(setting));
      } catch (error) {
        notMeasured.push(`${name}: ${error instanceof Error ? error.message : error}`);
      }
    }
  }
  return { figures, verdicts: judge(figures, BUDGETS), notMeasured };
}

/** A body of 1 KB, and the whole message for the tools that do not compose. */
async function writeMessage(folder: string): Promise<{ bodyFile: string; messageFile: string }> {
  const [bodyFile, messageFile] = [`${folder}/body.txt`, `${folder}/message.eml`];
  const body = "Boiler 3: 1250 kPa, 87 C, all valves closed, next report in an hour.\r\n".repeat(
    14,
  );
  const head = `From: ${USER}\r\nTo: b@example.com\r\nSubject: Report\r\n` +
    `Date: Mon, 01 Jun 2026 08:00:00 +0000\r\nMessage-ID: <1@example.com>\r\n\r\n`;
  await Deno.writeTextFile(bodyFile, body);
  await Deno.writeTextFile(messageFile, head + body);
  return { bodyFile, messageFile };
}

void main();
