// The device flow at the sandbox: a code typed on its page, and every fault that the flow can meet. The faults are met
// at a desk whose clock moves when the program waits, for the waiting is long.

import assert from "node:assert/strict";
import { FAULTS } from "../../src/sandbox/faults.ts";
import { writeSandboxProfile } from "../../src/sandbox/profile_files.ts";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";
import { type Desk, openDesk, type Printed } from "../cli/desk.ts";
import { freePort } from "../peers/free_port.ts";
import {
  assertDone,
  assertFailure,
  type Expected,
  type FaultName,
  openScene,
  planted,
} from "./scene.ts";

const REFUSED: { readonly [Name in FaultName]?: Expected } = {
  "device-expired": {
    message: /expired_token: AADSTS70020/,
    remedy: /login --device" again/,
    retry: "after-login",
  },
  "device-declined": {
    message: /authorization_declined: AADSTS65004/,
    remedy: /press Accept/,
    retry: "after-login",
  },
  "device-blocked": {
    message: /AADSTS53003/,
    remedy: /device code flow[^]*browser[^]*oauth\.flow = "app" with a certificate/,
  },
  "device-public-flows-off": {
    message: /AADSTS7000218/,
    remedy: /Allow public client flows = Yes/,
    retry: "never",
  },
};

interface DeviceDesk extends AsyncDisposable {
  readonly desk: Desk;
  readonly sandbox: Sandbox;
  readonly waits: number[];
  /** `login --device`; the person acts in the second of the program's pauses. */
  login(button?: "accept" | "abort"): Promise<Printed>;
}

async function openDeviceDesk(): Promise<DeviceDesk> {
  await using stack = new AsyncDisposableStack();
  const sandbox = stack.use(
    await startSandbox({ redirectUri: `http://localhost:${freePort()}/` }),
  );
  const desk = stack.use(await openDesk({ profile: "" }));
  await Deno.remove(desk.file);
  const platform = Deno.build.os === "windows" ? "windows" : "linux";
  await writeSandboxProfile(sandbox, { folder: desk.folder, on: { platform } });
  // No mail is sent here, and who trusts more makes an HTTP client of its own, which lives as long as the process.
  const profile = await Deno.readTextFile(desk.file);
  await Deno.writeTextFile(desk.file, profile.replaceAll(/^ca_file = .*$/gm, ""));
  desk.nowMs = Date.now();
  const waits: number[] = [];
  const owned = stack.move();
  return {
    desk,
    sandbox,
    waits,
    async login(button = "accept"): Promise<Printed> {
      waits.length = 0;
      const read: string[] = [];
      return await desk.run(["login", "--device", "--json"], {
        reads: (line) => read.push(line),
        sleep: async (ms) => {
          waits.push(ms);
          if (waits.length === 2) await typeCode(read.join("\n"), button);
        },
      });
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** What the person does who has read the screen. */
async function typeCode(shown: string, button: "accept" | "abort"): Promise<void> {
  const [page = ""] = /^http:\S+$/m.exec(shown) ?? [];
  const [, userCode = ""] = /^enter this code there: (\S+)$/m.exec(shown) ?? [];
  const answer = await fetch(page, {
    method: "POST",
    body: new URLSearchParams({ user_code: userCode, account: "", [button]: "1" }),
  });
  assert.match(await answer.text(), button === "accept" ? /You have signed in/ : /You said no/);
}

Deno.test("every fault of the device flow reads as the catalogue of faults says", async (t) => {
  const faults = FAULTS.filter(({ where }) => where === "device");
  assert.deepEqual(faults.map(({ name }) => name), ["device-slow-down", ...Object.keys(REFUSED)]);
  await using at = await openDeviceDesk();
  for (const { name } of faults) {
    const expected = REFUSED[name];
    if (expected === undefined) continue;
    await t.step(name, async () => {
      using _ = planted(at, name);
      assertFailure(await at.login(), name, expected);
      assert.equal(at.waits.length, 1, "the first answer ends the waiting");
      assert.equal((await at.desk.run(["status"])).exitCode, 77);
    });
  }
  await t.step("device-slow-down", async () => {
    at.sandbox.plant("device-slow-down");
    assertDone(await at.login());
    assert.deepEqual(at.waits, [1000, 6000]);
  });
  await t.step("afterwards all is well again", async () => {
    assertDone(await at.login());
    assert.deepEqual(at.waits, [1000, 1000]);
  });
});

Deno.test("a no on the device page ends the sign-in", async () => {
  await using at = await openDeviceDesk();
  assertFailure(await at.login("abort"), "device-declined", {
    message: /authorization_declined: AADSTS65004/,
  });
});

Deno.test("the faults of the device flow leave every other sign-in alone", async () => {
  await using scene = await openScene();
  for (const { name, where } of FAULTS) if (where === "device") scene.sandbox.plant(name);
  assertDone(await scene.login());
  assertDone(await scene.program.run(["refresh"]));
});

Deno.test("a code typed at the sandbox's page lets mail go", async () => {
  await using scene = await openScene();
  const login = scene.program.start(["login", "--device", "--json"]);
  const [shown] = await login.untilStderr(/^http:\S+\n.*\n/mu);
  await typeCode(shown, "accept");
  const outcome = await login.outcome;
  assertDone(outcome);
  assert.equal(JSON.parse(outcome.stdout).account, scene.sandbox.directory.account);
  assertDone(await scene.send());
  assert.equal((await scene.sandbox.messages()).length, 1);
});
