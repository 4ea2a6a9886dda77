// Durations and sizes as people write them in profiles and flags: one whole number and one unit, such as
// "30s" or "25MB". KB, MB and GB are the SI units of 1000, 1000² and 1000³ octets, as disks and mail
// providers count; KiB, MiB and GiB are those of 1024. Nothing is rounded, so decimals are refused.

const DURATION_UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

const SIZE_UNITS_BYTES: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1000,
  MB: 1000 ** 2,
  GB: 1000 ** 3,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
};

export interface QuantityOptions {
  /** Takes "0s" or "0B" as well, where nothing is a meaning of its own. */
  readonly allowZero?: boolean;
}

/** Milliseconds of "500ms", "30s", "15m", "12h" or "5d"; undefined when the text is not a duration. */
export function parseDuration(text: string, options: QuantityOptions = {}): number | undefined {
  return parseQuantity(text, { ...options, units: DURATION_UNITS_MS });
}

/** Octets of "512B", "10KB", "25MB", "2GB", "64KiB"; undefined when the text is not a size. */
export function parseSize(text: string, options: QuantityOptions = {}): number | undefined {
  return parseQuantity(text, { ...options, units: SIZE_UNITS_BYTES });
}

function parseQuantity(
  text: string,
  options: QuantityOptions & { readonly units: Readonly<Record<string, number>> },
): number | undefined {
  const match = /^(\d{1,15})([A-Za-z]{1,3})$/.exec(text);
  const unit = match?.[2];
  if (unit === undefined || !Object.hasOwn(options.units, unit)) return undefined;
  const amount = Number(match?.[1]) * (options.units[unit] ?? Number.NaN);
  if (!Number.isSafeInteger(amount)) return undefined;
  return amount === 0 && options.allowZero !== true ? undefined : amount;
}
