// Which ends to come somebody was told of by mail. The invariant: for each thing and each date of its end a threshold
// is told once, and a nearer one makes those further off moot; another date starts anew.

import { DAY_MS, type ExpiryCode, type ExpiryWarning } from "./expiry.ts";

/** The nearest threshold that was told of a thing; kept beside the secrets of its profile. */
export interface Notice {
  readonly code: string;
  readonly endsAtMs: number;
  /** In days. */
  readonly threshold: number;
}

/** A warning that is worth a mail: it has an end, and that is yet to come. */
export interface DueNotice extends ExpiryWarning {
  readonly code: ExpiryCode;
  readonly endsAtMs: number;
  readonly threshold: 60 | 30 | 7;
}

/** The warnings that nobody was told of yet. */
export function dueNotices(
  endings: readonly ExpiryWarning[],
  told: readonly Notice[] = [],
): readonly DueNotice[] {
  return endings.filter(isToCome).filter((ending) =>
    !told.some((notice) => covers(notice, ending))
  );
}

/** What was told, with these added; of each thing the latest only. */
export function withNotices(
  told: readonly Notice[] = [],
  added: readonly DueNotice[],
): readonly Notice[] {
  // Another process may have told a nearer threshold meanwhile.
  const news = added.filter((ending) => !told.some((notice) => covers(notice, ending)))
    .map(({ code, endsAtMs, threshold }) => ({ code, endsAtMs, threshold }));
  return [...told.filter((notice) => !news.some(({ code }) => code === notice.code)), ...news];
}

// An end that the provider gives as seconds from now is a little another one at each refresh.
function covers(notice: Notice, ending: DueNotice): boolean {
  return notice.code === ending.code &&
    Math.abs(notice.endsAtMs - ending.endsAtMs) < DAY_MS && notice.threshold <= ending.threshold;
}

function isToCome(ending: ExpiryWarning): ending is DueNotice {
  return ending.endsAtMs !== undefined && ending.threshold !== undefined && ending.threshold > 0;
}
