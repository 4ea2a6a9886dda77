// Access tokens as Entra writes them for Exchange Online: JWTs that name audience, permissions and account, for a work
// account and for an app alike; for a personal account they are opaque. The invariant: the mail server of the sandbox
// never reads one, it asks the store what it was given for.

import { type Directory, isPersonal, type ScopeReading } from "./directory.ts";
import { type IdTokens, randomText, uuidOf } from "./token_store.ts";

export interface AccessTokenFor {
  /** Undefined when the app signs in for itself. */
  readonly account: string | undefined;
  /** With the resource and permissions that are really given. */
  readonly reading: Pick<ScopeReading, "resource" | "permissions">;
  readonly directory: Directory;
  /** `http://localhost:PORT`. */
  readonly origin: string;
  readonly issuedAtMs: number;
  readonly lifeSeconds: number;
}

/** So that it is as long as Entra's are, and AUTH takes the two steps that it takes there. */
const OPAQUE_OCTETS = 1200;
const FILLING_OCTETS = 700;

/** Its text. */
export async function accessTokenText(of: AccessTokenFor, signer: IdTokens): Promise<string> {
  const { account, directory, reading } = of;
  if (account !== undefined && isPersonal(account)) return `EwB${randomText(OPAQUE_OCTETS)}`;
  const issuedAt = Math.floor(of.issuedAtMs / 1000);
  const objectId = await uuidOf((account ?? directory.clientId).toLowerCase());
  return await signer.sign({
    aud: reading.resource,
    iss: `${of.origin}/${directory.tenantId}/`,
    iat: issuedAt,
    nbf: issuedAt,
    exp: issuedAt + of.lifeSeconds,
    aio: randomText(FILLING_OCTETS),
    app_displayname: "plantpost",
    appid: directory.clientId,
    idtyp: account === undefined ? "app" : "user",
    oid: objectId,
    sub: objectId,
    tid: directory.tenantId,
    ver: "1.0",
    ...(account === undefined
      ? (reading.permissions.length === 0 ? {} : { roles: reading.permissions })
      : { scp: reading.permissions.join(" "), upn: account, unique_name: account }),
  });
}
