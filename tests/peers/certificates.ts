// A certificate authority and one server certificate below it, by the sandbox's own maker of certificates. Deno's TLS
// refuses an authority used as server certificate (RFC 5280 §4.2.1.9), so a self-signed one would not do. The
// certificate names localhost, 127.0.0.1 and ::1, and a host of the test's choice.

import { makeAuthority, usualValidity } from "../../src/sandbox/authority.ts";

export interface TestCertificates {
  /** What a profile names as `ca_file`. */
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Makes both in a temporary folder, which goes away with the value. */
export async function makeCertificates(host?: string): Promise<TestCertificates> {
  const folder = await Deno.makeTempDir({ prefix: "plantpost-ca-" });
  const path = (name: string): string => `${folder}/${name}`;
  const nowMs = Date.now();
  const authority = await makeAuthority(nowMs);
  const { cert, key } = await authority.issue(usualValidity(nowMs), host);
  await Deno.writeTextFile(path("ca.pem"), authority.certificate);
  await Deno.writeTextFile(path("leaf.pem"), cert);
  await Deno.writeTextFile(path("leaf.key"), key);
  return {
    caFile: path("ca.pem"),
    certFile: path("leaf.pem"),
    keyFile: path("leaf.key"),
    ca: authority.certificate,
    cert,
    key,
    async [Symbol.asyncDispose](): Promise<void> {
      await Deno.remove(folder, { recursive: true });
    },
  };
}
