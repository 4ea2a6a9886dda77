import assert from "node:assert/strict";
import { Failure } from "../../src/base/failure.ts";
import { openSubmission } from "../../src/outbox/submission.ts";
import type { Network } from "../../src/smtp/network.ts";
import { Vault } from "../../src/vault/vault.ts";
import { isFailure, testProfile, testSettings, testWorld, withFolder } from "../vault/fixtures.ts";

/** Refuses before anything that reads a disk can have ended. */
const UNREACHABLE: Network = {
  connect: () => Promise.reject(new Failure("net.unreachable", "cannot reach the server")),
  connectTls: () => Promise.reject(new Failure("net.unreachable", "cannot reach the server")),
  startTls: () => Promise.reject(new Error("there is no connection")),
};

Deno.test("openSubmission() tells a missing sign-in or password before a server that is not there", async () => {
  await withFolder(async (folder) => {
    const world = testWorld();
    const vault = new Vault(testSettings(folder), world);
    const options = { vault, world, network: UNREACHABLE, signal: new AbortController().signal };
    const profile = testProfile();
    await assert.rejects(openSubmission(profile, options), isFailure("oauth.grant_missing"));
    const withPassword = { ...profile, smtp: { ...profile.smtp, auth: "password" as const } };
    await assert.rejects(openSubmission(withPassword, options), isFailure("oauth.secret_missing"));
    const anonymous = { ...profile, smtp: { ...profile.smtp, auth: "none" as const } };
    await assert.rejects(openSubmission(anonymous, options), isFailure("net.unreachable"));
  });
});
