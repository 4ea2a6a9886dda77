// The passphrase of a sealed profile: from its own environment variable, a hidden prompt, or, where nobody sits
// at a terminal, the variable of the vault. The invariant: it is shown once at most, where plantpost made it up.

import { Failure } from "../base/failure.ts";
import type { Context } from "./context.ts";

const OWN_VARIABLE = "PLANTPOST_SEAL_PASSPHRASE";
/** The vault's, which many PCs have set for their services. */
const VAULT_VARIABLE = "PLANTPOST_PASSPHRASE";
const FEWEST_CHARACTERS = 8;
/** 32 that nobody takes for one another: 5 bits each. */
const ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789";
const GROUPS = { count: 6, characters: 4 } as const;

/**
 * A passphrase to seal with; an empty answer at the prompt makes one up, and shows it.
 * @throws {Failure} `usage.invalid`, `interrupted`
 */
export async function passphraseToSeal(context: Context): Promise<string> {
  const { terminal } = context.world;
  const given = fromEnvironment(context);
  if (given !== undefined) return checked(given);
  const typed = await terminal.askHidden("passphrase to seal with (Enter: make one up): ");
  if (typed === null) throw missing("export");
  if (typed === "") return makeUp(context);
  context.world.keepSecret(typed);
  checked(typed);
  const again = await terminal.askHidden("the same again: ") ?? "";
  if (again.normalize("NFC") !== typed.normalize("NFC")) {
    throw new Failure("usage.invalid", "profile export: the two passphrases differ", {
      remedy: "try again",
    });
  }
  return typed;
}

/**
 * The passphrase that a file was sealed with.
 * @throws {Failure} `usage.invalid`, `interrupted`
 */
export async function passphraseToOpen(context: Context, from: string): Promise<string> {
  const given = fromEnvironment(context);
  if (given !== undefined) return given;
  const typed = await context.world.terminal.askHidden(`passphrase of ${from}: `);
  if (typed === null || typed === "") throw missing("import");
  context.world.keepSecret(typed);
  return typed;
}

/** Undefined where a person is to be asked. */
function fromEnvironment(context: Context): string | undefined {
  const { world } = context;
  const own = world.env(OWN_VARIABLE);
  // A person at the terminal is not to seal with the passphrase of this PC's vault without a word.
  const given = own ?? (world.terminal.isInteractive ? undefined : world.env(VAULT_VARIABLE));
  if (given !== undefined) world.keepSecret(given);
  else if (!world.terminal.isInteractive) {
    throw missing(context.flags.positionals[0] ?? "");
  }
  return given;
}

function checked(passphrase: string): string {
  if ([...passphrase.normalize("NFC")].length < FEWEST_CHARACTERS) {
    throw new Failure(
      "usage.invalid",
      `profile export: the passphrase has fewer than ${FEWEST_CHARACTERS} characters`,
      {
        remedy:
          "take a longer one: whoever gets the file can try passphrases as long as he likes; " +
          "at a terminal an empty answer makes a strong one",
      },
    );
  }
  if (passphrase !== passphrase.trim()) {
    throw new Failure(
      "usage.invalid",
      "profile export: the passphrase begins or ends with a blank, which nobody sees",
      { remedy: 'in cmd write set "NAME=value" with the quotes around both' },
    );
  }
  return passphrase;
}

function makeUp(context: Context): string {
  const { count, characters } = GROUPS;
  const octets = context.world.randomBytes(count * characters);
  const letters = Array.from(octets, (octet) => ALPHABET[octet % ALPHABET.length]).join("");
  const passphrase = letters.match(new RegExp(`.{${characters}}`, "g"))?.join("-") ?? "";
  // Before it is kept secret, for that hides it; not as a note, which goes to the log.
  context.world.terminal.err(`the passphrase, shown only here: ${passphrase}`);
  context.world.keepSecret(passphrase);
  return passphrase;
}

function missing(action: string): Failure {
  return new Failure("usage.invalid", `profile ${action}: there is no passphrase`, {
    remedy: `set the environment variable ${OWN_VARIABLE} (else ${VAULT_VARIABLE} counts), ` +
      "or run the command at a terminal, with the file named as its argument",
  });
}
