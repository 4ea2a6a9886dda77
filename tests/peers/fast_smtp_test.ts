// The benchmark's server and its slow line, shown to count right with another client.

import assert from "node:assert/strict";
import nodemailer from "nodemailer";
import { makeCertificates, type TestCertificates } from "./certificates.ts";
import { startFastSmtp } from "./fast_smtp.ts";
import { openSlowLink } from "./slow_link.ts";
import { WireReader } from "./wire_reader.ts";

Deno.test(`startFastSmtp() accepts mail over STARTTLS with the right token only`, {}, async () => {
  await using certificates = await makeCertificates();
  await using server = await startFastSmtp({
    certificates,
    offersChunking: false,
    accepts: ({ user, accessToken }) => user === "a@example.com" && accessToken === "right",
  });
  await submit({ port: server.port, certificates, accessToken: "right", text: "." });
  await submit({
    port: server.port,
    certificates,
    accessToken: "right",
    text: "y".repeat(999_999),
  });
  assert.equal(server.messageCount, 2);
  assert.ok(server.contentBytes > 999_999);
  await assert.rejects(
    submit({ port: server.port, certificates, accessToken: "wrong", text: "" }),
    {
      code: "EAUTH",
    },
  );
  assert.equal(server.messageCount, 2);
});

Deno.test(`openSlowLink() delays both ways and counts turns`, async () => {
  await using certificates = await makeCertificates();
  await using server = await startFastSmtp({ certificates, offersChunking: true });
  await using link = openSlowLink({ port: server.port, oneWayMs: 10 });
  const startedMs = performance.now();
  await submit({ port: link.port, certificates, accessToken: "any", text: "x" });
  // EHLO, STARTTLS, ClientHello, EHLO, AUTH, MAIL to DATA, the message; each waits for an answer.
  const waits = 7;
  const tookMs = performance.now() - startedMs;
  assert.ok(tookMs >= 20 * waits, `${tookMs} ms`);
  assert.ok((link.turns[0] ?? 0) >= waits, `${link.turns[0]} turns`);
  assert.equal(server.messageCount, 1);
});

Deno.test("WireReader reads the same however the octets are cut", async () => {
  const wire = "DATA\r\n.\r\nMAIL\r\n..a\r\r\n.\r\nx\r\n.\r\nBDAT 5\r\n\r\n.\r\nQUIT\r\n";
  for (const size of [1, 2, 3, 7, 1000]) {
    const reader = new WireReader(cut(wire, size));
    assert.equal(await reader.readLine(), "DATA");
    assert.equal(await reader.skipDotted(), 0);
    assert.equal(await reader.readLine(), "MAIL");
    assert.equal(await reader.skipDotted(), "..a\r\r\n".length);
    assert.equal(await reader.skipDotted(), "x\r\n".length);
    assert.equal(await reader.readLine(), "BDAT 5");
    await reader.skip(5);
    assert.equal(await reader.readLine(), "QUIT");
    assert.equal(await reader.readLine(), null);
  }
});

async function submit(options: {
  readonly port: number;
  readonly certificates: TestCertificates;
  readonly accessToken: string;
  readonly text: string;
}): Promise<void> {
  const { port, certificates, accessToken, text } = options;
  const transport = nodemailer.createTransport({
    host: "localhost",
    port,
    requireTLS: true,
    tls: { ca: certificates.ca },
    auth: { type: "OAUTH2", user: "a@example.com", accessToken },
  });
  try {
    await transport.sendMail({ from: "a@example.com", to: "b@example.com", text });
  } finally {
    transport.close();
  }
}

function cut(wire: string, size: number): Pick<Deno.Conn, "read"> {
  let octets = new TextEncoder().encode(wire);
  return {
    read(into): Promise<number | null> {
      const part = octets.subarray(0, Math.min(size, into.length));
      octets = octets.subarray(part.length);
      into.set(part);
      return Promise.resolve(part.length === 0 ? null : part.length);
    },
  };
}
