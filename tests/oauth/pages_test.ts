import assert from "node:assert/strict";
import { PAGE_HEADERS, renderPage } from "../../src/oauth/pages.ts";

Deno.test("renderPage() shows title, lines and remedy as text", () => {
  const html = renderPage({
    title: "The sign-in failed <1>",
    isGood: false,
    lines: ["one & two", "'three' \"four\""],
    remedy: "do <b>this</b>",
  });
  assert.match(html, /^<!doctype html>\n<html lang="en">/);
  assert.ok(html.includes("<title>The sign-in failed &lt;1&gt; - plantpost</title>"));
  assert.ok(html.includes("<h1>The sign-in failed &lt;1&gt;</h1>"));
  assert.ok(html.includes("<p>one &amp; two</p>\n<p>&#39;three&#39; &quot;four&quot;</p>"));
  assert.ok(html.includes("<h2>What to do</h2><p>do &lt;b&gt;this&lt;/b&gt;</p>"));
  assert.ok(html.includes("var(--bad)") && !html.includes("var(--good)"));
});

Deno.test("renderPage() leaves the remedy out where there is none, and loads and runs nothing", () => {
  const html = renderPage({ title: "Signed in", isGood: true, lines: [] });
  assert.ok(!html.includes("What to do"));
  assert.ok(html.includes("var(--good)"));
  assert.ok(!/<script|<img|<link|<iframe|url\(|https?:|@import| on\w+=/i.test(html));
});

Deno.test("PAGE_HEADERS keep the page out of caches, frames and other sites' logs", () => {
  assert.equal(PAGE_HEADERS["cache-control"], "no-store");
  assert.equal(PAGE_HEADERS["referrer-policy"], "no-referrer");
  assert.equal(PAGE_HEADERS["x-content-type-options"], "nosniff");
  const policy = PAGE_HEADERS["content-security-policy"] ?? "";
  for (const part of ["default-src 'none'", "frame-ancestors 'none'", "form-action 'none'"]) {
    assert.ok(policy.includes(part), part);
  }
  assert.ok(!/script-src|http/.test(policy));
});
