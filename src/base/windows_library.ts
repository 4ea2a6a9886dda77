// Windows' own libraries through Deno's foreign function interface. The invariant: full paths, so that no file
// of the same name beside the executable or in the working folder is loaded, and so that `.ci/compile.ts` can
// permit the executable these and nothing else.

export const WINDOWS_LIBRARIES = {
  advapi32: "C:\\Windows\\System32\\advapi32.dll",
  crypt32: "C:\\Windows\\System32\\crypt32.dll",
  kernel32: "C:\\Windows\\System32\\kernel32.dll",
  winhttp: "C:\\Windows\\System32\\winhttp.dll",
} as const;

/**
 * Opens one of them; hold it with `using`.
 * @throws {Error} what Deno says, where Windows is installed elsewhere for example
 */
export function openWindowsLibrary<const Symbols extends Deno.ForeignLibraryInterface>(
  name: keyof typeof WINDOWS_LIBRARIES,
  symbols: Symbols,
): Disposable & Pick<Deno.DynamicLibrary<Symbols>, "symbols"> {
  const library = Deno.dlopen(WINDOWS_LIBRARIES[name], symbols);
  return { symbols: library.symbols, [Symbol.dispose]: () => library.close() };
}

/** The text as `LPCWSTR` points to it: UTF-16 closed by a zero. */
export function toWide(text: string): Uint16Array<ArrayBuffer> {
  const units = new Uint16Array(text.length + 1);
  for (let at = 0; at < text.length; at++) units[at] = text.charCodeAt(at);
  return units;
}

/** The same memory as a `buffer` parameter takes it. */
export function octetsOf(
  array: Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | BigUint64Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  return new Uint8Array(array.buffer);
}
