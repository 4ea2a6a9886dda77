// JSON in ASCII, for consoles and pipes of any code page. The invariant: it reads as the same value.

export function asciiJson(json: string): string {
  return json.replaceAll(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
