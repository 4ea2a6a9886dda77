import assert from "node:assert/strict";
import fc from "fast-check";
import type { SystemProxy } from "../../src/base/world.ts";
import { readProxy } from "../../src/base/proxy.ts";
import { chooseRoute, type RouteOptions } from "../../src/oauth/proxy.ts";
import { isFailure } from "../vault/fixtures.ts";

const LOGIN = "https://login.contoso.com/token";

Deno.test("readProxy() takes host and port, a URL, and user name and password in it", () => {
  const cases = [
    ["proxy:8080", "http://proxy:8080"],
    ["PROXY", "http://proxy:80"],
    ["10.1.2.3:3128", "http://10.1.2.3:3128"],
    ["[fd00::1]:3128", "http://[fd00::1]:3128"],
    ["http://proxy:8080/", "http://proxy:8080"],
    ["HTTP://Proxy:8080", "http://proxy:8080"],
    ["http://proxy", "http://proxy:80"],
    ["https://proxy", "https://proxy:443"],
    ["socks5://proxy", "socks5://proxy:1080"],
    ["socks5h://Proxy:1081", "socks5h://proxy:1081"],
  ] as const;
  for (const [text, url] of cases) {
    const proxy = readProxy(text, "oauth.proxy");
    assert.equal(proxy.url, url, text);
    assert.equal(proxy.credentials, undefined);
  }
  assert.equal(readProxy("[fd00::1]:3128", "x").host, "fd00::1");
  const signed = [
    ["http://anna:secret@proxy:8080", { username: "anna", password: "secret" }],
    ["anna:secret@proxy:8080", { username: "anna", password: "secret" }],
    ["http://CONTOSO%5Canna:p%40s%3As@proxy", { username: "CONTOSO\\anna", password: "p@s:s" }],
    ["http://anna:p@ss@proxy", { username: "anna", password: "p@ss" }],
    ["http://anna:50%@proxy", { username: "anna", password: "50%" }],
    ["socks5://anna@proxy", { username: "anna", password: "" }],
  ] as const;
  for (const [text, credentials] of signed) {
    const proxy = readProxy(text, "oauth.proxy");
    assert.deepEqual(proxy.credentials, credentials, text);
    assert.ok(!proxy.url.includes("@"), proxy.url);
  }
});

Deno.test("readProxy() refuses what is none, names the setting, and shows nothing of the value", () => {
  for (
    const text of [
      "ht!tp:/ /geheim99",
      "ftp://anna:geheim99@proxy:21",
      "socks4://geheim99:1080",
      "http://geheim99:99999",
      "http://geheim99:0",
      "http://proxy:8080/geheim99",
      "http://proxy:8080?geheim99",
      "http://anna:gehe#im99@proxy:8080",
      "http://",
      "://geheim99",
      ":8080",
      "geheim 99",
    ]
  ) {
    assert.throws(
      () => readProxy(text, "HTTPS_PROXY"),
      (failure: Error) =>
        isFailure("profile.invalid", /^HTTPS_PROXY: must be a proxy such as http:\/\/proxy:8080/)(
          failure,
        ) && !/geheim|anna|im99/.test(failure.message),
      text,
    );
  }
});

Deno.test("property: readProxy() gives back any user name and password that a URL can hold", () => {
  const part = fc.string({ unit: "binary", minLength: 1 });
  fc.assert(
    fc.property(part, part, (username, password) => {
      const url = `http://${encodeURIComponent(username)}:${
        encodeURIComponent(password)
      }@proxy:8080`;
      const proxy = readProxy(url, "oauth.proxy");
      assert.deepEqual(proxy.credentials, { username, password });
      assert.equal(proxy.url, "http://proxy:8080");
    }),
  );
});

Deno.test("chooseRoute() asks the profile, then the environment, then the system", async () => {
  const everything = {
    proxy: "profile:1",
    env: {
      HTTPS_PROXY: "https:2",
      https_proxy: "lower:3",
      ALL_PROXY: "all:4",
      all_proxy: "lower-all:5",
      HTTP_PROXY: "http:6",
    },
    system: { proxy: "system:7", source: "Windows settings", remarks: ["a remark"] },
  };
  assert.deepEqual(await route(everything), "http://profile:1 by oauth.proxy");
  const { proxy: _profile, ...inherited } = everything;
  assert.deepEqual(await route(inherited), "http://https:2 by HTTPS_PROXY");
  const order = [
    ["HTTPS_PROXY", "http://lower:3 by https_proxy"],
    ["https_proxy", "http://all:4 by ALL_PROXY"],
    ["ALL_PROXY", "http://lower-all:5 by all_proxy"],
    ["all_proxy", "http://system:7 by Windows settings"],
  ] as const;
  const env: Record<string, string> = { ...everything.env };
  for (const [unset, next] of order) {
    delete env[unset];
    assert.equal(await route({ env, system: everything.system }), next);
  }
  assert.equal(await route({}), "direct: none is set");
});

Deno.test("chooseRoute() lets NO_PROXY speak against the environment and the system, not against the profile", async () => {
  const system = { proxy: "system:7", source: "Windows settings", remarks: [] };
  for (const name of ["NO_PROXY", "no_proxy"]) {
    const env = { [name]: "contoso.com", HTTPS_PROXY: "not a proxy" };
    assert.equal(await route({ env, system }), `direct: ${name} says so`);
    assert.equal(await route({ env, system, proxy: "p:1" }), "http://p:1 by oauth.proxy");
  }
  const elsewhere = { NO_PROXY: "example.com" };
  assert.equal(await route({ env: elsewhere, system }), "http://system:7 by Windows settings");
});

Deno.test("chooseRoute() sends nothing for this PC itself through the system's proxy", async () => {
  const system = { proxy: "system:7", source: "Windows settings", remarks: [] };
  const target = "https://127.0.0.1:8443/token";
  assert.equal(await route({ target, system }), "direct: the address is this PC's own");
  const env = { HTTPS_PROXY: "p:1" };
  assert.equal(await route({ target, system, env }), "http://p:1 by HTTPS_PROXY");
});

Deno.test("chooseRoute() takes HTTP_PROXY for plain http alone, and not from a web server's visitor", async () => {
  const target = "http://localhost:8080/token";
  const env = { HTTP_PROXY: "p:1", HTTPS_PROXY: "q:2" };
  assert.equal(await route({ target, env }), "http://p:1 by HTTP_PROXY");
  const visitor = { ...env, REQUEST_METHOD: "GET" };
  assert.equal(await route({ target, env: visitor }), "direct: the address is this PC's own");
});

Deno.test("chooseRoute() passes on why the system has none, and what went wrong there", async () => {
  const system = { source: "Windows has none set", remarks: ["the script gave no answer"] };
  const chosen = await chooseRoute(new URL(LOGIN), {
    env: () => undefined,
    systemProxy: () => Promise.resolve(system),
  });
  assert.deepEqual(chosen, { whyDirect: system.source, remarks: system.remarks });
});

Deno.test("chooseRoute() fails for a setting that cannot be read instead of going another way", async () => {
  const system = { proxy: "p:1:2", source: "Windows settings", remarks: [] };
  await assert.rejects(route({ system }), isFailure("profile.invalid", /^Windows settings: must/));
  const env = { HTTPS_PROXY: "ht!tp://x", ALL_PROXY: "good:1" };
  await assert.rejects(route({ env }), isFailure("profile.invalid", /^HTTPS_PROXY: must/));
});

interface Setting {
  readonly target?: string;
  readonly proxy?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly system?: SystemProxy;
}

async function route(setting: Setting): Promise<string> {
  const { system } = setting;
  const options: RouteOptions = {
    env: (name) => setting.env?.[name],
    ...(setting.proxy === undefined ? {} : { proxy: setting.proxy }),
    ...(system === undefined ? {} : { systemProxy: () => Promise.resolve(system) }),
  };
  const { proxy, whyDirect } = await chooseRoute(new URL(setting.target ?? LOGIN), options);
  return proxy === undefined ? `direct: ${whyDirect}` : `${proxy.url} by ${proxy.source}`;
}
