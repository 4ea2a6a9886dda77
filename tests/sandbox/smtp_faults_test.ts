// Every fault of the mail server, met by the real program: what it says, what is to be done, and its exit code.

import assert from "node:assert/strict";
import { FAULTS } from "../../src/sandbox/faults.ts";
import {
  assertDone,
  assertFailure,
  exitCodeOf,
  type Expected,
  type FaultName,
  openScene,
  planted,
  type Scene,
} from "./scene.ts";

const LATER = { retry: "later", outcome: "failed" } as const;
const NEVER = { retry: "never", outcome: "failed" } as const;

/** Those that end in a failure when a small mail is sent. */
const REFUSED: { readonly [Name in FaultName]?: Expected } = {
  "greeting-421": { message: /421 4\.3\.2 Service not available/, ...LATER },
  "no-starttls": { message: /does not offer STARTTLS/, remedy: /nothing is sent/, ...NEVER },
  "starttls-injection": { message: /more than its reply to STARTTLS/, ...NEVER },
  "certificate-untrusted": {
    message: /authority that is not trusted/,
    remedy: /ca_file/,
    ...NEVER,
  },
  "certificate-expired": { message: /certificate has expired/, remedy: /clock/, ...LATER },
  "smtp-auth-disabled-tenant": {
    message: /535 5\.7\.139 .*disabled for the Tenant/,
    remedy: /Set-CASMailbox -Identity reports@contoso\.example/,
    outcome: "failed",
  },
  "smtp-auth-disabled-mailbox": {
    message: /535 5\.7\.139 .*disabled for the Mailbox/,
    remedy: /Set-CASMailbox -Identity reports@contoso\.example/,
    outcome: "failed",
  },
  "auth-temporary": { message: /454 4\.7\.0/, ...LATER },
  "token-refused": { message: /535 5\.7\.3/, remedy: /scope/, outcome: "failed" },
  "send-as-denied": { message: /550 5\.7\.60/, remedy: /Add-RecipientPermission/, ...NEVER },
  "send-as-denied-data": { message: /554 5\.2\.252/, remedy: /Add-RecipientPermission/, ...NEVER },
  "restricted-sender": { message: /550 5\.1\.8 Access denied/, ...NEVER },
  "concurrent-connections": { message: /432 4\.3\.2 Concurrent/, ...LATER },
  "rate-limit": { message: /421 4\.4\.2 Message submission rate/, ...LATER },
  "quota": { message: /SubmissionQuotaExceededException/, ...LATER },
  "mailbox-full": { message: /554 5\.2\.2 mailbox full/, ...NEVER },
  "logon-failed": { message: /430 4\.2\.0 .*logon failure/, ...NEVER },
  "too-big": { message: /552 5\.3\.4 Message size/, ...NEVER },
  "drop-after-message": { message: /did not say whether/, remedy: /ask/, outcome: "unknown" },
};

/** Those that need a test of their own. */
const OTHERS: { readonly [Name in FaultName]?: (scene: Scene) => Promise<void> } = {
  "token-refused-once": async (scene) => {
    const outcome = await scene.send(["--verbose"]);
    assertDone(outcome);
    assert.match(outcome.stderr, /535 5\.7\.3/);
    assert.deepEqual(scene.sandbox.faults.planted, [], "it works once");
  },
  "bdat-header-size": async (scene) => {
    const outcome = await scene.send(["--verbose"]);
    assertDone(outcome);
    assert.match(outcome.stderr, /552 5\.3\.4 Header size[^]*C: DATA/);
  },
  "recipient-unknown": async (scene) => {
    const nobody = ["send", "--to", "nobody@contoso.example", "--text", "x", "--json"];
    assertFailure(await scene.program.run(nobody), "recipient-unknown", {
      message: /accepted no recipient: 550 5\.1\.1/,
      ...NEVER,
    });
    const partial = await scene.send(["--cc", "nobody@contoso.example"]);
    assert.equal(partial.exitCode, exitCodeOf("recipient-unknown"), partial.stderr);
    const { outcome, accepted, rejected } = JSON.parse(partial.stdout);
    assert.equal(outcome, "partial");
    assert.deepEqual(accepted, ["anna@contoso.example"]);
    assert.equal(rejected[0].address, "nobody@contoso.example");
  },
  "drop-mid-message": async (scene) => {
    const big = await scene.program.write("big.bin", new Uint8Array(20_000_000));
    assertFailure(await scene.send(["--attach", big]), "drop-mid-message", {
      message: /connection/i,

      ...LATER,
    });
  },
};

Deno.test("every fault of the mail server reads as the catalogue of faults says", async (t) => {
  const names = FAULTS.filter(({ where }) => where === "smtp").map(({ name }) => name);
  const untested = names.filter((name) =>
    REFUSED[name] === undefined && OTHERS[name] === undefined
  );
  assert.deepEqual(untested, []);
  await using scene = await openScene();
  assertDone(await scene.login());
  for (const name of names) {
    await t.step(name, async () => {
      const before = (await scene.sandbox.messages()).length;
      using _ = planted(scene, name);
      const expected = REFUSED[name];
      if (expected === undefined) await OTHERS[name]?.(scene);
      else {
        assertFailure(await scene.send(), name, expected);
        const arrived = (await scene.sandbox.messages()).length - before;
        assert.equal(arrived, expected.outcome === "unknown" ? 1 : 0, "what the inbox holds");
      }
    });
  }
  await t.step("afterwards all is well again", async () => assertDone(await scene.send()));
});

Deno.test("a fault after N messages lets N messages through", async () => {
  await using scene = await openScene();
  assertDone(await scene.login());
  scene.sandbox.plant("quota", { after: 2 });
  assertDone(await scene.send());
  assertDone(await scene.send());
  assertFailure(await scene.send(), "quota", { message: /SubmissionQuota/, ...LATER });
});

Deno.test("whoever sends as somebody else is refused without any fault", async () => {
  await using scene = await openScene();
  assertDone(await scene.login());
  const outcome = await scene.send(["--from", "boss@contoso.example"]);
  assertFailure(outcome, "send-as-denied-data", {
    message: /not allowed to send as boss@/,
    ...NEVER,
  });
});
