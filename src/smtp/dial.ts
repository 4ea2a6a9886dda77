// The first TCP connection to any address of a host (RFC 8305 in small). The runtime's own attempt goes first and is
// usually all there is; only where it has failed, or has not come about in 300 ms, the addresses are looked up and
// tried one after another, the other family first. The invariants: one connection comes out, all others are closed;
// where none does, each address that was tried is named.

import { startTimer } from "../base/timer.ts";

export interface Place {
  readonly host: string;
  readonly port: number;
  readonly signal: AbortSignal;
}

/** What this needs of the outside; a test brings its own. */
export interface Dialer<Conn extends { close(): void }> {
  /** Rejects when the signal is aborted, or soon after. */
  connect(place: Place): Promise<Conn>;
  resolve(
    host: string,
    options: { readonly family: "A" | "AAAA"; readonly signal: AbortSignal },
  ): Promise<readonly string[]>;
}

/** How long an attempt is alone before the next one begins. */
export const STAGGER_MS = 300;

const LOOKUP_MS = 2_000;
const MOST_ADDRESSES = 6;

export const DENO_DIALER: Dialer<Deno.TcpConn> = {
  connect: ({ host, port, signal }) => Deno.connect({ hostname: host, port, signal }),
  resolve: (host, { family, signal }) =>
    Deno.resolveDns(host, family, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(LOOKUP_MS)]),
    }),
};

/** Rejects with the runtime's error, with one that names each address, or with the signal's reason. */
export async function dial<Conn extends { close(): void }>(
  { host, port, signal }: Place,
  dialer: Dialer<Conn>,
): Promise<Conn> {
  if (isLiteral(host)) return await dialer.connect({ host, port, signal });
  const others = new AbortController();
  const ends = AbortSignal.any([signal, others.signal]);
  const won = Promise.withResolvers<Conn>();
  let isWon = false;
  // Resolves to its error, or to undefined where it connected.
  const attempt = async (address: string): Promise<unknown> => {
    try {
      const conn = await dialer.connect({ host: address, port, signal: ends });
      if (isWon) conn.close();
      isWon = true;
      won.resolve(conn);
      return undefined;
    } catch (error) {
      return error;
    }
  };
  const first = attempt(host);
  let firstError = await within(STAGGER_MS, first);
  if (isWon) return await won.promise;
  const failures: string[] = [];
  try {
    if (signal.aborted || isUnknown(firstError)) throw await first;
    const [v4 = [], v6 = []] = await Promise.race([
      lookUp(host, { dialer, signal: ends }),
      won.promise.then(() => []),
    ]);
    const addresses = alternating(v4, v6).slice(0, MOST_ADDRESSES);
    // Of one family, while the first attempt is under way: one more to the same address would help nobody.
    if (v4.length === 0 || v6.length === 0) firstError ??= await first;
    if (addresses.length === 1 && !isWon) failures.push(`${addresses[0]}: ${wordsOf(firstError)}`);
    const tries: Promise<void>[] = [];
    for (const address of addresses.length > 1 ? addresses : []) {
      if (isWon || signal.aborted) break;
      const trying = attempt(address).then((error) => {
        if (error !== undefined) failures.push(`${address}: ${wordsOf(error)}`);
      });
      tries.push(trying);
      await within(STAGGER_MS, Promise.race([trying, won.promise]));
    }
    await Promise.race([won.promise, Promise.all([first, ...tries])]);
    if (isWon) return await won.promise;
    signal.throwIfAborted();
    firstError ??= await first;
    throw failures.length === 0
      ? firstError
      : new Error(failures.join("; "), { cause: firstError });
  } finally {
    others.abort();
  }
}

/** The addresses of both families; none where the question gets no answer. */
async function lookUp<Conn extends { close(): void }>(
  host: string,
  { dialer, signal }: { readonly dialer: Dialer<Conn>; readonly signal: AbortSignal },
): Promise<readonly (readonly string[])[]> {
  if (host.toLowerCase() === "localhost") return [["127.0.0.1"], ["::1"]];
  return await Promise.all(
    (["A", "AAAA"] as const).map((family) =>
      dialer.resolve(host, { family, signal }).catch(() => [])
    ),
  );
}

/** IPv4 first: the runtime has mostly begun with IPv6 (RFC 6724). */
function alternating(v4: readonly string[], v6: readonly string[]): readonly string[] {
  const longest = Math.max(v4.length, v6.length);
  return Array.from({ length: longest }, (_, i) => [v4[i], v6[i]]).flat()
    .filter((address) => address !== undefined);
}

async function within<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const timer = startTimer(ms, () => resolve(undefined));
  try {
    return await Promise.race([work, promise]);
  } finally {
    timer.stop();
  }
}

function isLiteral(host: string): boolean {
  return host.includes(":") || /^\d+\.\d+\.\d+\.\d+$/.test(host);
}

/**
 * Whether the name could not be resolved. The runtime has no class for it, only words: getaddrinfo's on Linux and
 * macOS, WSAHOST_NOT_FOUND to WSANO_DATA on Windows.
 */
export function isUnknown(error: unknown): boolean {
  return /failed to lookup address|os error 1100[1-4]\b|no such host|name or service not known/i
    .test(wordsOf(error));
}

export function wordsOf(error: unknown): string {
  const words = error instanceof Error ? error.message : String(error);
  return words.replace(/\s+/g, " ").replace(/\.$/, "").trim();
}
