// `secret set` and `secret clear`: the client secret, with `smtp.auth = "password"` the SMTP password, or with
// `oauth.certificate_file` the passphrase of that file, in the vault. The invariant: it is read from a hidden prompt
// or standard input, never from an argument, which every process list shows.

import { EXIT, Failure } from "../base/failure.ts";
import type { Profile } from "../profile/profile.ts";
import { looksLikeSecretId, SECRET_ID_REFUSAL, SECRET_ID_REMEDY } from "../vault/client_secret.ts";
import { bindingOf, secretsOf, withSecrets } from "../vault/content.ts";
import type { Context } from "./context.ts";

export async function run(context: Context): Promise<number> {
  const profile = await context.profile();
  const slot = slotOf(profile);
  const what = WORDS[slot];
  if (context.flags.positionals[0] === "clear") {
    const vault = await context.vault();
    const wasThere = await vault.update(async (content, save) => {
      const isThere = secretsOf(content, profile.name)[slot] !== undefined;
      if (isThere) await save(withSecrets(content, profile.name, { [slot]: undefined }));
      return isThere;
    });
    context.result(
      { profile: profile.name, cleared: wasThere },
      `${wasThere ? `forgot ${what}` : `${what} was not stored`} of profile "${profile.name}"\n`,
    );
    return EXIT.ok;
  }
  const value = await readSecret(context, what);
  context.world.keepSecret(value);
  if (slot === "clientSecret") checkClientSecret(context, { profile, value });
  if (slot === "certificatePassphrase") await checkPassphrase(context, { profile, value });
  const vault = await context.vault();
  await vault.update(async (content, save) => {
    const stored = { binding: bindingOf(profile), value, setAtMs: context.world.nowMs() };
    await save(withSecrets(content, profile.name, { [slot]: stored }));
  });
  context.result(
    { profile: profile.name, stored: true },
    `stored ${what} of profile "${profile.name}" in ${vault.path}\n`,
  );
  return EXIT.ok;
}

type Slot = "smtpPassword" | "certificatePassphrase" | "clientSecret";

const WORDS: Readonly<Record<Slot, string>> = {
  smtpPassword: "the SMTP password",
  certificatePassphrase: "the passphrase of the certificate file",
  clientSecret: "the client secret",
};

function slotOf(profile: Profile): Slot {
  if (profile.smtp.auth === "password") return "smtpPassword";
  return profile.oauth?.certificateFile === undefined ? "clientSecret" : "certificatePassphrase";
}

async function readSecret(context: Context, what: string): Promise<string> {
  const { terminal } = context.world;
  const typed = terminal.isInteractive
    ? await terminal.askHidden(`${what}: `) ?? ""
    : new TextDecoder().decode(await terminal.readInput());
  // PowerShell pipes with a byte order mark and a line end; neither is part of any secret.
  const value = typed.replace(/^\uFEFF/, "").trim();
  if (value === "") {
    throw new Failure("usage.invalid", `secret set: ${what} is empty`, {
      remedy: "type it at the prompt, or pass it on standard input: plantpost secret set < FILE",
    });
  }
  // deno-lint-ignore no-control-regex
  if (/[\x00-\x1f\x7f]/.test(value)) {
    throw new Failure(
      "usage.invalid",
      `secret set: ${what} holds a line end or control character`,
      {
        remedy: "pass the secret alone, on one line",
      },
    );
  }
  return value;
}

// A file that is not there yet, or has another fault, is no reason to type it twice.
async function checkPassphrase(
  context: Context,
  at: { readonly profile: Profile; readonly value: string },
): Promise<void> {
  const path = at.profile.oauth?.certificateFile;
  if (path === undefined) return;
  const { opensWith, readCertificateFile } = await import("../vault/certificate_file.ts");
  if (!await opensWith(path, at.value)) {
    throw new Failure("usage.invalid", `secret set: this passphrase does not open ${path}`, {
      remedy: "type the passphrase that was given when the file was exported; nothing was stored",
    });
  }
  try {
    const { certificate } = await readCertificateFile(path, at.value);
    if (certificate.expiresAtMs > context.world.nowMs()) return;
    const end = new Date(certificate.expiresAtMs).toISOString();
    context.note(`warning: the certificate in ${path} ended at ${end}`);
  } catch (failure) {
    if (!(failure instanceof Failure)) throw failure;
    context.note(`warning: ${failure.message}`);
  }
}

function checkClientSecret(
  context: Context,
  at: { readonly profile: Profile; readonly value: string },
): void {
  if (looksLikeSecretId(at.value)) {
    throw new Failure("usage.invalid", `secret set: ${SECRET_ID_REFUSAL}`, {
      remedy: SECRET_ID_REMEDY,
    });
  }
  const source = at.profile.oauth?.clientSecret.from;
  if (source !== undefined && source !== "vault") {
    context.note(
      `warning: the profile takes the client secret from elsewhere (client_secret${
        source === "profile" ? "" : `_${source}`
      }); the stored one is not used until that key is removed`,
    );
  }
}
