// A plain SMTP server for faults: answers as its script says, and keeps what it was told. It speaks no TLS and
// asks for no sign-in, so it is for loopback profiles with `tls = "none"` and `auth = "none"`.

export interface ScriptedSmtp extends AsyncDisposable {
  readonly port: number;
  /** Every command line, in order, of all connections. */
  readonly commands: readonly string[];
  /** What came between DATA and the lone dot, as it came. */
  readonly messages: readonly string[];
}

export interface Script {
  /** The EHLO keywords. */
  readonly offers?: readonly string[];
  /** The reply to a command; undefined for the usual one, `null` to hang up. */
  readonly reply?: (command: string) => string | null | undefined;
  /** The reply to the lone dot, or the replies to the dots of the first messages; `null` hangs up. */
  readonly afterMessage?: string | null | readonly (string | null | undefined)[];
}

export function startScriptedSmtp(script: Script = {}): ScriptedSmtp {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const commands: string[] = [];
  const messages: string[] = [];
  const open = new Set<Deno.Conn>();

  async function serve(connection: Deno.Conn): Promise<void> {
    const say = (text: string): Promise<number> =>
      connection.write(new TextEncoder().encode(`${text}\r\n`));
    await say("220 scripted ESMTP");
    let message: string[] | undefined;
    for await (const line of linesOf(connection)) {
      if (message !== undefined) {
        if (line !== ".") {
          message.push(line);
          continue;
        }
        messages.push(`${message.join("\r\n")}\r\n`);
        message = undefined;
        const reply = Array.isArray(script.afterMessage)
          ? script.afterMessage[messages.length - 1]
          : script.afterMessage;
        if (reply === null) return;
        await say(reply ?? "250 2.0.0 kept as 1");
        continue;
      }
      commands.push(line);
      const reply = script.reply?.(line);
      if (reply === null) return;
      await say(reply ?? usualReply(line, script.offers ?? []));
      if (/^DATA$/i.test(line) && (reply ?? "354").startsWith("354")) message = [];
      if (/^QUIT$/i.test(line)) return;
    }
  }

  const accepting = (async (): Promise<void> => {
    for await (const connection of listener) {
      open.add(connection);
      void serve(connection).catch(() => {}).finally(() => {
        open.delete(connection);
        hangUp(connection);
      });
    }
  })();
  return {
    port: listener.addr.port,
    commands,
    messages,
    async [Symbol.asyncDispose](): Promise<void> {
      listener.close();
      for (const connection of open) hangUp(connection);
      await accepting;
    },
  };
}

function hangUp(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // The end of its stream has closed it already.
  }
}

function usualReply(command: string, offers: readonly string[]): string {
  const verb = command.split(" ", 1)[0]?.toUpperCase();
  if (verb === "EHLO") {
    return ["scripted", ...offers].map((text, at, all) =>
      `250${at === all.length - 1 ? " " : "-"}${text}`
    ).join("\r\n");
  }
  if (verb === "DATA") return "354 go on";
  return verb === "QUIT" ? "221 2.0.0 bye" : "250 2.1.0 ok";
}

async function* linesOf(connection: Deno.Conn): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of connection.readable) {
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split("\r\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}
