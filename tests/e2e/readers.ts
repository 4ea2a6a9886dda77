// The message as other people's programs read it: mailparser, postal-mime and Python's `email`.

import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { simpleParser } from "mailparser";
import PostalMime from "postal-mime";

export interface ReadMessage {
  readonly subject: string;
  readonly text: string;
  readonly to: readonly string[];
  /** In the message's order; `sha256` of the decoded octets, in hexadecimal. */
  readonly attachments: readonly { readonly filename: string; readonly sha256: string }[];
}

/** The readers by name; each parses a raw message. */
export const READERS: Readonly<Record<string, (raw: Uint8Array) => Promise<ReadMessage>>> = {
  mailparser: readWithMailparser,
  "postal-mime": readWithPostalMime,
  "Python's email": readWithPython,
};

export function sha256(octets: Uint8Array | ArrayBuffer): string {
  return createHash("sha256").update(new Uint8Array(octets)).digest("hex");
}

async function readWithMailparser(raw: Uint8Array): Promise<ReadMessage> {
  const message = await simpleParser(Buffer.from(raw));
  return {
    subject: message.subject ?? "",
    text: message.text ?? "",
    to: [message.to ?? []].flat().flatMap((list) => list.value.map(({ address }) => address ?? "")),
    attachments: message.attachments.map(({ filename, content }) => ({
      filename: filename ?? "",
      sha256: sha256(content),
    })),
  };
}

async function readWithPostalMime(raw: Uint8Array): Promise<ReadMessage> {
  const message = await PostalMime.parse(new Uint8Array(raw));
  return {
    subject: message.subject ?? "",
    text: message.text ?? "",
    to: (message.to ?? []).map(({ address }) => address ?? ""),
    attachments: message.attachments.map(({ filename, content }) => ({
      filename: filename ?? "",
      sha256: sha256(typeof content === "string" ? new TextEncoder().encode(content) : content),
    })),
  };
}

const PYTHON = `
import email, email.policy, hashlib, json, sys
message = email.message_from_binary_file(sys.stdin.buffer, policy=email.policy.default)
broken = [str(defect) for part in message.walk() for defect in part.defects]
assert not broken, broken
json.dump({
    "subject": message["subject"],
    "text": message.get_body(("plain",)).get_content(),
    "to": [address.addr_spec for address in message["to"].addresses],
    "attachments": [{
        "filename": part.get_filename(),
        "sha256": hashlib.sha256(part.get_payload(decode=True)).hexdigest(),
    } for part in message.iter_attachments()],
}, sys.stdout)
`;

async function readWithPython(raw: Uint8Array): Promise<ReadMessage> {
  const child = new Deno.Command(Deno.build.os === "windows" ? "python" : "python3", {
    args: ["-I", "-c", PYTHON],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  const fed = writer.write(new Uint8Array(raw)).then(() => writer.close()).catch(() => {});
  const { success, stdout, stderr } = await child.output();
  await fed;
  if (!success) {
    throw new Error(`Python cannot read the message: ${new TextDecoder().decode(stderr)}`);
  }
  return JSON.parse(new TextDecoder().decode(stdout));
}
