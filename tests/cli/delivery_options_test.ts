import assert from "node:assert/strict";
import { Failure } from "../../src/base/failure.ts";
import { parseDsn, parseMessageId } from "../../src/cli/delivery_options.ts";
import { startScriptedSmtp } from "../peers/scripted_smtp.ts";
import { openDesk } from "./desk.ts";

const PROFILE = (port: number): string =>
  `[profiles.plant]
provider = "custom"
[profiles.plant.sender]
address = "plant@example.com"
[profiles.plant.smtp]
host = "127.0.0.1"
port = ${port}
tls = "none"
auth = "none"
`;

const SEND = ["send", "--to", "a+b@example.com", "--text", "x", "--json"];

Deno.test("parseDsn() reads lists in any case and order, and lets the headers alone come back", () => {
  assert.deepEqual(parseDsn(["failure"]), { notify: ["failure"], ret: "hdrs" });
  assert.deepEqual(parseDsn(["Success, DELAY", "ret=FULL"]), {
    notify: ["delay", "success"],
    ret: "full",
  });
  assert.deepEqual(parseDsn(["never"]), { notify: ["never"] });
});

Deno.test("parseDsn() and parseMessageId() tell what is wrong before anything is sent", () => {
  const rows: readonly (readonly [() => unknown, RegExp])[] = [
    [() => parseDsn(["failures"]), /found "failures": did you mean "failure"\?$/],
    [() => parseDsn(["never,delay"]), /found "never" beside another$/],
    [() => parseDsn(["ret=hdrs"]), /found none of the first four$/],
    [() => parseDsn(["delay,ret=hdrs,ret=full"]), /found ret twice$/],
    [() => parseDsn([""]), /found none of the first four$/],
    [() => parseMessageId("<a@b>\r\nBcc: c@d"), /--message-id wants <ID@DOMAIN>/],
    [() => parseMessageId("1234"), /found "1234"$/],
    [() => parseMessageId(`<${"a".repeat(250)}@x>`), /--message-id wants/],
  ];
  for (const [parse, says] of rows) {
    assert.throws(
      parse,
      (error) =>
        error instanceof Failure && error.code === "usage.invalid" && says.test(error.message),
    );
  }
  assert.equal(parseMessageId("1.2@plant.example"), "<1.2@plant.example>");
});

Deno.test("send --dsn asks for reports that name the mail by its Message-ID", async () => {
  await using server = startScriptedSmtp({ offers: ["DSN"] });
  await using desk = await openDesk({ profile: PROFILE(server.port) });
  const { exitCode, stdout, stderr } = await desk.run([...SEND, "--dsn", "failure,delay"]);
  assert.equal(exitCode, 0, stderr);
  assert.equal(stderr, "");
  const { messageId } = JSON.parse(stdout);
  const id = messageId.replace(/[+=]/g, (char: string) => char === "+" ? "+2B" : "+3D");
  assert.ok(
    server.commands.includes(`MAIL FROM:<plant@example.com> RET=HDRS ENVID=${id}`),
    server.commands.join("\n"),
  );
  const rcpt = "RCPT TO:<a+b@example.com> NOTIFY=FAILURE,DELAY ORCPT=rfc822;a+2Bb@example.com";
  assert.ok(server.commands.includes(rcpt), server.commands.join("\n"));
});

Deno.test("send --dsn warns where the server offers none, and the mail goes without", async () => {
  await using server = startScriptedSmtp();
  await using desk = await openDesk({ profile: PROFILE(server.port) });
  const { exitCode, stdout, stderr } = await desk.run([...SEND, "--dsn", "failure"]);
  assert.equal(exitCode, 0);
  assert.equal(JSON.parse(stdout).outcome, "sent");
  assert.match(stderr, /^warning: 127\.0\.0\.1:\d+ does not offer reports of delivery \(DSN\)/);
  assert.ok(server.commands.includes("RCPT TO:<a+b@example.com>"));
});

Deno.test("send --message-id sends a mail again under its first Message-ID", async () => {
  await using lost = startScriptedSmtp({ afterMessage: null });
  await using desk = await openDesk({ profile: PROFILE(lost.port) });
  const first = await desk.run(SEND);
  assert.equal(first.exitCode, 74);
  const { outcome, messageId, error } = JSON.parse(first.stdout);
  assert.equal(outcome, "unknown");
  assert.ok(lost.messages[0]?.includes(`Message-ID: ${messageId}\r\n`));
  assert.match(error.remedy, /--message-id/);
  await using server = startScriptedSmtp();
  await Deno.writeTextFile(desk.file, PROFILE(server.port));
  const again = await desk.run([...SEND, "--message-id", messageId]);
  assert.equal(again.exitCode, 0, again.stderr);
  assert.equal(JSON.parse(again.stdout).messageId, messageId);
  assert.ok(server.messages[0]?.includes(`Message-ID: ${messageId}\r\n`));
});
