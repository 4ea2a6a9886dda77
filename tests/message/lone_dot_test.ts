import assert from "node:assert/strict";
import fc from "fast-check";
import { joinOctets } from "../../src/base/octets.ts";
import { untilLoneDot } from "../../src/message/lone_dot.ts";
import { RUNS } from "./readers.ts";

async function cutTo(text: string, cuts: readonly number[]): Promise<string> {
  const octets = new TextEncoder().encode(text);
  const pieces = async function* (): AsyncGenerator<Uint8Array> {
    let at = 0;
    for (const cut of [...cuts.filter((one) => one < octets.length), octets.length]) {
      yield await Promise.resolve(octets.slice(at, cut));
      at = cut;
    }
  };
  const parts = await Array.fromAsync(untilLoneDot(pieces()), (part) => part.slice());
  return new TextDecoder().decode(joinOctets(parts));
}

Deno.test("untilLoneDot() ends at a line with nothing but a dot, cut anywhere", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(".", "\n", "\r\n", "\r", "a", "..", " "), { maxLength: 40 }),
      fc.array(fc.nat({ max: 60 })).map((cuts) => [...new Set(cuts)].sort((a, b) => a - b)),
      async (words, cuts) => {
        const text = words.join("");
        const end = /(?:^|(?<=\n))\.(?:\r?\n|\r?$(?![^]))/.exec(text);
        const wanted = end === null ? text : text.slice(0, end.index);
        assert.equal(await cutTo(text, cuts), wanted);
      },
    ),
    { numRuns: RUNS.numRuns * 10 },
  );
});
