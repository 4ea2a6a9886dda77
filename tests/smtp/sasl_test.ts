import assert from "node:assert/strict";
import { Failure } from "../../src/base/failure.ts";
import { login, oauthBearer, plain, xoauth2 } from "../../src/smtp/sasl.ts";

// The page of Google on XOAUTH2, and two computed ones.
const XOAUTH2_VECTORS = [
  [
    "someuser@example.com",
    "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg",
    "dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52YjNSbGNrQmhkSFJoZG1semRHRXVZMjl0Q2cBAQ==",
  ],
  [
    "test@contoso.onmicrosoft.com",
    "EwBAAl3BAAUFFpUAo7J3Ve0bjLBWZWCclRC3EoAA",
    "dXNlcj10ZXN0QGNvbnRvc28ub25taWNyb3NvZnQuY29tAWF1dGg9QmVhcmVyIEV3QkFBbDNCQUFVRkZwVUFvN0ozVmUwYmpMQldaV0NjbFJDM0VvQUEBAQ==",
  ],
  [
    "plant1@contoso.com",
    "TOKEN",
    "dXNlcj1wbGFudDFAY29udG9zby5jb20BYXV0aD1CZWFyZXIgVE9LRU4BAQ==",
  ],
] as const;

const CHALLENGE =
  "eyJzdGF0dXMiOiI0MDEiLCJzY2hlbWVzIjoiYmVhcmVyIG1hYyIsInNjb3BlIjoiaHR0cHM6Ly9tYWlsLmdvb2dsZS5jb20vIn0K";

Deno.test("xoauth2() gives the published initial responses", () => {
  for (const [user, accessToken, expected] of XOAUTH2_VECTORS) {
    assert.equal(xoauth2({ user, accessToken }).initialResponse, expected);
  }
});

Deno.test("xoauth2() answers an error challenge with an empty line and keeps it", () => {
  const exchange = xoauth2({ user: "a@x", accessToken: "T" });
  assert.equal(exchange.errorChallenge, undefined);
  assert.equal(exchange.next(CHALLENGE), "");
  assert.deepEqual(exchange.errorChallenge, {
    status: "401",
    schemes: "bearer mac",
    scope: "https://mail.google.com/",
  });
  assert.throws(
    () => exchange.next(CHALLENGE),
    (error) => error instanceof Failure && error.code === "smtp.protocol",
  );
});

Deno.test("xoauth2() survives a challenge that is no JSON", () => {
  for (
    const challenge of [
      "",
      "!!!",
      btoa("no json"),
      btoa("[1]"),
      btoa("null"),
      btoa('{"status":{}}'),
    ]
  ) {
    const exchange = xoauth2({ user: "a@x", accessToken: "T" });
    assert.equal(exchange.next(challenge), "");
    assert.deepEqual(exchange.errorChallenge, {});
  }
});

Deno.test("xoauth2() refuses a token or user that holds a separator, without showing the token", () => {
  for (const accessToken of ["", "SECRET\n", "SEC RET", "SECRET\x01", "SECRÉT"]) {
    assert.throws(
      () => xoauth2({ user: "a@x", accessToken }),
      (error) =>
        error instanceof Failure && error.code === "oauth.protocol" &&
        !error.message.includes("SEC"),
    );
  }
  assert.throws(
    () => xoauth2({ user: "a@x\x01", accessToken: "T" }),
    (error) => error instanceof Failure && error.code === "message.invalid",
  );
});

Deno.test("oauthBearer() gives the example of RFC 7628 §4.1", () => {
  const exchange = oauthBearer({
    user: "user@example.com",
    accessToken: "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==",
    host: "server.example.com",
    port: 143,
  });
  assert.equal(
    exchange.initialResponse,
    "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9QmVhcmVyIHZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB",
  );
});

Deno.test("oauthBearer() gives the example for SMTP, and answers an error challenge with one 0x01", () => {
  const exchange = oauthBearer({
    user: "plant1@contoso.com",
    accessToken: "TOKEN",
    host: "smtp.gmail.com",
    port: 587,
  });
  assert.equal(
    exchange.initialResponse,
    "bixhPXBsYW50MUBjb250b3NvLmNvbSwBaG9zdD1zbXRwLmdtYWlsLmNvbQFwb3J0PTU4NwFhdXRoPUJlYXJlciBUT0tFTgEB",
  );
  assert.equal(exchange.next(CHALLENGE), "AQ==");
});

Deno.test("oauthBearer() escapes comma and equals sign of the user", () => {
  const exchange = oauthBearer({ user: "a=b,c@x", accessToken: "T", host: "h", port: 1 });
  assert.ok(atob(exchange.initialResponse ?? "").startsWith("n,a=a=3Db=2Cc@x,\x01"));
});

Deno.test("plain() gives the example of RFC 4616 §4", () => {
  const exchange = plain({ user: "tim", password: "tanstaaftanstaaf" });
  assert.equal(atob(exchange.initialResponse ?? ""), "\0tim\0tanstaaftanstaaf");
  assert.throws(() => exchange.next(""), Failure);
  assert.throws(() => plain({ user: "tim", password: "a\0b" }), Failure);
});

Deno.test("login() answers user name, then password, in UTF-8", () => {
  const exchange = login({ user: "tim", password: "käse" });
  assert.equal(exchange.initialResponse, undefined);
  assert.equal(exchange.next("VXNlcm5hbWU6"), "dGlt");
  assert.equal(exchange.next("UGFzc3dvcmQ6"), "a8Okc2U=");
  assert.throws(() => exchange.next(""), Failure);
});
