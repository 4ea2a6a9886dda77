// A company's certificate authority that only the operating system knows is trusted for mail, beside the built-in
// ones, without a flag or a key in the profile; also by the executable.

import assert from "node:assert/strict";
import { makeCertificates } from "../peers/certificates.ts";
import { trustRoot } from "../peers/root_store.ts";
import { startSink } from "../peers/sink.ts";
import { type Outcome, Program } from "./program.ts";

// macOS keeps its own in a keychain, which only a person may add to.
Deno.test("the roots of the operating system are trusted", {
  ignore: Deno.build.os === "darwin",
}, async () => {
  await using certificates = await makeCertificates();
  await using sink = await startSink({ certificates });
  await using program = await Program.create();
  await program.write(
    "plantpost.toml",
    `[profiles.plant]
provider = "custom"
[profiles.plant.sender]
address = "reports@example.com"
[profiles.plant.smtp]
host = "localhost"
port = ${sink.port}
auth = "none"
`,
  );
  const send = (env: Readonly<Record<string, string>> = {}): Promise<Outcome> =>
    program.run(["send", "--to", "anna@example.com", "--text", "hello", "--json"], { env });

  const unknown = await send();
  assert.equal(unknown.exitCode, 76, unknown.stdout);
  assert.match(unknown.stdout, /authority that is not trusted here/);
  assert.equal(sink.messageCount, 0);

  using root = Deno.build.os === "windows" ? trustRoot(certificates.ca) : undefined;
  assert.ok(Deno.build.os !== "windows" || root !== undefined, "not an administrator");
  // Where OpenSSL's variable is not set, Linux has a file of the distribution, which no test should write to.
  const known = await send(Deno.build.os === "linux" ? { SSL_CERT_FILE: certificates.caFile } : {});
  assert.equal(known.exitCode, 0, known.stdout);
  assert.equal(sink.messageCount, 1);
});
