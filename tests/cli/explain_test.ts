import assert from "node:assert/strict";
import { openDesk } from "./desk.ts";

const NO_PROFILE = "this is = no profile at all [";

Deno.test("explain says meaning, who must act and the steps, without any profile", async () => {
  await using desk = await openDesk({ profile: NO_PROFILE });
  const { exitCode, stdout, stderr } = await desk.run(["explain", "AADSTS7000222"]);
  assert.equal(exitCode, 0, stderr);
  assert.equal(stderr, "");
  assert.match(
    stdout,
    /^AADSTS7000222: the client secret of the app has expired\n {2}who must act: administrator \(/,
  );
  assert.match(stdout, /\n {4}1\. open entra\.microsoft\.com > .*New client secret/);
  assert.match(stdout, /\n {4}4\. run "plantpost secret set"/);
  assert.match(stdout, /\n {2}trying again: does not help before the steps are done\n$/);
});

Deno.test("pain 6: explain gives an app's two PowerShell lines, and which object ID they want", async () => {
  await using desk = await openDesk({ profile: NO_PROFILE });
  for (
    const asked of [
      "535 5.7.3 Authentication unsuccessful",
      "430 4.2.0 STOREDRV; mailbox logon failure; MapiExceptionLogonFailed",
    ]
  ) {
    const { exitCode, stdout } = await desk.run(["explain", asked]);
    assert.equal(exitCode, 0);
    assert.match(stdout, /New-ServicePrincipal -AppId CLIENT_ID -ObjectId OBJECT_ID/);
    assert.match(stdout, /Add-MailboxPermission -Identity "USER@DOMAIN" -User OBJECT_ID -Acc/);
    assert.match(stdout, /under Enterprise applications, not the one under App registrations/);
  }
});

Deno.test("explain --json prints one value with everything that it knows", async () => {
  await using desk = await openDesk({ profile: NO_PROFILE });
  const { exitCode, stdout } = await desk.run(["explain", "--json", "oauth.grant_expired"]);
  assert.equal(exitCode, 0);
  const { explanations: [first, ...more], ...rest } = JSON.parse(stdout);
  assert.deepEqual([more, rest], [[], {}]);
  const { steps, ...facts } = first;
  assert.deepEqual(facts, {
    code: "oauth.grant_expired",
    id: "oauth.grant_expired",
    area: "plantpost",
    meaning: "the stored sign-in has ended or was revoked",
    who: "user",
    retry: "after-login",
    exitCode: 77,
  });
  assert.equal(steps[0], 'run "plantpost login"');
});

Deno.test("explain joins its arguments, reads a file in either encoding, and standard input", async () => {
  await using desk = await openDesk({ profile: NO_PROFILE });
  const words = "aadsts 7000222".split(" ");
  const line = "Error: AADSTS50011: The redirect URI does not match\r\nand 550 5.7.60 no\r\n";
  const [utf8, utf16] = [`${desk.folder}/error.txt`, `${desk.folder}/error of powershell.txt`];
  await Deno.writeTextFile(utf8, line);
  const wide = Uint8Array.from(`\ufeff${line}`, (letter) => letter.charCodeAt(0) & 0xff)
    .reduce<number[]>((octets, octet, at) => [...octets, octet, at === 0 ? 0xfe : 0], []);
  await Deno.writeFile(utf16, Uint8Array.from(wide));
  const codes = async (args: readonly string[], stdin?: string): Promise<string[]> => {
    const printed = await desk.run(
      ["explain", "--json", ...args],
      stdin === undefined ? {} : { stdin },
    );
    assert.equal(printed.exitCode, 0, printed.stdout);
    return JSON.parse(printed.stdout).explanations.map(({ code }: { code: string }) => code);
  };
  assert.deepEqual(await codes(words), ["AADSTS7000222"]);
  assert.deepEqual(await codes([utf8]), ["AADSTS50011", "550 5.7.60"]);
  assert.deepEqual(await codes([utf16]), ["AADSTS50011", "550 5.7.60"]);
  assert.deepEqual(await codes(utf16.split(" ")), ["AADSTS50011", "550 5.7.60"]);
  assert.deepEqual(await codes(["-"], line), ["AADSTS50011", "550 5.7.60"]);
});

Deno.test("explain exits 64 for what it does not know, and names what is near", async () => {
  await using desk = await openDesk({ profile: NO_PROFILE });
  const near = await desk.run(["explain", "AADSTS700222"]);
  assert.equal(near.exitCode, 64);
  assert.equal(near.stdout, "");
  assert.equal(
    near.stderr,
    'error: explain: the catalogue does not know "AADSTS700222"\nhint: did you mean AADSTS7000222 or AADSTS700022?',
  );
  const json = await desk.run(["explain", "--json", "AADSTS700222"]);
  assert.equal(json.exitCode, 64);
  assert.equal(JSON.parse(json.stdout).error.remedy, "did you mean AADSTS7000222 or AADSTS700022?");
  const text = await desk.run(["explain", "the pump stopped at noon; what now?"]);
  assert.equal(text.exitCode, 64);
  assert.match(text.stderr, /found no code in the text/);
  assert.doesNotMatch(text.stderr, /pump/);
  const nothing = await desk.run(["explain"]);
  assert.equal(nothing.exitCode, 64);
  assert.match(nothing.stderr, /a code or text is missing\nhint: use: plantpost explain/);
});

Deno.test("explain says on standard error what it left open", async () => {
  await using desk = await openDesk({ profile: NO_PROFILE });
  const both = await desk.run(["explain", "AADSTS50173 and AADSTS5000011"]);
  assert.equal(both.exitCode, 0);
  assert.match(both.stderr, /^not in the catalogue: AADSTS5000011; did you mean AADSTS500011\?$/);
  const bare = await desk.run(["explain", "535", "5.7.139"]);
  assert.equal(bare.exitCode, 0);
  assert.match(bare.stderr, /^535 5\.7\.139 stands for 7 things; the words behind it tell which/);
  assert.match(
    bare.stdout,
    /switched off for the whole organisation[^]*\n\n535 5\.7\.139: SMTP AUTH is switched off for this mailbox/,
  );
});
