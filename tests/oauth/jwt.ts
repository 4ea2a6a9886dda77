// Access tokens as providers make them, for what reads their claims; nobody checks the signature here.

import { toBase64 } from "../../src/base/base64.ts";

export function jwt(
  claims: unknown,
  header: unknown = { typ: "JWT", alg: "RS256", kid: "k" },
): string {
  return [part(header), part(claims), "c2lnbmF0dXJl"].join(".");
}

function part(value: unknown): string {
  const octets = new TextEncoder().encode(
    typeof value === "string" ? value : JSON.stringify(value),
  );
  return toBase64(octets).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
