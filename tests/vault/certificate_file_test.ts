// `oauth.certificate_file` in every form in which people have one, as OpenSSL writes them, and each trouble with its
// own words. The keys are throw-away ones, see certificates/README.md.

import assert from "node:assert/strict";
import { createPublicKey, verify, X509Certificate } from "node:crypto";
import { Buffer } from "node:buffer";
import { fileURLToPath } from "node:url";
import { Failure } from "../../src/base/failure.ts";
import { readCertificateFile } from "../../src/vault/certificate_file.ts";
import { importSigningKey } from "../../src/vault/private_key.ts";
import { pemOf, thumbprintOf } from "../../src/vault/x509.ts";
import { isFailure, withFolder } from "./fixtures.ts";

const PASSPHRASE = "swordfish";
const UMLAUT = "Schlüssel für Werk 4";
/** As `openssl x509 -fingerprint -sha256` shows them. */
const RSA =
  "F6:7C:B0:EC:2D:8F:9B:6A:58:62:0E:64:DF:F2:E2:5C:12:7A:A4:55:E4:C9:F8:CA:C8:27:73:84:DE:7C:C6:05";
const EC =
  "FD:00:BE:46:06:D7:A5:E4:B4:12:58:17:8E:5C:4F:A6:C6:BB:E1:86:6D:E4:96:EA:49:9F:AA:32:DA:3A:50:F7";

const GOOD: readonly (readonly [name: string, print: string, passphrase?: string])[] = [
  ["pkcs8.pem", RSA],
  ["pkcs1_last_with_chain.pem", RSA],
  ["sec1.pem", EC],
  ["encrypted.pem", RSA, PASSPHRASE],
  ["encrypted_ec_umlaut.pem", EC, UMLAUT],
  ["encrypted_old_aes.pem", RSA, PASSPHRASE],
  ["encrypted_old_ec_3des.pem", EC, PASSPHRASE],
  ["aes.pfx", RSA, PASSPHRASE],
  ["aes_umlaut.pfx", RSA, UMLAUT],
  ["windows_3des.pfx", RSA, PASSPHRASE],
  ["windows_3des_umlaut.pfx", RSA, UMLAUT],
  ["legacy_rc2.pfx", RSA, PASSPHRASE],
  ["ec.pfx", EC, PASSPHRASE],
  ["no_passphrase.pfx", RSA],
];

for (const [name, print, passphrase] of GOOD) {
  Deno.test(`readCertificateFile() finds the key and the certificate that belongs to it: ${name}`, async () => {
    const { privateKey, certificate } = await readCertificateFile(path(name), passphrase);
    const x509 = new X509Certificate(pemOf("CERTIFICATE", certificate.der));
    assert.equal(x509.fingerprint256, print);
    assert.equal(certificate.expiresAtMs, Date.parse(x509.validTo));
    assert.equal(
      await thumbprintOf(certificate.der),
      Buffer.from(print.replaceAll(":", ""), "hex").toString("base64url"),
    );
    // Signed by the key as the program uses it, verified by another implementation.
    const key = await importSigningKey(privateKey, "RSASSA-PKCS1-v1_5");
    assert.ok(key !== undefined && !key.extractable);
    const text = new TextEncoder().encode("an assertion");
    const how = { name: key.algorithm.name, hash: "SHA-256" };
    const signature = new Uint8Array(await crypto.subtle.sign(how, key, text));
    const publicKey = createPublicKey({
      key: Buffer.from(certificate.publicKey),
      format: "der",
      type: "spki",
    });
    assert.ok(verify("sha256", text, { key: publicKey, dsaEncoding: "ieee-p1363" }, signature));
  });
}

const BAD: readonly (readonly [name: string, passphrase: string | undefined, RegExp, RegExp])[] = [
  ["no_key.pem", undefined, /holds no private key$/m, /export it with the private key/],
  ["no_key.pfx", PASSPHRASE, /holds no private key$/m, /export it with the private key/],
  ["no_certificate.pem", undefined, /holds no certificate$/m, /into the same file as the key/],
  ["not_a_pair.pem", undefined, /does not belong to the certificate in it$/m, /of one pair/],
  ["encrypted.pem", undefined, /the passphrase of .+ is missing$/m, /plantpost secret set/],
  ["encrypted_old_aes.pem", undefined, /the passphrase of .+ is missing$/m, /secret set/],
  ["windows_3des.pfx", undefined, /the passphrase of .+ is missing$/m, /secret set/],
  ["encrypted.pem", "swordfisch", /stored passphrase does not open .+$/m, /of this very file/],
  [
    "encrypted_old_aes.pem",
    "swordfisch",
    /stored passphrase does not open .+$/m,
    /this very file/,
  ],
  ["encrypted_old_ec_3des.pem", "swordfisch", /passphrase does not open .+$/m, /this very file/],
  ["windows_3des.pfx", "swordfisch", /stored passphrase does not open .+$/m, /of this very file/],
  ["aes.pfx", UMLAUT, /stored passphrase does not open .+$/m, /of this very file/],
  ["encrypted_scrypt.pem", PASSPHRASE, /encrypted in a way that is not read here$/m, /AES-256/],
  ["certificate.der", undefined, /a certificate alone, in DER form/, /with the private key/],
  [
    "key.der",
    undefined,
    /a private key alone, in DER form/,
    /name a file with key and certificate/,
  ],
  ["list.p7b", undefined, /certificate list \(PKCS #7\) without a private key$/m, /private key/],
  ["short_rsa.pem", undefined, /has 1024 bits, and providers want 2048 at least$/m, /cert new/],
  ["ed25519.pem", undefined, /of a kind that is not used here: RSA/, /cert new/],
  ["README.md", undefined, /is neither PEM nor PFX$/m, /PEM, or PFX/],
  ["missing.pem", undefined, /^cannot read the certificate: .+missing\.pem: /, /certificate_file/],
];

for (const [name, passphrase, message, remedy] of BAD) {
  const which = passphrase === undefined ? "" : ` with "${passphrase}"`;
  Deno.test(`readCertificateFile() says what is wrong: ${name}${which}`, async () => {
    await assert.rejects(
      readCertificateFile(path(name), passphrase),
      isFailure("oauth.certificate", message, remedy),
    );
  });
}

Deno.test("readCertificateFile() takes a file for what it holds, whatever it is called and however it was saved", async () => {
  await withFolder(async (folder) => {
    const file = `${folder}/plantpost.pfx`;
    const text = await Deno.readTextFile(path("pkcs8.pem"));
    const wide = Buffer.from(`\uFEFF${text.replaceAll("\n", "\r\n")}`, "utf16le");
    for (const content of [text, text.replaceAll("\n", "\r\n"), wide, `Bag Attributes\n${text}`]) {
      await Deno.writeFile(file, new Uint8Array(Buffer.from(content)));
      const { certificate } = await readCertificateFile(file, undefined);
      assert.equal(new X509Certificate(pemOf("CERTIFICATE", certificate.der)).fingerprint256, RSA);
    }
    await Deno.copyFile(path("aes.pfx"), `${folder}/plantpost.pem`);
    await readCertificateFile(`${folder}/plantpost.pem`, PASSPHRASE);
  });
});

// Of the keys in clear only the length is changed: Deno 2.4 itself ends when it signs with an impossible one.
Deno.test("readCertificateFile() ends with a failure of its own, whatever octets are broken, and quotes none", async () => {
  await withFolder(async (folder) => {
    const file = `${folder}/broken`;
    for (const name of ["pkcs8.pem", "sec1.pem", "windows_3des.pfx", "certificate.der"]) {
      const whole = await Deno.readFile(path(name));
      for (let cut = 0; cut < whole.length; cut += 97) {
        const flipped = whole.slice();
        flipped[cut] = (flipped[cut] ?? 0) ^ 0x55;
        const isClear = name.endsWith(".pem");
        for (const content of [whole.slice(0, cut), ...(isClear ? [] : [flipped])]) {
          await Deno.writeFile(file, content);
          await readCertificateFile(file, PASSPHRASE).catch((failure) => {
            assert.ok(failure instanceof Failure, `${name} at ${cut}: ${failure}`);
            assert.equal(failure.code, "oauth.certificate");
            assert.doesNotMatch(`${failure.message} ${failure.remedy}`, /[A-Za-z0-9+/]{40}/);
          });
        }
      }
    }
  });
});

function path(name: string): string {
  return fileURLToPath(new URL(`./certificates/${name}`, import.meta.url));
}
