// The vault's key, sealed by Windows in the vault's own header. The invariant: the entropy holds the salt of the
// header, so that a sealed key opens nothing in another place; and a key that Windows does not open is told with
// the PC and the account that it was sealed for.

import { fromBase64, toBase64 } from "../base/base64.ts";
import { reason } from "../base/durable_file.ts";
import { Failure } from "../base/failure.ts";
import { joinOctets } from "../base/octets.ts";
import { type Crypt32, openCrypt32, protectData, unprotectData } from "./dpapi.ts";
import { type Header, type SealingKey, startAnew } from "./envelope.ts";
import type { KeyRequest, KeyWorld } from "./key.ts";
import { identify, importOctets } from "./key_octets.ts";

type DpapiKind = "dpapi-machine" | "dpapi-user";

/**
 * The key of the vault's header, or a new one. Called on Windows only.
 * @throws {Failure} `vault.sealed_elsewhere`
 */
export async function keyFromDpapi(
  request: KeyRequest & { readonly kind: DpapiKind },
  world: Pick<KeyWorld, "whoAmI">,
): Promise<SealingKey> {
  using crypt32 = openDpapi();
  const { header } = request;
  return header === undefined
    ? await newKey(request.kind, crypt32.symbols)
    : await storedKey({ ...request, header }, { crypt32: crypt32.symbols, world });
}

function openDpapi(): ReturnType<typeof openCrypt32> {
  try {
    return openCrypt32();
  } catch (cause) {
    throw new Failure("vault.sealed_elsewhere", `cannot use DPAPI of Windows: ${reason(cause)}`, {
      remedy: 'set vault.key = "key-file" or "passphrase" in the profile',
      cause,
    });
  }
}

async function newKey(kind: DpapiKind, crypt32: Crypt32): Promise<SealingKey> {
  const octets = crypto.getRandomValues(new Uint8Array(32));
  const salt = crypto.getRandomValues(new Uint8Array(16));
  const scope = kind === "dpapi-machine" ? "machine" : "user";
  let sealed: Uint8Array;
  try {
    sealed = protectData(octets, { scope, entropy: entropyOf(salt), crypt32 });
  } catch (cause) {
    throw new Failure("vault.sealed_elsewhere", `cannot seal the vault: ${reason(cause)}`, {
      // Such as a task that runs "without stored password": it has no keys of its account.
      remedy: 'set vault.key = "dpapi-machine", or run plantpost in a full sign-in of the account',
      cause,
    });
  }
  const keyId = await identify(octets);
  return {
    key: await importOctets(octets),
    header: { kind, keyId, salt: toBase64(salt), sealed: toBase64(sealed) },
  };
}

async function storedKey(
  request: KeyRequest & { readonly kind: DpapiKind; readonly header: Header },
  at: { readonly crypt32: Crypt32; readonly world: Pick<KeyWorld, "whoAmI"> },
): Promise<SealingKey> {
  const { key } = request.header;
  if (key.kind !== request.kind) throw new Error("keyKind() lets no other kind come here");
  const [salt, sealed] = [fromBase64(key.salt), fromBase64(key.sealed)];
  const octets = salt === undefined || sealed === undefined
    ? undefined
    : unprotectData(sealed, { entropy: entropyOf(salt), crypt32: at.crypt32 });
  if (octets?.length !== 32 || await identify(octets) !== key.keyId) {
    throw closed(request, at.world);
  }
  return { key: await importOctets(octets), header: key };
}

function entropyOf(salt: Uint8Array): Uint8Array {
  return joinOctets([new TextEncoder().encode("plantpost vault key\0"), salt]);
}

function closed(
  request: { readonly vaultPath: string; readonly kind: DpapiKind; readonly header: Header },
  world: Pick<KeyWorld, "whoAmI">,
): Failure {
  const { vaultPath, kind, header } = request;
  const here = world.whoAmI();
  if (header.pc.toLowerCase() !== here.pc.toLowerCase()) {
    return new Failure(
      "vault.sealed_elsewhere",
      `the vault ${vaultPath} was sealed by Windows on PC "${header.pc}" (by "${header.account}"), ` +
        `and opens there only; this is "${here.pc}"`,
      {
        remedy:
          `run plantpost on that PC; ${startAnew(vaultPath)}; to carry a profile to another PC, ` +
          'use "plantpost profile export --seal" there and "plantpost profile import" here',
      },
    );
  }
  if (kind === "dpapi-user" && header.account.toLowerCase() !== here.account.toLowerCase()) {
    return new Failure(
      "vault.sealed_elsewhere",
      `the vault ${vaultPath} was sealed for "${header.account}" alone (vault.key = "dpapi-user"); ` +
        `this is "${here.account}"`,
      {
        remedy: `run plantpost under ${header.account}; or let both accounts use one vault: set ` +
          `vault.key = "dpapi-machine", name the other one in vault.accounts, and ${
            startAnew(vaultPath)
          }`,
      },
    );
  }
  return new Failure(
    "vault.sealed_elsewhere",
    `Windows does not open the vault ${vaultPath} any more, which "${header.account}" sealed on this PC`,
    {
      remedy: "this happens after Windows was installed anew, the disk came into another PC, an " +
        "administrator has reset the account's password, or the file was changed: put back a copy of " +
        `the file from a backup of this PC; or, ${startAnew(vaultPath)}`,
    },
  );
}
