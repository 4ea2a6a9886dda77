// Every row of the reference's section 3 as an answer to a refresh: which one ends the sign-in (`dead`: the grant is
// marked, with reason and date), which passes by itself (`later`: it is asked again), and which is somebody's to mend
// while the sign-in stays as it is (`kept`). Whatever it is, the tokens stay.

import assert from "node:assert/strict";
import { Failure } from "../../src/base/failure.ts";
import { ENTRIES } from "../../src/catalogue/find.ts";
import { refusedToken } from "../../src/oauth/refusal.ts";
import { EXPIRED_MS, withGrant } from "./scene.ts";

type End = "dead" | "later" | "kept";

interface Row {
  readonly status?: number;
  readonly error: string;
  readonly description?: string;
  readonly suberror?: string;
  readonly end: End;
}

function rows(end: End, error: string, codes: readonly number[]): readonly Row[] {
  return codes.map((code) => ({
    error,
    description: `AADSTS${code}: the words of the provider`,
    end,
  }));
}

const NAMES: readonly Row[] = [
  { error: "invalid_grant", end: "dead" },
  { error: "interaction_required", end: "dead" },
  { error: "consent_required", end: "dead" },
  { error: "login_required", end: "dead" },
  { error: "invalid_client", status: 401, end: "kept" },
  { error: "unauthorized_client", end: "kept" },
  { error: "invalid_scope", end: "kept" },
  { error: "invalid_resource", end: "kept" },
  { error: "invalid_request", end: "kept" },
  { error: "unsupported_grant_type", end: "kept" },
  { error: "access_denied", end: "kept" },
  { error: "a_new_one", end: "kept" },
  { error: "temporarily_unavailable", end: "later" },
  { error: "server_error", end: "later" },
  { error: "internal_failure", end: "later" },
  { error: "rateLimitExceeded", status: 403, end: "later" },
  ...[429, 500, 502, 503, 504].map((status): Row => ({
    status,
    error: "invalid_grant",
    end: "later",
  })),
];

/** 3.2: the app and its credential. */
const CLIENT = [
  ...rows("kept", "invalid_client", [7000222, 7000215, 7000218, 700025, 700027, 700024, 50012]),
  ...rows("kept", "invalid_client", [700030, 70002]),
  ...rows("kept", "unauthorized_client", [700016, 70001, 7000112, 7000114, 7000229]),
  ...rows("dead", "invalid_grant", [7000110, 50105]),
];

/** 3.3 and 3.4: what was asked, and where. */
const REQUEST = [
  ...rows("kept", "invalid_request", [90014, 900144, 9002313, 90023, 90100, 9001023, 901002]),
  ...rows("kept", "invalid_request", [90002, 900439, 50194, 900561]),
  ...rows("kept", "invalid_resource", [500011, 50001]),
  ...rows("dead", "invalid_grant", [70000, 700005, 54005, 50020, 50034, 50014, 500021]),
  // An error that names the grant, with a number that names the app or the request.
  ...rows("kept", "invalid_grant", [7000222, 7000215, 700016, 7000112, 90014, 9001023]),
];

/** 3.5: permissions. */
const CONSENT = [
  ...rows("dead", "invalid_grant", [65001]),
  ...rows("dead", "consent_required", [65001]),
  ...rows("dead", "interaction_required", [700020]),
  ...rows("kept", "access_denied", [65004, 90094]),
  ...rows("kept", "invalid_scope", [70011, 28000, 700022, 1002012]),
  ...rows("kept", "invalid_client", [650053]),
  ...rows("kept", "unauthorized_client", [650057, 65005]),
];

/** 3.6: the person, and what the tenant wants of the person. */
const PERSON = ["invalid_grant", "interaction_required"].flatMap((error) => [
  ...rows("dead", error, [50076, 50079, 50072, 50074, 50078, 50158, 53003, 530032, 530035]),
  ...rows("dead", error, [53000, 53001, 53002, 53004, 53010, 53011, 50131, 70043, 50126, 50055]),
  ...rows("dead", error, [50144, 50056, 50057, 50058, 50097, 50129, 50155, 700003, 50132, 50133]),
  ...rows("dead", error, [50085, 50089, 50139, 130507]),
  ...rows("later", error, [50053, 80012, 50196]),
]);

/** 3.7: refresh tokens that have ended. */
const ENDED = rows("dead", "invalid_grant", [700082, 70008, 50173, 700084, 70000, 7000110]);

/** 3.8: what passes by itself, whatever it is called. */
const PASSING = ["temporarily_unavailable", "invalid_grant", "invalid_request", "invalid_client"]
  .flatMap((error) => [
    ...rows("later", error, [90033, 90055, 90006, 90090, 90024, 90012, 50033, 50087, 40010]),
    ...rows("later", error, [70012, 50088, 50000, 90036]),
  ]);

/** 3.10. */
const GOOGLE: readonly Row[] = [
  { error: "invalid_grant", description: "Token has been expired or revoked.", end: "dead" },
  { error: "invalid_grant", description: "Bad Request", end: "dead" },
  {
    error: "invalid_grant",
    description: "reauth related error",
    suberror: "invalid_rapt",
    end: "dead",
  },
  {
    error: "invalid_client",
    description: "The OAuth client was not found.",
    status: 401,
    end: "kept",
  },
  { error: "invalid_client", description: "Unauthorized", status: 401, end: "kept" },
  { error: "invalid_request", description: "client_secret is missing.", end: "kept" },
  { error: "deleted_client", end: "kept" },
  { error: "admin_policy_enforced", end: "kept" },
  { error: "unauthorized_client", description: "Unauthorized", status: 401, end: "kept" },
];

const ROWS = [
  ...NAMES,
  ...CLIENT,
  ...REQUEST,
  ...CONSENT,
  ...PERSON,
  ...ENDED,
  ...PASSING,
  ...GOOGLE,
];

Deno.test("only what the table calls dead marks the sign-in, and nothing takes its tokens", async () => {
  let row: Row = NAMES[0] ?? fail();
  const answer = (): Response =>
    Response.json({
      error: row.error,
      ...(row.description === undefined ? {} : { error_description: row.description }),
      ...(row.suberror === undefined ? {} : { error_subtype: row.suberror }),
    }, { status: row.status ?? 400 });
  await withGrant({ nowMs: EXPIRED_MS, answer }, async ({ ask, clock, stored }) => {
    const before = await stored();
    const wrong: string[] = [];
    for (row of ROWS) {
      clock.nowMs += 7_200_000; // nothing of the row before holds any more
      const nowMs = clock.nowMs;
      const failure = await ask().catch((thrown: unknown) => thrown);
      const {
        refusedAtMs,
        refusedWith = "",
        askAgainAtMs,
        askAgainWith: _words,
        refusal: _,
        ...kept
      } = await stored() ?? {};
      assert.deepEqual(kept, before, `${row.error} ${row.description}`);
      assert.ok(failure instanceof Failure);
      const isMarked = refusedAtMs === nowMs && failure.message.startsWith(refusedWith);
      const end = isMarked ? "dead" : (askAgainAtMs ?? 0) > nowMs ? "later" : "kept";
      const wanted = { dead: 77, later: 75, kept: 77 }[row.end];
      if (end === row.end && failure.exitCode === wanted) continue;
      wrong.push(
        `${row.status ?? 400} ${row.error} ${
          row.description ?? ""
        }: ${end}, exit ${failure.exitCode}`,
      );
    }
    assert.deepEqual(wrong, []);
  });
});

Deno.test("every number of the catalogue that passes by itself is asked again, and no other", () => {
  const wrong = ENTRIES.filter(({ area }) => area === "microsoft").flatMap((
    { id, aliases = [], retry },
  ) =>
    [id, ...aliases].filter((code) => {
      const failure = refusedToken({
        doing: "refresh the access token",
        endpoint: "https://login.example/token",
        status: 400,
        retryAfter: null,
        contentType: "application/json",
        body: { error: "invalid_grant", error_description: `${code}: words` },
      });
      // The device flow asks on of its own.
      return (failure.retry === "later") !== (retry === "later") && code !== "AADSTS70016";
    })
  );
  assert.deepEqual(wrong, []);
});

function fail(): never {
  throw new Error("the table is empty");
}
