// What the program tells of a mail server's certificate that nobody here trusts. Runs against the source and, with
// PLANTPOST_EXE, against the executable, whose permissions must be enough for it.

import assert from "node:assert/strict";
import { makeCertificates } from "../peers/certificates.ts";
import { freePort } from "../peers/free_port.ts";
import { Program } from "./program.ts";

Deno.test("send names the issuer of a certificate that is not trusted, and exits 76", async () => {
  await using certificates = await makeCertificates();
  await using program = await Program.create();
  const { cert, key } = certificates;
  const port = freePort();
  const listener = Deno.listenTls({ hostname: "127.0.0.1", port, cert, key });
  const open = new Set<Deno.TlsConn>();
  let octets = 0;
  const accepting = (async () => {
    for await (const conn of listener) {
      open.add(conn);
      void conn.read(new Uint8Array(100)).then((count) => octets += count ?? 0).catch(() => {});
    }
  })();
  await program.write(
    "plantpost.toml",
    `[profiles.plant]
provider = "custom"
[profiles.plant.sender]
address = "plant@example.com"
[profiles.plant.smtp]
host = "localhost"
port = ${port}
tls = "implicit"
auth = "none"
`,
  );
  const args = ["send", "--to", "anna@example.com", "--text", "x", "--json"];
  const { exitCode, stdout, stderr } = await program.run(args);
  assert.equal(exitCode, 76, stderr);
  const { error } = JSON.parse(stdout);
  assert.equal(error.code, "net.tls");
  // An executable may stand on a Deno that cannot tell the issuer (2.4); then the rest is the same.
  const isToldLess = Deno.env.get("PLANTPOST_EXE") && !error.message.includes("issued by");
  assert.match(
    error.message,
    isToldLess
      ? /comes from an authority that is not trusted here/
      : /certificate is for "localhost", issued by "plantpost sandbox authority"/,
  );
  assert.match(error.remedy, /smtp\.ca_file/);
  assert.equal(octets, 0);
  listener.close();
  await accepting;
  for (const conn of open) conn.close();
});
