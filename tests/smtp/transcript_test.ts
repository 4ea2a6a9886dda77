import assert from "node:assert/strict";
import { type Cut, parseScript, play } from "./transcript_player.ts";

const FOLDER = new URL("../transcripts/smtp/", import.meta.url);
const RANDOM_ROUNDS = 8;

for (const { name } of [...Deno.readDirSync(FOLDER)].sort((a, b) => a.name < b.name ? -1 : 1)) {
  if (!name.endsWith(".txt")) continue;
  const topic = name.slice(0, -4);
  Deno.test(`openSession() and send() play the dialog ${topic}`, async () => {
    const script = parseScript(await Deno.readTextFile(new URL(name, FOLDER)));
    const expected = await Deno.readTextFile(new URL(`${topic}.outcome`, FOLDER));
    const secrets = secretsOf(script.settings);
    for (const [how, cut] of cuts(script.settings.get("cuts") === "whole")) {
      const { outcome, complaint, transcript } = await play(script, cut);
      const shown = `${JSON.stringify(outcome, null, 2)}\n`;
      assert.equal(complaint, undefined, `${how}\n${transcript.join("\n")}`);
      assert.equal(shown, expected.replaceAll("\r\n", "\n"), how);
      for (const secret of secrets) {
        assert.ok(!`${shown}${transcript.join("\n")}`.includes(secret), `${how}: a secret shows`);
      }
    }
  });
}

function* cuts(isWholeOnly: boolean): Generator<[string, Cut]> {
  yield ["whole", (available) => available];
  if (isWholeOnly) return;
  yield ["byte by byte", () => 1];
  for (let round = 0; round < RANDOM_ROUNDS; round++) {
    const seed = crypto.getRandomValues(new Uint32Array(1))[0] ?? 1;
    yield [`cut at random, seed ${seed}`, randomCut(seed)];
  }
}

function randomCut(seed: number): Cut {
  let state = seed | 1;
  return (available) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return 1 + (state >>> 0) % available;
  };
}

function secretsOf(settings: ReadonlyMap<string, string>): string[] {
  const plain = settings.get("auth") === "password"
    ? settings.get("password") ?? "Sesam-Oeffne-Dich"
    : settings.has("token-length")
    ? "xxxxxxxx"
    : settings.get("token") ?? "TOKEN-of-a-plant";
  // The middle of the base64 form, at each of its three alignments.
  const coded = [0, 1, 2].map((skip) => btoa(plain.slice(skip)).slice(0, 8));
  return [plain, plain.slice(0, 8), ...coded];
}
