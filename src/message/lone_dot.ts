// The end of a message that is typed or piped to sendmail(8): a line with nothing but a dot, unless `-i` says
// otherwise. The invariant: all octets before that line go on as they are, cut anywhere.

const CR = 0x0d;
const LF = 0x0a;
const DOT = 0x2e;

/** The octets up to a line with a lone dot, or to the end. */
export async function* untilLoneDot(
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  // How much of `.CRLF` has been seen at the beginning of a line; it is held back meanwhile.
  let held: readonly number[] = [];
  let isAtLineStart = true;
  for await (const piece of source) {
    const kept = new Uint8Array(piece.length + 2);
    let length = 0;
    for (const octet of piece) {
      const isHeldOn = held.length === 0
        ? isAtLineStart && octet === DOT
        : held.length === 1 && octet === CR;
      if (isHeldOn) {
        held = [...held, octet];
        isAtLineStart = false;
        continue;
      }
      if (held.length > 0 && octet === LF) {
        yield kept.subarray(0, length);
        return;
      }
      for (const one of held) kept[length++] = one;
      held = [];
      kept[length++] = octet;
      isAtLineStart = octet === LF;
    }
    yield kept.subarray(0, length);
  }
  // A dot without a line end at the end of everything is one, too. A CR behind it is a line end, if a strange one.
}
