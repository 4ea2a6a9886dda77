// A mail with 100 MB attached, through Dovecot, by BDAT and by DATA: it arrives whole, and the program needs hardly
// more memory than for a line of text. Runs against the source and, with PLANTPOST_EXE, against the executable.

import assert from "node:assert/strict";
import { median, peakMegabytes } from "../bench/measure.ts";
import { dovecotMissing } from "../peers/dovecot.ts";
import { mailProfile, type MailServers, startMailServers } from "../peers/mail_servers.ts";
import { commandLine, Program } from "./program.ts";

const ACCOUNT = "reports@example.com";
const ATTACHED_BYTES = 100_000_000;
/** Of the contract, in 2^20 octets. */
const BUDGET_MEGABYTES = 16;
/** Dovecot puts a Received field on top. */
const MOST_ADDED_BYTES = 1000;

const missing = dovecotMissing;

Deno.test({
  name: `send streams 100 MB by BDAT and by DATA, within its memory${
    missing === undefined ? "" : ` (skipped: ${missing})`
  }`,
  ignore: missing !== undefined,
  fn: async () => {
    const arrived: number[] = [];
    await using servers = await startMailServers({
      method: "none",
      accessTokenSeconds: 3600,
      sink: {
        server: {
          // Counted, not kept.
          onData: (stream, _session, done) => {
            let octets = 0;
            stream.on("data", (part: Uint8Array) => octets += part.length);
            stream.on("end", () => {
              arrived.push(octets);
              done(null, "2.0.0 counted");
            });
          },
        },
      },
    });
    await using program = await Program.create();
    await Deno.mkdir(program.path("keys"));
    await program.write("plantpost.toml", profile(servers, "auto"));
    await signIn(program, servers);
    await program.write("trend.bin", "");
    await Deno.truncate(program.path("trend.bin"), ATTACHED_BYTES);

    const small = await peaks(program, { args: [], count: 3 });
    for (const chunking of ["auto", "never"] as const) {
      await program.write("plantpost.toml", profile(servers, chunking));
      arrived.length = 0;
      const [large = NaN] = await peaks(program, { args: ["--attach", "trend.bin"], count: 1 });
      const [octets = 0] = arrived;
      const wanted = messageBytes(ATTACHED_BYTES);
      assert.ok(
        octets > wanted && octets < wanted + 2 * MOST_ADDED_BYTES,
        `${octets} octets arrived`,
      );
      const log = await Deno.readTextFile(program.path("plantpost-data/plantpost.log"));
      assert.match(
        log,
        chunking === "auto" ? /BDAT 1048576"/ : /"DATA"/,
        "the way the octets went",
      );
      const more = large - median(small);
      assert.ok(
        more <= BUDGET_MEGABYTES,
        `chunking ${chunking}: ${more.toFixed(1)} MB more than a small mail`,
      );
    }
  },
});

/** Of an attachment in base64, 76 characters a line. */
function messageBytes(attached: number): number {
  const characters = Math.ceil(attached / 3) * 4;
  return characters + 2 * Math.ceil(characters / 76);
}

async function peaks(
  program: Program,
  { args, count }: { readonly args: readonly string[]; readonly count: number },
): Promise<readonly number[]> {
  const [executable, first] = commandLine();
  const send = ["send", "--to", "anna@example.com", "--text", "x", ...args];
  const found: number[] = [];
  for (let round = 0; round < count; round++) {
    const command = {
      executable,
      args: [...first, ...send],
      cwd: program.folder,
      env: { PLANTPOST_CONFIG: "" },
    };
    found.push(await peakMegabytes(command, "python3"));
  }
  return found;
}

async function signIn(program: Program, { oidc }: MailServers): Promise<void> {
  const login = program.start(["login", "--no-browser"]);
  const [url] = await login.untilStderr(/https?:\/\/\S+[?&]client_id=\S+/u);
  await oidc.signIn(url, { account: ACCOUNT });
  const { exitCode, stderr } = await login.outcome;
  assert.equal(exitCode, 0, stderr);
}

function profile(servers: MailServers, chunking: "auto" | "never"): string {
  const mail = mailProfile(servers, { user: ACCOUNT, smtp: `chunking = "${chunking}"` });
  return `${mail}[log]\nlevel = "debug"\n`;
}
