// Two questions in a row at a real terminal: the answers come back as one line of JSON.

import { RealTerminal } from "../../src/cli/terminal.ts";

async function main(): Promise<void> {
  const terminal = new RealTerminal((text) => text, new AbortController().signal);
  const first = await terminal.askHidden("secret? ");
  const second = await terminal.ask("sure? ");
  terminal.out(`answers ${JSON.stringify([first, second])}\n`);
}

void main();
