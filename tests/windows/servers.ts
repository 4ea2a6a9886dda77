// What a test on Windows knows of the servers that `linux_servers.ts` runs.

export const CLIENT_SECRET = "s3cret+/=:%41& of the plant~";

export interface ServersNow {
  readonly redirectUri: string;
  readonly scope: string;
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
  readonly smtp: { readonly host: string; readonly port: number };
  /** The certificate authority of the mail server, PEM. */
  readonly authority: string;
  /** How often a refresh was asked for. */
  readonly refreshes: number;
  /** Every code, verifier and token so far. */
  readonly secrets: readonly string[];
  readonly messages: readonly {
    readonly reversePath: string;
    readonly recipients: readonly string[];
    /** Base64. */
    readonly raw: string;
  }[];
  readonly log: string;
}

/** The address that tells of them; undefined where nobody has started them. */
export function serversAddress(): string | undefined {
  return Deno.env.get("PLANTPOST_SERVERS") || undefined;
}

export async function serversNow(): Promise<ServersNow> {
  const response = await fetch(serversAddress() ?? "");
  return await response.json();
}
