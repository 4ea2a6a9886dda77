// A provider of the plant's own that is known by its issuer alone: the endpoints are found, kept with the grant, and
// used by whoever refreshes and sends afterwards.

import assert from "node:assert/strict";
import { dovecotMissing } from "../peers/dovecot.ts";
import { mailProfile, startMailServers } from "../peers/mail_servers.ts";
import { Program } from "./program.ts";

const ACCOUNT = "reports@example.com";

Deno.test({
  name: `a profile with an issuer signs in, refreshes and sends${
    dovecotMissing === undefined ? "" : ` (skipped: ${dovecotMissing})`
  }`,
  ignore: dovecotMissing !== undefined,
  fn: async () => {
    await using program = await Program.create();
    await using servers = await startMailServers({ method: "none", accessTokenSeconds: 3600 });
    const profile = mailProfile(servers, { user: ACCOUNT });
    const endpoints = /^(?:authorization|token)_endpoint = .*\n/gm;
    assert.equal(profile.match(endpoints)?.length, 2);
    await program.write(
      "plantpost.toml",
      profile.replaceAll(endpoints, "").replace(
        "scope =",
        `issuer = "${servers.oidc.issuer}"\nscope =`,
      ),
    );
    const login = program.start(["login", "--no-browser"]);
    const [url] = await login.untilStderr(/https?:\/\/\S+[?&]client_id=\S+/u);
    await servers.oidc.signIn(url, { account: ACCOUNT });
    const signedIn = await login.outcome;
    assert.equal(signedIn.exitCode, 0, signedIn.stderr);

    const refreshed = await program.run(["refresh"]);
    assert.equal(refreshed.exitCode, 0, refreshed.stderr);
    assert.equal(servers.oidc.tokenRequests.get("refresh_token"), 1);
    const sent = await program.run(["send", "--to", "a@example.com", "--text", "x", "--verbose"]);
    assert.equal(sent.exitCode, 0, sent.stderr);
    assert.doesNotMatch(sent.stderr, /well-known/, "a send asks for the endpoints anew");
    assert.equal((await servers.sink.untilMessages(1)).length, 1);

    await program.write(
      "plantpost.toml",
      (await Deno.readTextFile(program.path("plantpost.toml")))
        .replace(servers.oidc.issuer, "https://elsewhere.example"),
    );
    const moved = await program.run(["send", "--to", "a@example.com", "--text", "x"]);
    assert.equal(moved.exitCode, 77, moved.stderr);
    assert.match(moved.stderr, /was stored for oauth\.issuer "http:/);
    assert.match(moved.stderr, /elsewhere\.example/);
  },
});
