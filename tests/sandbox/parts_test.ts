// The sandbox's small parts: certificates, DER, the plan of faults, the inbox's bounds.

import assert from "node:assert/strict";
import { Failure } from "../../src/base/failure.ts";
import { makeAuthority, usualValidity } from "../../src/sandbox/authority.ts";
import { integer, objectId, sequence, utcTime } from "../../src/base/der.ts";
import { FaultPlan, parseFault } from "../../src/sandbox/fault_plan.ts";
import { FAULTS } from "../../src/sandbox/faults.ts";
import { html } from "../../src/sandbox/html.ts";
import { Inbox } from "../../src/sandbox/inbox.ts";
import { startSandbox } from "../../src/sandbox/sandbox.ts";

function hex(octets: Uint8Array): string {
  return Array.from(octets, (octet) => octet.toString(16).padStart(2, "0")).join("");
}

Deno.test("DER is written as X.690 and RFC 5280 show it", () => {
  assert.equal(hex(objectId("1.2.840.10045.4.3.2")), "06082a8648ce3d040302");
  assert.equal(hex(integer(Uint8Array.of(0, 0, 0x80))), "02020080");
  assert.equal(hex(integer(Uint8Array.of(0))), "020100");
  assert.equal(hex(utcTime(Date.parse("2026-11-24T08:09:10Z"))), "170d3236313132343038303931305a");
  assert.equal(hex(sequence(new Uint8Array(200)).subarray(0, 3)), "3081c8");
  assert.equal(hex(sequence(new Uint8Array(300)).subarray(0, 4)), "3082012c");
});

Deno.test("makeAuthority() makes certificates that TLS takes for localhost and both loopback addresses", async () => {
  const nowMs = Date.now();
  const [authority, stranger] = await Promise.all([makeAuthority(nowMs), makeAuthority(nowMs)]);
  const { cert, key } = await authority.issue(usualValidity(nowMs));
  const names = ["localhost", "127.0.0.1"];
  for (const name of names) {
    assert.equal(await shake({ cert, key, ca: authority.certificate, name }), "ok");
  }
  assert.match(
    await shake({ cert, key, ca: stranger.certificate, name: "localhost" }),
    /UnknownIssuer|BadSignature/,
  );
});

/** `ok`, or why the handshake failed. */
async function shake(
  at: { readonly cert: string; readonly key: string; readonly ca: string; readonly name: string },
): Promise<string> {
  using listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert: at.cert, key: at.key });
  const serving = listener.accept().then(async (conn) => {
    using accepted = conn;
    await accepted.handshake().catch(() => {});
  });
  const plain = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  const tls = await Deno.startTls(plain, { hostname: at.name, caCerts: [at.ca] });
  const result = await tls.handshake().then(() => "ok", (cause) => String(cause));
  tls.close();
  await serving;
  return result;
}

Deno.test("FaultPlan activates after N messages, and a fault that works once is gone", () => {
  const active: string[] = [];
  const plan = new FaultPlan(({ name }) => active.push(name));
  plan.plant(parseFault("quota:after=2"));
  plan.plant(parseFault("token-refused-once"));
  assert.deepEqual(active, ["token-refused-once"]);
  assert.ok(plan.takeOnce("token-refused-once"));
  assert.ok(!plan.takeOnce("token-refused-once"));
  plan.countMessage();
  assert.ok(!plan.isActive("quota"));
  assert.deepEqual(plan.planted, [{ name: "quota", messagesLeft: 1 }]);
  plan.countMessage();
  plan.countMessage();
  assert.ok(plan.isActive("quota"));
  assert.deepEqual(active, ["token-refused-once", "quota"]);
  plan.clear("quota");
  assert.deepEqual(plan.planted, []);
});

Deno.test("parseFault() refuses what is no fault", () => {
  for (
    const text of ["", "quota:after=", "quota:after=-1", "quota:2", "Quota", "nothing:after=1"]
  ) {
    assert.throws(() => parseFault(text), (failure) => {
      assert.ok(failure instanceof Failure);
      assert.equal(failure.code, "usage.invalid");
      return true;
    }, text);
  }
});

Deno.test("the catalogue of faults names each once, with an answer and a contract's exit code", () => {
  const names = FAULTS.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  assert.ok(names.length >= 40, `${names.length}`);
  const codes = [0, 65, 67, 69, 74, 75, 76, 77];
  for (const { name, exitCode, answers } of FAULTS) {
    assert.ok(codes.includes(exitCode) && answers.length > 10, name);
  }
});

Deno.test("Inbox keeps the newest within its bounds, and mail that cannot be read", async () => {
  const inbox = new Inbox({ messages: 3, bytes: 100 });
  const add = (source: Uint8Array<ArrayBuffer>): string =>
    inbox.add({ reversePath: "a@b", recipients: ["c@d"], source }, 0);
  for (let count = 0; count < 5; count++) add(new Uint8Array(10));
  assert.deepEqual((await inbox.list()).map(({ id }) => id), ["5", "4", "3"]);
  add(new Uint8Array(95));
  assert.deepEqual((await inbox.list()).map(({ id }) => id), ["6"]);
  add(new Uint8Array(500));
  assert.deepEqual((await inbox.list()).map(({ id }) => id), ["7"]);
  assert.equal(await inbox.find("6"), undefined);
  assert.deepEqual((await inbox.find("7"))?.recipients, ["c@d"]);
});

Deno.test("html`` escapes every value that is not HTML itself", () => {
  const row = html`<td title="${`"'<&`}">${html`<b>${"<i>"}</b>`}</td>`;
  assert.equal(row.text, `<td title="&quot;&#39;&lt;&amp;"><b>&lt;i&gt;</b></td>`);
});

Deno.test("startSandbox() says which port is taken, and leaves nothing open", async () => {
  await using first = await startSandbox();
  for (const option of ["port", "smtpPort"] as const) {
    await assert.rejects(startSandbox({ [option]: first.smtpPort }), (failure) => {
      assert.ok(failure instanceof Failure);
      assert.equal(failure.code, "file.cannot_create");
      assert.match(failure.message, /another program uses it/);
      return true;
    });
  }
});
