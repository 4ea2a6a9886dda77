import assert from "node:assert/strict";
import { Failure } from "../../src/base/failure.ts";
import { KEYS } from "../../src/profile/keys.ts";
import { parseSettings, selectProfile } from "../../src/profile/parse.ts";
import type { Profile, Settings } from "../../src/profile/profile.ts";

const EVERYTHING = `
default_profile = "plant"
data_dir = "state"
[profiles.plant]
label = "Reports"
provider = "microsoft365"
tenant = "contoso.onmicrosoft.com"
user = "reports@contoso.com"
[profiles.plant.sender]
name = "Plant Admin"
address = "alarms@contoso.com"
[profiles.plant.oauth]
flow = "device"
client_id = "app"
redirect_uri = "http://127.0.0.1:3018/back"
client_auth = "basic"
client_secret_file = "../secret.txt"
client_secret_expires = 2027-05-01
authorization_endpoint = "https://a.example/a"
token_endpoint = "http://localhost:9/t"
device_endpoint = "https://a.example/d"
proxy = "http://anna:pw@proxy:8080"
issuer = "https://a.example"
scope = "https://outlook.office.com/SMTP.Send"
[profiles.plant.smtp]
host = "mail.contoso.com"
port = 2587
tls = "starttls"
auth = "oauthbearer"
initial_response = "never"
chunking = "never"
ca_file = "plant-ca.pem"
proxy = "socks5://proxy:1080"
timeout = "1m"
allow_cleartext = true
[profiles.plant.send]
transport = "auto"
[profiles.plant.limits]
messages_per_minute = 10
connections = 1
[vault]
key = "dpapi-user"
key_file = "/keys/vault.key"
accounts = ['CONTOSO\\svc-plant']
group = "plant"
[outbox]
retry_for = "1d"
history_for = "2d"
max_size = "1GB"
[relay]
listen = ["0.0.0.0:25", "[::1]:2525"]
allow = ["192.168.0.0/16", "fd00::/8", "10.1.2.3"]
allow_anonymous = true
from = { "scada@plant" = "reports@contoso.com" }
max_message = "10MB"
tls_cert_file = "relay.pem"
tls_key_file = "relay-key.pem"
metrics = "127.0.0.1:9125"
[log]
file = "log/pp.log"
level = "debug"
max_size = "1MB"
keep = 0
[groups]
operators = ["anna@contoso.com", "bo@contoso.com"]
"night.shift" = ["cy@contoso.com"]
[sms.gateways]
verizon = "vtext.com"
`;

const CUSTOM = `
[profiles.a]
provider = "custom"
user = "a@plant.example"
[profiles.a.oauth]
client_id = "x"
authorization_endpoint = "https://a.example/a"
token_endpoint = "https://a.example/t"
[profiles.a.smtp]
host = "mail.plant.example"
`;

Deno.test("parseSettings() reads every key", () => {
  const settings = read(EVERYTHING);
  assert.deepEqual(settings.profiles.get("plant"), {
    name: "plant",
    label: "Reports",
    provider: "microsoft365",
    tenant: "contoso.onmicrosoft.com",
    user: "reports@contoso.com",
    sender: { name: "Plant Admin", address: "alarms@contoso.com" },
    oauth: {
      flow: "device",
      clientId: "app",
      redirectUri: "http://127.0.0.1:3018/back",
      clientAuth: "basic",
      clientSecret: { from: "file", path: "/etc/secret.txt" },
      clientSecretExpires: "2027-05-01",
      authorizationEndpoint: "https://a.example/a",
      tokenEndpoint: "http://localhost:9/t",
      deviceEndpoint: "https://a.example/d",
      proxy: "http://anna:pw@proxy:8080",
      scope: "https://outlook.office.com/SMTP.Send",
      authorizationExtras: { prompt: "select_account", login_hint: "reports@contoso.com" },
    },
    smtp: {
      host: "mail.contoso.com",
      port: 2587,
      tls: "starttls",
      auth: "oauthbearer",
      initialResponse: "never",
      chunking: "never",
      caFile: "/etc/plantpost/plant-ca.pem",
      proxy: "socks5://proxy:1080",
      timeoutMs: 60_000,
      allowCleartext: true,
    },
    transport: "auto",
    limits: { messagesPerMinute: 10, connections: 1 },
  });
  const { profiles: _, warnings: __, ...rest } = settings;
  assert.deepEqual(rest, {
    file: "/etc/plantpost/plantpost.toml",
    defaultProfile: "plant",
    dataDir: "/etc/plantpost/state",
    vault: {
      key: "dpapi-user",
      keyFile: "/keys/vault.key",
      accounts: ["CONTOSO\\svc-plant"],
      group: "plant",
    },
    outbox: { retryForMs: 86_400_000, historyForMs: 172_800_000, maxBytes: 1_000_000_000 },
    relay: {
      listen: ["0.0.0.0:25", "[::1]:2525"],
      allow: ["192.168.0.0/16", "fd00::/8", "10.1.2.3"],
      allowAnonymous: true,
      from: { "scada@plant": "reports@contoso.com" },
      maxMessageBytes: 10_000_000,
      tlsCertFile: "/etc/plantpost/relay.pem",
      tlsKeyFile: "/etc/plantpost/relay-key.pem",
      metrics: "127.0.0.1:9125",
    },
    log: { file: "/etc/plantpost/log/pp.log", level: "debug", maxBytes: 1_000_000, keep: 0 },
    groups: new Map([
      ["operators", ["anna@contoso.com", "bo@contoso.com"]],
      ["night.shift", ["cy@contoso.com"]],
    ]),
    smsGateways: new Map([["verizon", "vtext.com"]]),
  });
});

Deno.test("parseSettings() warns of each key this release does not use, and of no other", () => {
  const warned = read(EVERYTHING).warnings.map((line) => {
    assert.match(line, /^plantpost\.toml: .*is accepted but not used by this release$/);
    return line.split(": ")[1];
  });
  const unbuilt = KEYS.filter((key) => "built" in key).map((key) => key.path.replace("*", "plant"))
    .map((path) => path.replace("gateways.plant", "gateways.verizon"));
  const byValue = ["profiles.plant.send.transport"];
  assert.deepEqual([...warned].sort(), [...unbuilt, ...byValue].sort());
  assert.ok(
    read(EVERYTHING).warnings.includes(
      'plantpost.toml: profiles.plant.send.transport: "auto" is accepted but not used by this release',
    ),
  );
});

Deno.test("parseSettings() takes the secret from where the file says", () => {
  const source = (line: string): unknown =>
    only(CUSTOM.replace('client_id = "x"', `client_id = "x"\n${line}`)).oauth?.clientSecret;
  assert.deepEqual(source(""), { from: "vault" });
  assert.deepEqual(source('client_secret_env = "S"'), { from: "env", name: "S" });
  assert.deepEqual(source('client_secret = "a~b"'), { from: "profile", value: "a~b" });
  assert.throws(
    () => source('client_secret = "6f8a1c52-0b1e-4b62-9a57-2f1d0c9e7b33"'),
    /must be the Value of the client secret and not its Secret ID/,
  );
});

Deno.test("parseSettings() fills in what the provider says", () => {
  const read = (provider: string): Profile =>
    only(`[profiles.a]\nprovider = "${provider}"\ntenant = "t.example"\nuser = "a@x.example"
[profiles.a.oauth]\nclient_id = "x"`);
  const rows = [
    [
      "microsoft365",
      "smtp.office365.com",
      "https://login.microsoftonline.com/t.example/",
      "https://outlook.office.com/SMTP.Send",
    ],
    [
      "microsoft365-gcc-high",
      "smtp.office365.us",
      "https://login.microsoftonline.us/t.example/",
      "https://outlook.office365.us/SMTP.Send",
    ],
    [
      "microsoft365-dod",
      "outlook-dod.office365.us",
      "https://login.microsoftonline.us/t.example/",
      "https://outlook.office365.us/SMTP.Send",
    ],
    [
      "microsoft365-china",
      "smtp.partner.outlook.cn",
      "https://login.partner.microsoftonline.cn/t.example/",
      "https://partner.outlook.cn/SMTP.Send",
    ],
    [
      "outlook",
      "smtp-mail.outlook.com",
      "https://login.microsoftonline.com/t.example/",
      "https://outlook.office.com/SMTP.Send",
    ],
  ] as const;
  for (const [provider, host, login, scope] of rows) {
    const { smtp, oauth, limits } = read(provider);
    assert.deepEqual([smtp.host, smtp.port, smtp.tls], [host, 587, "starttls"]);
    assert.equal(oauth?.authorizationEndpoint, `${login}oauth2/v2.0/authorize`);
    assert.equal(oauth?.tokenEndpoint, `${login}oauth2/v2.0/token`);
    assert.equal(oauth?.deviceEndpoint, `${login}oauth2/v2.0/devicecode`);
    assert.equal(oauth?.scope, `${scope} offline_access openid profile`);
    assert.deepEqual(limits, { messagesPerMinute: 30, connections: 3 });
  }
  const google = read("google");
  assert.equal(google.oauth?.scope, "https://mail.google.com/ openid email");
  assert.deepEqual(google.oauth?.authorizationExtras, {
    access_type: "offline",
    prompt: "consent",
    login_hint: "a@x.example",
  });
  const yahoo = read("yahoo");
  assert.deepEqual([yahoo.smtp.port, yahoo.smtp.tls], [465, "implicit"]);
  assert.deepEqual(yahoo.oauth?.authorizationExtras, {});
});

Deno.test("parseSettings() needs no tenant for outlook, nor beside both endpoints", () => {
  const outlook = only(`[profiles.a]\nprovider = "outlook"\nuser = "a@outlook.com"
[profiles.a.oauth]\nclient_id = "x"`);
  assert.match(outlook.oauth?.tokenEndpoint ?? "", /\/consumers\/oauth2\/v2\.0\/token$/);
  const both = only(CUSTOM.replace('"custom"', '"microsoft365"'));
  assert.equal(both.oauth?.tokenEndpoint, "https://a.example/t");
  assert.equal(both.oauth?.deviceEndpoint, undefined);
  assert.equal(both.tenant, undefined);
});

Deno.test("parseSettings() asks flow device for its own endpoints and no sign-in page", () => {
  const device = CUSTOM.replace("[profiles.a.oauth]", '[profiles.a.oauth]\nflow = "device"')
    .replace("authorization_endpoint", "device_endpoint");
  const { oauth } = only(device);
  assert.equal(oauth?.authorizationEndpoint, undefined);
  assert.ok(oauth?.deviceEndpoint !== undefined && oauth.tokenEndpoint === "https://a.example/t");
  const both = only(device.replace('"custom"', '"microsoft365"'));
  assert.equal(both.tenant, undefined);
});

Deno.test("parseSettings() gives custom no extras but consent for offline_access", () => {
  const { oauth } = only(CUSTOM);
  assert.equal(oauth?.scope, "openid profile offline_access");
  assert.deepEqual(oauth?.authorizationExtras, { prompt: "consent" });
  const plain = only(CUSTOM.replace('client_id = "x"', 'client_id = "x"\nscope = "smtp"'));
  assert.deepEqual(plain.oauth?.authorizationExtras, {});
});

Deno.test("parseSettings() derives port from tls and tls from port", () => {
  const smtp = (lines: string, text = CUSTOM): unknown[] => {
    const profile = only(`${text}${lines}`);
    return [profile.smtp.port, profile.smtp.tls];
  };
  assert.deepEqual(smtp(""), [587, "starttls"]);
  assert.deepEqual(smtp("port = 465"), [465, "implicit"]);
  assert.deepEqual(smtp('tls = "implicit"'), [465, "implicit"]);
  assert.deepEqual(smtp('tls = "implicit"\nport = 8465'), [8465, "implicit"]);
  assert.deepEqual(smtp("port = 25"), [25, "starttls"]);
  const yahoo = '[profiles.a]\nprovider = "yahoo"\nuser = "a@yahoo.com"\noauth.client_id = "x"\n' +
    "[profiles.a.smtp]\n";
  assert.deepEqual(smtp("", yahoo), [465, "implicit"]);
  assert.deepEqual(smtp("port = 587", yahoo), [587, "starttls"]);
  assert.deepEqual(smtp('tls = "starttls"', yahoo), [587, "starttls"]);
});

Deno.test("parseSettings() permits cleartext to this PC, and elsewhere without sign-in", () => {
  for (const host of ["localhost", "mail.localhost", "127.0.0.1", "127.9.8.7", "::1", "[::1]"]) {
    const profile = only(`${CUSTOM.replace("mail.plant.example", host)}tls = "none"`);
    assert.equal(profile.smtp.tls, "none");
    assert.equal(profile.smtp.host, host.replace(/[[\]]/g, ""));
  }
  const open = only(`${CUSTOM}tls = "none"\nauth = "none"\nallow_cleartext = true`);
  assert.equal(open.smtp.auth, "none");
  for (const host of ["127.0.0.1.example", "localhost.example", "128.0.0.1", "::2"]) {
    const text = `${CUSTOM.replace("mail.plant.example", host)}tls = "none"`;
    assert.throws(() => read(text), Failure, host);
  }
});

Deno.test("parseSettings() wants no OAuth for password and none", () => {
  const password = only(`[profiles.a]\nprovider = "custom"\nuser = "plant"
sender.address = "a@x.example"\nsmtp.host = "mail.x.example"\nsmtp.auth = "password"`);
  assert.equal(password.oauth, undefined);
  assert.equal(password.user, "plant");
  const none = only(`[profiles.a]\nprovider = "microsoft365"\nsender.address = "a@x.example"
smtp.auth = "none"`);
  assert.equal(none.user, "");
  assert.equal(none.oauth, undefined);
});

Deno.test("pain 7: parseSettings() takes redirect URIs on this PC as they are registered", () => {
  for (
    const uri of [
      "http://localhost",
      "http://localhost/",
      "http://localhost:3017",
      "http://127.0.0.1:1/Path/x",
      "http://[::1]:65535/",
    ]
  ) {
    const text = CUSTOM.replace('client_id = "x"', `client_id = "x"\nredirect_uri = "${uri}"`);
    assert.equal(only(text).oauth?.redirectUri, uri);
  }
});

Deno.test("parseSettings() resolves paths from the folder of the file on Windows", () => {
  const text = `data_dir = 'D:\\state'\n${CUSTOM}ca_file = 'ca\\plant.pem'`;
  const options = { file: "C:\\plant\\plantpost.toml", platform: "windows" } as const;
  const settings = parseSettings(text.replaceAll("\n", "\r\n"), options);
  assert.equal(settings.dataDir, "D:\\state");
  assert.equal(settings.log.file, "D:\\state\\plantpost.log");
  assert.equal(selectProfile(settings).smtp.caFile, "C:\\plant\\ca\\plant.pem");
});

Deno.test("parseSettings() is not fooled by names of object properties", () => {
  assert.throws(() => read(`__proto__ = 1\nconstructor = 2\n${CUSTOM}`), /constructor.*known key/);
  const odd = read(CUSTOM.replaceAll("profiles.a", "profiles.__proto__"));
  assert.deepEqual([...odd.profiles.keys()], ["__proto__"]);
});

Deno.test("selectProfile() takes the name, else the default, else the only one", () => {
  const two = CUSTOM + CUSTOM.replaceAll("profiles.a", "profiles.line2");
  assert.equal(selectProfile(read(CUSTOM)).name, "a");
  assert.equal(selectProfile(read(two), "line2").name, "line2");
  assert.equal(selectProfile(read(`default_profile = "line2"\n${two}`)).name, "line2");
  assert.equal(selectProfile(read(`default_profile = "line2"\n${two}`), "a").name, "a");
});

Deno.test("selectProfile() lists the names when none is chosen or the name is wrong", () => {
  const settings = read(CUSTOM + CUSTOM.replaceAll("profiles.a", "profiles.line2"));
  assert.throws(() => selectProfile(settings), {
    code: "usage.invalid",
    message: "/etc/plantpost/plantpost.toml has several profiles: a, line2",
  });
  assert.throws(() => selectProfile(settings, "lien2"), {
    code: "usage.invalid",
    message: '/etc/plantpost/plantpost.toml has no profile "lien2", it has: a, line2',
    remedy: "use --profile line2",
  });
});

function read(text: string): Settings {
  return parseSettings(text, { file: "/etc/plantpost/plantpost.toml", platform: "linux" });
}

function only(text: string): Profile {
  return selectProfile(read(text));
}

Deno.test("parseSettings() takes the last days that a month really has, and dates that are no values", () => {
  const withExpiry = (line: string): string | undefined =>
    parseSettings(
      `[profiles.plant]
provider = "microsoft365"
label = "not = 2027-02-30" # nor = 2027-02-30
tenant = "contoso.onmicrosoft.com"
user = "reports@contoso.com"
[profiles.plant.oauth]
client_id = "00000000-0000-0000-0000-000000000000"
${line}
`,
      { file: "/etc/plantpost.toml", platform: "linux" },
    ).profiles.get("plant")?.oauth?.clientSecretExpires;
  for (const day of ["2027-02-28", "2028-02-29", "2027-12-31"]) {
    assert.equal(withExpiry(`client_secret_expires = ${day}`), day);
  }
  for (const day of ["2027-02-29", "2027-02-30", "2027-04-31"]) {
    assert.throws(
      () => withExpiry(`client_secret_expires=${day} # ${day}`),
      (failure) => failure instanceof Failure && failure.message.includes(`found: ${day}, which`),
    );
  }
});
