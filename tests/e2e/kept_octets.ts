// The program beside somebody else's mail server, which keeps the octets that it is given.

import { type ReceivedMessage, startSink } from "../peers/sink.ts";
import { Program } from "./program.ts";

export interface Bench extends AsyncDisposable {
  readonly program: Program;
  readonly received: readonly ReceivedMessage[];
  /** Has something undone at the end. */
  defer(undo: () => Promise<void>): void;
}

/** `more` goes to the end of the profile file. */
export async function startBench(more = ""): Promise<Bench> {
  await using stack = new AsyncDisposableStack();
  const sink = stack.use(await startSink());
  const program = stack.use(await Program.create());
  await program.write("plantpost.toml", profile(sink.port, more));
  const owned = stack.move();
  return {
    program,
    received: sink.messages,
    defer: (undo) => owned.defer(undo),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function profile(port: number, more: string): string {
  return `[profiles.plant]
provider = "custom"
[profiles.plant.sender]
name = "Plant"
address = "plant@example.com"
[profiles.plant.smtp]
host = "127.0.0.1"
port = ${port}
tls = "none"
auth = "none"
timeout = "20s"
[groups]
operators = ["anna@example.com", "bo@example.com"]
${more}`;
}
