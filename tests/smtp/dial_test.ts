// The first connection to any address of a host, with a dialer of the test's own: who is tried when, who wins, who is
// closed, and what the failure names.

import assert from "node:assert/strict";
import { dial, type Dialer } from "../../src/smtp/dial.ts";
import { denoNetwork } from "../../src/smtp/network.ts";
import { until } from "../peers/wait.ts";

interface Scene {
  readonly dialer: Dialer<Conn>;
  /** Addresses in the order of the attempts. */
  readonly tried: string[];
  readonly open: Set<string>;
  /** Attempts that were told to give up. */
  readonly givenUp: Set<string>;
  readonly asked: string[];
}

interface Conn {
  readonly address: string;
  close(): void;
}

/** What becomes of an attempt: it connects, connects when told, fails, or hangs. */
type Fate = "connects" | "hangs" | Promise<void> | Error;

function scene(
  fates: Readonly<Record<string, Fate>>,
  addresses: { readonly A?: readonly string[]; readonly AAAA?: readonly string[] } = {},
): Scene {
  const tried: string[] = [];
  const asked: string[] = [];
  const open = new Set<string>();
  const givenUp = new Set<string>();
  const dialer: Dialer<Conn> = {
    connect: async ({ host, signal }) => {
      tried.push(host);
      const fate = fates[host];
      const aborted = Promise.withResolvers<never>();
      aborted.promise.catch(() => {});
      signal.addEventListener("abort", () => {
        givenUp.add(host);
        aborted.reject(signal.reason);
      });
      if (fate instanceof Error) throw fate;
      if (fate === "hangs") await aborted.promise;
      // A late one connects though it was told to give up, as a runtime may.
      if (fate instanceof Promise) await fate;
      open.add(host);
      return { address: host, close: () => void open.delete(host) };
    },
    resolve: async (host, { family }) => {
      await Promise.resolve();
      asked.push(`${host} ${family}`);
      const found = addresses[family];
      if (found === undefined) throw new Deno.errors.NotFound("no records found");
      return found;
    },
  };
  return { dialer, tried, open, givenUp, asked };
}

const REFUSED = new Deno.errors.ConnectionRefused("Connection refused (os error 111)");
const PLACE = { host: "smtp.example.com", port: 587, signal: new AbortController().signal };

Deno.test("dial() looks nothing up where the first attempt connects, nor for an address", async () => {
  const usual = scene({ "smtp.example.com": "connects" });
  assert.equal((await dial(PLACE, usual.dialer)).address, "smtp.example.com");
  assert.deepEqual([usual.tried, usual.asked], [["smtp.example.com"], []]);
  for (const host of ["192.0.2.1", "2001:db8::1"]) {
    const literal = scene({ [host]: REFUSED });
    await assert.rejects(dial({ ...PLACE, host }, literal.dialer), REFUSED);
    assert.deepEqual([literal.tried, literal.asked], [[host], []]);
  }
});

Deno.test("dial() takes the other family where the first attempt hangs, and gives that one up", async () => {
  const { dialer, tried, givenUp, open } = scene(
    { "smtp.example.com": "hangs", "192.0.2.1": "connects" },
    { A: ["192.0.2.1"], AAAA: ["2001:db8::1"] },
  );
  const begun = performance.now();
  const conn = await dial(PLACE, dialer);
  assert.equal(conn.address, "192.0.2.1");
  assert.ok(performance.now() - begun > 250, "the first attempt has its time alone");
  assert.deepEqual(tried, ["smtp.example.com", "192.0.2.1"]);
  await until(() => givenUp.has("smtp.example.com"), { what: "the end of the first attempt" });
  assert.deepEqual([...open], ["192.0.2.1"]);
});

Deno.test("dial() goes on at once where the first attempt fails, through both families in turn", async () => {
  const { dialer, tried } = scene({
    "smtp.example.com": REFUSED,
    "192.0.2.1": REFUSED,
    "192.0.2.2": REFUSED,
    "2001:db8::1": REFUSED,
    "2001:db8::2": "connects",
  }, { A: ["192.0.2.1", "192.0.2.2"], AAAA: ["2001:db8::1", "2001:db8::2"] });
  assert.equal((await dial(PLACE, dialer)).address, "2001:db8::2");
  assert.deepEqual(tried.slice(1), ["192.0.2.1", "2001:db8::1", "192.0.2.2", "2001:db8::2"]);
});

Deno.test("dial() closes what connects after another has won", async () => {
  const late = Promise.withResolvers<void>();
  const { dialer, open } = scene(
    { "smtp.example.com": late.promise, "192.0.2.1": "connects" },
    { A: ["192.0.2.1"], AAAA: ["2001:db8::1"] },
  );
  assert.equal((await dial(PLACE, dialer)).address, "192.0.2.1");
  late.resolve();
  await until(() => open.size === 1, { what: "the end of the late connection" });
  assert.deepEqual([...open], ["192.0.2.1"]);
});

Deno.test("dial() lets a slow first attempt to a host of one address win", async () => {
  const late = Promise.withResolvers<void>();
  const { dialer, tried, asked } = scene(
    { "smtp.example.com": late.promise },
    { A: ["192.0.2.1"] },
  );
  const dialing = dial(PLACE, dialer);
  await until(() => asked.length === 2, { what: "the look-up" });
  late.resolve();
  assert.equal((await dialing).address, "smtp.example.com");
  assert.deepEqual(tried, ["smtp.example.com"]);
});

Deno.test("dial() names each address and why it failed", async () => {
  const both = scene(
    {
      "smtp.example.com": REFUSED,
      "192.0.2.1": REFUSED,
      "2001:db8::1": new Error("Network is unreachable."),
    },
    { A: ["192.0.2.1"], AAAA: ["2001:db8::1"] },
  );
  await assert.rejects(dial(PLACE, both.dialer), {
    message: "192.0.2.1: Connection refused (os error 111); 2001:db8::1: Network is unreachable",
  });
  const one = scene({ "smtp.example.com": REFUSED }, { A: ["192.0.2.1"] });
  await assert.rejects(dial(PLACE, one.dialer), {
    message: "192.0.2.1: Connection refused (os error 111)",
  });
  assert.deepEqual(one.tried, ["smtp.example.com"], "one address is tried once");
  const none = scene({ "smtp.example.com": REFUSED });
  await assert.rejects(dial(PLACE, none.dialer), REFUSED);
});

Deno.test("dial() does not ask again for a name that is not known, and ends with its signal", async () => {
  const unknown = new Error("failed to lookup address information: Name or service not known");
  const { dialer, asked } = scene({ "smtp.example.com": unknown }, { A: ["192.0.2.1"] });
  await assert.rejects(dial(PLACE, dialer), unknown);
  assert.deepEqual(asked, []);
  const controller = new AbortController();
  const hanging = scene({ "smtp.example.com": "hangs" });
  const dialing = dial({ ...PLACE, signal: controller.signal }, hanging.dialer);
  const reason = new Error("stop");
  controller.abort(reason);
  await assert.rejects(dialing, reason);
});

Deno.test("denoNetwork() reaches a server on ::1 alone under the name localhost", async () => {
  using listener = Deno.listen({ hostname: "::1", port: 0 });
  const { port } = listener.addr;
  const accepted = listener.accept();
  const stream = await denoNetwork().connect({ ...PLACE, host: "localhost", port });
  (await accepted).close();
  assert.equal(stream.localAddress, "::1");
  stream.close();
});
