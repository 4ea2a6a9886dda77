// Python's `email` as a reader of messages: one process for as many as a test has. The invariant: results come in the
// order of the messages, and the next messages are taken before the last ones are answered.

import { joinOctets } from "../../src/base/octets.ts";
import type { ReadMessage } from "./readers.ts";

/** By the old policy, which most programs still use, and by the default one, which takes four times as long. */
export interface ReadByPython {
  readonly compat32: ReadMessage;
  readonly default?: ReadMessage;
}

export class PythonReader implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: ReadableStreamDefaultReader<string>;
  readonly #errors: Promise<string>;
  #unread = "";

  constructor() {
    this.#child = new Deno.Command("python3", {
      args: ["-c", PYTHON_READER],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#writer = this.#child.stdin.getWriter();
    this.#lines = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    this.#errors = new Response(this.#child.stderr).text();
  }

  /** The messages as Python reads them; every `defaultEvery`th by the default policy, too. */
  async read(
    messages: readonly Uint8Array[],
    { defaultEvery = 1 }: { readonly defaultEvery?: number } = {},
  ): Promise<readonly ReadByPython[]> {
    const frames = messages.flatMap((octets, index) => {
      const head = new DataView(new ArrayBuffer(5));
      head.setUint32(0, octets.length);
      head.setUint8(4, index % defaultEvery === 0 ? 1 : 0);
      return [new Uint8Array(head.buffer), octets];
    });
    const written = this.#writer.write(joinOctets(frames));
    const found: ReadByPython[] = [];
    while (found.length < messages.length) found.push(JSON.parse(await this.#nextLine()));
    await written;
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close().catch(() => {}); // it has ended by itself, and said why
    await this.#lines.cancel();
    await this.#errors;
    await this.#child.status;
  }

  async #nextLine(): Promise<string> {
    for (;;) {
      const end = this.#unread.indexOf("\n");
      if (end >= 0) {
        const line = this.#unread.slice(0, end);
        this.#unread = this.#unread.slice(end + 1);
        return line;
      }
      const { value, done } = await this.#lines.read();
      if (done) throw new Error(`python3 ended: ${await this.#errors}`);
      this.#unread += value;
    }
  }
}

export function hasPython(): boolean {
  try {
    return new Deno.Command("python3", { args: ["--version"] }).outputSync().success;
  } catch {
    return false;
  }
}

const PYTHON_READER = String.raw`
import base64, email, email.header, email.policy, email.utils, json, struct, sys

def decoded(value):
    if not value:
        return ""
    # str(): a field with raw UTF-8 is a Header of "unknown-8bit" by the old policy.
    return str(email.header.make_header(email.header.decode_header(value)))

def mailboxes(values):
    pairs = email.utils.getaddresses([str(value) for value in values])
    return [{"name": decoded(name), "address": address} for name, address in pairs if address]

def new_mailboxes(header):
    if header is None:
        return []
    return [{"name": one.display_name, "address": one.addr_spec} for one in header.addresses]

def read(raw, policy):
    mail = email.message_from_bytes(raw, policy=policy)
    is_new = policy is email.policy.default
    found = {"text": "", "html": "", "files": []}
    for part in mail.walk():
        if part.is_multipart():
            if part.defects:
                raise ValueError(part.defects)
            continue
        content = part.get_payload(decode=True)
        if part.get_content_disposition() in ("attachment", "inline"):
            found["files"].append({
                "name": part.get_filename(""),
                "base64": base64.b64encode(content).decode(),
                "contentId": str(part.get("content-id", ""))[1:-1],
            })
        else:
            text = content.decode(part.get_content_charset())
            text = text.replace("\r\n", "\n")
            found[{"plain": "text"}.get(part.get_content_subtype(), "html")] = text.rstrip("\n")
        if part.defects:
            raise ValueError(part.defects)
    for name, key in (("subject", "subject"), ("x-plant", "field")):
        value = mail[name] or ""
        found[key] = str(value) if is_new else decoded("".join(value.splitlines()))
    for name, key in (("from", "from"), ("to", "to"), ("cc", "cc"), ("reply-to", "replyTo")):
        found[key] = new_mailboxes(mail[name]) if is_new else mailboxes(mail.get_all(name, []))
    return found

while True:
    head = sys.stdin.buffer.read(5)
    if not head:
        break
    size, is_default = struct.unpack(">IB", head)
    raw = sys.stdin.buffer.read(size)
    found = {"compat32": read(raw, email.policy.compat32)}
    if is_default:
        found["default"] = read(raw, email.policy.default)
    print(json.dumps(found), flush=True)
`;
