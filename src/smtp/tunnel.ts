// A way to the mail server through a proxy. What is said to it is a dialog without a socket (`http_connect.ts`,
// `socks5.ts`), played here on one. The invariants: octets that the mail server sent behind the proxy's last answer
// are not lost; and whatever goes wrong, the failure names the proxy, the setting and the target, and no password.

import { Failure } from "../base/failure.ts";
import { joinOctets, writeAll } from "../base/octets.ts";
import { httpConnect } from "./http_connect.ts";
import type { LocalStream, Target } from "./network.ts";
import { allowRemedy, type Hop, placeName, type ProxyDialog, proxyName } from "./proxy_dialog.ts";
import { socks5 } from "./socks5.ts";

/** A stream that takes back what was read too much of it. */
export type TunnelStream = LocalStream & { unread(octets: Uint8Array): void };

export interface TunnelOptions extends Hop {
  readonly target: Target;
  readonly connect: (target: Target) => Promise<TunnelStream>;
}

const LONGEST_ANSWER = 16_384;

/** @throws {Failure} `net.unknown_host`, `net.unreachable`, `net.timeout`; the signal's reason where it is no failure */
export async function openTunnel(options: TunnelOptions): Promise<LocalStream> {
  const { proxy, target } = options;
  const { signal } = target;
  const stream = await reachProxy(options);
  const close = (): void => stream.close();
  signal.addEventListener("abort", close, { once: true });
  try {
    signal.throwIfAborted();
    const dialog = proxy.scheme === "http" ? httpConnect : socks5;
    stream.unread(await playDialog(stream, dialog(proxy, target)));
    return stream;
  } catch (error) {
    close();
    if (signal.aborted) throw inTime(signal.reason, options);
    throw error instanceof Failure ? error : closed(options, error);
  } finally {
    signal.removeEventListener("abort", close);
  }
}

/** Plays it to its end; resolves to what came behind the last answer. */
async function playDialog(stream: TunnelStream, dialog: ProxyDialog): Promise<Uint8Array> {
  let rest: Uint8Array = new Uint8Array(0);
  const piece = new Uint8Array(4096);
  for (let turn = dialog.next(); turn.done !== true;) {
    await writeAll(stream, turn.value.say);
    let count = turn.value.answerBytes(rest);
    while (count === 0) {
      const read = rest.length > LONGEST_ANSWER ? null : await stream.read(piece);
      if (read === null) throw new Deno.errors.UnexpectedEof("end of the stream");
      rest = joinOctets([rest, piece.subarray(0, read)]);
      count = turn.value.answerBytes(rest);
    }
    const answer = rest.subarray(0, count);
    rest = rest.subarray(count);
    turn = dialog.next(answer);
  }
  return rest;
}

async function reachProxy(options: TunnelOptions): Promise<TunnelStream> {
  const { proxy, target } = options;
  const place = { host: proxy.host, port: proxy.port, signal: target.signal };
  try {
    return await options.connect(place);
  } catch (error) {
    if (target.signal.aborted) throw inTime(target.signal.reason, options);
    if (!(error instanceof Failure)) throw error;
    const [named, goal] = [proxyName(proxy), placeName(target)];
    throw new Failure(error.code, `no way to ${goal} through ${named}: ${error.message}`, {
      remedy: error.code === "net.unknown_host"
        ? `check the name in ${proxy.source}, and that this PC can resolve names (DNS)`
        : `check the address in ${proxy.source}, and that the proxy runs; have the firewall allow outbound ` +
          `connections to TCP port ${proxy.port}`,
      cause: error.cause,
    });
  }
}

function inTime(reason: unknown, { proxy, target }: TunnelOptions): unknown {
  if (!(reason instanceof Failure) || reason.code !== "net.timeout") return reason;
  const [named, goal] = [proxyName(proxy), placeName(target)];
  return new Failure("net.timeout", `${named} opened no way to ${goal} in time`, {
    remedy: `check ${proxy.source}; if it is right, ${allowRemedy({ proxy, target })}`,
    cause: reason,
  });
}

function closed({ proxy, target }: TunnelOptions, cause: unknown): Failure {
  return new Failure(
    "net.unreachable",
    `${proxyName(proxy)} closed the connection instead of opening the way to ${placeName(target)}`,
    { remedy: allowRemedy({ proxy, target }), cause },
  );
}
