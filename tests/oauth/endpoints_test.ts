import assert from "node:assert/strict";
import { endpointsOf } from "../../src/oauth/endpoints.ts";
import { startOidcProvider } from "../peers/oidc.ts";
import { isFailure } from "../vault/fixtures.ts";

const ASKING = { fetch, timeoutMs: 10_000 };

Deno.test("endpointsOf() finds the endpoints of oidc-provider, and the profile's own come before them", async () => {
  await using oidc = await startOidcProvider({ clients: [] });
  const { authorizationEndpoint, deviceEndpoint, issuer, tokenEndpoint } = oidc;
  const found = { authorizationEndpoint, deviceEndpoint, tokenEndpoint };
  assert.deepEqual(await endpointsOf({ issuer }, ASKING), found);
  assert.deepEqual(
    await endpointsOf({ issuer, authorizationEndpoint: "https://own.example/a" }, ASKING),
    { ...found, authorizationEndpoint: "https://own.example/a" },
  );
  const device = { ...ASKING, needs: "deviceEndpoint" } as const;
  assert.deepEqual(
    await endpointsOf({ issuer, tokenEndpoint: "https://own.example/t" }, device),
    { ...found, tokenEndpoint: "https://own.example/t" },
  );
});

Deno.test("endpointsOf() asks nobody for what the profile says or the flow does not need", async () => {
  const nobody = (): never => assert.fail("asked");
  const known = { issuer: "https://login.example", tokenEndpoint: "https://login.example/t" };
  const asking = { fetch: nobody, timeoutMs: 1 };
  assert.deepEqual(await endpointsOf(known, asking), { tokenEndpoint: known.tokenEndpoint });
  const page = "https://login.example/a";
  assert.deepEqual(
    await endpointsOf({ ...known, authorizationEndpoint: page }, {
      ...asking,
      needs: "authorizationEndpoint",
    }),
    { tokenEndpoint: known.tokenEndpoint, authorizationEndpoint: page },
  );
});

Deno.test("endpointsOf() takes metadata of no other issuer, and no endpoint that secrets may not go to", async () => {
  const lines: string[] = [];
  const cases: readonly [unknown, number, string, RegExp][] = [
    [
      { issuer: "https://evil.example", token_endpoint: "https://evil.example/t" },
      200,
      "protocol",
      /issuer/,
    ],
    [{ token_endpoint: "http://login.example/t" }, 200, "protocol", /names the endpoint "http:/],
    [{ token_endpoint: "ftp://login.example/t" }, 200, "protocol", /names the endpoint "ftp:/],
    [{ token_endpoint: "nowhere" }, 200, "protocol", /names the endpoint "nowhere"/],
    [{}, 200, "protocol", /names no token_endpoint/],
    ["<html>", 200, "protocol", /answered HTTP 200/],
    [{}, 404, "protocol", /answered HTTP 404/],
    [{}, 503, "temporary", /answered HTTP 503/],
    [{}, 429, "temporary", /answered HTTP 429/],
  ];
  for (const [body, status, kind, pattern] of cases) {
    let place = "";
    await using server = serve(() => {
      const json = typeof body === "string"
        ? body
        : JSON.stringify({ issuer: place, ...body as object });
      return new Response(json, { status, headers: { "content-type": "application/json" } });
    });
    place = server.issuer;
    await assert.rejects(
      endpointsOf({ issuer: place }, {
        ...ASKING,
        transcript: (direction, line) => void lines.push(`${direction} ${line}`),
      }),
      isFailure(`oauth.${kind}`, pattern, kind === "protocol" ? /oauth\.issuer/ : /try again/),
      JSON.stringify(body),
    );
  }
  assert.match(
    lines[0] ?? "",
    /^C GET http:\/\/127\.0\.0\.1:\d+\/\.well-known\/openid-configuration$/,
  );
  assert.equal(lines[1], "S HTTP 200");
});

Deno.test("endpointsOf() says which hop failed where the issuer is not there", async () => {
  let issuer = "";
  {
    await using server = serve(() => new Response(null));
    issuer = server.issuer;
  }
  await assert.rejects(
    endpointsOf({ issuer }, ASKING),
    isFailure("net.unreachable", /127\.0\.0\.1/),
  );
});

function serve(answer: () => Response): AsyncDisposable & { readonly issuer: string } {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, answer);
  return {
    issuer: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
