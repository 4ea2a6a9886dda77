// What a batch holds in memory, whatever its length.

import assert from "node:assert/strict";
import v8 from "node:v8";
import vm from "node:vm";
import { makeCertificates } from "../peers/certificates.ts";
import { startFastSmtp } from "../peers/fast_smtp.ts";
import { openDesk } from "./desk.ts";

const LINES = 5_000;
const MEGABYTE = 1_048_576;

const collect = garbageCollector();

Deno.test({
  name: collect === undefined
    ? "send --batch holds no line, mail or result behind it (skipped: no garbage collector to call)"
    : "send --batch holds no line, mail or result behind it, and reads ahead no further than the next",
  ignore: collect === undefined,
  fn: async () => {
    await using certificates = await makeCertificates();
    await using server = await startFastSmtp({ certificates, offersChunking: true });
    await using desk = await openDesk({ profile: profile(server.port) });
    const held: number[] = [];
    let farthestAhead = 0;
    async function* lines(): AsyncGenerator<Uint8Array> {
      const encoder = new TextEncoder();
      for (let line = 1; line <= LINES; line++) {
        farthestAhead = Math.max(farthestAhead, line - server.messageCount);
        if (line === 500 || line === LINES) {
          collect?.();
          held.push(Deno.memoryUsage().heapUsed);
        }
        const text = `${line} `.repeat(400);
        yield await Promise.resolve(
          encoder.encode(`${JSON.stringify({ to: "a@example.com", text })}\n`),
        );
      }
    }
    const { exitCode, stderr } = await desk.run(["send", "--batch", "-"], { stdin: lines() });
    assert.equal(exitCode, 0);
    assert.equal(stderr, `batch: ${LINES} sent`);
    // What the desk was told stays with it; a line, or the mail made of it, would be 9 MB.
    const [early = NaN, late = NaN] = held;
    const grown = (late - early) / MEGABYTE;
    assert.ok(grown < 5, `${grown.toFixed(1)} MB more behind ${LINES} lines`);
    assert.ok(farthestAhead <= 3, `read ${farthestAhead} lines ahead`);
  },
});

function garbageCollector(): (() => void) | undefined {
  try {
    v8.setFlagsFromString("--expose-gc");
    return vm.runInNewContext("gc");
  } catch {
    return undefined; // Deno 2.4
  }
}

function profile(port: number): string {
  return `[profiles.plant]
provider = "custom"
[profiles.plant.sender]
address = "plant@example.com"
[profiles.plant.smtp]
host = "127.0.0.1"
port = ${port}
tls = "none"
auth = "none"
[profiles.plant.limits]
messages_per_minute = 10000`;
}
