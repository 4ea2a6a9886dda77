// Checks a client assertion (RFC 7523 §3) the way Entra does, against the certificates of the app registration. The
// invariant: nothing of the JWT is believed before its signature was checked, but the name of the certificate.

import { fromBase64 } from "../base/base64.ts";
import type { AppCertificate } from "./app_certificates.ts";
import type { Directory } from "./directory.ts";
import { Refused } from "./entra_errors.ts";

export interface AssertionContext {
  readonly directory: Directory;
  /** Any of them may be its `aud`: the issuer, or the token endpoint. */
  readonly audiences: readonly string[];
  readonly nowMs: number;
}

/** For clocks that differ a little. */
const LEEWAY_MS = 300_000;

const ALGORITHMS: Readonly<
  Record<string, { readonly name: string; readonly saltLength?: number }>
> = {
  RS256: { name: "RSASSA-PKCS1-v1_5" },
  PS256: { name: "RSA-PSS", saltLength: 32 },
};

type Part = Readonly<Record<string, unknown>>;

/** What is wrong with it; undefined when it proves that the app of the directory asks. */
export async function assertionRefusal(
  assertion: string,
  context: AssertionContext,
): Promise<Refused | undefined> {
  const [first = "", second = "", third = "", ...more] = assertion.split(".");
  const [header, claims, signature] = [partOf(first), partOf(second), fromBase64(third)];
  if (header === undefined || claims === undefined || signature === undefined || more.length > 0) {
    return malformed("it is not made of three parts in base64url");
  }
  const algorithm = ALGORITHMS[String(header["alg"])];
  if (algorithm === undefined) return malformed(`the algorithm is '${header["alg"]}'`);
  const thumbprint = header["x5t#S256"];
  if (typeof thumbprint !== "string") return malformed("the header names no certificate");
  const certificate = context.directory.certificates.find(thumbprint);
  if (certificate === undefined) return new Refused("certificateUnknown", { thumbprint });
  const isSigned = await verify(algorithm, certificate, {
    signed: `${first}.${second}`,
    signature,
  });
  if (!isSigned) return new Refused("signatureWrong", { thumbprint });
  return certificateRefusal(certificate, context) ?? claimsRefusal(claims, context);
}

function certificateRefusal(
  { startsAtMs, expiresAtMs, thumbprint }: AppCertificate,
  { nowMs }: AssertionContext,
): Refused | undefined {
  if (startsAtMs <= nowMs && nowMs < expiresAtMs) return undefined;
  const [from, until] = [startsAtMs, expiresAtMs].map((ms) => new Date(ms).toISOString());
  return new Refused("certificateExpired", { thumbprint, from: from ?? "", until: until ?? "" });
}

function claimsRefusal(claims: Part, context: AssertionContext): Refused | undefined {
  const { directory, audiences, nowMs } = context;
  if (claims["iss"] !== directory.clientId || claims["sub"] !== directory.clientId) {
    return new Refused("assertionOtherApp");
  }
  if (!audiences.some((audience) => audience === claims["aud"])) {
    return new Refused("assertionAudience");
  }
  const [from, until] = [claims["nbf"] ?? 0, claims["exp"]].map((seconds) =>
    Number(seconds) * 1000
  );
  if (from === undefined || until === undefined || Number.isNaN(until)) {
    return malformed("it has no exp");
  }
  if (from - LEEWAY_MS <= nowMs && nowMs < until + LEEWAY_MS) return undefined;
  const [shownFrom, shownUntil] = [from, until].map(shownTime);
  return new Refused("assertionTime", { from: shownFrom ?? "", until: shownUntil ?? "" });
}

async function verify(
  algorithm: { readonly name: string },
  certificate: AppCertificate,
  what: { readonly signed: string; readonly signature: Uint8Array<ArrayBuffer> },
): Promise<boolean> {
  const key = await crypto.subtle.importKey(
    "spki",
    certificate.publicKey,
    { name: algorithm.name, hash: "SHA-256" },
    false,
    ["verify"],
  );
  const octets = new TextEncoder().encode(what.signed);
  return await crypto.subtle.verify(algorithm, key, what.signature, octets);
}

function partOf(text: string): Part | undefined {
  const octets = fromBase64(text);
  if (octets === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(octets));
    return typeof value === "object" && value !== null ? value as Part : undefined;
  } catch {
    return undefined;
  }
}

function shownTime(atMs: number): string {
  // Beyond what a date can be, the number itself tells enough.
  const date = new Date(atMs);
  return Number.isNaN(date.getTime()) ? String(atMs) : date.toISOString();
}

function malformed(parameter: string): Refused {
  return new Refused("assertionMalformed", { parameter });
}
