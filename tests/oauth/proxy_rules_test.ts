import assert from "node:assert/strict";
import fc from "fast-check";
import { isBypassed, isExempt, isLoopback, proxyInList } from "../../src/oauth/proxy_rules.ts";

const LOGIN = new URL("https://login.contoso.com/token");

Deno.test("isExempt() takes names with all below them, stars, ports, addresses and networks", () => {
  const cases: readonly (readonly [list: string, url: string])[] = [
    ["contoso.com", "https://login.contoso.com"],
    ["contoso.com", "https://contoso.com"],
    [".contoso.com", "https://login.contoso.com"],
    [".contoso.com", "https://contoso.com"],
    ["*.contoso.com", "https://login.contoso.com"],
    ["LOGIN.Contoso.COM", "https://Login.contoso.com."],
    ["other.example, contoso.com", "https://login.contoso.com"],
    ["other.example contoso.com", "https://login.contoso.com"],
    ["*", "https://login.contoso.com"],
    ["contoso.com:443", "https://login.contoso.com"],
    ["contoso.com:8443", "https://login.contoso.com:8443"],
    ["10.1.2.3", "https://10.1.2.3"],
    ["10.1.2.3:443", "https://10.1.2.3"],
    ["10.0.0.0/8", "https://10.1.2.3"],
    ["0.0.0.0/0", "https://10.1.2.3"],
    ["::1", "https://[::1]"],
    ["[::1]", "https://[::1]"],
    ["[::1]:443", "https://[::1]"],
    ["fd00::/8", "https://[fd12:3456::1]"],
    ["2001:db8:0:0::/64", "https://[2001:0db8::7]"],
  ];
  for (const [list, url] of cases) assert.ok(isExempt(new URL(url), list), `${list} ${url}`);
});

Deno.test("isExempt() does not take what only looks like it", () => {
  const cases: readonly (readonly [list: string, url: string])[] = [
    ["", "https://login.contoso.com"],
    [" , ", "https://login.contoso.com"],
    [".", "https://login.contoso.com"],
    ["oso.com", "https://login.contoso.com"],
    ["login.contoso.com.evil", "https://login.contoso.com"],
    ["*.contoso.com", "https://contoso.com"],
    ["contoso.com:80", "https://login.contoso.com"],
    ["logincontoso.com", "https://login.contoso.com"],
    ["login?contoso.com", "https://login.contoso.com"],
    ["10.1.2", "https://10.1.2.3"],
    ["11.0.0.0/8", "https://10.1.2.3"],
    ["10.0.0.0/33", "https://10.1.2.3"],
    ["10.0.0.999/8", "https://10.1.2.3"],
    ["10.0.0.0/8", "https://10.contoso.com"],
    ["fd00::/8", "https://10.1.2.3"],
    ["fd00::/8", "https://[fe80::1]"],
    ["::/0", "https://10.1.2.3"],
  ];
  for (const [list, url] of cases) assert.ok(!isExempt(new URL(url), list), `${list} ${url}`);
});

Deno.test("isBypassed() reads the exceptions of Windows: stars, <local>, scheme and port", () => {
  const cases: readonly (readonly [list: string, url: string, wanted: boolean])[] = [
    ["*.contoso.com", "https://login.contoso.com", true],
    ["*.contoso.com", "https://contoso.com", false],
    ["contoso.com", "https://login.contoso.com", false],
    ["login*", "https://login.contoso.com", true],
    ["*.example;*.CONTOSO.com", "https://login.contoso.com", true],
    ["10.*", "https://10.1.2.3", true],
    ["10.*", "https://110.1.2.3", false],
    ["<local>", "https://intranet", true],
    ["<local>", "https://login.contoso.com", false],
    ["<local>", "https://[fd00::1]", false],
    ["<-loopback>", "https://login.contoso.com", false],
    ["https://*.contoso.com", "https://login.contoso.com", true],
    ["http://*.contoso.com", "https://login.contoso.com", false],
    ["login.contoso.com:443", "https://login.contoso.com", true],
    ["login.contoso.com:8443", "https://login.contoso.com", false],
    ["[fd00::1]", "https://[fd00::1]", true],
    ["*", "https://login.contoso.com", true],
    ["", "https://login.contoso.com", false],
  ];
  for (const [list, url, wanted] of cases) {
    assert.equal(isBypassed(new URL(url), list), wanted, `${list} ${url}`);
  }
});

Deno.test("proxyInList() finds the proxy for the scheme, for all, or a SOCKS server", () => {
  const cases: readonly (readonly [list: string, wanted: string | undefined])[] = [
    ["proxy:8080", "proxy:8080"],
    ["http=a:1;https=b:2", "b:2"],
    ["HTTP=a:1 HTTPS=b:2", "b:2"],
    ["https=http://b:2", "http://b:2"],
    ["http=a:1;proxy:8080", "proxy:8080"],
    ["first:1;second:2", "first:1"],
    ["http=a:1", undefined],
    ["http=a:1;socks=c:1080", "socks5://c:1080"],
    ["socks=socks5://c:1080", "socks5://c:1080"],
    ["socks=c:1;https=b:2", "b:2"],
    ["", undefined],
    [" ; ", undefined],
  ];
  for (const [list, wanted] of cases) assert.equal(proxyInList(LOGIN, list), wanted, list);
});

Deno.test("isLoopback() knows what never leaves this PC, however it is written", () => {
  for (
    const host of [
      "localhost",
      "LOCALHOST",
      "a.localhost",
      "127.0.0.1",
      "127.9.9.9",
      "2130706433",
      "0x7f.1",
      "[::1]",
    ]
  ) assert.ok(isLoopback(new URL(`https://${host}/`)), host);
  for (
    const host of [
      "localhost.contoso.com",
      "notlocalhost",
      "10.127.0.0",
      "127.contoso.com",
      "[::2]",
    ]
  ) assert.ok(!isLoopback(new URL(`https://${host}/`)), host);
});

// What begins like an A-label must be one (RFC 5890 §2.3.2.1).
const label = fc.stringMatching(/^[a-z]([a-z0-9-]{0,8}[a-z0-9])?$/)
  .filter((text) => !text.startsWith("xn--"));
const name = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join("."));

Deno.test("property: a host is in every list that names it, a domain of it or a network around it", () => {
  fc.assert(
    fc.property(name, fc.array(name), fc.nat(3), (host, others, cut) => {
      const url = new URL(`https://${host}/`);
      const domain = host.split(".").slice(Math.min(cut, host.split(".").length - 1)).join(".");
      assert.ok(isExempt(url, [...others, domain].join(",")));
      assert.ok(isBypassed(url, [...others, host].join(";")));
      assert.ok(isBypassed(url, `${host.slice(0, cut)}*`));
    }),
  );
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), fc.nat(128), (address, count) => {
      const isV6 = address.includes(":");
      const url = new URL(`https://${isV6 ? `[${address}]` : address}/`);
      assert.ok(isExempt(url, `${address}/${Math.min(count, isV6 ? 128 : 32)}`));
    }),
  );
});

Deno.test("property: no list, however it is made up, is more than a yes or a no", () => {
  const piece = fc.oneof(
    fc.string(),
    fc.constantFrom("*", "<local>", ":", "[", "]", "/", "=", ";", "://"),
  );
  fc.assert(
    fc.property(fc.array(piece).map((pieces) => pieces.join("")), (list) => {
      assert.equal(typeof isExempt(LOGIN, list), "boolean");
      assert.equal(typeof isBypassed(LOGIN, list), "boolean");
      const proxy = proxyInList(LOGIN, list);
      assert.ok(proxy === undefined || list.toLowerCase().includes(proxy.replace("socks5://", "")));
    }),
  );
});
