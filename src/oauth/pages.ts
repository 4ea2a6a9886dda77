// The pages that the browser shows at the end of a sign-in: self-contained, no script, nothing loaded.

/** What the person reads: a heading, sentences, and what to do, if anything. */
export interface PageText {
  readonly title: string;
  readonly isGood: boolean;
  readonly lines: readonly string[];
  readonly remedy?: string;
}

/** Loads nothing and runs nothing; `no-store` keeps the code in the address out of caches. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy":
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "cache-control": "no-store",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

export function renderPage(text: PageText): string {
  const lines = text.lines.map((line) => `<p>${escape(line)}</p>`).join("\n");
  const remedy = text.remedy === undefined
    ? ""
    : `\n<section><h2>What to do</h2><p>${escape(text.remedy)}</p></section>`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escape(text.title)} - plantpost</title>
<style>
:root { color-scheme: light dark; --line: #c9d1d9; --good: #1a7f37; --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --line: #3d444d; --good: #57c271; --bad: #ff8a80; } }
body { font: 16px/1.5 system-ui, "Segoe UI", sans-serif; margin: 0; display: grid; min-height: 100vh; place-items: center; }
main { max-width: 38rem; margin: 1.5rem; padding: 1.5rem 2rem; border: 1px solid var(--line); border-radius: 8px;
  border-top: 6px solid var(--${text.isGood ? "good" : "bad"}); overflow-wrap: anywhere; }
h1 { font-size: 1.4rem; margin: 0 0 .5rem; } h2 { font-size: 1rem; margin: 1rem 0 0; }
p { margin: .4rem 0; } section p { white-space: pre-line; } footer { margin-top: 1.2rem; font-size: .85rem; opacity: .75; }
</style>
</head>
<body>
<main>
<h1>${escape(text.title)}</h1>
${lines}${remedy}
<footer>plantpost</footer>
</main>
</body>
</html>
`;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;").replaceAll("'", "&#39;");
}
