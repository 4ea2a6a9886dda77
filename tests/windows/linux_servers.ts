// The servers that Windows cannot run, for the tests of this folder: starts oidc-provider, Dovecot and a sink on
// Linux, runs the command behind it, and ends with its exit code.
//
//   deno run --allow-all tests/windows/linux_servers.ts COMMAND ARGS…
//
// The command finds them through PLANTPOST_SERVERS, the address of a page that tells everything about them.

import { toBase64 } from "../../src/base/base64.ts";
import { makeCertificates } from "../peers/certificates.ts";
import { startDovecot } from "../peers/dovecot.ts";
import { freePort } from "../peers/free_port.ts";
import { SCOPE, startOidcProvider } from "../peers/oidc.ts";
import { startSink } from "../peers/sink.ts";
import { CLIENT_SECRET, type ServersNow } from "./servers.ts";

/** Short, so that it runs out while the test waits; long enough for one send on a busy machine. */
const ACCESS_TOKEN_SECONDS = 8;

async function main(): Promise<number> {
  await using stack = new AsyncDisposableStack();
  const redirectUri = `http://localhost:${freePort()}/`;
  const certificates = stack.use(await makeCertificates());
  const oidc = stack.use(
    await startOidcProvider({
      clients: [{
        client_id: "plant",
        client_secret: CLIENT_SECRET,
        redirect_uris: [redirectUri],
        token_endpoint_auth_method: "client_secret_post",
      }],
      accessTokenSeconds: ACCESS_TOKEN_SECONDS,
    }),
  );
  const sink = stack.use(await startSink());
  const dovecot = stack.use(
    await startDovecot({
      certificates,
      introspectionUrl: oidc.introspectionEndpoint,
      ...oidc.resourceServer,
      relayHost: sink.host,
      relayPort: sink.port,
    }),
  );
  const page = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async () => {
    const now: ServersNow = {
      redirectUri,
      scope: SCOPE,
      authorizationEndpoint: oidc.authorizationEndpoint,
      tokenEndpoint: oidc.tokenEndpoint,
      smtp: { host: dovecot.host, port: dovecot.port },
      authority: certificates.ca,
      refreshes: oidc.tokenRequests.get("refresh_token") ?? 0,
      secrets: [...oidc.secrets],
      messages: sink.messages.map(({ raw, ...envelope }) => ({ ...envelope, raw: toBase64(raw) })),
      log: await dovecot.log(),
    };
    return Response.json(now);
  });
  stack.defer(() => page.shutdown());

  const [program = "", ...args] = Deno.args;
  const { code } = await new Deno.Command(program, {
    args,
    env: { PLANTPOST_SERVERS: `http://127.0.0.1:${page.addr.port}/` },
    stdin: "null",
  }).spawn().status;
  return code;
}

void main().then((code) => Deno.exit(code));
