// Sealed profiles made by hand: with a low scrypt work factor, so that a test opens one in milliseconds, and of
// any content, so that a test can hand in what `profile export` never writes.

import { armor, Decrypter, Encrypter } from "age-encryption";
import { type CarriedProfile, readCarried, writeCarried } from "../../src/vault/sealed_profile.ts";
import { type Desk, openDesk } from "./desk.ts";

export const PASSPHRASE = "correct horse battery";
export const WITH_PASSPHRASE = { env: { PLANTPOST_SEAL_PASSPHRASE: PASSPHRASE } } as const;

/** The tables of the carried profile. */
export const TABLES = `# how plant speaks
[profiles.plant]
provider = "microsoft365" # the cloud
tenant = "contoso.com"
user = "reports@contoso.com"

[profiles.plant.oauth]
client_id = "11111111-2222-3333-4444-555555555555"
`;

/** What a desk writes around its profile. */
export const FRAME = `data_dir = 'state'

[vault]
key = "key-file"
key_file = 'keys/vault.key'
`;

export function carriedProfile(change: Partial<CarriedProfile> = {}): CarriedProfile {
  const tables = change.tables ?? TABLES;
  return {
    exportedAtMs: Date.parse("2026-11-23T08:00:00Z"),
    pc: "OFFICE-1",
    account: "bo",
    name: "plant",
    tables,
    file: `${FRAME}\n${tables}`,
    files: [],
    clientSecret: "client-secret-1",
    ...change,
  };
}

/** In armour; a text is sealed as it is. */
export async function seal(
  content: CarriedProfile | string,
  options: { readonly passphrase?: string; readonly workFactor?: number } = {},
): Promise<string> {
  const encrypter = new Encrypter();
  encrypter.setPassphrase(options.passphrase ?? PASSPHRASE);
  encrypter.setScryptWorkFactor(options.workFactor ?? 2);
  const text = typeof content === "string" ? content : writeCarried(content);
  return armor.encode(await encrypter.encrypt(text));
}

export async function open(armoured: string, passphrase = PASSPHRASE): Promise<CarriedProfile> {
  const decrypter = new Decrypter();
  decrypter.addPassphrase(passphrase);
  return readCarried(await decrypter.decrypt(armor.decode(armoured), "text"), "the test's file");
}

/** A PC on which there is no profile file yet. */
export async function openEmptyDesk(): Promise<Desk> {
  const desk = await openDesk({ profile: "" });
  await Deno.remove(desk.file);
  return desk;
}
