// `cert new`: a key and certificate for the app registration. The invariant: the private key is in the vault and
// nowhere else, and what the profile used until now goes on being used until the provider has taken the new one.

import { toBase64 } from "../base/base64.ts";
import { createDurably } from "../base/durable_file.ts";
import { EXIT, Failure } from "../base/failure.ts";
import { dirName, joinPath } from "../base/paths.ts";
import { parseDuration } from "../base/units.ts";
import { adviceLines } from "../catalogue/remedy.ts";
import type { OauthProfile, Profile } from "../profile/profile.ts";
import {
  bindingOf,
  boundCertificates,
  type StoredCertificate,
  type VaultContent,
  withSecrets,
} from "../vault/content.ts";
import { makeSelfSigned, pemOf, shownThumbprint } from "../vault/x509.ts";
import { whatNext } from "./cert_steps.ts";
import type { Context } from "./context.ts";

const DAY_MS = 86_400_000;
/** Ten years: the provider does not mind, and nobody wants to come back every year. */
const USUAL_DAYS = 3652;
const MOST_DAYS = 36_500;
/** A clock that is behind must not find the certificate to be of the future. */
const EARLIER_MS = DAY_MS;

export async function run(context: Context): Promise<number> {
  const { world, flags } = context;
  const profile = await context.profile();
  const oauth = clientOf(profile);
  const lifeMs = lifeOf(flags.text("valid-for"));
  const place = await placeOf(context, profile);
  const vault = await context.vault();
  // Before the key is made, which takes a second on a slow PC.
  const isForced = flags.has("force");
  checkWaiting(await vault.read(), { profile, isForced });

  const nowMs = world.nowMs();
  // Dates in a certificate have no fractions.
  const startsAtMs = Math.floor((nowMs - EARLIER_MS) / 1000) * 1000;
  const expiresAtMs = Math.floor((nowMs + lifeMs) / 1000) * 1000;
  const commonName = `plantpost ${profile.name} on ${world.whoAmI().pc}`.slice(0, 64);
  const made = await makeSelfSigned({ commonName, startsAtMs, expiresAtMs });
  const privateKey = toBase64(made.privateKey);
  world.keepSecret(privateKey);
  context.signal.throwIfAborted();
  const file = await vault.update(async (content, save) => {
    checkWaiting(content, { profile, isForced });
    const written = await writePublicPart(place, made.certificate);
    try {
      await save(withNewest(content, profile, {
        binding: bindingOf(profile),
        privateKey,
        certificate: toBase64(made.certificate),
        madeAtMs: nowMs,
        expiresAtMs,
      }));
    } catch (failure) {
      // Without its key nobody must upload it.
      await Deno.remove(written).catch(() => {});
      throw failure;
    }
    return written;
  });

  const thumbprints = {
    sha1: await shownThumbprint(made.certificate, "SHA-1"),
    sha256: await shownThumbprint(made.certificate, "SHA-256"),
  };
  const expiresAt = new Date(expiresAtMs).toISOString();
  const { who, steps } = whatNext(profile, oauth, {
    file,
    thumbprint: thumbprints.sha1,
  });
  context.result(
    { profile: profile.name, file, subject: commonName, thumbprints, expiresAt, who, steps },
    [
      `made a key and certificate for profile "${profile.name}"; the key is sealed in ${vault.path}`,
      `file:     ${file} (public: it may be mailed)`,
      `subject:  ${commonName}`,
      `SHA-1:    ${thumbprints.sha1}`,
      `SHA-256:  ${thumbprints.sha256}`,
      `until:    ${expiresAt}`,
      "until the provider takes it, what was used before goes on being used",
      `who must act: ${who}`,
      ...adviceLines(steps),
    ].map((line) => `${line}\n`).join(""),
  );
  return EXIT.ok;
}

function clientOf(profile: Profile): OauthProfile {
  const { oauth } = profile;
  if (oauth === undefined || profile.smtp.auth === "password" || profile.smtp.auth === "none") {
    throw new Failure(
      "usage.invalid",
      `cert new: profile "${profile.name}" signs in without OAuth, so there is nothing to prove with a certificate`,
      { remedy: "name another profile with --profile" },
    );
  }
  if (profile.provider === "google" || profile.provider === "yahoo") {
    throw new Failure(
      "usage.invalid",
      `cert new: provider "${profile.provider}" knows apps by their client secret only`,
      { remedy: 'keep the client secret: run "plantpost secret set"' },
    );
  }
  if (oauth.certificateFile !== undefined) {
    throw new Failure(
      "usage.invalid",
      `cert new: profile "${profile.name}" takes its certificate from ${oauth.certificateFile}`,
      {
        remedy:
          "exchange that file; or remove oauth.certificate_file from the profile, so that the key is kept in the vault",
      },
    );
  }
  return oauth;
}

function lifeOf(written: string | undefined): number {
  if (written === undefined) return USUAL_DAYS * DAY_MS;
  const lifeMs = parseDuration(written);
  if (lifeMs !== undefined && lifeMs >= DAY_MS && lifeMs <= MOST_DAYS * DAY_MS) return lifeMs;
  throw new Failure(
    "usage.invalid",
    `--valid-for: must be a duration from 1d to ${MOST_DAYS}d, found "${written}"`,
    { remedy: "give days, such as --valid-for 730d" },
  );
}

/** Where the public part may go; the first name that is free is taken, and nothing is overwritten. */
interface Place {
  readonly path: (number: number) => string;
  /** Whether it must be that very file. */
  readonly isNamed: boolean;
}

async function placeOf(context: Context, profile: Profile): Promise<Place> {
  const { world, flags } = context;
  const out = flags.text("out");
  if (out !== undefined) {
    const path = joinPath(Deno.cwd(), out, world);
    if (await Deno.lstat(path).then(() => true, () => false)) throw taken(path);
    return { path: () => path, isNamed: true };
  }
  const folder = dirName((await context.settings()).file, world);
  const stem = `plantpost-${profile.name.replaceAll(/[^\w.-]/g, "_")}`;
  return {
    path: (number) => joinPath(folder, `${stem}${number === 1 ? "" : `-${number}`}.cer`, world),
    isNamed: false,
  };
}

async function writePublicPart(place: Place, certificate: Uint8Array): Promise<string> {
  const pem = new TextEncoder().encode(pemOf("CERTIFICATE", certificate));
  for (let number = 1;; number++) {
    const path = place.path(number);
    if (await createDurably(path, pem, { mode: 0o644 })) return path;
    if (place.isNamed) throw taken(path);
  }
}

function taken(path: string): Failure {
  return new Failure("file.cannot_create", `${path} exists already and is left as it is`, {
    remedy: "name another file with --out",
  });
}

function checkWaiting(
  content: VaultContent,
  at: { readonly profile: Profile; readonly isForced: boolean },
): void {
  const { certificate } = ownCertificates(content, at.profile);
  if (certificate === undefined || certificate.acceptedAtMs !== undefined || at.isForced) return;
  const madeAt = new Date(certificate.madeAtMs).toISOString();
  throw new Failure(
    "usage.invalid",
    `cert new: the certificate made on ${madeAt} still waits for its upload, or has not been used since`,
    {
      remedy:
        'upload that one and run "plantpost refresh"; or, if its file is lost or it is of no use any more, ' +
        "add --force",
    },
  );
}

// The one that the provider takes now stays; one that waited for its upload is given up.
function withNewest(
  content: VaultContent,
  profile: Profile,
  newest: StoredCertificate,
): VaultContent {
  const { certificate, previousCertificate } = ownCertificates(content, profile);
  const inUse = certificate?.acceptedAtMs === undefined ? previousCertificate : certificate;
  return withSecrets(content, profile.name, {
    certificate: newest,
    previousCertificate: inUse,
  });
}

/** None that was made for another client ID, endpoint or server: it would be of no use, and in the way. */
function ownCertificates(
  content: VaultContent,
  profile: Profile,
): ReturnType<typeof boundCertificates> {
  try {
    return boundCertificates(content, profile);
  } catch (failure) {
    if (failure instanceof Failure && failure.code === "vault.binding") return {};
    throw failure;
  }
}
