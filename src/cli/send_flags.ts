// The flags of `send`, which has the most of them. They are the keys of a batch line, too.

import type { FlagDefinition } from "./flags.ts";

export const SEND_FLAGS: readonly FlagDefinition[] = [
  {
    name: "to",
    kind: "texts",
    value: "LIST",
    about: "recipients: addresses with commas, or a group",
  },
  { name: "cc", kind: "texts", value: "LIST", about: "the same, as a copy" },
  { name: "bcc", kind: "texts", value: "LIST", about: "the same, unseen by the others" },
  { name: "subject", kind: "text", value: "TEXT", about: "the subject" },
  { name: "text", kind: "text", value: "TEXT", about: "the body" },
  {
    name: "text-file",
    kind: "text",
    value: "FILE",
    about: "the body from a file; - is standard input",
  },
  {
    name: "html-file",
    kind: "text",
    value: "FILE",
    about: "HTML, alone or beside the text",
  },
  {
    name: "attach",
    kind: "texts",
    value: "FILE[;name=N][;type=T]",
    about: "a file to attach; may be repeated",
  },
  {
    name: "inline",
    kind: "texts",
    value: "CID=FILE",
    about: "a file that the HTML shows as cid:CID; may be repeated",
  },
  {
    name: "raw",
    kind: "text",
    value: "FILE",
    about: "a finished message (RFC 5322) as it is; - is standard input",
  },
  {
    name: "recipients-from-header",
    kind: "switch",
    about: "raw: to those in its To, Cc and Bcc",
  },
  {
    name: "sms",
    kind: "texts",
    value: "NUMBER@GATEWAY",
    about: "a short text to a phone; GATEWAY is a domain or a name of [sms.gateways]",
  },
  { name: "from", kind: "text", value: "ADDRESS", about: "instead of the profile's sender" },
  { name: "reply-to", kind: "texts", value: "LIST", about: "where answers go" },
  {
    name: "importance",
    kind: "text",
    value: "high|normal|low",
    about: "how readers mark it",
  },
  {
    name: "header",
    kind: "texts",
    value: "NAME:VALUE",
    about: "a header field of your own, such as X-Plant; may be repeated",
  },
  {
    name: "request-receipt",
    kind: "switch",
    about: "ask the reader's program to tell the sender that the mail was shown",
  },
  {
    name: "batch",
    kind: "text",
    value: "FILE",
    about:
      "a mail for each line of JSON, with these flags as keys; flags beside it are for every line",
  },
  {
    name: "dsn",
    kind: "texts",
    value: "LIST",
    about: "ask for reports by mail: failure, delay, success (or never); ret=hdrs or ret=full",
  },
  {
    name: "message-id",
    kind: "text",
    value: "ID",
    about: "the messageId of an earlier try, so that it is known as the same mail",
  },
  { name: "dry-run", kind: "switch", about: "print the message, send nothing" },
];
