// HTML from template literals in which every value is escaped unless it is HTML itself, and the frame that the
// sandbox's pages share. The invariant: a page loads nothing and runs no script.

export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Value = string | number | Html | readonly Html[];

/** HTML with its values escaped; lists are joined. */
export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Html {
  return new Html(
    parts.reduce((text, part, at) => text + valueText(values[at - 1] ?? "") + part),
  );
}

export interface PageOptions {
  readonly title: string;
  readonly body: Html;
  /** `card` is a small box in the middle, as sign-in pages are; `wide` fills the window. */
  readonly layout: "card" | "wide";
  readonly status?: number;
  /** Where forms of the page may lead beside the sandbox itself: browsers look at redirects, too. */
  readonly formTarget?: string;
}

export function page(options: PageOptions): Response {
  const text = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
${html`<title>${options.title} - plantpost sandbox</title>`.text}
<style>${STYLE}</style>
</head>
<body class="${options.layout}">
<main>
${options.body.text}
</main>
<footer>plantpost sandbox: a stand-in for trying things out on this PC. It is not Microsoft's, and nothing leaves
this PC.</footer>
</body>
</html>
`;
  return new Response(text, {
    status: options.status ?? 200,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy":
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-src 'self'; base-uri 'none'; " +
        `frame-ancestors 'none'; form-action 'self' ${options.formTarget ?? ""}`.trimEnd(),
      "cache-control": "no-store",
      // With no referrer at all a browser would not say where a form comes from either.
      "referrer-policy": "same-origin",
      "x-content-type-options": "nosniff",
    },
  });
}

function valueText(value: Value): string {
  if (value instanceof Html) return value.text;
  if (typeof value === "object") return value.map((item) => item.text).join("\n");
  return String(value).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;").replaceAll("'", "&#39;");
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1b2733; --soft: #5b6b7a; --line: #d5dce3; --paper: #fff; --ground: #eef2f5;
  --accent: #0b6e69; --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9aa7b4; --line: #36424d; --paper: #161d24;
  --ground: #0d1217; --accent: #4fc3b8; --bad: #ff8a80; } }
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, "Segoe UI", sans-serif; margin: 0; color: var(--ink); background: var(--ground);
  overflow-wrap: anywhere; }
main { background: var(--paper); border: 1px solid var(--line); border-radius: 10px; padding: 1.6rem 2rem; }
body.card { display: grid; min-height: 100vh; place-content: center; justify-items: center; }
body.card main { width: min(29rem, 94vw); border-top: 6px solid var(--accent); }
body.wide main { width: min(68rem, 94vw); margin: 1.5rem auto; }
footer { color: var(--soft); font-size: .8rem; margin: 1rem auto; width: min(29rem, 94vw); text-align: center; }
h1 { font-size: 1.45rem; line-height: 1.25; margin: .2rem 0 .6rem; } h2 { font-size: 1.05rem; margin: 1.4rem 0 .4rem; }
p, ul { margin: .5rem 0; } .soft { color: var(--soft); font-size: .9rem; } .bad { color: var(--bad); }
a { color: var(--accent); }
label { display: block; font-size: .9rem; color: var(--soft); }
input, select { font: inherit; color: inherit; background: var(--ground); border: 1px solid var(--line);
  border-radius: 6px; padding: .45rem .6rem; } label input { width: 100%; margin-top: .2rem; }
button { font: inherit; border: 1px solid var(--line); border-radius: 6px; padding: .45rem 1.2rem; cursor: pointer;
  background: transparent; color: inherit; }
button.main { background: var(--accent); border-color: var(--accent); color: var(--paper); font-weight: 600; }
.buttons { display: flex; gap: .7rem; justify-content: flex-end; margin-top: 1.4rem; }
.grants { list-style: none; padding: 0; } .grants li { padding: .25rem 0 .25rem 1.7rem; position: relative; }
.grants li::before { content: "\\2713"; position: absolute; left: .3rem; color: var(--accent); font-weight: 700; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .45rem .6rem .45rem 0;
  border-bottom: 1px solid var(--line); vertical-align: top; } th { color: var(--soft); font-weight: 500; font-size: .85rem; white-space: nowrap; }
pre { white-space: pre-wrap; background: var(--ground); padding: .8rem; border-radius: 6px; font-size: .9rem; }
iframe { width: 100%; height: 26rem; border: 1px solid var(--line); border-radius: 6px; background: #fff; }
form.inline { display: inline-flex; gap: .5rem; margin-top: .4rem; align-items: center; flex-wrap: wrap; }
`;
