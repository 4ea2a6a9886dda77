import assert from "node:assert/strict";
import { freePort } from "../peers/free_port.ts";
import { until } from "../peers/wait.ts";
import { type Desk, type DeskOptions, openDesk, type Printed } from "./desk.ts";
import { type FakeProvider, startFakeProvider } from "./fake_provider.ts";

const CLIENT_SECRET = "very~secret.Value-1_of+the/plant";

interface Plant extends AsyncDisposable {
  readonly provider: FakeProvider;
  readonly desk: Desk;
  readonly redirectUri: string;
  /** Runs `login` and lets `browse` be the browser; resolves to what was printed and shown. */
  login(args?: readonly string[], browse?: Browse): Promise<Printed & { readonly page: string }>;
}

type Browse = (url: string) => Promise<Response>;

async function startPlant(options: Partial<DeskOptions> = {}): Promise<Plant> {
  await using stack = new AsyncDisposableStack();
  const provider = stack.use(startFakeProvider());
  const redirectUri = `http://localhost:${freePort()}/back`;
  const desk = stack.use(
    await openDesk({
      profile: `[profiles.plant]
provider = "custom"
user = "reports@example.com"
[profiles.plant.oauth]
client_id = "plant"
redirect_uri = "${redirectUri}"
authorization_endpoint = "${provider.authorizationEndpoint}"
token_endpoint = "${provider.tokenEndpoint}"
[profiles.plant.smtp]
host = "127.0.0.1"`,
      ...options,
    }),
  );
  provider.nowMs = () => desk.nowMs;
  const owned = stack.move();
  return {
    provider,
    desk,
    redirectUri,
    async login(
      args = [],
      browse = (url): Promise<Response> => provider.signIn(url),
    ): ReturnType<Plant["login"]> {
      let page = Promise.resolve("");
      const printed = await desk.run(["login", ...args], {
        openBrowser: (url) => {
          page = browse(url).then((response) => response.text());
          return Promise.resolve();
        },
      });
      return { ...printed, page: await page };
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

Deno.test("login signs in, stores the grant and says so in both places", async () => {
  await using plant = await startPlant();
  const { exitCode, stdout, stderr, page } = await plant.login();
  assert.equal(exitCode, 0, stderr);
  assert.equal(stdout, 'signed in as reports@example.com for profile "plant"\n');
  assert.match(page, /Signed in/);
  assert.match(stderr, /127\.0\.0\.1:\d+\/authorize\?response_type=code/);
  const status = await plant.desk.run(["status", "--json"]);
  assert.equal(status.exitCode, 0);
  assert.deepEqual(JSON.parse(status.stdout), {
    profile: "plant",
    flow: "code",
    grant: "usable",
    account: "reports@example.com",
    accessToken: { expiresAt: "2026-11-24T09:00:00.000Z" },
    refreshToken: { issuedAt: "2026-11-24T08:00:00.000Z", lastUsedAt: "2026-11-24T08:00:00.000Z" },
    warnings: [],
  });
});

Deno.test("login shows success only after the token exchange succeeded", async () => {
  await using plant = await startPlant();
  plant.provider.answers.push(
    Response.json({
      error: "invalid_client",
      error_description:
        "AADSTS7000222: The provided client secret keys for app 'x' are expired.\r\nTrace ID: 1f\r\nCorrelation ID: 2f",
      error_codes: [7000222],
      trace_id: "1f",
      correlation_id: "2f",
    }, { status: 401, headers: { "www-authenticate": 'Basic realm="x"' } }),
  );
  const { exitCode, stderr, page } = await plant.login();
  assert.equal(exitCode, 77);
  assert.match(page, /The sign-in failed/);
  assert.match(page, /AADSTS7000222/);
  assert.match(page, /What to do/);
  assert.doesNotMatch(page, /Signed in/);
  assert.match(
    stderr,
    /error: failed to sign in: the provider answered invalid_client: AADSTS7000222: The provided client secret keys/,
  );
  assert.match(stderr, /trace 1f, correlation 2f/);
  assert.match(stderr, /\nwho: administrator\nhint: 1\. open .*New client secret/);
  assert.match(page, /Who must act: administrator\./);
  assert.match(
    page,
    /1\. open entra\.microsoft\.com[^\n]*New client secret[^\n]*\n2\. copy the Value/,
  );
  assert.equal((await plant.desk.run(["status"])).exitCode, 77);
});

Deno.test("login shows what the sign-in page answered instead of a code", async () => {
  await using plant = await startPlant();
  const { exitCode, stderr, page } = await plant.login([], (url) =>
    plant.provider.signIn(url, {
      error: "access_denied",
      error_description: "the user <b>declined</b>",
    }));
  assert.equal(exitCode, 77);
  assert.match(
    stderr,
    /error: failed to sign in: the provider answered access_denied: the user <b>declined<\/b>/,
  );
  assert.match(page, /the user &lt;b&gt;declined&lt;\/b&gt;/);
  assert.equal(plant.provider.requests.length, 0);
});

Deno.test("login ignores a request with another state and waits for the right one", async () => {
  await using plant = await startPlant();
  const { exitCode } = await plant.login([], async (url) => {
    const forged = await fetch(`${plant.redirectUri}?code=stolen&state=guessed`);
    assert.equal(forged.status, 400);
    await forged.body?.cancel();
    const elsewhere = await fetch(new URL("/favicon.ico", plant.redirectUri));
    assert.equal(elsewhere.status, 404);
    await elsewhere.body?.cancel();
    return await plant.provider.signIn(url);
  });
  assert.equal(exitCode, 0);
  assert.equal(plant.provider.requests.length, 1);
});

Deno.test("login warns when another account has signed in, and keeps the grant", async () => {
  await using plant = await startPlant();
  plant.provider.account = "admin@example.com";
  const { exitCode, stdout, stderr, page } = await plant.login(["--json"]);
  assert.equal(exitCode, 0);
  const result = JSON.parse(stdout);
  assert.equal(result.account, "admin@example.com");
  assert.equal(result.warnings[0].code, "account_mismatch");
  assert.match(
    stderr,
    /warning: admin@example.com has signed in, but the profile's user is reports@example.com/,
  );
  assert.match(page, /Warning: admin@example.com/);
});

Deno.test("login warns when there is no refresh token", async () => {
  await using plant = await startPlant();
  plant.provider.givesRefreshToken = false;
  const { exitCode, stderr } = await plant.login();
  assert.equal(exitCode, 0);
  assert.match(stderr, /warning: the provider gave no refresh token/);
});

Deno.test("login --no-browser only prints the address; --force asks the page to ask again", async () => {
  await using plant = await startPlant();
  const stop = new AbortController();
  const { exitCode, stderr } = await plant.desk.run(["login", "--no-browser", "--force"], {
    openBrowser: () => Promise.reject(new Error("must not be called")),
    signal: (queueMicrotask(() => stop.abort(new Error("enough"))), stop.signal),
  });
  assert.equal(exitCode, 70, "an abort that is no Failure is a bug");
  assert.match(stderr, /open this address in a browser on this PC:\nhttp:.*prompt=login/);
});

Deno.test("login takes the address that a browser on another PC ends on, and no other text", async () => {
  await using plant = await startPlant();
  let opened = "";
  const typed = [
    () => "",
    () => "what?",
    () => "https://login.example/elsewhere",
    () => plant.provider.redirectOf(opened, { code: "stolen", state: "guessed" }).href,
    () => ` "${plant.provider.redirectOf(opened).href}" `,
  ];
  const { exitCode, stdout, stderr } = await plant.desk.run(["login"], {
    openBrowser: (url) => Promise.resolve(void (opened = url)),
    ask: () => Promise.resolve(typed.shift()?.() ?? null),
  });
  assert.equal(exitCode, 0, stderr);
  assert.equal(stdout, 'signed in as reports@example.com for profile "plant"\n');
  assert.match(stderr, /paste the address on which it ends \(http:\/\/localhost:\d+\/back\?code=/);
  const errors = stderr.split("\n").filter((line) => line.startsWith("error: "));
  assert.deepEqual(errors.map((line) => line.slice(0, 40)), [
    "error: this is not the address on which ",
    "error: this is not the address on which ",
    "error: this address belongs to another s",
  ]);
  assert.equal(plant.provider.requests.length, 1);
  assert.deepEqual(typed, []);
  for (const secret of plant.provider.secrets) {
    assert.ok(!stderr.includes(secret), "a secret shows");
  }
});

Deno.test("login takes a pasted refusal, and the browser of this PC while nothing is pasted", async () => {
  await using plant = await startPlant();
  let opened = "";
  const refused = await plant.desk.run(["login"], {
    openBrowser: (url) => Promise.resolve(void (opened = url)),
    ask: () =>
      Promise.resolve(
        plant.provider.redirectOf(opened, {
          error: "access_denied",
          error_description: "the user declined",
        }).href,
      ),
  });
  assert.equal(refused.exitCode, 77);
  assert.match(refused.stderr, /answered access_denied: the user declined/);
  for (const nothing of [Promise.resolve(null), new Promise<null>(() => {})]) {
    let page = Promise.resolve("");
    const { exitCode, stderr } = await plant.desk.run(["login"], {
      openBrowser: (url) => {
        page = plant.provider.signIn(url).then((response) => response.text());
        return Promise.resolve();
      },
      ask: () => nothing,
    });
    assert.equal(exitCode, 0, stderr);
    assert.match(await page, /Signed in/);
  }
});

Deno.test("login tells which port is taken before a browser opens", async () => {
  await using plant = await startPlant();
  const { port } = new URL(plant.redirectUri);
  using _other = Deno.listen({ hostname: "127.0.0.1", port: Number(port) });
  const { exitCode, stderr } = await plant.login();
  assert.equal(exitCode, 73);
  assert.match(
    stderr,
    new RegExp(`error: cannot listen on port ${port} of .*: another program uses it`),
  );
  assert.match(stderr, /hint: find that program with/);
});

Deno.test("login sends a stored client secret, and no output shows it or any token", async () => {
  await using plant = await startPlant();
  const stored = await plant.desk.run(["secret", "set"], { stdin: `\uFEFF${CLIENT_SECRET}\r\n` });
  assert.equal(stored.exitCode, 0, stored.stderr);
  const printed = [stored];
  printed.push(await plant.login(["--verbose"]));
  plant.desk.nowMs += 3_600_000;
  printed.push(await plant.desk.run(["refresh", "--verbose"]));
  assert.deepEqual(printed.map(({ exitCode }) => exitCode), [0, 0, 0]);
  assert.deepEqual(
    plant.provider.requests.map((form) => form.get("client_secret")),
    [CLIENT_SECRET, CLIENT_SECRET],
  );
  const everything = JSON.stringify(printed);
  assert.match(everything, /C: POST http.*grant_type=refresh_token.*refresh_token=<redacted>/);
  for (const secret of [...plant.provider.secrets, CLIENT_SECRET]) {
    assert.ok(!everything.includes(secret), "a secret was printed");
  }
});

Deno.test("refresh and reset do what the manual's buttons do", async () => {
  await using plant = await startPlant();
  assert.equal((await plant.desk.run(["refresh"])).exitCode, 77);
  await plant.login();
  plant.desk.nowMs += 60_000;
  const refreshed = await plant.desk.run(["refresh", "--json"]);
  assert.equal(refreshed.exitCode, 0);
  assert.equal(JSON.parse(refreshed.stdout).accessToken.expiresAt, "2026-11-24T09:01:00.000Z");
  assert.equal(plant.provider.requests.at(-1)?.get("grant_type"), "refresh_token");

  assert.equal((await plant.desk.run(["reset"])).exitCode, 64, "nobody can be asked");
  assert.equal((await plant.desk.run(["reset"], { answers: ["n"] })).exitCode, 130);
  assert.equal((await plant.desk.run(["status"])).exitCode, 0);
  assert.equal((await plant.desk.run(["reset"], { answers: ["y"] })).exitCode, 0);
  assert.equal((await plant.desk.run(["status"])).exitCode, 77);
  const again = await plant.desk.run(["reset", "--yes"]);
  assert.match(again.stdout, /nothing to forget/);
});

Deno.test("reset --login --yes signs in again at once", async () => {
  await using plant = await startPlant();
  await plant.login();
  let page = Promise.resolve("");
  const { exitCode, stdout } = await plant.desk.run(["reset", "--login", "--yes"], {
    openBrowser: (url) => {
      page = plant.provider.signIn(url).then((response) => response.text());
      return Promise.resolve();
    },
  });
  assert.match(await page, /Signed in/);
  assert.equal(exitCode, 0);
  assert.match(stdout, /^signed in as/);
});

Deno.test("a refused refresh is remembered by status and healed by a login", async () => {
  await using plant = await startPlant();
  await plant.login();
  plant.provider.answers.push(
    Response.json({ error: "invalid_grant", error_description: "the grant was revoked" }, {
      status: 400,
    }),
  );
  const refused = await plant.desk.run(["refresh", "--json"]);
  assert.equal(refused.exitCode, 77);
  assert.deepEqual(JSON.parse(refused.stdout), {
    error: {
      code: "oauth.grant_expired",
      message:
        "failed to refresh the access token: the provider answered invalid_grant: the grant was revoked",
      who: "user",
      remedy: 'run "plantpost login" and sign in as reports@example.com',
      retry: "after-login",
      refusal: {
        kind: "oauth",
        status: 400,
        error: "invalid_grant",
        errorDescription: "the grant was revoked",
      },
    },
  });
  const status = await plant.desk.run(["status", "--json"]);
  assert.equal(status.exitCode, 77);
  assert.equal(JSON.parse(status.stdout).grant, "expired");
  assert.match(status.stdout, /the grant was revoked/);
  await plant.login();
  assert.equal((await plant.desk.run(["status"])).exitCode, 0);
});

Deno.test("login and secret set refuse before they ask when the profile has no use for them", async () => {
  await using desk = await openDesk({
    profile: `[profiles.plant]
provider = "custom"
[profiles.plant.sender]
address = "a@example.com"
[profiles.plant.smtp]
host = "localhost"
auth = "none"
tls = "none"`,
  });
  const { exitCode, stderr } = await desk.run(["login"]);
  assert.equal(exitCode, 78);
  assert.match(stderr, /has no oauth table/);
  assert.equal((await desk.run(["status"])).exitCode, 0, "there is nothing to sign in to");
});

Deno.test("pain 10: secret set refuses a Secret ID, an empty and a many-lined secret", async () => {
  await using plant = await startPlant();
  const guid = await plant.desk.run(["secret", "set"], {
    stdin: "12345678-90ab-cdef-1234-567890abcdef\n",
  });
  assert.equal(guid.exitCode, 64);
  assert.match(guid.stderr, /this is a Secret ID \(a GUID\), not the client secret/);
  assert.match(guid.stderr, /hint: copy the column Value/);
  assert.equal((await plant.desk.run(["secret", "set"], { stdin: "\n" })).exitCode, 64);
  assert.equal((await plant.desk.run(["secret", "set"], { stdin: "one\ntwo\n" })).exitCode, 64);
  assert.equal((await plant.desk.run(["secret", "set"], { answers: ["typed~in"] })).exitCode, 0);
  assert.equal((await plant.desk.run(["secret", "clear"])).exitCode, 0);
  assert.match((await plant.desk.run(["secret", "clear"])).stdout, /was not stored/);
  assert.equal((await plant.desk.run(["secret"])).exitCode, 64);
});

Deno.test("send to a server that is not there ends only when the refresh under way is stored", async () => {
  await using plant = await startPlant();
  await plant.login();
  plant.desk.nowMs += 3_600_000;
  const { promise: late, resolve } = Promise.withResolvers<void>();
  plant.provider.isHeldUp = late;
  const profile = await Deno.readTextFile(plant.desk.file);
  await Deno.writeTextFile(plant.desk.file, profile.replace("[vault]", "port = 9\n[vault]"));
  let isOver = false;
  const sending = plant.desk.run(["send", "--to", "a@example.com", "--text", "x", "--json"])
    .finally(() => isOver = true);
  await until(() => plant.provider.requests.length === 2, { what: "the refresh" });
  assert.equal(isOver, false);
  resolve();
  const { exitCode, stdout } = await sending;
  assert.equal(exitCode, 75, stdout);
  const status = await plant.desk.run(["status", "--json"]);
  assert.equal(JSON.parse(status.stdout).refreshToken.lastUsedAt, "2026-11-24T09:00:00.000Z");
});
