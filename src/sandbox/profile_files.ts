// The ready profile of a sandbox: plantpost.toml and the authority's certificate. The invariant: a profile file that a
// sandbox did not write is never touched.

import { Failure } from "../base/failure.ts";
import { reason } from "../base/durable_file.ts";
import { joinPath } from "../base/paths.ts";
import type { World } from "../base/world.ts";
import type { Sandbox } from "./sandbox.ts";

const MARK = '# Written by "plantpost sandbox", and written anew by the next one in this folder.';
const CA_FILE = "sandbox-ca.pem";

/**
 * Writes the profile into a folder, which is made where it is missing.
 * @returns the path of plantpost.toml
 * @throws {Failure} `file.cannot_create`
 */
export async function writeSandboxProfile(
  sandbox: Sandbox,
  at: { readonly folder: string; readonly on: Pick<World, "platform"> },
): Promise<string> {
  const path = joinPath(at.folder, "plantpost.toml", at.on);
  try {
    await Deno.mkdir(at.folder, { recursive: true });
    const present = await textOf(path);
    if (present !== undefined && !present.startsWith(MARK)) {
      throw new Failure("file.cannot_create", `${path} is not a sandbox's and is left as it is`, {
        remedy: "name another folder with --dir",
      });
    }
    await Deno.writeTextFile(joinPath(at.folder, CA_FILE, at.on), sandbox.caCertificate);
    await Deno.writeTextFile(path, profileText(sandbox));
    return path;
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    throw new Failure("file.cannot_create", `cannot write ${path}: ${reason(cause)}`, {
      remedy: "name another folder with --dir",
      cause,
    });
  }
}

export function profileText({ directory, origin, smtpPort }: Sandbox): string {
  const endpoint = `${origin}/${directory.tenantId}/oauth2/v2.0`;
  return `${MARK}
# A profile as for Microsoft 365, with the addresses of the sandbox in the place of Microsoft's.
data_dir = "plantpost-data"

[profiles.sandbox]
label = "Sandbox on this PC"
provider = "microsoft365"
tenant = "${directory.tenantId}"
user = "${directory.account}"

[profiles.sandbox.sender]
name = "Plant Reports"

[profiles.sandbox.oauth]
client_id = "${directory.clientId}"
redirect_uri = "${directory.redirectUri}"
authorization_endpoint = "${endpoint}/authorize"
token_endpoint = "${endpoint}/token"

[profiles.sandbox.smtp]
host = "localhost"
port = ${smtpPort}
ca_file = "${CA_FILE}"

[vault]
key = "key-file"
key_file = "sandbox-key/vault.key"
`;
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return undefined;
    throw cause;
  }
}
