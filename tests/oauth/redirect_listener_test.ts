import assert from "node:assert/strict";
import { listenForRedirect } from "../../src/oauth/redirect_listener.ts";
import { freePort } from "../peers/free_port.ts";
import { isFailure } from "../vault/fixtures.ts";

const DONE = { title: "Signed in", isGood: true, lines: ["This window can be closed."] };
const HAS_IPV6 = canBind("::1");

Deno.test("receive() resolves to the request with the state, whose page comes only with answer()", async () => {
  const { redirectUri, at } = place("/");
  await using listener = listenForRedirect(redirectUri, "the-state");
  let isAnswered = false;
  const page = fetch(at("/?code=the-code&state=the-state&x=%C3%A4")).then((response) => {
    assert.ok(isAnswered, "the page was shown before the outcome was known");
    return response;
  });
  const received = await listener.receive({ timeoutMs: 10_000 });
  assert.equal(received.parameters.get("code"), "the-code");
  assert.equal(received.parameters.get("x"), "ä");
  isAnswered = true;
  await received.answer(DONE);
  const response = await page;
  assert.equal(response.status, 200);
  assert.match(await response.text(), /<h1>Signed in<\/h1>/);
  assert.equal(response.headers.get("cache-control"), "no-store");
  assert.match(response.headers.get("content-security-policy") ?? "", /default-src 'none'/);
});

Deno.test("receive() is not disturbed by other paths, states and methods", async () => {
  const { redirectUri, at } = place("/sign-in/Back");
  await using listener = listenForRedirect(redirectUri, "the-state");
  const receiving = listener.receive({ timeoutMs: 30_000 });
  const others: readonly (readonly [string, RequestInit, number])[] = [
    ["/favicon.ico", {}, 404],
    ["/?code=x&state=the-state", {}, 404],
    ["/sign-in/back?code=x&state=the-state", {}, 404],
    ["/sign-in/Back/?code=x&state=the-state", {}, 404],
    ["/sign-in/Back", {}, 400],
    ["/sign-in/Back?code=x", {}, 400],
    ["/sign-in/Back?code=x&state=", {}, 400],
    ["/sign-in/Back?code=x&state=another", {}, 400],
    ["/sign-in/Back?code=x&state=the-state2", {}, 400],
    ["/sign-in/Back?code=x&state=the-state", { method: "POST", body: "state=the-state" }, 405],
    ["/sign-in/Back?code=x&state=the-state", { method: "HEAD" }, 405],
    ["/sign-in/Back?code=x&state=the-state", { method: "OPTIONS" }, 405],
  ];
  for (const [path, init, status] of others) {
    const response = await fetch(at(path), init);
    assert.equal(response.status, status, `${init.method ?? "GET"} ${path}`);
    const text = await response.text();
    assert.ok(!text.includes("the-state") && !text.includes("<"), text);
  }
  const page = fetch(at("/sign-in/Back?code=x&state=the-state"));
  const received = await receiving;
  await received.answer(DONE);
  assert.equal((await page).status, 200);
  await (await page).body?.cancel();
});

Deno.test("receive() takes a sign-in once", async () => {
  const { redirectUri, at } = place("/");
  await using listener = listenForRedirect(redirectUri, "the-state");
  const first = fetch(at("/?code=one&state=the-state"));
  const received = await listener.receive({ timeoutMs: 10_000 });
  const second = await fetch(at("/?code=two&state=the-state"));
  assert.equal(second.status, 409);
  assert.match(await second.text(), /used already/);
  assert.equal(received.parameters.get("code"), "one");
  await received.answer(DONE);
  await (await first).body?.cancel();
});

Deno.test("answer() shows an error page in which nothing of the provider's text is markup", async () => {
  const { redirectUri, at } = place("/");
  await using listener = listenForRedirect(redirectUri, "s");
  const nasty = `<script>alert("x")</script><img src=x onerror='y'>&amp;`;
  const parameters = new URLSearchParams({ error: nasty, error_description: nasty, state: "s" });
  const page = fetch(at(`/?${parameters}`));
  const received = await listener.receive({ timeoutMs: 10_000 });
  const description = received.parameters.get("error_description") ?? "";
  await received.answer({ title: nasty, isGood: false, lines: [description], remedy: nasty });
  const response = await page;
  assert.equal(response.status, 400);
  const html = await response.text();
  assert.ok(!/<script|<img/i.test(html), html);
  assert.ok(html.includes("&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;"));
  assert.ok(html.includes("&amp;amp;"));
});

Deno.test("answer() does not wait for connections on which the browser says nothing", async () => {
  const { redirectUri, port, at } = place("/");
  await using listener = listenForRedirect(redirectUri, "s");
  // Browsers open spare connections, and keep those of earlier answers.
  using _spare = await Deno.connect({ hostname: "127.0.0.1", port });
  using kept = await Deno.connect({ hostname: "127.0.0.1", port });
  await kept.write(
    new TextEncoder().encode("GET /favicon.ico HTTP/1.1\r\nHost: localhost\r\n\r\n"),
  );
  assert.ok((await kept.read(new Uint8Array(1024)) ?? 0) > 0);
  using cut = await Deno.connect({ hostname: "127.0.0.1", port });
  await cut.write(new TextEncoder().encode("GET /fav"));
  const page = fetch(at("/?state=s"));
  const received = await listener.receive({ timeoutMs: 10_000 });
  await received.answer(DONE);
  assert.equal((await page).status, 200);
  await (await page).body?.cancel();
});

Deno.test("answer() does not mind that the browser has gone", async () => {
  const { redirectUri, port } = place("/");
  await using listener = listenForRedirect(redirectUri, "s");
  const browser = await Deno.connect({ hostname: "127.0.0.1", port });
  await browser.write(
    new TextEncoder().encode("GET /?state=s HTTP/1.1\r\nHost: localhost\r\n\r\n"),
  );
  const received = await listener.receive({ timeoutMs: 10_000 });
  browser.close();
  await received.answer(DONE);
  assert.equal(received.parameters.get("state"), "s");
});

Deno.test("listenForRedirect() binds loopback and nothing else", async () => {
  const { redirectUri, port } = place("/");
  await using _listener = listenForRedirect(redirectUri, "s");
  const addresses = HAS_IPV6 ? ["127.0.0.1", "::1"] : ["127.0.0.1"];
  for (const hostname of addresses) (await Deno.connect({ hostname, port })).close();
  const others = Deno.networkInterfaces().map(({ address }) => address)
    .filter((address) => !/^127\.|^::1$|^fe80:/i.test(address));
  // The whole net 127/8 is this PC's own on Linux, so that there is always another address to try.
  if (Deno.build.os === "linux") others.push("127.0.0.2");
  for (const hostname of others) {
    await assert.rejects(Deno.connect({ hostname, port }), Deno.errors.ConnectionRefused, hostname);
  }
  assert.ok(others.length > 0 || Deno.build.os !== "linux");
});

Deno.test("listenForRedirect() binds the one address that the redirect URI names", async () => {
  const port = freePort();
  await using _listener = listenForRedirect(`http://127.0.0.1:${port}/`, "s");
  (await Deno.connect({ hostname: "127.0.0.1", port })).close();
  if (!HAS_IPV6) return;
  await assert.rejects(Deno.connect({ hostname: "::1", port }), Deno.errors.ConnectionRefused);
});

Deno.test("listenForRedirect() names the port that somebody else uses, on either address", () => {
  for (const hostname of HAS_IPV6 ? ["127.0.0.1", "::1"] : ["127.0.0.1"]) {
    using other = Deno.listen({ hostname, port: 0 });
    const { port } = other.addr;
    assert.throws(
      () => listenForRedirect(`http://localhost:${port}/`, "s"),
      isFailure(
        "oauth.port_in_use",
        new RegExp(`port ${port} of`),
        /another program/,
        /oauth\.redirect_uri/,
      ),
    );
  }
});

Deno.test("receive() gives up after its time and says where the error may be shown", async () => {
  const { redirectUri } = place("/");
  await using listener = listenForRedirect(redirectUri, "s");
  await assert.rejects(
    listener.receive({ timeoutMs: 20 }),
    isFailure("oauth.sign_in_timeout", /no sign-in came back/, /plantpost explain AADSTS/),
  );
});

Deno.test("receive() ends with the reason of its signal, before and while it waits", async () => {
  const { redirectUri } = place("/");
  await using listener = listenForRedirect(redirectUri, "s");
  const { signal } = ((): AbortController => {
    const controller = new AbortController();
    controller.abort(new Error("Ctrl-C before"));
    return controller;
  })();
  await assert.rejects(listener.receive({ timeoutMs: 60_000, signal }), /^Error: Ctrl-C before$/);
  const interruption = new AbortController();
  const receiving = listener.receive({ timeoutMs: 60_000, signal: interruption.signal });
  interruption.abort(new Error("Ctrl-C while"));
  await assert.rejects(receiving, /^Error: Ctrl-C while$/);
});

Deno.test("disposal closes the port and tells a waiting browser", async () => {
  const { redirectUri, at } = place("/");
  let page: Promise<Response>;
  {
    await using listener = listenForRedirect(redirectUri, "s");
    page = fetch(at("/?state=s&code=x"));
    await listener.receive({ timeoutMs: 10_000 });
  }
  const response = await page;
  assert.equal(response.status, 400);
  assert.match(await response.text(), /The sign-in was not finished/);
  {
    await using listener = listenForRedirect(redirectUri, "s");
    assert.ok(listener, "the port can be bound again");
  }
  await using again = listenForRedirect(redirectUri, "s");
  assert.ok(again);
});

function place(path: string): {
  readonly redirectUri: string;
  readonly port: number;
  at(pathAndQuery: string): string;
} {
  const port = freePort();
  return {
    port,
    redirectUri: `http://localhost:${port}${path}`,
    at: (pathAndQuery) => `http://127.0.0.1:${port}${pathAndQuery}`,
  };
}

function canBind(hostname: string): boolean {
  try {
    Deno.listen({ hostname, port: 0 }).close();
    return true;
  } catch {
    return false;
  }
}
