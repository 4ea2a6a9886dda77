// Finds the codes in what a person has at hand: a bare code, a line of a log, a page that was copied whole. The
// invariant: nothing is guessed; a code that is not in the catalogue is named, with those one slip away from it.

import { nearest } from "../base/nearest.ts";
import type { Entry } from "./entry.ts";
import { allIds, ENTRIES, entryOf, findReply, findSentence, isEnhanced } from "./find.ts";
import { isOneSlip } from "./near.ts";

export interface Explanation {
  /** As it stands in the text: `AADSTS70008`, `535 5.7.139`, `invalid_grant`. */
  readonly code: string;
  readonly entry: Entry;
}

export interface Explained {
  /**
   * Most telling first, each entry once. For a bare reply code, which without its text can mean several
   * things, all of them.
   */
  readonly found: readonly Explanation[];
  /** Codes in the text that are not in the catalogue. */
  readonly unknown: readonly string[];
  /** What may have been meant by those. */
  readonly near: readonly string[];
  /** Whether only the text of the reply would tell which of `found` it is. */
  readonly isAmbiguous: boolean;
}

const BARE_NUMBER = /^(?:AADSTS)?[\s:#-]*(\d{5,8})[.:]?$/i;
const BARE_REPLY =
  /^(?:([2-5]\d\d)(?:[\s-]+#?([245]\.\d{1,3}\.\d{1,3}))?|([245]\.\d{1,3}\.\d{1,3}))[.:]?$/;
const MOST_NEAR = 5;

/** Asks nobody; works without a network. */
export function explainText(text: string): Explained {
  const asked = text.trim();
  return explainId(asked) ?? explainNumber(asked) ?? explainBareReply(asked) ?? scan(asked);
}

/** The codes of an entry as a reader knows them. */
export function codesOf(entry: Entry): string {
  if (entry.replies === undefined) return entry.id;
  const codes = entry.replies.map(({ codes = [], enhanced = [] }) =>
    [codes.join("/"), enhanced.join("/")].filter((part) => part !== "").join(" ")
  );
  const distinct = [...new Set(codes)].filter((code) => code !== "");
  return distinct.length === 0 ? entry.id : distinct.join(", ");
}

function explainId(asked: string): Explained | undefined {
  const entry = entryOf(asked);
  return entry === undefined ? undefined : known([{ code: nameOf(entry, asked), entry }]);
}

// With an alias, the code that was asked for; with an id of plantpost's making, the codes it stands for.
function nameOf(entry: Entry, asked: string): string {
  const alias = entry.aliases?.find((one) => one.toLowerCase() === asked.toLowerCase());
  return alias ?? codesOf(entry);
}

function explainNumber(asked: string): Explained | undefined {
  const number = BARE_NUMBER.exec(asked)?.[1];
  if (number === undefined) return undefined;
  const code = `AADSTS${number}`;
  const entry = entryOf(code);
  return entry === undefined ? notKnown([code]) : known([{ code, entry }]);
}

function explainBareReply(asked: string): Explained | undefined {
  const match = BARE_REPLY.exec(asked);
  if (match === null) return undefined;
  const code = match[1] === undefined ? undefined : Number(match[1]);
  const enhanced = match[2] ?? match[3];
  const entries = enhanced === undefined
    ? entriesOfCode(code ?? 0)
    : entriesOfEnhanced(enhanced, code);
  if (entries.length === 0) return notKnown([asked]);
  return {
    ...known(entries.map((entry) => ({ code: asked, entry }))),
    isAmbiguous: entries.length > 1,
  };
}

// A reply code alone says little: the row for that, or the one that catches the rest, and not all that share it.
function entriesOfCode(code: number): readonly Entry[] {
  const alone = ENTRIES.find((entry) =>
    entry.replies?.some((pattern) =>
      pattern.codes?.includes(code) === true && pattern.enhanced === undefined &&
      pattern.text === undefined
    )
  );
  if (alone !== undefined) return [alone];
  const isUsed = ENTRIES.some((entry) => entry.replies?.some((row) => row.codes?.includes(code)));
  const rest = isUsed ? entryOf(code < 500 ? "reply.temporary" : "reply.refused") : undefined;
  return rest === undefined ? [] : [rest];
}

function entriesOfEnhanced(enhanced: string, code: number | undefined): readonly Entry[] {
  const rows = ENTRIES.flatMap((entry) =>
    (entry.replies ?? [])
      .filter((row) => row.enhanced?.some((one) => isEnhanced(one, enhanced)) === true)
      .map((row) => ({ entry, row }))
  );
  const fitting = rows.filter(({ row }) =>
    code === undefined || row.codes === undefined || row.codes.includes(code)
  );
  const chosen = fitting.length > 0 ? fitting : rows;
  return [...new Set(chosen.map(({ entry }) => entry))];
}

function scan(text: string): Explained {
  const unknown: string[] = [];
  const found: Explanation[] = [
    ...aadstsIn(text, unknown),
    ...repliesIn(text),
    ...sentencesIn(text),
    ...namesIn(text),
  ];
  const isTelling = (one: Explanation): boolean => !NO_ERRORS.has(one.entry.id);
  const telling = found.some(isTelling) ? found.filter(isTelling) : found;
  const distinct = [
    ...new Map(telling.map((one) => [one.entry.id, one] as const).reverse()).values(),
  ]
    .reverse();
  if (distinct.length > 0) return { ...known(distinct), unknown, near: nearOf(unknown) };
  return notKnown(unknown.length > 0 ? unknown : isWord(text) ? [text] : []);
}

/** Replies that are part of every good dialog. */
const NO_ERRORS = new Set(["reply.signed_in", "reply.sign_in_goes_on"]);

function aadstsIn(text: string, unknown: string[]): Explanation[] {
  const inWords = [...text.matchAll(/AADSTS[\s:]*(\d{4,8})/gi)].map((match) => match[1] ?? "");
  const inJson = [...text.matchAll(/"?error_?codes"?\s*[:=]\s*\[([\d\s,]+)\]/gi)]
    .flatMap((match) => (match[1] ?? "").split(",").map((number) => number.trim()));
  return [...new Set([...inWords, ...inJson])].flatMap((number) => {
    const code = `AADSTS${number}`;
    const entry = entryOf(code);
    if (entry === undefined) unknown.push(code);
    return entry === undefined ? [] : [{ code, entry }];
  });
}

interface Quoted {
  readonly shown: string;
  readonly code?: number;
  readonly enhanced?: string;
  readonly from: number;
}

// A reply's text reaches to the next reply; lines of one reply repeat its codes and belong together.
function repliesIn(text: string): Explanation[] {
  const quoted = quotedReplies(text);
  const parts: { readonly reply: Quoted; text: string }[] = [];
  for (const [at, reply] of quoted.entries()) {
    const words = text.slice(reply.from, quoted[at + 1]?.from);
    const last = parts.at(-1);
    if (last?.reply.shown === reply.shown) last.text += words;
    else parts.push({ reply, text: words });
  }
  const byCode = parts.flatMap(({ reply, text: words }) => {
    const { shown: code, from: _from, ...codes } = reply;
    const entry = findReply({ ...codes, text: words });
    return entry === undefined || isCatchAll(entry) ? [] : [{ code, entry }];
  });
  const byText = ENTRIES.filter((entry) =>
    entry.replies?.some((row) =>
      row.codes === undefined && row.enhanced === undefined && row.text?.test(text) === true
    )
  );
  return [...byCode, ...byText.map((entry) => ({ code: codesOf(entry), entry }))];
}

function quotedReplies(text: string): readonly Quoted[] {
  const enhanced = /(?<![\d.])(?:([2-5]\d\d)[ -]+#?)?([245]\.\d{1,3}\.\d{1,3})(?!\.?\d)/g;
  const plain =
    /^[\s"'>*-]*(?:(?:S|remote|server)?\s*[:<]+\s*)?([2-5]\d\d)(?:[ -](?!#?\d\.\d)|$)/gm;
  const both = [...text.matchAll(enhanced), ...text.matchAll(plain)];
  return both.sort((a, b) => a.index - b.index).map((match) => ({
    shown: [match[1], match[2]].filter((part) => part !== undefined).join(" "),
    from: match.index,
    ...(match[1] === undefined ? {} : { code: Number(match[1]) }),
    ...(match[2] === undefined ? {} : { enhanced: match[2] }),
  }));
}

function isCatchAll(entry: Entry): boolean {
  return entry.replies?.every((row) => row.firstFigure !== undefined && row.text === undefined) ===
    true;
}

// Google's sentences, also as the value of error_description or behind the name of the error.
function sentencesIn(text: string): Explanation[] {
  const values = [
    ...text.matchAll(/"?error_description"?\s*[:=]\s*"?([^"\r\n&]+)/gi),
    ...text.matchAll(/\b(?:invalid|unauthorized)_\w+:\s*([^\r\n]+)/gi),
  ].map((match) => (match[1] ?? "").trim());
  const error = /\b(?:invalid|unauthorized)_[a-z]+/.exec(text)?.[0];
  const entries = [text, ...values].map((words) => findSentence(error, words));
  return entries.filter((entry) => entry !== undefined)
    .map((entry) => ({ code: error ?? entry.id, entry }));
}

// Names of errors, those of a cause before the general ones of OAuth, plantpost's own last.
function namesIn(text: string): Explanation[] {
  const isThere = new Set(text.match(/[A-Za-z][\w.]*\w/g)?.map((word) => word.toLowerCase()) ?? []);
  const named = ENTRIES.flatMap((entry) =>
    [entry.id, ...entry.aliases ?? []]
      .filter((id) => /[._]/.test(id) && isThere.has(id.toLowerCase()))
      .map((id) => ({ code: nameOf(entry, id), entry }))
  );
  const rank = ({ entry }: Explanation): number =>
    entry.area === "plantpost" ? 2 : entry.area === "oauth" ? 1 : 0;
  return named.sort((a, b) => rank(a) - rank(b));
}

function known(found: readonly Explanation[]): Explained {
  return { found, unknown: [], near: [], isAmbiguous: false };
}

function notKnown(unknown: readonly string[]): Explained {
  return { found: [], unknown, near: nearOf(unknown), isAmbiguous: false };
}

function isWord(text: string): boolean {
  return /^[\w.:# -]{1,40}$/.test(text);
}

function nearOf(codes: readonly string[]): readonly string[] {
  return [...new Set(codes.flatMap(nearTo))].slice(0, MOST_NEAR);
}

function nearTo(code: string): readonly string[] {
  const number = /^(?:AADSTS)?(\d+)$/i.exec(code)?.[1];
  if (number !== undefined) {
    return allIds().filter((id) => id.startsWith("AADSTS") && isOneSlip(id.slice(6), number));
  }
  const enhanced = /\d\.\d+\.\d+/.exec(code)?.[0];
  if (enhanced !== undefined) {
    const all = ENTRIES.flatMap((entry) =>
      entry.replies?.flatMap((row) => row.enhanced ?? []) ?? []
    );
    // Short ones are all alike: 5.1.4 is one figure away from half the table.
    return enhanced.length < 6 ? [] : [...new Set(all)].filter((one) => isOneSlip(one, enhanced));
  }
  const close = allIds().filter((id) => isOneSlip(id, code));
  if (close.length > 0 || code.length < 6) return close;
  const one = nearest(code, allIds());
  return one === undefined ? [] : [one];
}
