// What `status` found, as a person reads it: a row for each fact, and for an app what Exchange must know of it.

import {
  ADD_MAILBOX_PERMISSION,
  CONNECT_EXCHANGE,
  NEW_SERVICE_PRINCIPAL,
  OBJECT_ID,
} from "../catalogue/steps.ts";
import { filled } from "../catalogue/remedy.ts";
import type { Profile } from "../profile/profile.ts";
import { PROVIDERS } from "../profile/providers.ts";
import type { Notified } from "./notify.ts";
import { remedyFacts } from "./remedy_facts.ts";
import type { Status } from "./status_look.ts";

const WIDTH = 21;

export function statusText(
  profile: Profile,
  { status, file, notified }: {
    readonly status: Status;
    readonly file: string;
    readonly notified: Notified | undefined;
  },
): string {
  const { accessToken: token, refreshToken } = status;
  const rows: readonly (readonly [string, string | undefined])[] = [
    ["profile", profile.label === undefined ? profile.name : `${profile.name} (${profile.label})`],
    ["file", file],
    ["server", `${profile.smtp.host}:${profile.smtp.port}`],
    ["account", status.account],
    ["sign-in", status.grant],
    ["access token until", token?.expiresAt],
    ["access token for", token?.audience],
    ["it permits", [...token?.scopes ?? [], ...token?.roles ?? []].join(", ") || undefined],
    ["it is of", token?.account === status.account ? undefined : token?.account],
    ["refresh token of", refreshToken?.issuedAt],
    ["refresh token until", refreshToken?.expiresAt],
    ["last refresh", refreshToken?.lastUsedAt],
    ["not asked before", status.askAgainAt],
    ["client secret until", status.clientSecret?.expiresAt],
    ["certificate until", status.certificate?.expiresAt],
    ["mailed", notified === undefined ? undefined : mailedText(notified)],
  ];
  const facts = rows.filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${`${name}:`.padEnd(WIDTH)}${value}\n`).join("");
  return facts + exchangeText(profile);
}

function mailedText({ json, messageId }: Notified): string {
  if (json.outcome === "none") return "nothing, nobody need be told today";
  return messageId === undefined ? "nothing, it failed" : `${messageId} to ${json.to.join(", ")}`;
}

// Always, because nobody knows from here whether it was done, and whoever looks for it is tired.
function exchangeText(profile: Profile): string {
  if (profile.oauth?.flow !== "app" || !PROVIDERS[profile.provider].isMicrosoft) return "";
  const lines = filled(
    [CONNECT_EXCHANGE, NEW_SERVICE_PRINCIPAL, ADD_MAILBOX_PERMISSION],
    remedyFacts(profile),
  );
  return [
    `an app needs this once, of an Exchange administrator (${OBJECT_ID}):`,
    ...lines.map((line) => `  ${line}`),
    "",
  ].join("\n");
}
