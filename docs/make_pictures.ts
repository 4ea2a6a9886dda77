// Makes the pictures of the README from what the program really prints and shows, so that they stay true:
//
//   deno run --allow-all docs/make_pictures.ts
//
// Needs Chromium.

import { startSandbox } from "../src/sandbox/sandbox.ts";

const ROOT = new URL("../", import.meta.url);
const PICTURES = new URL("pictures/", import.meta.url);
const WIDTH = 1000;

async function main(): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "plantpost-pictures-" });
  try {
    const page = `${folder}/demo.html`;
    const lines = (await demoOutput()).trimEnd().split("\n");
    await Deno.writeTextFile(page, terminalPage(lines));
    const rows = lines.reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / 112)), 0);
    await photograph(`file://${page}`, { name: "demo.png", height: rows * 19 + 48, folder });
    await photographInbox(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function demoOutput(): Promise<string> {
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", "src/sandbox/demo.ts"],
    cwd: ROOT,
  }).output();
  if (!success) throw new Error("the demo failed");
  return new TextDecoder().decode(stdout);
}

async function photographInbox(folder: string): Promise<void> {
  await using sandbox = await startSandbox();
  // The consent page as a browser sees it first.
  const request = new URL(`${sandbox.origin}/${sandbox.directory.tenantId}/oauth2/v2.0/authorize`);
  const parameters = {
    client_id: sandbox.directory.clientId,
    redirect_uri: sandbox.directory.redirectUri,
    response_type: "code",
    scope: "https://outlook.office.com/SMTP.Send offline_access openid profile",
    state: "picture",
    code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    code_challenge_method: "S256",
    login_hint: sandbox.directory.account,
  };
  for (const [name, value] of Object.entries(parameters)) request.searchParams.set(name, value);
  await photograph(request.href, { name: "consent.png", height: 640, folder });
}

async function photograph(
  address: string,
  picture: { readonly name: string; readonly height: number; readonly folder: string },
): Promise<void> {
  const file = new URL(picture.name, PICTURES).pathname;
  const { success, stderr } = await new Deno.Command("chromium", {
    args: [
      ...["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run"],
      ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
      `--user-data-dir=${picture.folder}/chromium`,
      `--window-size=${WIDTH},${picture.height}`,
      `--screenshot=${file}`,
      address,
    ],
  }).output();
  if (!success) throw new Error(`chromium failed: ${new TextDecoder().decode(stderr)}`);
}

function terminalPage(lines: readonly string[]): string {
  const body = lines.map((line) => {
    const text = line.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
    if (line.startsWith("$ ")) return `<b>${text}</b>`;
    return /^(error|hint|who|\(exit)/.test(line) ? `<i>${text}</i>` : text;
  }).join("\n");
  return `<!doctype html><meta charset="utf-8"><style>
body { margin: 0; background: #14181d; color: #c9d3dd; }
pre { margin: 20px 24px; font: 14px/19px "DejaVu Sans Mono", monospace; white-space: pre-wrap; overflow-wrap: anywhere; }
b { color: #ffffff; } i { color: #ffb86b; font-style: normal; }
</style><pre>${body}</pre>`;
}

void main();
