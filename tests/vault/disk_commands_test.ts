// What a person gets who runs a command on a full or write-protected disk, at each write that the command
// does: exit code, place and way out. What was there stays whole, and afterwards the command just works.

import assert from "node:assert/strict";
import { type Desk, openDesk, type Printed } from "../cli/desk.ts";
import { namesIn } from "./fixtures.ts";
import { CAN_MOUNT, fill, mountDisk, setWritable } from "./mounts.ts";

const PROFILE = `[profiles.plant]
provider = "custom"
user = "reports@example.com"
[profiles.plant.oauth]
client_id = "plant"
authorization_endpoint = "http://127.0.0.1:9/authorize"
token_endpoint = "http://127.0.0.1:9/token"
[profiles.plant.smtp]
host = "mail.example.com"`;
const STOPPED = "the sign-in began";

interface Case {
  readonly write: string;
  readonly trouble: "full" | "read-only";
  /** The folder of the desk that the small disk is mounted on. */
  readonly on: "state" | "keys";
  readonly disk: string;
  /** Whether there is a vault before. */
  readonly isFirst?: true;
  readonly exitCode: number;
  readonly says: RegExp;
  readonly hint: RegExp;
}

const FREE = /hint: free some space on the disk that holds \S+\//;
const RIGHT =
  /hint: give the account that runs plantpost the right to write in the folder of \S+\//;

const CASES: readonly Case[] = [
  {
    write: "the key file",
    trouble: "full",
    on: "keys",
    disk: "size=4k",
    isFirst: true,
    exitCode: 73,
    says: /error: cannot create \S+\/keys\/vault\.key: no space left on device/,
    hint: FREE,
  },
  {
    write: "the key file",
    trouble: "read-only",
    on: "keys",
    disk: "size=64k",
    isFirst: true,
    exitCode: 73,
    says: /error: cannot create \S+\/keys\/vault\.key: read-only file system/,
    hint: RIGHT,
  },
  {
    write: "the lock",
    trouble: "full",
    on: "state",
    disk: "size=1m,nr_inodes=2", // the folder itself and the ballast
    isFirst: true,
    exitCode: 74,
    says: /error: cannot open \S+\/state\/vault\.lock: no space left on device/,
    hint: FREE,
  },
  {
    write: "the lock",
    trouble: "read-only",
    on: "state",
    disk: "size=1m",
    exitCode: 74,
    says: /error: cannot open \S+\/state\/vault\.lock: read-only file system/,
    hint: RIGHT,
  },
  {
    write: "the first reservation",
    trouble: "full",
    on: "state",
    disk: "size=512k",
    isFirst: true,
    exitCode: 74,
    says: /error: cannot reserve space for \S+\/state\/vault\.json: no space left on device/,
    hint: FREE,
  },
  {
    write: "a reservation",
    trouble: "full",
    on: "state",
    disk: "size=512k",
    exitCode: 74,
    says: /error: cannot reserve space for \S+\/state\/vault\.json: no space left on device/,
    hint: FREE,
  },
];

for (const command of ["secret set", "login"]) {
  for (const { write, trouble, on, disk, isFirst, exitCode, says, hint } of CASES) {
    Deno.test({
      name: `${command} says what to do when the disk is ${trouble} for ${write}`,
      ignore: !CAN_MOUNT,
      fn: async () => {
        await using desk = await openDesk({ profile: PROFILE });
        const folder = `${desk.folder}/${on}`;
        await using _disk = await mountDisk(folder, disk);
        if (isFirst !== true) assert.equal((await run(desk, "secret set")).exitCode, 0);
        const before = await vaultOf(desk);
        if (trouble === "full") await fill(`${folder}/ballast`);
        else await setWritable(folder, false);

        for (let time = 0; time < 2; time++) { // the first must leave nothing in the way of the second
          const printed = await run(desk, command);
          assert.equal(printed.exitCode, exitCode, printed.stderr);
          assert.match(printed.stderr, says);
          assert.match(printed.stderr, hint);
          assert.ok(!printed.stderr.includes(STOPPED), "a person was sent to the sign-in");
          assert.deepEqual(await vaultOf(desk), before);
          assert.deepEqual((await namesIn(folder)).filter(isRemnant), []);
        }

        if (trouble === "full") await Deno.remove(`${folder}/ballast`);
        else await setWritable(folder, true);
        // Two inodes are too few for lock and vault.
        if (!disk.includes("nr_inodes")) {
          const printed = await run(desk, command);
          if (command === "login") assert.ok(printed.stderr.includes(STOPPED), printed.stderr);
          else assert.equal(printed.exitCode, 0, printed.stderr);
        }
      },
    });
  }
}

for (const trouble of ["full", "read-only"] as const) {
  Deno.test({
    name: `init says what to do when the disk is ${trouble}, and leaves no part of a file`,
    ignore: !CAN_MOUNT,
    fn: async () => {
      await using desk = await openDesk({ profile: PROFILE });
      await using _disk = await mountDisk(desk.folder, "size=32k"); // over the profile file that is there
      const ballast = `${desk.folder}/ballast`;
      if (trouble === "full") await fill(ballast);
      else await setWritable(desk.folder, false);
      const printed = await desk.run(["init"]);
      assert.equal(printed.exitCode, 73, printed.stderr);
      assert.match(
        printed.stderr,
        trouble === "full"
          ? /error: cannot create \S+\/plantpost\.toml: no space left on device/
          : /error: cannot create \S+\/plantpost\.toml: read-only file system/,
      );
      assert.match(printed.stderr, trouble === "full" ? FREE : RIGHT);
      assert.deepEqual(await namesIn(desk.folder), trouble === "full" ? ["ballast"] : []);
      if (trouble === "full") await Deno.remove(ballast);
      else await setWritable(desk.folder, true);
      assert.equal((await desk.run(["init"])).exitCode, 0);
      assert.deepEqual(await namesIn(desk.folder), ["plantpost.toml"]);
    },
  });
}

async function run(desk: Desk, command: string): Promise<Printed> {
  const interruption = new AbortController();
  const printed = await desk.run(command.split(" "), {
    stdin: "new-client-secret",
    signal: interruption.signal,
    openBrowser: () => {
      interruption.abort(new Error(STOPPED));
      return Promise.reject(new Error(STOPPED));
    },
  });
  return printed;
}

async function vaultOf(desk: Desk): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(`${desk.folder}/state/vault.json`);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return undefined;
    throw cause;
  }
}

function isRemnant(name: string): boolean {
  return !["ballast", "vault.json", "vault.lock", "vault.key", "plantpost.log"].includes(name);
}
