import assert from "node:assert/strict";
import {
  adoptReservation,
  createDurably,
  type FileSystem,
  reason,
  reserveReplacement,
} from "../../src/base/durable_file.ts";
import { Failure } from "../../src/base/failure.ts";

const OLD = new TextEncoder().encode("the old content\n");
const NEW = new TextEncoder().encode("the new content, which is longer\n");
const NOTE = "what the room is for";
const IS_WINDOWS = Deno.build.os === "windows";

Deno.test("reserveReplacement() replaces the file on commit and leaves nothing beside", async () => {
  await withFile(async (path) => {
    await replace(path, NEW);
    assert.deepEqual(await Deno.readFile(path), NEW);
    await replace(path, OLD);
    assert.deepEqual(
      await Deno.readFile(path),
      OLD,
      "a shorter content has a tail of the longer one",
    );
    assert.deepEqual(await names(path), ["file"]);
  });
});

Deno.test("reserveReplacement() makes a file that did not exist, with its mode", async () => {
  await withFile(async (path) => {
    await Deno.remove(path);
    await replace(path, NEW);
    assert.deepEqual(await Deno.readFile(path), NEW);
    if (!IS_WINDOWS) assert.equal(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o600);
  });
});

Deno.test("reserveReplacement() gives the space back when nothing is committed", async () => {
  await withFile(async (path) => {
    {
      await using _room = await reserveReplacement(path, { bytes: 100_000, mode: 0o600 });
      assert.equal((await Deno.stat(`${path}.new`)).size, 100_000);
      assert.deepEqual(await Deno.readFile(path), OLD);
    }
    assert.deepEqual(await names(path), ["file"]);
    assert.deepEqual(await Deno.readFile(path), OLD);
  });
});

Deno.test("reserveReplacement() reserves octets that no file system can squeeze", async () => {
  await withFile(async (path) => {
    await using _room = await reserveReplacement(path, { bytes: 70_000, mode: 0o600 });
    const packed = new Blob([await Deno.readFile(`${path}.new`)]).stream()
      .pipeThrough(new CompressionStream("gzip"));
    assert.ok((await new Response(packed).bytes()).length >= 70_000);
  });
});

Deno.test("reserveReplacement() reuses what a killed process left beside", async () => {
  await withFile(async (path) => {
    await Deno.writeFile(`${path}.new`, new Uint8Array(500_000));
    await replace(path, NEW);
    assert.deepEqual(await Deno.readFile(path), NEW);
    assert.deepEqual(await names(path), ["file"]);
  });
});

Deno.test("reserveReplacement() takes a content that is longer than what was reserved", async () => {
  await withFile(async (path) => {
    const long = crypto.getRandomValues(new Uint8Array(50_000));
    await replace(path, long, { bytes: 10 });
    assert.deepEqual(await Deno.readFile(path), long);
  });
});

Deno.test("reserveReplacement() writes the note behind the room, and a commit ends both", async () => {
  await withFile(async (path) => {
    await using room = await reserveReplacement(path, { bytes: 1000, mode: 0o600, note: NOTE });
    const beside = await Deno.readFile(`${path}.new`);
    assert.equal(new TextDecoder().decode(beside.subarray(1000)), `\n${NOTE}\n`);
    await room.commit(NEW);
    assert.deepEqual(await Deno.readFile(path), NEW);
    assert.deepEqual(await names(path), ["file"]);
  });
});

for (const [step, at] of [["write", 2], ["sync", 2], ["truncate", 1]] as const) {
  Deno.test(`commit() has the note or the whole content on the disk when ${step} ${at} fails`, async () => {
    await withFile(async (path) => {
      // The room is one write, its note another.
      const { fileSystem } = failing({ step, at: step === "write" ? 3 : at });
      const options = { bytes: 1000, mode: 0o600, note: NOTE, fileSystem };
      await using room = await reserveReplacement(path, options);
      await assert.rejects(room.commit(NEW), (failure) => isFull(failure, /cannot write /));
      assert.deepEqual(await Deno.readFile(path), OLD);
      const beside = await Deno.readFile(`${path}.new`);
      assert.ok(new TextDecoder().decode(beside).endsWith(`\n${NOTE}\n`));
      if (step !== "write") assert.deepEqual(beside.subarray(0, NEW.length), NEW);
    });
  });
}

Deno.test("adoptReservation() keeps what is there until it commits", async () => {
  await withFile(async (path) => {
    const left = new TextEncoder().encode(`${"x".repeat(500)}\n${NOTE}\n`);
    await Deno.writeFile(`${path}.new`, left);
    {
      await using _room = await adoptReservation(path);
    }
    assert.deepEqual(await Deno.readFile(`${path}.new`), left);
    await using room = await adoptReservation(path);
    await room.commit(NEW);
    assert.deepEqual(await Deno.readFile(path), NEW);
    assert.deepEqual(await names(path), ["file"]);
  });
});

Deno.test("adoptReservation() fails without harm when the file cannot be opened", async () => {
  await withFile(async (path) => {
    await assert.rejects(
      adoptReservation(path),
      (failure) => failure instanceof Failure && failure.code === "file.io",
    );
    assert.deepEqual(await names(path), ["file"]);
  });
});

for (const at of [1, 2, 3, 4]) {
  Deno.test(`reserveReplacement() leaves nothing when the disk is full at write ${at}, and works after`, async () => {
    await withFile(async (path) => {
      const broken = failing({ step: "write", at });
      const options = { bytes: 150_000, mode: 0o600, note: NOTE };
      await assert.rejects(
        reserveReplacement(path, { ...options, fileSystem: broken.fileSystem }),
        (failure) => isFull(failure, /cannot reserve space for /),
      );
      assert.equal(broken.open(), 0, "a file was left open");
      assert.deepEqual(await names(path), ["file"]);
      // Where not even the removing worked, the next one takes the part over.
      await Deno.writeFile(`${path}.new`, new Uint8Array(at * 1000));
      await using room = await reserveReplacement(path, options);
      await room.commit(NEW);
      assert.deepEqual(await Deno.readFile(path), NEW);
      assert.deepEqual(await names(path), ["file"]);
    });
  });
}

for (const step of ["open", "write", "sync"] as const) {
  Deno.test(`reserveReplacement() fails before anything is asked when ${step} fails`, async () => {
    await withFile(async (path) => {
      const broken = failing({ step, at: 1 });
      await assert.rejects(
        reserveReplacement(path, { bytes: 1000, mode: 0o600, fileSystem: broken.fileSystem }),
        (failure) => isFull(failure, /cannot reserve space for /),
      );
      assert.equal(broken.open(), 0, "a file was left open");
      assert.deepEqual(await Deno.readFile(path), OLD);
      assert.deepEqual(await names(path), ["file"]);
    });
  });
}

for (const step of ["write", "truncate", "sync", "rename"] as const) {
  Deno.test(`commit() leaves the old file whole and the new one beside when ${step} fails`, async () => {
    await withFile(async (path) => {
      const broken = failing({ step, at: step === "write" || step === "sync" ? 2 : 1 });
      {
        const { fileSystem } = broken;
        await using room = await reserveReplacement(path, { bytes: 1000, mode: 0o600, fileSystem });
        await assert.rejects(room.commit(NEW), (failure) => isFull(failure, /cannot write /));
      }
      assert.equal(broken.open(), 0, "a file was left open");
      assert.deepEqual(await Deno.readFile(path), OLD);
      assert.deepEqual(await names(path), ["file", "file.new"]);
      const beside = await Deno.readFile(`${path}.new`);
      if (step === "sync" || step === "rename") assert.deepEqual(beside, NEW);
    });
  });
}

Deno.test({
  name: "commit() fails, with the new file in place, when the folder cannot be synced",
  ignore: IS_WINDOWS, // which has no such call
  fn: async () => {
    await withFile(async (path) => {
      const broken = failing({ step: "sync", at: 3 });
      const { fileSystem } = broken;
      await using room = await reserveReplacement(path, { bytes: 1000, mode: 0o600, fileSystem });
      await assert.rejects(room.commit(NEW), (failure) => isFull(failure, /cannot write /));
      assert.deepEqual(await Deno.readFile(path), NEW);
    });
  },
});

Deno.test("commit() writes whole contents through a disk that takes one octet at a time", async () => {
  await withFile(async (path) => {
    const { fileSystem } = failing({ step: "none", at: 0, largestWrite: 1 });
    await using room = await reserveReplacement(path, { bytes: 50, mode: 0o600, fileSystem });
    await room.commit(NEW);
    assert.deepEqual(await Deno.readFile(path), NEW);
  });
});

Deno.test("reserveReplacement() gets past a file of another account that it may not write", async () => {
  await withFile(async (path) => {
    await Deno.writeFile(`${path}.new`, OLD);
    let isThere = true;
    const fileSystem: FileSystem = {
      ...Deno,
      open: async (name, options) => {
        if (isThere && String(name).endsWith(".new")) throw new Deno.errors.PermissionDenied("no");
        return await Deno.open(name, options);
      },
      remove: async (name) => {
        isThere = false;
        await Deno.remove(name);
      },
    };
    await replace(path, NEW, { fileSystem });
    assert.deepEqual(await Deno.readFile(path), NEW);
  });
});

Deno.test("reserveReplacement() tells a lacking right from a full disk", async () => {
  await withFile(async (path) => {
    const fileSystem: FileSystem = {
      ...Deno,
      open: () =>
        Promise.reject(new Deno.errors.PermissionDenied("Access is denied. (os error 5)")),
      remove: () =>
        Promise.reject(new Deno.errors.PermissionDenied("Access is denied. (os error 5)")),
    };
    await assert.rejects(
      reserveReplacement(path, { bytes: 1, mode: 0o600, fileSystem }),
      (failure) =>
        failure instanceof Failure && failure.code === "file.io" &&
        /access is denied/.test(failure.message) && /right to write/.test(failure.remedy ?? ""),
    );
  });
});

Deno.test("createDurably() makes a file once and tells who came second", async () => {
  await withFile(async (path) => {
    assert.equal(await createDurably(path, NEW, { mode: 0o600 }), false);
    assert.deepEqual(await Deno.readFile(path), OLD);
    await Deno.remove(path);
    const many = Array.from({ length: 10 }, () => createDurably(path, NEW, { mode: 0o600 }));
    assert.deepEqual((await Promise.all(many)).filter((isMine) => isMine), [true]);
    assert.deepEqual(await Deno.readFile(path), NEW);
    assert.deepEqual(await names(path), ["file"]);
  });
});

for (const step of ["open", "write", "sync", "link"] as const) {
  Deno.test(`createDurably() leaves nothing behind when ${step} fails`, async () => {
    await withFile(async (path) => {
      await Deno.remove(path);
      const broken = failing({ step, at: 1 });
      await assert.rejects(
        createDurably(path, NEW, { mode: 0o600, fileSystem: broken.fileSystem }),
        (failure) => failure instanceof Failure && failure.code === "file.cannot_create",
      );
      assert.equal(broken.open(), 0);
      assert.deepEqual(await names(path), []);
    });
  });
}

Deno.test("createDurably() does without hard links, which FAT and exFAT do not know", async () => {
  const refusals = [
    () => new Deno.errors.PermissionDenied("Operation not permitted (os error 1)"),
    () => new Error("Incorrect function. (os error 1)"),
  ];
  for (const refusal of refusals) {
    await withFile(async (path) => {
      const fileSystem: FileSystem = { ...Deno, link: () => Promise.reject(refusal()) };
      const options = { mode: 0o600, fileSystem };
      assert.equal(await createDurably(path, NEW, options), false);
      assert.deepEqual(await Deno.readFile(path), OLD);
      await Deno.remove(path);
      assert.equal(await createDurably(path, NEW, options), true);
      assert.deepEqual(await Deno.readFile(path), NEW);
      assert.deepEqual(await names(path), ["file"]);
      await Deno.remove(path);
      const full = (): Promise<void> => Promise.reject(new Error("No space left on device"));
      await assert.rejects(
        createDurably(path, NEW, { ...options, fileSystem: { ...fileSystem, rename: full } }),
        (failure) => failure instanceof Failure && failure.code === "file.cannot_create",
      );
      assert.deepEqual(await names(path), []);
    });
  }
});

Deno.test("reason() keeps the system's words and drops the path behind them", async () => {
  await withFile(async (path) => {
    const cause = await Deno.open(`${path}/none/at/all`).catch((thrown: unknown) => thrown);
    assert.ok(!reason(cause).includes("none"), reason(cause));
    assert.match(reason(cause), /^[a-z].*os error/);
    assert.equal(reason("thrown"), "thrown");
  });
});

// A disk that is full at the n-th call of one step, and counts the files that are open.
function failing(
  how: { readonly step: string; readonly at: number; readonly largestWrite?: number },
): { readonly fileSystem: FileSystem; open(): number } {
  let calls = 0;
  let open = 0;
  function check(step: string): void {
    if (step === how.step && ++calls === how.at) {
      throw new Error("No space left on device (os error 28)");
    }
  }
  const fileSystem: FileSystem = {
    open: async (path, options) => {
      check("open");
      const file = await Deno.open(path, options);
      open++;
      return new Proxy(file, {
        get: (target, name) => {
          if (name === "close") return () => (open--, target.close());
          if (name === "write") {
            return async (octets: Uint8Array) => {
              check("write");
              return await target.write(octets.subarray(0, how.largestWrite ?? octets.length));
            };
          }
          const member: unknown = Reflect.get(target, name, target);
          if (typeof member !== "function") return member;
          return async (...args: unknown[]): Promise<unknown> => {
            check(String(name));
            return await member.apply(target, args);
          };
        },
      });
    },
    rename: async (from, to) => {
      check("rename");
      await Deno.rename(from, to);
    },
    remove: async (path) => await Deno.remove(path),
    link: async (from, to) => {
      check("link");
      await Deno.link(from, to);
    },
  };
  return { fileSystem, open: () => open };
}

function isFull(failure: unknown, message: RegExp): boolean {
  assert.ok(failure instanceof Failure);
  assert.equal(failure.code, "file.io");
  assert.match(failure.message, message);
  assert.match(failure.message, /no space left on device/);
  assert.match(failure.remedy ?? "", /free some space/);
  return true;
}

async function replace(
  path: string,
  content: Uint8Array,
  options: { readonly bytes?: number; readonly fileSystem?: FileSystem } = {},
): Promise<void> {
  await using room = await reserveReplacement(path, { bytes: 1000, mode: 0o600, ...options });
  await room.commit(content);
}

async function withFile(body: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "plantpost-durable-" });
  try {
    // The separator that every system takes; the code under test looks for it on POSIX systems only.
    const path = `${folder}/file`;
    await Deno.writeFile(path, OLD);
    await body(path);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function names(path: string): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir(path.slice(0, -"/file".length))) found.push(entry.name);
  return found.sort();
}
