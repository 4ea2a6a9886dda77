// `profile import`: takes a sealed profile in, into the profile file and the vault of this PC. The invariant:
// everything is checked before the first write, and whatever happens after that, running it again finishes it.

import { EXIT, Failure } from "../base/failure.ts";
import { dirName } from "../base/paths.ts";
import type { Profile } from "../profile/profile.ts";
import {
  type Binding,
  bindingOf,
  boundCertificates,
  boundGrant,
  boundSmtpPassword,
  type Grant,
  type ProfileSecrets,
  secretsOf,
  type VaultContent,
  withSecrets,
} from "../vault/content.ts";
import { type CarriedGrant, type CarriedProfile, readCarried } from "../vault/sealed_profile.ts";
import type { Context } from "./context.ts";
import { makeFolder, openTarget, type Target, writeTarget } from "./profile_target.ts";
import { passphraseToOpen } from "./seal_passphrase.ts";
import { readSealed } from "./sealed_input.ts";

export async function run(context: Context): Promise<number> {
  const { world, flags } = context;
  const { octets, from } = await readSealed(context);
  const { checkSealedText, openSealedText } = await import("../vault/age_file.ts");
  checkSealedText(octets, from);
  const passphrase = await passphraseToOpen(context, from);
  const carried = readCarried(await openSealedText(octets, { passphrase, from }), from);
  context.signal.throwIfAborted();
  for (const secret of secretsIn(carried)) world.keepSecret(secret ?? "");
  checkName(flags.text("profile"), carried);
  const target = await openTarget(context, { carried, from, shallReplace: flags.has("replace") });
  context.adopt(target.settings, target.profile.name);
  await makeFolder(dirName(target.file, world)); // the vault would make it for this account alone
  const vault = await context.vault();
  const { content, stored } = await vault.update(async (before, save) => {
    const change = secretChange(before, { carried, profile: target.profile, nowMs: world.nowMs() });
    context.signal.throwIfAborted();
    await writeTarget(target, world);
    const after = withSecrets(before, target.profile.name, change);
    if (Object.keys(change).length > 0) await save(after);
    const stored = Object.entries(change).filter(([, value]) => value !== undefined);
    return { content: after, stored: stored.map(([name]) => name) };
  });
  await warn(context, target);
  const next = nextStep(content, target);
  context.result(
    {
      file: target.file,
      profile: target.profile.name,
      stored: [...stored, ...target.files.map(({ key }) => key)],
      ...(next === undefined ? {} : { next }),
    },
    describe(carried, { target, content, stored, vaultPath: vault.path, next }),
  );
  return EXIT.ok;
}

function checkName(wanted: string | undefined, carried: CarriedProfile): void {
  if (wanted === undefined || wanted === carried.name) return;
  throw new Failure(
    "usage.invalid",
    `profile import: the sealed profile is "${carried.name}", and not ${JSON.stringify(wanted)}`,
    { remedy: "leave --profile out" },
  );
}

function secretsIn(carried: CarriedProfile): readonly (string | undefined)[] {
  const { certificate, clientSecret, grant, previousCertificate, smtpPassword } = carried;
  return [
    clientSecret,
    smtpPassword,
    carried.certificatePassphrase,
    certificate?.privateKey,
    previousCertificate?.privateKey,
    grant?.accessToken,
    grant?.refreshToken,
  ];
}

/** A value of undefined forgets what is there. */
type SecretChange = { readonly [Key in keyof ProfileSecrets]: ProfileSecrets[Key] | undefined };

/** What goes into the vault, bound to the profile as it is on this PC. */
function secretChange(
  content: VaultContent,
  from: {
    readonly carried: CarriedProfile;
    readonly profile: Profile;
    readonly nowMs: number;
  },
): SecretChange {
  const { carried, profile, nowMs } = from;
  const binding = bindingOf(profile);
  const secret = (value: string): ProfileSecrets["clientSecret"] & object => ({
    binding,
    value,
    setAtMs: nowMs,
  });
  const { certificatePassphrase: passphrase, clientSecret, grant, smtpPassword } = carried;
  const takesGrant = grant !== undefined && !isOlder(grant, usableGrant(content, profile));
  return {
    ...(clientSecret === undefined ? {} : { clientSecret: secret(clientSecret) }),
    ...(smtpPassword === undefined ? {} : { smtpPassword: secret(smtpPassword) }),
    ...(passphrase === undefined ? {} : { certificatePassphrase: secret(passphrase) }),
    ...certificateChange(content, { carried, profile, binding }),
    ...(takesGrant ? { grant: { ...grant, binding } } : {}),
  };
}

// A newer one of this PC stays. Of an older one nobody knows whether the provider still takes it, so it goes, unless
// the carried one waits for its upload.
function certificateChange(
  content: VaultContent,
  from: {
    readonly carried: CarriedProfile;
    readonly profile: Profile;
    readonly binding: Binding;
  },
): SecretChange {
  const { binding, carried: { certificate, previousCertificate }, profile } = from;
  if (certificate === undefined) return {};
  const own = ownPart(() => boundCertificates(content, profile));
  const ownNewest = own?.certificate;
  if (ownNewest !== undefined && ownNewest.madeAtMs > certificate.madeAtMs) return {};
  if (ownNewest?.certificate === certificate.certificate) {
    // The same: what is known here of its acceptance is not older than what is known there.
    return certificate.acceptedAtMs === undefined || ownNewest.acceptedAtMs !== undefined
      ? {}
      : { certificate: { ...certificate, binding }, previousCertificate: undefined };
  }
  const before = certificate.acceptedAtMs !== undefined ? undefined : previousCertificate ??
    (ownNewest?.acceptedAtMs === undefined ? own?.previousCertificate : ownNewest);
  return {
    certificate: { ...certificate, binding },
    previousCertificate: before === undefined ? undefined : { ...before, binding },
  };
}

// A file that was carried around for a year must not undo what this PC has got since.
function isOlder(grant: CarriedGrant, own: Grant | undefined): boolean {
  return own !== undefined && own.account === grant.account &&
    (own.refreshTokenIssuedAtMs ?? 0) > (grant.refreshTokenIssuedAtMs ?? 0);
}

function usableGrant(content: VaultContent, profile: Profile): Grant | undefined {
  const grant = ownPart(() => boundGrant(content, profile));
  return grant?.refusedAtMs === undefined ? grant : undefined;
}

/** Undefined also for what is bound to other values: it is not used. */
function ownPart<Part>(read: () => Part | undefined): Part | undefined {
  try {
    return read();
  } catch (failure) {
    if (failure instanceof Failure && failure.code === "vault.binding") return undefined;
    throw failure;
  }
}

function nextStep(content: VaultContent, target: Target): string | undefined {
  const { profile, settings } = target;
  const command = missingStep(content, profile);
  if (command === undefined) return undefined;
  const isChosen = (settings.defaultProfile ?? profile.name) === profile.name &&
    (settings.defaultProfile !== undefined || settings.profiles.size === 1);
  return `plantpost ${command}${isChosen ? "" : ` --profile ${profile.name}`}`;
}

function missingStep(content: VaultContent, profile: Profile): string | undefined {
  const { auth } = profile.smtp;
  if (auth === "none") return undefined;
  if (auth === "password") {
    const password = ownPart(() => boundSmtpPassword(content, profile));
    return password === undefined ? "secret set" : undefined;
  }
  if (profile.oauth?.flow !== "app") {
    return usableGrant(content, profile) === undefined ? "login" : undefined;
  }
  const { certificate, clientSecret } = secretsOf(content, profile.name);
  const hasSecret = clientSecret !== undefined || certificate !== undefined ||
    profile.oauth.certificateFile !== undefined;
  return hasSecret ? undefined : "secret set";
}

async function warn(context: Context, target: Target): Promise<void> {
  for (const { key, path } of target.missing) {
    context.warn({
      code: "input.unreadable",
      message: `${key} names ${path}, which is not on this PC`,
      remedy: "copy the file there, or correct the key",
    });
  }
  const { settings } = target;
  if (target.isAdded && settings.profiles.size === 2 && settings.defaultProfile === undefined) {
    context.warn({
      code: "usage.invalid",
      message:
        `${settings.file} has two profiles now, and commands without --profile do not know ` +
        "which one is meant",
      remedy: "set default_profile in the file, or name one with --profile",
    });
  }
  for (const warning of await context.accessWarnings()) context.warn(warning);
}

const WORDS: Readonly<Record<string, string>> = {
  clientSecret: "the client secret",
  smtpPassword: "the SMTP password",
  certificatePassphrase: "the passphrase of the certificate file",
  certificate: "the certificate and its key",
  previousCertificate: "the certificate before it",
  grant: "the sign-in",
};

function describe(
  carried: CarriedProfile,
  done: {
    readonly target: Target;
    readonly content: VaultContent;
    readonly stored: readonly string[];
    readonly vaultPath: string;
    readonly next: string | undefined;
  },
): string {
  const { target, stored, vaultPath, next } = done;
  const origin = `${
    new Date(carried.exportedAtMs).toISOString()
  } on ${carried.pc} by ${carried.account}`;
  const isWritten = target.text !== undefined;
  const secrets = stored.map((name) => WORDS[name] ?? name).join(", ");
  const keepsOwn = carried.grant !== undefined && !stored.includes("grant");
  return [
    `${isWritten ? "imported" : "found the same"} profile "${carried.name}" ${
      isWritten ? "into" : "in"
    } ${target.file} (exported ${origin})`,
    ...target.files.map(({ key, path }) => `${key}: ${path}`),
    ...(secrets === "" ? [] : [`stored ${secrets} in ${vaultPath}`]),
    ...(keepsOwn ? ["the sign-in of this PC is newer than the carried one and stays"] : []),
    next === undefined ? "nothing is left to do" : `next: ${next}`,
  ].map((line) => `${line}\n`).join("");
}
