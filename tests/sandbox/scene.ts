// A sandbox, a folder with its profile, and the real program to run on it; and what the tests of faults read of a
// result: message, remedy, who must act, exit code, outcome.

import assert from "node:assert/strict";
import { FAULTS } from "../../src/sandbox/faults.ts";
import { writeSandboxProfile } from "../../src/sandbox/profile_files.ts";
import { type Sandbox, type SandboxOptions, startSandbox } from "../../src/sandbox/sandbox.ts";
import { type Outcome, Program, type Running } from "../e2e/program.ts";
import { freePort } from "../peers/free_port.ts";

export type FaultName = typeof FAULTS[number]["name"];

export interface Scene extends AsyncDisposable {
  readonly sandbox: Sandbox;
  readonly program: Program;
  /** `login`, with somebody who accepts. */
  login(): Promise<Outcome>;
  /** Begins `login`; resolves to the address that is to be opened. */
  startLogin(): Promise<{ readonly running: Running; readonly url: string }>;
  /** `send --json` of a small mail. */
  send(more?: readonly string[]): Promise<Outcome>;
}

/** What a fault must look like to the person in front of the program. */
export interface Expected {
  /** Of the error's message. */
  readonly message: RegExp;
  /** Of the remedy; any that is not empty without it. */
  readonly remedy?: RegExp;
  readonly outcome?: "failed" | "unknown";
  readonly retry?: "later" | "after-login" | "never";
}

/** Who must act; the rest are faults of lines, certificates and proxies, whose owner nobody can tell from here. */
const WHO: Readonly<Record<string, readonly FaultName[]>> = {
  administrator: [
    "admin-consent",
    "app-consent-missing",
    "client-certificate-expired",
    "client-certificate-unknown",
    "conditional-access",
    "device-blocked",
    "logon-failed",
    "mailbox-permission-missing",
    "restricted-sender",
    "secret-expired",
    "send-as-denied",
    "send-as-denied-data",
    "service-principal-missing",
    "smtp-auth-disabled-mailbox",
    "smtp-auth-disabled-tenant",
  ],
  operator: [
    "app-secret-missing",
    "app-wrong-scope",
    "app-wrong-tenant",
    "auth-temporary",
    "client-clock-wrong",
    "concurrent-connections",
    "device-public-flows-off",
    "greeting-421",
    "quota",
    "rate-limit",
    "recipient-unknown",
    "secret-missing",
    "secret-not-wanted",
    "secret-wrong",
    "token-throttled",
    "too-big",
  ],
  user: [
    "consent-declined",
    "consent-missing",
    "device-declined",
    "device-expired",
    "grant-idle",
    "grant-revoked",
    "mailbox-full",
    "mfa-needed",
    "token-refused",
    "wrong-account",
    "wrong-audience",
  ],
};

export async function openScene(options: SandboxOptions = {}): Promise<Scene> {
  const sandbox = await startSandbox({
    redirectUri: `http://localhost:${freePort()}/`,
    ...options,
  });
  const program = await Program.create();
  const platform = Deno.build.os === "windows" ? "windows" : "linux";
  await writeSandboxProfile(sandbox, { folder: program.folder, on: { platform } });
  const scene: Scene = {
    sandbox,
    program,
    async login(): Promise<Outcome> {
      const { running, url } = await scene.startLogin();
      const page = await sandbox.signIn(url);
      await page.body?.cancel();
      return await running.outcome;
    },
    async startLogin(): Promise<{ running: Running; url: string }> {
      const running = program.start(["login", "--no-browser", "--json"]);
      const [url] = await running.untilStderr(/^http:\S+$/mu);
      return { running, url };
    },
    send: (more = []) =>
      program.run(["send", "--to", "anna@contoso.example", "--text", "42 bar", "--json", ...more]),
    async [Symbol.asyncDispose](): Promise<void> {
      await program[Symbol.asyncDispose]();
      await sandbox[Symbol.asyncDispose]();
    },
  };
  return scene;
}

/** Holds the one JSON value of a failed command to what is expected of a fault, and to its row of the catalogue. */
export function assertFailure(outcome: Outcome, fault: FaultName, expected: Expected): void {
  const all = `${outcome.stdout}${outcome.stderr}`;
  const result = JSON.parse(outcome.stdout);
  const { error } = result;
  assert.ok(error !== undefined, all);
  assert.equal(outcome.exitCode, exitCodeOf(fault), all);
  assert.match(error.message, expected.message);
  assert.match(error.remedy ?? "", expected.remedy ?? /\w+ \w+/);
  const who = Object.entries(WHO).find(([, faults]) => faults.includes(fault))?.[0];
  if (who === undefined) assert.match(error.who, /^(user|administrator|operator)$/, all);
  else assert.equal(error.who, who, all);
  if (expected.outcome !== undefined) assert.equal(result.outcome, expected.outcome, all);
  if (expected.retry !== undefined) assert.equal(error.retry, expected.retry, all);
}

export function exitCodeOf(name: FaultName): number {
  const fault = FAULTS.find((candidate) => candidate.name === name);
  assert.ok(fault, name);
  return fault.exitCode;
}

export function assertDone(outcome: Outcome): void {
  assert.equal(outcome.exitCode, 0, `${outcome.stdout}${outcome.stderr}`);
}

/** Plants a fault until the end of the block. */
export function planted({ sandbox }: Pick<Scene, "sandbox">, name: FaultName): Disposable {
  sandbox.plant(name);
  return { [Symbol.dispose]: () => sandbox.clear() };
}
