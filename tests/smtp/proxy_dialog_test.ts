// What is said to proxies and understood of them, without a socket: whole and byte by byte.

import assert from "node:assert/strict";
import { Failure } from "../../src/base/failure.ts";
import { joinOctets, toHex } from "../../src/base/octets.ts";
import { type Proxy, readProxy } from "../../src/base/proxy.ts";
import { httpConnect } from "../../src/smtp/http_connect.ts";
import { type Goal, placeName, type ProxyDialog } from "../../src/smtp/proxy_dialog.ts";
import { socks5 } from "../../src/smtp/socks5.ts";

const TARGET = { host: "smtp.contoso.com", port: 587 };
const HTTP = readProxy("http://proxy:8080", "smtp.proxy");
const SOCKS = readProxy("socks5://proxy", "smtp.proxy");
const SIGNED_SOCKS = readProxy("socks5://anna:geheim%20ü@proxy", "smtp.proxy");

interface Heard {
  /** Each thing that was said, as latin1 text or hex. */
  readonly said: readonly Uint8Array[];
  /** Octets behind the last answer. */
  readonly rest: Uint8Array;
}

/** Plays a dialog against a proxy that has said everything from the start, `step` octets at a time. */
function play(
  dialog: ProxyDialog,
  { answers, step }: { answers: Uint8Array; step: number },
): Heard {
  const said: Uint8Array[] = [];
  let start = 0;
  let end = 0;
  for (let turn = dialog.next(); turn.done !== true;) {
    said.push(turn.value.say);
    let count = turn.value.answerBytes(answers.subarray(start, end));
    while (count === 0) {
      if (end === answers.length) throw new Error("the dialog waits for more than there is");
      end = Math.min(answers.length, end + step);
      count = turn.value.answerBytes(answers.subarray(start, end));
    }
    const answer = answers.subarray(start, start + count);
    start += count;
    turn = dialog.next(answer);
  }
  return { said, rest: answers.subarray(start) };
}

function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

function text(octets: Uint8Array): string {
  return new TextDecoder("latin1").decode(octets);
}

const STEPS = [1, 2, 7, 10_000];

Deno.test("httpConnect() asks for host and port, and leaves what the server says behind the answer", () => {
  for (const step of STEPS) {
    const answers = latin1("HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n220 hi\r\n");
    const { said, rest } = play(httpConnect(HTTP, TARGET), { answers, step });
    assert.deepEqual(said.map(text), [
      "CONNECT smtp.contoso.com:587 HTTP/1.1\r\nHost: smtp.contoso.com:587\r\n\r\n",
    ]);
    assert.equal(text(rest), "220 hi\r\n", `step ${step}`);
  }
});

Deno.test("httpConnect() signs in with Basic, in UTF-8, and writes IPv6 in brackets", () => {
  const proxy = readProxy("http://CONTOSO%5Csvc:p%C3%A4ss%3A@proxy:8080", "smtp.proxy");
  const answers = latin1("HTTP/1.0 200 OK\r\n\r\n");
  const { said } = play(httpConnect(proxy, { host: "fd00::1", port: 465 }), { answers, step: 1 });
  const pair = btoa(String.fromCharCode(...new TextEncoder().encode("CONTOSO\\svc:päss:")));
  assert.equal(
    text(said[0] ?? new Uint8Array(0)),
    `CONNECT [fd00::1]:465 HTTP/1.1\r\nHost: [fd00::1]:465\r\nProxy-Authorization: Basic ${pair}\r\n\r\n`,
  );
});

Deno.test("httpConnect() tells what the proxy said, who must act, and no password", () => {
  const rows: readonly (readonly [string, string, RegExp, RegExp])[] = [
    [
      "http://proxy:8080",
      "403 Forbidden",
      /refused the way to smtp\.contoso\.com:587: it answered HTTP 403 Forbidden$/,
      /^have whoever runs the proxy allow CONNECT to smtp\.contoso\.com:587 .*refuse mail's ports, 587 and 465\nor /,
    ],
    ["http://proxy:8080", "503 No\x1b[31m route", /HTTP 503 No\?\[31m route$/, /^try again/],
    [
      "http://proxy:8080",
      "407 Auth\r\nProxy-Authenticate: NTLM\r\nProxy-Authenticate: Negotiate",
      /wants a user name and password .* HTTP 407 Auth and offers NTLM, Negotiate$/,
      /NTLM or Kerberos/,
    ],
    [
      "http://anna:geheim99@proxy:8080",
      '407 Auth\r\nProxy-Authenticate: Basic realm="x"',
      /does not take the user name and password .* offers Basic$/,
      /without a password/,
    ],
  ];
  for (const [url, status, says, remedy] of rows) {
    for (const step of STEPS) {
      const answers = latin1(`HTTP/1.1 ${status}\r\n\r\n<html>`);
      const failure = failureOf(httpConnect(readProxy(url, "smtp.proxy"), TARGET), {
        answers,
        step,
      });
      assert.equal(`${failure.code} ${failure.retry}`, "net.unreachable later");
      assert.ok(failure.message.startsWith("the proxy http://proxy:8080 (smtp.proxy) "));
      assert.match(failure.message, says);
      assert.match(failure.remedy ?? "", remedy);
      assert.ok(!`${failure.message}${failure.remedy}`.includes("geheim99"));
    }
  }
});

Deno.test("httpConnect() and socks5() tell a proxy of another kind at once", () => {
  for (const step of STEPS) {
    const greeting = latin1("220 smtp.contoso.com ESMTP\r\n");
    const http = failureOf(httpConnect(HTTP, TARGET), { answers: greeting, step });
    assert.match(http.message, /does not speak HTTP: no way to smtp\.contoso\.com:587$/);
    const answers = latin1("HTTP/1.1 400 Bad Request\r\n\r\n");
    assert.match(
      failureOf(socks5(SOCKS, TARGET), { answers, step }).message,
      /does not speak SOCKS5/,
    );
  }
});

Deno.test("socks5() gives the proxy the name, and addresses as such (RFC 1928)", () => {
  const open = new Uint8Array([5, 0, 5, 0, 0, 1, 10, 0, 0, 1, 0, 80]);
  const rows: readonly (readonly [Goal, string])[] = [
    [{ host: "a.example", port: 587 }, "0501000309" + toHex(latin1("a.example")) + "024b"],
    [{ host: "192.0.2.7", port: 465 }, "05010001c000020701d1"],
    [{ host: "2001:db8::1", port: 25 }, "0501000420010db80000000000000000000000010019"],
    [{ host: "::ffff:192.0.2.7", port: 25 }, "0501000400000000000000000000ffffc00002070019"],
  ];
  for (const [target, asked] of rows) {
    for (const step of STEPS) {
      const answers = joinOctets([open, latin1("220 hi")]);
      const { said, rest } = play(socks5(SOCKS, target), { answers, step });
      assert.deepEqual(said.map(toHex), ["050100", asked], placeName(target));
      assert.equal(text(rest), "220 hi");
    }
  }
});

Deno.test("socks5() signs in where the proxy wants it (RFC 1929), and reads every kind of address", () => {
  const [signedIn, name] = [[5, 2, 1, 0], [3, 4, 0x61, 0x2e, 0x62, 0x63, 0, 80]];
  const ipv6 = [4, ...new Array<number>(16).fill(7), 0, 80];
  for (const address of [name, ipv6]) {
    for (const step of STEPS) {
      const answers = new Uint8Array([...signedIn, 5, 0, 0, ...address, 0x32]);
      const { said, rest } = play(socks5(SIGNED_SOCKS, TARGET), { answers, step });
      const secret = new TextEncoder().encode("geheim ü");
      assert.equal(toHex(said[0] ?? secret), "05020002");
      assert.equal(toHex(said[1] ?? secret), `0104${toHex(latin1("anna"))}09${toHex(secret)}`);
      assert.deepEqual([...rest], [0x32]);
    }
  }
});

Deno.test("socks5() tells each refusal, and no password", () => {
  const rows: readonly (readonly [Proxy, readonly number[], RegExp])[] = [
    [SOCKS, [5, 0xff], /wants a user name and password/],
    [SOCKS, [5, 2], /wants a user name and password/],
    [SIGNED_SOCKS, [5, 0xff], /does not take a user name and password/],
    [SIGNED_SOCKS, [5, 2, 1, 1], /does not take the user name and password/],
    [SOCKS, [5, 0, 5, 2, 0, 1, 0, 0, 0, 0, 0, 0], /not allowed by its rules \(SOCKS5 reply 2\)/],
    [SOCKS, [5, 0, 5, 5], /connection refused \(SOCKS5 reply 5\)/],
    [SOCKS, [5, 0, 5, 99], /\(SOCKS5 reply 99\)/],
  ];
  for (const [proxy, octets, says] of rows) {
    for (const step of STEPS) {
      const failure = failureOf(socks5(proxy, TARGET), { answers: new Uint8Array(octets), step });
      assert.equal(failure.code, "net.unreachable");
      assert.match(failure.message, says);
      assert.ok(!`${failure.message}${failure.remedy}`.includes("geheim"));
    }
  }
});

function failureOf(dialog: ProxyDialog, how: { answers: Uint8Array; step: number }): Failure {
  try {
    play(dialog, how);
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error("the dialog opened a way");
}
