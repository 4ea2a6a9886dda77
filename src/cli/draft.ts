// From the flags of `send` to a message draft and its envelope. The invariant: every file is looked at before
// anything is connected, and a wrong flag is told before a missing file.

import { reason } from "../base/durable_file.ts";
import { Failure } from "../base/failure.ts";
import { heldRemedy, isHeld, patiently } from "../base/held_file.ts";
import { baseName } from "../base/paths.ts";
import { type Mailbox, parseAddressList } from "../message/address.ts";
import type { Attachment, MessageDraft } from "../message/compose.ts";
import { mediaTypeOf } from "../message/media_type.ts";
import type { Profile, Settings } from "../profile/profile.ts";
import type { Envelope } from "../smtp/client.ts";
import type { Context } from "./context.ts";

const CHUNK_BYTES = 65_536;

/** Everything of a mail but its date, Message-ID and boundary. */
export interface Outgoing {
  readonly parts: Omit<MessageDraft, "dateMs" | "utcOffsetMinutes" | "messageId" | "boundarySeed">;
  readonly envelope: Envelope;
}

/** @throws {Failure} `usage.invalid`, `message.invalid`, `input.unreadable` */
export async function outgoingFromFlags(
  context: Context,
  at: { readonly profile: Profile; readonly settings: Settings },
): Promise<Outgoing> {
  const { flags } = context;
  const list = (flag: string): readonly Mailbox[] => mailboxes(flags.texts(flag), { flag, ...at });
  const [to, cc, bcc, replyTo] = [list("to"), list("cc"), list("bcc"), list("reply-to")];
  const recipients = distinct([...to, ...cc, ...bcc].map((mailbox) => mailbox.address));
  if (recipients.length === 0) {
    throw new Failure("usage.invalid", "send: there is no recipient", {
      remedy: "add --to ADDRESS (or --cc, --bcc)",
    });
  }
  if (flags.has("text") && flags.has("text-file")) {
    throw new Failure("usage.invalid", "send: --text and --text-file exclude each other");
  }
  if (flags.text("text-file") === "-" && flags.text("html-file") === "-") {
    throw new Failure(
      "usage.invalid",
      "send: --text-file and --html-file cannot both read standard input",
    );
  }
  const from = sender(flags.text("from"), at.profile);
  const attachments = flags.texts("attach").map(parseAttachFlag);
  const textFile = flags.text("text-file");
  const text = textFile === undefined ? flags.text("text") : await readText(context, textFile);
  const htmlFile = flags.text("html-file");
  return {
    parts: {
      from,
      to,
      cc,
      replyTo,
      subject: flags.text("subject") ?? "",
      ...(text === undefined ? {} : { text }),
      ...(htmlFile === undefined ? {} : { html: await readText(context, htmlFile) }),
      attachments: await Promise.all(attachments.map((wanted) => openAttachment(wanted, context))),
    },
    envelope: { reversePath: from.address, recipients },
  };
}

function sender(flag: string | undefined, profile: Profile): Mailbox {
  if (flag === undefined) return profile.sender;
  const [mailbox, ...others] = parseAddressList(flag);
  if (mailbox !== undefined && others.length === 0) return mailbox;
  throw new Failure("usage.invalid", `send: --from wants one address, found "${flag}"`);
}

function mailboxes(
  lists: readonly string[],
  at: { readonly flag: string; readonly settings: Settings },
): readonly Mailbox[] {
  const { groups } = at.settings;
  return lists.flatMap((list) => {
    const words = list.split(",").map((word) => word.trim());
    // A group's name has no @; a list may mix groups and addresses.
    if (!words.some((word) => groups.has(word))) return parseAddressList(list);
    return words.flatMap((word) =>
      (groups.get(word) ?? [word]).flatMap((part) => parseAddressList(part))
    );
  });
}

function distinct(addresses: readonly string[]): readonly string[] {
  const seen = new Map(addresses.map((address) => {
    const at = address.lastIndexOf("@");
    return [address.slice(0, at) + address.slice(at).toLowerCase(), address];
  }));
  return [...seen.values()];
}

interface WantedAttachment {
  readonly path: string;
  readonly name?: string;
  readonly type?: string;
}

// `F[;name=N][;type=T]`: file names may hold semicolons of their own, so only these two endings count.
function parseAttachFlag(flag: string): WantedAttachment {
  let path = flag;
  const found: { name?: string; type?: string } = {};
  for (;;) {
    const end = /;(name|type)=([^;]*)$/.exec(path);
    if (end === null) break;
    const [ending, key, value] = end;
    if (key === "name") found.name ??= value ?? "";
    else found.type ??= value ?? "";
    path = path.slice(0, -ending.length);
  }
  if (path === "" || found.name === "" || found.type === "") {
    throw new Failure(
      "usage.invalid",
      `send: --attach wants FILE[;name=N][;type=T], found "${flag}"`,
    );
  }
  return { path, ...found };
}

async function openAttachment(wanted: WantedAttachment, context: Context): Promise<Attachment> {
  const { path } = wanted;
  let info: Deno.FileInfo;
  try {
    info = await Deno.stat(path);
    // Asked first: to open a pipe waits for somebody who writes into it.
    if (!info.isFile) throw notAFile(path);
    // Opened once now: a file without the right to read it must not show up half-way through the mail.
    (await patiently(() => Deno.open(path))).close();
  } catch (cause) {
    throw unreadable(path, cause);
  }
  const name = wanted.name ?? baseName(path, context.world);
  return {
    name,
    type: wanted.type ?? mediaTypeOf(name),
    sizeBytes: info.size,
    open: () => readChunks(path),
  };
}

function notAFile(path: string): Failure {
  return new Failure("input.unreadable", `cannot attach ${path}: it is not a file`, {
    remedy: "name a file; a folder must be packed into one first, as a zip for example",
  });
}

async function* readChunks(path: string): AsyncIterable<Uint8Array> {
  const buffer = new Uint8Array(CHUNK_BYTES);
  let file: Deno.FsFile;
  try {
    file = await patiently(() => Deno.open(path));
  } catch (cause) {
    throw unreadable(path, cause);
  }
  try {
    for (;;) {
      const count = await file.read(buffer);
      if (count === null) return;
      yield buffer.subarray(0, count);
    }
  } catch (cause) {
    throw unreadable(path, cause);
  } finally {
    file.close();
  }
}

async function readText(context: Context, path: string): Promise<string> {
  let octets: Uint8Array;
  try {
    octets = path === "-"
      ? await context.world.terminal.readInput()
      : await patiently(() => Deno.readFile(path));
  } catch (cause) {
    throw unreadable(path, cause);
  }
  return decodeText(octets, { context, path });
}

// PowerShell writes UTF-16, old HMIs the Windows code page. An alarm with a wrong umlaut is better than none.
function decodeText(
  octets: Uint8Array,
  at: { readonly context: Context; readonly path: string },
): string {
  if (octets[0] === 0xff && octets[1] === 0xfe) return new TextDecoder("utf-16le").decode(octets);
  if (octets[0] === 0xfe && octets[1] === 0xff) return new TextDecoder("utf-16be").decode(octets);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(octets);
  } catch {
    const name = at.path === "-" ? "standard input" : at.path;
    at.context.note(`warning: ${name} is not UTF-8; it is read as Windows-1252`);
    return new TextDecoder("windows-1252").decode(octets);
  }
}

function unreadable(path: string, cause: unknown): Failure {
  if (cause instanceof Failure) return cause;
  return new Failure("input.unreadable", `cannot read ${path}: ${reason(cause)}`, {
    remedy: isHeld(cause)
      ? `${heldRemedy(path)}; or attach a copy of it`
      : "correct the path (relative paths start at the working folder), or let the account that runs " +
        "plantpost read the file",
    cause,
  });
}
