// Lists in which a person writes which proxy is for which hosts: NO_PROXY, and those of Windows' Internet settings.
// Pure. The invariant: entries are judged as text and by the URL parser alone; no name is ever looked up.

/** Whether a NO_PROXY list names the target: `*`, names with all below them, `*.name`, addresses, networks, each with or without a port. */
export function isExempt(target: URL, list: string): boolean {
  return entriesOf(list).some((entry) => {
    const rule = readRule(entry);
    const host = rule.host.replace(/^\.+/, "");
    if (host === "" || !isPortMeant(target, rule)) return false;
    const name = nameOf(target);
    return matches(name, host) || name.endsWith(`.${host}`) || isInNetwork(name, entry);
  });
}

/**
 * Whether a bypass list of Windows names the target: names and addresses with `*` anywhere, `<local>` for names without
 * a point, each with or without scheme and port. A plain name means that host alone.
 */
export function isBypassed(target: URL, list: string): boolean {
  return entriesOf(list).some((entry) => {
    if (entry === "<local>") return /^[^.:]+$/.test(nameOf(target));
    const rule = readRule(entry);
    return isPortMeant(target, rule) && matches(nameOf(target), rule.host) &&
      (rule.scheme === undefined || `${rule.scheme}:` === target.protocol);
  });
}

/**
 * The proxy that a list of Windows has for the target: one for all (`proxy:8080`), or one for each kind
 * (`http=a:80;https=b:80;socks=c:1080`). Undefined where it has none, which means a direct connection.
 */
export function proxyInList(target: URL, list: string): string | undefined {
  const kinds = new Map<string, string>();
  for (const entry of entriesOf(list)) {
    const [, kind = "", proxy = ""] = /^(?:(\w+)=)?(.*)$/.exec(entry) ?? [];
    // The first of a kind counts.
    if (proxy !== "" && !kinds.has(kind)) kinds.set(kind, proxy);
  }
  const socks = kinds.get("socks");
  return kinds.get(target.protocol.slice(0, -1)) ?? kinds.get("") ??
    (socks === undefined || socks.includes("://") ? socks : `socks5://${socks}`);
}

/** localhost, *.localhost, 127.0.0.0/8 and ::1: what never leaves this PC. */
export function isLoopback(target: URL): boolean {
  // The URL parser has brought every way of writing such an address into this form.
  return /^(?:(?:.+\.)?localhost|127(?:\.\d+){3}|::1)$/.test(nameOf(target));
}

interface Rule {
  readonly scheme?: string;
  readonly host: string;
  readonly port?: string;
}

function readRule(entry: string): Rule {
  const [, scheme, rest = ""] = /^(?:([a-z][a-z\d+.-]*):\/\/)?(.*)$/.exec(entry) ?? [];
  // Of an IPv6 address, which holds colons itself, a port is told by the brackets.
  const [, bracketed, plain, port] =
    /^(?:\[([^\]]*)\]|([^:]*|[^:]*:[^:]*:.*?))(?::(\d+))?$/.exec(rest) ?? [];
  return {
    ...(scheme === undefined ? {} : { scheme }),
    host: bracketed ?? plain ?? rest,
    ...(port === undefined ? {} : { port }),
  };
}

function entriesOf(list: string): readonly string[] {
  return list.toLowerCase().split(/[\s,;]+/).filter((entry) => entry !== "");
}

function isPortMeant(target: URL, rule: Rule): boolean {
  return rule.port === undefined || Number(rule.port) === portOf(target);
}

/** The port of a URL, also where it is the scheme's own. */
export function portOf(url: URL): number {
  return Number(url.port) || (url.protocol === "https:" ? 443 : 80);
}

function nameOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$|\.$/g, "").toLowerCase();
}

function matches(name: string, pattern: string): boolean {
  const parts = pattern.split("*").map((part) => part.replaceAll(/[\\^$.|?+()[\]{}]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`).test(name);
}

// RFC 4632 §3.1, RFC 4291 §2.3.
function isInNetwork(name: string, entry: string): boolean {
  const [, network = "", length = ""] = /^\[?([\da-f.:]+)\]?\/(\d{1,3})$/.exec(entry) ?? [];
  const [address, first] = [bitsOf(name), bitsOf(network)];
  if (address === undefined || first?.length !== address.length) return false;
  const count = Number(length);
  return count <= first.length && address.startsWith(first.slice(0, count));
}

/** An address as 32 or 128 digits of 0 and 1; undefined where it is none. */
function bitsOf(address: string): string | undefined {
  if (/^\d{1,3}(?:\.\d{1,3}){3}$/.test(address)) {
    const octets = address.split(".").map(Number);
    return octets.every((octet) => octet < 256) ? binary(octets, 8) : undefined;
  }
  const url = address.includes(":") ? URL.parse(`http://[${address}]/`) : null;
  if (url === null) return undefined;
  const [head = "", tail] = nameOf(url).split("::");
  const groups = (text: string | undefined): string[] => text?.split(":").filter(Boolean) ?? [];
  const known = [...groups(head), ...groups(tail)].length;
  const zeros = Array.from({ length: 8 - known }, () => "0");
  const all = [...groups(head), ...zeros, ...groups(tail)];
  return binary(all.map((group) => Number.parseInt(group, 16)), 16);
}

function binary(numbers: readonly number[], width: number): string {
  return numbers.map((number) => number.toString(2).padStart(width, "0")).join("");
}
