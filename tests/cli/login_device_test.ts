// `login --device` at a desk: what the person sees, what is stored, and what is not. The clock moves when the
// program waits, and at no other time.

import assert from "node:assert/strict";
import { Failure } from "../../src/base/failure.ts";
import { codeLines, DARK_TERMINAL, readQr } from "../peers/qr_reader.ts";
import { type Desk, type DeskOptions, openDesk, type Printed } from "./desk.ts";

const PAGE = "https://login.example/link";
const DEVICE_CODE = "device-code-that-nobody-may-see";

interface Plant extends AsyncDisposable {
  readonly desk: Desk;
  /** Requests by path, in their order. */
  readonly requests: readonly (readonly [path: string, form: URLSearchParams])[];
  /** Answers to the questions whether the code was approved; tokens when none is left. */
  readonly answers: Response[];
  /** Milliseconds that the program waited, in their order. */
  readonly waits: readonly number[];
  readonly origin: string;
  /** More or other members of the device authorization response. */
  device: Readonly<Record<string, unknown>>;
  metadata: Readonly<Record<string, unknown>>;
  login(args?: readonly string[], options?: Omit<DeskOptions, "profile">): Promise<Printed>;
}

async function startPlant(
  oauth: (origin: string) => string = (origin) => `device_endpoint = "${origin}/device"`,
): Promise<Plant> {
  const requests: [string, URLSearchParams][] = [];
  const answers: Response[] = [];
  const waits: number[] = [];
  const answer = async (request: Request): Promise<Response> => {
    const { pathname } = new URL(request.url);
    requests.push([pathname, new URLSearchParams(await request.text())]);
    if (pathname === "/device") {
      return Response.json({
        device_code: DEVICE_CODE,
        user_code: "WDJB-MJHT",
        verification_uri: PAGE,
        expires_in: 900,
        ...plant.device,
      });
    }
    if (pathname !== "/token") return Response.json(plant.metadata);
    return answers.shift() ?? Response.json({
      token_type: "Bearer",
      expires_in: 3600,
      access_token: "access-token-of-the-plant",
      refresh_token: "refresh-token-of-the-plant",
      id_token: `e30.${btoa(JSON.stringify({ preferred_username: "reports@example.com" }))}.sig`,
    });
  };
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      const response = await answer(request);
      response.headers.set("date", new Date(desk.nowMs).toUTCString());
      return response;
    },
  );
  const origin = `http://127.0.0.1:${server.addr.port}`;
  const desk = await openDesk({
    profile: `[profiles.plant]
provider = "custom"
user = "reports@example.com"
[profiles.plant.oauth]
client_id = "plant"
flow = "device"
token_endpoint = "${origin}/token"
${oauth(origin)}
[profiles.plant.smtp]
host = "127.0.0.1"`,
  });
  const plant: Plant = {
    desk,
    requests,
    answers,
    waits,
    origin,
    device: {},
    metadata: {},
    login: (args = [], options = {}) =>
      desk.run(["login", ...args], {
        openBrowser: () => assert.fail("no browser is to be opened"),
        sleep: (ms) => {
          waits.push(ms);
          desk.nowMs += ms;
          return Promise.resolve();
        },
        ...options,
      }),
    async [Symbol.asyncDispose](): Promise<void> {
      await server.shutdown();
      await desk[Symbol.asyncDispose]();
    },
  };
  return plant;
}

function refused(error: string, description = "as the provider says it"): Response {
  return Response.json({ error, error_description: description }, { status: 400 });
}

async function grantOf({ desk }: Plant): Promise<unknown> {
  return JSON.parse((await desk.run(["status", "--json"])).stdout).grant;
}

Deno.test("login by device shows page, code and until when, waits, and stores the grant", async () => {
  await using plant = await startPlant();
  plant.answers.push(
    refused("authorization_pending"),
    refused("slow_down"),
    refused("authorization_pending"),
  );
  const { exitCode, stdout, stderr } = await plant.login();
  assert.equal(exitCode, 0, stderr);
  assert.equal(stdout, 'signed in as reports@example.com for profile "plant"\n');
  assert.deepEqual(stderr.split("\n"), [
    "open this page on a phone or any PC, and sign in there as reports@example.com:",
    PAGE,
    "enter this code there: WDJB-MJHT",
    // The desk's clock is an hour ahead of UTC.
    "the code is good for 15 minutes, until 09:15",
    "waiting for the sign-in (Ctrl-C ends it) ...",
  ]);
  assert.deepEqual(plant.waits, [5000, 5000, 10_000, 10_000]);
  assert.equal(plant.requests[0]?.[1].get("scope"), "openid profile offline_access");
  const status = JSON.parse((await plant.desk.run(["status", "--json"])).stdout);
  assert.deepEqual([status.flow, status.grant, status.account], [
    "device",
    "usable",
    "reports@example.com",
  ]);
});

Deno.test("login by device draws a code that another program reads, where a person sits at the terminal", async () => {
  await using plant = await startPlant();
  const scanned = async (args: readonly string[], options?: Omit<DeskOptions, "profile">) =>
    readQr(codeLines((await plant.login(args, options)).stderr), { look: DARK_TERMINAL });
  const atTerminal = { answers: [] };
  assert.equal(await scanned([], atTerminal), PAGE);
  plant.device = { verification_uri_complete: `${PAGE}?user_code=WDJB-MJHT` };
  assert.equal(await scanned([], atTerminal), `${PAGE}?user_code=WDJB-MJHT`);
  for (const printed of [await plant.login(["--quiet"], atTerminal), await plant.login([])]) {
    assert.deepEqual(codeLines(printed.stderr), []);
    assert.match(printed.stderr, /WDJB-MJHT/);
  }
  plant.device = { verification_uri_complete: `${PAGE}?user_code=${"x".repeat(2000)}` };
  assert.deepEqual(codeLines((await plant.login([], atTerminal)).stderr), []);
});

Deno.test("login --device works for a profile of flow code, and no output or log shows a secret", async () => {
  await using plant = await startPlant((origin) =>
    `authorization_endpoint = "${origin}/authorize"\ndevice_endpoint = "${origin}/device"`
  );
  await Deno.writeTextFile(
    plant.desk.file,
    `${
      (await Deno.readTextFile(plant.desk.file)).replace('flow = "device"\n', "")
    }\n[log]\nlevel = "debug"\n`,
  );
  plant.answers.push(refused("authorization_pending"));
  await plant.desk.run(["secret", "set"], { stdin: "very~secret.Value" });
  const { exitCode, stdout, stderr } = await plant.login([
    "--device",
    "--no-browser",
    "--force",
    "--verbose",
    "--json",
  ]);
  assert.equal(exitCode, 0, stderr);
  assert.deepEqual(JSON.parse(stdout).account, "reports@example.com");
  assert.match(stderr, /private window/);
  assert.match(stderr, /C: POST .*\/device .*client_secret=<redacted>/);
  assert.match(stderr, /C: POST .*device_code=<redacted>.*client_secret=<redacted>/);
  assert.deepEqual(
    plant.requests.map(([path, form]) => [path, form.get("client_secret")]),
    ["/device", "/token", "/token"].map((path) => [path, "very~secret.Value"]),
  );
  const log = await Deno.readTextFile(`${plant.desk.folder}/state/plantpost.log`);
  assert.match(log, /"event":|authorization_pending/);
  assert.doesNotMatch(log, /WDJB/, "the code is for the person alone");
  for (const secret of [DEVICE_CODE, "very~secret", "access-token-of", "refresh-token-of"]) {
    assert.ok(!`${stdout}${stderr}${log}`.includes(secret), secret);
  }
  // The profile is what it was: the next sign-in without --device goes to the browser.
  assert.equal(JSON.parse((await plant.desk.run(["status", "--json"])).stdout).flow, "code");
});

Deno.test("login by device goes on while the network is away, and ends with the code's life", async () => {
  await using plant = await startPlant();
  plant.answers.push(
    new Response("busy", { status: 503 }),
    Response.json({ error: "temporarily_unavailable" }, {
      status: 429,
      headers: { "retry-after": "40" },
    }),
  );
  assert.equal((await plant.login()).exitCode, 0);
  assert.deepEqual(plant.waits, [5000, 10_000, 40_000]);

  plant.device = { expires_in: 12 };
  plant.answers.push(...Array.from({ length: 3 }, () => refused("authorization_pending")));
  const late = await plant.login();
  assert.equal(late.exitCode, 77);
  assert.match(late.stderr, /the code is good until 09:0\d\n/);
  assert.match(late.stderr, /error: failed to sign in: the code ran out before it was entered/);
  assert.match(late.stderr, /hint: run "plantpost login --device" again/);
});

const REFUSALS:
  readonly (readonly [error: string, description: string, who: string, hint: RegExp])[] = [
    ["access_denied", "no", "user", /accept the permissions/],
    [
      "authorization_declined",
      "AADSTS65004: User declined to consent",
      "user",
      /press Accept on the page/,
    ],
    ["expired_token", "AADSTS70020: This device code has expired", "user", /login --device" again/],
    [
      "bad_verification_code",
      "AADSTS70018: Invalid verification code",
      "user",
      /login --device" again/,
    ],
    [
      "invalid_grant",
      "AADSTS53003: Access has been blocked",
      "administrator",
      /without --device[^]*oauth\.flow = "app" with a certificate/,
    ],
    [
      "invalid_client",
      "AADSTS7000218: The request body must contain",
      "operator",
      /Allow public client flows = Yes/,
    ],
  ];

Deno.test("login by device tells each refusal in the provider's words, and keeps the sign-in of before", async () => {
  await using plant = await startPlant();
  assert.equal((await plant.login()).exitCode, 0);
  for (const [error, description, who, hint] of REFUSALS) {
    plant.answers.push(refused(error, description));
    const { exitCode, stderr } = await plant.login();
    assert.equal(exitCode, 77, error);
    assert.ok(
      stderr.includes(`error: failed to sign in: the provider answered ${error}: ${description}`),
      stderr,
    );
    assert.match(stderr, new RegExp(`\nwho: ${who}\n`), error);
    assert.match(stderr, hint, error);
    assert.equal(await grantOf(plant), "usable");
  }
});

Deno.test("Ctrl-C while login by device waits ends with 130 and says that nothing was stored", async () => {
  await using plant = await startPlant();
  const interruption = new AbortController();
  const reason = new Failure("interrupted", "interrupted by Ctrl-C");
  const { exitCode, stdout, stderr } = await plant.login([], {
    signal: interruption.signal,
    sleep: () => {
      interruption.abort(reason);
      return Promise.reject(reason);
    },
  });
  assert.equal(exitCode, 130);
  assert.equal(stdout, "");
  assert.match(
    stderr,
    /\nthe sign-in was not finished: nothing was stored\nerror: interrupted by Ctrl-C\n/,
  );
  assert.equal(await grantOf(plant), "missing");
});

Deno.test("reset --login --device signs in again with a new code", async () => {
  await using plant = await startPlant();
  assert.equal((await plant.login()).exitCode, 0);
  const { exitCode, stdout, stderr } = await plant.desk.run(
    ["reset", "--login", "--yes", "--device"],
    { sleep: () => Promise.resolve() },
  );
  assert.equal(exitCode, 0, stderr);
  assert.match(stdout, /^signed in as reports@example\.com/);
  assert.equal(plant.requests.filter(([path]) => path === "/device").length, 2);
  assert.equal(await grantOf(plant), "usable");
});

Deno.test("login --device is refused where the provider has no such thing, with the way out", async () => {
  await using google = await openDesk({
    profile: `[profiles.plant]
provider = "google"
user = "reports@example.com"
[profiles.plant.oauth]
client_id = "plant"`,
  });
  const refusal = await google.run(["login", "--device"]);
  assert.equal(refusal.exitCode, 64);
  assert.match(
    refusal.stderr,
    /error: --device cannot be used here: Google does not give the mail scope to devices/,
  );
  assert.match(refusal.stderr, /hint: run "plantpost login --no-browser"/);

  await using app = await openDesk({
    profile: `[profiles.plant]
provider = "microsoft365"
tenant = "contoso.com"
user = "reports@contoso.com"
[profiles.plant.oauth]
flow = "app"
client_id = "plant"`,
  });
  const person = await app.run(["login", "--device"]);
  assert.equal(person.exitCode, 64);
  assert.match(person.stderr, /--device is for a person, and oauth\.flow is "app"/);

  await using unnamed = await startPlant((origin) =>
    `authorization_endpoint = "${origin}/authorize"`
  );
  await Deno.writeTextFile(
    unnamed.desk.file,
    (await Deno.readTextFile(unnamed.desk.file)).replace('flow = "device"\n', ""),
  );
  const missing = await unnamed.login(["--device"]);
  assert.equal(missing.exitCode, 78);
  assert.match(missing.stderr, /the profile names no device endpoint/);
  assert.deepEqual(unnamed.requests, []);

  await using issuer = await startPlant((origin) => `issuer = "${origin}"`);
  issuer.metadata = { issuer: issuer.origin, token_endpoint: `${issuer.origin}/token` };
  const none = await issuer.login();
  assert.equal(none.exitCode, 76);
  assert.match(none.stderr, /names no device_authorization_endpoint/);
  assert.match(none.stderr, /login --no-browser/);
  issuer.metadata = {
    ...issuer.metadata,
    device_authorization_endpoint: `${issuer.origin}/device`,
  };
  assert.equal((await issuer.login()).exitCode, 0);
});

Deno.test("login by device sends no client secret to another host than the token endpoint's", async () => {
  await using thief = await startPlant();
  await using plant = await startPlant(() => `device_endpoint = "${thief.origin}/device"`);
  assert.equal((await plant.login()).exitCode, 0); // without a secret there is none to lose
  assert.equal((await plant.desk.run(["secret", "set"], { stdin: "very~secret" })).exitCode, 0);
  const { length } = thief.requests;
  const refusal = await plant.login();
  assert.equal(refusal.exitCode, 77);
  assert.match(refusal.stderr, /oauth\.device_endpoint is at http.*is not sent there/);
  assert.equal(thief.requests.length, length);
});
