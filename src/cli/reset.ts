// `reset`: the manual's button of that name; forgets the grant and, if asked, the stored secrets with
// the key that `cert new` made.

import { EXIT, Failure } from "../base/failure.ts";
import { type ProfileSecrets, secretsOf, withSecrets } from "../vault/content.ts";
import type { Context } from "./context.ts";

const SECRETS = [
  "clientSecret",
  "smtpPassword",
  "certificate",
  "previousCertificate",
  "certificatePassphrase",
] as const satisfies readonly (keyof ProfileSecrets)[];

export async function run(context: Context): Promise<number> {
  const profile = await context.profile();
  const vault = await context.vault();
  const forgetsSecret = context.flags.has("secret");
  const what = forgetsSecret ? "the sign-in and the stored secrets" : "the sign-in";
  if (!context.flags.has("yes")) {
    await confirm(context, `forget ${what} of profile "${profile.name}"?`);
  }

  // Without the binding check: what was stored for other settings is what a reset is for.
  const hadGrant = await vault.update(async (content, save) => {
    const stored = secretsOf(content, profile.name);
    const names = forgetsSecret ? ["grant", ...SECRETS] as const : ["grant"] as const;
    const isThere = names.some((name) => stored[name] !== undefined);
    const forgotten: { [Key in keyof ProfileSecrets]: undefined } = Object.fromEntries(
      names.map((name) => [name, undefined]),
    );
    if (isThere) await save(withSecrets(content, profile.name, forgotten));
    return isThere;
  });
  if (context.flags.has("login")) {
    context.note(`forgot ${what} of profile "${profile.name}"`);
    const { run: login } = await import("./login.ts");
    return await login(context);
  }
  context.result(
    { profile: profile.name, forgotten: hadGrant },
    hadGrant
      ? `forgot ${what} of profile "${profile.name}"\n`
      : `there was nothing to forget for profile "${profile.name}"\n`,
  );
  return EXIT.ok;
}

async function confirm(context: Context, question: string): Promise<void> {
  if (!context.world.terminal.isInteractive) {
    throw new Failure(
      "usage.invalid",
      "reset asks before it forgets, and nobody is at the terminal",
      {
        remedy: "add --yes",
      },
    );
  }
  const answer = await context.world.terminal.ask(`${question} [y/N] `);
  if (/^y(es)?$/i.test(answer?.trim() ?? "")) return;
  throw new Failure("interrupted", "nothing was forgotten");
}
