// Every octet there is, a secret, and every octet again, to standard output.

import { RealTerminal } from "../../src/cli/terminal.ts";

function main(): void {
  const hide = (text: string): string => text.replaceAll("s3cret", "<redacted>");
  const terminal = new RealTerminal(hide, new AbortController().signal);
  const all = Array.from({ length: 256 }, (_, octet) => octet);
  terminal.outOctets(Uint8Array.from([...all, ...new TextEncoder().encode("s3cret"), ...all]));
}

main();
