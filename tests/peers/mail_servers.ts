// All that a mail passes on its way, of other people's making: oidc-provider for the sign-in, Dovecot for the
// submission, which asks the provider about each token, and a sink that keeps what arrives.

import { makeCertificates, type TestCertificates } from "./certificates.ts";
import { type Dovecot, startDovecot } from "./dovecot.ts";
import { freePort } from "./free_port.ts";
import { type Oidc, type OidcClient, startOidcProvider } from "./oidc.ts";
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
      }],
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
