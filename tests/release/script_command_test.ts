// The commands of the script form, run on a module that tells what it was given.

import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { isPlatform, permissions, PLATFORMS } from "../../.ci/permissions.ts";
import { LAZY_IMPORTS, scriptCommand } from "../../.ci/script_command.ts";

const MODULE = `
console.log(JSON.stringify([Deno.args, Deno.permissions.querySync({ name: "ffi" }).state]));
Deno.exitCode = 75;
`;

Deno.test("the command of the script form hands over arguments and exit code, under the permissions", async () => {
  const platform = Deno.build.os;
  assert.ok(isPlatform(platform));
  const folder = await Deno.makeTempDir({ prefix: "plantpost script " });
  try {
    const { name, text } = scriptCommand(platform);
    await Deno.writeTextFile(join(folder, "main.js"), MODULE);
    await Deno.writeTextFile(join(folder, name), text, { mode: 0o755 });
    const separator = platform === "windows" ? ";" : ":";
    const path = `${dirname(Deno.execPath())}${separator}${Deno.env.get("PATH") ?? ""}`;
    const { code, stdout } = await new Deno.Command(
      platform === "windows" ? "cmd" : join(folder, name),
      {
        args: [...platform === "windows" ? ["/c", name] : [], "send", "--text", "two words"],
        cwd: folder,
        env: { PATH: path },
      },
    ).output();
    const [args, ffi] = JSON.parse(new TextDecoder().decode(stdout));
    assert.deepEqual(args, ["send", "--text", "two words"]);
    assert.notEqual(ffi, "granted");
    assert.equal(code, 75);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the commands of the script form carry each permission of the executable, and no others", () => {
  for (const platform of PLATFORMS) {
    const flags = scriptCommand(platform).text.match(/--(?:allow|deny|no-prompt)\S*/g);
    assert.deepEqual(flags, [...permissions(platform)]);
  }
});

Deno.test("the commands of the script form have the modules of other commands left alone", () => {
  for (const platform of PLATFORMS) {
    const { text } = scriptCommand(platform);
    const at = text.indexOf(`${LAZY_IMPORTS}=1`);
    assert.ok(at > 0 && at < text.indexOf("deno run"), text);
  }
});
