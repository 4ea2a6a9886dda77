// Which certificate authorities are trusted: Mozilla's list inside the runtime, the operating system's, and
// those of `ca_file`. The invariant: `trustSystemRoots` runs before the first TLS use of the process.

import { reason } from "./durable_file.ts";
import { Failure } from "./failure.ts";

/** A company's root lies in the operating system's store; the runtime reads this variable at first use. */
export function trustSystemRoots(): void {
  if (Deno.env.get("DENO_TLS_CA_STORE") === undefined) {
    Deno.env.set("DENO_TLS_CA_STORE", "system,mozilla");
  }
}

/**
 * The PEM certificates of a file, each with its BEGIN and END lines.
 * @throws {Failure} `profile.invalid` when the file cannot be read or holds none
 */
export async function readCertificates(path: string): Promise<readonly string[]> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (cause) {
    throw new Failure("profile.invalid", `smtp.ca_file: cannot read ${path}: ${reason(cause)}`, {
      remedy: "correct the path, or let the account that runs plantpost read the file",
      cause,
    });
  }
  const certificates = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g);
  if (certificates === null) {
    throw new Failure("profile.invalid", `smtp.ca_file: ${path} holds no certificate in PEM form`, {
      remedy: 'export the certificate as "Base-64 encoded X.509 (.CER)"',
    });
  }
  return certificates;
}
