// What the texts of a profile must look like. Each check returns undefined for a good value, else what is
// wanted, worded to follow "must be". Hosts and URLs are judged as text and by the URL parser alone: nothing
// is looked up. Letters outside ASCII are a plain range here: the first use of \p{L} costs 2 ms.

export type Format =
  | "line"
  | "word"
  | "secret"
  | "name"
  | "path"
  | "tenant"
  | "address"
  | "host"
  | "domain"
  | "endpoint"
  | "redirect"
  | "proxy"
  | "smtpProxy"
  | "scope"
  | "listen"
  | "network";

/** What the value must be, or undefined when it is. */
export function wantedFormat(value: string, format: Format): string | undefined {
  if (value.trim() === "") return "a text that is not empty";
  return CHECKS[format](value);
}

/** Names of profiles, also fit for a command line. */
export function isName(text: string): boolean {
  return /^[A-Za-z0-9._-]+$/.test(text);
}

/** Whether the text has the form `local-part@domain`; quoted local parts are not taken. */
export function isAddress(text: string): boolean {
  const at = text.lastIndexOf("@");
  const domain = text.slice(at + 1);
  if (!isLine(text) || !/^[^\s@<>()[\],;:"\\]{1,64}$/.test(text.slice(0, Math.max(at, 0)))) {
    return false;
  }
  return isHostName(domain) || /^\[[0-9A-Fa-f.:]+\]$/.test(domain);
}

/** localhost, *.localhost, 127.0.0.0/8 and ::1, with or without brackets: what never leaves this PC. */
export function isLoopbackHost(host: string): boolean {
  const name = host.toLowerCase();
  return name === "localhost" || name.endsWith(".localhost") || name === "::1" ||
    name === "[::1]" || (isIpv4(name) && name.startsWith("127."));
}

const CHECKS: Readonly<Record<Format, (value: string) => string | undefined>> = {
  line: (value) => unless(isLine(value), "a single line of text"),
  word: (value) => unless(isLine(value) && !/\s/.test(value), "a text without blanks"),
  secret: (value) =>
    unless(
      isLine(value) && value.trim() === value,
      "a single line without blanks at its ends",
    ),
  name: (value) => unless(isName(value), "a name of letters, digits, points, underscores, hyphens"),
  path: (value) => unless(isLine(value), "a path of a file or folder"),
  tenant: (value) =>
    unless(
      /^[A-Za-z0-9\u00A1-\uFFFF._-]+$/.test(value),
      "the directory (tenant) ID or a domain of the tenant, without blanks and slashes",
    ),
  address: (value) => unless(isAddress(value), "an address such as reports@contoso.com"),
  host: (value) =>
    unless(isHost(value), "a host name or IP address, without port, slashes and blanks"),
  domain: (value) => unless(isHostName(value) && value.includes("."), "a domain such as vtext.com"),
  endpoint: wantedEndpoint,
  redirect: wantedRedirect,
  proxy: (value) =>
    unless(isProxy(value, ["http:", "https:", "socks5:"]), "a URL such as http://proxy:8080"),
  smtpProxy: (value) =>
    unless(
      isProxy(value, ["http:", "socks5:"]),
      "a URL such as http://proxy:8080 or socks5://proxy:1080",
    ),
  scope: wantedScope,
  listen: (value) =>
    unless(isListen(value), "an address and a port such as 127.0.0.1:2525 or [::1]:2525"),
  network: (value) =>
    unless(isNetwork(value), "a network such as 192.168.1.0/24, fd00::/8 or one IP address"),
};

function isLine(text: string): boolean {
  return !/\p{Cc}/u.test(text);
}

function unless(isGood: boolean, wanted: string): string | undefined {
  return isGood ? undefined : wanted;
}

function wantedEndpoint(value: string): string | undefined {
  const url = readUrl(value);
  if (url === undefined || !["http:", "https:"].includes(url.protocol)) {
    return "a URL that begins with https://";
  }
  // RFC 6749 §3.1 and §3.2: an endpoint has no fragment.
  if (url.hash !== "" || value.includes("#")) return "a URL without a fragment (#)";
  if (url.username !== "" || url.password !== "") return "a URL without user name and password";
  if (value.includes("{") || value.includes("}")) return "a URL without placeholders in braces";
  if (url.protocol === "http:" && !isLoopbackHost(url.hostname)) {
    return "a URL that begins with https:// (plain http is for this PC alone)";
  }
  return undefined;
}

/** RFC 8252 §7.3, and byte for byte what is registered, so the text is judged and not the parsed URL. */
function wantedRedirect(value: string): string | undefined {
  if (/^https:/i.test(value)) {
    return "a URL that begins with http:// (the browser comes back to this PC itself, where plantpost " +
      "listens without a certificate; register it with http, too)";
  }
  const match =
    /^http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::(\d{1,5}))?(?:\/(?:(?![?#\\])[!-~])*)?$/i
      .exec(value);
  if (match === null) {
    return "a URL on this PC such as http://localhost:3017/ (host localhost, 127.0.0.1 or [::1]; " +
      "no user name, query or fragment)";
  }
  const port = Number(match[1] ?? "80");
  return unless(port >= 1 && port <= 65_535, "a URL with a port from 1 to 65535");
}

/** RFC 6749 §3.3, but without commas, which no provider has in its scopes. */
function wantedScope(value: string): string | undefined {
  if (value.includes(",")) {
    return "scopes with single spaces between them (Microsoft answers commas with AADSTS70011)";
  }
  if (/[\r\n]/.test(value)) {
    return "scopes with single spaces between them (Microsoft answers a line break with AADSTS650053)";
  }
  return unless(
    /^[\x21\x23-\x5B\x5D-\x7E]+(?: [\x21\x23-\x5B\x5D-\x7E]+)*$/.test(value),
    "scopes with single spaces between them",
  );
}

function isProxy(value: string, protocols: readonly string[]): boolean {
  const url = readUrl(value);
  return url !== undefined && protocols.includes(url.protocol) && url.hostname !== "" &&
    ["", "/"].includes(url.pathname) && url.search === "" && url.hash === "";
}

function readUrl(value: string): URL | undefined {
  if (!isLine(value) || /[\s\\]/.test(value)) return undefined;
  return URL.parse(value) ?? undefined;
}

function isHost(value: string): boolean {
  const address = /^\[(.+)\]$/.exec(value)?.[1] ?? value;
  return isIpv6(address) || isHostName(value);
}

function isHostName(value: string): boolean {
  // Digits and points alone are an IPv4 address or nothing.
  if (/^[\d.]+$/.test(value)) return isIpv4(value);
  return value.length <= 253 &&
    value.replace(/\.$/, "").split(".").every((label) =>
      /^[A-Za-z0-9\u00A1-\uFFFF_](?:[A-Za-z0-9\u00A1-\uFFFF_-]{0,61}[A-Za-z0-9\u00A1-\uFFFF_])?$/
        .test(label)
    );
}

function isIpv4(value: string): boolean {
  const numbers = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(value)?.slice(1);
  return numbers !== undefined && numbers.every((number) => Number(number) <= 255);
}

function isIpv6(value: string): boolean {
  return /^[0-9A-Fa-f:.]+$/.test(value) && value.includes(":") &&
    URL.canParse(`http://[${value}]/`);
}

function isListen(value: string): boolean {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(value);
  if (match === null || Number(match[3]) > 65_535) return false;
  return match[1] === undefined ? isHostName(match[2] ?? "") : isIpv6(match[1]);
}

function isNetwork(value: string): boolean {
  const match = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(value);
  const address = match?.[1] ?? "";
  const bits = Number(match?.[2] ?? "0");
  return (isIpv4(address) && bits <= 32) || (isIpv6(address) && bits <= 128);
}
