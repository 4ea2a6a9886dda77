import assert from "node:assert/strict";
import { scheduleLine } from "../../src/vault/schedule_line.ts";

const REFRESH = { command: "refresh", every: "week" } as const;
const NOTIFY = { command: "status --notify it@contoso.com", every: "day" } as const;

Deno.test("scheduleLine() makes one line for schtasks, with the quotes that its own quotes need", () => {
  const at = { platform: "windows", program: "C:\\plant\\plantpost.exe" } as const;
  assert.equal(
    scheduleLine(REFRESH, at),
    'schtasks /create /tn "plantpost refresh" /sc WEEKLY /st 06:00 /ru SYSTEM /tr "C:\\plant\\plantpost.exe refresh"',
  );
  assert.equal(
    scheduleLine(NOTIFY, { ...at, config: "D:\\Line 4\\plantpost.toml" }),
    'schtasks /create /tn "plantpost status" /sc DAILY /st 06:00 /ru SYSTEM /tr ' +
      '"C:\\plant\\plantpost.exe status --notify it@contoso.com --config \\"D:\\Line 4\\plantpost.toml\\""',
  );
});

Deno.test("scheduleLine() makes a line of a crontab elsewhere", () => {
  const at = { platform: "linux", program: "/usr/local/bin/plantpost" } as const;
  assert.equal(scheduleLine(REFRESH, at), "0 6 * * 1 /usr/local/bin/plantpost refresh >/dev/null");
  assert.equal(
    scheduleLine(NOTIFY, { ...at, config: "/srv/line 4's 100%/plantpost.toml" }),
    "0 6 * * * /usr/local/bin/plantpost status --notify it@contoso.com --config " +
      "'/srv/line 4'\\''s 100\\%/plantpost.toml' >/dev/null",
  );
  assert.equal(
    scheduleLine(REFRESH, { platform: "darwin" }),
    "0 6 * * 1 plantpost refresh >/dev/null",
  );
});
