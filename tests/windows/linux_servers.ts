// The servers that Windows cannot run, for the tests of this folder: starts oidc-provider, Dovecot and a sink on
// Linux, runs the command behind it, and ends with its exit code.
//
//   deno run --allow-all tests/windows/linux_servers.ts COMMAND ARGS…
//
// The command finds them through PLANTPOST_SERVERS, the address of a page that tells everything about them.

import { toBase64 } from "../../src/base/base64.ts";
import { startMailServers } from "../peers/mail_servers.ts";
import { SCOPE } from "../peers/oidc.ts";
import { CLIENT_SECRET, type ServersNow } from "./servers.ts";

/** Short, so that it runs out while the test waits; long enough for one send on a busy machine. */
const ACCESS_TOKEN_SECONDS = 8;

async function main(): Promise<number> {
  await using servers = await startMailServers({
    method: "client_secret_post",
    clientSecret: CLIENT_SECRET,
    accessTokenSeconds: ACCESS_TOKEN_SECONDS,
  });
  const { redirectUri, certificates, oidc, dovecot, sink } = servers;
  await using page = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async () => {
      const now: ServersNow = {
        redirectUri,
        scope: SCOPE,
        authorizationEndpoint: oidc.authorizationEndpoint,
        tokenEndpoint: oidc.tokenEndpoint,
        smtp: { host: dovecot.host, port: dovecot.port },
        authority: certificates.ca,
        refreshes: oidc.tokenRequests.get("refresh_token") ?? 0,
        secrets: [...oidc.secrets],
        messages: sink.messages.map(({ raw, ...envelope }) => ({
          ...envelope,
          raw: toBase64(raw),
        })),
        log: await dovecot.log(),
      };
      return Response.json(now);
    },
  );

  const [program = "", ...args] = Deno.args;
  const { code } = await new Deno.Command(program, {
    args,
    env: { PLANTPOST_SERVERS: `http://127.0.0.1:${page.addr.port}/` },
    stdin: "null",
  }).spawn().status;
  return code;
}

void main().then((code) => Deno.exit(code));
