// `profile export --seal`: one profile with its secrets, sealed with a passphrase for another PC. The invariant:
// no secret leaves unsealed, and a file that is there is never touched.

import { createDurably, reason } from "../base/durable_file.ts";
import { EXIT, Failure } from "../base/failure.ts";
import { baseName, dirName, joinPath } from "../base/paths.ts";
import { carriedText } from "../profile/carried_text.ts";
import { fileReferences } from "../profile/file_references.ts";
import { parseSettings } from "../profile/parse.ts";
import type { Profile } from "../profile/profile.ts";
import { PROVIDERS } from "../profile/providers.ts";
import { clientSecretOf } from "../vault/client_secret.ts";
import {
  boundCertificates,
  boundGrant,
  boundPassphrase,
  boundSmtpPassword,
  type StoredCertificate,
  type VaultContent,
} from "../vault/content.ts";
import {
  type CarriedCertificate,
  type CarriedFile,
  type CarriedGrant,
  type CarriedProfile,
  writeCarried,
} from "../vault/sealed_profile.ts";
import type { Context } from "./context.ts";
import { jsonLine } from "./output.ts";
import { passphraseToSeal } from "./seal_passphrase.ts";

const SECRET_KEYS = [
  "oauth.client_secret",
  "oauth.client_secret_env",
  "oauth.client_secret_file",
];
const CARRIED_SECRETS = [
  "clientSecret",
  "smtpPassword",
  "certificatePassphrase",
  "certificate",
  "previousCertificate",
  "grant",
] as const satisfies readonly (keyof CarriedProfile)[];
/** Certificates of a company are some kilobytes. */
const MOST_FILE_BYTES = 1_000_000;

export async function run(context: Context): Promise<number> {
  const { world, flags } = context;
  if (!flags.has("seal")) {
    throw new Failure("usage.invalid", "profile export: secrets leave this PC sealed only", {
      remedy: "add --seal: plantpost profile export --seal FILE",
    });
  }
  const [, operand = "-"] = flags.positionals;
  const path = operand === "-" ? undefined : joinPath(Deno.cwd(), operand, world);
  if (path !== undefined) await checkPlace(path, dirName(path, world));
  const profile = await context.profile();
  const carried = await collect(context, profile);
  const passphrase = await passphraseToSeal(context);
  const { sealText } = await import("../vault/age_file.ts");
  const sealed = await sealText(writeCarried(carried), passphrase);
  context.signal.throwIfAborted();
  const names = [
    ...CARRIED_SECRETS.filter((name) => name in carried),
    ...carried.files.map(({ key }) => key),
  ];
  if (path === undefined) print(context, { profile: profile.name, carried: names, sealed });
  else {
    const isNew = await createDurably(path, new TextEncoder().encode(sealed), { mode: 0o600 });
    if (!isNew) throw taken(path);
    context.result(
      { file: path, profile: profile.name, carried: names },
      describe(carried, { what: path, next: `plantpost profile import ${baseName(path, world)}` }),
    );
  }
  return EXIT.ok;
}

// The file is the result here; what there is to say goes to standard error.
function print(
  context: Context,
  result: {
    readonly profile: string;
    readonly carried: readonly string[];
    readonly sealed: string;
  },
): void {
  const { sealed, ...told } = result;
  if (context.world.redact(sealed) !== sealed) {
    throw new Failure(
      "usage.invalid",
      "profile export: a secret or the passphrase is a word of the sealed file's own lines, and " +
        "would be hidden in them on standard output",
      { remedy: "name a file: plantpost profile export --seal FILE" },
    );
  }
  context.world.terminal.out(context.isJson ? jsonLine(result, context.world) : sealed);
  context.journal.result(told);
}

async function collect(context: Context, profile: Profile): Promise<CarriedProfile> {
  const { world } = context;
  const settings = await context.settings();
  const content = await (await context.vault()).read();
  const clientSecret = await findClientSecret(context, { profile, content });
  const smtpPassword = profile.smtp.auth === "password"
    ? boundSmtpPassword(content, profile)?.value
    : undefined;
  if (smtpPassword !== undefined) world.keepSecret(smtpPassword);
  else if (profile.smtp.auth === "password") {
    context.warn({
      code: "oauth.secret_missing",
      message: `profile "${profile.name}" has no SMTP password to carry`,
      remedy: 'run "plantpost secret set" here first, or there afterwards',
    });
  }
  const grant = context.flags.has("with-sign-in") ? findGrant(content, profile) : undefined;
  for (const token of [grant?.accessToken, grant?.refreshToken]) world.keepSecret(token ?? "");
  const text = carriedText(await Deno.readTextFile(settings.file), {
    name: profile.name,
    drops: clientSecret === undefined ? [] : SECRET_KEYS,
  });
  // Whatever would be wrong with it can be put right here, and not where it arrives.
  parseSettings(text.file, { file: settings.file, platform: world.platform });
  const { pc, account } = world.whoAmI();
  return {
    exportedAtMs: world.nowMs(),
    pc,
    account,
    name: profile.name,
    ...text,
    files: await readFiles(profile, { file: settings.file, platform: world.platform }),
    ...(clientSecret === undefined ? {} : { clientSecret }),
    ...(smtpPassword === undefined ? {} : { smtpPassword }),
    ...certificatesOf(context, { profile, content }),
    ...(grant === undefined ? {} : { grant }),
  };
}

async function findClientSecret(
  context: Context,
  from: { readonly profile: Profile; readonly content: VaultContent },
): Promise<string | undefined> {
  const { profile, content } = from;
  if (profile.oauth === undefined) return undefined;
  const secret = clientSecretOf(profile, profile.oauth, { content, world: context.world });
  // Without OAuth it may be missing; then its key stays in the profile.
  return signsIn(profile) ? await secret : await secret.catch(() => undefined);
}

/** With a file its passphrase, which opens nothing else; else what `cert new` made. */
function certificatesOf(
  { world }: Context,
  from: { readonly profile: Profile; readonly content: VaultContent },
): Pick<CarriedProfile, "certificatePassphrase" | "certificate" | "previousCertificate"> {
  const { profile, content } = from;
  if (profile.oauth === undefined || !signsIn(profile)) return {};
  if (profile.oauth.certificateFile !== undefined) {
    const certificatePassphrase = boundPassphrase(content, profile)?.value;
    if (certificatePassphrase === undefined) return {};
    world.keepSecret(certificatePassphrase);
    return { certificatePassphrase };
  }
  const { certificate, previousCertificate } = boundCertificates(content, profile);
  const carried = (stored: StoredCertificate): CarriedCertificate => {
    const { binding: _binding, ...rest } = stored;
    world.keepSecret(rest.privateKey);
    return rest;
  };
  return {
    ...(certificate === undefined ? {} : { certificate: carried(certificate) }),
    ...(previousCertificate === undefined
      ? {}
      : { previousCertificate: carried(previousCertificate) }),
  };
}

function findGrant(content: VaultContent, profile: Profile): CarriedGrant {
  if (!signsIn(profile) || profile.oauth?.flow === "app") {
    throw new Failure(
      "usage.invalid",
      `profile export: profile "${profile.name}" needs no sign-in, so there is none to carry`,
      { remedy: "leave --with-sign-in out" },
    );
  }
  if (!PROVIDERS[profile.provider].isMicrosoft && profile.provider !== "google") {
    throw new Failure(
      "usage.invalid",
      `profile export: the sign-in of a profile with provider "${profile.provider}" is not carried`,
      {
        remedy:
          "leave --with-sign-in out and sign in on the other PC: the provider may replace the " +
          "refresh token at each use and take the old one for stolen; two PCs with one would lose it",
      },
    );
  }
  const stored = boundGrant(content, profile);
  if (stored?.refreshToken === undefined || stored.refusedAtMs !== undefined) {
    throw new Failure(
      stored === undefined ? "oauth.grant_missing" : "oauth.grant_expired",
      `profile "${profile.name}" has no sign-in that lasts, so there is none to carry`,
      { remedy: 'run "plantpost login" first, or leave --with-sign-in out' },
    );
  }
  const {
    binding: _binding,
    refusedAtMs: _at,
    refusedWith: _with,
    interruptedAtMs: _interrupted,
    ...grant
  } = stored;
  return grant;
}

function signsIn(profile: Profile): boolean {
  return profile.smtp.auth !== "password" && profile.smtp.auth !== "none";
}

async function readFiles(
  profile: Profile,
  at: { readonly file: string; readonly platform: Context["world"]["platform"] },
): Promise<readonly CarriedFile[]> {
  const files: CarriedFile[] = [];
  for (const { key, path, relative } of fileReferences(profile, at)) {
    if (relative === undefined) continue;
    files.push({ key, path: relative, content: await readFile(path, key) });
  }
  return files;
}

async function readFile(path: string, key: string): Promise<Uint8Array> {
  let why: string;
  try {
    const { size } = await Deno.stat(path);
    if (size <= MOST_FILE_BYTES) return await Deno.readFile(path);
    why = `it has ${size} octets, and more than ${MOST_FILE_BYTES} are not carried`;
  } catch (cause) {
    why = reason(cause);
  }
  throw new Failure("input.unreadable", `${key}: cannot read ${path}: ${why}`, {
    remedy: `correct ${key}, or let this account read the file`,
  });
}

function describe(
  carried: CarriedProfile,
  to: { readonly what: string; readonly next: string },
): string {
  const parts = [
    ...(carried.clientSecret === undefined ? [] : ["the client secret"]),
    ...(carried.smtpPassword === undefined ? [] : ["the SMTP password"]),
    ...(carried.certificatePassphrase === undefined
      ? []
      : ["the passphrase of the certificate file"]),
    ...(carried.certificate === undefined ? [] : ["the certificate and its key"]),
    ...(carried.grant === undefined ? [] : ["the sign-in"]),
    ...carried.files.map(({ path }) => path),
  ];
  const list = parts.length === 0 ? "" : ` with ${parts.join(", ")}`;
  return `sealed profile "${carried.name}"${list} in ${to.what}\n` +
    `next: take the file to the other PC and run there: ${to.next}\n`;
}

// Before anybody thinks of a passphrase.
async function checkPlace(path: string, folder: string): Promise<void> {
  if (await Deno.lstat(path).then(() => true, () => false)) throw taken(path);
  const isFolder = await Deno.stat(folder).then((info) => info.isDirectory, () => false);
  if (isFolder) return;
  throw new Failure("file.cannot_create", `cannot create ${path}: there is no folder ${folder}`, {
    remedy: "name a file in a folder that is there",
  });
}

function taken(path: string): Failure {
  return new Failure("file.cannot_create", `${path} exists already and is left as it is`, {
    remedy: "name another file, or remove that one",
  });
}
