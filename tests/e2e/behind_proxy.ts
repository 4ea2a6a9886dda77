// The program on a PC whose only way to the provider is a proxy, with a grant in its vault that has run out.

import { parseSettings, selectProfile } from "../../src/profile/parse.ts";
import type { Grant } from "../../src/vault/content.ts";
import { withSecrets } from "../../src/vault/content.ts";
import { Vault } from "../../src/vault/vault.ts";
import { freePort } from "../peers/free_port.ts";
import { type PlantLogin, startPlantLogin } from "../peers/plant_login.ts";
import type { ProxyConduct } from "../peers/connect_proxy.ts";
import { PLATFORM, testGrant, testWorld } from "../vault/fixtures.ts";
import { Program } from "./program.ts";

export const REFRESH_TOKEN = "refresh-token-of-the-plant";

export interface BehindProxy extends AsyncDisposable {
  readonly program: Program;
  readonly login: PlantLogin;
  /** Of the proxy, as it is set: `127.0.0.1:port`. */
  readonly proxy: string;
}

export interface BehindProxyOptions {
  readonly conduct?: ProxyConduct;
  /** Another line of the oauth table; gets the proxy's `host:port`. */
  readonly oauth?: (proxy: string) => string;
  readonly grant?: Partial<Grant>;
}

export async function behindProxy(options: BehindProxyOptions = {}): Promise<BehindProxy> {
  await using stack = new AsyncDisposableStack();
  const login = stack.use(await startPlantLogin(options.conduct));
  const program = stack.use(await Program.create());
  const proxy = `127.0.0.1:${login.proxy.port}`;
  const text = `[profiles.plant]
provider = "custom"
user = "reports@contoso.example"
[profiles.plant.oauth]
client_id = "the-client"
redirect_uri = "http://localhost:${freePort()}/"
authorization_endpoint = "${login.endpoint}"
token_endpoint = "${login.endpoint}"
scope = "mail.send offline_access"
${options.oauth?.(proxy) ?? ""}
[profiles.plant.smtp]
host = "127.0.0.1"
port = ${freePort()}
ca_file = '${login.certificates.caFile}'
[vault]
key = "key-file"
key_file = "keys/vault.key"
[log]
level = "debug"
`;
  const file = await program.write("plantpost.toml", text);
  const settings = parseSettings(text, { file, platform: PLATFORM });
  const profile = selectProfile(settings);
  const grant = testGrant(profile, { refreshToken: REFRESH_TOKEN, ...options.grant });
  await new Vault(settings, testWorld()).update(async (content, save) =>
    await save(withSecrets(content, profile.name, { grant }))
  );
  const kept = stack.move();
  return { program, login, proxy, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
