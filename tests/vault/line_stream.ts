// Octets as lines of text, without their ends; for processes that talk in lines.

export class TextLineStream extends TransformStream<Uint8Array, string> {
  constructor() {
    const decoder = new TextDecoder();
    let rest = "";
    super({
      transform: (octets, controller) => {
        const lines = (rest + decoder.decode(octets, { stream: true })).split(/\r?\n/);
        rest = lines.pop() ?? "";
        for (const line of lines) controller.enqueue(line);
      },
    });
  }
}
