import assert from "node:assert/strict";
import { exampleProfile } from "../../src/profile/example.ts";
import { KEYS } from "../../src/profile/keys.ts";
import { parseSettings, selectProfile } from "../../src/profile/parse.ts";
import type { Settings } from "../../src/profile/profile.ts";
import { PROVIDER_NAMES } from "../../src/profile/providers.ts";

const COMMITTED = new URL("../../config.example.toml", import.meta.url);

Deno.test("exampleProfile() is config.example.toml", () => {
  assert.equal(Deno.readTextFileSync(COMMITTED).replaceAll("\r\n", "\n"), exampleProfile());
});

Deno.test("exampleProfile() names every key once", () => {
  const lines = exampleProfile().split("\n");
  for (const { path } of KEYS) {
    if (path.endsWith(".*")) continue;
    const parts = path.replace("*", "plant").split(".");
    const header = lines.indexOf(`[${parts.slice(0, -1).join(".")}]`);
    const end = lines.findIndex((line, at) => at > header && line.startsWith("["));
    const table = lines.slice(header + 1, end < 0 ? undefined : end);
    const pattern = new RegExp(`^(?:# )?${parts.at(-1)} = `);
    assert.equal(table.filter((line) => pattern.test(line)).length, 1, path);
  }
});

for (const provider of PROVIDER_NAMES) {
  Deno.test(`exampleProfile() for ${provider} parses without warnings, and shows true defaults`, () => {
    const text = exampleProfile({ provider });
    const settings = read(text);
    assert.deepEqual(settings.warnings, []);
    assert.equal(selectProfile(settings).provider, provider);
    const uncommented = text.split("\n").map((line) =>
      line.endsWith("# an example") ? line : line.replace(/^# (?=[a-z_]+ = )/, "")
    ).join("\n");
    assert.ok(uncommented.split("\n").filter((line) => /^[a-z_]+ = /.test(line)).length > 25);
    assert.deepEqual(read(uncommented), settings);
  });
}

Deno.test("exampleProfile() shows examples that are taken", () => {
  for (const line of exampleProfile().split("\n").filter((line) => line.endsWith("# an example"))) {
    const isLone = /_secret_|client_secret =|certificate_file|tls_(?:cert|key)_file/.test(line);
    if (isLone) continue;
    assert.doesNotThrow(() => read(exampleProfile().replace(line, line.slice(2))), line);
  }
});

Deno.test("exampleProfile() writes answers, whatever is in them", () => {
  const answers = {
    profile: "line.2",
    provider: "custom",
    user: "reports@plant.example",
    clientId: 'a"b\\c',
    label: "Werk \u007F \u{1F3ED}".replace("\u007F", "'"),
    senderName: 'Anlage "Süd"',
    senderAddress: "alarm@plant.example",
    redirectUri: "http://127.0.0.1:8017/back",
    clientSecretExpires: "2028-02-29",
    authorizationEndpoint: "https://login.plant.example/a",
    tokenEndpoint: "https://login.plant.example/t",
    smtpHost: "mail.plant.example",
  } as const;
  const profile = selectProfile(read(exampleProfile(answers)), "line.2");
  assert.equal(profile.label, "Werk ' \u{1F3ED}");
  assert.deepEqual(profile.sender, { name: 'Anlage "Süd"', address: "alarm@plant.example" });
  assert.equal(profile.oauth?.clientId, 'a"b\\c');
  assert.equal(profile.oauth?.redirectUri, "http://127.0.0.1:8017/back");
  assert.equal(profile.oauth?.clientSecretExpires, "2028-02-29");
  assert.equal(profile.oauth?.tokenEndpoint, "https://login.plant.example/t");
  assert.equal(profile.smtp.host, "mail.plant.example");
});

Deno.test("exampleProfile() has the keys to fill in first, and few", () => {
  const live = exampleProfile().split("\n").filter((line) => /^[a-z_]+ = /.test(line));
  assert.deepEqual(live.map((line) => line.split(" ")[0]), [
    "provider",
    "tenant",
    "user",
    "client_id",
    "redirect_uri",
  ]);
});

function read(text: string): Settings {
  return parseSettings(text, { file: "/etc/plantpost/plantpost.toml", platform: "linux" });
}
