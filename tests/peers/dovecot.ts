// Dovecot 2.3's submission service in front of a sink: STARTTLS, XOAUTH2 and OAUTHBEARER, each access
// token looked up at the provider by introspection (RFC 7662) at every sign-in, PIPELINING and CHUNKING.
// All its files are in a temporary folder; it runs as root or as anyone else.

import type { TestCertificates } from "./certificates.ts";
import { freePort } from "./free_port.ts";
import { until } from "./wait.ts";

export interface DovecotOptions {
  readonly certificates: TestCertificates;
  readonly introspectionUrl: string;
  /** The client that introspects, by HTTP Basic. */
  readonly clientId: string;
  readonly clientSecret: string;
  /** Where accepted messages go. */
  readonly relayHost: string;
  readonly relayPort: number;
}

export interface Dovecot {
  readonly host: "localhost";
  readonly port: number;
  /** What it logged so far, for the message of a failed test. */
  log(): Promise<string>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** The reason why Dovecot cannot run here, or undefined; a test that is skipped says it in its name. */
export const dovecotMissing: string | undefined = missing();

/** Starts the service on a free loopback port and resolves when it greets. */
export async function startDovecot(options: DovecotOptions): Promise<Dovecot> {
  // Its own temporary folder: below /tmp the paths of its sockets stay under 108 octets.
  const folder = await Deno.makeTempDir({ prefix: "plantpost-dovecot-" });
  await Deno.chmod(folder, 0o755);
  await Deno.mkdir(`${folder}/mail`, { mode: 0o777 });
  await Deno.chmod(`${folder}/mail`, 0o777);
  const port = freePort();
  await Deno.writeTextFile(`${folder}/oauth2.conf`, lookup(options));
  await Deno.writeTextFile(`${folder}/dovecot.conf`, await configuration(folder, port, options));

  const child = new Deno.Command("/usr/sbin/dovecot", {
    args: ["-F", "-c", `${folder}/dovecot.conf`],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const stderr = new Response(child.stderr).text();
  let exited = false;
  const status = child.status.finally(() => exited = true);
  const log = async (): Promise<string> =>
    await Deno.readTextFile(`${folder}/dovecot.log`).catch(() => "");
  const stop = async (): Promise<void> => {
    if (!exited) {
      child.kill("SIGTERM");
    }
    await status;
    await stderr;
    // Its children write their last lines a moment after it is gone.
    await until(() => Deno.remove(folder, { recursive: true }).then(() => true, () => false), {
      what: "the end of Dovecot's children",
    });
  };
  try {
    await until(() => exited || greets(port), { what: "Dovecot's greeting" });
    if (exited) {
      throw new Error("Dovecot ended at once");
    }
  } catch (error) {
    const said = await log();
    await stop();
    throw new Error(`Dovecot did not start: ${await stderr}${said}`, { cause: error });
  }
  return { host: "localhost", port, log, [Symbol.asyncDispose]: stop };
}

function lookup(options: DovecotOptions): string {
  const url = new URL(options.introspectionUrl);
  url.username = options.clientId;
  url.password = options.clientSecret;
  return `introspection_mode = post
introspection_url = ${url.href}
force_introspection = yes
username_attribute = sub
active_attribute = active
active_value = true
scope = smtp
`;
}

async function configuration(
  folder: string,
  port: number,
  options: DovecotOptions,
): Promise<string> {
  const isRoot = Deno.uid() === 0;
  const [mailUser, loginUser] = isRoot ? ["dovecot", "dovenull"] : Array(2).fill(await userName());
  return `protocols = submission
listen = 127.0.0.1, ::1
base_dir = ${folder}/run
state_dir = ${folder}/state
instance_name = plantpost-${port}
log_path = ${folder}/dovecot.log
default_internal_user = ${mailUser}
default_internal_group = ${await groupOf(mailUser)}
default_login_user = ${loginUser}
first_valid_uid = 1
mail_location = maildir:${folder}/mail
hostname = localhost
submission_host = localhost
submission_max_mail_size = 200M
submission_relay_host = ${options.relayHost}
submission_relay_port = ${options.relayPort}
ssl = required
ssl_cert = <${options.certificates.certFile}
ssl_key = <${options.certificates.keyFile}
auth_mechanisms = xoauth2 oauthbearer
auth_cache_size = 0
auth_failure_delay = 0
auth_verbose = yes
passdb {
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = ${folder}/oauth2.conf
}
userdb {
  driver = static
  args = uid=${mailUser} gid=${await groupOf(mailUser)} home=${folder}/mail
}
service submission-login {
  chroot =
  service_count = 0
  inet_listener submission {
    port = ${port}
  }
}
# Mode 0 switches the growing delay after refused sign-ins off.
service anvil {
  chroot =
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service stats {
  chroot =
}
`;
}

async function greets(port: number): Promise<boolean> {
  try {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port });
    const octets = new Uint8Array(200);
    const count = await connection.read(octets);
    return new TextDecoder().decode(octets.subarray(0, count ?? 0)).startsWith("220 ");
  } catch {
    return false;
  }
}

async function userName(): Promise<string> {
  return await say("id", ["-un"]);
}

async function groupOf(user: string): Promise<string> {
  return await say("id", ["-gn", user]);
}

async function say(program: string, args: string[]): Promise<string> {
  const { stdout } = await new Deno.Command(program, { args }).output();
  return new TextDecoder().decode(stdout).trim();
}

function missing(): string | undefined {
  if (Deno.build.os !== "linux") {
    return "Dovecot needs Linux";
  }
  for (const file of ["/usr/sbin/dovecot", "/usr/lib/dovecot/submission-login"]) {
    try {
      Deno.statSync(file);
    } catch {
      return `${file} is not installed`;
    }
  }
  const { stdout } = new Deno.Command("/usr/sbin/dovecot", { args: ["--version"] }).outputSync();
  const version = new TextDecoder().decode(stdout).trim();
  return version.startsWith("2.3.") ? undefined : `Dovecot is ${version}, its settings are for 2.3`;
}
