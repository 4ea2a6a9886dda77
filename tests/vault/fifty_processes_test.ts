// Fifty processes that send at once with a token that is over: one of them asks the provider, and the others wait and
// use what it got. The provider rotates and detects reuse (RFC 9700 §4.14.2), so a second question with the same
// refresh token, or a lost one, would end the grant for all of them. The processes stay for all rounds, because their
// starting would take most of the time; each round opens the vault anew.

import assert from "node:assert/strict";
import { secretsOf, withSecrets } from "../../src/vault/content.ts";
import { Vault } from "../../src/vault/vault.ts";
import {
  spawnChild,
  testGrant,
  testProfile,
  testSettings,
  testWorld,
  withFolder,
} from "./fixtures.ts";
import { TextLineStream } from "./line_stream.ts";
import { startRotatingProvider } from "./rotating_provider.ts";

// Wine starts a process in a second, and each takes 60 MB.
const PROCESSES = Deno.build.os === "windows" ? 8 : 50;
const ROUNDS = Deno.build.os === "windows" ? 5 : 20;
/** More than the life of a token. */
const STEP_MS = 2 * 3_600_000;

interface Talking extends AsyncDisposable {
  say(line: string): Promise<void>;
  hear(): Promise<string>;
}

Deno.test(`pains 23: ${PROCESSES} processes with a token that is over refresh exactly once, ${ROUNDS} times`, async () => {
  await using provider = startRotatingProvider({ detectsReuse: true, pauseMs: () => 5 });
  await withFolder(async (folder) => {
    await using processes = new AsyncDisposableStack();
    const profile = testProfile({ oauth: { tokenEndpoint: provider.endpoint } });
    const grant = testGrant(profile, { refreshToken: provider.signIn() });
    const vault = new Vault(testSettings(folder), testWorld());
    await vault.update(async (content, save) =>
      await save(withSecrets(content, profile.name, { grant }))
    );
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const input = { folder, port: listener.addr.port, tokenEndpoint: provider.endpoint };
    const children: Talking[] = [];
    for (let i = 0; i < PROCESSES; i++) processes.use(startChild(input, listener));
    for (let i = 0; i < PROCESSES; i++) {
      children.push(processes.use(talkOver(await listener.accept())));
    }
    listener.close();
    let nowMs = Date.now();
    for (let round = 1; round <= ROUNDS; round++) {
      nowMs += STEP_MS;
      await Promise.all(children.map((child) => child.say(`${nowMs}`)));
      const heard = new Set(await Promise.all(children.map((child) => child.hear())));
      assert.equal(provider.answers, round, `round ${round}`);
      assert.deepEqual([...heard], [`access-token-${round + 1}`]);
      assert.ok(!provider.isRevoked, "a used refresh token came again");
      const stored = secretsOf(await vault.read(), profile.name).grant;
      assert.equal(stored?.refreshToken, provider.newest);
      assert.equal(stored.interruptedAtMs, undefined);
    }
  });
});

/** Ends with the connection that it opens; one that fails before ends the waiting for it. */
function startChild(input: unknown, listener: Deno.Listener): AsyncDisposable {
  const child = spawnChild("./fifty_child.ts", input);
  void child.status.then(({ success }) => {
    if (!success) listener.close();
  });
  return {
    async [Symbol.asyncDispose](): Promise<void> {
      const { code, stderr } = await child.output();
      assert.equal(code, 0, new TextDecoder().decode(stderr));
    },
  };
}

function talkOver(connection: Deno.Conn): Talking {
  const reader = connection.readable.pipeThrough(new TextLineStream()).getReader();
  return {
    say: async (line) => {
      await connection.write(new TextEncoder().encode(`${line}\n`));
    },
    async hear(): Promise<string> {
      const { value } = await reader.read();
      if (value === undefined) throw new Error("a process ended");
      return value;
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await reader.cancel();
    },
  };
}
