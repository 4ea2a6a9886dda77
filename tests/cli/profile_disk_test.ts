// `profile export` and `profile import` on a full or write-protected disk, at each write that they do: what was
// there stays whole, and with room again the same command just works.

import assert from "node:assert/strict";
import { namesIn } from "../vault/fixtures.ts";
import { CAN_MOUNT, fill, mountDisk, setWritable } from "../vault/mounts.ts";
import { openDesk } from "./desk.ts";
import { carriedProfile, FRAME, openEmptyDesk, seal, TABLES, WITH_PASSPHRASE } from "./sealed.ts";

const OTHER =
  '[profiles.other]\nprovider = "google"\nuser = "other@example.com"\noauth.client_id = "x"\n';
const CONTENT = new TextEncoder().encode("a certificate\n");
const WITH_FILE = `${TABLES}[profiles.plant.smtp]\nca_file = 'certs/ca.pem'\n`;
const SAYS = { full: /no space left on device/, "read-only": /read-only file system/ } as const;
const HINTS = { full: /hint: free some space/, "read-only": /hint: .*the right/ } as const;

/** Where the small disk lies, below the desk's folder, and what it hinders. */
const CASES = [
  { write: "the file beside the profile file", on: "certs", exitCode: 73, there: "none" },
  { write: "the key", on: "keys", exitCode: 73, there: "none" },
  { write: "the vault", on: "state", exitCode: 74, there: "none" },
  { write: "the profile file", on: ".", exitCode: 73, there: "none" },
  { write: "the profile file that is there", on: ".", exitCode: 74, there: "other" },
] as const;

for (const { write, on, exitCode, there } of CASES) {
  for (const trouble of ["full", "read-only"] as const) {
    Deno.test({
      name: `profile import can be run again when the disk is ${trouble} at ${write}`,
      ignore: !CAN_MOUNT,
      fn: async () => {
        await using desk = await openEmptyDesk();
        const folder = on === "." ? desk.folder : `${desk.folder}/${on}`;
        await using _disk = await mountDisk(folder, "size=1m");
        await using _other = on === "." ? await linkFolders(folder) : undefined;
        const text = there === "other" ? `${FRAME}\n${OTHER}` : undefined;
        if (text !== undefined) await Deno.writeTextFile(desk.file, text);
        const stdin = await seal(carriedProfile({
          tables: WITH_FILE,
          files: [{ key: "smtp.ca_file", path: "certs/ca.pem", content: CONTENT }],
        }));
        const run = (): ReturnType<typeof desk.run> =>
          desk.run(["profile", "import"], { ...WITH_PASSPHRASE, stdin });
        const before = await namesIn(folder);
        if (trouble === "full") await fill(`${folder}/ballast`);
        else await setWritable(folder, false);

        const failed = await run();
        assert.equal(failed.exitCode, exitCode, failed.stderr);
        assert.match(failed.stderr, SAYS[trouble]);
        assert.match(failed.stderr, HINTS[trouble]);
        const left = (await namesIn(folder)).filter((name) =>
          !["ballast", "vault.lock", "plantpost.log"].includes(name)
        );
        assert.deepEqual(left, before);
        assert.equal(await Deno.readTextFile(desk.file).catch(() => undefined), text);

        if (trouble === "full") await Deno.remove(`${folder}/ballast`);
        else await setWritable(folder, true);
        const done = await run();
        assert.equal(done.exitCode, 0, done.stderr);
        assert.match(await Deno.readTextFile(desk.file), /profiles\.plant\.smtp/);
      },
    });
  }
}

for (const trouble of ["full", "read-only"] as const) {
  Deno.test({
    name: `profile export leaves no part of a file when the disk is ${trouble}`,
    ignore: !CAN_MOUNT,
    fn: async () => {
      await using desk = await openDesk({ profile: TABLES });
      const stick = `${desk.folder}/stick`;
      await using _disk = await mountDisk(stick, "size=64k");
      if (trouble === "full") await fill(`${stick}/ballast`);
      else await setWritable(stick, false);
      const command = ["profile", "export", "--seal", `${stick}/plant.age`];
      const failed = await desk.run(command, WITH_PASSPHRASE);
      assert.equal(failed.exitCode, 73);
      assert.match(failed.stderr, /^error: cannot create \S+\/stick\/plant\.age: /);
      assert.match(failed.stderr, SAYS[trouble]);
      assert.match(failed.stderr, HINTS[trouble]);
      assert.deepEqual(await namesIn(stick), trouble === "full" ? ["ballast"] : []);
      if (trouble === "full") await Deno.remove(`${stick}/ballast`);
      else await setWritable(stick, true);
      assert.equal((await desk.run(command, WITH_PASSPHRASE)).exitCode, 0);
      assert.deepEqual(await namesIn(stick), ["plant.age"]);
    },
  });
}

/** Links to folders on another disk, so that only what lies in the folder itself is hindered. */
async function linkFolders(folder: string): Promise<AsyncDisposable> {
  const other = await Deno.makeTempDir({ prefix: "plantpost-elsewhere-" });
  for (const name of ["state", "keys", "certs"]) {
    await Deno.mkdir(`${other}/${name}`);
    await Deno.symlink(`${other}/${name}`, `${folder}/${name}`);
  }
  return { [Symbol.asyncDispose]: () => Deno.remove(other, { recursive: true }) };
}
