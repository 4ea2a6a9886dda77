// Files that the HTML of a mail shows as `cid:` (RFC 2392): what a flag says of one, and whether the HTML names it.
// The invariant: a content id is made of letters that HTML and URLs leave as they are, so it is compared as it stands.

import { Failure } from "../base/failure.ts";
import type { InlineFile } from "../message/compose.ts";
import { openAttachment, parseWantedFile, type WantedFile } from "./attached_file.ts";
import type { Context } from "./context.ts";

export interface WantedInline extends WantedFile {
  readonly contentId: string;
}

/**
 * Reads `CID=F[;name=N][;type=T]` each.
 * @throws {Failure} `usage.invalid`
 */
export function parseInlineFiles(texts: readonly string[]): readonly WantedInline[] {
  const seen = new Set<string>();
  return texts.map((text) => {
    const wanted = parseInlineFile(text);
    if (seen.has(wanted.contentId)) {
      throw new Failure("usage.invalid", `send: --inline names "${wanted.contentId}" twice`, {
        remedy: "give each file a content id of its own",
      });
    }
    seen.add(wanted.contentId);
    return wanted;
  });
}

/** @throws {Failure} `input.unreadable` */
export async function openInlineFiles(
  files: readonly WantedInline[],
  context: Pick<Context, "world">,
): Promise<readonly InlineFile[]> {
  return await Promise.all(
    files.map(async (file) => ({
      ...await openAttachment(file, context),
      contentId: file.contentId,
    })),
  );
}

/** Warns of each content id that only one of the two knows, the HTML or the files. */
export function warnOfContentIds(
  html: string,
  at: { readonly files: readonly WantedInline[]; readonly context: Pick<Context, "warn"> },
): void {
  const named = contentIdsIn(html);
  const brought = new Map(at.files.map((file) => [file.contentId, file.path]));
  for (const contentId of named) {
    if (brought.has(contentId)) continue;
    at.context.warn({
      code: "message.inline",
      message:
        `the HTML shows cid:${contentId}, and no file has that content id: readers see a gap`,
      remedy: `add --inline ${contentId}=FILE`,
    });
  }
  for (const [contentId, path] of brought) {
    if (named.has(contentId)) continue;
    at.context.warn({
      code: "message.inline",
      message: `the HTML does not show cid:${contentId}: readers may not see ${path}`,
      remedy: `name it in the HTML, as in <img src="cid:${contentId}">, or use --attach`,
    });
  }
}

function parseInlineFile(text: string): WantedInline {
  const equals = text.indexOf("=");
  const contentId = text.slice(0, Math.max(equals, 0));
  const wanted = parseWantedFile(text.slice(equals + 1));
  if (equals <= 0 || wanted === undefined) {
    throw new Failure(
      "usage.invalid",
      `send: --inline wants CID=FILE[;name=N][;type=T], found "${text}"`,
      { remedy: 'write logo=logo.png for a file that the HTML shows as <img src="cid:logo">' },
    );
  }
  if (!/^[A-Za-z0-9._+$~-]{1,100}(?:@[A-Za-z0-9._-]{1,100})?$/.test(contentId)) {
    throw new Failure("usage.invalid", `send: --inline: "${contentId}" is no content id`, {
      remedy: "make it of letters, digits, dots and hyphens, as in logo or logo@plant",
    });
  }
  return { ...wanted, contentId };
}

// In `src="cid:x"`, `url(cid:x)` and the like, but not in words such as "acid:"; in a plain text between brackets it
// costs a warning.
const REFERENCE = /[;"'=(]\s*cid:([^"'()<>\s\\]{1,400})/gi;

function contentIdsIn(html: string): ReadonlySet<string> {
  return new Set(Array.from(html.matchAll(REFERENCE), ([, written = ""]) => plainText(written)));
}

/** What a reader makes of it: HTML's character references are undone first, then the URL's. */
function plainText(written: string): string {
  const [url = ""] = written.split(/&(?:quot|apos|#0*3[49]);/i);
  const unescaped = url
    .replace(/&#0*(\d{1,3});/g, (_, code) => String.fromCharCode(Number(code)))
    .replace(/&(?:amp|commat);/g, (name) => name === "&amp;" ? "&" : "@");
  try {
    return decodeURIComponent(unescaped);
  } catch {
    return unescaped; // a percent sign that is none of a URL's
  }
}
