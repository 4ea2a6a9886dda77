// `status --notify`: mails what will end, while mail still works. The invariant: first the mail, then the mark that it
// was told; whatever fails in between costs a second mail, never the only one.

import { Failure } from "../base/failure.ts";
import type { Mailbox } from "../message/address.ts";
import type { Profile } from "../profile/profile.ts";
import { secretsOf, withSecrets } from "../vault/content.ts";
import type { ExpiryWarning } from "../vault/expiry.ts";
import { type DueNotice, dueNotices, withNotices } from "../vault/notices.ts";
import type { Context } from "./context.ts";
import { mailboxes } from "./draft.ts";
import { endOf, finishedMail, mailResult, openSessionFor } from "./mail.ts";
import { noticeMail } from "./notice_mail.ts";
import { tell, type Told } from "./output.ts";

export interface Notified {
  readonly exitCode: number;
  /** As `--json` prints it. */
  readonly json: Readonly<Record<string, unknown>> & {
    readonly outcome: "none" | "sent" | "partial" | "unknown" | "failed";
    readonly to: readonly string[];
  };
  /** Of the mail that was sent. */
  readonly messageId?: string;
  /** Why nobody was told, or why it could not be noted down. */
  readonly told?: Told;
}

/**
 * Whom `--notify` names: addresses and groups.
 * @throws {Failure} `usage.invalid`
 */
export async function notifyList(context: Context, list: string): Promise<readonly Mailbox[]> {
  const to = mailboxes([list], await context.settings());
  if (to.length > 0) return to;
  throw new Failure("usage.invalid", "status: --notify wants an address", {
    remedy: "name one, or several with commas",
  });
}

export async function notify(
  context: Context,
  of: {
    readonly profile: Profile;
    readonly endings: readonly ExpiryWarning[];
    readonly to: readonly Mailbox[];
  },
): Promise<Notified> {
  const { profile, endings } = of;
  const vault = await context.vault();
  const { notices } = secretsOf(await vault.read(), profile.name);
  const [first, ...more] = dueNotices(endings, notices);
  const to = of.to.map((mailbox) => mailbox.address);
  if (first === undefined) return { exitCode: 0, json: { outcome: "none", to } };
  return await mail(context, { profile, to: of.to, due: [first, ...more] });
}

async function mail(
  context: Context,
  of: {
    readonly profile: Profile;
    readonly to: readonly Mailbox[];
    readonly due: readonly [DueNotice, ...DueNotice[]];
  },
): Promise<Notified> {
  const { profile, due, to } = of;
  const { file } = await context.settings();
  const outgoing = noticeMail(due, { profile, file, to, world: context.world });
  const ready = finishedMail(outgoing, context.world);
  const startedMs = performance.now();
  const end = await (async () => {
    await using session = await openSessionFor(context, profile);
    return await session.send(ready.envelope, ready.message);
  })().catch((cause) => endOf(cause, context.signal));
  const durationMs = performance.now() - startedMs;
  const { exitCode, json, told } = await mailResult(ready, { profile, end, durationMs });
  const { outcome } = json;
  const { messageId } = ready;
  const notified = {
    outcome: isOutcome(outcome) ? outcome : "failed",
    to: ready.envelope.recipients,
    about: due.map(({ code, endsAtMs, threshold }) => ({
      code,
      expiresAt: new Date(endsAtMs).toISOString(),
      threshold,
    })),
    messageId,
    ...(Array.isArray(json["rejected"]) && json["rejected"].length > 0
      ? { rejected: json["rejected"] }
      : {}),
  };
  if (told !== undefined) return { exitCode, json: notified, told };
  const failure = await mark(context, { profile, due });
  return failure === undefined ? { exitCode, json: notified, messageId } : {
    exitCode: failure.exitCode,
    json: notified,
    messageId,
    told: await tell(failure, context.addresses),
  };
}

/** Notes down what was told; the failure is that of the vault. */
async function mark(
  context: Context,
  { profile, due }: { readonly profile: Profile; readonly due: readonly DueNotice[] },
): Promise<Failure | undefined> {
  try {
    const vault = await context.vault();
    await vault.update(async (content, save) => {
      const { notices } = secretsOf(content, profile.name);
      await save(withSecrets(content, profile.name, { notices: withNotices(notices, due) }));
    });
    return undefined;
  } catch (failure) {
    if (failure instanceof Failure) return failure;
    throw failure;
  }
}

function isOutcome(text: string): text is "sent" | "partial" | "unknown" | "failed" {
  return ["sent", "partial", "unknown", "failed"].includes(text);
}
