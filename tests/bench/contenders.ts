// Other people's ways to send the same mail: one message from a cold start, or many over one connection.
// Each is asked for STARTTLS with our certificate authority and for XOAUTH2 with the same access token.

import type { Command } from "./measure.ts";

export interface Task {
  readonly port: number;
  readonly caFile: string;
  readonly user: string;
  readonly accessToken: string;
  /** The body; the tools that take whole messages get `message`. */
  readonly bodyFile: string;
  readonly messageFile: string;
  readonly attachmentFile?: string;
  /** How many messages, one after the other over one connection. */
  readonly count: number;
}

/** Makes the command of a task; undefined where the tool cannot do it. */
export type Tool = (task: Task) => Command | undefined;

/** What is installed here, by name, and why the others are not measured. */
export interface Toolbox {
  readonly tools: ReadonlyMap<string, Tool>;
  readonly python: string | undefined;
  readonly missing: readonly string[];
}

/** Looks which tools there are, and installs nodemailer for Node into `folder`. */
export async function findTools(folder: string): Promise<Toolbox> {
  const tools = new Map<string, Tool>();
  const missing: string[] = [];
  const python = (await say("python3", ["-c", "import sys; print(sys.executable)"]))?.trim();

  const script = `${folder}/nodemailer.mjs`;
  await Deno.writeTextFile(script, NODEMAILER);
  const installed = await say("npm", [
    ...["install", "--prefix", folder, "--no-audit", "--no-fund", "--silent"],
    `nodemailer@${await nodemailerVersion()}`,
  ]);
  const node = await say("node", ["-p", "process.execPath"]);
  if (installed === undefined || node === undefined) {
    missing.push("nodemailer: node or npm does not run");
  } else {
    tools.set("nodemailer", asJson(node.trim(), [script]));
  }
  if (python === undefined) {
    missing.push("smtplib: python3 does not run");
  } else {
    tools.set("Python smtplib", asJson(python, ["-I", "-c", SMTPLIB]));
  }
  if (await say("curl", ["--version"]) === undefined) {
    missing.push("curl: not installed");
  } else {
    tools.set("curl", curl);
  }
  if (await say("msmtp", ["--version"]) === undefined) {
    missing.push("msmtp: not installed");
  } else {
    const configuration = `${folder}/msmtprc`;
    await Deno.writeTextFile(configuration, "defaults\n", { mode: 0o600 });
    tools.set("msmtp", msmtp(configuration));
  }
  return { tools, python, missing };
}

function asJson(executable: string, first: readonly string[]): Tool {
  return (task) => ({ executable, args: [...first, JSON.stringify(task)] });
}

function curl(task: Task): Command | undefined {
  if (task.count !== 1 || task.attachmentFile !== undefined) {
    return undefined;
  }
  return {
    executable: "curl",
    args: [
      ...["--silent", "--show-error", "--ssl-reqd", "--cacert", task.caFile],
      ...["--url", `smtp://localhost:${task.port}/localhost`, "--user", task.user],
      ...["--oauth2-bearer", task.accessToken, "--login-options", "AUTH=XOAUTH2"],
      ...["--mail-from", task.user, "--mail-rcpt", "b@example.com"],
      ...["--upload-file", task.messageFile],
    ],
  };
}

function msmtp(configuration: string): Tool {
  return (task) => {
    if (task.count !== 1 || task.attachmentFile !== undefined) {
      return undefined;
    }
    const args = [
      ...[`--file=${configuration}`, "--host=localhost", `--port=${task.port}`, "--tls=on"],
      ...["--tls-starttls=on", `--tls-trust-file=${task.caFile}`, "--auth=xoauth2"],
      ...[`--user=${task.user}`, `--passwordeval=echo ${task.accessToken}`],
      ...[`--from=${task.user}`, "b@example.com"],
    ];
    // The message comes on standard input, which /bin/sh connects without our writing to a pipe.
    return {
      executable: "/bin/sh",
      args: ["-c", 'exec msmtp "$@" <"$0"', task.messageFile, ...args],
    };
  };
}

const NODEMAILER = `
import { createTransport } from "nodemailer";
import { readFileSync } from "node:fs";
const task = JSON.parse(process.argv[2]);
const transport = createTransport({
  host: "localhost",
  port: task.port,
  requireTLS: true,
  tls: { ca: readFileSync(task.caFile) },
  auth: { type: "OAUTH2", user: task.user, accessToken: task.accessToken },
  ...(task.count > 1 ? { pool: true, maxConnections: 1, maxMessages: Infinity } : {}),
});
const text = readFileSync(task.bodyFile, "utf8");
const attachments = task.attachmentFile ? [{ path: task.attachmentFile }] : [];
const send = () =>
  transport.sendMail({ from: task.user, to: "b@example.com", subject: "Report", text, attachments });
await Promise.all(Array.from({ length: task.count }, send));
// A single message closes its connection with QUIT by itself; close() would cut that short.
if (task.count > 1) transport.close();
`;

const SMTPLIB = `
import email.message, json, smtplib, ssl, sys
task = json.loads(sys.argv[1])
def message():
    it = email.message.EmailMessage()
    it["From"], it["To"], it["Subject"] = task["user"], "b@example.com", "Report"
    with open(task["bodyFile"], encoding="utf-8") as body:
        it.set_content(body.read())
    if "attachmentFile" in task:
        with open(task["attachmentFile"], "rb") as content:
            it.add_attachment(content.read(), maintype="application", subtype="octet-stream", filename="a.bin")
    return it
with smtplib.SMTP("localhost", task["port"]) as server:
    server.starttls(context=ssl.create_default_context(cafile=task["caFile"]))
    server.ehlo()
    words = "user=%s\\1auth=Bearer %s\\1\\1" % (task["user"], task["accessToken"])
    server.auth("XOAUTH2", lambda challenge=None: words if not challenge else "")
    for _ in range(task["count"]):
        server.send_message(message())
`;

async function nodemailerVersion(): Promise<string> {
  const file = new URL("../../deno.json", import.meta.url);
  const { imports } = JSON.parse(await Deno.readTextFile(file));
  return String(imports["nodemailer"]).split("@").at(-1) ?? "latest";
}

async function say(program: string, args: readonly string[]): Promise<string | undefined> {
  try {
    const { success, stdout } = await new Deno.Command(program, { args: [...args] }).output();
    return success ? new TextDecoder().decode(stdout) : undefined;
  } catch {
    return undefined;
  }
}
