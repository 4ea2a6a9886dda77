// `plantpost sandbox` as a person uses it: start, sign in through the page, send, look at the inbox, plant a fault,
// Ctrl-C; and what is left behind.

import assert from "node:assert/strict";
import { FAULTS } from "../../src/sandbox/faults.ts";
import { commandLine, Program } from "../e2e/program.ts";
import { walk } from "../peers/browser.ts";
import { freePort } from "../peers/free_port.ts";
import { assertDone } from "./scene.ts";

Deno.test("sandbox: sign-in, mail, inbox, fault, Ctrl-C, and nothing left behind", async () => {
  await using program = await Program.create();
  await using running = startCommand(["--redirect-port", String(freePort()), "--json"]);
  const { config, inbox, account } = JSON.parse(await running.firstLine());
  assert.equal(account, "reports@contoso.example");

  const login = program.start(["login", "--no-browser", "--config", config]);
  const [address] = await login.untilStderr(/^http:\S+$/mu);
  const page = await fetch(address);
  const html = await page.text();
  assert.match(html, /Permissions requested/);
  assert.match(html, /value="reports@contoso\.example"/);
  assert.match(html, /Send mail from your mailbox/);
  assert.doesNotMatch(html, /<script|https:\/\/(?!outlook)/);
  assert.match(
    page.headers.get("content-security-policy") ?? "",
    /form-action 'self' http:\/\/localhost:\d+$/,
  );
  const end = await walk(address, { account: "reports@contoso.example" });
  assert.match(end.text, /Signed in/);
  assertDone(await login.outcome);

  const text = "pressure 42 bar";
  await program.write("report.csv", "tank;bar\r\n3;42\r\n");
  await program.write("report.html", "<p>pressure <b>42 bar</b></p><script>alert(1)</script>");
  assertDone(
    await program.run([
      ...["send", "--config", config, "--to", "anna@contoso.example", "--subject", "Täglich <1>"],
      ...["--text", text, "--html-file", "report.html", "--attach", "report.csv;name=Wärme.csv"],
    ]),
  );
  const { messages } = await (await fetch(`${inbox}inbox.json`)).json();
  assert.equal(messages.length, 1);
  assert.equal(messages[0].subject, "Täglich <1>");
  assert.equal(messages[0].text.trim(), text);
  assert.deepEqual(messages[0].recipients, ["anna@contoso.example"]);
  assert.deepEqual(messages[0].attachments, [{ name: "Wärme.csv", type: "text/csv", bytes: 16 }]);

  assert.match(await (await fetch(inbox)).text(), /Täglich &lt;1&gt;/);
  const message = await fetch(`${inbox}messages/1`);
  assert.match(
    await message.text(),
    /<iframe sandbox src="\/messages\/1\/html"[^]*42 bar[^]*Wärme\.csv/,
  );
  const frame = await fetch(`${inbox}messages/1/html`);
  assert.match(frame.headers.get("content-security-policy") ?? "", /^sandbox; default-src 'none'/);
  assert.match(await frame.text(), /<b>42 bar<\/b>/);
  const attachment = await fetch(`${inbox}messages/1/attachments/0`);
  assert.match(
    attachment.headers.get("content-disposition") ?? "",
    /^attachment; .*W%C3%A4rme\.csv$/,
  );
  assert.equal(await attachment.text(), "tank;bar\r\n3;42\r\n");
  assert.match(
    await (await fetch(`${inbox}messages/1/source`)).text(),
    /^(?:[\w-]+: .*\r\n|[ \t].*\r\n)+\r\n/,
  );
  const missing = await fetch(`${inbox}messages/2`);
  assert.equal(missing.status, 404);
  await missing.body?.cancel();

  const plant = async (body: unknown): Promise<Response> =>
    await fetch(`${inbox}faults`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  assert.deepEqual(await (await plant({ plant: "secret-expired:after=3" })).json(), [
    { name: "secret-expired", messagesLeft: 3 },
  ]);
  assert.match(
    await (await plant({ plant: "secret-expird" })).text(),
    /did you mean "secret-expired"/,
  );
  assert.deepEqual(await (await plant({ clear: "all" })).json(), []);
  const foreign = await fetch(`${inbox}faults`, {
    method: "POST",
    headers: { origin: "http://evil.example" },
    body: new URLSearchParams({ plant: "quota" }),
  });
  assert.equal(foreign.status, 403);
  await foreign.body?.cancel();

  assertDone(await program.run(["test", "--config", config, "--profile", "app"]));

  if (Deno.build.os === "windows") return; // a process cannot send another one Ctrl-C there
  const { code, stderr } = await running.interrupt();
  assert.equal(code, 130, stderr);
  assert.match(stderr, new RegExp(`--config "?${config}"? login`));
  assert.match(stderr, new RegExp(`login --device .*type the code at ${inbox}devicelogin`));
  assert.match(stderr, new RegExp(`--config "?${config}"? --profile app test`));
  assert.match(stderr, new RegExp(`shows at ${inbox}`));
  await assert.rejects(Deno.stat(config), Deno.errors.NotFound);
});

Deno.test("sandbox --dir leaves a foreign profile as it is", async () => {
  await using program = await Program.create();
  const foreign = await program.write("plantpost.toml", "# mine\n");
  const refused = await program.run(["sandbox", "--dir", ".", "--json"]);
  assert.equal(refused.exitCode, 73, refused.stderr);
  assert.match(JSON.parse(refused.stdout).error.remedy, /--dir/);
  assert.equal(await Deno.readTextFile(foreign), "# mine\n");
  assert.deepEqual(await Array.fromAsync(Deno.readDir(program.folder), ({ name }) => name), [
    "plantpost.toml",
  ]);
});

Deno.test("sandbox --list-faults lists every fault, as text and as JSON", async () => {
  await using program = await Program.create();
  const [text, json] = await Promise.all([
    program.run(["sandbox", "--list-faults"]),
    program.run(["sandbox", "--list-faults", "--json"]),
  ]);
  assertDone(text);
  for (const { name, answers } of FAULTS) {
    const line = text.stdout.split("\n").find((candidate) => candidate.startsWith(`${name} `));
    assert.ok(line?.endsWith(answers), name);
  }
  assert.deepEqual(
    JSON.parse(json.stdout).map(({ name }: { name: string }) => name),
    FAULTS.map(({ name }) => name),
  );
  const row = JSON.parse(json.stdout)[0];
  assert.deepEqual(Object.keys(row), ["name", "where", "answers", "exitCode"]);
});

Deno.test("sandbox refuses a fault it does not know, and a port that is none", async () => {
  await using program = await Program.create();
  const [fault, after, port] = await Promise.all([
    program.run(["sandbox", "--fault", "quotta"]),
    program.run(["sandbox", "--fault", "quota:afer=1"]),
    program.run(["sandbox", "--port", "99999"]),
  ]);
  assert.deepEqual([fault.exitCode, after.exitCode, port.exitCode], [64, 64, 64]);
  assert.match(fault.stderr, /unknown fault "quotta"[^]*did you mean "quota"/);
  assert.match(after.stderr, /must be NAME or NAME:after=N/);
  assert.match(port.stderr, /--port must be a port/);
});

interface RunningCommand extends AsyncDisposable {
  firstLine(): Promise<string>;
  /** Ctrl-C; resolves when the program has ended. */
  interrupt(): Promise<{ readonly code: number; readonly stderr: string }>;
}

function startCommand(args: readonly string[]): RunningCommand {
  const [executable, first] = commandLine();
  const child = new Deno.Command(executable, {
    args: [...first, "sandbox", ...args],
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const stderr = new Response(child.stderr).text();
  return {
    async firstLine(): Promise<string> {
      let text = "";
      for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) {
        text += part;
        if (text.includes("\n")) break;
      }
      return text;
    },
    async interrupt(): Promise<{ code: number; stderr: string }> {
      child.kill("SIGINT");
      const { code } = await child.status;
      return { code, stderr: await stderr };
    },
    async [Symbol.asyncDispose](): Promise<void> {
      try {
        child.kill("SIGKILL");
      } catch {
        // It has ended already.
      }
      await Promise.all([child.status, stderr]);
    },
  };
}
