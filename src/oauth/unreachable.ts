// Why a request to the provider got no answer, as a failure that names the hop: the proxy and the setting that
// names it, or the provider, each with its port. The invariant: where there are several hops the proxy is asked, and
// what it says decides; the runtime's words say alone what no question can find out.

import { Failure } from "../base/failure.ts";
import type { Proxy } from "../base/proxy.ts";
import type { ProviderFetch } from "./provider_fetch.ts";
import type { Route } from "./proxy.ts";
import type { ProxyAnswer } from "./proxy_probe.ts";
import { portOf } from "./proxy_rules.ts";

export interface Trouble {
  readonly endpoint: string;
  /** The one that was used; a `ProviderFetch` knows which way the request went. */
  readonly fetch: object;
  readonly cause: unknown;
  /** Set where the time ran out. */
  readonly timeoutMs?: number;
}

const LONGEST_QUESTION_MS = 5000;

export async function unreachable(trouble: Trouble): Promise<Failure> {
  const { endpoint, fetch } = trouble;
  const target = new URL(endpoint);
  const route = isProviderFetch(fetch) ? await fetch.routeTo(endpoint) : undefined;
  const proxy = route?.proxy;
  if (proxy === undefined || !isProviderFetch(fetch)) return direct(target, { trouble, route });
  const { askProxy } = await import("./proxy_probe.ts");
  const answer = await askProxy(proxy, target, {
    certificates: fetch.certificates,
    // Nobody waits longer for the question than for what it is about.
    timeoutMs: Math.min(LONGEST_QUESTION_MS, trouble.timeoutMs ?? LONGEST_QUESTION_MS),
  });
  return throughProxy({ trouble, target, proxy, answer });
}

function isProviderFetch(fetch: object): fetch is ProviderFetch {
  return "routeTo" in fetch;
}

function direct(
  target: URL,
  at: { readonly trouble: Trouble; readonly route: Route | undefined },
): Failure {
  const { cause, timeoutMs } = at.trouble;
  const place = placeOf(target);
  const why = at.route?.whyDirect;
  const remedy = `let the plant's firewall pass HTTPS from this PC to ${place}; where a proxy is ` +
    "needed, set oauth.proxy in the profile, or HTTPS_PROXY for the account that runs plantpost" +
    (why === undefined ? "" : ` (no proxy was used: ${why})`);
  if (timeoutMs !== undefined) {
    return new Failure(
      "net.timeout",
      `no answer from ${place} within ${timeoutMs / 1000} seconds`,
      { remedy, cause },
    );
  }
  const words = innermost(cause);
  if (isUnknownHost(words)) {
    return new Failure("net.unknown_host", `cannot find the address of ${place}: ${words}`, {
      remedy:
        "check the PC's DNS and network, and the endpoint in the profile; in a network whose " +
        "way out is a proxy, set oauth.proxy or HTTPS_PROXY" +
        (why === undefined ? "" : ` (no proxy was used: ${why})`),
      cause,
    });
  }
  if (isAboutTrust(words)) {
    return new Failure("net.tls", `cannot trust ${place}: ${words}`, {
      remedy:
        "if a firewall on the way inspects TLS, save its root certificate as PEM and name it in " +
        "smtp.ca_file; else check the PC's clock",
      cause,
    });
  }
  return new Failure("net.unreachable", `cannot reach ${place}: ${words}`, { remedy, cause });
}

interface Hops {
  readonly trouble: Trouble;
  readonly target: URL;
  readonly proxy: Proxy;
  readonly answer: ProxyAnswer;
}

function throughProxy(hops: Hops): Failure {
  const { trouble: { cause, timeoutMs }, target, proxy, answer } = hops;
  const [named, place] = [
    `the proxy ${proxy.host}:${proxy.port} (${proxy.source})`,
    placeOf(target),
  ];
  const words = innermost(cause);
  const check = `check the address in ${proxy.source}, and that the proxy runs; let the plant's ` +
    `firewall pass TCP from this PC to ${proxy.host}:${proxy.port}`;
  switch (answer.kind) {
    case "unknown-host":
      return new Failure(
        "net.unknown_host",
        `cannot find the address of ${named} on the way to ${place}: ${answer.words}`,
        { remedy: `check the name in ${proxy.source}, and the PC's DNS and network`, cause },
      );
    case "unreachable":
      return new Failure(
        "net.unreachable",
        `cannot reach ${named} on the way to ${place}: ${answer.words}`,
        { remedy: check, cause },
      );
    case "no-connection":
      return new Failure(
        "net.timeout",
        `${named} takes no connection on the way to ${place}: no answer within ` +
          `${answer.timeoutMs / 1000} seconds`,
        { remedy: check, cause },
      );
    case "untrusted":
      return new Failure(
        "net.tls",
        `cannot trust ${named} itself, on the way to ${place}: ${answer.words}`,
        {
          remedy: "name the authority of the proxy's certificate in smtp.ca_file, as PEM; or, if " +
            `the proxy speaks no TLS itself, write http:// in ${proxy.source}`,
          cause,
        },
      );
    case "closed":
      return new Failure(
        "net.unreachable",
        `${named} closed the connection instead of opening the way to ${place}`,
        { remedy: allowRemedy(place, proxy), cause },
      );
    case "silent":
      return new Failure(
        "net.timeout",
        `${named} took the connection and gave no answer about the way to ${place}`,
        {
          remedy: `have whoever runs the proxy look why it does not answer CONNECT ${place}; and ` +
            `check that ${proxy.source} names a proxy of the kind ${proxy.scheme}`,
          cause,
        },
      );
    case "strange":
      return new Failure(
        "net.unreachable",
        `${named} does not speak HTTP: no way to ${place}`,
        { remedy: `check host, port and scheme of the proxy in ${proxy.source}`, cause },
      );
    case "refused":
      return refused(hops, { named, place });
    case "open":
      break;
  }
  if (timeoutMs !== undefined) {
    return new Failure(
      "net.timeout",
      `no answer from ${place} through ${named} within ${timeoutMs / 1000} seconds`,
      {
        remedy: `try again; if it stays, have whoever runs the proxy look why it does not get ` +
          `through to ${place}`,
        cause,
      },
    );
  }
  if (isAboutTrust(words)) {
    return new Failure("net.tls", `cannot trust ${place}, reached through ${named}: ${words}`, {
      remedy: "if the proxy inspects TLS, save its root certificate as PEM and name it in " +
        `smtp.ca_file, or have the proxy leave ${place} alone; else check the PC's clock`,
      cause,
    });
  }
  return new Failure("net.unreachable", `cannot reach ${place} through ${named}: ${words}`, {
    remedy: socksRemedy(words, proxy) ?? allowRemedy(place, proxy),
    cause,
  });
}

function refused(
  { trouble: { cause }, proxy, answer }: Hops,
  { named, place }: { readonly named: string; readonly place: string },
): Failure {
  if (answer.kind !== "refused") throw new TypeError("this answer is no refusal");
  const said = `it answered HTTP ${answer.status}`;
  if (answer.statusCode === 407) {
    const schemes = answer.schemes.length === 0 ? "" : ` and offers ${answer.schemes.join(", ")}`;
    const wants = proxy.credentials === undefined
      ? "wants a user name and password for"
      : "does not take the user name and password for";
    return new Failure("net.unreachable", `${named} ${wants} ${place}: ${said}${schemes}`, {
      remedy: signInRemedy(answer.schemes, { proxy, place }),
      cause,
    });
  }
  const isPassing = answer.statusCode >= 500;
  return new Failure("net.unreachable", `${named} refused the way to ${place}: ${said}`, {
    remedy: isPassing
      ? `try again; if it stays, have whoever runs the proxy look why it does not reach ${place}`
      : allowRemedy(place, proxy),
    cause,
  });
}

function signInRemedy(
  schemes: readonly string[],
  { proxy, place }: { readonly proxy: Proxy; readonly place: string },
): string {
  const { hostname } = new URL(`https://${place}`);
  const takesBasic = schemes.length === 0 || schemes.some((scheme) => /^basic$/i.test(scheme));
  return [
    `have whoever runs the proxy let this PC reach ${hostname} without a password`,
    ...(takesBasic
      ? [
        `or write them into the proxy's URL, ${proxy.scheme}://USER:PASSWORD@${proxy.host}:` +
        `${proxy.port}, in oauth.proxy of the profile`,
      ]
      : []),
    "plantpost cannot sign in to a proxy with NTLM or Kerberos: where it must be, run a local proxy " +
    "that does, such as Px or Cntlm, and name that one in oauth.proxy",
  ].join("\n");
}

// What a SOCKS server says (RFC 1928 §6, RFC 1929) comes up in the runtime's words.
function socksRemedy(words: string, proxy: Proxy): string | undefined {
  if (!/auth/i.test(words) || !proxy.scheme.startsWith("socks")) return undefined;
  return `write user name and password into the proxy's URL, ${proxy.scheme}://USER:PASSWORD@` +
    `${proxy.host}:${proxy.port}, in oauth.proxy of the profile, or correct them in ${proxy.source}`;
}

function allowRemedy(place: string, proxy: Proxy): string {
  const what = proxy.scheme.startsWith("socks") ? "connections" : "CONNECT";
  return `have whoever runs the proxy allow ${what} to ${place} from this PC`;
}

function placeOf(url: URL): string {
  return `${url.hostname}:${portOf(url)}`;
}

// getaddrinfo on Linux and macOS; WSAHOST_NOT_FOUND on Windows.
function isUnknownHost(words: string): boolean {
  return /dns error|failed to lookup|name or service not known|no such host/i.test(words);
}

function isAboutTrust(words: string): boolean {
  // A connection cut during the handshake is the network's trouble, and passes.
  const isCut = /\beof\b|reset|closed/i.test(words);
  return !isCut && /certificate|UnknownIssuer|tls|handshake/i.test(words);
}

function innermost(cause: unknown): string {
  let at = cause;
  while (at instanceof Error && at.cause instanceof Error) at = at.cause;
  const words = at instanceof Error ? at.message : String(at);
  // Deno puts the whole URL in front, which the message names already.
  return words.replace(/^error sending request for url \([^)]*\):? */, "").replace(
    /^client error \(\w+\): */,
    "",
  );
}
