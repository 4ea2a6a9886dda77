import assert from "node:assert/strict";
import {
  type AccountSettings,
  type FixedSettings,
  proxyOfWindows,
  type WindowsSources,
} from "../../src/oauth/windows_settings.ts";

const LOGIN = new URL("https://login.contoso.com/");
const SCRIPT = "http://anna:geheim99@wpad.contoso.com/proxy.pac?key=geheim99";

Deno.test("proxyOfWindows() takes the script's answer first, and asks nobody else", async () => {
  const account = { isAutomatic: true, script: SCRIPT, proxies: "fixed:1" };
  const source = "Windows' proxy script http://wpad.contoso.com/proxy.pac";
  const found = await ask({ account, script: "a:1;b:2" });
  assert.deepEqual(found, { proxy: "a:1", source, remarks: [], asked: ["account", SCRIPT] });
  const direct = await ask({ account, script: undefined });
  assert.deepEqual(direct, {
    source: `${source} says so`,
    remarks: [],
    asked: ["account", SCRIPT],
  });
});

Deno.test("proxyOfWindows() goes on without a script that gives no answer, and says so", async () => {
  const dead = new Error("no answer within 5 seconds");
  const remark =
    "Windows' proxy script http://wpad.contoso.com/proxy.pac: no answer within 5 seconds";
  const fixed = await ask({
    account: { isAutomatic: true, script: SCRIPT, proxies: "fixed:1" },
    script: dead,
  });
  assert.deepEqual(fixed, {
    proxy: "fixed:1",
    source: "Windows settings",
    remarks: [remark],
    asked: ["account", SCRIPT],
  });
  const nothing = await ask({ account: { isAutomatic: true, script: SCRIPT }, script: dead });
  assert.deepEqual(nothing, {
    source: "Windows has none set",
    remarks: [remark],
    asked: ["account", SCRIPT, "machine"],
  });
});

Deno.test("proxyOfWindows() reads fixed proxies with their exceptions", async () => {
  const cases: readonly (readonly [FixedSettings, string | undefined, string])[] = [
    [{ proxies: "p:1" }, "p:1", ""],
    [{ proxies: "http=a:1;https=b:2", exceptions: "<local>" }, "b:2", ""],
    [{ proxies: "http=a:1" }, undefined, " have none for https"],
    [{ proxies: "p:1", exceptions: "*.contoso.com" }, undefined, "an exception in "],
  ];
  for (const [settings, proxy, words] of cases) {
    const account = await ask({
      account: { isAutomatic: true, ...settings },
      machine: { proxies: "m:1" },
    });
    assert.equal(account.proxy, proxy);
    assert.ok(account.source.includes("Windows settings") && account.source.includes(words));
    const machine = await ask({ account: { isAutomatic: true }, machine: settings });
    assert.equal(machine.proxy, proxy);
    assert.ok(machine.source.includes("netsh winhttp") && machine.source.includes(words));
  }
});

Deno.test("proxyOfWindows() asks the network last, and only where Windows is told to", async () => {
  const found = await ask({ account: { isAutomatic: true }, script: "wpad:8080" });
  assert.deepEqual(found, {
    proxy: "wpad:8080",
    source: "Windows' automatic detection (WPAD)",
    remarks: [],
    asked: ["account", "machine", "network"],
  });
  const silent = await ask({ account: { isAutomatic: true }, script: new Error("no answer") });
  assert.equal(silent.proxy, undefined);
  assert.equal(silent.source, "Windows has none set");
  assert.deepEqual(silent.remarks, ["Windows' automatic detection (WPAD): no answer"]);
  const off = await ask({ account: { isAutomatic: false }, script: "wpad:8080" });
  assert.deepEqual(off, {
    source: "Windows has none set",
    remarks: [],
    asked: ["account", "machine"],
  });
});

Deno.test("proxyOfWindows() uses the machine's where the account's cannot be read", async () => {
  const found = await ask({ account: new Error("not permitted"), machine: { proxies: "m:1" } });
  assert.equal(found.proxy, "m:1");
  assert.deepEqual(found.remarks, ["Windows settings: not permitted"]);
  const none = await ask({ account: new Error("not permitted"), machine: new Error("neither") });
  assert.deepEqual(none.remarks, ["Windows settings: not permitted", "netsh winhttp: neither"]);
});

interface Answers {
  readonly account: AccountSettings | Error;
  readonly machine?: FixedSettings | Error;
  readonly script?: string | undefined | Error;
}

async function ask(
  answers: Answers,
): Promise<Awaited<ReturnType<typeof proxyOfWindows>> & { readonly asked: readonly string[] }> {
  const asked: string[] = [];
  function answer<Kind>(who: string, value: Kind | Error): Promise<Kind> {
    asked.push(who);
    return value instanceof Error ? Promise.reject(value) : Promise.resolve(value);
  }
  const sources: WindowsSources = {
    account: () => answer("account", answers.account),
    machine: () => answer("machine", answers.machine ?? {}),
    askScript: (target, script) => {
      assert.equal(target, LOGIN);
      return answer(script ?? "network", answers.script);
    },
  };
  return { ...await proxyOfWindows(LOGIN, sources), asked };
}
