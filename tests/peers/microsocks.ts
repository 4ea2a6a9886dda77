// `microsocks`, a SOCKS5 server that other people wrote (RFC 1928, RFC 1929). It tells each connection on standard error.

import { freePort } from "./free_port.ts";
import { until } from "./wait.ts";

export interface Microsocks extends AsyncDisposable {
  readonly port: number;
  /** What it has told so far. */
  readonly told: () => string;
}

/** Why it cannot be used here; undefined where it can. */
export const microsocksMissing: string | undefined = missing();

export async function startMicrosocks(
  credentials?: { readonly username: string; readonly password: string },
): Promise<Microsocks> {
  const port = freePort();
  const signed = credentials === undefined
    ? []
    : ["-u", credentials.username, "-P", credentials.password];
  const child = new Deno.Command("microsocks", {
    args: ["-i", "127.0.0.1", "-p", String(port), ...signed],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let told = "";
  const listening = child.stderr.pipeThrough(new TextDecoderStream()).pipeTo(
    new WritableStream({ write: (text) => void (told += text) }),
  );
  await until(() => accepts(port), { what: `microsocks on port ${port}` });
  return {
    port,
    told: () => told,
    async [Symbol.asyncDispose](): Promise<void> {
      child.kill("SIGTERM");
      await child.status;
      await listening;
    },
  };
}

async function accepts(port: number): Promise<boolean> {
  try {
    using _conn = await Deno.connect({ hostname: "127.0.0.1", port });
    return true;
  } catch {
    return false;
  }
}

function missing(): string | undefined {
  if (Deno.build.os === "windows") return "microsocks is not for Windows";
  try {
    new Deno.Command("microsocks", { args: ["-h"], stdout: "null", stderr: "null" }).outputSync();
    return undefined;
  } catch {
    return "microsocks is not installed";
  }
}
