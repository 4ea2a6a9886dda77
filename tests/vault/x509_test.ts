// Certificates that the program makes, read by other implementations.

import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { Buffer } from "node:buffer";
import {
  makeSelfSigned,
  pemOf,
  readX509,
  shownThumbprint,
  thumbprintOf,
} from "../../src/vault/x509.ts";
import { belongTogether } from "../../src/vault/private_key.ts";

const ABOUT = {
  commonName: "plantpost Werk-4 on PANEL-7",
  startsAtMs: Date.parse("2026-11-24T08:00:00Z"),
  expiresAtMs: Date.parse("2056-11-24T08:00:00Z"),
};

Deno.test("makeSelfSigned() makes a certificate that others read, with the key that belongs to it", async () => {
  const { privateKey, certificate } = await makeSelfSigned(ABOUT);
  const pem = pemOf("CERTIFICATE", certificate);
  const x509 = new X509Certificate(pem);
  assert.equal(x509.subject, "CN=plantpost Werk-4 on PANEL-7");
  assert.equal(x509.issuer, x509.subject);
  assert.equal(Date.parse(x509.validFrom), ABOUT.startsAtMs);
  // Beyond 2049 the date has another form in the certificate (RFC 5280 §4.1.2.5).
  assert.equal(Date.parse(x509.validTo), ABOUT.expiresAtMs);
  assert.match(x509.serialNumber, /^[4-7][0-9A-F]{31}$/);
  const key = createPrivateKey({ key: Buffer.from(privateKey), format: "der", type: "pkcs8" });
  assert.equal(key.asymmetricKeyType, "rsa");
  assert.equal(key.asymmetricKeyDetails?.modulusLength, 3072);
  const read = readX509(certificate);
  assert.ok(read !== undefined && await belongTogether(privateKey, read.publicKey));
  assert.deepEqual(
    [read.startsAtMs, read.expiresAtMs],
    [ABOUT.startsAtMs, ABOUT.expiresAtMs],
  );
  const digits = x509.fingerprint256.replaceAll(":", "");
  assert.equal(await shownThumbprint(certificate, "SHA-256"), digits);
  assert.equal(
    await shownThumbprint(certificate, "SHA-1"),
    x509.fingerprint.replaceAll(":", ""),
  );
  assert.equal(
    await thumbprintOf(certificate),
    Buffer.from(digits, "hex").toString("base64url"),
  );
});

Deno.test("makeSelfSigned() makes another key and serial number each time", async () => {
  const [one, other] = await Promise.all([makeSelfSigned(ABOUT), makeSelfSigned(ABOUT)]);
  const serials = [one, other].map(({ certificate }) =>
    new X509Certificate(pemOf("CERTIFICATE", certificate)).serialNumber
  );
  assert.notEqual(serials[0], serials[1]);
  const certificate = readX509(other.certificate);
  assert.ok(certificate !== undefined);
  assert.equal(await belongTogether(one.privateKey, certificate.publicKey), false);
});

Deno.test("a certificate of makeSelfSigned() carries its own signature", async () => {
  const { certificate } = await makeSelfSigned(ABOUT);
  const { verify } = await import("node:crypto");
  const { partsOf, readElement } = await import("../../src/base/der_reader.ts");
  const [body, , signature] = partsOf(readElement(certificate));
  const { publicKey } = new X509Certificate(pemOf("CERTIFICATE", certificate));
  assert.ok(body !== undefined && signature !== undefined);
  assert.ok(verify("sha256", body.whole, publicKey, signature.content.subarray(1)));
});

const opensslMissing = hasOpenssl() ? undefined : "no openssl";

Deno.test({
  name: `openssl reads a certificate of makeSelfSigned(): for a signature of a digest only${
    opensslMissing === undefined ? "" : ` (skipped: ${opensslMissing})`
  }`,
  ignore: opensslMissing !== undefined,
  fn: async () => {
    const { certificate } = await makeSelfSigned(ABOUT);
    const file = await Deno.makeTempFile();
    try {
      await Deno.writeTextFile(file, pemOf("CERTIFICATE", certificate));
      const { stdout } = await new Deno.Command("openssl", {
        args: ["x509", "-in", file, "-noout", "-text"],
      }).output();
      const text = new TextDecoder().decode(stdout);
      assert.match(text, /Version: 3 /);
      assert.match(text, /Signature Algorithm: sha256WithRSAEncryption/);
      assert.match(text, /Key Usage: critical\s+Digital Signature\n/);
      assert.match(text, /Basic Constraints: critical\s+CA:FALSE/);
    } finally {
      await Deno.remove(file);
    }
  },
});

function hasOpenssl(): boolean {
  try {
    return new Deno.Command("openssl", { args: ["version"], stdout: "null", stderr: "null" })
      .outputSync().success;
  } catch {
    return false;
  }
}
