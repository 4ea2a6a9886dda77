// Dovecot, the provider and the sink together, with nodemailer as client: what the end-to-end tests
// take for granted about their peers is shown here without our own program.

import assert from "node:assert/strict";
import nodemailer from "nodemailer";
import { simpleParser } from "mailparser";
import { makeCertificates } from "./certificates.ts";
import { dovecotMissing, startDovecot } from "./dovecot.ts";
import { startOidcProvider } from "./oidc.ts";
import { startSink } from "./sink.ts";

const skipNote = dovecotMissing === undefined ? "" : ` (skipped: ${dovecotMissing})`;

Deno.test(
  `startDovecot() passes mail on for a live token and refuses a dead one${skipNote}`,
  { ignore: dovecotMissing !== undefined },
  async () => {
    await using certificates = await makeCertificates();
    await using oidc = await startOidcProvider({ clients: [MACHINE] });
    await using sink = await startSink();
    await using dovecot = await startDovecot({
      certificates,
      introspectionUrl: oidc.introspectionEndpoint,
      ...oidc.resourceServer,
      relayHost: sink.host,
      relayPort: sink.port,
    });
    const accessToken = await oidc.issueAccessToken("reports@example.com");
    const submit = async (): Promise<string> => {
      const transport = nodemailer.createTransport({
        host: dovecot.host,
        port: dovecot.port,
        requireTLS: true,
        tls: { ca: certificates.ca },
        auth: { type: "OAUTH2", user: "reports@example.com", accessToken },
      });
      try {
        const { response } = await transport.sendMail({
          from: "reports@example.com",
          to: "boiler@example.com",
          subject: "Kessel №3",
          text: "x".repeat(3_000_000),
        });
        return response;
      } finally {
        transport.close();
      }
    };
    assert.match(
      await submit().catch(async (error) => `${error} ${await dovecot.log()}`),
      /^250 /u,
    );
    const [message] = await sink.untilMessages(1);
    assert.ok(message);
    assert.equal(message.reversePath, "reports@example.com");
    assert.deepEqual(message.recipients, ["boiler@example.com"]);
    const parsed = await simpleParser(new TextDecoder().decode(message.raw));
    assert.equal(parsed.subject, "Kessel №3");
    assert.equal(parsed.text?.trim().length, 3_000_000);

    oidc.endAccessTokens();
    await assert.rejects(submit, { code: "EAUTH", responseCode: 535 });
    assert.equal(sink.messageCount, 1);
  },
);

const MACHINE = {
  client_id: "plant",
  redirect_uris: ["http://127.0.0.1:3017/"],
  token_endpoint_auth_method: "none",
} as const;
