// Which certificate a server shows whose authority is not trusted here. The runtime's own TLS tells neither subject nor
// issuer, so the server is asked once more through Node's, which checks nothing here. The invariants: over this
// connection goes a greeting and no more, for nobody knows who is at its other end; it ends within its time; and what
// cannot be found out leaves the first failure as it was.

import { Failure } from "../base/failure.ts";
import type { Proxy } from "../base/proxy.ts";
import { addressLiteral, ehloCommand } from "./command.ts";
import { Connection } from "./connection.ts";
import type { Target } from "./network.ts";
import type { TunnelStream } from "./tunnel.ts";

export interface ServerAsked {
  readonly host: string;
  readonly port: number;
  readonly tls: "starttls" | "implicit";
  readonly proxy?: Proxy;
  readonly signal: AbortSignal;
}

export interface SeenCertificate {
  /** Common name, or organization where there is none; fit to be shown. */
  readonly subject: string;
  readonly issuer: string;
  /** As `2027-05-01`; absent where it cannot be read. */
  readonly validUntil?: string;
}

const LONGEST_MS = 3_000;

/** The failure with the certificate that was seen, or as it was. */
export async function withCertificateSeen(failure: Failure, server: ServerAsked): Promise<Failure> {
  const seen = await certificateOf(server).catch(() => undefined);
  return seen === undefined ? failure : explained(failure, { seen, host: server.host });
}

type Net = typeof import("node:net");
type Socket = InstanceType<Net["Socket"]>;

async function certificateOf(server: ServerAsked): Promise<SeenCertificate | undefined> {
  const limit = new AbortController();
  const ended = Promise.withResolvers<undefined>();
  const end = (): void => {
    limit.abort(new Failure("net.timeout", "the certificate was not seen in time"));
    ended.resolve(undefined);
  };
  const timer = setTimeout(end, LONGEST_MS);
  server.signal.addEventListener("abort", end, { once: true });
  if (server.signal.aborted) end();
  const open = new Set<{ destroy(): void }>();
  try {
    return await Promise.race([ask(server, { signal: limit.signal, open }), ended.promise]);
  } finally {
    clearTimeout(timer);
    server.signal.removeEventListener("abort", end);
    for (const socket of open) socket.destroy();
  }
}

async function ask(
  { host, port, tls, proxy }: ServerAsked,
  { signal, open }: { readonly signal: AbortSignal; readonly open: Set<{ destroy(): void }> },
): Promise<SeenCertificate | undefined> {
  const [net, nodeTls] = [await import("node:net"), await import("node:tls")];
  let socket: Socket | undefined;
  const connect = async (target: Target): Promise<TunnelStream> => {
    socket = net.connect({ host: target.host, port: target.port });
    open.add(socket);
    await happened(socket, "connect");
    return streamOf(socket);
  };
  const target = { host, port, signal };
  const stream = proxy === undefined
    ? await connect(target)
    : await (await import("./tunnel.ts")).openTunnel({ proxy, target, connect });
  if (tls === "starttls") {
    await askForTls(new Connection(stream, { ...target, timeoutMs: LONGEST_MS }));
  }
  if (socket === undefined) return undefined;
  const isName = net.isIP(host) === 0;
  const secured = nodeTls.connect({
    socket,
    rejectUnauthorized: false,
    ...(isName ? { servername: host } : {}),
  });
  open.add(secured);
  await happened(secured, "secureConnect");
  return readCertificate(secured.getPeerCertificate());
}

async function askForTls(connection: Connection): Promise<void> {
  await connection.readReply();
  for (const line of [ehloCommand(addressLiteral("")), "STARTTLS"]) {
    connection.putLine(line);
    await connection.flush();
    await connection.readReply();
  }
}

/** Resolves at the event, rejects at an error before it. */
function happened(
  emitter: { once(name: string, heard: (error: unknown) => void): unknown },
  name: string,
): Promise<void> {
  return new Promise((resolve, reject) => {
    emitter.once(name, () => resolve());
    emitter.once("error", reject);
  });
}

/** Node's socket as a stream that stands still between two reads, so that TLS can take it over. */
function streamOf(socket: Socket): TunnelStream {
  let rest: Uint8Array = new Uint8Array(0);
  const next = (): Promise<Uint8Array | null> =>
    new Promise((resolve, reject) => {
      const done = (settle: () => void): void => {
        socket.pause();
        for (const name of ["data", "end", "error"]) socket.removeAllListeners(name);
        // An error between two reads shows at the next one.
        socket.on("error", () => {});
        settle();
      };
      socket.on("data", (piece: Uint8Array) => done(() => resolve(piece)));
      socket.on("end", () => done(() => resolve(null)));
      socket.on("error", (error: Error) => done(() => reject(error)));
      socket.resume();
    });
  return {
    localAddress: "",
    async read(into): Promise<number | null> {
      const piece = rest.length > 0 ? rest : await next();
      if (piece === null) return null;
      const part = piece.subarray(0, into.length);
      into.set(part);
      rest = piece.subarray(part.length);
      return part.length;
    },
    write: (bytes) =>
      new Promise((resolve, reject) => {
        // A copy: the caller's buffer is used again.
        const written = (error?: Error | null): void =>
          error ? reject(error) : resolve(bytes.length);
        socket.write(bytes.slice(), written);
      }),
    unread(octets): void {
      rest = octets;
    },
    closeWrite: () => Promise.resolve(),
    close: () => void socket.destroy(),
  };
}

interface NodeCertificate {
  readonly subject?: unknown;
  readonly issuer?: unknown;
  readonly valid_to?: string;
}

function readCertificate(
  certificate: NodeCertificate | null | undefined,
): SeenCertificate | undefined {
  const [subject, issuer] = [nameOf(certificate?.subject), nameOf(certificate?.issuer)];
  if (subject === undefined || issuer === undefined) return undefined;
  const untilMs = Date.parse(certificate?.valid_to ?? "");
  return {
    subject,
    issuer,
    ...(Number.isNaN(untilMs) ? {} : { validUntil: new Date(untilMs).toISOString().slice(0, 10) }),
  };
}

function nameOf(name: unknown): string | undefined {
  if (typeof name !== "object" || name === null) return undefined;
  const fields = new Map<string, unknown>(Object.entries(name));
  const words = ["CN", "O", "OU"].map((field) => [fields.get(field)].flat()[0])
    .find((value) => typeof value === "string" && value !== "");
  // Text from outside, for a terminal and a log of ASCII.
  return typeof words === "string"
    ? words.replaceAll(/[^\x20-\x7e]/g, "?").replaceAll('"', "'").slice(0, 80)
    : undefined;
}

/** Services whose certificates come from public authorities, always. */
const PUBLIC_SERVICES =
  /(?:^|\.)(?:office365\.(?:com|us)|outlook\.(?:com|cn|office\.com)|gmail\.com|google\.com|yahoo\.com|aol\.com)$/i;

/** Exported for tests. */
export function explained(
  failure: Failure,
  { seen, host }: { readonly seen: SeenCertificate; readonly host: string },
): Failure {
  const { subject, issuer, validUntil } = seen;
  const until = validUntil === undefined ? "" : `, valid until ${validUntil}`;
  const isPublic = PUBLIC_SERVICES.test(host);
  const inspection = isPublic
    ? "; this looks like TLS inspection, for a service such as this one has certificates of public authorities"
    : "";
  const keep =
    `save the certificate of "${issuer}" as PEM ("Base-64 encoded X.509") and name it in smtp.ca_file`;
  return new Failure(
    failure.code,
    `${failure.message}: the certificate is for "${subject}", issued by "${issuer}"${until}${inspection}`,
    {
      remedy: isPublic
        ? `have whoever runs the proxy or virus scanner that inspects TLS here leave ${host} alone, or ${keep}`
        : `if "${issuer}" is your own authority, or the proxy or virus scanner that inspects TLS on this network: ` +
          `${keep}; if nobody knows it, do not trust it`,
      retry: failure.retry,
      cause: failure.cause,
    },
  );
}
