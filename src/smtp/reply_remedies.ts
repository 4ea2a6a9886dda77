// What to do about the refusals that people meet most, and who must do it. Data only: a row is found by reply
// code, enhanced status code and text. Sources: Microsoft's "Authenticated client SMTP submission" and "NDR codes",
// Google's "SMTP errors and codes", and public reports of their wording, as of November 2026.

import type { Reply } from "./reply.ts";

interface RemedyRow {
  readonly status: RegExp;
  readonly text?: RegExp;
  /** `{user}` stands for the account that signs in. */
  readonly remedy: string;
}

const MAILBOX_SWITCH = "Set-CASMailbox -Identity {user} -SmtpClientAuthenticationDisabled $false";
const TENANT_SWITCH = "Set-TransportConfig -SmtpClientAuthenticationDisabled $false";

const ROWS: readonly RemedyRow[] = [
  {
    status: /^535 5\.7\.139$/,
    text: /disabled for the Tenant/i,
    remedy:
      "an Exchange administrator switches SMTP AUTH on, for this mailbox (its setting wins):\n" +
      `  ${MAILBOX_SWITCH}\nor for the whole organisation:\n  ${TENANT_SWITCH}`,
  },
  {
    status: /^535 5\.7\.139$/,
    text: /disabled for the Mailbox/i,
    remedy: "an Exchange administrator switches SMTP AUTH on for this mailbox:\n" +
      `  ${MAILBOX_SWITCH}\nand, unless it is on for the organisation:\n  ${TENANT_SWITCH}\n` +
      "it takes up to an hour; a personal outlook.com account has no such switch: use another account",
  },
  {
    status: /^535 5\.7\.3$/,
    remedy:
      "check that the scope names https://outlook.office.com/SMTP.Send (not Graph), that {user} is the " +
      "account that signed in, and that SMTP AUTH is on for its mailbox:\n" + `  ${MAILBOX_SWITCH}`,
  },
  {
    status: /^(?:55\d 5\.7\.60|55\d 5\.2\.252)$/,
    remedy:
      "send from {user} itself, or an Exchange administrator grants it the right to send as the other:\n" +
      "  Add-RecipientPermission SENDER -Trustee {user} -AccessRights SendAs",
  },
  {
    status: /^554 5\.2\.0$/,
    text: /SendAsDenied/i,
    remedy:
      "send from {user} itself, or an Exchange administrator grants it the right to send as the other:\n" +
      "  Add-RecipientPermission SENDER -Trustee {user} -AccessRights SendAs",
  },
  {
    status: /^535 5\.7\.8$/,
    remedy: "sign in again as {user}; at Google the scope must be https://mail.google.com/",
  },
  {
    status: /^530 5\.7\.57$/,
    remedy:
      "set smtp.auth to xoauth2 in the profile and sign in: this server takes no mail without it",
  },
];

/** The remedy for a reply, or `undefined` where none is known. */
export function replyRemedy(reply: Reply, user = "the account"): string | undefined {
  const status = reply.enhancedCode === undefined
    ? `${reply.code}`
    : `${reply.code} ${reply.enhancedCode}`;
  const row = ROWS.find((candidate) =>
    candidate.status.test(status) &&
    (candidate.text === undefined || candidate.text.test(reply.text))
  );
  return row?.remedy.replaceAll("{user}", () => user);
}
