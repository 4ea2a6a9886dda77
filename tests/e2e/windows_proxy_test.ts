// The proxy settings of Windows itself: fixed proxies, a script, a script that is dead, the machine's. The program asks
// Windows for them, and the registry holds what a person has set.

import assert from "node:assert/strict";
import { freePort } from "../peers/free_port.ts";
import {
  lendAccountSettings,
  lendMachineSettings,
  mayLendSettings,
} from "../peers/windows_internet_settings.ts";
import { type BehindProxy, behindProxy } from "./behind_proxy.ts";
import type { Outcome } from "./program.ts";

const WHY_NOT = Deno.build.os === "windows"
  ? "skipped: changes the proxy settings of this PC; set CI=1 to permit it"
  : "skipped: Windows' own settings";
const NOTE = mayLendSettings() ? "" : ` (${WHY_NOT})`;

function test(name: string, body: (plant: BehindProxy) => Promise<void>): void {
  Deno.test(`${name}${NOTE}`, { ignore: !mayLendSettings() }, async () => {
    await using plant = await behindProxy();
    await body(plant);
  });
}

test("a fixed proxy of the account is used for https, and named", async (plant) => {
  const proxies = `http=127.0.0.1:${freePort()};https=${plant.proxy}`;
  await using _lent = await lendAccountSettings({ proxies, exceptions: "*.example;<local>" });
  const outcome = await refresh(plant);
  assert.equal(outcome.exitCode, 0, outcome.stderr);
  assert.ok(has(outcome, `*: proxy http://${plant.proxy} (Windows settings)`), outcome.stderr);
  assert.deepEqual(plant.login.proxy.targets, [plant.login.place]);
});

test("an exception of the account means a direct connection, which the failure tells", async (plant) => {
  await using _lent = await lendAccountSettings({
    proxies: plant.proxy,
    exceptions: "*.example;*.plant.test",
  });
  const { exitCode, stderr } = await refresh(plant);
  assert.equal(exitCode, 68, stderr);
  assert.match(stderr, /no proxy was used: an exception in Windows settings names the host/);
  assert.deepEqual(plant.login.proxy.targets, []);
});

test("the environment comes before the account's settings, and NO_PROXY switches them off", async (plant) => {
  await using _lent = await lendAccountSettings({ proxies: `127.0.0.1:${freePort()}` });
  const used = await plant.program.run(["refresh"], { env: { HTTPS_PROXY: plant.proxy } });
  assert.equal(used.exitCode, 0, used.stderr);
  const off = await plant.program.run(["refresh"], { env: { NO_PROXY: "*" } });
  assert.equal(off.exitCode, 68);
  assert.match(off.stderr, /no proxy was used: NO_PROXY says so/);
});

test("a script is asked for the one address, and its answer is used", async (plant) => {
  await using script = serveScript(
    `if (url == "https://${plant.login.place}/") return "PROXY ${plant.proxy}; DIRECT"; return "DIRECT";`,
  );
  await using _lent = await lendAccountSettings({ script: script.url });
  const outcome = await refresh(plant);
  assert.equal(outcome.exitCode, 0, outcome.stderr);
  assert.ok(
    has(outcome, `*: proxy http://${plant.proxy} (Windows' proxy script ${script.url})`),
    outcome.stderr,
  );
  assert.deepEqual(plant.login.proxy.targets, [plant.login.place]);
});

test("a script that is dead holds nobody up: the fixed proxy is used, with a word about it", async (plant) => {
  await using silent = serveScript(undefined);
  await using _lent = await lendAccountSettings({ script: silent.url, proxies: plant.proxy });
  const outcome = await refresh(plant);
  assert.equal(outcome.exitCode, 0, outcome.stderr);
  assert.match(outcome.stderr, /^\*: Windows' proxy script http:\S+\/proxy\.pac: no answer/m);
  assert.ok(has(outcome, `*: proxy http://${plant.proxy} (Windows settings)`), outcome.stderr);
});

test("the machine's proxy serves accounts that have none of their own", async (plant) => {
  await using _none = await lendAccountSettings({});
  await using _lent = await lendMachineSettings(plant.proxy);
  const outcome = await refresh(plant);
  assert.equal(outcome.exitCode, 0, outcome.stderr);
  assert.ok(has(outcome, `*: proxy http://${plant.proxy} (netsh winhttp)`), outcome.stderr);
});

test("a setting of Windows that is no proxy is a failure that names it", async (plant) => {
  await using _lent = await lendAccountSettings({ proxies: "https=proxy:99999" });
  const { exitCode, stderr } = await refresh(plant);
  assert.equal(exitCode, 78, stderr);
  assert.match(stderr, /^error: Windows settings: must be a proxy such as/m);
});

async function refresh(plant: BehindProxy): Promise<Outcome> {
  return await plant.program.run(["refresh", "--verbose"]);
}

function has({ stderr }: Outcome, line: string): boolean {
  return stderr.split(/\r?\n/).includes(line);
}

/** Serves a script with this body; without one it takes the request and gives no answer. */
function serveScript(body: string | undefined): AsyncDisposable & { readonly url: string } {
  const over = Promise.withResolvers<void>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async () => {
    if (body === undefined) await over.promise;
    return new Response(`function FindProxyForURL(url, host) { ${body ?? ""} }`, {
      headers: { "content-type": "application/x-ns-proxy-autoconfig" },
    });
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}/proxy.pac`,
    async [Symbol.asyncDispose](): Promise<void> {
      over.resolve();
      await server.shutdown();
    },
  };
}
