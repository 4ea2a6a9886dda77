// `status --notify` on a clock of the test's: who is mailed what, how often, and what happens when mail does not work.

import assert from "node:assert/strict";
import { simpleParser } from "mailparser";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { armor, Decrypter } from "age-encryption";
import { DAY_MS } from "../../src/vault/expiry.ts";
import { type Script, type ScriptedSmtp, startScriptedSmtp } from "../peers/scripted_smtp.ts";
import { type Desk, openDesk, type Printed } from "./desk.ts";
import { PASSPHRASE, WITH_PASSPHRASE } from "./sealed.ts";
import { grantOf, store, stored } from "./stored.ts";

const END = "2027-05-01";
const END_MS = Date.parse(`${END}T00:00:00Z`);
const NOTIFY = ["status", "--notify", "it@contoso.com,anna@contoso.com", "--json"];

interface Bench extends AsyncDisposable {
  readonly desk: Desk;
  readonly server: ScriptedSmtp;
  /** Runs `status --notify` so many days before the end. */
  run(daysBefore: number, args?: readonly string[]): Promise<Printed & { readonly json: Json }>;
}

// deno-lint-ignore no-explicit-any
type Json = any;

async function open(script: Script = {}): Promise<Bench> {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(startScriptedSmtp({ offers: ["AUTH XOAUTH2"], ...script }));
  const desk = stack.use(
    await openDesk({
      profile: `[groups]
operators = ["bo@contoso.com"]
[profiles.plant]
label = "Reports of the plant"
provider = "custom"
user = "reports@contoso.com"
[profiles.plant.oauth]
client_id = "plant"
authorization_endpoint = "http://127.0.0.1:9/authorize"
token_endpoint = "http://127.0.0.1:9/token"
client_secret = "very~secret"
client_secret_expires = ${END}
[profiles.plant.smtp]
host = "127.0.0.1"
port = ${server.port}
tls = "none"
initial_response = "always"`,
    }),
  );
  // A token that lives for years: the test's subject is another.
  await store(desk, (profile) => ({
    grant: grantOf(profile, { accessTokenExpiresAtMs: END_MS + 1000 * DAY_MS }),
  }));
  const owned = stack.move();
  return {
    desk,
    server,
    async run(daysBefore, args = NOTIFY): ReturnType<Bench["run"]> {
      desk.nowMs = END_MS - daysBefore * DAY_MS;
      const printed = await desk.run(args);
      return {
        ...printed,
        json: args.includes("--json") ? JSON.parse(printed.stdout) : undefined,
      };
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function auth(reply: string): Script {
  return { reply: (command) => command.startsWith("AUTH ") ? reply : undefined };
}

const SIGNED_IN = auth("235 2.7.0 Authentication successful");

Deno.test("pain 10: status --notify mails each threshold once, and nothing before, between and after", async () => {
  await using bench = await open(SIGNED_IN);
  const days = [61, 60, 59, 31, 30, 29, 8, 7, 6, 1, 0, -1];
  const mailed: number[] = [];
  for (const day of days) {
    const before = bench.server.messages.length;
    const { exitCode, json } = await bench.run(day);
    assert.equal(exitCode, 0, `${day} days before: ${JSON.stringify(json)}`);
    const count = bench.server.messages.length - before;
    assert.equal(json.notified.outcome, count === 0 ? "none" : "sent");
    if (count > 0) mailed.push(day);
    assert.ok(count <= 1);
  }
  assert.deepEqual(mailed, [60, 30, 7]);
});

Deno.test("the mail says what ends on which PC, when, who must act and what to do", async () => {
  await using bench = await open(SIGNED_IN);
  const { json } = await bench.run(29.5);
  assert.deepEqual(json.notified, {
    outcome: "sent",
    to: ["it@contoso.com", "anna@contoso.com"],
    about: [{
      code: "client_secret_expires",
      expiresAt: "2027-05-01T00:00:00.000Z",
      threshold: 30,
    }],
    messageId: json.notified.messageId,
  });
  assert.equal(json.warnings[0].code, "client_secret_expires");
  const [raw = ""] = bench.server.messages;
  const mail = await simpleParser(Buffer.from(raw));
  assert.equal(mail.messageId, json.notified.messageId);
  assert.equal(
    mail.subject,
    "plantpost on PANEL-7: the client secret of profile plant ends on 2027-05-01",
  );
  assert.equal(mail.from?.text, "reports@contoso.com");
  assert.equal(mail.headers.get("auto-submitted"), "auto-generated");
  const text = mail.text ?? "";
  for (
    const part of [
      /^plantpost on PANEL-7 still sends mail\./,
      /The client secret of profile "plant" ends on 2027-05-01, in 30 days\./,
      /Who must act: an administrator of the app registration\./,
      /What to do:\n {2}1\. have whoever runs the provider make a new client secret/,
      /PC: {7}PANEL-7\nProfile: {2}plant \(Reports of the plant\)\nFile: {5}.*plantpost\.toml\n/,
      /Account: {2}reports@contoso\.com\nApp: {6}plant\n/,
    ]
  ) assert.match(text, part);
  assert.deepEqual(
    bench.server.commands.filter((command) => command.startsWith("RCPT")),
    ["RCPT TO:<it@contoso.com>", "RCPT TO:<anna@contoso.com>"],
  );
});

Deno.test("as text, status --notify says that it mailed, and to whom", async () => {
  await using bench = await open(SIGNED_IN);
  const args = ["status", "--notify", "operators"];
  const first = await bench.run(10, args);
  assert.equal(first.exitCode, 0, first.stderr);
  assert.match(first.stdout, /^mailed: {14}<[0-9a-f]+@contoso\.com> to bo@contoso\.com$/m);
  const second = await bench.run(10, args);
  assert.match(second.stdout, /^mailed: {14}nothing, nobody need be told today$/m);
});

Deno.test("a mail that cannot be sent leaves its exit code and no mark: tomorrow's run tries again", async () => {
  const replies = [
    "550 5.7.60 SMTP; Client does not have permissions to send as this sender",
    "451 4.7.500 Server busy",
  ];
  await using bench = await open({
    reply: (command) =>
      command.startsWith("MAIL ") && replies.length > 0 ? replies[0] : SIGNED_IN.reply?.(command),
  });
  const refused = await bench.run(30);
  assert.equal(refused.exitCode, 69, refused.stdout);
  assert.equal(refused.json.notified.outcome, "failed");
  assert.equal(refused.json.grant, "usable");
  assert.equal(refused.json.error.who, "administrator");
  assert.equal((await stored(bench.desk)).notices, undefined);
  replies.shift();
  const temporary = await bench.run(29, ["status", "--notify", "it@contoso.com"]);
  assert.equal(temporary.exitCode, 75);
  assert.match(temporary.stderr, /^error: .*451 4\.7\.500/m);
  assert.match(temporary.stdout, /^mailed: {14}nothing, it failed$/m);
  assert.equal((await stored(bench.desk)).notices, undefined);
  replies.shift();
  assert.equal((await bench.run(28)).json.notified.outcome, "sent");
  assert.deepEqual((await stored(bench.desk)).notices, [
    { code: "client_secret_expires", endsAtMs: END_MS, threshold: 30 },
  ]);
  assert.equal(bench.server.messages.length, 1);
});

Deno.test("a server that takes no recipient leaves no mark; one that takes some is told of those it refused", async () => {
  let refuses = /RCPT/;
  await using bench = await open({
    reply: (command) =>
      command.startsWith("AUTH ")
        ? "235 2.7.0 ok"
        : refuses.test(command)
        ? "550 5.1.1 unknown"
        : undefined,
  });
  const none = await bench.run(30);
  assert.equal(none.exitCode, 67);
  assert.equal(none.json.error.code, "smtp.recipient_refused");
  assert.equal((await stored(bench.desk)).notices, undefined);
  refuses = /RCPT TO:<it@/;
  const some = await bench.run(30);
  assert.equal(some.exitCode, 67);
  assert.equal(some.json.notified.outcome, "partial");
  assert.deepEqual(some.json.notified.rejected, [
    { address: "it@contoso.com", reply: "550 5.1.1 unknown" },
  ]);
  assert.equal((await stored(bench.desk)).notices?.length, 1);
});

Deno.test("an acknowledgement that was lost leaves no mark: a second mail is better than none", async () => {
  await using bench = await open({ ...SIGNED_IN, afterMessage: [null, undefined] });
  const lost = await bench.run(7);
  assert.equal(lost.exitCode, 74);
  assert.equal(lost.json.notified.outcome, "unknown");
  assert.equal((await stored(bench.desk)).notices, undefined);
  assert.equal((await bench.run(7)).json.notified.outcome, "sent");
});

Deno.test("two status --notify at once send at least one mail and at most two, and mark it once", async () => {
  await using bench = await open(SIGNED_IN);
  bench.desk.nowMs = END_MS - 30 * DAY_MS;
  const both = await Promise.all([bench.desk.run(NOTIFY), bench.desk.run(NOTIFY)]);
  for (const { exitCode, stdout } of both) assert.equal(exitCode, 0, stdout);
  const count = bench.server.messages.length;
  assert.ok(count === 1 || count === 2, `${count} mails`);
  assert.equal((await stored(bench.desk)).notices?.length, 1);
  await bench.run(30);
  assert.equal(bench.server.messages.length, count);
});

Deno.test("the vault is free for others while the mail is under way", async () => {
  const { promise: mayGoOn, resolve: goOn } = Promise.withResolvers<void>();
  const { promise: isConnected, resolve: connected } = Promise.withResolvers<void>();
  await using bench = await open(SIGNED_IN);
  bench.desk.nowMs = END_MS - 30 * DAY_MS;
  // A server that takes its time: between the connection and the mark another process stores a new secret.
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const slow = (async (): Promise<void> => {
    const connection = await listener.accept();
    connected();
    await mayGoOn;
    const onward = await Deno.connect({ hostname: "127.0.0.1", port: bench.server.port });
    await Promise.allSettled([
      connection.readable.pipeTo(onward.writable),
      onward.readable.pipeTo(connection.writable),
    ]);
  })();
  const text = await Deno.readTextFile(bench.desk.file);
  await Deno.writeTextFile(
    bench.desk.file,
    text.replace(`port = ${bench.server.port}`, `port = ${listener.addr.port}`),
  );
  const running = bench.desk.run(NOTIFY);
  await isConnected;
  await store(bench.desk, () => ({ notices: undefined }));
  goOn();
  const { exitCode, stdout } = await running;
  assert.equal(exitCode, 0, stdout);
  assert.equal((await stored(bench.desk)).notices?.length, 1);
  listener.close();
  await slow;
});

Deno.test("another end date starts anew", async () => {
  await using bench = await open(SIGNED_IN);
  await bench.run(7);
  const text = await Deno.readTextFile(bench.desk.file);
  await Deno.writeTextFile(bench.desk.file, text.replace(END, "2027-06-01"));
  const { json } = await bench.run(7);
  assert.equal(json.notified.about[0].expiresAt, "2027-06-01T00:00:00.000Z");
  assert.equal(json.notified.about[0].threshold, 60);
  assert.equal(bench.server.messages.length, 2);
});

Deno.test("status --notify connects to nobody while there is nothing to tell, and keeps the exit code of status", async () => {
  await using bench = await open(SIGNED_IN);
  const { exitCode, json } = await bench.run(100);
  assert.equal(exitCode, 0);
  assert.deepEqual(json.notified, {
    outcome: "none",
    to: ["it@contoso.com", "anna@contoso.com"],
  });
  await store(bench.desk, () => ({ grant: undefined }));
  assert.equal((await bench.run(100)).exitCode, 77);
  assert.deepEqual(bench.server.commands, []);
});

Deno.test("status --notify refuses a list that is none before it looks at anything", async () => {
  await using bench = await open(SIGNED_IN);
  for (const list of ["", ",", "nobody", "a@b@c"]) {
    const { exitCode, json } = await bench.run(30, ["status", "--notify", list, "--json"]);
    assert.equal(exitCode, 64, list);
    assert.equal(json.error.code, "usage.invalid");
  }
  assert.deepEqual(bench.server.commands, []);
});

Deno.test("profile export does not carry what was told on this PC", async () => {
  await using bench = await open(SIGNED_IN);
  await bench.run(30);
  assert.equal((await stored(bench.desk)).notices?.length, 1);
  const file = join(bench.desk.folder, "plant.age");
  const exported = await bench.desk.run(
    ["profile", "export", "--seal", file],
    WITH_PASSPHRASE,
  );
  assert.equal(exported.exitCode, 0, exported.stderr);
  const decrypter = new Decrypter();
  decrypter.addPassphrase(PASSPHRASE);
  const text = await decrypter.decrypt(armor.decode(await Deno.readTextFile(file)), "text");
  assert.match(text, /"clientSecret":"?\s*"very~secret"/);
  assert.doesNotMatch(text, /notices|threshold/);
});
