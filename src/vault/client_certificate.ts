// The certificate credential of a profile, ready to sign: from `oauth.certificate_file`, or from the vault, where
// `cert new` keeps what it makes. The invariant: the key comes out as one that signs and cannot be exported.

import { fromBase64 } from "../base/base64.ts";
import { Failure } from "../base/failure.ts";
import type { World } from "../base/world.ts";
import type { ClientCertificate } from "../oauth/token_endpoint.ts";
import type { OauthProfile, Profile } from "../profile/profile.ts";
import { PROVIDERS } from "../profile/providers.ts";
import { type KeyAndCertificate, readCertificateFile } from "./certificate_file.ts";
import {
  boundCertificates,
  boundPassphrase,
  type StoredCertificate,
  type VaultContent,
} from "./content.ts";
import { importSigningKey } from "./private_key.ts";
import { readX509, thumbprintOf } from "./x509.ts";

interface From {
  readonly content: VaultContent;
  readonly world: Pick<World, "keepSecret">;
}

/** What there is to tell of the certificate that the provider takes now. */
export interface CertificateFacts {
  readonly expiresAtMs: number;
  readonly from: "file" | "certificate" | "previousCertificate";
  /** Whether the provider has taken it; of a file that is not known, so it counts as accepted. */
  readonly isAccepted: boolean;
  /** Whether a newer one has been made that the provider has not taken yet. */
  readonly waitsForUpload: boolean;
}

/**
 * The certificate of the profile's file.
 * @throws {Failure} `oauth.certificate`, `vault.binding`
 */
export async function certificateOfFile(
  profile: Profile,
  path: string,
  from: From,
): Promise<ClientCertificate> {
  return await readyToSign(await keyOfFile(profile, path, from), profile);
}

/** @throws {Failure} `vault.damaged` */
export async function certificateOfVault(
  profile: Profile,
  stored: StoredCertificate,
  world: Pick<World, "keepSecret">,
): Promise<ClientCertificate> {
  world.keepSecret(stored.privateKey);
  const privateKey = fromBase64(stored.privateKey);
  const certificate = readX509(fromBase64(stored.certificate) ?? new Uint8Array());
  if (privateKey === undefined || certificate === undefined) throw damaged(profile);
  return await readyToSign({ privateKey, certificate }, profile);
}

/**
 * What `status` tells: undefined where the profile uses no certificate, and the failure where it cannot be used.
 * Only the file and the vault are looked at.
 */
export async function certificateFacts(
  profile: Profile,
  oauth: OauthProfile,
  from: From,
): Promise<CertificateFacts | Failure | undefined> {
  try {
    if (oauth.certificateFile !== undefined) {
      const { certificate } = await keyOfFile(profile, oauth.certificateFile, from);
      const { expiresAtMs } = certificate;
      return { expiresAtMs, from: "file", isAccepted: true, waitsForUpload: false };
    }
    const { certificate, previousCertificate } = boundCertificates(from.content, profile);
    if (certificate === undefined) return undefined;
    const isAccepted = certificate.acceptedAtMs !== undefined;
    const inUse = isAccepted ? undefined : previousCertificate;
    return {
      expiresAtMs: (inUse ?? certificate).expiresAtMs,
      from: inUse === undefined ? "certificate" : "previousCertificate",
      isAccepted: isAccepted || inUse !== undefined,
      waitsForUpload: !isAccepted,
    };
  } catch (failure) {
    if (failure instanceof Failure) return failure;
    throw failure;
  }
}

async function keyOfFile(profile: Profile, path: string, from: From): Promise<KeyAndCertificate> {
  const passphrase = boundPassphrase(from.content, profile)?.value;
  if (passphrase !== undefined) from.world.keepSecret(passphrase);
  return await readCertificateFile(path, passphrase);
}

async function readyToSign(
  { privateKey, certificate }: KeyAndCertificate,
  profile: Profile,
): Promise<ClientCertificate> {
  // Microsoft's page on certificate credentials wants PS256; RS256 is what every other provider knows.
  const padding = PROVIDERS[profile.provider].isMicrosoft ? "RSA-PSS" : "RSASSA-PKCS1-v1_5";
  const key = await importSigningKey(privateKey, padding);
  if (key === undefined) throw damaged(profile);
  // RFC 7523bis wants the issuer alone; where the profile does not know it, the endpoint is what all providers take.
  const audience = profile.oauth?.issuer;
  return {
    privateKey: key,
    thumbprint: await thumbprintOf(certificate.der),
    ...(audience === undefined ? {} : { audience }),
  };
}

function damaged(profile: Profile): Failure {
  return new Failure(
    "vault.damaged",
    `the stored certificate of profile "${profile.name}" is no key and certificate any more`,
    { remedy: 'run "plantpost cert new --force" and upload the new certificate' },
  );
}
