// What a test says of one reply of a mail server.

import type { Phase } from "../../src/smtp/reply_class.ts";

export type Row = readonly [
  phase: Phase,
  reply: string,
  id: string,
  who: "user" | "administrator" | "operator",
  retry: "later" | "after-login" | "never",
];
