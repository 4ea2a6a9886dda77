// Flow `app`: nobody signs in, the program itself is what the provider knows. A token is fetched when one is needed,
// once for all that are due, and Dovecot takes it for the mailbox that the administrator permitted.

import assert from "node:assert/strict";
import { dovecotMissing } from "../peers/dovecot.ts";
import { mailProfile, startMailServers } from "../peers/mail_servers.ts";
import { until } from "../peers/wait.ts";
import { Program } from "./program.ts";

const MAILBOX = "reports@example.com";
const CLIENT_SECRET = "s3cret+/=:%41& of the app~";
const SEND = ["send", "--to", "boiler@example.com", "--text", "x", "--json"];

Deno.test({
  name: `flow app sends without anybody's sign-in${
    dovecotMissing === undefined ? "" : ` (skipped: ${dovecotMissing})`
  }`,
  ignore: dovecotMissing !== undefined,
  fn: async () => {
    await using program = await Program.create();
    await using servers = await startMailServers({
      method: "client_secret_post",
      clientSecret: CLIENT_SECRET,
      client: {
        grant_types: ["client_credentials"],
        redirect_uris: [],
        response_types: [],
        scope: "smtp",
      },
      mailboxOfApps: MAILBOX,
      accessTokenSeconds: 4,
    });
    const { oidc, sink } = servers;
    const tokensAsked = (): number => oidc.tokenRequests.get("client_credentials") ?? 0;
    await program.write(
      "plantpost.toml",
      mailProfile(servers, { user: MAILBOX })
        .replace(/^authorization_endpoint = .*\n/m, "")
        .replace(/^scope = .*$/m, 'flow = "app"\nscope = "smtp"'),
    );

    const withoutSecret = await program.run(SEND);
    assert.equal(withoutSecret.exitCode, 77, withoutSecret.stderr);
    assert.match(withoutSecret.stdout, /plantpost (?:secret set|cert new)/);
    const stored = await program.run(["secret", "set"], { stdin: `${CLIENT_SECRET}\n` });
    assert.equal(stored.exitCode, 0, stored.stderr);

    const many = await Promise.all(Array.from({ length: 5 }, () => program.run(SEND)));
    for (const { exitCode, stderr } of many) assert.equal(exitCode, 0, stderr);
    assert.equal((await sink.untilMessages(5)).length, 5);
    const status = await program.run(["status", "--json"]);
    assert.equal(status.exitCode, 0, status.stderr);
    const { accessToken, flow, grant, refreshToken } = JSON.parse(status.stdout);
    assert.deepEqual([flow, grant, refreshToken], ["app", "usable", undefined]);

    const before = tokensAsked();
    await until(() => Date.now() > Date.parse(accessToken.expiresAt), {
      what: "the end of the access token",
    });
    const later = await program.run(SEND);
    assert.equal(later.exitCode, 0, later.stderr);
    assert.equal(tokensAsked(), before + 1);

    const login = await program.run(["login", "--json"]);
    assert.equal(login.exitCode, 0, login.stderr);
    assert.match((await program.run(["login"])).stdout, /gave the app .* an access token/);
    const refresh = await program.run(["refresh"]);
    assert.equal(refresh.exitCode, 0, refresh.stderr);
    assert.equal(tokensAsked(), before + 4);
    assert.deepEqual([...oidc.tokenRequests.keys()], ["client_credentials"]);
    assert.deepEqual([...oidc.tokenAnswers.keys()], ["ok"]);

    const written = await program.everythingWritten();
    for (const secret of oidc.secrets) {
      for (const [place, text] of written) {
        assert.ok(!text.includes(secret), `a secret is in ${place}`);
      }
    }
  },
});
