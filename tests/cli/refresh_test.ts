// `refresh` as the task scheduler runs it on many PCs, beside mails: what its exit code says, and that it ends.

import assert from "node:assert/strict";
import { Failure } from "../../src/base/failure.ts";
import { freePort } from "../peers/free_port.ts";
import { until } from "../peers/wait.ts";
import { type Desk, openDesk } from "./desk.ts";
import { type FakeProvider, startFakeProvider } from "./fake_provider.ts";

interface Plant extends AsyncDisposable {
  readonly provider: FakeProvider;
  readonly desk: Desk;
  /** What was waited for, in milliseconds. */
  readonly waits: number[];
}

async function startPlant(): Promise<Plant> {
  await using stack = new AsyncDisposableStack();
  const provider = stack.use(startFakeProvider());
  const waits: number[] = [];
  const desk: Desk = stack.use(
    await openDesk({
      profile: `[profiles.plant]
provider = "custom"
user = "reports@example.com"
[profiles.plant.oauth]
client_id = "plant"
redirect_uri = "http://localhost:${freePort()}/"
authorization_endpoint = "${provider.authorizationEndpoint}"
token_endpoint = "${provider.tokenEndpoint}"
scope = "mail"
[profiles.plant.smtp]
host = "127.0.0.1"
port = 9`,
      sleep: (ms, signal) => {
        signal?.throwIfAborted();
        waits.push(ms);
        desk.nowMs += Math.ceil(ms);
        return Promise.resolve();
      },
    }),
  );
  provider.nowMs = () => desk.nowMs;
  const owned = stack.move();
  const signedIn = await desk.run(["login"], {
    openBrowser: (url) => {
      void provider.signIn(url).then((response) => response.body?.cancel());
      return Promise.resolve();
    },
  });
  assert.equal(signedIn.exitCode, 0, signedIn.stderr);
  return { provider, desk, waits, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function down(headers: Readonly<Record<string, string>> = {}): Response {
  return new Response("", { status: 503, headers });
}

Deno.test("refresh ends with 0, with 75 when it may be run again, and with 77 when a person must sign in", async () => {
  await using plant = await startPlant();
  const { desk, provider, waits } = plant;
  assert.equal((await desk.run(["refresh"])).exitCode, 0);

  provider.answers.push(...Array.from({ length: 20 }, () => down()));
  const later = await desk.run(["refresh", "--json"]);
  assert.equal(later.exitCode, 75);
  assert.equal(JSON.parse(later.stdout).error.retry, "later");
  assert.ok(waits.length > 1 && waits.reduce((sum, ms) => sum + ms, 0) <= 10_000, `${waits}`);
  assert.equal((await desk.run(["status"])).exitCode, 0, "the sign-in has not ended");

  provider.answers.splice(0);
  provider.answers.push(
    Response.json({ error: "invalid_grant", error_description: "AADSTS700082: idle" }, {
      status: 400,
    }),
  );
  assert.equal((await desk.run(["refresh"])).exitCode, 77);
  assert.equal((await desk.run(["status"])).exitCode, 77);
  // The next one asks, whatever was said before.
  assert.equal((await desk.run(["refresh"])).exitCode, 0);
  assert.equal((await desk.run(["status"])).exitCode, 0);
});

Deno.test("a mail after a refused sign-in fails at once, with the date and the catalogue's remedy", async () => {
  await using plant = await startPlant();
  const { desk, provider } = plant;
  desk.nowMs += 3_600_000;
  provider.answers.push(
    Response.json({ error: "invalid_grant", error_description: "AADSTS50173: revoked" }, {
      status: 400,
    }),
  );
  const send = ["send", "--to", "a@example.com", "--text", "x", "--json"];
  assert.equal((await desk.run(send)).exitCode, 77);
  const asked = provider.requests.length;
  desk.nowMs += 60_000;
  const told = await desk.run(send);
  assert.equal(told.exitCode, 77);
  const { error } = JSON.parse(told.stdout);
  assert.match(
    error.message,
    /AADSTS50173: revoked \(that was at 2026-11-24T09:00:00\.000Z; the provider is asked again from 2026-11-24T09:10:00\.000Z on, or at once by "plantpost refresh"\)$/,
  );
  assert.match(error.remedy, /plantpost login/);
  assert.equal(error.who, "user");
  assert.equal(provider.requests.length, asked);
});

Deno.test("Ctrl-C ends a refresh that waits for a provider in trouble", async () => {
  await using plant = await startPlant();
  const { desk, provider } = plant;
  provider.answers.push(...Array.from({ length: 20 }, () => down()));
  const stop = new AbortController();
  const { exitCode } = await desk.run(["refresh"], {
    signal: stop.signal,
    sleep: (_ms, signal) => {
      stop.abort(new Failure("interrupted", "interrupted by Ctrl-C"));
      return Promise.reject(signal?.reason);
    },
  });
  assert.equal(exitCode, 130);
  assert.equal(provider.requests.length, 2, "the sign-in, and one refresh");
  provider.answers.splice(0);
  assert.equal((await desk.run(["refresh"])).exitCode, 0);
});

Deno.test("login and refresh warn of a clock that is wrong, and a right one ends the warning", async () => {
  await using plant = await startPlant();
  const { desk, provider } = plant;
  provider.nowMs = () => desk.nowMs + 12 * 60_000;
  const wrong = await desk.run(["refresh", "--json"]);
  assert.equal(wrong.exitCode, 0);
  assert.match(wrong.stderr, /warning: this PC's clock is 12 minutes behind the provider's/);
  assert.deepEqual(
    JSON.parse(wrong.stdout).warnings.map(({ code }: { code: string }) => code),
    ["clock_wrong"],
  );
  const login = await desk.run(["login", "--json"], {
    openBrowser: (url) => {
      void provider.signIn(url).then((response) => response.body?.cancel());
      return Promise.resolve();
    },
  });
  assert.match(login.stdout, /"clock_wrong"/);
  provider.nowMs = () => desk.nowMs;
  const right = await desk.run(["refresh", "--json"]);
  assert.deepEqual(JSON.parse(right.stdout).warnings, []);
});

Deno.test("a send ends only when the renewal ahead of need, for which it did not wait, is stored", async () => {
  await using plant = await startPlant();
  const { desk, provider } = plant;
  desk.nowMs += 3_600_000 - 300_000;
  const { promise: late, resolve } = Promise.withResolvers<void>();
  provider.isHeldUp = late;
  let isOver = false;
  const sending = desk.run(["send", "--to", "a@example.com", "--text", "x", "--json"], {
    // The moment for which it waits is over when the provider was asked.
    sleep: async () => {
      await until(() => provider.requests.length === 2, { what: "the renewal" });
    },
  }).finally(() => isOver = true);
  await until(() => provider.requests.length === 2, { what: "the renewal" });
  assert.equal(isOver, false);
  resolve();
  const { exitCode, stdout } = await sending;
  assert.equal(exitCode, 75, stdout); // nobody listens at the mail server's port
  const status = JSON.parse((await desk.run(["status", "--json"])).stdout);
  assert.equal(status.refreshToken.lastUsedAt, "2026-11-24T08:55:00.000Z");
});
