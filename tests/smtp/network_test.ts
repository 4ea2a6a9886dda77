import assert from "node:assert/strict";
import { Failure } from "../../src/base/failure.ts";
import { connectFailure, denoNetwork, tlsFailure } from "../../src/smtp/network.ts";

const PLACE = { host: "smtp.example.com", port: 587 };

Deno.test("denoNetwork() connects, knows its own address and reads what was written", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const stream = await denoNetwork().connect({
    host: "127.0.0.1",
    port: listener.addr.port,
    signal: new AbortController().signal,
  });
  using peer = await listener.accept();
  assert.equal(stream.localAddress, "127.0.0.1");
  assert.equal(await stream.write(new Uint8Array([1, 2])), 2);
  assert.equal(await peer.read(new Uint8Array(9)), 2);
  const waiting = stream.read(new Uint8Array(9));
  stream.close();
  await assert.rejects(waiting);
  stream.close();
});

Deno.test("denoNetwork() names host, port and firewall where nothing listens", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const signal = new AbortController().signal;
  await assert.rejects(
    denoNetwork().connect({ host: "127.0.0.1", port, signal }),
    (error) =>
      error instanceof Failure && error.code === "net.unreachable" &&
      error.message.startsWith(`cannot reach 127.0.0.1 port ${port}: `) &&
      error.remedy?.includes(`outbound connections to TCP port ${port}`) === true,
  );
});

Deno.test("denoNetwork() gives up with the signal's reason", async () => {
  const reason = new Error("stop");
  await assert.rejects(
    denoNetwork().connect({ host: "127.0.0.1", port: 9, signal: AbortSignal.abort(reason) }),
    reason,
  );
});

Deno.test("connectFailure() tells a name that cannot be resolved, on Linux and on Windows", () => {
  const words = [
    "failed to lookup address information: Name or service not known",
    "No such host is known. (os error 11001)",
  ];
  for (const text of words) {
    assert.equal(connectFailure(new Error(text), PLACE).code, "net.unknown_host", text);
  }
  assert.equal(
    connectFailure(new Error("Network is unreachable (os error 101)"), PLACE).code,
    "net.unreachable",
  );
});

Deno.test("tlsFailure() tells the reasons apart", () => {
  const rows: readonly (readonly [string, string, RegExp])[] = [
    ["invalid peer certificate: UnknownIssuer", "net.tls never", /not trusted here/],
    [
      "invalid peer certificate: certificate expired: verification time 1",
      "net.tls later",
      /has expired/,
    ],
    [
      "invalid peer certificate: certificate not valid yet: verification",
      "net.tls later",
      /not valid yet/,
    ],
    [
      'invalid peer certificate: certificate not valid for name "a"',
      "net.tls never",
      /another name/,
    ],
    ["received corrupt message of type InvalidContentType", "net.tls never", /does not speak TLS/],
    ["received fatal alert: HandshakeFailure", "net.tls later", /HandshakeFailure/],
    ["tls handshake eof", "net.lost later", /closed the connection/],
  ];
  for (const [words, code, says] of rows) {
    const failure = tlsFailure(new Error(words), PLACE);
    assert.equal(`${failure.code} ${failure.retry}`, code, words);
    assert.match(failure.message, says);
    assert.ok(failure.remedy !== undefined, words);
  }
});
