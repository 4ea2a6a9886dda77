// What another account of the same PC can open: a local user is made, and a process of its own tries. It needs a
// real Windows and an administrator, so it runs where PLANTPOST_OTHER_ACCOUNT=1 says that it may (see
// .github/workflows/test.yml); Wine keeps all accounts to one user.

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { openCrypt32, protectData } from "../../src/vault/dpapi.ts";
import { makeDataFolder } from "../../src/vault/folder.ts";
import { testSettings } from "../vault/fixtures.ts";
import type { Tried } from "./other_account_child.ts";

const isMissing = Deno.build.os !== "windows" ||
  Deno.env.get("PLANTPOST_OTHER_ACCOUNT") !== "1";
const note = isMissing ? " (skipped: PLANTPOST_OTHER_ACCOUNT is not 1)" : "";

Deno.test(
  `another account opens what is sealed for the machine, and not what is sealed for a user${note}`,
  {
    ignore: isMissing,
  },
  async () => {
    await using stack = new AsyncDisposableStack();
    const folder = `C:\\Users\\Public\\plantpost-${crypto.randomUUID().slice(0, 8)}`;
    await Deno.mkdir(folder);
    stack.defer(() => Deno.remove(folder, { recursive: true }));
    const other = stack.use(await makeAccount());

    const entropy = new TextEncoder().encode("of one vault");
    await Deno.writeFile(`${folder}\\entropy`, entropy);
    {
      using library = openCrypt32();
      const crypt32 = library.symbols;
      for (const scope of ["machine", "user"] as const) {
        const sealed = protectData(new TextEncoder().encode(scope), { scope, entropy, crypt32 });
        await Deno.writeFile(`${folder}\\${scope}`, sealed);
      }
    }
    for (const [name, accounts] of [["closed", []], ["shared", [other.name]]] as const) {
      const settings = testSettings(folder, { dataDir: `${folder}\\${name}`, vault: { accounts } });
      await makeDataFolder(settings, { platform: "windows" });
      await Deno.writeTextFile(`${settings.dataDir}\\vault.json`, name);
    }

    const tried = await other.run(folder);
    assert.deepEqual(tried, {
      machine: "machine",
      user: "refused",
      closed: "refused",
      shared: "shared, and written",
    });
  },
);

interface Account extends AsyncDisposable {
  readonly name: string;
  run(folder: string): Promise<Tried>;
}

async function makeAccount(): Promise<Account> {
  const name = `pp-${crypto.randomUUID().slice(0, 8)}`;
  const password = `Aa1!${crypto.randomUUID().slice(0, 10)}`;
  await succeed("net.exe", ["user", name, password, "/add"]);
  return {
    name,
    async run(folder): Promise<Tried> {
      // The other account may not look into the folders where npm keeps things.
      await Deno.copyFile(Deno.execPath(), `${folder}\\deno.exe`);
      const child = fileURLToPath(new URL("other_account_child.ts", import.meta.url));
      await succeed("powershell.exe", ["-NoProfile", "-NonInteractive", "-Command", START], {
        PP_NAME: name,
        PP_PASSWORD: password,
        PP_FOLDER: folder,
        PP_CHILD: child,
      });
      return JSON.parse(await Deno.readTextFile(`${folder}\\tried.json`));
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await succeed("net.exe", ["user", name, "/delete"]);
    },
  };
}

const START = `
$password = ConvertTo-SecureString $env:PP_PASSWORD -AsPlainText -Force
$credential = New-Object System.Management.Automation.PSCredential("$env:COMPUTERNAME\\$env:PP_NAME", $password)
$child = Start-Process -FilePath "$env:PP_FOLDER\\deno.exe" -WorkingDirectory $env:PP_FOLDER -Credential $credential \`
  -ArgumentList "run --allow-all --no-check --no-config --no-lock \`"$env:PP_CHILD\`" \`"$env:PP_FOLDER\`"" \`
  -LoadUserProfile -Wait -PassThru
exit $child.ExitCode
`;

async function succeed(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args: [...args], env })
    .output();
  const said = [stdout, stderr].map((octets) => new TextDecoder().decode(octets)).join("");
  assert.ok(success, `${program} ${args[0]}: ${said}`);
}
