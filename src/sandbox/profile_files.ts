// The ready profiles of a sandbox: plantpost.toml, the authority's certificate and the client secret. The invariant: a
// profile file that a sandbox did not write is never touched.

import { Failure } from "../base/failure.ts";
import { reason } from "../base/durable_file.ts";
import { joinPath } from "../base/paths.ts";
import type { World } from "../base/world.ts";
import type { Sandbox } from "./sandbox.ts";

const MARK = '# Written by "plantpost sandbox", and written anew by the next one in this folder.';
const CA_FILE = "sandbox-ca.pem";
const SECRET_FILE = "sandbox-secret.txt";

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
    if (isSecretWritten(sandbox)) {
      const secretPath = joinPath(at.folder, SECRET_FILE, at.on);
      await Deno.writeTextFile(secretPath, `${sandbox.directory.clientSecret}\n`, { mode: 0o600 });
    }
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

export function profileText(sandbox: Sandbox): string {
  return `${MARK}
# Profiles as for Microsoft 365, with the addresses of the sandbox in the place of Microsoft's.
default_profile = "sandbox"
data_dir = "plantpost-data"

# A person signs in: plantpost login, or plantpost login --device
${profileOf(sandbox, "sandbox", `redirect_uri = "${sandbox.directory.redirectUri}"`)}
# No person: plantpost --profile app send ...
${
    profileOf(
      sandbox,
      "app",
      isSecretWritten(sandbox)
        ? `flow = "app"\nclient_secret_file = "${SECRET_FILE}"`
        : 'flow = "app"',
    )
  }
# No person and no secret: plantpost --profile app-certificate cert new, then upload the file at ${sandbox.origin}/app
${profileOf(sandbox, "app-certificate", 'flow = "app"')}
[vault]
key = "key-file"
key_file = "sandbox-key/vault.key"
`;
}

/** With platform Web the secret is the person's to keep, as with Microsoft. */
function isSecretWritten({ directory }: Sandbox): boolean {
  return directory.platform === "mobile";
}

function profileOf(
  { directory, origin, smtpPort }: Sandbox,
  name: string,
  signIn: string,
): string {
  const endpoint = `${origin}/${directory.tenantId}/oauth2/v2.0`;
  const isApp = signIn.includes('flow = "app"');
  return `[profiles.${name}]
label = "Sandbox on this PC"
provider = "microsoft365"
tenant = "${directory.tenantId}"
user = "${directory.account}"

[profiles.${name}.sender]
name = "Plant Reports"

[profiles.${name}.oauth]
${signIn}
client_id = "${directory.clientId}"
${
    isApp ? "" : `authorization_endpoint = "${endpoint}/authorize"
device_endpoint = "${endpoint}/devicecode"
`
  }token_endpoint = "${endpoint}/token"

[profiles.${name}.smtp]
host = "localhost"
port = ${smtpPort}
ca_file = "${CA_FILE}"
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
