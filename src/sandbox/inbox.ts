// What arrived at the sandbox, in memory. The invariant: never more than the bounds below; the oldest goes first.

import PostalMime, { type Email } from "postal-mime";

export interface Arrival {
  /** Without angle brackets. */
  readonly reversePath: string;
  readonly recipients: readonly string[];
  readonly source: Uint8Array<ArrayBuffer>;
}

export interface InboxMessage extends Arrival {
  readonly id: string;
  readonly arrivedAtMs: number;
  readonly content: Email;
}

interface Stored extends Arrival {
  readonly id: string;
  readonly arrivedAtMs: number;
  readonly content: Promise<Email>;
}

export interface InboxLimits {
  readonly messages: number;
  readonly bytes: number;
}

const LIMITS: InboxLimits = { messages: 200, bytes: 256_000_000 };

export class Inbox {
  readonly #limits: InboxLimits;
  readonly #stored: Stored[] = [];
  #serial = 0;

  constructor(limits: InboxLimits = LIMITS) {
    this.#limits = limits;
  }

  /** Keeps a message; its ID is good for the pages. */
  add(arrival: Arrival, arrivedAtMs: number): string {
    const id = String(++this.#serial);
    const content = PostalMime.parse(arrival.source);
    content.catch(() => {}); // whoever reads the message is told
    this.#stored.push({ ...arrival, id, arrivedAtMs, content });
    while (this.#isTooFull()) this.#stored.shift();
    return id;
  }

  /** The newest first. */
  async list(): Promise<readonly InboxMessage[]> {
    return await Promise.all(this.#stored.map(parsed).reverse());
  }

  async find(id: string): Promise<InboxMessage | undefined> {
    const stored = this.#stored.find((candidate) => candidate.id === id);
    return stored === undefined ? undefined : await parsed(stored);
  }

  #isTooFull(): boolean {
    const bytes = this.#stored.reduce((sum, { source }) => sum + source.length, 0);
    return this.#stored.length > this.#limits.messages ||
      (bytes > this.#limits.bytes && this.#stored.length > 1);
  }
}

async function parsed(stored: Stored): Promise<InboxMessage> {
  try {
    return { ...stored, content: await stored.content };
  } catch {
    // Not even headers could be read; the source still can.
    return { ...stored, content: { headers: [], headerLines: [], attachments: [] } };
  }
}
