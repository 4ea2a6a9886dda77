// plantpost's own failure codes, for `explain`. A failure itself says more than these rows can: it knows the
// file, the host and the reply; so they are never put in the place of its own remedy.

import { Failure, type FailureCode } from "../base/failure.ts";
import type { Entry, Who } from "./entry.ts";

const READ_REPLY =
  "read the reply that the message quotes, and explain it: plantpost explain with that line in quotes";

const ROWS: Readonly<Record<FailureCode, readonly [Who, string, ...string[]]>> = {
  "usage.invalid": [
    "operator",
    "the command line is wrong",
    "compare it with plantpost COMMAND --help; a text with blanks stands in quotes",
  ],
  "message.invalid": [
    "operator",
    "the mail cannot be built as it was asked for",
    "correct the address, header or file that the message names",
  ],
  "message.too_big": [
    "operator",
    "the mail is bigger than the server takes",
    "send fewer or smaller attachments; they grow by a third on the way",
  ],
  "input.unreadable": [
    "operator",
    "a file that the command names cannot be read",
    "see that the path is right, and that the account that runs plantpost may read it",
  ],
  "smtp.recipient_refused": [
    "operator",
    "the server refused some or all recipients",
    "read the server's words for each address, and correct or remove it",
  ],
  "net.unknown_host": [
    "operator",
    "DNS knows no host of this name",
    "compare smtp.host and the endpoints of the profile with the provider's",
    "see that this PC can resolve names: nslookup smtp.office365.com",
  ],
  "smtp.refused": ["operator", "the server refuses the mail for good", READ_REPLY],
  "file.cannot_create": [
    "operator",
    "a file cannot be made, or exists already and is never overwritten",
    "let the account that runs plantpost write to the folder, or choose another one",
  ],
  "oauth.port_in_use": [
    "operator",
    "another program listens on the port of the redirect URI",
    "find it: netstat -ano (Windows), ss -ltnp (Linux), and end it",
    "or choose another port in oauth.redirect_uri and in the app registration",
  ],
  "file.io": [
    "operator",
    "the disk is full or failing",
    "free some space on the disk of data_dir, then try again",
  ],
  "smtp.outcome_unknown": [
    "operator",
    "the connection broke after the last octet, so nobody knows whether the mail arrived",
    "ask a recipient before the mail is sent again",
    "send it again with the same Message-ID (plantpost send --message-id, with the messageId of the result): many " +
    "mailboxes then show it once",
  ],
  "net.unreachable": [
    "administrator",
    "the server does not answer on its port",
    "let the firewall pass outgoing TCP to the host and port of the message (587 for mail, 443 for the sign-in)",
    "see that the PC has a network: the provider's web page opens",
  ],
  "net.timeout": [
    "operator",
    "the other side took too long",
    "try again; if it stays, a firewall swallows the packets, or smtp.timeout in the profile is too short",
  ],
  "net.lost": [
    "operator",
    "the connection broke",
    "try again; if it stays, look for a firewall or virus scanner",
  ],
  "smtp.temporary": [
    "operator",
    "the server does not take the mail for now",
    "wait a few minutes and try again",
    READ_REPLY,
  ],
  "oauth.temporary": [
    "operator",
    "the provider gives no token for now",
    "wait a few minutes and try again; the stored sign-in is kept",
  ],
  "vault.locked": [
    "operator",
    "another plantpost holds the vault for too long",
    "try again; if it stays, look for a plantpost that hangs and end it",
  ],
  "net.tls": [
    "administrator",
    "the certificate of the other side is not trusted, or TLS does not come about",
    "see that host and port are right",
    "where a proxy inspects TLS, give its certificate authority in smtp.ca_file",
  ],
  "smtp.protocol": [
    "operator",
    "what answers is no proper SMTP server",
    "see that host, port and smtp.tls belong together (587 starttls, 465 implicit)",
    "switch off a virus scanner or firewall that changes mail traffic",
  ],
  "oauth.protocol": [
    "operator",
    "what answers is no proper token endpoint",
    "check oauth.token_endpoint in the profile; a proxy or firewall may have answered in its place",
  ],
  "smtp.auth_refused": [
    "user",
    "the mail server refuses the sign-in",
    READ_REPLY,
    'run "plantpost login" as the account of the profile',
  ],
  "oauth.grant_missing": [
    "user",
    "nobody has signed in for this profile on this PC",
    'run "plantpost login"',
  ],
  "oauth.grant_expired": [
    "user",
    "the stored sign-in has ended or was revoked",
    'run "plantpost login"',
    'let the task scheduler run "plantpost refresh" once a week, so that it does not run out',
  ],
  "oauth.consent_denied": [
    "user",
    "the permissions were declined on the sign-in page",
    'run "plantpost login" and accept; where the page asks for an administrator, one consents first',
  ],
  "oauth.client_refused": [
    "administrator",
    "the provider does not accept the app: mostly its client secret has expired or is wrong",
    "make a new client secret in the app's registration",
    'run "plantpost secret set" and paste its Value',
    'run "plantpost refresh"',
  ],
  "oauth.refused": [
    "operator",
    "the provider refuses the request for a token",
    "compare client_id, tenant, scope and endpoints of the profile with the app's registration",
  ],
  "oauth.sign_in_timeout": [
    "user",
    "no sign-in came back from the browser in time",
    "if the browser shows a code such as AADSTS50011: plantpost explain AADSTS50011",
    'else run "plantpost login" again and finish the sign-in in the browser of this PC',
  ],
  "oauth.secret_missing": [
    "operator",
    "the profile needs a client secret or SMTP password, and none is stored",
    'run "plantpost secret set"',
  ],
  "oauth.certificate": [
    "operator",
    "the file of oauth.certificate_file cannot be used: key, certificate or passphrase is missing in it, or wrong",
    "see that the file holds the private key and the certificate of one pair, as PEM or PFX",
    'where it is encrypted: run "plantpost secret set" and type its passphrase',
    'or let plantpost make a new pair: remove oauth.certificate_file and run "plantpost cert new"',
  ],
  "vault.sealed_elsewhere": [
    "operator",
    "the vault was sealed on another PC or by another account",
    "run plantpost on that PC and under that account, which the message names",
    "or carry the profile over: plantpost profile export --seal there, plantpost profile import here",
    "or move the vault's file away and sign in here: plantpost login",
  ],
  "vault.passphrase": [
    "operator",
    "the vault's passphrase is missing or wrong",
    "set the environment variable PLANTPOST_PASSPHRASE for the account that runs plantpost",
  ],
  "vault.damaged": [
    "operator",
    "the vault's file is damaged",
    "put its backup back, or remove it, run plantpost secret set where there is a secret, and plantpost login",
  ],
  "vault.binding": [
    "user",
    "the sign-in was made for another client ID, endpoint or mail server than the profile names now",
    'take the change in the profile back, or run "plantpost login"',
  ],
  "vault.place": [
    "operator",
    "the vault cannot be kept where the profile says",
    "choose another data_dir or vault.key_file",
  ],
  "profile.missing": [
    "operator",
    "there is no profile file",
    'run "plantpost init", or name the file with --config or PLANTPOST_CONFIG',
  ],
  "profile.invalid": [
    "operator",
    "the profile file has errors",
    "correct each key that the message names",
  ],
  "interrupted": [
    "operator",
    "somebody pressed Ctrl-C, closed the window or ended the process",
    "run the command again",
  ],
};

export const PLANTPOST: readonly Entry[] = (Object.keys(ROWS) as FailureCode[]).map((code) => {
  const [who, meaning, ...steps] = ROWS[code];
  const { retry } = new Failure(code, "");
  return { id: code, area: "plantpost", meaning, who, steps, retry };
});

/** The exit code that a failure code of plantpost ends with; undefined for any other text. */
export function exitCodeOf(id: string): number | undefined {
  return Object.hasOwn(ROWS, id) ? new Failure(id as FailureCode, "").exitCode : undefined;
}
