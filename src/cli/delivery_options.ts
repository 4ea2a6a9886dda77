// The options by which a mail can be followed: reports of its delivery (RFC 3461), and the Message-ID of an earlier try.
// The invariant: what cannot be asked for is told before anything is connected.

import { Failure } from "../base/failure.ts";
import { nearest } from "../base/nearest.ts";
import type { DsnRequest } from "../smtp/client.ts";

const NOTIFY = ["failure", "delay", "success", "never"] as const;
const RETURNS = ["hdrs", "full"] as const;

/**
 * Reads comma lists of `failure`, `delay`, `success` or `never`, and `ret=hdrs` or `ret=full`; the headers alone come
 * back unless told, for reports with all attachments fill the sender's mailbox.
 * @throws {Failure} `usage.invalid`
 */
export function parseDsn(lists: readonly string[]): DsnRequest {
  const words = lists.flatMap((list) => list.split(",")).map((word) => word.trim().toLowerCase())
    .filter((word) => word !== "");
  const notify = NOTIFY.filter((name) => words.includes(name));
  const returns = RETURNS.filter((name) => words.includes(`ret=${name}`));
  const known = [...NOTIFY, ...RETURNS.map((name) => `ret=${name}`)];
  const unknown = words.find((word) => !known.includes(word));
  if (unknown !== undefined) {
    const near = nearest(unknown, known);
    throw wrong(`found "${unknown}"${near === undefined ? "" : `: did you mean "${near}"?`}`);
  }
  if (notify.length === 0) throw wrong("found none of the first four");
  if (notify.includes("never") && notify.length > 1) throw wrong('found "never" beside another');
  if (returns.length > 1) throw wrong("found ret twice");
  return notify[0] === "never" ? { notify } : { notify, ret: returns[0] ?? "hdrs" };
}

function wrong(found: string): Failure {
  return new Failure(
    "usage.invalid",
    `send: --dsn wants failure, delay, success (or never alone), and ret=hdrs or ret=full: ${found}`,
    { remedy: "write --dsn failure,delay to hear of mail that does not arrive" },
  );
}

/**
 * The `messageId` of an earlier result, with its angle brackets or without.
 * @throws {Failure} `usage.invalid`
 */
export function parseMessageId(text: string): string {
  const id = /^<.*>$/.test(text.trim()) ? text.trim() : `<${text.trim()}>`;
  // RFC 5322 §3.6.4 without its obsolete forms; no longer than a line of the header may be.
  if (/^<[\w!#$%&'*+/=?^`{|}~.-]+@(?:[\w.-]+|\[[\w.:-]+\])>$/.test(id) && id.length <= 250) {
    return id;
  }
  throw new Failure("usage.invalid", `send: --message-id wants <ID@DOMAIN>, found "${text}"`, {
    remedy: "give back the messageId of the earlier result as it is, in quotes",
  });
}
