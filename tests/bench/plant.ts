// The program under measurement, signed in once for each server it will talk to.

import type { TestCertificates } from "../peers/certificates.ts";
import { freePort } from "../peers/free_port.ts";
import { SCOPE, startOidcProvider } from "../peers/oidc.ts";
import { commandLine, Program } from "../e2e/program.ts";
import type { Command } from "./measure.ts";

export const USER = "reports@example.com";

/** Ports by profile name. */
export type Ports = Readonly<Record<string, number>>;

export interface Plant extends AsyncDisposable {
  /** A good access token, for the other tools. */
  readonly accessToken: string;
  /** `args` on the profile of that name; working folder and profile file are set. */
  command(profile: string, args: readonly string[]): Command;
}

/**
 * Writes a profile for each port and signs in on each.
 * @throws {Error} with the program's words when it does not
 */
export async function preparePlant(
  ports: Ports,
  certificates: TestCertificates,
): Promise<Plant> {
  await using stack = new AsyncDisposableStack();
  const redirectUri = `http://localhost:${freePort()}/`;
  const oidc = stack.use(
    await startOidcProvider({
      clients: [{
        client_id: "plant",
        redirect_uris: [redirectUri],
        token_endpoint_auth_method: "none",
      }],
    }),
  );
  const program = stack.use(await Program.create());
  await Deno.mkdir(program.path("keys"));
  const profiles = Object.entries(ports).map(([name, port]) =>
    `[profiles.${name}]
provider = "custom"
user = "${USER}"
[profiles.${name}.oauth]
client_id = "plant"
redirect_uri = "${redirectUri}"
authorization_endpoint = "${oidc.authorizationEndpoint}"
token_endpoint = "${oidc.tokenEndpoint}"
scope = "${SCOPE}"
[profiles.${name}.smtp]
host = "localhost"
port = ${port}
ca_file = ${JSON.stringify(certificates.caFile)}
${initialResponse(name)}[profiles.${name}.limits]
messages_per_minute = 10000
`
  );
  const vault = `[vault]\nkey = "key-file"\nkey_file = "keys/vault.key"\n`;
  await program.write("plantpost.toml", [...profiles, vault].join("\n"));
  for (const profile of Object.keys(ports)) {
    const login = program.start(["login", "--no-browser", "--profile", profile]);
    const [url] = await login.untilStderr(/https?:\/\/\S+[?&]client_id=\S+/u);
    await oidc.signIn(url, { account: USER });
    const { exitCode, stderr } = await login.outcome;
    if (exitCode !== 0) {
      throw new Error(`login ended with ${exitCode}: ${stderr}`);
    }
  }
  const accessToken = await oidc.issueAccessToken(USER);
  const [executable, first] = commandLine();
  const owned = stack.move();
  return {
    accessToken,
    command: (profile, args) => ({
      executable,
      args: [...first, ...args, "--profile", profile],
      cwd: program.folder,
      env: { PLANTPOST_CONFIG: "" },
    }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

// What a token that is too long for the AUTH line costs: it goes on a line of its own.
function initialResponse(profile: string): string {
  return profile.endsWith("_long") ? 'initial_response = "never"\n' : "";
}
