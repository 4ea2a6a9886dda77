// What a profile file means once it is parsed, validated and filled with its provider's defaults.
// Everything behind this point may trust it: endpoints are URLs, paths are absolute, durations are numbers.

export type ProviderName =
  | "microsoft365"
  | "microsoft365-gcc-high"
  | "microsoft365-dod"
  | "microsoft365-china"
  | "outlook"
  | "google"
  | "yahoo"
  | "custom";

/** Where the client secret comes from; `vault` is the default, and may hold none (a public client). */
export type SecretSource =
  | { readonly from: "vault" }
  | { readonly from: "env"; readonly name: string }
  | { readonly from: "file"; readonly path: string }
  | { readonly from: "profile"; readonly value: string };

export interface OauthProfile {
  readonly flow: "code" | "device" | "app";
  readonly clientId: string;
  /** Byte for byte what is registered; sent like this in both legs. */
  readonly redirectUri: string;
  readonly clientAuth: "post" | "basic";
  readonly clientSecret: SecretSource;
  /** Local date, YYYY-MM-DD. */
  readonly clientSecretExpires?: string;
  readonly certificateFile?: string;
  /** Absent where the flow uses none, or where `issuer` is asked for it. */
  readonly authorizationEndpoint?: string;
  /** Absent where `issuer` is asked for it. */
  readonly tokenEndpoint?: string;
  /** Absent where the provider has none, or where `issuer` is asked for it. */
  readonly deviceEndpoint?: string;
  readonly proxy?: string;
  readonly issuer?: string;
  /** Separated by single spaces. */
  readonly scope: string;
  /** What the provider wants in the authorization request beside the standard fields. */
  readonly authorizationExtras: Readonly<Record<string, string>>;
}

export interface SmtpProfile {
  readonly host: string;
  readonly port: number;
  readonly tls: "starttls" | "implicit" | "none";
  readonly auth: "xoauth2" | "oauthbearer" | "auto" | "password" | "none";
  readonly initialResponse: "auto" | "always" | "never";
  readonly chunking: "auto" | "never";
  readonly caFile?: string;
  readonly proxy?: string;
  readonly timeoutMs: number;
  readonly allowCleartext: boolean;
}

export interface Profile {
  readonly name: string;
  readonly label?: string;
  readonly provider: ProviderName;
  readonly tenant?: string;
  /** The account that signs in; empty only with `smtp.auth = "none"`. */
  readonly user: string;
  readonly sender: { readonly name?: string; readonly address: string };
  /** Absent when `smtp.auth` is `password` or `none` and the file has no `oauth` table. */
  readonly oauth?: OauthProfile;
  readonly smtp: SmtpProfile;
  readonly transport: "smtp" | "graph" | "auto";
  readonly limits: { readonly messagesPerMinute: number; readonly connections: number };
}

export interface VaultSettings {
  readonly key: "auto" | "dpapi-machine" | "dpapi-user" | "key-file" | "passphrase";
  /** Absolute; undefined means the default place of the account. */
  readonly keyFile?: string;
  readonly accounts: readonly string[];
  readonly group?: string;
}

export interface Settings {
  /** Absolute path of the profile file. */
  readonly file: string;
  readonly defaultProfile?: string;
  /** Absolute. */
  readonly dataDir: string;
  readonly profiles: ReadonlyMap<string, Profile>;
  readonly vault: VaultSettings;
  readonly outbox: {
    readonly retryForMs: number;
    readonly historyForMs: number;
    readonly maxBytes: number;
  };
  readonly relay: {
    readonly listen: readonly string[];
    readonly allow: readonly string[];
    readonly allowAnonymous: boolean;
    readonly from: "keep" | "sender" | Readonly<Record<string, string>>;
    readonly maxMessageBytes: number;
    readonly tlsCertFile?: string;
    readonly tlsKeyFile?: string;
    readonly metrics?: string;
  };
  readonly log: {
    readonly file: string;
    readonly level: "debug" | "info" | "warn" | "error";
    readonly maxBytes: number;
    readonly keep: number;
  };
  readonly groups: ReadonlyMap<string, readonly string[]>;
  readonly smsGateways: ReadonlyMap<string, string>;
  /** Keys that are set and whose feature this release does not have; each a line for stderr. */
  readonly warnings: readonly string[];
}
