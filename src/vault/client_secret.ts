// The client secret of a profile, from where the profile says it is.

import { reason } from "../base/durable_file.ts";
import { Failure } from "../base/failure.ts";
import { patiently } from "../base/held_file.ts";
import type { World } from "../base/world.ts";
import type { OauthProfile, Profile } from "../profile/profile.ts";
import { boundClientSecret, type VaultContent } from "./content.ts";

/**
 * The secret, or undefined for a public client, which has none.
 * @throws {Failure} `oauth.secret_missing`, `vault.binding`
 */
export async function clientSecretOf(
  profile: Profile,
  oauth: OauthProfile,
  from: { readonly content: VaultContent; readonly world: Pick<World, "env" | "keepSecret"> },
): Promise<string | undefined> {
  const secret = await lookUp(profile, oauth, from);
  if (secret !== undefined) from.world.keepSecret(secret);
  return secret;
}

async function lookUp(
  profile: Profile,
  oauth: OauthProfile,
  from: { readonly content: VaultContent; readonly world: Pick<World, "env"> },
): Promise<string | undefined> {
  const source = oauth.clientSecret;
  switch (source.from) {
    case "vault":
      return boundClientSecret(from.content, profile)?.value;
    case "profile":
      return source.value;
    case "env": {
      const value = from.world.env(source.name);
      if (value !== undefined) {
        return checked(value, { place: `the environment variable ${source.name}`, profile });
      }
      throw new Failure(
        "oauth.secret_missing",
        `the client secret is missing: the environment variable ${source.name} is not set`,
        {
          remedy: "set it for the account that runs plantpost; a service needs a restart to see it",
        },
      );
    }
    case "file":
      try {
        return checked((await patiently(() => Deno.readTextFile(source.path))).trim(), {
          place: source.path,
          profile,
        });
      } catch (cause) {
        if (cause instanceof Failure) throw cause;
        throw new Failure(
          "oauth.secret_missing",
          `cannot read the client secret from ${source.path}: ${reason(cause)}`,
          { remedy: "check oauth.client_secret_file and the rights of the file", cause },
        );
      }
  }
}

function checked(value: string, at: { readonly place: string; readonly profile: Profile }): string {
  if (value === "") {
    throw new Failure("oauth.secret_missing", `the client secret is missing: ${at.place} is empty`);
  }
  // A provider of the plant's own may issue GUIDs, and this is the way for its secrets.
  if (at.profile.provider === "custom" || !looksLikeSecretId(value)) return value;
  throw new Failure("oauth.client_refused", `${at.place}: ${SECRET_ID_REFUSAL}`, {
    remedy: SECRET_ID_REMEDY,
  });
}

/** Microsoft shows two columns, and the GUID is never the secret (AADSTS7000215 would be the answer). */
export function looksLikeSecretId(secret: string): boolean {
  return /^\{?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\}?$/i.test(secret.trim());
}

export const SECRET_ID_REFUSAL = "this is a Secret ID (a GUID), not the client secret";
export const SECRET_ID_REMEDY =
  "copy the column Value of Certificates & secrets; it is shown only once, right after the secret was made: " +
  "if it is gone, make a new client secret (with provider custom, a secret that really is a GUID goes into " +
  "oauth.client_secret_file)";
