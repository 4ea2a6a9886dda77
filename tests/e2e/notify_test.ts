// `status --notify` on the whole way: through oidc-provider and Dovecot with months passing on the program's clock, and
// against the sandbox as a person tries it. Each threshold is mailed once, with a token that was refreshed for it.

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { simpleParser } from "mailparser";
import { DAY_MS } from "../../src/vault/expiry.ts";
import { type Desk, openDesk } from "../cli/desk.ts";
import { dovecotMissing } from "../peers/dovecot.ts";
import { mailProfile, type MailServers, startMailServers } from "../peers/mail_servers.ts";
import { openScene } from "../sandbox/scene.ts";

const ACCOUNT = "reports@example.com";
const CLIENT_SECRET = "s3cret+/=:%41& of the plant~";
const missing = dovecotMissing;
const note = missing === undefined ? "" : ` (skipped: ${missing})`;

Deno.test({
  name: `status --notify mails each threshold once, through Dovecot and a refresh${note}`,
  ignore: missing !== undefined,
  fn: async () => {
    await using servers = await startMailServers({
      method: "client_secret_post",
      clientSecret: CLIENT_SECRET,
      accessTokenSeconds: 3600,
    });
    // The sign-in is of today: introspection and certificates know the real time only.
    const todayMs = Date.now();
    const endMs = Math.floor(todayMs / DAY_MS) * DAY_MS + 100 * DAY_MS;
    const end = new Date(endMs).toISOString().slice(0, 10);
    await using desk = await openDesk({ profile: profileOf(servers, end) });
    desk.nowMs = todayMs;
    await signIn(desk, servers);

    const mailed: number[] = [];
    for (const days of [61, 60, 45, 30, 10, 7, 1]) {
      desk.nowMs = endMs - days * DAY_MS;
      const { exitCode, stdout, stderr } = await desk.run([
        ...["status", "--notify", "it@example.com,bo@example.com", "--json"],
      ]);
      assert.equal(exitCode, 0, `${stdout}${stderr}${await servers.dovecot.log()}`);
      if (JSON.parse(stdout).notified.outcome === "sent") mailed.push(days);
    }
    assert.deepEqual(mailed, [60, 30, 7]);
    const messages = await servers.sink.untilMessages(3);
    assert.equal(messages.length, 3);
    for (const { raw, recipients } of messages) {
      assert.deepEqual(recipients, ["it@example.com", "bo@example.com"]);
      const mail = await simpleParser(Buffer.from(raw));
      assert.equal(
        mail.subject,
        `plantpost on PANEL-7: the client secret of profile plant ends on ${end}`,
      );
      assert.match(mail.text ?? "", /Account: {2}reports@example\.com/);
    }
    // The access token was over each time, and nobody was there.
    assert.equal(servers.oidc.tokenRequests.get("refresh_token"), 3);
  },
});

Deno.test("status --notify against the sandbox: once for a date, once more for another, nothing while mail is refused", async () => {
  const clientSecret = "sandbox~secret.value";
  await using scene = await openScene({ clientSecret });
  const { program, sandbox } = scene;
  const config = program.path("plantpost.toml");
  const profile = await Deno.readTextFile(config);
  const todayMs = Date.now(); // once, for a night may begin meanwhile
  const write = async (days: number): Promise<void> => {
    const date = new Date(todayMs + days * DAY_MS).toISOString().slice(0, 10);
    const key = `client_secret_expires = ${date}`;
    await Deno.writeTextFile(
      config,
      profile.replace("[profiles.sandbox.oauth]", `[profiles.sandbox.oauth]\n${key}`),
    );
  };
  await write(20);
  const kept = await program.run(["secret", "set"], { stdin: clientSecret });
  assert.equal(kept.exitCode, 0, kept.stderr);
  const signedIn = await scene.login();
  assert.equal(signedIn.exitCode, 0, signedIn.stderr);
  const args = ["status", "--notify", "it@contoso.example", "--json"];

  sandbox.plant("smtp-auth-disabled-tenant");
  const refused = await program.run(args);
  assert.equal(refused.exitCode, 77, refused.stdout);
  const { error, notified } = JSON.parse(refused.stdout);
  assert.equal(notified.outcome, "failed");
  assert.match(error.remedy, /Set-CASMailbox/);
  sandbox.clear();

  for (
    const [days, outcome, count] of [[20, "sent", 1], [20, "none", 1], [5, "sent", 2]] as const
  ) {
    await write(days);
    const { exitCode, stdout, stderr } = await program.run(args);
    assert.equal(exitCode, 0, `${stdout}${stderr}`);
    assert.equal(JSON.parse(stdout).notified.outcome, outcome);
    assert.equal((await sandbox.messages()).length, count);
  }
});

function profileOf(servers: MailServers, end: string): string {
  // A desk writes the table of its vault itself.
  return mailProfile(servers, { user: ACCOUNT }).replace(/\[vault\][^]*$/, "").replace(
    "[profiles.plant.oauth]",
    `[profiles.plant.oauth]
client_secret = ${JSON.stringify(CLIENT_SECRET)}
client_secret_expires = ${end}`,
  );
}

async function signIn(desk: Desk, { oidc }: MailServers): Promise<void> {
  let page: Promise<unknown> = Promise.resolve();
  const { exitCode, stderr } = await desk.run(["login"], {
    openBrowser: (url) => {
      page = oidc.signIn(url, { account: ACCOUNT });
      return Promise.resolve();
    },
  });
  await page;
  assert.equal(exitCode, 0, stderr);
}
