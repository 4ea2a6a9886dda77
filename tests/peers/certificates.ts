// A certificate authority and one server certificate below it, made by openssl. Deno's TLS refuses an
// authority used as server certificate (RFC 5280 §4.2.1.9), so a self-signed one would not do. The
// certificate names localhost, 127.0.0.1 and ::1 and is good for a day.

export interface TestCertificates {
  /** What a profile names as `ca_file`. */
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  [Symbol.asyncDispose](): Promise<void>;
}

/** The reason why no certificates can be made here, or undefined. */
export const opensslMissing: string | undefined = missing();

/** Makes both in a temporary folder, which goes away with the value. */
export async function makeCertificates(): Promise<TestCertificates> {
  const folder = await Deno.makeTempDir({ prefix: "plantpost-ca-" });
  const path = (name: string): string => `${folder}/${name}`;
  await Deno.writeTextFile(path("ca.cnf"), AUTHORITY);
  await Deno.writeTextFile(path("leaf.cnf"), LEAF);
  for (const name of ["ca.key", "leaf.key"]) {
    await openssl(["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", path(name)]);
  }
  await openssl([
    ...["req", "-x509", "-new", "-key", path("ca.key"), "-out", path("ca.pem")],
    ...["-config", path("ca.cnf"), "-days", "1"],
  ]);
  await openssl([
    ...["req", "-new", "-key", path("leaf.key"), "-out", path("leaf.csr")],
    ...["-config", path("leaf.cnf")],
  ]);
  await openssl([
    ...["x509", "-req", "-in", path("leaf.csr"), "-out", path("leaf.pem"), "-days", "1"],
    ...["-CA", path("ca.pem"), "-CAkey", path("ca.key"), "-set_serial", "2"],
    ...["-extfile", path("leaf.cnf"), "-extensions", "server"],
  ]);
  return {
    caFile: path("ca.pem"),
    certFile: path("leaf.pem"),
    keyFile: path("leaf.key"),
    ca: await Deno.readTextFile(path("ca.pem")),
    cert: await Deno.readTextFile(path("leaf.pem")),
    key: await Deno.readTextFile(path("leaf.key")),
    async [Symbol.asyncDispose](): Promise<void> {
      await Deno.remove(folder, { recursive: true });
    },
  };
}

const AUTHORITY = `[req]
distinguished_name = name
x509_extensions = authority
prompt = no
[name]
CN = plantpost test authority
[authority]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
`;

const LEAF = `[req]
distinguished_name = name
prompt = no
[name]
CN = localhost
[server]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = DNS:localhost, IP:127.0.0.1, IP:::1
`;

async function openssl(args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("openssl", { args: [...args] }).output();
  if (!success) {
    throw new Error(`openssl ${args[0]} failed: ${new TextDecoder().decode(stderr)}`);
  }
}

function missing(): string | undefined {
  try {
    return new Deno.Command("openssl", { args: ["version"] }).outputSync().success
      ? undefined
      : "openssl does not run";
  } catch {
    return "openssl is not installed";
  }
}
