// Mail through real proxies: one that tunnels by CONNECT and one of SOCKS5 that other people wrote, to an SMTP server
// that other people wrote, with TLS inside the tunnel.

import assert from "node:assert/strict";
import { once } from "node:events";
import { SMTPServer } from "smtp-server";
import { Failure } from "../../src/base/failure.ts";
import { readProxy } from "../../src/base/proxy.ts";
import { openSession, type SessionOptions } from "../../src/smtp/client.ts";
import { denoNetwork } from "../../src/smtp/network.ts";
import { makeCertificates, type TestCertificates } from "../peers/certificates.ts";
import { type ProxyConduct, startConnectProxy } from "../peers/connect_proxy.ts";
import { freePort } from "../peers/free_port.ts";
import { microsocksMissing, startMicrosocks } from "../peers/microsocks.ts";

interface Peer extends AsyncDisposable {
  readonly port: number;
  readonly recipients: string[];
}

async function startPeer(
  { cert, key }: TestCertificates,
  { isImplicit }: { readonly isImplicit: boolean },
): Promise<Peer> {
  const recipients: string[] = [];
  const server = new SMTPServer({
    cert,
    key,
    secure: isImplicit,
    authMethods: ["XOAUTH2"],
    disableReverseLookup: true,
    onAuth: (auth, _session, callback) => callback(null, { user: auth.username }),
    onRcptTo: (address, _session, callback) => {
      recipients.push(address.address);
      callback();
    },
  });
  server.on("error", () => undefined);
  const listening = server.listen(0, "127.0.0.1");
  await once(listening, "listening");
  return {
    port: (listening.address() as { port: number }).port,
    recipients,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

const MESSAGE = new TextEncoder().encode("Subject: hi\r\n\r\nhi\r\n");

async function sendThrough(
  proxy: string,
  more: Partial<SessionOptions>,
): Promise<readonly string[]> {
  const notes: string[] = [];
  await using session = await openSession({
    host: "smtp.plant.test", // known to no DNS: the proxy resolves it
    port: 587,
    tls: "starttls",
    timeoutMs: 10_000,
    caCerts: [],
    network: denoNetwork(),
    proxy: readProxy(proxy, "smtp.proxy"),
    credentials: () =>
      Promise.resolve({ kind: "token", mechanism: "xoauth2", user: "a@x", accessToken: "TOKEN" }),
    initialResponse: "auto",
    chunking: "auto",
    signal: new AbortController().signal,
    transcript: (direction, line) => notes.push(`${direction}: ${line}`),
    ...more,
  });
  const message = {
    sizeBytes: MESSAGE.length,
    needsEightBitMime: false,
    needsSmtpUtf8: false,
    async *chunks(): AsyncGenerator<Uint8Array, void> {
      await Promise.resolve();
      yield MESSAGE;
    },
  };
  const { accepted } = await session.send(
    { reversePath: "a@x.example", recipients: ["anna@example.com"] },
    message,
  );
  assert.deepEqual(accepted, ["anna@example.com"]);
  return notes;
}

for (const tls of ["starttls", "implicit"] as const) {
  Deno.test(`openSession() goes through a CONNECT proxy, with ${tls} TLS inside`, async () => {
    await using certificates = await makeCertificates("smtp.plant.test");
    await using peer = await startPeer(certificates, { isImplicit: tls === "implicit" });
    const conduct: ProxyConduct = { kind: "basic", credentials: "anna:geheim99" };
    await using proxy = startConnectProxy({ conduct });
    const notes = await sendThrough(`http://anna:geheim99@127.0.0.1:${proxy.port}`, {
      port: peer.port,
      tls,
      caCerts: [certificates.ca],
    });
    assert.deepEqual(proxy.targets, [`smtp.plant.test:${peer.port}`]);
    assert.deepEqual(peer.recipients, ["anna@example.com"]);
    const way = `through http://127.0.0.1:${proxy.port} (smtp.proxy)`;
    assert.equal(
      notes[0],
      `*: connected to smtp.plant.test:${peer.port} ${way}${tls === "implicit" ? ", TLS" : ""}`,
    );
    assert.ok(!notes.join("\n").includes("geheim99"));
  });
}

Deno.test({
  name: `openSession() goes through microsocks, with a password${
    microsocksMissing === undefined ? "" : ` (skipped: ${microsocksMissing})`
  }`,
  ignore: microsocksMissing !== undefined,
  fn: async () => {
    await using certificates = await makeCertificates();
    await using peer = await startPeer(certificates, { isImplicit: false });
    await using proxy = await startMicrosocks({ username: "anna", password: "p@ss: w/" });
    const more = { host: "localhost", port: peer.port, caCerts: [certificates.ca] };
    await sendThrough(`socks5://anna:p%40ss%3A%20w%2F@127.0.0.1:${proxy.port}`, more);
    assert.deepEqual(peer.recipients, ["anna@example.com"]);
    assert.match(proxy.told(), new RegExp(`connected to localhost:${peer.port}`));
    await assert.rejects(
      sendThrough(`socks5://anna:geheim99@127.0.0.1:${proxy.port}`, more),
      isFailure("net.unreachable", /does not take the user name and password for localhost/),
    );
    const refused = sendThrough(`socks5://anna:p%40ss%3A%20w%2F@127.0.0.1:${proxy.port}`, {
      ...more,
      port: freePort(),
    });
    await assert.rejects(refused, isFailure("net.unreachable", /SOCKS5 reply/));
  },
});

function isFailure(code: string, says: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof Failure, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, says);
    assert.ok(!`${error.message}${error.remedy}`.includes("geheim99"));
    return true;
  };
}

Deno.test("openSession() names the proxy, the setting, the target and who must act", async () => {
  const rows: readonly (readonly [ProxyConduct, RegExp])[] = [
    [
      { kind: "refuse", status: "403 Forbidden" },
      /refused the way to smtp\.plant\.test:587: .* 403/,
    ],
    [
      { kind: "close" },
      /closed the connection instead of opening the way to smtp\.plant\.test:587$/,
    ],
    [
      { kind: "greet", greeting: "220 proxy ESMTP\r\n" },
      /does not speak HTTP: no way to smtp\.plant/,
    ],
  ];
  for (const [conduct, says] of rows) {
    await using proxy = startConnectProxy({ conduct });
    const url = `http://127.0.0.1:${proxy.port}`;
    const named = new RegExp(`^the proxy ${url} \\(smtp\\.proxy\\) ${says.source}`);
    await assert.rejects(sendThrough(url, {}), isFailure("net.unreachable", named));
  }
});

Deno.test("openSession() tells a proxy that says nothing from one that is not there", async () => {
  await using silent = startConnectProxy({ conduct: { kind: "stall" } });
  const url = `http://127.0.0.1:${silent.port}`;
  await assert.rejects(
    sendThrough(url, { timeoutMs: 200 }),
    isFailure(
      "net.timeout",
      /^the proxy http:\S+ \(smtp\.proxy\) opened no way to smtp\.plant\.test:587 in/,
    ),
  );
  const nobody = `http://anna:geheim99@127.0.0.1:${freePort()}`;
  await assert.rejects(
    sendThrough(nobody, {}),
    isFailure(
      "net.unreachable",
      /^no way to smtp\.plant\.test:587 through the proxy http:.* cannot reach 127/,
    ),
  );
});

Deno.test("openSession() ends in the middle of a tunnel with its signal's reason", async () => {
  await using silent = startConnectProxy({ conduct: { kind: "stall" } });
  const controller = new AbortController();
  const reason = new Failure("interrupted", "interrupted");
  const sending = sendThrough(`http://127.0.0.1:${silent.port}`, { signal: controller.signal });
  const rejected = assert.rejects(sending, reason);
  controller.abort(reason);
  await rejected;
});
