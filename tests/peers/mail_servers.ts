// All that a mail passes on its way, of other people's making: oidc-provider for the sign-in, Dovecot for the
// submission, which asks the provider about each token, and a sink that keeps what arrives.

import { makeCertificates, type TestCertificates } from "./certificates.ts";
import { type Dovecot, startDovecot } from "./dovecot.ts";
import { freePort } from "./free_port.ts";
import { type Oidc, type OidcClient, SCOPE, startOidcProvider } from "./oidc.ts";
import { type Sink, type SinkOptions, startSink } from "./sink.ts";

export interface MailServers extends AsyncDisposable {
  /** Registered for the client `plant`. */
  readonly redirectUri: string;
  readonly certificates: TestCertificates;
  readonly oidc: Oidc;
  readonly dovecot: Dovecot;
  readonly sink: Sink;
}

export async function startMailServers(options: {
  readonly method: OidcClient["token_endpoint_auth_method"];
  /** Left out for a public client. */
  readonly clientSecret?: string;
  /** More metadata of the client, such as its grant types or keys. */
  readonly client?: Readonly<Record<string, unknown>>;
  readonly mailboxOfApps?: string;
  readonly accessTokenSeconds: number;
  readonly sink?: SinkOptions;
}): Promise<MailServers> {
  await using stack = new AsyncDisposableStack();
  const redirectUri = `http://localhost:${freePort()}/`;
  const certificates = stack.use(await makeCertificates());
  const oidc = stack.use(
    await startOidcProvider({
      clients: [{
        client_id: "plant",
        ...(options.clientSecret === undefined ? {} : { client_secret: options.clientSecret }),
        redirect_uris: [redirectUri],
        token_endpoint_auth_method: options.method,
        ...options.client,
      }],
      ...(options.mailboxOfApps === undefined ? {} : { mailboxOfApps: options.mailboxOfApps }),
      accessTokenSeconds: options.accessTokenSeconds,
    }),
  );
  const sink = stack.use(await startSink(options.sink));
  const dovecot = stack.use(
    await startDovecot({
      certificates,
      introspectionUrl: oidc.introspectionEndpoint,
      ...oidc.resourceServer,
      relayHost: sink.host,
      relayPort: sink.port,
    }),
  );
  const owned = stack.move();
  return {
    redirectUri,
    certificates,
    oidc,
    dovecot,
    sink,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** A profile that signs in and sends through them; `smtp` holds more lines of its table. */
export function mailProfile(
  servers: MailServers,
  more: { readonly user: string; readonly smtp?: string },
): string {
  const { certificates, dovecot, oidc, redirectUri } = servers;
  return `[profiles.plant]
provider = "custom"
user = "${more.user}"
[profiles.plant.oauth]
client_id = "plant"
redirect_uri = "${redirectUri}"
authorization_endpoint = "${oidc.authorizationEndpoint}"
token_endpoint = "${oidc.tokenEndpoint}"
scope = "${SCOPE}"
[profiles.plant.smtp]
host = "${dovecot.host}"
port = ${dovecot.port}
ca_file = ${JSON.stringify(certificates.caFile)}
${more.smtp ?? ""}
[vault]
key = "key-file"
key_file = "keys/vault.key"
`;
}
