import assert from "node:assert/strict";
import { readClaims } from "../../src/oauth/token_claims.ts";
import { jwt } from "./jwt.ts";

Deno.test("readClaims() reads a token that a person's sign-in gave (Entra, v1 and v2 claims)", () => {
  const token = jwt({
    aud: "https://outlook.office.com",
    iss: "https://sts.windows.net/1/",
    nbf: 1_800_000_000,
    exp: 1_800_004_500,
    appid: "app",
    scp: "SMTP.Send User.Read",
    tid: "tenant",
    upn: "reports@contoso.com",
    unique_name: "other@contoso.com",
  });
  assert.deepEqual(readClaims(token), {
    audience: "https://outlook.office.com",
    scopes: ["SMTP.Send", "User.Read"],
    roles: [],
    account: "reports@contoso.com",
    appId: "app",
    tenant: "tenant",
    validFromMs: 1_800_000_000_000,
    expiresAtMs: 1_800_004_500_000,
  });
  const second = readClaims(jwt({ azp: "app", preferred_username: "a@x", exp: 1.5 }));
  assert.deepEqual(second, {
    scopes: [],
    roles: [],
    account: "a@x",
    appId: "app",
    expiresAtMs: 1500,
  });
});

Deno.test("readClaims() reads a token of an app, and one after RFC 9068", () => {
  assert.deepEqual(readClaims(jwt({ aud: ["a", "b"], roles: ["SMTP.SendAsApp"] })), {
    audience: "a b",
    scopes: [],
    roles: ["SMTP.SendAsApp"],
  });
  assert.deepEqual(readClaims(jwt({ scope: "smtp openid", client_id: "plant" })), {
    scopes: ["smtp", "openid"],
    roles: [],
    appId: "plant",
  });
});

Deno.test("readClaims() names an account of elsewhere without where it is from", () => {
  const claims = readClaims(jwt({ unique_name: "live.com#anna@example.com" }));
  assert.equal(claims?.account, "anna@example.com");
});

Deno.test("readClaims() finds nothing in a token that is opaque, or only looks like a JWT", () => {
  const good = jwt({ aud: "x" });
  const [header = "", claims = ""] = good.split(".");
  const tokens = [
    "",
    ".",
    "..",
    "...",
    "a.b.c",
    "EwBwA8l6BAAUkj1NuJYtTVha+Mogk+HEiPbQo04AAVbXAJ0=",
    "ya29.a0AfH6SMBx.rest",
    `${header}.${claims}`,
    `${good}.more`,
    `${good}.more.parts`,
    `${header}..sig`,
    `.${claims}.sig`,
    `${header}.${claims.slice(1)}.sig`,
    `${claims}.${claims}.sig`,
    jwt("[1,2]"),
    jwt("null"),
    jwt('"text"'),
    jwt("{"),
    jwt({ aud: "x" }, "[]"),
    `${header}.${btoa('{"aud":"\xff\xfe"}')}.sig`,
    jwt({ aud: "x".repeat(70_000) }),
    String.fromCharCode(...crypto.getRandomValues(new Uint8Array(2000))),
  ];
  for (const token of tokens) assert.equal(readClaims(token), undefined, token.slice(0, 60));
});

Deno.test("readClaims() lets nothing through that acts on a terminal, and nothing without end", () => {
  const claims = readClaims(jwt({
    aud: "https://x\x1b]0;owned\x07/\r\n\u202egnp.exe",
    scp: Array.from({ length: 2000 }, (_, at) => `scope${at}`).join(" "),
    roles: ["a\x1b[2Jb", 7, null, { a: 1 }, ["deep"]],
    upn: "a\u2028b\u200e".padEnd(5000, "x"),
    appid: { toString: "no" },
    tid: ["t"],
  }));
  assert.equal(claims?.audience, "https://x\ufffd]0;owned\ufffd/ \ufffdgnp.exe");
  assert.equal(claims?.scopes.length, 50);
  assert.deepEqual(claims?.roles, ["a\ufffd[2Jb"]);
  assert.ok(claims?.account?.startsWith("a\ufffdb\ufffdxxx"));
  assert.ok([...claims?.account ?? ""].length <= 200);
  assert.equal(claims?.appId, undefined);
  assert.equal(claims?.tenant, undefined);
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(JSON.stringify(claims), /[\x00-\x1f\u202e\u2028]/);
});

Deno.test("readClaims() takes only times that are dates", () => {
  for (const exp of ["1800000000", null, -1e300, 1e300, 8.64e12 + 1, {}, [1], true]) {
    assert.equal(readClaims(jwt({ exp, nbf: exp }))?.expiresAtMs, undefined, String(exp));
  }
  assert.equal(readClaims(jwt('{"exp":1e999}'))?.expiresAtMs, undefined);
  assert.equal(readClaims(jwt({ exp: 0 }))?.expiresAtMs, 0);
});

Deno.test("readClaims() is not misled by claims that are named like what every object has", () => {
  assert.deepEqual(readClaims(jwt('{"__proto__":{"aud":"x"},"constructor":"y"}')), {
    scopes: [],
    roles: [],
  });
});
