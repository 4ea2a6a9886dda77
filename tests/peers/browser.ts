// A person with a browser, as far as a sign-in needs one: follows redirects, keeps cookies per host, and
// sends the forms of the pages it meets with the account filled in (HTML 4.10.21). No script runs.

export interface Person {
  readonly account: string;
  /** Typed where a page asks for the code of the device flow. */
  readonly userCode?: string;
}

export interface Page {
  readonly url: string;
  readonly status: number;
  readonly text: string;
}

/**
 * Goes from `start` through pages and forms, and ends with the first page without a form or of another
 * origin than `start`.
 * @throws {Error} when the walk takes more than 30 steps
 */
export async function walk(start: string, person: Person): Promise<Page> {
  const home = new URL(start).origin;
  const cookies = new Map<string, string>();
  let request = new Request(start, { redirect: "manual" });
  for (let step = 0; step < 30; step++) {
    const url = new URL(request.url);
    if (url.origin === home && cookies.size > 0) {
      request.headers.set(
        "cookie",
        [...cookies].map(([name, value]) => `${name}=${value}`).join("; "),
      );
    }
    const response = await fetch(request);
    const text = await response.text();
    if (url.origin === home) {
      keepCookies(cookies, response.headers);
    }
    const location = response.headers.get("location");
    if (response.status >= 300 && response.status < 400 && location !== null) {
      request = new Request(new URL(location, url), { redirect: "manual" });
      continue;
    }
    const form = url.origin === home && response.ok ? firstForm(text) : undefined;
    if (form === undefined) {
      return { url: url.href, status: response.status, text };
    }
    request = new Request(new URL(form.action, url), {
      method: "POST",
      redirect: "manual",
      body: new URLSearchParams(fillIn(form.inputs, person)),
    });
  }
  throw new Error(`no end of pages from ${home}`);
}

type Inputs = readonly (readonly [name: string, value: string])[];

function firstForm(html: string): { action: string; inputs: Inputs } | undefined {
  const [, attributes, inner] = html.match(/<form\b([^>]*)>(.*?)<\/form>/su) ?? [];
  if (attributes === undefined || inner === undefined) {
    return undefined;
  }
  const tags = [...html.matchAll(/<(?:input|button)\b[^>]*>/gu)].map((match) => match[0]);
  const inputs = tags.flatMap((tag): Inputs => {
    const name = attribute(tag, "name");
    return name === undefined || name === "abort" ? [] : [[name, attribute(tag, "value") ?? ""]];
  });
  return { action: attribute(attributes, "action") ?? "", inputs };
}

function fillIn(inputs: Inputs, person: Person): string[][] {
  const typed: Readonly<Record<string, string | undefined>> = {
    login: person.account,
    password: "any password will do",
    user_code: person.userCode,
  };
  return inputs.map(([name, value]) => [name, typed[name] ?? value]);
}

function attribute(tag: string, name: string): string | undefined {
  const value = tag.match(new RegExp(`\\s${name}="([^"]*)"`, "u"))?.[1];
  return value?.replaceAll("&quot;", '"').replaceAll("&#39;", "'").replaceAll("&amp;", "&");
}

function keepCookies(cookies: Map<string, string>, headers: Headers): void {
  for (const line of headers.getSetCookie()) {
    const [pair = "", ...attributes] = line.split(";");
    const [name = "", value = ""] = pair.split(/=(.*)/su);
    const expires = attributes.find((text) => /^\s*expires=/iu.test(text))?.split("=")[1];
    if (value === "" || (expires !== undefined && Date.parse(expires) < Date.now())) {
      cookies.delete(name.trim());
    } else {
      cookies.set(name.trim(), value);
    }
  }
}
