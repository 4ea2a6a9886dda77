// What is told of a certificate whose authority nobody here trusts, and that telling it sends nothing, takes no longer
// than its time, and never hides the first failure.

import assert from "node:assert/strict";
import { Failure } from "../../src/base/failure.ts";
import { readProxy } from "../../src/base/proxy.ts";
import { explained, withCertificateSeen } from "../../src/smtp/certificate_seen.ts";
import { tlsFailure } from "../../src/smtp/network.ts";
import { makeCertificates, type TestCertificates } from "../peers/certificates.ts";
import { startConnectProxy } from "../peers/connect_proxy.ts";
import { freePort } from "../peers/free_port.ts";

const UNKNOWN = new Error("invalid peer certificate: UnknownIssuer");
const SIGNAL = new AbortController().signal;

function failureAt(place: { readonly host: string; readonly port: number }): Failure {
  return tlsFailure(UNKNOWN, place);
}

interface Peer extends AsyncDisposable {
  readonly port: number;
  /** Every line that came in before TLS. */
  readonly lines: readonly string[];
  /** Octets that came in inside TLS. */
  readonly secured: number[];
}

/** A server that greets, offers STARTTLS and speaks TLS; or that speaks TLS from the start. */
function startPeer({ cert, key }: TestCertificates, tls: "starttls" | "implicit"): Peer {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const inner = Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
  const lines: string[] = [];
  const secured: number[] = [];
  const open = new Set<Deno.Conn>();

  async function serve(conn: Deno.Conn): Promise<void> {
    open.add(conn);
    const say = (text: string): Promise<number> => conn.write(new TextEncoder().encode(text));
    if (tls === "starttls") {
      await say("220 hi\r\n");
      for (const reply of ["250-hi\r\n250 STARTTLS\r\n", "220 go\r\n"]) {
        const octets = new Uint8Array(200);
        const count = await conn.read(octets);
        lines.push(new TextDecoder().decode(octets.subarray(0, count ?? 0)).trimEnd());
        await say(reply);
      }
    }
    // Deno has no TLS for the server's side of a connection that is open; another listener lends its own.
    const relay = await Deno.connect({
      hostname: "127.0.0.1",
      port: (inner.addr as Deno.NetAddr).port,
    });
    open.add(relay);
    await Promise.all([
      conn.readable.pipeTo(relay.writable),
      relay.readable.pipeTo(conn.writable),
    ]);
  }

  async function serveTls(conn: Deno.TlsConn): Promise<void> {
    open.add(conn);
    const octets = new Uint8Array(200);
    for (let count = await conn.read(octets); count !== null; count = await conn.read(octets)) {
      secured.push(count);
    }
  }

  const accepting = [
    (async () => {
      for await (const conn of listener) void serve(conn).catch(() => {});
    })(),
    (async () => {
      for await (const conn of inner) void serveTls(conn).catch(() => {});
    })(),
  ];
  return {
    port: listener.addr.port,
    lines,
    secured,
    async [Symbol.asyncDispose](): Promise<void> {
      listener.close();
      inner.close();
      for (const conn of open) {
        try {
          conn.close();
        } catch {
          // Closed with its stream.
        }
      }
      await Promise.all(accepting);
    },
  };
}

for (const tls of ["starttls", "implicit"] as const) {
  Deno.test(`withCertificateSeen() names subject and issuer, sends no more than a greeting (${tls})`, async () => {
    await using certificates = await makeCertificates();
    await using peer = startPeer(certificates, tls);
    const place = { host: "localhost", port: peer.port };
    const first = failureAt(place);
    const failure = await withCertificateSeen(first, { ...place, tls, signal: SIGNAL });
    assert.match(
      failure.message,
      /\(invalid peer certificate: UnknownIssuer\): the certificate is for "localhost", issued by "plantpost sandbox authority", valid until \d{4}-\d\d-\d\d$/,
    );
    assert.match(
      failure.remedy ?? "",
      /^if "plantpost sandbox authority" is your own authority.*smtp\.ca_file/,
    );
    assert.equal(`${failure.code} ${failure.retry}`, "net.tls never");
    assert.equal(failure.cause, first.cause);
    assert.deepEqual(peer.lines, tls === "starttls" ? ["EHLO [127.0.0.1]", "STARTTLS"] : []);
    assert.deepEqual(peer.secured, []);
  });
}

Deno.test("withCertificateSeen() goes the same way as the mail, through the proxy", async () => {
  await using certificates = await makeCertificates();
  await using peer = startPeer(certificates, "starttls");
  await using proxy = startConnectProxy();
  const place = { host: "smtp.plant.test", port: peer.port };
  const failure = await withCertificateSeen(failureAt(place), {
    ...place,
    tls: "starttls",
    proxy: readProxy(`http://127.0.0.1:${proxy.port}`, "smtp.proxy"),
    signal: SIGNAL,
  });
  assert.match(failure.message, /issued by "plantpost sandbox authority"/);
  assert.deepEqual(proxy.targets, [`smtp.plant.test:${peer.port}`]);
});

Deno.test("withCertificateSeen() gives the first failure back where nothing can be seen, in bounded time", async () => {
  using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepted: Deno.Conn[] = [];
  const accepting = (async () => {
    for await (const conn of silent) accepted.push(conn);
  })();
  const nobody = { host: "127.0.0.1", port: freePort() };
  const first = failureAt(nobody);
  const asked = { ...nobody, tls: "implicit", signal: SIGNAL } as const;
  assert.equal(await withCertificateSeen(first, asked), first);
  const begun = performance.now();
  const mute = { ...asked, port: silent.addr.port };
  assert.equal(await withCertificateSeen(first, mute), first);
  assert.ok(performance.now() - begun < 9_000, "it has three seconds");
  const stopped = AbortSignal.abort(new Error("stop"));
  assert.equal(await withCertificateSeen(first, { ...mute, signal: stopped }), first);
  silent.close();
  await accepting;
  for (const conn of accepted) conn.close();
});

Deno.test("explained() speaks of TLS inspection only where the service has public certificates for sure", () => {
  const seen = {
    subject: "smtp.office365.com",
    issuer: "Contoso Inspection CA",
    validUntil: "2027-05-01",
  };
  const at = (host: string): Failure => explained(failureAt({ host, port: 587 }), { seen, host });
  const inspected = at("smtp.office365.com");
  assert.match(
    inspected.message,
    /issued by "Contoso Inspection CA", valid until 2027-05-01; this looks like TLS inspection/,
  );
  assert.match(
    inspected.remedy ?? "",
    /leave smtp\.office365\.com alone, or save the certificate of "Contoso/,
  );
  for (const host of ["mail.contoso.com", "notoffice365.com", "10.0.0.1"]) {
    assert.ok(!/inspection, for/.test(at(host).message), host);
    assert.match(at(host).remedy ?? "", /if nobody knows it, do not trust it$/);
  }
});
