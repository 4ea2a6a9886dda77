// What `--verbose` shows of a token exchange. The invariant: only fields known to be harmless are shown with
// their values; everything else, what a provider may add tomorrow included, is shown as `<redacted>`.

/** Takes one line of a protocol transcript: what the client said, what the server said, or a remark. */
export type Transcript = (direction: "C" | "S" | "*", line: string) => void;

const SHOWN = new Set([
  "grant_type",
  "client_id",
  "scope",
  "redirect_uri",
  "verification_uri",
  "interval",
  "token_type",
  "expires_in",
  "ext_expires_in",
  "error",
  "error_description",
  "error_codes",
  "error_uri",
  "suberror",
  "timestamp",
  "trace_id",
  "correlation_id",
]);

export function transcribeRequest(endpoint: string, body: unknown): string {
  if (body === undefined || body === null) return `GET ${endpoint}`;
  const fields = [...new URLSearchParams(String(body))].map(([name, value]) =>
    `${name}=${shown(name, value)}`
  );
  return `POST ${endpoint} ${fields.join(" ")}`;
}

/** `length` is that of the body in characters; a body that is no JSON object is shown by its length only. */
export function transcribeResponse(
  status: number,
  body: Readonly<Record<string, unknown>> | undefined,
  length: number,
): string {
  if (body === undefined) return `HTTP ${status} <${length} characters that are no JSON object>`;
  const fields = Object.entries(body).map(([name, value]) => `${name}=${shown(name, value)}`);
  return `HTTP ${status} ${fields.join(" ")}`;
}

function shown(name: string, value: unknown): string {
  if (!SHOWN.has(name)) return "<redacted>";
  return typeof value === "string" ? value.replaceAll(/\s+/g, " ") : JSON.stringify(value);
}
