// The page for IT, held to what the program does: an administrator opens the firewall by it.

import assert from "node:assert/strict";
import { permissions } from "../../.ci/permissions.ts";
import { WINDOWS_LIBRARIES } from "../../src/base/windows_library.ts";
import { BROWSER_PROGRAMS } from "../../src/oauth/browser.ts";
import { PROVIDERS } from "../../src/profile/providers.ts";

const PAGE = new URL("../../docs/for-it.md", import.meta.url);

Deno.test("the page for IT names each provider's hosts and ports", async () => {
  const rows = (await Deno.readTextFile(PAGE)).split("\n").filter((line) => line.startsWith("|"));
  for (const [name, provider] of Object.entries(PROVIDERS)) {
    const row = rows.find((line) => line.includes(`| \`${name}\` `));
    assert.ok(row !== undefined, `no row for ${name}`);
    const { authorizationEndpoint, tokenEndpoint, deviceEndpoint, smtpHost, smtpPort } = provider;
    if (smtpHost !== undefined) assert.ok(row.includes(`\`${smtpHost}:${smtpPort}\``), row);
    for (const endpoint of [authorizationEndpoint, tokenEndpoint, deviceEndpoint]) {
      if (endpoint === undefined) continue;
      const { hostname, port } = new URL(endpoint);
      assert.ok(
        row.includes(`\`${hostname}:${port || "443"}\``),
        `${hostname} is missing in ${row}`,
      );
    }
  }
});

Deno.test("the page for IT names each permission, program and library, and no other", async () => {
  const page = await Deno.readTextFile(PAGE);
  const flags = Object.keys(BROWSER_PROGRAMS).flatMap((platform) =>
    permissions(platform as keyof typeof BROWSER_PROGRAMS)
  ).map((flag) => flag.replace(/^(--allow-(?:run|ffi))=.*$/, "$1"));
  for (const flag of flags) assert.ok(page.includes(`\`${flag}\``), flag);
  const told = page.match(/`--(?:allow|deny)-[\w=,-]+`/g) ?? [];
  for (const flag of told) assert.ok(flags.includes(flag.replaceAll("`", "")), flag);
  for (const program of Object.values(BROWSER_PROGRAMS)) assert.ok(page.includes(`\`${program}\``));
  const libraries = page.match(/`C:\\Windows\\System32\\\w+\.dll`/g) ?? [];
  assert.deepEqual(
    libraries.map((path) => path.replaceAll("`", "")).sort(),
    Object.values(WINDOWS_LIBRARIES).toSorted(),
  );
});
