// Who a message that somebody else wrote is for, and from whom: its address fields (RFC 5322 §3.4, §3.6.2, §3.6.3,
// §3.6.6). The invariant: of a message that is sent again only the newest block of Resent fields counts, so that
// nobody gets it twice because of where it went before.

import { Failure } from "../base/failure.ts";
import { type Mailbox, parseAddressList, splitAddressList } from "./address.ts";
import type { RawField } from "./raw_header.ts";

const FIELDS = ["to", "cc", "bcc"];
const RESENT_FIELDS = FIELDS.map((name) => `resent-${name}`);

/** Names without an @, such as `root`, and the addresses that they stand for. */
export type LocalNames = ReadonlyMap<string, readonly string[]>;

/** The fields that name the recipients, in their order. */
export function recipientFields(fields: readonly RawField[]): readonly RawField[] {
  const resent = newestResentBlock(fields).filter(({ name }) => RESENT_FIELDS.includes(name));
  return resent.length > 0 ? resent : fields.filter(({ name }) => FIELDS.includes(name));
}

/**
 * The mailboxes of an address field, those of its groups as well; none for `undisclosed-recipients:;`.
 * @throws {Failure} `message.invalid` with the number of the line
 */
export function mailboxesOf(
  field: RawField,
  from: { readonly source: string; readonly localNames: LocalNames },
): readonly Mailbox[] {
  try {
    return withLocalNames(withoutGroups(field.value), from.localNames);
  } catch (cause) {
    if (!(cause instanceof Failure) || cause.code !== "usage.invalid") throw cause;
    throw new Failure(
      "message.invalid",
      `${from.source}: line ${field.line}: ${field.writtenName}: ${cause.message}`,
      { ...(cause.remedy === undefined ? {} : { remedy: cause.remedy }), cause },
    );
  }
}

/**
 * The mailboxes of a comma list in which names without an @ may stand.
 * @throws {Failure} `usage.invalid`
 */
export function withLocalNames(list: string, names: LocalNames): readonly Mailbox[] {
  return splitAddressList(list).flatMap((word) =>
    (names.get(localName(word)) ?? [word]).flatMap(parseAddressList)
  );
}

/** The bare name in `root`, `<root>`, `root (Cron Daemon)` and `Cron Daemon <root>`; other texts as they are. */
export function localName(word: string): string {
  const [, angle, bare] =
    /^[^<>@"]*<([^<>@\s"]+)>$|^([^<>@\s"()]+)(?:\s*\([^()]*\))?$/.exec(word) ??
      [];
  return angle ?? bare ?? word;
}

function newestResentBlock(fields: readonly RawField[]): readonly RawField[] {
  const first = fields.findIndex(({ name }) => name.startsWith("resent-"));
  if (first < 0) return [];
  const block: RawField[] = [];
  for (const field of fields.slice(first)) {
    // Every field stands once in a block, and a new block goes before the older ones.
    if (!field.name.startsWith("resent-") || block.some(({ name }) => name === field.name)) break;
    block.push(field);
  }
  return block;
}

/** The list with the members of its groups in the place of each `name: members;`. */
function withoutGroups(list: string): string {
  let kept = "";
  let element = "";
  let closer = "";
  let depth = 0;
  for (let at = 0; at < list.length; at++) {
    const character = list.charAt(at);
    if (character === "\\") {
      element += list.slice(at, ++at + 1);
      continue;
    }
    // Comments nest, and nothing else counts in them.
    if (closer === "" && character === "(") depth++;
    if (depth > 0 || closer !== "") {
      element += character;
      if (depth > 0 && character === ")") depth--;
      if (character === closer) closer = "";
    } else if (character === ":") {
      element = "";
    } else if (character === ";" || character === ",") {
      kept += `${element},`;
      element = "";
    } else {
      element += character;
      closer = CLOSERS.get(character) ?? "";
    }
  }
  return kept + element;
}

const CLOSERS: ReadonlyMap<string, string> = new Map([['"', '"'], ["<", ">"], ["[", "]"]]);
