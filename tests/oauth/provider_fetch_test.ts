// Requests through real proxies on loopback, to a token endpoint that only they can reach, and what is said when one
// does not let them through.

import assert from "node:assert/strict";
import { Failure } from "../../src/base/failure.ts";
import type { World } from "../../src/base/world.ts";
import { providerFetch } from "../../src/oauth/provider_fetch.ts";
import { refreshTokens } from "../../src/oauth/token_endpoint.ts";
import { startConnectProxy } from "../peers/connect_proxy.ts";
import { freePort } from "../peers/free_port.ts";
import { type PlantLogin, startPlantLogin } from "../peers/plant_login.ts";
import { isFailure } from "../vault/fixtures.ts";

Deno.test("providerFetch() goes through the proxy of the profile, and tells which without its password", async () => {
  await using login = await startPlantLogin({ kind: "basic", credentials: "anna:p@ss w/ö" });
  const { port } = login.proxy;
  const asked = await ask(login, { proxy: `http://anna:p%40ss%20w%2F%C3%B6@127.0.0.1:${port}` });
  assert.equal(asked.accessToken, "access-token-1");
  assert.deepEqual(login.proxy.targets, [login.place]);
  assert.equal(login.requests[0]?.get("refresh_token"), "refresh-token-0");
  assert.equal(asked.remarks[0], `*: proxy http://127.0.0.1:${port} (oauth.proxy)`);
  assert.ok(!asked.transcript.join("\n").includes("p@ss"));
  assert.deepEqual(asked.secrets, ["p@ss w/ö"]);
});

Deno.test("providerFetch() goes through the proxy of the environment and of the system", async () => {
  await using login = await startPlantLogin();
  const proxy = `127.0.0.1:${login.proxy.port}`;
  const byVariable = await ask(login, { env: { https_proxy: proxy } });
  assert.equal(byVariable.remarks[0], `*: proxy http://${proxy} (https_proxy)`);
  const remarks = ["Windows' proxy script http://wpad/proxy.pac: no answer"];
  const bySystem = await ask(login, {
    systemProxy: () => Promise.resolve({ proxy, source: "Windows settings", remarks }),
  });
  assert.deepEqual(bySystem.remarks, [
    `*: ${remarks[0]}`,
    `*: proxy http://${proxy} (Windows settings)`,
  ]);
  assert.deepEqual(login.proxy.targets, [login.place, login.place]);
});

Deno.test("providerFetch() goes through a proxy that speaks TLS", async () => {
  await using login = await startPlantLogin({ kind: "pass" }, { isProxyTls: true });
  const asked = await ask(login, { proxy: `https://localhost:${login.proxy.port}` });
  assert.equal(asked.accessToken, "access-token-1");
  assert.deepEqual(login.proxy.targets, [login.place]);
});

Deno.test("providerFetch() looks nothing up before the first request, and then once", async () => {
  await using login = await startPlantLogin();
  let [variables, lookUps] = [0, 0];
  const world = {
    ...WORLD,
    env: (): undefined => void variables++,
    systemProxy: () => {
      lookUps++;
      const proxy = `127.0.0.1:${login.proxy.port}`;
      return Promise.resolve({ proxy, source: "Windows settings", remarks: [] });
    },
  };
  using fetch = providerFetch({ world, certificates: [login.certificates.ca] });
  assert.equal(variables, 0);
  await refresh(login, fetch);
  const after = variables;
  assert.ok(after > 0);
  await refresh(login, fetch);
  assert.deepEqual([variables, lookUps], [after, 1]);
});

Deno.test("providerFetch() uses the runtime's own client where nothing is set", async () => {
  const seen: unknown[] = [];
  using fetch = providerFetch({
    world: {
      ...WORLD,
      fetch: (_, init) => {
        seen.push(init);
        return Promise.resolve(Response.json({ access_token: "a", token_type: "Bearer" }));
      },
    },
    certificates: [],
  });
  await refreshTokens(client("https://login.example/token"), "r", { fetch, timeoutMs: 5000 });
  assert.equal(seen.length, 1);
  // Only a proxy of whoever runs the tests would have to be kept away.
  const isKeptAway = ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"]
    .some((name) => Deno.env.has(name) || Deno.env.has(name.toLowerCase()));
  assert.equal(Object.hasOwn(seen[0] as object, "client"), isKeptAway);
});

Deno.test("providerFetch() fails before it sends where a proxy or certificate is none", async () => {
  const never = { ...WORLD, fetch: () => Promise.reject(new Error("nothing must be sent")) };
  const endpoint = "https://login.example/token";
  using proxy = providerFetch({ world: never, certificates: [], proxy: "http://:geheim99@" });
  const isNone = isFailure("profile.invalid", /^oauth\.proxy: must be a proxy/);
  await assert.rejects(proxy.routeTo(endpoint), isNone);
  await assert.rejects(
    refreshTokens(client(endpoint), "r", { fetch: proxy, timeoutMs: 5000 }),
    isNone,
  );
  const pem = "-----BEGIN CERTIFICATE-----\nno base64 at all!\n-----END CERTIFICATE-----";
  await assert.rejects(
    providerFetch({ world: never, certificates: [pem] }).routeTo(endpoint),
    isFailure(
      "profile.invalid",
      /HTTPS to login\.example/,
      /check the certificates in smtp\.ca_file$/,
    ),
  );
});

Deno.test("a failure without a proxy names the provider with its port, and why there was none", async () => {
  const port = freePort();
  const system = { source: "Windows has none set", remarks: [] };
  for (const endpoint of ["https://login.plant.test/token", `https://127.0.0.1:${port}/token`]) {
    const isName = endpoint.includes("plant");
    using fetch = providerFetch({
      world: { ...WORLD, systemProxy: () => Promise.resolve(system) },
      certificates: [],
    });
    await assert.rejects(
      refreshTokens(client(endpoint), "r", { fetch, timeoutMs: 20_000 }),
      isFailure(
        isName ? "net.unknown_host" : "net.unreachable",
        isName
          ? /find the address of login\.plant\.test:443: /
          : new RegExp(`reach 127.0.0.1:${port}: `),
        isName
          ? /no proxy was used: Windows has none set/
          : /no proxy was used: the address is this PC's/,
        /oauth\.proxy/,
      ),
    );
  }
});

Deno.test("a failure at the proxy names it, the setting, and the provider behind it", async () => {
  const port = freePort();
  const at = { place: "login.plant.test:8443", endpoint: "https://login.plant.test:8443/token" };
  await assert.rejects(
    ask(at, { env: { HTTPS_PROXY: `http://127.0.0.1:${port}` } }),
    isFailure(
      "net.unreachable",
      new RegExp(
        `cannot reach the proxy 127\\.0\\.0\\.1:${port} \\(HTTPS_PROXY\\) on the way to ` +
          "login\\.plant\\.test:8443: .*os error",
      ),
      /check the address in HTTPS_PROXY/,
    ),
  );
  await assert.rejects(
    ask(at, { proxy: "http://anna:geheim99@proxy.plant.test:8080" }),
    (failure: Error) =>
      isFailure(
        "net.unknown_host",
        /find the address of the proxy proxy\.plant\.test:8080 \(oauth\.proxy\) on the way to login/,
      )(failure) && !/geheim99/.test(said(failure)),
  );
  await assert.rejects(
    ask(at, { proxy: `socks5://127.0.0.1:${port}` }),
    isFailure("net.unreachable", /cannot reach the proxy 127/, /oauth\.proxy/),
  );
});

Deno.test("a proxy that refuses is quoted, with who must act", async () => {
  const rows = [
    ["403 Forbidden", /refused the way .*it answered HTTP 403 Forbidden/, /allow CONNECT to login/],
    ["502 Bad Gateway", /it answered HTTP 502 Bad Gateway/, /try again; .*does not reach login/],
    ["503 Service Unavailable", /it answered HTTP 503/, /try again/],
    ["407 No", /wants a user name and password for login\S+: it answered HTTP 407 No/, /USER:PASS/],
  ] as const;
  for (const [status, message, remedy] of rows) {
    await using login = await startPlantLogin({ kind: "refuse", status });
    await assert.rejects(
      ask(login, { env: { HTTPS_PROXY: `127.0.0.1:${login.proxy.port}` } }),
      isFailure("net.unreachable", message, remedy, /\(HTTPS_PROXY\)/, new RegExp(login.place)),
    );
    assert.equal(login.requests.length, 0);
  }
});

Deno.test("a proxy that wants a password is told apart from one that does not take it, and from NTLM", async () => {
  await using login = await startPlantLogin({ kind: "basic", credentials: "anna:geheim99" });
  const place = `127.0.0.1:${login.proxy.port}`;
  await assert.rejects(
    ask(login, { proxy: `http://${place}` }),
    isFailure(
      "net.unreachable",
      /wants a user name and password .* and offers Basic/,
      new RegExp(`http://USER:PASSWORD@${place}, in oauth\\.proxy`),
      /Kerberos/,
    ),
  );
  await assert.rejects(
    ask(login, { proxy: `http://anna:wrong-one@${place}` }),
    (failure: Error) =>
      isFailure("net.unreachable", /does not take the user name and password/)(failure) &&
      !/wrong-one/.test(said(failure)),
  );
  const challenges = ["Negotiate", "NTLM"];
  await using strict = await startPlantLogin({
    kind: "refuse",
    status: "407 Proxy Authentication Required",
    challenges,
  });
  await assert.rejects(
    ask(strict, { proxy: `127.0.0.1:${strict.proxy.port}` }),
    (failure: Error) =>
      isFailure("net.unreachable", /offers Negotiate, NTLM/, /Px or Cntlm/)(failure) &&
      !/USER:PASSWORD/.test(said(failure)),
  );
});

Deno.test("a proxy that closes, keeps silent or speaks another protocol is said to", async () => {
  await using closing = await startPlantLogin({ kind: "close" });
  await assert.rejects(
    ask(closing, { proxy: `127.0.0.1:${closing.proxy.port}` }),
    isFailure("net.unreachable", /closed the connection instead of opening the way to login/),
  );
  await using silent = await startPlantLogin({ kind: "stall" });
  await assert.rejects(
    ask(silent, { proxy: `127.0.0.1:${silent.proxy.port}`, timeoutMs: 150 }),
    isFailure("net.timeout", /took the connection and gave no answer about the way to login/),
  );
  await using strange = await startPlantLogin({
    kind: "greet",
    greeting: "220 mail.plant.test\r\n",
  });
  await assert.rejects(
    ask(strange, { proxy: `127.0.0.1:${strange.proxy.port}` }),
    isFailure("net.unreachable", /does not speak HTTP/, /check host, port and scheme/),
  );
});

Deno.test("a certificate that is not trusted is told from the proxy's own", async () => {
  await using login = await startPlantLogin();
  await assert.rejects(
    ask(login, { proxy: `127.0.0.1:${login.proxy.port}`, certificates: [] }),
    isFailure(
      "net.tls",
      /cannot trust login\.plant\.test:\d+, reached through the proxy 127\.\S+ \(oauth\.proxy\): .*UnknownIssuer/,
      /if the proxy inspects TLS/,
    ),
  );
  await using tls = await startPlantLogin({ kind: "pass" }, { isProxyTls: true });
  await assert.rejects(
    ask(tls, { proxy: `https://localhost:${tls.proxy.port}`, certificates: [] }),
    isFailure("net.tls", /cannot trust the proxy localhost:\d+ \(oauth\.proxy\) itself/),
  );
  assert.equal(tls.proxy.targets.length, 0);
});

Deno.test("a provider that gives no answer through an open proxy is said to", async () => {
  await using proxy = startConnectProxy();
  await using silent = startConnectProxy({ conduct: { kind: "stall" } });
  const at = { place: "x", endpoint: `https://login.plant.test:${silent.port}/token` };
  await assert.rejects(
    ask(at, { proxy: `127.0.0.1:${proxy.port}`, timeoutMs: 150 }),
    isFailure("net.timeout", /no answer from login\S+ through the proxy .* within 0\.15 seconds/),
  );
});

const WORLD: Pick<World, "env" | "fetch" | "keepSecret"> = {
  env: () => undefined,
  fetch,
  keepSecret: () => {},
};

interface Setting {
  readonly proxy?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly systemProxy?: World["systemProxy"];
  readonly certificates?: readonly string[];
  readonly timeoutMs?: number;
}

interface Asked {
  readonly accessToken: string;
  readonly transcript: readonly string[];
  /** The lines of it that are neither side's. */
  readonly remarks: readonly string[];
  readonly secrets: readonly string[];
}

async function ask(
  login: Pick<PlantLogin, "endpoint" | "place"> & {
    readonly certificates?: { readonly ca: string };
  },
  setting: Setting,
): Promise<Asked> {
  const [lines, secrets]: [string[], string[]] = [[], []];
  const transcript = (direction: string, line: string): void =>
    void lines.push(`${direction}: ${line}`);
  const trusted = login.certificates === undefined ? [] : [login.certificates.ca];
  using fetch = providerFetch({
    world: {
      ...WORLD,
      env: (name) => setting.env?.[name],
      keepSecret: (text) => void secrets.push(text),
      ...(setting.systemProxy === undefined ? {} : { systemProxy: setting.systemProxy }),
    },
    certificates: setting.certificates ?? trusted,
    ...(setting.proxy === undefined ? {} : { proxy: setting.proxy }),
    transcript,
  });
  const { accessToken } = await refreshTokens(client(login.endpoint), "refresh-token-0", {
    fetch,
    transcript,
    timeoutMs: setting.timeoutMs ?? 20_000,
  });
  const remarks = lines.filter((line) => line.startsWith("*"));
  return { accessToken, transcript: lines, remarks, secrets };
}

async function refresh(login: PlantLogin, fetch: World["fetch"]): Promise<void> {
  await refreshTokens(client(login.endpoint), "refresh-token-0", { fetch, timeoutMs: 20_000 });
}

function client(tokenEndpoint: string): Parameters<typeof refreshTokens>[0] {
  return { clientId: "the-client", clientAuth: "post", tokenEndpoint, scope: "mail.send" };
}

function said(failure: Error): string {
  return `${failure.message} ${failure instanceof Failure ? failure.remedy : ""}`;
}
