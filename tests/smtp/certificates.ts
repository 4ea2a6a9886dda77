// An authority and a server certificate made by openssl for one test. Deno's TLS refuses an authority that is
// itself used as server certificate, so there are two.

export interface Certificates {
  readonly caCert: string;
  readonly cert: string;
  readonly key: string;
}

/** Whether openssl can be run here. */
export function hasOpenssl(): boolean {
  try {
    return new Deno.Command("openssl", { args: ["version"] }).outputSync().success;
  } catch {
    return false;
  }
}

/** Makes a certificate for `localhost` that is valid for a day. */
export async function makeCertificates(name = "localhost"): Promise<Certificates> {
  const folder = await Deno.makeTempDir({ prefix: "plantpost-test-" });
  const at = (file: string): string => `${folder}/${file}`;
  const run = async (args: readonly string[]): Promise<void> => {
    const { success, stderr } = await new Deno.Command("openssl", { args: [...args] }).output();
    if (!success) throw new Error(`openssl ${args[0]}: ${new TextDecoder().decode(stderr)}`);
  };
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  try {
    await Deno.writeTextFile(
      at("ca.cnf"),
      "[req]\ndistinguished_name=dn\nx509_extensions=ca\n[dn]\n[ca]\nbasicConstraints=critical,CA:TRUE\n" +
        "keyUsage=critical,keyCertSign\n",
    );
    await Deno.writeTextFile(
      at("leaf.cnf"),
      `basicConstraints=CA:FALSE\nsubjectAltName=DNS:${name}\nextendedKeyUsage=serverAuth\n`,
    );
    const ca = ["-subj", "/CN=plantpost test authority", "-days", "1", "-config", at("ca.cnf")];
    await run(["req", "-x509", ...newKey, ...ca, "-keyout", at("ca.key"), "-out", at("ca.pem")]);
    const leaf = ["-subj", `/CN=${name}`, "-config", at("ca.cnf")];
    await run(["req", ...newKey, ...leaf, "-keyout", at("leaf.key"), "-out", at("leaf.csr")]);
    const signer = ["-CA", at("ca.pem"), "-CAkey", at("ca.key"), "-CAcreateserial", "-days", "1"];
    const request = ["-req", "-in", at("leaf.csr"), "-extfile", at("leaf.cnf")];
    await run(["x509", ...request, ...signer, "-out", at("leaf.pem")]);
    return {
      caCert: await Deno.readTextFile(at("ca.pem")),
      cert: await Deno.readTextFile(at("leaf.pem")),
      key: await Deno.readTextFile(at("leaf.key")),
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
