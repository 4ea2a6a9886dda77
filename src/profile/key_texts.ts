// What each key means, in the words of the example file, and an example for keys that have no default. Apart
// from the key table because only `init` and the example read it; the compiler holds the two together.

import type { KeyPath } from "./keys.ts";

export interface KeyText {
  /** Whole sentences for the engineer who fills in the file. */
  readonly sentence: string;
  /** A value as TOML, where the table has no default. */
  readonly example?: string;
}

export const KEY_TEXTS: Readonly<Record<KeyPath, KeyText>> = {
  "default_profile": {
    sentence: "The profile to use without --profile. Needed only when there are several.",
    example: '"plant"',
  },
  "data_dir": {
    sentence:
      "Folder for the sealed sign-in, the outbox and the log. Relative paths in this file " +
      "begin at the folder of this file. Not on a network share.",
  },

  "profiles.*.label": {
    sentence: "A friendly name for messages and the set-up page.",
    example: '"Reports by Office 365"',
  },
  "profiles.*.provider": {
    sentence: "The mail service: microsoft365, microsoft365-gcc-high, microsoft365-dod, " +
      "microsoft365-china, outlook (personal accounts), google, yahoo or custom.",
    example: '"microsoft365"',
  },
  "profiles.*.tenant": {
    sentence:
      "Microsoft 365: the directory (tenant) ID of your organization, or one of its domains.",
    example: '"contoso.onmicrosoft.com"',
  },
  "profiles.*.user": {
    sentence: "The account that signs in. It is not necessarily the sender.",
    example: '"reports@contoso.com"',
  },
  "profiles.*.sender.name": {
    sentence: "The name that recipients see.",
    example: '"Plant Admin"',
  },
  "profiles.*.sender.address": {
    sentence: "The address that recipients see, and where failed mail returns to. Default: user.",
    example: '"reports@contoso.com"',
  },

  "profiles.*.oauth.flow": {
    sentence:
      "How to sign in: code (in a browser), device (with a code that is typed on a phone or another " +
      "PC) or app (no person at all).",
  },
  "profiles.*.oauth.client_id": {
    sentence: "The application (client) ID of the app registration.",
    example: '"00000000-0000-0000-0000-000000000000"',
  },
  "profiles.*.oauth.redirect_uri": {
    sentence: "The redirect URI, letter for letter as it is registered.",
  },
  "profiles.*.oauth.client_auth": {
    sentence: "How the client secret is sent: post (in the request body) or basic (HTTP Basic).",
  },
  "profiles.*.oauth.client_secret": {
    sentence:
      'The client secret itself. Better run "plantpost secret set": everybody who can read ' +
      "this file can read the secret.",
    example: '"the Value, not the Secret ID"',
  },
  "profiles.*.oauth.client_secret_env": {
    sentence: "The environment variable that holds the client secret.",
    example: '"PLANTPOST_SECRET"',
  },
  "profiles.*.oauth.client_secret_file": {
    sentence: "The file that holds the client secret.",
    example: '"client-secret.txt"',
  },
  "profiles.*.oauth.client_secret_expires": {
    sentence:
      "The day on which the client secret expires: status warns 60, 30 and 7 days before, and mails it with --notify.",
    example: "2027-05-01",
  },
  "profiles.*.oauth.certificate_file": {
    sentence:
      "Certificate and private key in one file, PEM or PFX, instead of a client secret; its passphrase " +
      'goes into the vault: "plantpost secret set". Better run "plantpost cert new": no such file is needed.',
    example: '"plantpost.pem"',
  },
  "profiles.*.oauth.authorization_endpoint": {
    sentence: "Where the browser signs in. From the provider; set it to override.",
    example: '"https://login.example.com/oauth2/authorize"',
  },
  "profiles.*.oauth.token_endpoint": {
    sentence: "Where tokens come from. From the provider; set it to override.",
    example: '"https://login.example.com/oauth2/token"',
  },
  "profiles.*.oauth.device_endpoint": {
    sentence: "Where the code of flow device comes from. From the provider; set it to override.",
    example: '"https://login.example.com/oauth2/devicecode"',
  },
  "profiles.*.oauth.proxy": {
    sentence:
      "The proxy for HTTPS to the provider: http, https or socks5, with user name and password " +
      "where it wants them. Without it those of the environment are used, then those of Windows.",
    example: '"http://proxy:8080"',
  },
  "profiles.*.oauth.issuer": {
    sentence: "Provider custom: the issuer whose metadata names the endpoints.",
    example: '"https://login.example.com"',
  },
  "profiles.*.oauth.scope": {
    sentence: "What is asked for at sign-in. From the provider; set it to override.",
    example: '"openid profile offline_access"',
  },

  "profiles.*.smtp.host": {
    sentence: "The mail server. From the provider; set it to override.",
    example: '"smtp.example.com"',
  },
  "profiles.*.smtp.port": {
    sentence: "Its port. Default: from the provider, and 465 where tls is implicit.",
    example: "587",
  },
  "profiles.*.smtp.tls": {
    sentence:
      "starttls, implicit (default on port 465) or none. Unencrypted mail is refused except to " +
      "this PC itself, or with allow_cleartext.",
    example: '"starttls"',
  },
  "profiles.*.smtp.auth": {
    sentence: "xoauth2, oauthbearer, auto (one of the two), password (kept sealed) or none.",
  },
  "profiles.*.smtp.initial_response": {
    sentence:
      "Whether the token goes with the AUTH command: auto (when the line is short enough), " +
      "always or never.",
  },
  "profiles.*.smtp.chunking": {
    sentence:
      "auto (BDAT where the server offers CHUNKING; where it does not, a batch sends the next " +
      "envelope with the end of each mail) or never.",
  },
  "profiles.*.smtp.ca_file": {
    sentence:
      "Certificate authorities (PEM) to trust beside those of the operating system, for mail " +
      "and for the sign-in.",
    example: '"plant-ca.pem"',
  },
  "profiles.*.smtp.proxy": {
    sentence:
      "The proxy for mail: http (CONNECT) or socks5, with user name and password where it wants them. " +
      "No other setting is used for mail. Most company proxies refuse port 587.",
    example: '"http://proxy:8080"',
  },
  "profiles.*.smtp.timeout": {
    sentence:
      "How long to wait for the server, from 1s to 10m: for the connection and each of its answers. Sender and " +
      "recipients have two and a half times as long, the answer to the mail itself ten times.",
  },
  "profiles.*.smtp.allow_cleartext": {
    sentence: 'Permits tls = "none" to another PC, together with auth = "none" and nothing else.',
  },

  "profiles.*.send.transport": {
    sentence:
      "smtp, graph (Microsoft Graph) or auto (Graph when SMTP is switched off). This release " +
      "has smtp.",
  },
  "profiles.*.limits.messages_per_minute": {
    sentence:
      "The most messages a minute, from the provider, for all programs of this PC together.",
    example: "30",
  },
  "profiles.*.limits.connections": {
    sentence: "The most connections at one time. From the provider.",
    example: "3",
  },

  "vault.key": {
    sentence: "What seals the vault: auto, dpapi-machine or dpapi-user (Windows), key-file or " +
      "passphrase.",
  },
  "vault.key_file": {
    sentence:
      "The key file. Default: /var/lib/plantpost/vault.key for root, else in the state folder " +
      "of the account. Keep it apart from data_dir: a copied folder must open nothing.",
    example: '"/var/lib/plantpost/vault.key"',
  },
  "vault.accounts": {
    sentence: "Windows: other accounts that may use data_dir, such as 'CONTOSO\\svc-plant'.",
  },
  "vault.group": {
    sentence: "Linux and macOS: the group that may use data_dir.",
    example: '"plant"',
  },

  "outbox.retry_for": { sentence: "How long a waiting message is tried again." },
  "outbox.history_for": { sentence: "How long it is remembered what was sent." },
  "outbox.max_size": { sentence: "The most room that waiting messages may take." },

  "relay.listen": { sentence: "Addresses and ports on which the relay takes mail." },
  "relay.allow": { sentence: "Networks whose programs may connect." },
  "relay.allow_anonymous": {
    sentence: "Programs on other PCs need a user name and password unless this is true.",
  },
  "relay.from": {
    sentence:
      "The sender of relayed mail: keep, sender (that of the profile) or a table of rewrites " +
      'such as { "scada@plant" = "reports@contoso.com" }.',
  },
  "relay.max_message": { sentence: "The largest message the relay takes." },
  "relay.tls_cert_file": {
    sentence: "The relay's own certificate (PEM): with it STARTTLS is offered. Needs tls_key_file.",
    example: '"relay.pem"',
  },
  "relay.tls_key_file": {
    sentence: "The private key of tls_cert_file.",
    example: '"relay-key.pem"',
  },
  "relay.metrics": {
    sentence: "Address and port of the metrics page. Off where it is not set.",
    example: '"127.0.0.1:9125"',
  },

  "log.file": {
    sentence: "Every command writes here too. Default: plantpost.log in data_dir.",
  },
  "log.level": { sentence: "debug, info, warn or error." },
  "log.max_size": { sentence: "At this size a new log file is begun." },
  "log.keep": { sentence: "How many full log files are kept." },

  "groups.*": {
    sentence: "Recipients under one name, as in: plantpost send --to operators",
    example: '["anna@contoso.com", "bo@contoso.com"]',
  },
  "sms.gateways.*": {
    sentence:
      "The mail domain of an SMS gateway under a short name, for: plantpost send --sms NUMBER@NAME",
    example: '"vtext.com"',
  },
};
