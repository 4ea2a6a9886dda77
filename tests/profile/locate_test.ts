import assert from "node:assert/strict";
import { Failure } from "../../src/base/failure.ts";
import { type LocateOptions, locateProfile } from "../../src/profile/locate.ts";

const LINUX: Omit<LocateOptions, "exists"> = {
  platform: "linux",
  env: (name) => ({ HOME: "/home/anna" })[name],
  cwd: "/srv/here",
  execPath: "/opt/plantpost/plantpost",
};

const WINDOWS: Omit<LocateOptions, "exists"> = {
  platform: "windows",
  env: (name) =>
    ({ PROGRAMDATA: "D:\\ProgramData", APPDATA: "C:\\Users\\anna\\AppData\\Roaming" })[name],
  cwd: "C:\\plant",
  execPath: "C:\\Program Files\\plantpost\\plantpost.exe",
};

Deno.test("locateProfile() takes the first place that has the file", async () => {
  const places = [
    "/srv/here/plantpost.toml",
    "/opt/plantpost/plantpost.toml",
    "/etc/plantpost/plantpost.toml",
    "/home/anna/.config/plantpost/plantpost.toml",
  ];
  for (let from = 0; from < places.length; from++) {
    const found = await locateProfile({ ...LINUX, exists: having(places.slice(from)) });
    assert.equal(found, places[from]);
  }
});

Deno.test("locateProfile() knows the places of Windows", async () => {
  const failure = await missing({ ...WINDOWS, exists: having([]) });
  assert.deepEqual(failure.message.split("\n  ").slice(1), [
    "C:\\plant\\plantpost.toml",
    "C:\\Program Files\\plantpost\\plantpost.toml",
    "D:\\ProgramData\\plantpost\\plantpost.toml",
    "C:\\Users\\anna\\AppData\\Roaming\\plantpost\\plantpost.toml",
  ]);
});

Deno.test("locateProfile() on Windows does without the variables", async () => {
  const failure = await missing({
    platform: "windows",
    env: () => undefined,
    cwd: "C:\\plant",
    home: "C:\\Users\\anna",
    exists: having([]),
  });
  assert.deepEqual(failure.message.split("\n  ").slice(1), [
    "C:\\plant\\plantpost.toml",
    "C:\\ProgramData\\plantpost\\plantpost.toml",
    "C:\\Users\\anna\\AppData\\Roaming\\plantpost\\plantpost.toml",
  ]);
});

Deno.test("locateProfile() knows the user's folder of macOS and of XDG", async () => {
  const mac = await missing({ ...LINUX, platform: "darwin", exists: having([]) });
  assert.match(
    mac.message,
    /\/home\/anna\/Library\/Application Support\/plantpost\/plantpost\.toml$/,
  );
  const env = (value: string) => (name: string): string | undefined =>
    ({ HOME: "/home/anna", XDG_CONFIG_HOME: value })[name];
  const xdg = await missing({ ...LINUX, env: env("/xdg"), exists: having([]) });
  assert.match(xdg.message, /\n {2}\/xdg\/plantpost\/plantpost\.toml$/);
  const relative = await missing({ ...LINUX, env: env("xdg"), exists: having([]) });
  assert.match(relative.message, /\/home\/anna\/\.config\/plantpost\/plantpost\.toml$/);
});

Deno.test("locateProfile() takes --config before $PLANTPOST_CONFIG before all places", async () => {
  const exists = having(["/srv/here/plantpost.toml", "/srv/a.toml", "/srv/here/b.toml"]);
  const env = (name: string): string | undefined => ({ PLANTPOST_CONFIG: "b.toml" })[name];
  assert.equal(await locateProfile({ ...LINUX, env, exists }), "/srv/here/b.toml");
  const flag = "../a.toml";
  assert.equal(await locateProfile({ ...LINUX, env, flag, exists }), "/srv/a.toml");
});

Deno.test("locateProfile() never replaces a named file that is missing", async () => {
  const exists = having(["/srv/here/plantpost.toml", "/srv/here/b.toml"]);
  const byFlag = await missing({ ...LINUX, flag: "x.toml", exists });
  assert.equal(byFlag.message, "--config names /srv/here/x.toml, which does not exist");
  const env = (name: string): string | undefined => ({ PLANTPOST_CONFIG: "/x.toml" })[name];
  const byVariable = await missing({ ...LINUX, env, exists });
  assert.match(byVariable.message, /PLANTPOST_CONFIG names \/x\.toml/);
});

Deno.test("locateProfile() takes an empty $PLANTPOST_CONFIG for none", async () => {
  const exists = having(["/srv/here/plantpost.toml"]);
  assert.equal(
    await locateProfile({ ...LINUX, env: () => "", exists }),
    "/srv/here/plantpost.toml",
  );
});

Deno.test("locateProfile() tells of init when nothing is found", async () => {
  const failure = await missing({ ...LINUX, exists: having([]) });
  assert.equal(failure.exitCode, 78);
  assert.match(failure.remedy ?? "", /plantpost init/);
});

function having(paths: readonly string[]): (path: string) => Promise<boolean> {
  return (path) => Promise.resolve(paths.includes(path));
}

async function missing(options: LocateOptions): Promise<Failure> {
  try {
    await locateProfile(options);
  } catch (failure) {
    if (failure instanceof Failure && failure.code === "profile.missing") return failure;
    throw failure;
  }
  return assert.fail("a file was found");
}
