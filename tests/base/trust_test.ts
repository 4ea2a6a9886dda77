import assert from "node:assert/strict";
import { readCertificates } from "../../src/base/trust.ts";
import { Failure } from "../../src/base/failure.ts";

const PEM = (body: string): string =>
  `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----`;

Deno.test("readCertificates() takes the certificates out of whatever stands around them", async () => {
  const text = `subject=Plant Root\r\n${PEM("AAAA")}\r\n\r\n# the second\n${PEM("BBBB")}\n`;
  await withFile(text, async (path) => {
    assert.deepEqual(await readCertificates(path), [PEM("AAAA"), PEM("BBBB")]);
  });
});

Deno.test("readCertificates() says what to export when a file holds none", async () => {
  const key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
  for (const text of ["", "\x30\x82\x01\x00", key, "-----BEGIN CERTIFICATE-----\nAAAA"]) {
    await withFile(text, async (path) => {
      await assert.rejects(readCertificates(path), (failure) => {
        assert.ok(failure instanceof Failure);
        assert.equal(failure.code, "profile.invalid");
        assert.match(failure.message, /^smtp\.ca_file: .* holds no certificate in PEM form$/);
        assert.match(failure.remedy ?? "", /Base-64/);
        return true;
      });
    });
  }
});

Deno.test("readCertificates() names a file that it cannot read", async () => {
  await withFile("", async (path) => {
    await assert.rejects(readCertificates(`${path}.none`), (failure) => {
      assert.ok(failure instanceof Failure);
      assert.equal(failure.code, "profile.invalid");
      assert.match(failure.message, /cannot read .*\.none: .*os error 2/);
      return true;
    });
  });
});

Deno.test("trustSystemRoots() sets the variable unless somebody has set it", async () => {
  const module = new URL("../../src/base/trust.ts", import.meta.url).href;
  const script = `import { trustSystemRoots } from ${JSON.stringify(module)};
    trustSystemRoots();
    console.log(Deno.env.get("DENO_TLS_CA_STORE"));`;
  for (const [set, wanted] of [[undefined, "system,mozilla"], ["mozilla", "mozilla"]] as const) {
    const { DENO_TLS_CA_STORE: _inherited, ...rest } = Deno.env.toObject();
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", "--no-check", script],
      env: set === undefined ? rest : { ...rest, DENO_TLS_CA_STORE: set },
      clearEnv: true,
    }).output();
    const said = new TextDecoder().decode(stdout).trim();
    assert.equal(said, wanted, new TextDecoder().decode(stderr));
  }
});

async function withFile(text: string, body: (path: string) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempFile({ suffix: ".pem" });
  try {
    await Deno.writeTextFile(path, text);
    await body(path);
  } finally {
    await Deno.remove(path);
  }
}
