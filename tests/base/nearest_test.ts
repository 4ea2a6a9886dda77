import assert from "node:assert/strict";
import { nearest } from "../../src/base/nearest.ts";

const COMMANDS = ["send", "sendmail", "status", "setup", "secret", "service", "login", "doctor"];

Deno.test("nearest() finds the word with the fewest edits", () => {
  assert.equal(nearest("sned", COMMANDS), "send");
  assert.equal(nearest("statu", COMMANDS), "status");
  assert.equal(nearest("docter", COMMANDS), "doctor");
  assert.equal(nearest("logins", COMMANDS), "login");
});

Deno.test("nearest() does not mind upper and lower case, and returns the candidate's own", () => {
  assert.equal(nearest("SEND", COMMANDS), "send");
  assert.equal(nearest("gcc-hihg", ["GCC-High"]), "GCC-High");
});

Deno.test("nearest() returns undefined when nothing is near", () => {
  assert.equal(nearest("frobnicate", COMMANDS), undefined);
  assert.equal(nearest("", COMMANDS), undefined);
  assert.equal(nearest("x", ["y"]), undefined);
  assert.equal(nearest("send", []), undefined);
});

Deno.test("nearest() prefers the first of equally near words", () => {
  assert.equal(nearest("prot", ["port", "pro"]), "port");
  assert.equal(nearest("tens", ["tent", "ten"]), "tent");
});

Deno.test("nearest() takes whatever can be iterated", () => {
  assert.equal(nearest("lgoin", new Set(COMMANDS).values()), "login");
});
