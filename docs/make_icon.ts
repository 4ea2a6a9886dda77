// Makes the icon of the Windows executables, pictures/plantpost.ico, from pictures/icon.svg:
//
//   deno run --allow-all docs/make_icon.ts
//
// Needs Chromium, which draws each size from the SVG by itself. Sizes up to 64 are bitmaps, as every Windows reads
// them; 256 is a PNG, which keeps the file small.

import { fromBase64 } from "../src/base/base64.ts";
import { joinOctets } from "../src/base/octets.ts";

const PICTURES = new URL("pictures/", import.meta.url);
const SIZES = [16, 24, 32, 48, 64, 256];
const PNG_FROM = 256;

interface Drawing {
  readonly size: number;
  /** RGBA, row by row from the top. */
  readonly pixels: Uint8Array;
  readonly png: Uint8Array;
}

async function main(): Promise<void> {
  const svg = await Deno.readTextFile(new URL("icon.svg", PICTURES));
  await Deno.writeFile(new URL("plantpost.ico", PICTURES), iconFile(await draw(svg)));
}

async function draw(svg: string): Promise<readonly Drawing[]> {
  const folder = await Deno.makeTempDir({ prefix: "plantpost-icon-" });
  try {
    await Deno.writeTextFile(`${folder}/icon.html`, drawingPage(svg));
    const { success, stdout, stderr } = await new Deno.Command("chromium", {
      args: [
        ...["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"],
        ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
        `--user-data-dir=${folder}/chromium`,
        "--virtual-time-budget=5000",
        "--dump-dom",
        `file://${folder}/icon.html`,
      ],
    }).output();
    if (!success) throw new Error(`chromium failed: ${new TextDecoder().decode(stderr)}`);
    const page = new TextDecoder().decode(stdout);
    return SIZES.map((size) => ({
      size,
      pixels: part(page, `rgba${size}`),
      png: part(page, `png${size}`),
    }));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function part(page: string, id: string): Uint8Array {
  const text = new RegExp(`<p id="${id}">([^<]+)</p>`).exec(page)?.[1];
  const octets = fromBase64(text ?? "");
  if (octets === undefined || octets.length === 0) throw new Error(`chromium drew no ${id}`);
  return octets;
}

/** A page that draws the picture in each size and writes what came out into itself. */
function drawingPage(svg: string): string {
  return `<!doctype html><meta charset="utf-8"><body><script>
const add = (id, text) => document.body.append(Object.assign(document.createElement("p"), { id, textContent: text }));
const picture = new Image();
picture.onload = () => {
  for (const size of ${JSON.stringify(SIZES)}) {
    const canvas = Object.assign(document.createElement("canvas"), { width: size, height: size });
    const pen = canvas.getContext("2d");
    pen.drawImage(picture, 0, 0, size, size);
    add("rgba" + size, btoa(Array.from(pen.getImageData(0, 0, size, size).data,
      (octet) => String.fromCharCode(octet)).join("")));
    add("png" + size, canvas.toDataURL("image/png").split(",")[1]);
  }
};
picture.src = "data:image/svg+xml," + encodeURIComponent(${JSON.stringify(svg)});
</script>`;
}

/** ICONDIR, one ICONDIRENTRY for each picture, the pictures. */
function iconFile(drawings: readonly Drawing[]): Uint8Array {
  const pictures = drawings.map((drawing) =>
    drawing.size < PNG_FROM ? bitmap(drawing) : drawing.png
  );
  const header = new DataView(new ArrayBuffer(6 + 16 * drawings.length));
  header.setUint16(2, 1, true); // an icon, not a cursor
  header.setUint16(4, drawings.length, true);
  let offset = header.byteLength;
  for (const [index, { size }] of drawings.entries()) {
    const at = 6 + 16 * index;
    const length = pictures[index]?.length ?? 0;
    header.setUint8(at, size % 256); // 0 means 256
    header.setUint8(at + 1, size % 256);
    header.setUint16(at + 4, 1, true); // planes
    header.setUint16(at + 6, 32, true); // bits a pixel
    header.setUint32(at + 8, length, true);
    header.setUint32(at + 12, offset, true);
    offset += length;
  }
  return joinOctets([new Uint8Array(header.buffer), ...pictures]);
}

/** BITMAPINFOHEADER, the pixels as BGRA from the bottom row up, and a mask of one bit a pixel that hides none. */
function bitmap({ size, pixels }: Drawing): Uint8Array {
  const maskRow = Math.ceil(size / 32) * 4;
  const view = new DataView(new ArrayBuffer(40 + size * size * 4 + size * maskRow));
  view.setUint32(0, 40, true);
  view.setInt32(4, size, true);
  view.setInt32(8, size * 2, true); // pixels and mask
  view.setUint16(12, 1, true);
  view.setUint16(14, 32, true);
  view.setUint32(20, size * size * 4 + size * maskRow, true);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const from = (row * size + column) * 4;
      const to = 40 + ((size - 1 - row) * size + column) * 4;
      for (const [channel, source] of [2, 1, 0, 3].entries()) {
        view.setUint8(to + channel, pixels[from + source] ?? 0);
      }
    }
  }
  return new Uint8Array(view.buffer);
}

void main();
