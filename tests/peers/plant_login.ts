// A token endpoint in a network whose only way out is a proxy: its name, which no DNS knows, leads to it through
// the proxy and in no other way. Every request is kept.

import { type ConnectProxy, type ProxyConduct, startConnectProxy } from "./connect_proxy.ts";
import { makeCertificates, type TestCertificates } from "./certificates.ts";

export const LOGIN_HOST = "login.plant.test";

export interface PlantLogin extends AsyncDisposable {
  /** `login.plant.test:port`. */
  readonly place: string;
  readonly endpoint: string;
  readonly requests: readonly URLSearchParams[];
  readonly certificates: TestCertificates;
  /** The one way there. */
  readonly proxy: ConnectProxy;
}

export async function startPlantLogin(
  conduct: ProxyConduct = { kind: "pass" },
  options: { readonly isProxyTls?: boolean } = {},
): Promise<PlantLogin> {
  const certificates = await makeCertificates(LOGIN_HOST);
  const requests: URLSearchParams[] = [];
  const { cert, key } = certificates;
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, cert, key, onListen: () => {} },
    async (request) => {
      requests.push(new URLSearchParams(await request.text()));
      return Response.json({
        token_type: "Bearer",
        access_token: `access-token-${requests.length}`,
        expires_in: 3600,
      });
    },
  );
  const proxy = startConnectProxy({
    conduct,
    ...(options.isProxyTls === true ? { tls: { cert, key } } : {}),
  });
  const place = `${LOGIN_HOST}:${server.addr.port}`;
  return {
    place,
    endpoint: `https://${place}/token`,
    requests,
    certificates,
    proxy,
    async [Symbol.asyncDispose](): Promise<void> {
      await proxy[Symbol.asyncDispose]();
      await server.shutdown();
      await certificates[Symbol.asyncDispose]();
    },
  };
}
