// A certificate in the place of a secret, as a person does it: made by the program, uploaded on the sandbox's page, used.

import assert from "node:assert/strict";
import { assertDone, assertFailure, openScene, type Scene } from "./scene.ts";

Deno.test("an app with a certificate sends when the .cer is uploaded, and is told so before", async () => {
  await using scene = await openScene();
  const { program, sandbox } = scene;
  const app = ["--profile", "app-certificate", "--json"];
  assertDone(await program.run(["cert", "new", ...app]));
  assertFailure(await scene.send(app), "client-certificate-unknown", {
    message: /AADSTS700027/,
    remedy: /\.cer/,
    outcome: "failed",
  });
  await upload(scene);
  assertDone(await scene.send(app));
  sandbox.plant("client-certificate-expired");
  assertFailure(await scene.send(app), "client-certificate-expired", {
    message: /AADSTS700027.*expired/,
    remedy: /cert new/,
    outcome: "failed",
  });
});

Deno.test("where a person signs in to an app of platform Web, a certificate is as good as a secret", async () => {
  await using scene = await openScene({ platform: "web" });
  assertFailure(await scene.login(), "secret-missing", { message: /AADSTS7000218/ });
  assertDone(await scene.program.run(["cert", "new", "--json"]));
  await upload(scene);
  assertDone(await scene.login());
  assertDone(await scene.send());
  assertDone(await scene.program.run(["refresh"]));
});

/** What an administrator does with the file that `cert new` wrote. */
async function upload({ program, sandbox }: Scene): Promise<void> {
  const files = await Array.fromAsync(Deno.readDir(program.folder));
  const cer = files.find(({ name }) => name.endsWith(".cer"))?.name;
  assert.ok(cer, files.map(({ name }) => name).join());
  const body = await Deno.readFile(`${program.folder}/${cer}`);
  const taken = await fetch(`${sandbox.origin}/app`, { method: "POST", body });
  assert.equal(taken.status, 200, await taken.text());
}
