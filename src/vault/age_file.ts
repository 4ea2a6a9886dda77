// Sealing with a passphrase as an age file (age-encryption.org/v1, scrypt recipient), in its ASCII armour. The
// invariant: what is read may come from anybody, so what it can cost is bounded before anything is derived.

import { Decrypter, Encrypter } from "age-encryption";
import { fromBase64, toBase64 } from "../base/base64.ts";
import { Failure } from "../base/failure.ts";

/**
 * The binary logarithm of scrypt's N: age writes 18, which takes a second and 256 MB. Twice that is the most
 * that a file may ask for.
 */
const MOST_WORK = 19;
const FIRST_LINE = "age-encryption.org/v1";
const BEGIN = "-----BEGIN AGE ENCRYPTED FILE-----";
export const END_OF_ARMOUR = "-----END AGE ENCRYPTED FILE-----";

/** The text, sealed and in armour; lines end in LF. */
export async function sealText(text: string, passphrase: string): Promise<string> {
  const encrypter = new Encrypter();
  encrypter.setPassphrase(passphrase.normalize("NFC"));
  const file = await encrypter.encrypt(text);
  await letSignalsIn();
  return inArmour(file);
}

/**
 * The text that was sealed; `from` names the file in messages. In armour it may come with a byte order mark, as
 * UTF-16, with CRLF line ends and with other text around it: shells and mail programs do that.
 * @throws {Failure} `vault.passphrase`, `input.unreadable`
 */
export async function openSealedText(
  octets: Uint8Array,
  options: { readonly passphrase: string; readonly from: string },
): Promise<string> {
  const { passphrase, from } = options;
  const file = withoutArmour(octets, from);
  checkHeader(file, from);
  const decrypter = new Decrypter();
  decrypter.addPassphrase(passphrase.normalize("NFC"));
  let clear: Uint8Array;
  try {
    clear = await decrypter.decrypt(file);
    await letSignalsIn();
  } catch (cause) {
    if (cause instanceof Error && cause.message.startsWith("no identity matched")) {
      throw new Failure("vault.passphrase", `wrong passphrase for ${from}`, {
        remedy: passphrase === passphrase.trim()
          ? "use the passphrase that the file was sealed with; capitals count"
          : 'the passphrase given begins or ends with a blank: in cmd write set "NAME=value" ' +
            "with the quotes around both",
        cause,
      });
    }
    throw unreadable(from, "it is cut off, or was changed after it was sealed", cause);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(clear);
  } catch (cause) {
    throw unreadable(from, "what is sealed in it is no text", cause);
  }
}

// The derivation of the key holds the event loop for a second; a Ctrl-C of that time is heard in its next turn.
async function letSignalsIn(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
}

/**
 * Refuses what is no sealed file at all, so that nobody types a passphrase for it.
 * @throws {Failure} `input.unreadable`
 */
export function checkSealedText(octets: Uint8Array, from: string): void {
  checkHeader(withoutArmour(octets, from), from);
}

function withoutArmour(octets: Uint8Array, from: string): Uint8Array {
  if (octets.length === 0) throw unreadable(from, "it is empty");
  if (startsWith(octets, new TextEncoder().encode(`${FIRST_LINE}\n`))) return octets;
  const text = decode(octets);
  const begin = text.indexOf(BEGIN);
  if (begin < 0) throw unreadable(from, "it is no age file: there is no line that begins one");
  const end = text.indexOf(END_OF_ARMOUR, begin);
  if (end < 0) throw unreadable(from, "it is cut off: its last line is missing");
  const file = fromBase64(text.slice(begin + BEGIN.length, end).replaceAll(/\s/g, ""));
  if (file === undefined) {
    throw unreadable(from, "its lines are damaged: it is cut off, or was changed");
  }
  return file;
}

// PEM with lines of 64 characters. The library's own lies in a namespace, for which the bundler would put a piece
// of code of its own at the start of every command.
function inArmour(octets: Uint8Array): string {
  const lines = toBase64(octets).match(/.{1,64}/g) ?? [];
  return [BEGIN, ...lines, END_OF_ARMOUR, ""].join("\n");
}

// PowerShell 5 writes UTF-16 with `>`.
function decode(octets: Uint8Array): string {
  if (startsWith(octets, [0xff, 0xfe])) return new TextDecoder("utf-16le").decode(octets);
  if (startsWith(octets, [0xfe, 0xff])) return new TextDecoder("utf-16be").decode(octets);
  return new TextDecoder().decode(octets);
}

// The library would refuse most of this as well, but one message would have to serve for all of it.
function checkHeader(file: Uint8Array, from: string): void {
  const [first, stanza = ""] = new TextDecoder().decode(file.subarray(0, 200)).split("\n");
  if (first !== FIRST_LINE) throw unreadable(from, "it is no age file of version 1");
  const [arrow, kind, , work = ""] = stanza.split(" ");
  if (arrow !== "->") throw unreadable(from, "its header is cut off, or was changed");
  if (kind !== "scrypt") throw unreadable(from, "it is sealed for a key, not with a passphrase");
  if (!/^[1-9]\d?$/.test(work) || Number(work) > MOST_WORK) {
    throw unreadable(from, `it asks for a scrypt work factor above ${MOST_WORK}`);
  }
}

function startsWith(octets: Uint8Array, start: ArrayLike<number>): boolean {
  return Array.from(start).every((octet, at) => octets[at] === octet);
}

function unreadable(from: string, why: string, cause?: unknown): Failure {
  return new Failure("input.unreadable", `cannot open ${from}: ${why}`, {
    remedy: 'copy it anew from where "plantpost profile export --seal" wrote it',
    cause,
  });
}
