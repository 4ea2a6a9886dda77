// Token requests through a SOCKS5 server that other people wrote.

import assert from "node:assert/strict";
import { providerFetch } from "../../src/oauth/provider_fetch.ts";
import { refreshTokens } from "../../src/oauth/token_endpoint.ts";
import { freePort } from "../peers/free_port.ts";
import { microsocksMissing, startMicrosocks } from "../peers/microsocks.ts";
import { startPlantLogin } from "../peers/plant_login.ts";
import { isFailure } from "../vault/fixtures.ts";

const NOTE = microsocksMissing === undefined ? "" : ` (skipped: ${microsocksMissing})`;
const OPTIONS = { ignore: microsocksMissing !== undefined };
const CREDENTIALS = { username: "anna", password: "p@ss: w/" };

Deno.test(
  `providerFetch() goes through a SOCKS5 server, with a password or without${NOTE}`,
  OPTIONS,
  async () => {
    await using login = await startPlantLogin();
    // The server asks this PC's names, so the endpoint has one that it knows.
    const endpoint = login.endpoint.replace("login.plant.test", "localhost");
    await using open = await startMicrosocks();
    await refresh(endpoint, {
      proxy: `socks5://127.0.0.1:${open.port}`,
      ca: login.certificates.ca,
    });
    assert.match(open.told(), new RegExp(`connected to localhost:${new URL(endpoint).port}`));
    await using closed = await startMicrosocks(CREDENTIALS);
    const { username, password } = CREDENTIALS;
    const proxy = `socks5://${username}:${encodeURIComponent(password)}@127.0.0.1:${closed.port}`;
    await refresh(endpoint, { proxy, ca: login.certificates.ca });
    assert.match(closed.told(), /connected to localhost/);
    assert.equal(login.requests.length, 2);
  },
);

Deno.test(
  `a SOCKS5 server that does not let through is named, with what it wants${NOTE}`,
  OPTIONS,
  async () => {
    await using server = await startMicrosocks(CREDENTIALS);
    const place = `127.0.0.1:${server.port}`;
    const port = freePort();
    const rows = [
      [
        `socks5://${place}`,
        /through the proxy 127\S+ \(oauth\.proxy\): No acceptable auth/,
        /USER:PASSWORD@/,
      ],
      [`socks5://anna:wrong-one@${place}`, /Password auth failure/, /correct them in oauth\.proxy/],
      [
        `socks5://anna:${encodeURIComponent(CREDENTIALS.password)}@${place}`,
        new RegExp(
          `cannot reach localhost:${port} through the proxy ${place} \\S+: Connection refused`,
        ),
        new RegExp(`allow connections to localhost:${port}`),
      ],
    ] as const;
    for (const [proxy, message, remedy] of rows) {
      await assert.rejects(
        refresh(`https://localhost:${port}/token`, { proxy, ca: "" }),
        (failure: Error) =>
          isFailure("net.unreachable", message, remedy)(failure) &&
          !failure.message.includes("wrong-one"),
      );
    }
  },
);

async function refresh(
  tokenEndpoint: string,
  { proxy, ca }: { readonly proxy: string; readonly ca: string },
): Promise<void> {
  using providers = providerFetch({
    world: { env: () => undefined, fetch, keepSecret: () => {} },
    certificates: ca === "" ? [] : [ca],
    proxy,
  });
  const client = { clientId: "c", clientAuth: "post", tokenEndpoint, scope: "s" } as const;
  await refreshTokens(client, "r", { fetch: providers, timeoutMs: 20_000 });
}
