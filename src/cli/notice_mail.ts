// The mail of `status --notify`: what ends, when, what to do before it does, and who must. It is read by somebody who
// does not know plantpost, weeks before anything is wrong.

import { VERSION } from "../base/version.ts";
import type { World } from "../base/world.ts";
import type { Mailbox } from "../message/address.ts";
import type { Profile } from "../profile/profile.ts";
import { DAY_MS } from "../vault/expiry.ts";
import type { DueNotice } from "../vault/notices.ts";
import { distinct, type Outgoing, senderOf } from "./draft.ts";

export function noticeMail(
  [first, ...more]: readonly [DueNotice, ...DueNotice[]],
  about: {
    readonly profile: Profile;
    /** The profile file. */
    readonly file: string;
    readonly to: readonly Mailbox[];
    readonly world: Pick<World, "nowMs" | "whoAmI">;
  },
): Outgoing {
  const { profile, file, to, world } = about;
  const { pc } = world.whoAmI();
  const from = senderOf(undefined, profile);
  // As people write it in a subject.
  const headline = (first.message.split(": ", 1)[0] ?? "").replaceAll('"', "");
  const others = more.length === 0 ? "" : `, and ${more.length} more`;
  const text = [
    `plantpost on ${pc} still sends mail. It will stop when what follows has ended.`,
    ...[first, ...more].flatMap((notice) => ["", ...paragraph(notice, world.nowMs())]),
    "",
    `PC:       ${pc}`,
    `Profile:  ${
      profile.label === undefined ? profile.name : `${profile.name} (${profile.label})`
    }`,
    `File:     ${file}`,
    `Account:  ${profile.user}`,
    ...(profile.oauth === undefined ? [] : [`App:      ${profile.oauth.clientId}`]),
    `Server:   ${profile.smtp.host}:${profile.smtp.port}`,
    `Program:  plantpost ${VERSION}`,
    "",
    'This mail comes 60, 30 and 7 days before an end, once each. "plantpost status" on the PC tells how things are.',
    "",
  ].join("\n");
  return {
    parts: {
      from,
      to,
      cc: [],
      replyTo: [],
      subject: `plantpost on ${pc}: ${headline}${others}`,
      text,
      attachments: [],
    },
    envelope: {
      reversePath: from.address,
      recipients: distinct(to.map((mailbox) => mailbox.address)),
    },
  };
}

function paragraph(notice: DueNotice, nowMs: number): readonly string[] {
  const days = Math.ceil((notice.endsAtMs - nowMs) / DAY_MS);
  const [what = "", ...why] = notice.message.split(": ");
  const left = `in ${days} ${days === 1 ? "day" : "days"}`;
  return [
    `${[`${what.charAt(0).toUpperCase()}${what.slice(1)}, ${left}`, ...why].join(": ")}.`,
    `Who must act: ${WHO[notice.who]}.`,
    "What to do:",
    ...notice.remedy.split("\n").map((line) => `  ${line}`),
  ];
}

const WHO = {
  user: "whoever signs in and owns the account",
  administrator: "an administrator of the app registration",
  operator: "whoever runs plantpost on the PC",
} as const;
