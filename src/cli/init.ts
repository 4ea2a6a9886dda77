// `init`: writes a commented profile file from a few answers or flags. The invariant: a file that is there is
// never touched.

import { createDurably, reason } from "../base/durable_file.ts";
import { EXIT, Failure } from "../base/failure.ts";
import { joinPath } from "../base/paths.ts";
import { nearest } from "../base/nearest.ts";
import { exampleProfile } from "../profile/example.ts";
import { parseSettings } from "../profile/parse.ts";
import type { ProviderName } from "../profile/profile.ts";
import { PROVIDER_NAMES } from "../profile/providers.ts";
import type { Context } from "./context.ts";

const QUESTIONS = [
  { flag: "provider", key: "provider", text: "provider [microsoft365]: " },
  { flag: "tenant", key: "tenant", text: "Microsoft tenant ID or domain (Enter: fill in later): " },
  {
    flag: "user",
    key: "user",
    text: "account that sends, such as reports@contoso.com (Enter: later): ",
  },
  {
    flag: "client-id",
    key: "clientId",
    text: "client ID of the app registration (Enter: later): ",
  },
] as const;

export async function run(context: Context): Promise<number> {
  const { world, flags } = context;
  const path = joinPath(Deno.cwd(), flags.text("config") ?? "plantpost.toml", world);
  if (await exists(path)) throw taken(path);
  const answers: { [Key in typeof QUESTIONS[number]["key"]]?: string } = {};
  const asks = world.terminal.isInteractive && !QUESTIONS.some(({ flag }) => flags.has(flag));
  for (const { flag, key, text } of QUESTIONS) {
    const answer = asks ? (await world.terminal.ask(text))?.trim() : flags.text(flag)?.trim();
    if (answer !== undefined && answer !== "") answers[key] = answer;
  }
  const { provider, ...rest } = answers;
  const text = exampleProfile(
    provider === undefined ? rest : { ...rest, provider: providerNamed(provider) },
  );
  parseSettings(text, { file: path, platform: world.platform });
  const isNew = await createDurably(path, new TextEncoder().encode(text), { mode: 0o644 });
  if (!isNew) throw taken(path);
  context.result(
    { file: path },
    `wrote ${path}\n` +
      'next: fill in what is marked there, then run "plantpost login" (and before it "plantpost secret set" ' +
      "if the app registration has a client secret)\n",
  );
  return EXIT.ok;
}

function providerNamed(name: string): ProviderName {
  const provider = PROVIDER_NAMES.find((candidate) => candidate === name);
  if (provider !== undefined) return provider;
  const near = nearest(name, PROVIDER_NAMES);
  throw new Failure("usage.invalid", `init: unknown provider "${name}"`, {
    remedy: near === undefined
      ? `use one of ${PROVIDER_NAMES.join(", ")}`
      : `did you mean "${near}"?`,
  });
}

function taken(path: string): Failure {
  return new Failure("file.cannot_create", `${path} exists already and is left as it is`, {
    remedy: "edit that file, or name another one with --config FILE",
  });
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return false;
    throw new Failure("file.cannot_create", `cannot create ${path}: ${reason(cause)}`, {
      remedy: "name a file in a folder that is there and that this account may write to",
      cause,
    });
  }
}
