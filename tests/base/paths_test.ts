import assert from "node:assert/strict";
import { baseName, dirName, isAbsolutePath, joinPath } from "../../src/base/paths.ts";

const LINUX = { platform: "linux" } as const;
const WINDOWS = { platform: "windows" } as const;

Deno.test("isAbsolutePath() knows drives, shares and the root", () => {
  for (const path of ["C:\\x", "c:/x", "\\\\server\\share", "//server/share/x"]) {
    assert.equal(isAbsolutePath(path, WINDOWS), true, path);
  }
  for (const path of ["C:x", "\\x", "/x", "x\\y", ""]) {
    assert.equal(isAbsolutePath(path, WINDOWS), false, path);
  }
  assert.equal(isAbsolutePath("/x", LINUX), true);
  assert.equal(isAbsolutePath("C:\\x", LINUX), false);
  assert.equal(isAbsolutePath("x", { platform: "darwin" }), false);
});

Deno.test("joinPath() on Linux", () => {
  const rows = [
    ["/etc/plantpost", "plantpost-data", "/etc/plantpost/plantpost-data"],
    ["/etc/plantpost/", "./a//b/", "/etc/plantpost/a/b"],
    ["/etc/plantpost", "../x", "/etc/x"],
    ["/etc", "../../../x", "/x"],
    ["/etc", "/var/lib/x", "/var/lib/x"],
    ["/", "x", "/x"],
    ["/etc", "", "/etc"],
    ["/etc", "a\\b", "/etc/a\\b"],
    ["a", "../../b", "../b"],
    ["a", "..", "."],
  ] as const;
  for (const [folder, path, joined] of rows) assert.equal(joinPath(folder, path, LINUX), joined);
});

Deno.test("joinPath() on Windows", () => {
  const rows = [
    ["C:\\plant", "plantpost-data", "C:\\plant\\plantpost-data"],
    ["C:/plant/", "data/log.txt", "C:\\plant\\data\\log.txt"],
    ["C:\\plant", "..\\x", "C:\\x"],
    ["C:\\", "..\\..\\x", "C:\\x"],
    ["C:\\plant", "D:/keys/vault.key", "D:\\keys\\vault.key"],
    ["C:\\plant", "\\keys", "C:\\keys"],
    ["C:\\plant", "C:keys", "C:\\plant\\keys"],
    ["C:\\plant", "D:keys", "D:\\keys"],
    ["\\\\server\\share\\plant", "data", "\\\\server\\share\\plant\\data"],
    ["\\\\server\\share\\plant", "/data", "\\\\server\\share\\data"],
    ["//server/share", "..", "\\\\server\\share\\"],
    ["C:\\plant", "\\\\server\\share\\x", "\\\\server\\share\\x"],
  ] as const;
  for (const [folder, path, joined] of rows) assert.equal(joinPath(folder, path, WINDOWS), joined);
});

Deno.test("dirName() returns the folder", () => {
  assert.equal(dirName("/etc/plantpost/plantpost.toml", LINUX), "/etc/plantpost");
  assert.equal(dirName("/plantpost.toml", LINUX), "/");
  assert.equal(dirName("plantpost.toml", LINUX), ".");
  assert.equal(dirName("C:\\plant\\a.toml", WINDOWS), "C:\\plant");
  assert.equal(dirName("C:/a.toml", WINDOWS), "C:\\");
  assert.equal(dirName("\\\\server\\share\\a.toml", WINDOWS), "\\\\server\\share\\");
});

Deno.test("baseName() returns the last name", () => {
  assert.equal(baseName("/etc/plantpost/plantpost.toml", LINUX), "plantpost.toml");
  assert.equal(baseName("C:\\plant/a.toml", WINDOWS), "a.toml");
  assert.equal(baseName("a.toml", LINUX), "a.toml");
  assert.equal(baseName("C:\\", WINDOWS), "");
});
