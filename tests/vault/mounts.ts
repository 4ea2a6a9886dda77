// Small disks of memory for tests that fill them up or write-protect them. Mounting needs root, and a container
// may refuse it even then; where it cannot be done the tests say so and are ignored.

import assert from "node:assert/strict";
import { until } from "../peers/wait.ts";

export const CAN_MOUNT = Deno.build.os === "linux" && Deno.uid() === 0 && canMount();

/** Mounts an empty disk on a folder until it is disposed of; `options` as in tmpfs(5), such as `size=64k`. */
export async function mountDisk(folder: string, options: string): Promise<AsyncDisposable> {
  await Deno.mkdir(folder, { recursive: true });
  await run("mount", "-t", "tmpfs", "-o", options, "tmpfs", folder);
  return {
    async [Symbol.asyncDispose](): Promise<void> {
      // A child that another test has just forked holds every open file until it executes its program, and the
      // disk is busy for that moment.
      await until(async () => (await call("umount", [folder])).success, {
        what: `umount ${folder}`,
      });
    },
  };
}

export async function setWritable(folder: string, isWritable: boolean): Promise<void> {
  await run("mount", "-o", `remount,${isWritable ? "rw" : "ro"}`, folder);
}

/** Writes to a file until the disk is full. */
export async function fill(path: string): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true });
  try {
    while (true) await file.write(new Uint8Array(4096));
  } catch (cause) {
    assert.match(String(cause), /no space/i);
  }
}

function call(command: string, args: readonly string[]): Promise<Deno.CommandOutput> {
  return new Deno.Command(command, { args: [...args] }).output();
}

async function run(command: string, ...args: readonly string[]): Promise<void> {
  const { success, stderr } = await call(command, args);
  assert.ok(success, new TextDecoder().decode(stderr));
}

function canMount(): boolean {
  const folder = Deno.makeTempDirSync({ prefix: "plantpost-mount-" });
  try {
    const args = ["-t", "tmpfs", "-o", "size=64k", "tmpfs", folder];
    if (!new Deno.Command("mount", { args }).outputSync().success) return false;
    return new Deno.Command("umount", { args: [folder] }).outputSync().success;
  } catch {
    return false; // no such program
  } finally {
    Deno.removeSync(folder);
  }
}
