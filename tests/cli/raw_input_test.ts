import assert from "node:assert/strict";
import { join } from "node:path";
import { joinOctets } from "../../src/base/octets.ts";
import { held, openRawInput } from "../../src/cli/raw_input.ts";
import type { RawInput } from "../../src/message/raw_message.ts";
import { isFailure, testWorld } from "../vault/fixtures.ts";

const CONTEXT = { world: testWorld() };

Deno.test("held() gives what came through a pipe again, from any place, small and large", async () => {
  for (const sizeBytes of [0, 1, 1_000_000, 3_000_001]) {
    const octets = Uint8Array.from({ length: sizeBytes }, (_, at) => at % 251);
    await using input = await held(piecesOf(octets), "pipe");
    for (const from of [0, 1, sizeBytes >> 1, sizeBytes]) {
      assert.deepEqual(await whole(input, from), octets.slice(from));
    }
  }
});

Deno.test("held() leaves no file behind, whether it was read, broke off or was never closed", async () => {
  await inTemporaryFolder(async (folder) => {
    const large = new Uint8Array(2_000_000);
    const broken = async function* (): AsyncGenerator<Uint8Array> {
      yield large;
      await Promise.resolve();
      throw new Error("broke off");
    };
    await assert.rejects(held(broken(), "pipe"), /broke off/);
    assert.deepEqual(await names(folder), []);
    {
      await using input = await held(piecesOf(large), "pipe");
      // Windows shows the name of a file that is open until it is closed.
      if (Deno.build.os !== "windows") assert.deepEqual(await names(folder), []);
      await whole(input, 0);
    }
    assert.deepEqual(await names(folder), []);
  });
});

Deno.test("openRawInput() reads a file twice, and refuses one that was changed meanwhile", async () => {
  await inTemporaryFolder(async (folder) => {
    const path = join(folder, "mail.eml");
    await Deno.writeTextFile(path, "Subject: x\n\ny");
    await using input = await openRawInput(path, CONTEXT);
    assert.equal(new TextDecoder().decode(await whole(input, 12)), "y");
    assert.equal(new TextDecoder().decode(await whole(input, 0)), "Subject: x\n\ny");
    await Deno.writeTextFile(path, "Subject: x\n\nyz");
    await assert.rejects(whole(input, 0), isFailure("input.unreadable", /was changed/, /copy/));
    await Deno.remove(path);
    await assert.rejects(whole(input, 0), isFailure("input.unreadable", /cannot read .*mail\.eml/));
  });
});

Deno.test("openRawInput() tells a folder and a missing file", async () => {
  await inTemporaryFolder(async (folder) => {
    await assert.rejects(openRawInput(folder, CONTEXT), isFailure("input.unreadable", /a folder/));
    await assert.rejects(
      openRawInput(join(folder, "none.eml"), CONTEXT),
      isFailure("input.unreadable", /none\.eml/),
    );
  });
});

async function* piecesOf(octets: Uint8Array): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(65_536);
  for (let at = 0; at < octets.length; at += buffer.length) {
    const part = octets.subarray(at, at + buffer.length);
    buffer.set(part);
    yield buffer.subarray(0, part.length);
    await Promise.resolve();
  }
}

async function whole(input: RawInput, from: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const piece of input.octets(from)) parts.push(piece.slice());
  return joinOctets(parts);
}

async function names(folder: string): Promise<readonly string[]> {
  return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
}

async function inTemporaryFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "plantpost-raw-" });
  const variable = Deno.build.os === "windows" ? "TMP" : "TMPDIR";
  const before = Deno.env.get(variable);
  Deno.env.set(variable, folder);
  try {
    await test(folder);
  } finally {
    if (before === undefined) Deno.env.delete(variable);
    else Deno.env.set(variable, before);
    await Deno.remove(folder, { recursive: true });
  }
}
