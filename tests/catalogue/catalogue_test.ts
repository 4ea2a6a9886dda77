// The catalogue as a whole: complete against the list of codes that it must know, and written in one manner.

import assert from "node:assert/strict";
import { allIds, ENTRIES, entryOf } from "../../src/catalogue/find.ts";
import { explainText } from "../../src/catalogue/explain.ts";
import { stepsOf } from "../../src/catalogue/remedy.ts";

/** Microsoft's numbers for credentials, requests, tenants, consent, users, ended and passing faults. */
const NUMBERS = `
  16000 16003 28000 28002 28003 40010 50000 50001 50011 50012 50014 50020 50027 50033 50034 50053 50055
  50056 50057 50058 50059 50072 50074 50076 50078 50079 50085 50087 50088 50089 50097 50105 50126
  50128 50129 50131 50132 50133 50139 50144 50147 50155 50158 50173 50194 50196 51004 53000 53001
  53002 53003 53004 53010 53011 54005 65001 65002 65004 65005 70000 70001 70002 70003 70004 70005
  70008 70011 70012 70043 80012 90002 90004 90006 90008 90012 90013 90014 90015 90019 90023 90024
  90033 90036 90038 90055 90056 90090 90094 90095 90100 90124 90130 130507 500011 500021 500022
  500113 500208 500212 500213 501481 501491 530032 530035 650052 650053 650054 650056 650057
  700003 700005 700011 700016 700020 700021 700022 700023 700024 700025 700027 700030 700054 700082
  700084 900144 900382 900432 900439 900561 900971 901002 1000031 1002012 7000110 7000112 7000114
  7000215 7000216 7000218 7000222 7000229 9001023 9002313 9002325 9002326 9002327 9002332
`.trim().split(/\s+/);

/** Those of the device flow alone. */
const DEVICE_NUMBERS = "50134 70016 70018 70019 70020 90119 90120".split(" ");

const OAUTH_ERRORS = [
  "invalid_client",
  "invalid_grant",
  "unauthorized_client",
  "invalid_scope",
  "invalid_resource",
  "invalid_request",
  "unsupported_grant_type",
  "unsupported_response_type",
  "interaction_required",
  "consent_required",
  "login_required",
  "access_denied",
  "authorization_declined",
  "temporarily_unavailable",
  "server_error",
  "authorization_pending",
  "slow_down",
  "expired_token",
  "bad_verification_code",
];

const GOOGLE_ERRORS = [
  "invalid_rapt",
  "deleted_client",
  "redirect_uri_mismatch",
  "admin_policy_enforced",
  "org_internal",
  "disallowed_useragent",
  "internal_failure",
  "rateLimitExceeded",
];

Deno.test("the catalogue knows each of 147 and 7 numbers of Microsoft, and no other", () => {
  assert.equal(new Set(NUMBERS).size, 147);
  assert.equal(new Set([...NUMBERS, ...DEVICE_NUMBERS]).size, 154);
  const known = allIds().filter((id) => id.startsWith("AADSTS")).map((id) => id.slice(6));
  assert.deepEqual(known.toSorted(), [...NUMBERS, ...DEVICE_NUMBERS].toSorted());
});

Deno.test("the catalogue knows every error value of OAuth and of Google", () => {
  for (const error of [...OAUTH_ERRORS, ...GOOGLE_ERRORS]) {
    const entry = entryOf(error);
    assert.ok(entry !== undefined, error);
    assert.equal(entry.area, GOOGLE_ERRORS.includes(error) ? "google" : "oauth", error);
  }
});

Deno.test("no two entries of the catalogue claim the same id", () => {
  const ids = allIds().map((id) => id.toLowerCase());
  assert.deepEqual(ids.filter((id, at) => ids.indexOf(id) !== at), []);
});

Deno.test("every entry of the catalogue says what is meant, who must act, and what to do", () => {
  for (const entry of ENTRIES) {
    assert.ok(["user", "administrator", "operator"].includes(entry.who), entry.id);
    assert.ok(["later", "after-login", "never"].includes(entry.retry), entry.id);
    assert.ok(entry.steps.length > 0, entry.id);
    for (const sentence of [entry.meaning, ...stepsOf(entry)]) {
      const where = `${entry.id}: ${sentence}`;
      assert.match(sentence, NAMES_OR_LOWER_CASE, where);
      assert.doesNotMatch(sentence, /[.;:,]$|\s$|\s{2}|\n|undefined|[{}]/, where);
      assert.ok(sentence.length >= 8 && sentence.length < 400, where);
    }
    const isFound = entry.area === "exchange" || entry.area === "gmail" || entry.area === "smtp"
      ? (entry.replies?.length ?? 0) > 0
      : !entry.id.startsWith("google.") || entry.aliases !== undefined ||
        (entry.errors?.length ?? 0) > 0;
    assert.ok(isFound, `${entry.id} can be found by its id only`);
  }
});

Deno.test("an entry that a new sign-in helps says how to sign in", () => {
  for (const entry of ENTRIES) {
    if (entry.retry !== "after-login") continue;
    assert.match(entry.steps.join(), /plantpost login|plantpost reset --login/, entry.id);
  }
});

Deno.test("explainText() explains every id and alias, in any case", () => {
  for (const id of allIds()) {
    for (const asked of [id, id.toUpperCase(), ` ${id.toLowerCase()}\n`]) {
      const { found, unknown } = explainText(asked);
      assert.equal(found[0]?.entry, entryOf(id), asked);
      assert.equal(found.length, 1, asked);
      assert.deepEqual(unknown, []);
    }
  }
});

/** Names, commands and cmdlets keep their capital; everything else begins small. */
const NAMES_OR_LOWER_CASE =
  /^(?:[a-z0-9"]|Conditional Access|DNS|Exchange|Gmail|Google|Microsoft|Outlook|PKCE|SMTP|[A-Z][a-z]+-[A-Z])/;
