// The world as it is: this PC's clock, network, terminal and browser.

import { Failure } from "../base/failure.ts";
import { Redactor } from "../base/redact.ts";
import { trustSystemRoots } from "../base/trust.ts";
import { currentAccount } from "../base/windows_account.ts";
import type { SystemProxy, World } from "../base/world.ts";
import { RealTerminal } from "./terminal.ts";

/** `signal` ends what waits for a person or for standard input. */
export function realWorld(signal: AbortSignal): World {
  const redactor = new Redactor();
  return {
    platform: platformOf(Deno.build.os),
    terminal: new RealTerminal((text) => redactor.redact(text), signal),
    env: (name) => Deno.env.get(name) || undefined,
    nowMs: () => Date.now(),
    utcOffsetMinutes: (atMs) => -new Date(atMs).getTimezoneOffset(),
    sleep,
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    whoAmI: () => ({ pc: Deno.hostname(), account: accountName(), isRoot: Deno.uid() === 0 }),
    keepSecret: (text) => redactor.add(text),
    redact: (text) => redactor.redact(text),
    fetch: (input, init) => {
      trustSystemRoots();
      return fetch(input, init);
    },
    ...(Deno.build.os === "windows" ? { systemProxy: rememberedProxies() } : {}),
    openBrowser,
  };
}

const PROXY_KNOWN_FOR_MS = 600_000;

// To ask Windows can take seconds, where a script or the network must tell.
function rememberedProxies(): (target: URL) => Promise<SystemProxy> {
  const known = new Map<string, { readonly answer: Promise<SystemProxy>; readonly atMs: number }>();
  return async ({ origin }) => {
    const last = known.get(origin);
    if (last !== undefined && performance.now() - last.atMs < PROXY_KNOWN_FOR_MS) {
      return await last.answer;
    }
    const { windowsProxy } = await import("../oauth/windows_proxy.ts");
    const answer = windowsProxy(new URL(origin));
    known.set(origin, { answer, atMs: performance.now() });
    return await answer;
  };
}

function accountName(): string {
  if (Deno.build.os === "windows") {
    try {
      return currentAccount().name;
    } catch {
      // Windows lies elsewhere than its libraries are looked for: the variables tell most accounts apart, too.
    }
  }
  return Deno.env.get("USERNAME") ?? Deno.env.get("USER") ?? `uid ${Deno.uid() ?? "unknown"}`;
}

function platformOf(os: typeof Deno.build.os): World["platform"] {
  return os === "windows" || os === "darwin" ? os : "linux";
}

async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    }, { once: true });
  });
}

async function openBrowser(url: string): Promise<void> {
  const { browserCommand } = await import("../oauth/browser.ts");
  const { program, args } = browserCommand(url, platformOf(Deno.build.os));
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(program, {
      args: [...args],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
  } catch (cause) {
    throw new Failure("input.unreadable", `cannot start ${program}`, { cause });
  }
  child.unref(); // some openers stay until the browser is closed
  void child.status;
}
