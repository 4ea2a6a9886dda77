// `test`: the manual's "Send Test Email": a real mail through the real path, with facts that help the reader.

import { Failure } from "../base/failure.ts";
import { VERSION } from "../base/version.ts";
import { parseAddressList } from "../message/address.ts";
import type { Context } from "./context.ts";
import { senderOf } from "./draft.ts";
import { sendMail } from "./send.ts";

export async function run(context: Context): Promise<number> {
  const profile = await context.profile();
  const sender = senderOf(undefined, profile);
  const to = parseAddressList(context.flags.text("to") ?? sender.address);
  if (to.length === 0) {
    throw new Failure("usage.invalid", "test: --to wants an address", {
      remedy: "name one, or leave --to out",
    });
  }
  const { pc, account } = context.world.whoAmI();
  const text = [
    "This is a test mail of plantpost. Profile, sign-in and mail server work.",
    "",
    `Profile:  ${profile.label ?? profile.name}`,
    `Server:   ${profile.smtp.host}:${profile.smtp.port}`,
    `Sent by:  ${account} on ${pc}`,
    `Program:  plantpost ${VERSION}`,
    "",
  ].join("\n");
  return await sendMail(context, profile, {
    parts: {
      from: sender,
      to,
      cc: [],
      replyTo: [],
      subject: `plantpost test mail from ${pc}`,
      text,
      attachments: [],
    },
    envelope: {
      reversePath: sender.address,
      recipients: to.map((mailbox) => mailbox.address),
    },
  });
}
