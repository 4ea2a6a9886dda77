// Proxies as the program meets them: set in the environment or the profile, refusing, misspelt. Runs against the
// source and, with PLANTPOST_EXE, against the executable.

import assert from "node:assert/strict";
import { behindProxy, REFRESH_TOKEN } from "./behind_proxy.ts";
import { freePort } from "../peers/free_port.ts";

const SEND = ["send", "--to", "anna@contoso.example", "--text", "x", "--json"];

Deno.test("refresh goes through the proxy of the environment, and tells so on request", async () => {
  await using plant = await behindProxy();
  const env = { HTTPS_PROXY: `http://${plant.proxy}` };
  const { exitCode, stderr } = await plant.program.run(["refresh", "--verbose"], { env });
  assert.equal(exitCode, 0, stderr);
  assert.match(stderr, new RegExp(`^\\*: proxy http://${plant.proxy} \\(HTTPS_PROXY\\)$`, "m"));
  assert.deepEqual(plant.login.proxy.targets, [plant.login.place]);
  assert.equal(plant.login.requests[0]?.get("refresh_token"), REFRESH_TOKEN);
});

Deno.test("the profile's proxy is used whatever the environment says, and its password shows nowhere", async () => {
  const credentials = "CONTOSO\\svc:geheim-99 %/ü";
  await using plant = await behindProxy({
    conduct: { kind: "basic", credentials },
    oauth: (proxy) => `proxy = "http://CONTOSO%5Csvc:geheim-99%20%25%2F%C3%BC@${proxy}"`,
  });
  const env = { HTTPS_PROXY: `http://127.0.0.1:${freePort()}`, NO_PROXY: "*" };
  const { exitCode, stderr } = await plant.program.run(["refresh", "--verbose"], { env });
  assert.equal(exitCode, 0, stderr);
  assert.match(stderr, new RegExp(`^\\*: proxy http://${plant.proxy} \\(oauth\\.proxy\\)$`, "m"));
  assert.deepEqual(plant.login.proxy.targets, [plant.login.place]);
  const log = await Deno.readTextFile(plant.program.path("plantpost-data/plantpost.log"));
  assert.match(log, /oauth\.proxy/);
  for (const [name, text] of await plant.program.everythingWritten()) {
    const isProfile = name.endsWith("plantpost.toml");
    assert.equal(/geheim-99/.test(text), isProfile, name);
  }
});

Deno.test("a send gets its token through the proxy, too", async () => {
  await using plant = await behindProxy();
  const { exitCode } = await plant.program.run(SEND, { env: { HTTPS_PROXY: plant.proxy } });
  assert.equal(exitCode, 75); // nobody takes mail here
  assert.deepEqual(plant.login.proxy.targets, [plant.login.place]);
  assert.equal(plant.login.requests.length, 1);
});

Deno.test("a send whose token is good reads no proxy setting", async () => {
  await using plant = await behindProxy({
    grant: { accessTokenIssuedAtMs: Date.now(), accessTokenExpiresAtMs: Date.now() + 3_600_000 },
  });
  const { exitCode, stdout } = await plant.program.run(SEND, { env: { HTTPS_PROXY: "no proxy!" } });
  assert.equal(exitCode, 75);
  assert.equal(JSON.parse(stdout).error.code, "net.unreachable");
  assert.match(JSON.parse(stdout).error.message, /127\.0\.0\.1 port/);
});

Deno.test("a proxy that wants a password is a failure for scripts and people", async () => {
  await using plant = await behindProxy({ conduct: { kind: "basic", credentials: "a:b" } });
  const env = { HTTPS_PROXY: plant.proxy };
  const { exitCode, stdout } = await plant.program.run(["refresh", "--json"], { env });
  assert.equal(exitCode, 75);
  const { error } = JSON.parse(stdout);
  assert.equal(error.code, "net.unreachable");
  for (const words of [plant.proxy, plant.login.place, "HTTPS_PROXY", "HTTP 407", "Basic"]) {
    assert.ok(error.message.includes(words), `${words} in ${error.message}`);
  }
  assert.match(error.remedy, /USER:PASSWORD/);
  assert.equal(plant.login.requests.length, 0);
});

Deno.test("a proxy setting that is none ends a refresh and a sign-in before anything is sent", async () => {
  await using plant = await behindProxy();
  const env = { HTTPS_PROXY: "http://geheim99:99999" };
  for (const args of [["refresh"], ["login", "--no-browser"]]) {
    const { exitCode, stderr } = await plant.program.run(args, { env });
    assert.equal(exitCode, 78, stderr);
    assert.match(stderr, /^error: HTTPS_PROXY: must be a proxy such as http:\/\/proxy:8080/m);
    assert.ok(!/geheim99|open this address/.test(stderr), stderr);
  }
  assert.deepEqual(plant.login.proxy.targets, []);
});
